use proptest::prelude::*;

use super::blocks;
use crate::document::block::block_lines;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(block_lines(blocks(text)), expected);
}

#[test]
fn headings_and_prose() {
    check(
        "=====\nPorts\n=====\n\nStore ``nodes``\n---------------\n\nSome `text <x>`_,\nmore::\n\n   port 80\n\n* one\n* two\n  more\n\nLast\n----\n",
        &[
            "2 h1 Ports",
            "5 h2 Store nodes",
            "8 Some text, more:",
            "13 one",
            "14 two more",
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
        let _blocks = blocks(&text);
    }
}
