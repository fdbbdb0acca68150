use super::blocks;
use crate::document::block::block_lines;

#[track_caller]
fn check(page: &str, expected: &[&str]) {
    assert_eq!(block_lines(blocks(page, 1)), expected, "{page}");
}

#[test]
fn text_and_headings() {
    check(
        "<!DOCTYPE html><html><head><title>T</title><script>if (a < b) { \"<p>\" }</script></head>\n<body>\n\
         <h2>Ports &amp;\n more</h2><p>One<p>Two <b>bold</b><br>three</p>four<ul><li>a<li>b</ul><!-- no -->\n<h9>x</h9>",
        &[
            "1 T",
            "3 h2 Ports & more",
            "4 One",
            "4 Two bold",
            "4 three",
            "4 four",
            "4 * a",
            "4 * b",
            "5 x",
        ],
    );
}

#[test]
fn tables() {
    check(
        "<table><caption>All <i>ports</i></caption>\n<thead><tr><th>Port<th>Use</thead>\n<tr><td>80<sup>1</sup></td><td><p>Web</p><p>API</td>\n\
         <tr><td rowspan=2>81<td>a<ul><li>x.</li><li>y</li><li>z</li></ul></tr><tr><td>b</table>\n<p>After",
        &[
            "1 c All ports",
            "2h Port|Use",
            "3 80|Web, API",
            "4 81|a, x. y, z",
            "4 81|b",
            "5 After",
        ],
    );
    // A table that is only layout may contain the one that lists ports.
    check(
        "<table><tr><td>Menu</td><td>\n<h3>H</h3><table><tr><th>Port</th></tr><tr><td>80</td></tr></table>end</td></tr></table>",
        &["2h Port", "2 80", "1 Menu|H, end"],
    );
    check("</table><td>80</td><tr>x", &["1 80", "1 x"]);
    check("<table><tr><td>open", &["1 open"]);
    check(
        "<table>loose<tr><td>1</td>2</tr></table>",
        &["1 1", "1 loose2"],
    );
}

#[test]
fn items_and_listings() {
    check(
        "<ul><li>a<ol><li>b<p>c</ol></ul>\n<dl><dt>t<dd>d<ul><li>e</ul></dl>\n<div class=\"highlight-yaml\"><pre>\n<span>a</span>: 1\n  b<br>c\n</pre></div>\n<pre><code class=\"language-sh\">x</code></pre>",
        &[
            "1 * a",
            "1   * b",
            "1     * c",
            "2 * t",
            "2   * d",
            "2     * e",
            "4 code yaml \"a: 1\\n  b\\nc\"",
            "7 code sh \"x\"",
        ],
    );
}

#[test]
fn what_a_browser_does_not_show() {
    check(
        "<table><tr><th>A<th>B</tr><tr hidden><td>1<td>2<table><tr><td>x</table></tr><tr style=\"Display: None\"><td>3</td></tr>\n\
         <tr><td><del>84</del>94<td style='visibility:hidden'>5</td><td><s>6<td>7<span hidden>8</span></tr></table>\n\
         <p>80<sup>1</sup> 81<sup>st</sup> 82\u{b2} 8<wbr>3&#8203;4&shy;5</p><!-- 9 -->\n<div hidden><p>port 86</div><template>87</template><p hidden>88<p>89",
        &[
            "1h A|B",
            "2 94||7",
            "3 80 81st 82 8345",
            "4 unread a browser does not show this text at first \"port 86\"",
            "4 89",
        ],
    );
}

#[test]
fn tabs() {
    for page in [
        "<ul role=tablist><li role=tab>A</li><li role=tab>B</li></ul><div><div role=tabpanel>80<div>x</div></div><div role=tabpanel hidden>81</div></div>End",
        "<a data-toggle=tab href=#b>B</a><a data-toggle=tab href=#a>A</a><div class=tab-pane id=a>80<div>x</div></div><div class=tab-pane id=b>81</div>End",
        "<div class=sd-tab-set><input id=t1><label class=sd-tab-label for=t1>A</label><div class=sd-tab-content>80<div>x</div></div><label class=sd-tab-label for=t2>B</label><div class=sd-tab-content>81</div></div>End",
        "<div class=tabbed-labels><label for=__tabbed_1_1>A</label><label for=__tabbed_1_2>B</label></div><div class=tabbed-block>80<div>x</div></div><div class=tabbed-block>81</div>End",
    ] {
        check(
            page,
            &[
                "1 alternative A",
                "1 80",
                "1 x",
                "1 end of alternative",
                "1 alternative B",
                "1 81",
                "1 end of alternative",
                "1 End",
            ],
        );
    }
    check("<div class=tab-pane>80</div>", &["1 80"]);
}

#[test]
fn a_table_inside_a_row_is_about_its_first_cell() {
    check(
        "<table><thead><tr><td>Machine<td>Ports</thead><tr><td>Core<td><table><tr><th>Port<tr><td>80</table></table>",
        &["1 c Core", "1h Port", "1 80", "1h Machine|Ports", "1 Core|"],
    );
}

#[test]
fn marks_of_translators() {
    check(
        "<table><tr><th>{% trans %}PORT{% endtrans %}<th>{% trans -%}Use\n of it{%- endtrans %}<tr><td>80<td>{% other %}</table>",
        &["1h PORT|Use of it", "2 80|{% other %}"],
    );
}

#[test]
fn variables_of_authoring_tools() {
    check(
        "<p>Ports used by <Flare:variable name=\"General.LedgerName\" /> are:</p>",
        &["1 Ports used by {LedgerName} are:"],
    );
}

#[test]
fn the_title_of_a_window_gives_way_to_a_heading() {
    check(
        "<title>Ports | Acme</title><h1>Shop</h1><p>One",
        &["1 h1 Shop", "1 One", "1 Ports | Acme"],
    );
}
