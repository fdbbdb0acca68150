//! Where pages come from, and what an import says and writes.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::Path,
    process::{Output, Stdio},
};

use crate::{
    fixture::auditor::{command, files, run},
    harness::tests,
};

tests! {
    a_page_of_a_web_server: [],
    an_address_that_is_no_page: [],
    standard_input: [],
    several_files_and_directories: [],
    pages_without_rows: [],
    edits_are_not_written_over: [],
    a_page_is_not_written_over: [],
    columns_that_a_person_names: [],
    a_profile_beside_the_matrix: [],
    many_problems_of_a_kind: [],
    the_end_of_an_import: [],
    files_that_a_page_includes: [],
    a_review_of_several_pages: [],
}

const HEAD: &str = "| Port | Protocol | Source | Destination |\n|---|---|---|---|\n";

fn page(rows: &[&str]) -> String {
    format!("{HEAD}{}\n", rows.join("\n"))
}

#[track_caller]
fn stderr(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

#[track_caller]
fn imported(work_dir: &Path, arguments: &str) -> (String, String) {
    let output = run(work_dir, arguments);
    let said = stderr(&output, 0);
    (String::from_utf8(output.stdout).unwrap(), said)
}

/// A web server that gives `/docs/ports` and redirects `/docs` there; returns its address.
fn server(content_type: &'static str, body: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while reader.read_line(&mut head).is_ok_and(|n| 2 < n) {}
            let (status, headers, body) = match head.split(' ').nth(1) {
                Some("/docs") => ("302 Found", "Location: /docs/ports\r\n".to_owned(), ""),
                Some("/docs/ports") => (
                    "200 OK",
                    format!("Content-Type: {content_type}\r\n"),
                    body.as_str(),
                ),
                _ => ("404 Not Found", String::new(), ""),
            };
            let length = body.len();
            let _gone = write!(
                reader.get_mut(),
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
            );
        }
    });
    address
}

fn a_page_of_a_web_server() {
    let html = "<!doctype html><title>x</title><h1>Shop</h1><table><tr><th>Port</th><th>Protocol</th><th>Source</th>\
                <th>Destination</th></tr>\n<tr><td>80</td><td>TCP</td><td>a</td><td>b</td></tr></table>";
    let address = server("text/html; charset=utf-8", html.to_owned());
    let directory = files(&[]);
    let work_dir = directory.path();
    imported(work_dir, &format!("import {address}/docs -o m.toml"));
    let matrix = std::fs::read_to_string(work_dir.join("m.toml")).unwrap();
    for part in [
        "name = \"Shop\"\n".to_owned(),
        format!("[[source]]\nurl = \"{address}/docs/ports\"\nfetched = 20"),
        "sha256 = \"".to_owned(),
        "origin = \"ports:2\"".to_owned(),
    ] {
        assert!(matrix.contains(&part), "{part}\n{matrix}");
    }
    // The page has not changed, so nothing in the file does.
    let again = format!("import {address}/docs --against m.toml -o m.toml");
    let (changes, said) = imported(work_dir, &again);
    assert_eq!(changes, "");
    assert!(
        said.contains(&format!(
            "{address}/docs/ports: the page has not changed since the import of 20"
        )),
        "{said}"
    );
    assert_eq!(
        std::fs::read_to_string(work_dir.join("m.toml")).unwrap(),
        matrix
    );
}

fn an_address_that_is_no_page() {
    let address = server("application/pdf", "%PDF".to_owned());
    let directory = files(&[]);
    let failed = |path: &str| {
        stderr(
            &run(directory.path(), &format!("import {address}{path}")),
            2,
        )
    };
    assert_eq!(
        failed("/gone"),
        format!(
            "auditor: {address}/gone answers 404 Not Found: check the address, or save the page from a browser and import the file\n"
        )
    );
    let said = failed("/docs/ports");
    assert!(
        said.starts_with(&format!(
            "auditor: {address}/docs/ports is `application/pdf`: expected text/html, "
        )),
        "{said}"
    );
    let said = stderr(
        &run(directory.path(), "import ftp://vendor.example/ports"),
        2,
    );
    assert!(said.contains("is neither http nor https"), "{said}");
}

