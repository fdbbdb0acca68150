use super::blocks;
use crate::document::block::block_lines;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(block_lines(blocks(text)), expected);
}

#[test]
fn a_page() {
    check(
        "= Ports\n:toc:\n\n== Store nodes\n\nSome *bold*\ntext.\n\n* one\n* two\n\n.Title\n[cols=\"1,2\",options=\"header\"]\n|===\n\
         |Port |Use\n|`80`\n|link:x[Web] a\\|b\n|443 |https://x.example.com[y]\n|===\n",
        &[
            "1 h1 Ports",
            "4 h2 Store nodes",
            "6 Some bold text.",
            "9 one",
            "10 two",
            "12 c Title",
            "15h Port|Use",
            "16 80|Web a|b",
            "18 443|https://x.example.com",
        ],
    );
}

#[test]
fn cells_that_span_and_repeat() {
    check(
        "|===\n|A |B |C\n\n.2+|x 2+|y\n|1 |2\n3*|z\na|p l|q |r\n|===",
        &["2h A|B|C", "4 x|y|y", "5 x|1|2", "6 z|z|z", "7 p|q|r"],
    );
}

#[test]
fn listings_and_comments_are_no_prose() {
    check(
        "----\n|===\nport 80\n----\n// no\n////\nno\n////\nyes",
        &["9 yes"],
    );
    check("|===\n|open", &["2 open"]);
}
