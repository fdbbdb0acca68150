//! Diagrams of pages that do not exist.

use crate::document::{Format, read};

/// The rows of a page as `client -> server ports`, and the lines of what was not understood.
fn shown(page: &str) -> (Vec<String>, Vec<usize>) {
    let document = read("page.md", page.as_bytes(), Format::Markdown);
    let rows = document
        .rows
        .iter()
        .map(|row| {
            let ranges: Vec<String> = row.ranges().map(|range| range.to_string()).collect();
            format!(
                "{} -> {} {}",
                row.source.as_deref().unwrap_or("?"),
                row.destination.as_deref().unwrap_or("?"),
                ranges.join(",")
            )
        })
        .collect();
    let problems = document
        .problems
        .iter()
        .map(|problem| problem.line)
        .collect();
    (rows, problems)
}

#[track_caller]
fn check(language: &str, diagram: &str, rows: &[&str], problems: &[usize]) {
    let page = format!("# Network\n\n```{language}\n{diagram}\n```\n");
    let (found, said) = shown(&page);
    assert_eq!(found, rows, "{diagram}");
    assert_eq!(said, problems, "{diagram}");
}

#[test]
fn flowcharts() {
    check(
        "mermaid",
        "flowchart TD\n  agent[\"Agent<br/>(each host)\"] -- \"HTTPS 8443\" --> gw{{Gateway}}\n  gw -->|gRPC :50051| core[(Core)]\n  core -. 5432/tcp .-> db[(\"Store\")]\n  classDef big fill:#f96,stroke-width:44px;\n  agent -->|1. enroll| core",
        &[
            "Agent (each host) -> Gateway 8443",
            "Gateway -> Core 50051",
            "Core -> Store 5432",
        ],
        &[],
    );
    // A node's own port; both ways; a line that names no direction.
    check(
        "",
        "graph LR\n  a --> b[Hub 6443]\n  b <-->|7000, 7001| c\n  c ---|9000| d",
        &["a -> Hub 6443", "Hub -> c 7000,7001"],
        &[7],
    );
}

#[test]
fn graphs_and_components() {
    check(
        "dot",
        "digraph net {\n  node [shape=box, fontsize=24];\n  hub [label=\"Hub\\n6443\"];\n  sink -> hub;\n  probe -> {east west} [label=\"UDP 514\"];\n}",
        &["sink -> Hub 6443", "probe -> east 514", "probe -> west 514"],
        &[],
    );
    // Attributes say where the heads are, and may touch the name before them.
    check(
        "dot",
        "digraph net {\n  hub [label = \"Hub\"];\n  hub -> ledger [dir = \"both\", label = \"8443\"];\n  hub -> till [dir=back, label=\"9000\"];\n  till -> hub[label = \"9300, 9400\"];\n  hub -> probe [dir=none label=\"9500\"];\n}",
        &[
            "Hub -> ledger 8443",
            "till -> Hub 9000",
            "till -> Hub 9300,9400",
        ],
        &[9],
    );
    check(
        "dot",
        "digraph net {\n  hub -> ledger [label=\"8443\"];\n  hub -> desk [label=\"8444 dir=back\"];\n  edge [dir=back, color=red];\n  hub -> till [label=\"9000\"];\n  hub -> probe [dir=forward, label=\"9500\"];\n}",
        &[
            "hub -> ledger 8443",
            "hub -> desk 8444",
            "till -> hub 9000",
            "hub -> probe 9500",
        ],
        &[],
    );
    check(
        "plantuml",
        "@startuml\nactor Operator as op\ndatabase \"Ledger\" as lg\nop -down-> [Vault] : SSH (22)\nlg <-- [Vault] : port 3306\n@enduml",
        &["Operator -> Vault 22", "Vault -> Ledger 3306"],
        &[],
    );
}

#[test]
fn sequences_have_other_numbers() {
    check(
        "mermaid",
        "sequenceDiagram\n  participant C as Collector\n  C->>S: write on port 8086\n  S-->>C: 204 No Content",
        &["Collector -> S 8086"],
        &[],
    );
}

#[test]
fn arrows_between_names() {
    check(
        "text",
        "Agent --- 443/tcp ---> Core\nCore <--- 8125/udp --- Probe",
        &["Agent -> Core 443", "Probe -> Core 8125"],
        &[],
    );
    // What is drawn with boxes is not read, and never in silence.
    check(
        "",
        "+-------+  8443  +------+\n| Agent | -----> | Core |\n+-------+        +------+",
        &[],
        &[4],
    );
    // A program has arrows, too.
    check("c", "p->x = 8080;", &[], &[]);
}
