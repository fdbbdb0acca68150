use proptest::prelude::*;

use super::{Document, Format, read, row_json};

fn markdown(text: &str) -> Document {
    read("page.md", text.as_bytes(), Format::Markdown)
}

/// Rows as `line: role, source -> destination ports transport direction required [condition]`.
fn rows(document: &Document) -> Vec<String> {
    let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
    document
        .rows
        .iter()
        .map(|row| {
            let ports: Vec<String> = row.ranges().map(|range| range.to_string()).collect();
            let transports: Vec<&str> = row
                .transport
                .iter()
                .map(|transport| transport.name())
                .collect();
            format!(
                "{}: {}, {} -> {} {} {}{} {:?} {:?} [{}]",
                row.line,
                text(row.role.as_deref()),
                text(row.source.as_deref()),
                text(row.destination.as_deref()),
                ports.join(","),
                transports.join("+"),
                if row.transport_inferred { "?" } else { "" },
                row.direction,
                row.required,
                text(row.condition.as_deref()),
            )
        })
        .collect()
}

fn problems(document: &Document) -> Vec<String> {
    document.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn headings_give_transport_and_role() {
    let document = markdown(
        "---\ntitle: Ports\n---\n## Store nodes\n\n### UDP\n\n| Port | Source | Destination |\n|--|--|--|\n\
         | 7946 | store | store |\n\n## Overview\n\n| Port | From | To |\n|--|--|--|\n| 80 | any | web |\n",
    );
    assert_eq!(document.title.as_deref(), Some("Ports"));
    assert_eq!(
        rows(&document),
        [
            "10: Store nodes, store -> store 7946 udp None None [-]",
            "16: -, any -> web 80 tcp? None None [-]",
        ]
    );
    assert_eq!(
        document.rows[0].section.as_deref(),
        Some("Store nodes / UDP")
    );
}

#[test]
fn one_column_of_peers_and_directions() {
    let document = markdown(
        "| Machine | Port | Protocol | Direction | Source / destination | Notes |\n|--|--|--|--|--|--|\n\
         | Web | 443 | TCP | Inbound | Users | |\n\
         | | 25 or 587 | SMTP | Outbound | Relay | Only if mail is sent. Keep it short. |\n\
         | Store | 53 | DNS | Inbound and Outbound | Resolver | |\n\
         | | 1 | TCP | sideways | Users | |\n",
    );
    assert_eq!(
        rows(&document),
        [
            "3: Web, Users -> - 443 tcp Some(Inbound) None [-]",
            "4: Web, - -> Relay 25,587 tcp? Some(Outbound) None [Only if mail is sent.]",
            "5: Store, Resolver -> Resolver 53 tcp+udp? Some(Both) None [-]",
            "6: Store, - -> - 1 tcp None None [-]",
        ]
    );
    assert_eq!(document.rows[1].text.notes(), Some("Keep it short."));
    assert!(document.rows[1].ports[0].alternatives);
    assert_eq!(
        problems(&document),
        [
            "page.md:6: \"sideways\": this is no direction: expected inbound, outbound or both",
            "page.md:6: \"Users\": without a direction this end may be either",
        ]
    );
}

#[test]
fn html_inside_markdown_keeps_its_lines() {
    let document = markdown(
        "## Between store nodes\n\nText.\n\n<table>\n<tr><th>Port</th><th>Use</th><th>Required?</th></tr>\n\
         <tr>\n<td>1000</td><td>Data</td>\n\n<td>Yes</td></tr>\n<tr><td>ICMP</td><td>Health</td><td>No</td></tr>\n</table>\n\n\
         More text.\n\n| Port | From | To |\n|--|--|--|\n| 7 | a | b |\n",
    );
    assert_eq!(
        rows(&document),
        [
            "7: store nodes, store nodes -> store nodes 1000 tcp? Some(Both) Some(true) [-]",
            "11: store nodes, store nodes -> store nodes  icmp Some(Both) Some(false) [-]",
            "18: store nodes, a -> b 7 tcp? None None [-]",
        ]
    );
}

#[test]
fn html_pages_with_spans() {
    let page = "<html><body><h1>Ports</h1><table><thead><tr><th>Node</th><th>Port</th><th>Source</th><th>Destination</th>\
                </tr></thead><tbody>\n<tr><td rowspan=2>web</td><td>80<br>443</td><td>user</td><td>web</td></tr>\n\
                <tr><td>22</td><td colspan=2>admin</td></tr></tbody></table><p>Done &amp; dusted</p></body></html>";
    let document = read("page.html", page.as_bytes(), Format::Html);
    assert_eq!(
        rows(&document),
        [
            "2: web, user -> web 80,443 tcp? None None [-]",
            "3: web, admin -> admin 22 tcp? None None [-]",
        ]
    );
}

#[test]
fn what_is_not_understood_is_said() {
    let document = markdown(
        "| Port | Colour | Source | Destination |\n|--|--|--|--|\n| | red | a | b |\n| 80 | red | a | b |\n\
         | 443x | red | a | b |\n\n| Name | Opens |\n|--|--|\n| a | tcp |\n\nPort 80 is open by default.\n",
    );
    assert_eq!(rows(&document), ["4: -, a -> b 80 tcp? None None [-]",]);
    assert_eq!(
        problems(&document),
        [
            "page.md:1-5: \"Colour\": this column is not understood and was left out",
            "page.md:3: \" | red | a | b\": this row names no port, so no row was made of it; write a port, ICMP or Ephemeral",
            "page.md:5: \"443x\": `443x` is no number that could be opened, so no port was taken from this cell",
            "page.md:7-9: \"Name | Opens\": no column of this table is headed as ports, so its 1 rows were not read; if it lists ports, head their column `Port`",
            "page.md:11: \"Port 80 is open by default.\": this sentence speaks of ports that a table lists; read whether it changes those rows",
        ]
    );
}

#[test]
fn footnotes_phrases_and_arrows() {
    let document = markdown(
        "| Port | Layer 4 | Direction | Connection |\n|--|--|--|--|\n| 443<sup>[1]</sup> | TCP | Outbound to the store | API |\n\
         | 51820 [2] | UDP | worker \u{27f7} worker | Tunnel |\n\n[1] Changes.\n\n\
         | Default port number | Description |\n|--|--|\n| 30,000-32,767 | Requests from the browser to the gateway. |\n\
         | 8472 | VXLAN overlay |\n| 8, 0 (ICMP) | Ping |\n| Version 2 Plain: 8091, 8092 Secret: 11207 NOTE: 443 too | Data |\n",
    );
    assert_eq!(
        rows(&document),
        [
            "3: -, - -> store 443 tcp Some(Outbound) None [-]",
            "4: -, worker -> worker 51820 udp Some(Both) None [-]",
            "10: -, browser -> gateway 30000-32767 tcp? None None [-]",
            "11: -, - -> - 8472 udp? None None [-]",
            "12: -, - -> -  icmp None None [-]",
            "13: -, - -> - 8091,8092,11207 tcp? None None [-]",
        ]
    );
    let told = problems(&document).join("\n");
    assert!(
        told.contains("`Version 2`")
            && told.contains("NOTE: 443 too")
            && told.contains("ICMP has no ports"),
        "{told}"
    );
}

#[test]
fn tables_of_clients_and_servers() {
    let document = markdown(
        "| From / To | Store | Web |\n|--|--|--|\n| Web | 9200 TCP, 53 UDP | |\n| User | | 443 |\n| Timer | soon | |\n",
    );
    assert_eq!(
        rows(&document),
        [
            "3: -, Web -> Store 9200 tcp None None [-]",
            "3: -, Web -> Store 53 udp None None [-]",
            "4: -, User -> Web 443 tcp? None None [-]",
        ]
    );
    assert_eq!(
        problems(&document),
        ["page.md:5: \"soon\": names no port, so no row was made of this cell"]
    );
}

#[test]
fn a_sentence_on_a_port_of_a_table() {
    let document = markdown(
        "| Port | Protocol | From | To |\n|--|--|--|--|\n| 8472 | UDP | node | node |\n\n\
         If you use a network of your own, then port 8472 is not needed by the nodes.\n",
    );
    assert_eq!(
        rows(&document)[1],
        "5: -, - -> - 8472 udp? None Some(false) [If you use a network of your own]"
    );
}

#[test]
fn columns_that_only_their_cells_explain() {
    let document = markdown(
        "| # | Port | L4 | From \u{2192} To | Remark |\n|--|--|--|--|--|\n| 1 | 443 | TCP | user \u{2192} web | |\n\
         | 2 | 7946 | TCP+UDP | web \u{2194} web | Only if it is used |\n| 3 | any | any | web \u{2192} web | |\n",
    );
    assert_eq!(
        rows(&document),
        [
            "3: -, user -> web 443 tcp None None [-]",
            "4: -, web -> web 7946 tcp+udp Some(Both) None [Only if it is used]",
            "5: -, web -> web 1-65535 tcp+udp? None None [-]",
        ]
    );
    assert_eq!(problems(&document), Vec::<String>::new());
}

#[test]
fn marks_for_ways_and_ports_of_clients() {
    let document = markdown(
        "| Port | Inbound | Outbound |\n|--|--|--|\n| 443 | Yes | No |\n| 25 | No | Yes |\n| 53 | X | X |\n\n\
         | Source Role | Source Port | Target Role | Target Port |\n|--|--|--|--|\n| Web | 1024-65535 | DB | 5432 |\n| Web | ephemeral | DB | 6379 |\n",
    );
    assert_eq!(
        rows(&document),
        [
            "3: -, - -> - 443 tcp? Some(Inbound) None [-]",
            "4: -, - -> - 25 tcp? Some(Outbound) None [-]",
            "5: -, - -> - 53 tcp? Some(Both) None [-]",
            "9: -, Web -> DB 5432 tcp? None None [-]",
            "10: -, Web -> DB 6379 tcp? None None [-]",
        ]
    );
    assert!(!document.rows[4].ephemeral);
    let document = markdown(
        "| Feature | Inbound ports | Outbound ports |\n|--|--|--|\n| Mail | 25, 587 | 25 |\n| Web | 80 | - |\n",
    );
    assert_eq!(
        rows(&document),
        [
            "3: -, - -> - 25,587 tcp? Some(Inbound) None [-]",
            "3: -, - -> - 25 tcp? Some(Outbound) None [-]",
            "4: -, - -> - 80 tcp? Some(Inbound) None [-]",
        ]
    );
}

#[test]
fn headings_in_two_rows_and_optional_rows() {
    let page = "<table><thead><tr><th rowspan=2>Port</th><th colspan=2>Ends</th><th rowspan=2>Optional?</th></tr>\n\
                <tr><th>Source</th><th>Destination</th></tr></thead>\n<tr><td>22</td><td>admin</td><td>web</td><td>Yes</td></tr>\n\
                <tr><td>80</td><td>user</td><td>web</td><td>No</td></tr></table>";
    let document = read("page.html", page.as_bytes(), Format::Html);
    assert_eq!(
        rows(&document),
        [
            "3: -, admin -> web 22 tcp? None Some(false) [-]",
            "4: -, user -> web 80 tcp? None Some(true) [-]",
        ]
    );
    assert_eq!(problems(&document), Vec::<String>::new());
    let page =
        "<table><tr><th>Port<th>Source<th>Destination</tr><tr><th>22<th>admin<th>web</tr></table>";
    let document = read("page.html", page.as_bytes(), Format::Html);
    assert_eq!(
        rows(&document),
        ["1: -, admin -> web 22 tcp? None None [-]"]
    );
}

#[test]
fn lists_of_ports() {
    let document = markdown(
        "## Ports\n\nThe scheduler needs three ports.\n\n- API (Default 4646). Clients use it. TCP only.\n- Gossip (default: 4648). TCP and UDP.\n\n\
         ## Phones\n\n**Basic ports used**\n\n* Calls TCP/UDP\n    * 5060, 5061\n* Voice UDP\n    * 16384-32768\n* SSH\n    * 22\n\nIt has 12, 13.\n",
    );
    assert_eq!(
        rows(&document),
        [
            "5: scheduler, - -> - 4646 tcp None None [-]",
            "6: scheduler, - -> - 4648 tcp+udp None None [-]",
            "13: Phones, - -> - 5060,5061 tcp+udp None None [-]",
            "15: Phones, - -> - 16384-32768 udp None None [-]",
            "17: Phones, - -> - 22 tcp? None None [-]",
        ]
    );
    let services: Vec<&str> = document
        .rows
        .iter()
        .filter_map(|row| row.text.service())
        .collect();
    assert_eq!(
        services,
        ["API", "Gossip", "Calls TCP/UDP", "Voice UDP", "SSH"]
    );
}

#[test]
fn groups_and_captions() {
    let document = markdown(
        "| Port | Source | Use |\n|--|--|--|\n| **Web nodes** | | |\n| 80 | user | Site |\n| **UDP ports of the store** | | |\n\
         | 53 | web | Names |\n| ICMP | | |\n\n## Ports for traffic between store nodes\n\nThese ports are open:\n\n- 7000: gossip\n",
    );
    assert_eq!(
        rows(&document),
        [
            "4: Web nodes, user -> - 80 tcp? Some(Inbound) None [-]",
            "6: store, web -> - 53 tcp? Some(Inbound) None [-]",
            "7: store, - -> -  icmp Some(Inbound) None [-]",
            "13: store nodes, store nodes -> store nodes 7000 tcp? Some(Both) None [-]",
        ]
    );
    let page = "<table><caption>Inbound rules for store nodes</caption><tr><th>Port<th>Source</tr><tr><td colspan=2>Web servers</tr>\n\
                <tr><td>80<sup>1</sup><td>user</tr></table>";
    let document = read("page.html", page.as_bytes(), Format::Html);
    assert_eq!(
        rows(&document),
        ["2: Web servers, user -> - 80 tcp? Some(Inbound) None [-]"]
    );
}

#[test]
fn tables_that_name_one_end() {
    let document = markdown(
        "## Web nodes\n\n<figcaption>Inbound rules for store nodes</figcaption>\n\n| Protocol | Port | Source |\n|--|--|--|\n\
         | TCP | 80 | <ul><li>a</li><li>b</li></ul> |\n\nOther text.\n\n| Type | Protocol | Port range | Source/Destination | Rule |\n\
         |--|--|--|--|--|\n| SSH | TCP | 22 | admin | Inbound |\n| All | All | 9 | c | Outbound |\n\n\
         | Port | Destination |\n|--|--|\n| 7 | d |\n",
    );
    assert_eq!(
        rows(&document),
        [
            "7: store nodes, a, b -> - 80 tcp Some(Inbound) None [-]",
            "13: Web nodes, admin -> - 22 tcp Some(Inbound) None [-]",
            "14: Web nodes, - -> c 9 tcp+udp? Some(Outbound) None [-]",
            "18: Web nodes, - -> d 7 tcp? Some(Outbound) None [-]",
        ]
    );
}

#[test]
fn what_prose_adds() {
    let document = markdown(
        "## Store\n\n| Port | From | To |\n|--|--|--|\n| 80 | a | b |\n\n\
         Some ports are assigned dynamically. Such dynamic ports start at 30K+.\n\n\
         From release 3 on, port 80 is not required for sending metrics to vendor.example.com.\n\n\
         ## Statistics\n\nUsage statistics are uploaded to the vendor.\n\n1. `a.example.com`\n2. `b.example.com`\n\n\
         Port 443 is used for that. (See above.)\n",
    );
    assert_eq!(
        rows(&document),
        [
            "5: -, a -> b 80 tcp? None None [-]",
            "7: -, - -> - 30000-65535 tcp? None None [-]",
            "9: -, - -> vendor.example.com 80 tcp? Some(Outbound) Some(false) [From release 3 on]",
            "18: -, - -> a.example.com, b.example.com 443 tcp? Some(Outbound) None [-]",
        ]
    );
    let notes = |index: usize| document.rows[index].text.notes().unwrap();
    assert_eq!(
        notes(1),
        "Some ports are assigned dynamically. Such dynamic ports start at 30K+."
    );
    assert!(document.rows[1].ephemeral);
    assert_eq!(notes(3), "Port 443 is used for that. (See above.)");
    assert_eq!(document.rows[3].text.service(), Some("Usage statistics"));
}

#[test]
fn a_table_without_its_line_breaks() {
    let document = markdown(
        "| **Machine** | **Port number** | **Direction** | **Source / destination** | | --- | --- | --- | --- | \
         | **Web** | 80 | Inbound | Users | | | 22 | Outbound | Store | {: class=\"x\"}\n",
    );
    assert_eq!(
        rows(&document),
        [
            "1: Web, Users -> - 80 tcp? Some(Inbound) None [-]",
            "1: Web, - -> Store 22 tcp? Some(Outbound) None [-]",
        ]
    );
}

#[test]
fn a_row_as_json() {
    let document = markdown(
        "# P\n\n## Master\n\n### TCP\n\n| Port | Component | Source | Destination |\n|--|--|--|--|\n| 80/(443 or 4443) | Web | a | b |\n",
    );
    insta::assert_snapshot!(row_json(&document.rows[0]).unwrap(), @r#"{"file":"page.md","line":9,"from":"table","section":"P / Master / TCP","role":"Master","ports":[[80,80],[443,443],[4443,4443]],"alternatives":[[[443,443],[4443,4443]]],"protocol":null,"transport":["tcp"],"transport_inferred":false,"direction":null,"source":"a","destination":"b","service":"Web","required":null,"condition":null,"notes":null,"ephemeral":false}"#);
}

#[test]
fn deep_and_broken_pages_end() {
    let deep = format!("{}x{}", "<div>".repeat(10_000), "</div>".repeat(10_000));
    assert_eq!(
        read("page.html", deep.as_bytes(), Format::Html).rows,
        Vec::new()
    );
    let quoted = format!("{} | Port |", ">".repeat(10_000));
    assert_eq!(markdown(&quoted).rows, Vec::new());
    let document = read(
        "page.md",
        b"| Port | From | To |\n|--|--|--|\n| 80 | \xfc | bc |\n",
        Format::Markdown,
    );
    assert_eq!(document.rows.len(), 1);
    assert!(
        document.problems[0]
            .message
            .starts_with("is not valid UTF-8")
    );
}

/// A heading that is a port, and what the text below says of it.
#[test]
fn headings_that_are_ports() {
    let document = markdown(
        "# Network ports\n\n## 8086\n\nThe default port that runs the query service.\n\n## 8089/udp\n\n\
         The port used by the collector.\n\n## 2019\n\nThis was a good year.\n\n# Releases\n\n## 4000\n\n\
         The default port that runs the shop.\n",
    );
    assert_eq!(
        rows(&document),
        [
            "5: -, - -> - 8086 tcp? None None [-]",
            "9: -, - -> - 8089 udp None None [-]",
        ]
    );
    let said = problems(&document);
    assert!(
        said.iter().any(|problem| problem.contains("2019")),
        "{said:?}"
    );
}

/// Lists of ports are written as blocks of code, too: below a paragraph, in an item, and more than one of them.
#[test]
fn lists_of_ports_in_code() {
    let page = "Ports\n=====\n\nEdge\n----\n\nThe Edge nodes need the following ports opened to the world:\n\n\
        - Web\n\n  ::\n\n    TCP/80 for redirects\n    TCP/443\n\n- Media:\n\n  ::\n\n    UDP/7000-7999\n\n\
        They also need the following ports open to all Core nodes:\n\n::\n\n    TCP/9000\n\n\
        Core\n----\n\nSee this output on the port:\n\n::\n\n    TCP/9000 refused\n";
    let document = read("page.rst", page.as_bytes(), Format::ReStructuredText);
    assert_eq!(
        rows(&document),
        [
            "13: -, world -> Edge nodes 80 tcp None None [-]",
            "14: -, world -> Edge nodes 443 tcp None None [-]",
            "20: -, world -> Edge nodes 7000-7999 udp None None [-]",
            "26: Edge nodes, all Core nodes -> - 9000 tcp Some(Inbound) None [-]",
        ]
    );
    let fenced = markdown(
        "## Store nodes\n\nAll Store nodes must have these ports open to the internet:\n\n```\ntcp/443\nudp/53: names\n```\n",
    );
    assert_eq!(
        rows(&fenced),
        [
            "6: Store nodes, internet -> All Store nodes 443 tcp None None [-]",
            "7: Store nodes, internet -> All Store nodes 53 udp None None [-]",
        ]
    );
}

proptest! {
    #[test]
    fn any_page_is_read(text in "(\\| ?(Port|Source|[0-9a-z<>/()-]{0,6}) ?){0,12}\n?(\\|--\\|--\\|\n)?(\\| ?.{0,8} ?){0,9}") {
        let _document = markdown(&text);
        let _document = read("page.html", text.as_bytes(), Format::Html);
    }

    #[test]
    fn any_html_is_read(text in "(<(table|tr|td|th|p|b|h2|ul|li)( rowspan=9)?>?|</(table|tr|td)>|Port|80|\n){0,40}") {
        let _document = read("page.html", text.as_bytes(), Format::Html);
        let _document = markdown(&text);
    }
}

#[test]
fn a_table_of_more_columns_than_anybody_reads() {
    let numbers: Vec<String> = (1..=300).map(|number| number.to_string()).collect();
    let (headings, rule) = (vec!["Port"; 300].join("|"), vec!["---"; 300].join("|"));
    let page = format!("|{headings}|\n|{rule}|\n|{}|\n", numbers.join("|"));
    let document = markdown(&page);
    assert_eq!(rows(&document), [""; 0]);
    let problems = problems(&document);
    assert_eq!(problems.len(), 1);
    let said = &problems[0];
    assert!(said.contains("300 columns, which nobody reads"), "{said}");
    assert!(said.contains("its numbers are 1, 2, 3"), "{said}");
}
