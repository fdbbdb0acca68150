//! One page in every format: it says the same in each.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, helper functions included"
)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use auditor_matrix::{
    document::{self, Format},
    matrix,
};

/// The pages by the name of their format, from which the fuzzer starts as well.
fn pages() -> BTreeMap<String, PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    std::fs::read_dir(directory)
        .unwrap()
        .map(|page| page.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect()
}

#[test]
fn a_page_of_every_format_says_the_same() {
    let pages = pages();
    let mut names = Format::ALL.map(Format::name).to_vec();
    names.sort_unstable();
    assert!(pages.keys().eq(&names), "{names:?} and {pages:?}");
    for (name, path) in pages {
        let bytes = std::fs::read(&path).unwrap();
        let format = Format::detect(&path, &bytes);
        assert_eq!(format.name(), name);
        let document = document::read("page", bytes, format);
        assert_eq!(document.problems, [], "{name}");
        let mut matrix = matrix::derive(&[document], "Shop").matrix;
        for rule in &mut matrix.rules {
            rule.origin = None;
        }
        matrix.imported.clear();
        insta::allow_duplicates! {
            insta::assert_snapshot!(matrix::table(&matrix), @r"
            Shop: 5 rules, 5 roles, 0 conditions

            to resolver
              FROM   PORTS          SERVICE    PRESENCE  WHEN  RULE
              store  tcp 53         Names      optional        resolver-names-53-tcp
              store  udp 53         Names      optional        resolver-names-53-udp

            to store
              FROM   PORTS          SERVICE    PRESENCE  WHEN  RULE
              web    tcp 9200-9202  Search                     store-search-9200-9202-tcp

            to web
              FROM   PORTS          SERVICE    PRESENCE  WHEN  RULE
              user   tcp 443        Shop       required        web-shop-443-tcp
              admin  icmp           Reachable                  web-reachable-icmp
            ");
        }
    }
}