fn standard_input() {
    let import = |text: &str, arguments: &str| {
        let mut child = command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    };
    let output = import(&page(&["| 80 | TCP | a | b |"]), "import - --rows");
    assert_eq!(stderr(&output, 0), "");
    let rows = String::from_utf8(output.stdout).unwrap();
    assert!(rows.starts_with(r#"{"file":"stdin","line":3,"#), "{rows}");
    let html = "<html><table><tr><th>Port<th>Protocol<th>Source<th>Destination<tr><td>80<td>TCP<td>a<td>b</table>";
    assert!(import(html, "import - --rows").status.success());
    let csv = "Port,Protocol,Source,Destination\n80,TCP,a,b\n";
    assert!(
        import(csv, "import - --rows --input-format csv")
            .status
            .success()
    );
    let said = stderr(&import("", "import -"), 2);
    assert!(
        said.starts_with("auditor: standard input is empty: expected a page"),
        "{said}"
    );
}

fn several_files_and_directories() {
    let directory = files(&[
        ("one.md", &page(&["| 80 | TCP | a | b |"])),
        ("no.txt", "x"),
    ]);
    let work_dir = directory.path();
    for file in ["docs/deep/two.md", "docs/a.csv"] {
        std::fs::create_dir_all(work_dir.join(file).parent().unwrap()).unwrap();
    }
    std::fs::write(
        work_dir.join("docs/deep/two.md"),
        page(&["| 81 | TCP | a | b |"]),
    )
    .unwrap();
    std::fs::write(
        work_dir.join("docs/a.csv"),
        "Port,Protocol,Source,Destination\n82,TCP,a,b\n",
    )
    .unwrap();
    let (matrix, _) = imported(work_dir, "import one.md docs");
    let files: Vec<&str> = matrix
        .lines()
        .filter(|line| line.starts_with("file = "))
        .collect();
    assert_eq!(
        files,
        [
            "file = \"one.md\"",
            "file = \"a.csv\"",
            "file = \"deep/two.md\""
        ]
    );
    let origins: Vec<&str> = matrix
        .lines()
        .filter(|line| line.starts_with("origin = "))
        .collect();
    assert_eq!(
        origins,
        [
            "origin = \"one.md:3\"",
            "origin = \"a.csv:2\"",
            "origin = \"deep/two.md:3\""
        ]
    );
    std::fs::create_dir(work_dir.join("none")).unwrap();
    let said = stderr(&run(work_dir, "import one.md none"), 2);
    assert!(
        said.starts_with("auditor: none holds no page: expected files that end as pages in "),
        "{said}"
    );
}

fn pages_without_rows() {
    let directory = files(&[
        ("a.md", "# Hello\n\nNothing here.\n"),
        ("b.md", &page(&["| 80 | TCP | a | b |"])),
        ("c.md", " \n"),
    ]);
    let (_, said) = imported(directory.path(), "import a.md b.md c.md");
    assert!(
        said.contains(
            "not understood: a.md:1: holds no row of ports\nnot understood: c.md:1: is empty\n"
        ),
        "{said}"
    );
    let (_, said) = imported(directory.path(), "import .");
    assert!(
        said.contains("note: a.md:1: holds no row of ports\n"),
        "{said}"
    );
    let said = stderr(&run(directory.path(), "import a.md c.md"), 2);
    assert!(
        said.contains("auditor: none of these 2 pages holds a row of ports: expected a page"),
        "{said}"
    );
}

fn edits_are_not_written_over() {
    let directory = files(&[(
        "a.md",
        &page(&["| 80 | TCP | a | b |", "| 81 | TCP | a | b |"]),
    )]);
    let work_dir = directory.path();
    let matrix = || std::fs::read_to_string(work_dir.join("m.toml")).unwrap();
    imported(work_dir, "import a.md -o m.toml");
    // What nobody has touched is written anew.
    imported(work_dir, "import a.md -o m.toml");
    let edited = matrix().replace("ports = \"80\"", "ports = \"80,8080\"");
    std::fs::write(work_dir.join("m.toml"), &edited).unwrap();
    let said = stderr(&run(work_dir, "import a.md -o m.toml"), 2);
    assert_eq!(
        said,
        "auditor: m.toml was edited by hand since its import (b-80-tcp): add --against m.toml, which keeps the edits, or write to another file\n"
    );
    assert_eq!(matrix(), edited);
    imported(work_dir, "import a.md -o m.toml --against m.toml");
    assert!(matrix().contains("80,8080"));
    std::fs::write(work_dir.join("m.toml"), "name = \"half").unwrap();
    let said = stderr(&run(work_dir, "import a.md -o m.toml"), 2);
    assert!(said.contains("no matrix that can be read"), "{said}");
    assert_eq!(matrix(), "name = \"half");
}

fn a_page_is_not_written_over() {
    let text = page(&["| 80 | TCP | a | b |"]);
    let directory = files(&[("a.html", &text)]);
    for arguments in [
        "import a.html --input-format md --review ./a.html",
        "import a.html --input-format md -o a.html",
    ] {
        let said = stderr(&run(directory.path(), arguments), 2);
        assert!(
            said.contains("a.html is a page that is read: write to another file"),
            "{said}"
        );
    }
    assert_eq!(
        std::fs::read_to_string(directory.path().join("a.html")).unwrap(),
        text
    );
}

/// A page whose columns nobody would know.
const ODD: &str = "| Port | Protocol | Asks | Gives |\n|---|---|---|---|\n| 80 | TCP | a | b |\n";

fn columns_that_a_person_names() {
    let directory = files(&[("a.md", ODD)]);
    let work_dir = directory.path();
    let output = command("import a.md -o m.toml --column asks=source --column")
        .arg("Gives = destination")
        .current_dir(work_dir)
        .output()
        .unwrap();
    let said = stderr(&output, 0);
    assert!(
        said.contains("for the next import: put \"asks\" = \"source\" and \"Gives\" = \"destination\" under [columns] of m.import.toml\n"),
        "{said}"
    );
    let matrix = std::fs::read_to_string(work_dir.join("m.toml")).unwrap();
    assert!(
        matrix.contains("client = [\"a\"]\nserver = [\"b\"]\n"),
        "{matrix}"
    );
    let said = stderr(&run(work_dir, "import a.md --column Asks=asker"), 2);
    assert!(
        said.contains("`asker` is no meaning of a column: expected port, "),
        "{said}"
    );
}

fn a_profile_beside_the_matrix() {
    let more =
        "\n## Old\n\n| Port | Protocol | Asks | Gives |\n|---|---|---|---|\n| 9 | TCP | a | b |\n";
    let profile = "[columns]\nAsks = \"source\"\nGives = \"destination\"\n\n[roles]\na = \"Web server\"\n\n[sections]\nleave_out = [\"old\"]\n";
    let directory = files(&[
        ("a.md", &format!("{ODD}{more}")),
        ("m.import.toml", profile),
        ("wrong.toml", "[columns]\nAsks = \"x\"\n"),
    ]);
    let work_dir = directory.path();
    let (_, said) = imported(work_dir, "import a.md -o m.toml");
    assert!(
        said.contains("note: a.md:5: \"Old\": the import profile leaves out this section\n"),
        "{said}"
    );
    let matrix = std::fs::read_to_string(work_dir.join("m.toml")).unwrap();
    assert!(
        matrix.contains("client = [\"Web server\"]\nserver = [\"b\"]\n"),
        "{matrix}"
    );
    assert_eq!(matrix.matches("[[rule]]").count(), 1, "{matrix}");
    let (again, _) = imported(work_dir, "import a.md --against m.toml");
    assert_eq!(again, "");
    let said = stderr(&run(work_dir, "import a.md --profile wrong.toml"), 2);
    assert!(said.starts_with("auditor: wrong.toml:2: columns.\"Asks\": `x` is no meaning of a column: expected port, "), "{said}");
}

fn many_problems_of_a_kind() {
    let rows: Vec<String> = (0..60)
        .map(|n| format!("| {} | TCP | a | b |", 70_000 + n))
        .collect();
    let mut rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    rows.push("| 80 | TCP | a | b |");
    let directory = files(&[("a.md", &page(&rows))]);
    let (_, said) = imported(directory.path(), "import a.md");
    assert_eq!(said.matches("is out of range").count(), 40, "{said}");
    assert!(
        said.contains("not understood: and 20 more like this, about cells; --verbose shows them\n"),
        "{said}"
    );
    assert!(
        said.contains("to look at: 60 cells not understood\n"),
        "{said}"
    );
    let (_, said) = imported(directory.path(), "import a.md --verbose");
    assert_eq!(said.matches("is out of range").count(), 60, "{said}");
    assert!(!said.contains("more like this"), "{said}");
}

fn the_end_of_an_import() {
    let directory = files(&[(
        "a.md",
        &page(&[
            "| 80 | TCP | a | b |",
            "| 81 | | a | b |",
            "| 70000 | TCP | a | b |",
        ]),
    )]);
    let (_, said) = imported(
        directory.path(),
        "import a.md -o m.toml --deployment d.toml",
    );
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines[1..],
        [
            "d.toml: fill in the addresses of its roles",
            "m.toml: 2 rules from 2 rows; review them, then keep the file in git",
            "of them 1 rests on an inference: 1 with inferred transport",
            "to look at: 1 cell not understood",
            "next: auditor import a.md -o m.toml --review review.html",
        ]
    );
}

fn a_review_of_several_pages() {
    let directory = files(&[
        ("a.md", &page(&["| 80 | TCP | a | b |"])),
        (
            "b.md",
            &page(&["| 80 | TCP | a | b |", "| 81 | TCP | <i>a</i> | b |"]),
        ),
    ]);
    let work_dir = directory.path();
    let (_, said) = imported(work_dir, "import a.md b.md -o m.toml --review r.html");
    assert!(
        said.ends_with("next: open r.html in a browser, then auditor check m.toml\n"),
        "{said}"
    );
    let review = std::fs::read_to_string(work_dir.join("r.html")).unwrap();
    assert!(
        review.contains("line <a href=\"#p0-3\">3</a>, <a href=\"#p1-3\">b.md:3</a>"),
        "{review}"
    );
    assert!(
        review.contains("id=\"p1-4\"") && !review.contains("<i>"),
        "{review}"
    );
}

fn files_that_a_page_includes() {
    let directory = files(&[("secret.md", "| 9 | TCP | a | b |\n")]);
    let work_dir = directory.path();
    for path in ["tree/.git", "tree/docs", "tree/_includes"] {
        std::fs::create_dir_all(work_dir.join(path)).unwrap();
    }
    std::fs::write(
        work_dir.join("tree/_includes/x.md"),
        page(&["| 80 | TCP | a | b |"]),
    )
    .unwrap();
    let text = format!(
        "# Ports\n\n{}\n--8<-- \"../_includes/x.md\"\n\n--8<-- \"../../secret.md\"\n",
        page(&["| 81 | TCP | a | b |"])
    );
    std::fs::write(work_dir.join("tree/docs/ports.md"), text).unwrap();
    let (matrix, said) = imported(work_dir, "import tree/docs/ports.md");
    let origins: Vec<&str> = matrix
        .lines()
        .filter(|line| line.starts_with("origin = "))
        .collect();
    assert_eq!(
        origins,
        ["origin = \"ports.md:5\"", "origin = \"ports.md:7\""]
    );
    assert!(
        said.contains("ports.md:9: ") && said.contains("secret.md"),
        "{said}"
    );
}
