//! Where the outside world comes in: a crate of others that reaches the kernel, a disk or a network is used in few files.

use std::collections::BTreeSet;

use crate::{assert_known, crates, source::Sources};

/// Crates of others, and the start of the files below `auditor/src` that may name them.
const ONLY: [(&[&str], &[&str]); 13] = [
    (&["aya", "aya_log"], &["capture/"]),
    (
        &[
            "rtnetlink",
            "netlink_packet_core",
            "netlink_packet_netfilter",
            "netlink_packet_route",
            "netlink_packet_sock_diag",
            "netlink_sys",
        ],
        &[
            "capture/interface.rs",
            "capture/conntrack.rs",
            "capture/sockets.rs",
            "capture/dump.rs",
            // What was attached is told by the program's id, which only a list of filters says.
            "capture/filter.rs",
            // Which traffic leaves by an interface that is not watched.
            "capture/route.rs",
        ],
    ),
    (&["caps"], &["capture/privilege.rs"]),
    (
        &["landlock", "seccompiler"],
        &["agent/confinement.rs", "agent/confinement/"],
    ),
    (&["rusqlite"], &["history/store.rs", "history/store/"]),
    (&["hickory_resolver"], &["agent/names.rs"]),
    (
        &["axum", "axum_server", "rustls"],
        &["agent/http.rs", "agent/http/"],
    ),
    (
        &["ureq"],
        &[
            "sink.rs",
            "sink/",
            "agent/outbox.rs",
            "command/published.rs",
            "command/import/fetch.rs",
        ],
    ),
    (&["sd_notify"], &["agent/service_manager.rs"]),
    (&["async_nats"], &["agent/nats.rs", "agent/nats/"]),
    (
        &["tokio"],
        &[
            "capture/interface.rs",
            "sink/otlp/grpc.rs",
            "sink/otlp/grpc/",
            "agent/",
            "command/doctor.rs",
        ],
    ),
    (
        &["h2", "tokio_rustls", "webpki_roots"],
        &["sink/otlp/grpc.rs", "sink/otlp/grpc/"],
    ),
    (
        &["clap", "clap_complete", "clap_mangen"],
        &["command/", "main.rs"],
    ),
];

/// The crates of the workspace that may name each half of aya. What both halves share promises there that it is plain bytes.
const HALVES: [(&str, &[&str]); 2] = [
    ("aya", &["auditor", "auditor-common"]),
    ("aya_ebpf", &["auditor-ebpf"]),
];

#[test]
fn the_outside_comes_in_by_few_doors() {
    let mut wrong = BTreeSet::new();
    for (name, directory) in crates() {
        let sources = Sources::read(&directory);
        if name == "auditor" || name == "auditor-matrix" {
            wrong.extend(in_other_files(&sources));
        }
        for (krate, users) in HALVES {
            if !users.contains(&name.as_str()) && names(&sources, krate).next().is_some() {
                wrong.insert(format!("{name} uses {krate}"));
            }
        }
    }
    assert_known(&wrong, &[]);
}

/// The files that name a crate.
fn names<'a>(sources: &'a Sources, krate: &'a str) -> impl Iterator<Item = &'a str> {
    let is_named = move |paths: &BTreeSet<Vec<String>>| {
        paths
            .iter()
            .any(|path| path.first().is_some_and(|first| first == krate))
    };
    let sources = sources
        .0
        .values()
        .filter(move |source| is_named(&source.paths));
    sources.map(|source| source.file.as_str())
}

/// Each use beside the table, as `file uses crate`.
fn in_other_files(sources: &Sources) -> Vec<String> {
    let mut wrong = Vec::new();
    for (crates, files) in ONLY {
        for krate in crates {
            let others = names(sources, krate)
                .filter(|file| !files.iter().any(|start| file.starts_with(start)));
            wrong.extend(others.map(|file| format!("{file} uses {krate}")));
        }
    }
    wrong
}

#[test]
fn a_door_beside_the_table_is_found() {
    let found = |file, text| in_other_files(&Sources::new([(file, text)]));
    assert_eq!(
        found("capture/program.rs", "use aya::Ebpf;"),
        Vec::<String>::new()
    );
    assert_eq!(
        found("audit.rs", "use aya::{Ebpf, maps::Array};"),
        ["audit.rs uses aya"]
    );
    assert_eq!(
        found(
            "report/text.rs",
            "fn f() -> rusqlite::Result<()> { Ok(()) }"
        ),
        ["report/text.rs uses rusqlite"]
    );
    assert_eq!(
        found("capture/program.rs", "use rtnetlink::Handle;"),
        ["capture/program.rs uses rtnetlink"]
    );
    assert_eq!(
        found("audit.rs", "// aya::Ebpf\nuse crate::aya::Ebpf;"),
        Vec::<String>::new()
    );
}
