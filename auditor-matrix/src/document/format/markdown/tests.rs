use super::{blocks, html, in_pieces};
use crate::document::{
    block::{Block, block_lines},
    includes::{NoIncludes, Origin},
};

fn pieces(page: &str, least: usize) -> Vec<Block> {
    in_pieces(page, least, &mut html::Page::new(1))
}

#[test]
fn a_page_in_pieces_is_the_same_page() {
    let page = include_str!("../../../../../demo/ports.md");
    let more = "\n~~~\n\n| a | b |\n~~~\n\n<table>\n<tr><td>Port\n\n<td>1</table>\n\n> quoted\n\n| A | B |\n|---|---|\n| 1 | 2 |\n";
    let page = [page, more].concat();
    let whole = pieces(&page, usize::MAX);
    for least in [1, 50, 300] {
        assert_eq!(pieces(&page, least), whole, "{least}");
    }
}

#[track_caller]
fn check(page: &str, expected: &[&str]) {
    let files = |path: &str| match path {
        "edge.md" => Some(b"# Edge\n\n| Port | To |\n|---|---|\n| 8443 | Core |\n".to_vec()),
        "a.yaml" => Some(b"port: 8443\n".to_vec()),
        _ => None,
    };
    assert_eq!(
        block_lines(blocks(page, &Origin::page(&files))),
        expected,
        "{page}"
    );
}

#[test]
fn items_and_listings() {
    check(
        "Open:\n\n- **80** `tcp`\n  - [443](x)\n\n    More.\n1. one\n\nTerm\n: meaning\n\n```yaml\na: 1\n\nb\n```\n\n    indented\n",
        &[
            "1 Open:",
            "3 * 80 tcp",
            "4   * 443",
            "6     * More.",
            "7 * one",
            "9 * Term",
            "10   * meaning",
            "13 code yaml \"a: 1\\n\\nb\"",
            "18 code  \"indented\"",
        ],
    );
}

#[test]
fn admonitions_of_every_dialect() {
    let table = ["h Port", " 80"];
    for (start, end, indent, line, title) in [
        ("!!! note \"T\"\n\n", "", "    ", 3, "1 T"),
        ("???+ note\n", "", "    ", 2, ""),
        ("```{note}\n", "```", "", 2, ""),
        (":::{admonition} T\n", ":::", "", 2, "1 T"),
        (":::note[T]\n", ":::", "", 2, "1 T"),
        ("::: {.callout}\n", ":::", "", 2, ""),
        ("> [!NOTE]\n>\n", "", "> ", 3, ""),
        (
            "{{% notice note \"T\" %}}\n",
            "{{% /notice %}}",
            "",
            2,
            "1 T",
        ),
        ("{% hint style=\"info\" %}\n", "{% endhint %}", "", 2, ""),
        (
            "{% raw %}{% capture x %}\n",
            "{% endcapture %}{% endraw %}",
            "",
            2,
            "",
        ),
        (
            "<details>\n<summary>T</summary>\n",
            "</details>",
            "",
            3,
            "2 T",
        ),
        ("<Note>\n", "</Note>", "", 2, ""),
        ("{{< portbox >}}\n", "{{< /portbox >}}", "", 2, ""),
        ("- item\n\n    !!! note\n\n", "", "        ", 5, "1 * item"),
    ] {
        let page = format!(
            "{start}{indent}| Port | a |\n{indent}|--|--|\n{indent}| 80 | b |\n{end}\n\nEnd\n"
        );
        let mut expected = Vec::new();
        if !title.is_empty() {
            expected.push(title.to_owned());
        }
        expected.push(format!("{line}{}|a", table[0]));
        expected.push(format!("{}{}|b", line + 2, table[1]));
        expected.push(format!("{} End", line + 5));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&page, &expected);
    }
}

