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
fn a_page() {
    check(
        "= Ports\n:toc:\n\n== Store nodes\n\nSome *bold*\ntext.\n\n* one\n* two\n\n.Title\n[cols=\"1,2\",options=\"header\"]\n|===\n\
         |Port |Use\n|`80`\n|link:x[Web] a\\|b\n|443 |https://x.example.com[y]\n|===\n",
        &[
            "1 h1 Ports",
            "4 h2 Store nodes",
            "6 Some bold text.",
            "9 * one",
            "10 * two",
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
        &["2 code  \"|===\\nport 80\"", "9 yes"],
    );
    check("|===\n|open", &["2 open"]);
}

#[test]
fn cells_without_blanks_and_data() {
    check(
        "|===\n|Port|To\n\n|80|a\\|b\n|443|*c*\n|===",
        &["2h Port|To", "4 80|a|b", "5 443|c"],
    );
    check(
        "[%header,format=csv]\n|===\nPort,To\n80,\"a, b\"\n|===\n\n.T\n:===\nPort:To\n\n81:`c`\n:===\n,===\n82,d\n,===\n[format=tsv]\n|===\n83\te\n|===\n[separator=!]\n|===\n!84!f\n|===\n",
        &[
            "3h Port|To",
            "4 80|a, b",
            "7 c T",
            "9h Port|To",
            "11 81|c",
            "14 82|d",
            "18 83|e",
            "22 84|f",
        ],
    );
    check(
        "[cols=\"1,3a\"]\n|===\n|Machine |Ports\n\n|Core\n|\n[%header]\n!===\n!Port !To\n!80 !a\n!===\n|Edge\n|* 81\n* 82\n\nx +\ny\n|===",
        &[
            "9h Machine|Port|To",
            "10 Core|80|a",
            "3h Machine|Ports",
            "5 Core|",
            "12 Edge|81, 82, x y",
        ],
    );
}

#[test]
fn items_and_terms() {
    check(
        "Intro:\n\n* one\ntwo\n** three\n* [x] four\n+\nmore\n\nText\n\n. first\n.. second\n\nText\n\nTerm:: meaning\nOther::\n  its meaning\n* below\n\nEnd\n\n literal 80\n",
        &[
            "1 Intro:",
            "3 * one two",
            "5   * three",
            "6 * four",
            "8   * more",
            "10 Text",
            "12 * first",
            "13   * second",
            "15 Text",
            "17 * Term",
            "17   * meaning",
            "18 * Other",
            "19   * its meaning",
            "20     * below",
            "22 End",
            "24 code  \" literal 80\"",
        ],
    );
}

#[test]
fn listings_and_containers() {
    check(
        "[source,yaml]\n----\na: 1\n\nb\n----\n[acme]\n....\n80\n....\n```sh\n81\n```\n[NOTE]\n====\nIn *note*.\n****\n--\nDeep\n--\n****\n====\n++++\n<p>82</p>\n++++\nNOTE: Text\n",
        &[
            "3 code yaml \"a: 1\\n\\nb\"",
            "9 code acme \"80\"",
            "12 code sh \"81\"",
            "16 In note.",
            "19 Deep",
            "24 82",
            "26 NOTE: Text",
        ],
    );
}

#[test]
fn tabs_and_conditions() {
    check(
        "[tabs]\n====\nA::\n+\n--\n80\n--\nB::\n+\n81\n====\n\nifdef::x[]\n82\nendif::[]\nifndef::x[83]\n:y:\nifdef::y[]\n84\nendif::y[]\n",
        &[
            "3 alternative A",
            "6 80",
            "8 end of alternative",
            "8 alternative B",
            "10 81",
            "11 end of alternative",
            "13 alternative x",
            "14 82",
            "15 end of alternative",
            "16 alternative not x",
            "16 83",
            "16 end of alternative",
            "19 84",
        ],
    );
    check(
        "|===\n|A |B\n\n|1 |2\nifdef::x[]\n|3 |4\nendif::[]\n|===\n",
        &[
            "2h A|B",
            "4 1|2",
            "5 alternative x",
            "2h A|B",
            "6 3|4",
            "7 end of alternative",
        ],
    );
}

#[test]
fn attributes_and_marks() {
    check(
        ":core: Core\n:both: {core} \\\n  server\n\n{core}, {both}, {x}. 80footnote:[See 8443.], 81^2^ 82^nd^ 83\u{b2} [.line-through]#84# 8&#8203;5 #6 {vbar}\n",
        &[
            "5 Core, Core server, {x}. 80, 81 82nd 83 85 #6 |",
            "5 See 8443.",
        ],
    );
}

#[test]
fn includes() {
    let files = |path: &str| match path {
        "sub/a.adoc" => Some(b"|1 |2\ninclude::b.adoc[]".to_vec()),
        "sub/b.adoc" => Some(b"// tag::x[]\n|3 |4\n// end::x[]".to_vec()),
        _ => None,
    };
    let page = ":d: sub\n|===\n|A |B\n\ninclude::{d}/a.adoc[]\n|===\n\ninclude::no.adoc[tag=8443]\n\ninclude::sub/b.adoc[tag=y]\n\nacme::8443[x=1]\nimage::a[8]\n";
    assert_eq!(
        block_lines(blocks(page, &Origin::page(&files))),
        [
            "3h A|B",
            "5 1|2",
            "5 3|4",
            "8 unread the included file `no.adoc` is not at hand \"include::no.adoc[tag=8443]\"",
            "12 unread the macro `acme` is not understood \"8443 x=1\"",
        ]
    );
}

#[test]
fn titles_of_two_lines() {
    check(
        "Ports used\n----------\n\n* Web: 8006\n\nRun:\n----\nufw allow 443\n----\n",
        &[
            "1 h2 Ports used",
            "4 * Web: 8006",
            "6 Run:",
            "8 code  \"ufw allow 443\"",
        ],
    );
}
