//! What reads in one shape reads in another: the same traffic in lists, sentences, records, headings and languages.

use super::marked_ends::{check, derived};
use crate::document::Format;

const EDGE_TO_CORE: &[&str] = &["edge portal -> grain core tcp/7443"];

#[test]
fn headings_of_several_languages() {
    for heads in [
        ["Quelle", "Ziel", "Port", "Protokoll"],
        ["Depuis", "Vers", "Port", "Protocole"],
        ["Origen", "Destino", "Puerto", "Protocolo"],
        ["源", "目的", "端口", "协议"],
        ["출발지", "목적지", "포트", "프로토콜"],
        ["Откуда", "Куда", "Порт", "Протокол"],
    ] {
        let page = format!(
            "| {} |\n|--|--|--|--|\n| Edge Portal | Grain Core | 7443 | TCP (6) |\n",
            heads.join(" | ")
        );
        check(&derived(&page, Format::Markdown), EDGE_TO_CORE);
    }
}

#[test]
fn records_lead_ins_and_pairs() {
    for page in [
        "## Rules\n\n```yaml\nrules:\n  - from: Edge Portal\n    to: Grain Core\n    port: 7443\n    protocol: tcp\n```\n",
        "## Ports\n\n- **Grain Core**: inbound 7443/tcp from the Edge Portal (Web access)\n",
        "## Ports\n\n| Port | Path |\n|--|--|\n| 7443/tcp | Edge Portal to Grain Core |\n",
        "## Edge Portal (outbound)\n\n| Port | Connects to |\n|--|--|\n| 7443/tcp | Grain Core |\n",
    ] {
        check(&derived(page, Format::Markdown), EDGE_TO_CORE);
    }
}

#[test]
fn a_purpose_is_no_machine() {
    let page = "## Ports\n\n- 7443/tcp (SQL queries)\n- 7444/tcp (Web access)\n- 7445/tcp (Device polling. Optional.)\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "clients -> hosts tcp/7443",
            "clients -> hosts tcp/7444",
            "clients -> hosts tcp/7445",
        ],
    );
}

#[test]
fn a_pronoun_and_an_afterthought() {
    let page = "## Ports\n\nThe Grain Core connects to the Silo server on TCP port 7001. It also connects to the Mill server on TCP port 7002.\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "grain core -> silo server tcp/7001",
            "grain core -> mill server tcp/7002",
        ],
    );
}
