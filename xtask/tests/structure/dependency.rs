//! What of others comes in: under which licences, from where, and how often.
//!
//! Known weaknesses of dependencies are not looked for here: that takes a database which is fetched from the net.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    process::Command,
};

use serde_json::Value;

use crate::root;

/// Licences that may be in what we ship; of a choice one is enough.
const LICENCES: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "BSD-3-Clause",
    // Of the certificates of the web's authorities, which are data.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that may be there more than once, as those who use them have not agreed on a version. One that is there once must
/// be taken out of the list. The last release of ssh-key stands on an older line of digests, as its keys' crates do.
const TWICE: [&str; 21] = [
    "base64",
    "bit-set",
    "bit-vec",
    "block-buffer",
    "cfg-if",
    "const-oid",
    "convert_case",
    "cpufeatures",
    "crypto-common",
    "derive_more",
    "digest",
    "encoding_rs",
    "getrandom",
    "hmac",
    "nom",
    "rand",
    "rand_core",
    "rusticata-macros",
    "sha2",
    "syn",
    "synstructure",
];

/// What must not come in, and why.
const BANNED: [(&str, &str); 5] = [
    ("openssl", "TLS is rustls'"),
    ("openssl-sys", "TLS is rustls'"),
    ("native-tls", "TLS is rustls'"),
    ("chrono", "time is jiff's"),
    ("reqwest", "requests are ureq's"),
];

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A crate that is built into something here.
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
    /// Where it comes from; nowhere, if it is our own.
    source: Option<String>,
}

/// All of them, for tests and for both halves.
fn packages() -> Vec<Package> {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let is_used: BTreeSet<&str> = nodes
        .iter()
        .filter_map(|node| node["id"].as_str())
        .collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let text = |package: &Value, field: &str| package[field].as_str().map(str::to_owned);
    let packages: Vec<Package> = packages
        .filter(|package| is_used.contains(package["id"].as_str().unwrap()))
        .map(|package| Package {
            name: text(package, "name").unwrap(),
            version: text(package, "version").unwrap(),
            licence: text(package, "license"),
            source: text(package, "source"),
        })
        .collect();
    assert!(
        100 < packages.len(),
        "cargo names {} crates",
        packages.len()
    );
    packages
}

#[test]
fn dependencies_may_be_used() {
    let packages = packages();
    let (mut wrong, mut versions) = (Vec::new(), BTreeMap::<&str, Vec<&str>>::new());
    for Package {
        name,
        version,
        licence,
        source,
    } in &packages
    {
        versions.entry(name).or_default().push(version);
        if !licence.as_deref().is_some_and(is_allowed) {
            wrong.push(format!("{name} {version}: its licence is {licence:?}"));
        }
        if source.as_ref().is_some_and(|source| source != REGISTRY) {
            wrong.push(format!(
                "{name} {version} is not from crates.io: {source:?}"
            ));
        }
        if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| banned == name) {
            wrong.push(format!("{name} must not come in: {reason}"));
        }
    }
    for (name, versions) in &versions {
        match (versions.len(), TWICE.contains(name)) {
            (1, true) => wrong.push(format!("{name} is there once: take it out of the list")),
            (1, false) | (_, true) => {}
            (_, false) => wrong.push(format!(
                "{name} is there more than once: {}",
                versions.join(", ")
            )),
        }
    }
    for name in TWICE {
        if !versions.contains_key(name) {
            wrong.push(format!("{name} is not there: take it out of the list"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether an SPDX expression, or the older form with slashes, leaves a licence that may be used.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    one_of(&mut words) && words.is_empty()
}

fn one_of(words: &mut Vec<&str>) -> bool {
    let mut is_allowed = all_of(words);
    while words.pop_if(|word| *word == "OR").is_some() {
        is_allowed |= all_of(words);
    }
    is_allowed
}

fn all_of(words: &mut Vec<&str>) -> bool {
    let mut is_allowed = licence(words);
    while words.pop_if(|word| *word == "AND").is_some() {
        is_allowed &= licence(words);
    }
    is_allowed
}

/// A licence, or an expression in brackets. An exception only permits more.
fn licence(words: &mut Vec<&str>) -> bool {
    if words.pop_if(|word| *word == "(").is_some() {
        let is_allowed = one_of(words);
        return is_allowed && words.pop() == Some(")");
    }
    let is_allowed = words.pop().is_some_and(|word| LICENCES.contains(&word));
    if words.pop_if(|word| *word == "WITH").is_some() {
        words.pop();
    }
    is_allowed
}

#[test]
fn licences() {
    for expression in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "MIT AND (GPL-2.0 OR ISC)",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_allowed(expression), "{expression}");
    }
    for expression in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR ISC) AND GPL-2.0",
        "MIT MIT",
        "(MIT",
        "GPL-2.0 WITH Classpath-exception-2.0",
    ] {
        assert!(!is_allowed(expression), "{expression}");
    }
}
