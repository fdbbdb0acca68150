use std::path::Path;

use proptest::prelude::*;

use super::Format;
use crate::document::{
    block::block_lines,
    includes::{NoIncludes, Origin},
};

#[test]
fn formats() {
    check("a.md", "<html>", Format::Markdown);
    check("a.HTM", "| Port |", Format::Html);
    check("a", "\n <!DOCTYPE html>", Format::Html);
    check("a.txt", "# Ports", Format::Markdown);
    assert!("docx".parse::<Format>().is_err());
}

#[track_caller]
fn check(path: &str, text: &str, format: Format) {
    assert_eq!(Format::detect(Path::new(path), text.as_bytes()), format);
}

#[test]
fn names() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    insta::assert_snapshot!(
        "docx".parse::<Format>().unwrap_err(),
        @"`docx` is not a format that can be read: choose markdown, html, asciidoc, rst, csv or spreadsheet"
    );
}

/// What stands around a text of the page: lines before it, lines after it, and the indentation between. `NAME` is any name.
const MARKDOWN: &[(&str, &str, &str)] = &[
    ("```{NAME} arg\n:option: x\n\n", "```", ""),
    (":::NAME\n", ":::", ""),
    (":::{NAME} Title\n", ":::", ""),
    ("::: {.NAME}\n", ":::", ""),
    ("!!! NAME \"x\"\n\n", "", "    "),
    ("??? NAME\n\n", "", "    "),
    ("=== \"NAME\"\n\n", "", "    "),
    ("{{< NAME >}}\n", "{{< /NAME >}}", ""),
    ("{{% NAME \"x\" %}}\n\n", "{{% /NAME %}}", ""),
    ("{% NAME a=b %}\n", "{% endNAME %}", ""),
    ("<% if NAME %>\n", "<% end %>", ""),
    ("<NAME>\n", "</NAME>", ""),
    ("<Name a={b => c}>\n\n", "</Name>", ""),
    ("<div class=\"NAME\">\n\n", "\n</div>", ""),
    ("<details><summary>NAME</summary>\n\n", "\n</details>", ""),
    ("- NAME\n\n", "", "  "),
    ("1. NAME:\n\n", "", "   "),
    ("> [!NAME]\n>\n", "", "> "),
    ("```NAME\n", "```", ""),
    ("~~~~\n", "~~~~", ""),
    ("# [NAME](#tab/x)\n\n", "\n***", ""),
    ("NAME\n\n", "\nNAME", ""),
    ("::::\n", "", ""),
    ("```\n", "", ""),
    ("{{< NAME\n", "", ""),
    ("<NAME\n", "", ""),
];

const ASCIIDOC: &[(&str, &str, &str)] = &[
    ("[NAME]\n====LEVEL\n", "====LEVEL", ""),
    ("[NAME%option,x=y]\n****LEVEL\n", "****LEVEL", ""),
    ("____LEVEL\n", "____LEVEL", ""),
    (".NAME\n----LEVEL\n", "----LEVEL", ""),
    ("[source,NAME]\n....LEVEL\n", "....LEVEL", ""),
    ("[NAME]\n", "", ""),
    ("* NAME\n+\n", "", ""),
    ("NAME::\n", "", ""),
    ("[tabs]\n====LEVEL\nNAME::\n+\n", "====LEVEL", ""),
    ("ifdef::NAME[]\n", "endif::[]", ""),
    ("ifndef::NAME[]\n", "endif::NAME[]", ""),
    ("NAME::x[]\n\n", "", ""),
    (":NAME: x\n\n", "", ""),
    ("NAME\n\n", "\nNAME", ""),
    ("====LEVEL\n", "", ""),
    ("----LEVEL\n", "", ""),
];

const RST: &[(&str, &str, &str)] = &[
    (".. NAME::\n\n", "", "   "),
    (".. NAME:: x\n   :option: y\n\n", "", "   "),
    ("* NAME\n\n", "", "  "),
    ("1. NAME\n\n", "", "   "),
    ("NAME\n", "", "  "),
    ("NAME::\n\n", "", "  "),
    (":NAME: x\n", "", "  "),
    ("NAME\n\n", "\nNAME", ""),
    ("NAME\n====\n\n", "", ""),
    (".. [#NAME] x\n\n", "", "   "),
    (".. _NAME:\n\n", "", ""),
    ("..\n\n", "", "   "),
    ("", "", "    "),
];

const HTML: &[(&str, &str, &str)] = &[
    ("<NAME>", "</NAME>", ""),
    ("<NAME role=tabpanel id=NAME>", "</NAME>", ""),
    ("<div class=\"NAME tab-pane\">", "</div>", ""),
    ("<section><label class=tab>NAME</label>", "</section>", ""),
    ("<ul><li>NAME", "</ul>", ""),
    ("<dl><dt>NAME<dd>", "</dl>", ""),
    ("<table><tr><td>NAME<td>", "</table>", ""),
    ("<table><caption>NAME", "</caption></table>", ""),
    ("<pre>", "</pre>", ""),
    ("<details><summary>NAME</summary>", "</details>", ""),
    ("<h2>NAME", "</h2>", ""),
    ("<p>NAME<b>", "", ""),
    ("</NAME>", "<NAME>", ""),
];