#[test]
fn tabs_of_every_dialect() {
    for page in [
        "=== \"A\"\n\n    80\n\n=== \"B\"\n\n    81\n\nEnd\n",
        "<Tabs>\n<TabItem value=\"A\">\n\n80\n\n</TabItem>\n<TabItem value=\"b\" label=\"B\">\n81\n</TabItem>\n</Tabs>\n\nEnd\n",
        "<Tabs items={['A', 'B']}>\n<Tabs.Tab>80</Tabs.Tab>\n<Tabs.Tab>\n81\n</Tabs.Tab>\n</Tabs>\nEnd\n",
        "{{< tabs >}}\n{{% tab \"A\" %}}\n80\n{{% /tab %}}\n{{< tab name=\"B\" >}}\n81\n{{< /tab >}}\n{{< /tabs >}}\nEnd\n",
        "::::{tab-set}\n:::{tab-item} A\n80\n:::\n:::{tab-item} B\n:sync: b\n81\n:::\n::::\nEnd\n",
        "{% tabs %}\n{% tab title=\"A\" %}\n80\n{% endtab %}\n\n{% tab title=\"B\" %}\n81\n{% endtab %}\n{% endtabs %}\nEnd\n",
        "# [A](#tab/a)\n\n80\n\n# [B](#tab/b)\n\n81\n\n***\n\nEnd\n",
        ":::tabs\n== A\n80\n== B\n81\n:::\nEnd\n",
        "{% if A %}\n80\n{% endif %}{% if B %}\n81\n{% endif %}\nEnd\n",
        ":::zone pivot=\"A\"\n80\n:::zone-end\n::: zone pivot=\"B\"\n81\n::: zone-end\nEnd\n",
        "<div role=\"tablist\"><a role=\"tab\">A</a><a role=\"tab\">B</a></div>\n<div role=\"tabpanel\">\n\n80\n\n</div>\n<div role=\"tabpanel\" hidden>\n\n81\n\n</div>\n\nEnd\n",
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
fn includes_of_every_dialect() {
    for page in [
        "--8<-- \"edge.md\"\n",
        "--8<--\nedge.md\n--8<--\n",
        "[!INCLUDE [x](edge.md)]\n",
        "{% include edge.md %}\n",
        "{% include-markdown \"edge.md\" %}\n",
        "{!edge.md!}\n",
        "{{#include edge.md}}\n",
        "{{< include \"edge.md\" >}}\n",
        "{{% readfile \"edge.md\" %}}\n",
        "```{include} edge.md\n```\n",
        "<!--@include: ./edge.md-->\n",
        "import Edge from './edge.md';\n\n<Edge />\n",
        "import Edge from \"./edge.md\"\n\n<Edge/>\n",
        ":[x](edge.md)\n",
    ] {
        let line = if page.contains("import") { 3 } else { 1 };
        check(
            page,
            &[
                &format!("{line} h1 Edge"),
                &format!("{line}h Port|To"),
                &format!("{line} 8443|Core"),
            ],
        );
        let page = page.replace("edge.md", "sub/none.md");
        let lines = block_lines(blocks(&page, &Origin::page(&NoIncludes)));
        assert!(
            lines.len() == 1 && lines[0].contains("sub/none.md"),
            "{page}: {lines:?}"
        );
    }
    check(
        "```{literalinclude} a.yaml\n```\n",
        &["1 code yaml \"port: 8443\""],
    );
    check("[!code-yaml[x](a.yaml)]\n", &["1 code yaml \"port: 8443\""]);
    check(
        "See [!INCLUDE [x](no.md)] here\n",
        &[
            "1 unread the included file `no.md` is not at hand \"[!INCLUDE [x](no.md)]\"",
            "1 See here",
        ],
    );
}

#[test]
fn tables_as_directives() {
    check(
        "```{list-table} Ports\n:header-rows: 1\n\n* - Port\n  - To\n* - `80`\n  - a\n    b\n```\n\n```{csv-table} More\n:header: Port, To\n\n81, \"a, b\"\n```\n",
        &[
            "1 c Ports",
            "4h Port|To",
            "6 80|a b",
            "11 c More",
            "11h Port|To",
            "14 81|a, b",
        ],
    );
    check(
        "```{eval-rst}\n.. list-table::\n   :header-rows: 1\n\n   * - Port\n   * - 80\n```\n",
        &["5h Port", "6 80"],
    );
}

#[test]
fn what_nobody_knows_is_read_through_and_said() {
    check(
        "```{acme-ports} 8443\n:x: tcp\n- 514 udp\n```\n",
        &[
            "1 unread the directive `acme-ports` is not understood \"8443 :x: tcp\"",
            "3 * 514 udp",
        ],
    );
    check(
        "{{< acme-ports 8443 >}}\n\n<AcmePorts product=\"x\" />\n\n<Acme a=\"81\">\n80\n</Acme>\n",
        &[
            "1 unread the shortcode `acme-ports` is not understood \"{{< acme-ports 8443 >}}\"",
            "3 unread the component `AcmePorts` is not understood \"<AcmePorts product=\\\"x\\\" />\"",
            "5 unread the component `Acme` is not understood \"<Acme a=\\\"81\\\">\"",
            "6 80",
        ],
    );
}

#[test]
fn tables_go_on_over_borders() {
    check(
        "| Port | To |\n|--|--|\n| 1 | a |\n\n| 2 | b |\n{% if x %}\n| 3 | c |\n{% endif %}\n| 4 | d |\n\nEnd\n",
        &[
            "1h Port|To",
            "3 1|a",
            "5 2|b",
            "6 alternative x",
            "1h Port|To",
            "7 3|c",
            "8 end of alternative",
            "1h Port|To",
            "9 4|d",
            "11 End",
        ],
    );
    check(
        "| Port | To |\n|--|--|\n| 1 | a |\n\n| Port | To |\n|--|--|\n| 2 | b |\n",
        &["1h Port|To", "3 1|a", "5h Port|To", "7 2|b"],
    );
}

#[test]
fn what_a_browser_does_not_show() {
    check(
        "---\ntitle: T\nport: 1\n---\n| A | B |\n|--|--|\n| ~~8443~~ 9443 | <del>a</del>b<sup>1</sup> |\n| 8446\u{b2}[^1] | 84\u{ad}43 &shy;x |\n\n<!-- 80\n\n81 -->\n\n{/* 82 */}\n{# 83 #}\n{% comment %}\n84\n{% endcomment %}\n\n{: .x}\nEnd[^9] <span style=\"display: none\">85</span>.\n\n<div hidden>\n\nPort 86\n\n</div>\n\n[^1]: Note 8443\n",
        &[
            "1 T",
            "5h A|B",
            "7 9443|b",
            "8 8446|8443 x",
            "21 End .",
            "23 unread a browser does not show this text at first \"Port 86\"",
            "29 Note 8443",
        ],
    );
}

#[test]
fn what_a_template_prints_stays() {
    check(
        "{% if x == \"y\" %}\n## <%= name %> nodes\n{% else %}\n| {{ a | up }} | {% if b %}c{% endif %} |\n|--|--|\n| {{< term text=\"d\" >}} | {{< e >}} |\n{% endif %}\n",
        &[
            "1 alternative x == \"y\"",
            "2 h2 <%= name %> nodes",
            "3 end of alternative",
            "3 alternative not x == \"y\"",
            "4h {{ a | up }}|c",
            "6 d|{{< e >}}",
            "7 end of alternative",
        ],
    );
}

#[test]
fn cells_with_several_parts() {
    check(
        "| Port<br>number | B |\n|--|--|\n| 80<br>443 | <ul><li>a</li><li>b</li></ul> |\n| a \\| b | `x` |\n\n- item\n\n  | C | D |\n  |--|--|\n  | 1 | 2 |\n\n> E | F\n> --|--\n> 3 | 4\n",
        &[
            "1h Port number|B",
            "3 80, 443|a, b",
            "4 a | b|x",
            "6 * item",
            "8h C|D",
            "10 1|2",
            "12h E|F",
            "14 3|4",
        ],
    );
}

#[test]
fn exports_are_code() {
    check(
        "export const port = 8443;\n\nText\n",
        &["1 code js \"export const port = 8443;\"", "3 Text"],
    );
    check(
        "import the page from 8443\n",
        &["1 import the page from 8443"],
    );
}

#[test]
fn tables_as_json_with_cells_in_any_order() {
    check(
        "[block:parameters]\n{\n\"data\": {\n\"1-0\": \"5432\",\n\"h-0\": \"Port\",\n\"0-0\": \"443\",\n\"h-1\": \"For\",\n\
         \"0-1\": \"[tills](x)\"\n},\n\"cols\": 2, \"rows\": 2}\n[/block]\n\n[block:callout]\n{\"type\": \"info\", \"body\": \
         \"The Gate listens on 8443.\", \"title\": \"Note\"}\n[/block]\nBelow.",
        &[
            "5h Port|For",
            "6 443|tills",
            "4 5432|",
            "13 Note",
            "13 The Gate listens on 8443.",
            "16 Below.",
        ],
    );
    check(
        "[block:code]\n{no JSON 80\n[/block]\nBelow.",
        &[
            "1 unread this block `code` is no JSON \"{no JSON 80\"",
            "4 Below.",
        ],
    );
    // Without an end the rest of the page is the block's, and is said.
    check(
        "[block:parameters]\n{\"data\": {}}\nPort 80 is open.",
        &["1 unread this block `parameters` is no JSON \"{\\\"data\\\": {}} Port 80 is open.\""],
    );
}
