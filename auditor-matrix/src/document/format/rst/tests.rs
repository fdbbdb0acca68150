use proptest::prelude::*;

use super::blocks;
use crate::document::{
    block::block_lines,
    includes::{NoIncludes, Origin},
};

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(
        block_lines(blocks(text, &Origin::page(&NoIncludes))),
        expected
    );
}

#[test]
fn headings_and_prose() {
    check(
        "=====\nPorts\n=====\n\nStore ``nodes``\n---------------\n\nSome `text <x>`_,\nmore::\n\n   port 80\n\n* one\n* two\n  more\n\nLast\n----\n",
        &[
            "2 h1 Ports",
            "5 h2 Store nodes",
            "8 Some text, more:",
            "11 code  \"port 80\"",
            "13 * one",
            "14 * two more",
            "17 h2 Last",
        ],
    );
}

#[test]
fn grid_tables() {
    check(
        "+------+-------+\n| Port | From  |\n+======+=======+\n| 80   | a     |\n|      | b     |\n+------+-------+\n| spanning     |\n+------+-------+\n\nEnd\n",
        &["2h Port|From", "4 80|a b", "7 spanning|spanning", "10 End"],
    );
}

#[test]
fn simple_tables() {
    check(
        "====  ======\nPort  From\n====  ======\n80    a b\n      c\n443   *d*\n====  ======\n\nEnd\n",
        &["2h Port|From", "4 80|a b c", "6 443|d", "9 End"],
    );
}

#[test]
fn tables_of_lists_and_csv() {
    check(
        ".. list-table:: Ports\n   :header-rows: 1\n\n   * - Port\n     - From\n   * - ``80``\n     - a\n       b\n   * - 443\n     -\n\nText\n",
        &["1 c Ports", "4h Port|From", "6 80|a b", "9 443|", "12 Text"],
    );
    check(
        ".. csv-table::\n   :header: \"Port\", \"From\"\n\n   80, \"a, b\"\n   443, c\n\n.. note:: Port 7 is open.\n",
        &["1h Port|From", "4 80|a, b", "5 443|c", "7 Port 7 is open."],
    );
}

proptest! {
    #[test]
    fn any_page_is_read(text in "([+|=~ *-]{0,6}|\\.\\. (list|csv)-table::|Port|80|\n){0,40}") {
        let _blocks = blocks(&text, &Origin::page(&NoIncludes));
    }
}

#[test]
fn grid_tables_that_span_rows() {
    check(
        "+------+------+-----+\n| A    | B    | C   |\n|      +------+-----+\n|      | D    | E   |\n+======+======+=====+\n|      | 80   | x   |\n+      +------+     +\n| Core | 81   | y   |\n+ node +------+-----+\n|      | 82 z       |\n+------+------+-----+\n| 83   | * a        |\n|      | * b        |\n|      |            |\n|      | c          |\n+------+------------+\n",
        &[
            "2h A|B|C",
            "4h A|D|E",
            "6 Core node|80|x, y",
            "8 Core node|81|x, y",
            "10 Core node|82 z|82 z",
            "12 83|a, b, c|a, b, c",
        ],
    );
}

#[test]
fn simple_tables_with_spans_and_two_headings() {
    check(
        "====  ====  ====\nMachine     To\n----------  ----\nName  Port  End\n====  ====  ====\na     80    x\n            y\n====  ====  ====\n",
        &["2h Machine|Machine|To", "4h Name|Port|End", "6 a|80|x y"],
    );
}

#[test]
fn directives() {
    check(
        ".. note:: Title\n   goes on\n\n   Text\n\n   .. dropdown:: Open\n      :x: 1\n\n      ====  ====\n      Port  To\n      ====  ====\n      80    a\n      ====  ====\n\n\
         .. acme:: 8443\n   :x: tcp\n\n   81\n\n.. code-block:: yaml\n   :caption: c\n\n   a: 1\n     b\n\n.. comment 82\n\n.. [1] Note 83\n.. |x| replace:: y\n\n|x| and |z| [1]_ :sup:`2` :del:`84`\n\n.. raw:: html\n\n   <p>85</p>\n\n.. toctree::\n\n   86\n",
        &[
            "1 Title goes on",
            "4 Text",
            "6 Open",
            "10h Port|To",
            "12 80|a",
            "15 unread the directive `acme` is not understood \"8443 :x: tcp\"",
            "18 81",
            "23 code yaml \"a: 1\\n  b\"",
            "28 Note 83",
            "31 y and {z}",
            "35 85",
        ],
    );
    // As the standard's own reader takes them: one blank before the colons, and capitals.
    check(
        ".. NOTE ::\n\n   80\n\n.. Table  :: 81\n\n   82\n",
        &["3 80"],
    );
}

#[test]
fn tabs() {
    for page in [
        ".. tab-set::\n\n   .. tab-item:: A\n      :sync: a\n\n      80\n\n   .. tab-item:: B\n\n      81\n\nEnd\n",
        ".. tabs::\n\n   .. group-tab:: A\n\n      80\n\n   .. tab:: B\n\n      81\n\nEnd\n",
        ".. only:: A\n\n   80\n\n.. ifconfig:: B\n\n   81\n\nEnd\n",
    ] {
        let lines = block_lines(blocks(page, &Origin::page(&NoIncludes)));
        let texts: Vec<&str> = lines
            .iter()
            .map(|line| line.split_once(' ').unwrap().1)
            .collect();
        assert_eq!(
            texts,
            [
                "alternative A",
                "80",
                "end of alternative",
                "alternative B",
                "81",
                "end of alternative",
                "End"
            ],
            "{page}\n{lines:#?}"
        );
    }
}

#[test]
fn lists_of_every_kind() {
    check(
        "Intro:\n\n* one\n\n  more\n\n  1. two\n     three\n  #. four\n\n* five::\n\n    code\n\nterm\n  meaning\n\n  more\n\n  - deep\n\n:Port: 80\n\n| a\n| b\n\n    quoted 81\n",
        &[
            "1 Intro:",
            "3 * one",
            "5   * more",
            "7   * two three",
            "9   * four",
            "11 * five:",
            "13 code  \"code\"",
            "15 * term",
            "16   * meaning",
            "18     * more",
            "20     * deep",
            "22 * Port: 80",
            "24 a",
            "25 b",
            "27 quoted 81",
        ],
    );
}

#[test]
fn includes() {
    let files = |path: &str| match path {
        "sub/a.rst" => Some(b"Part\n====\n\n.. include:: b.rst\n".to_vec()),
        "sub/b.rst" => Some(b"* 80\n".to_vec()),
        "p.csv" => Some(b"Port,To\n81,a\n".to_vec()),
        "x.yaml" => Some(b"82\n".to_vec()),
        _ => None,
    };
    let page = "Top\n===\n\n.. include:: sub/a.rst\n\n.. csv-table:: T\n   :file: p.csv\n   :header-rows: 1\n\n.. literalinclude:: x.yaml\n\n.. include:: no.rst\n   :x: 8443\n";
    assert_eq!(
        block_lines(blocks(page, &Origin::page(&files))),
        [
            "1 h1 Top",
            "4 h1 Part",
            "4 * 80",
            "6 c T",
            "6h Port|To",
            "6 81|a",
            "10 code yaml \"82\"",
            "12 unread the included file `no.rst` is not at hand \"no.rst :x: 8443\"",
        ]
    );
}