/// Texts that hold the number.
const TEXTS: &[&str] = &["Port 8443 is open.", "8443", "8443/tcp core", "a 8443: b"];

/// Elements whose text a browser does not show, or not as a page's.
const UNSEEN: [&str; 11] = [
    "del", "footer", "head", "iframe", "nav", "script", "strike", "style", "svg", "title", "xmp",
];

/// A page of which the number is visible text.
fn page(around: &[(&str, &str, &str)], text: &str, name: &str) -> String {
    let mut page = format!("{text}\n");
    for (level, (before, after, indent)) in around.iter().enumerate() {
        let inner: String = page
            .lines()
            .map(|line| {
                if line.is_empty() && indent.trim().is_empty() {
                    "\n".to_owned()
                } else {
                    format!("{indent}{line}\n")
                }
            })
            .collect();
        page = format!("{before}{inner}{after}\n\n");
        // Each level has a delimiter of its own.
        for mark in ["=", "*", "_", "-", "."] {
            page = page.replace(&format!("{mark}LEVEL"), &mark.repeat(2 + level));
        }
    }
    let name = &if UNSEEN.contains(&name) {
        format!("x{name}")
    } else {
        name.to_owned()
    };
    page.replace("NAME", name)
        .replace("Name", &format!("N{name}"))
}

fn around(
    syntax: &'static [(&'static str, &'static str, &'static str)],
) -> impl Strategy<Value = Vec<(&'static str, &'static str, &'static str)>> {
    proptest::collection::vec(proptest::sample::select(syntax), 0..4)
}

#[track_caller]
fn check_accounted(format: Format, page: &str) -> Result<(), TestCaseError> {
    let lines = block_lines(format.blocks(page, &Origin::page(&NoIncludes)));
    prop_assert!(
        lines.iter().any(|line| line.contains("8443")),
        "{page}\n{lines:#?}"
    );
    Ok(())
}

const NAME: &str = "[b-z][a-z]{1,6}(-[a-z]{2,5})?";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_number_of_markdown_is_in_a_block(around in around(MARKDOWN), text in proptest::sample::select(TEXTS), name in NAME) {
        check_accounted(Format::Markdown, &page(&around, text, &name))?;
    }

    #[test]
    fn every_number_of_asciidoc_is_in_a_block(around in around(ASCIIDOC), text in proptest::sample::select(TEXTS), name in NAME) {
        check_accounted(Format::AsciiDoc, &page(&around, text, &name))?;
    }

    #[test]
    fn every_number_of_rst_is_in_a_block(around in around(RST), text in proptest::sample::select(TEXTS), name in NAME) {
        check_accounted(Format::ReStructuredText, &page(&around, text, &name))?;
    }

    #[test]
    fn every_number_of_html_is_in_a_block(around in around(HTML), text in proptest::sample::select(TEXTS), name in NAME) {
        check_accounted(Format::Html, &page(&around, text, &name))?;
    }

    #[test]
    fn every_number_of_csv_is_in_a_block(lines in proptest::collection::vec("[#a ,;\"\t]{0,6}", 0..4), text in proptest::sample::select(TEXTS), at in 0_usize..4) {
        let mut lines = lines;
        let at = at.min(lines.len());
        lines.insert(at, text.to_owned());
        check_accounted(Format::Csv, &lines.join("\n"))?;
    }

    /// No bytes make a reader panic, whatever they are.
    #[test]
    fn any_text_is_read(parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..30)) {
        let page = parts.concat();
        for format in Format::ALL {
            let _blocks = format.blocks(&page, &Origin::page(&NoIncludes));
        }
    }
}

/// Pieces of every syntax.
const PARTS: &[&str] = &[
    "\n",
    "\n\n",
    " ",
    "    ",
    "|",
    "||",
    "| a | b |",
    "|--|--|",
    "```",
    "```{x}",
    ":::",
    "::::",
    ":::{tab-item} a",
    "!!! a",
    "=== \"a\"",
    "{{< x >}}",
    "{{< /x >}}",
    "{% if a %}",
    "{% endif %}",
    "{{",
    "}}",
    "{#",
    "<x",
    "</x>",
    "<X a={",
    "/>",
    "<table>",
    "<tr><td hidden>",
    "</td>",
    "</table>",
    "<div role=tabpanel>",
    "<del>",
    "<!--",
    "-->",
    "|===",
    "!===",
    "[cols=3*]",
    "2+|",
    ".2+|",
    "====",
    "--",
    "+",
    "a::",
    "* ",
    "** ",
    "ifdef::x[]",
    "endif::[]",
    "include::x[]",
    ":a: {a}",
    "{a}",
    "footnote:[",
    "]",
    ".. x::",
    "   ",
    "+--+--+",
    "+==+  +",
    "|a |",
    "== ==",
    "-- --",
    "::",
    "* - ",
    "  - ",
    "8443",
    "\u{ad}",
    "\u{202e}",
    "\u{b2}",
    "^",
    "~~",
    "\\",
    "`",
    "\"",
    ",",
    "sep=;",
    "# ",
    "---",
    "+++",
    "title: x",
];
