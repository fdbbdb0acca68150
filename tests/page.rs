//! The report and the review as pages, in a real browser.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    fixture::{
        auditor::{files, repository, run},
        browser::browse,
        pcap::pcap,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    nobody_stumbles_over_the_page: [Kernel, Program("chromium")],
    a_page_of_ten_thousand_flows_is_read_in_a_browser: [Kernel, Program("chromium")],
    nobody_stumbles_over_the_review: [Program("chromium")],
    a_review_is_read_in_a_browser: [Program("chromium")],
}

/// What a person does with the page, and what comes of it; a script of the test, which the page's own policy would not let
/// run.
const DRIVER: &str = include_str!("page/driver.js");
const REVIEW_DRIVER: &str = include_str!("page/review.js");

/// The page with the driver behind it, as a browser shows it to the end.
fn driven(work_dir: &Path, page: &str, driver: &str) -> Value {
    // Errors are heard before the page's own script runs.
    let page = page.replacen(
        "<body>",
        "<body><script>window.failures = []; addEventListener('error', (e) => window.failures.push(e.message)); \
         addEventListener('securitypolicyviolation', (e) => window.failures.push(e.violatedDirective));</script>",
        1,
    );
    let (before, policy) = page
        .split_once("<meta http-equiv=\"Content-Security-Policy\"")
        .unwrap();
    let (_, after) = policy.split_once('>').unwrap();
    let page = format!("{before}{after}");
    let page = page.replace("</body>", &format!("<script>{driver}</script></body>"));
    std::fs::write(work_dir.join("driven.html"), page).unwrap();
    let dom = browse(work_dir, &at(work_dir, "driven.html"));
    let title = dom
        .split("<title>")
        .nth(1)
        .unwrap()
        .split("</title>")
        .next()
        .unwrap();
    let said = title
        .strip_prefix("said ")
        .unwrap_or_else(|| panic!("the driver did not end: {title}"));
    let said = said.replace("&quot;", "\"").replace("&amp;", "&");
    serde_json::from_str(&said).unwrap()
}

/// The address of a file.
fn at(work_dir: &Path, file: &str) -> String {
    format!("file://{}", work_dir.join(file).display())
}

/// Asks axe-core what those who can't see the page, or can't use a mouse, would stumble over.
const AXE_DRIVER: &str = "axe.run(document, { resultTypes: ['violations'] }).then((result) => { \
     const found = result.violations.map((one) => [one.id, one.impact, one.nodes[0].html]); \
     document.title = 'said ' + JSON.stringify({ found, passed: result.passes.length }); });";

fn axe() -> String {
    let path = repository().join("target/axe/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo xtask test` fetches it", path.display())
    })
}

fn nobody_stumbles_over_the_page() {
    let axe = axe();
    let directory = page_of(300);
    let work_dir = directory.path();
    let page = std::fs::read_to_string(work_dir.join("r.html")).unwrap();
    let said = driven(work_dir, &page, &format!("{axe}\n{AXE_DRIVER}"));
    assert_eq!(said["found"], Value::Array(Vec::new()));
    assert!(10 < said["passed"].as_u64().unwrap(), "{said}");
    // It finds what is there to be found.
    let broken = page.replace("<html lang=\"en\">", "<html>");
    let said = driven(work_dir, &broken, &format!("{axe}\n{AXE_DRIVER}"));
    assert_eq!(said["found"][0][0], "html-has-lang");
}

/// A TCP packet that opens a conversation with a port.
fn opening(port: u16) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    let mut ip = vec![
        0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 9, 10, 9, 0, 1,
    ];
    ip.extend(40_000_u16.to_be_bytes());
    ip.extend(port.to_be_bytes());
    ip.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend(ip);
    frame
}

/// A directory with the page of a report, `r.html`, of as many flows as ports that nobody documents, and a rule.
fn page_of(n_flows: u16) -> TempDir {
    let matrix = "name = \"m\"\n[[rule]]\nid = \"web\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"443\"\n";
    let deployment = "matrix = \"m.toml\"\n[roles]\nweb = [\"10.9.0.1\"]\nuser = [\"10.9.0.2\"]\n";
    let directory = files(&[("m.toml", matrix), ("a.toml", deployment)]);
    let work_dir = directory.path();
    let frames: Vec<Vec<u8>> = (1..=n_flows).map(opening).collect();
    std::fs::write(work_dir.join("c.pcap"), pcap(&frames)).unwrap();
    let output = run(
        work_dir,
        "replay c.pcap --config a.toml --address 10.9.0.1 --format html -o r.html --fail-on never --all",
    );
    assert!(output.status.success(), "{output:?}");
    directory
}

fn a_page_of_ten_thousand_flows_is_read_in_a_browser() {
    let directory = page_of(10_000);
    let work_dir = directory.path();
    let page = std::fs::read_to_string(work_dir.join("r.html")).unwrap();
    let said = driven(work_dir, &page, DRIVER);
    assert_eq!(said["errors"], Value::Array(Vec::new()));
    assert_eq!(
        said["first"],
        serde_json::json!([200, "10,000 of 10,000", 1, "1 of 1"])
    );
    assert_eq!(said["more"], 400);
    assert_eq!(said["found"], "1 of 10,000");
    assert_eq!(said["fine"], "0 of 10,000");
    assert_eq!(said["ascending"], serde_json::json!(["tcp/1", "ascending"]));
    assert_eq!(
        said["descending"],
        serde_json::json!(["tcp/10000", "descending"])
    );
    assert_eq!(
        said["pair"],
        serde_json::json!(["10,000 of 10,000", "true"])
    );
    assert_eq!(said["unnamed"], 0);
    // With its policy the page's own script runs as well, and no other.
    let dom = browse(work_dir, &at(work_dir, "r.html"));
    assert!(dom.contains("10,000 of 10,000"));
    std::fs::write(
        work_dir.join("r.html"),
        page.replace("\"use strict\";", "\"use strict\"; "),
    )
    .unwrap();
    assert!(!browse(work_dir, &at(work_dir, "r.html")).contains("10,000 of 10,000"));
}

/// A directory with the review of a page, `review.html`: everything that a review shows is there.
fn review() -> TempDir {
    let page = "# Ports of <b>2024</b>\n\n\
        | Port | Protocol | Source | Destination | Purpose | Colour |\n|--|--|--|--|--|--|\n\
        | 443 | TCP | web | store | <script>document.title = 'broken'</script> | red |\n\
        | 80 | | web | store | \"Plain\" & 'simple' | blue |\n\
        | 70000 | TCP | web | store | Far | |\n\
        | 22 | TCP | | store | <img src=x onerror=\"document.title = 'broken'\"> | |\n\
        | 443 | TCP | web | store | <script>document.title = 'broken'</script> | red |\n\n\
        Port 9 is forbidden to nobody.\n";
    let directory = files(&[("page.md", page)]);
    let output = run(
        directory.path(),
        "import page.md -o m.toml --review review.html",
    );
    assert!(output.status.success(), "{output:?}");
    directory
}

fn nobody_stumbles_over_the_review() {
    let directory = review();
    let work_dir = directory.path();
    let page = std::fs::read_to_string(work_dir.join("review.html")).unwrap();
    let axe = axe();
    let said = driven(work_dir, &page, &format!("{axe}\n{AXE_DRIVER}"));
    assert_eq!(said["found"], Value::Array(Vec::new()));
    assert!(10 < said["passed"].as_u64().unwrap(), "{said}");
}

fn a_review_is_read_in_a_browser() {
    let directory = review();
    let work_dir = directory.path();
    let page = std::fs::read_to_string(work_dir.join("review.html")).unwrap();
    let said = driven(work_dir, &page, REVIEW_DRIVER);
    assert_eq!(said["errors"], Value::Array(Vec::new()));
    assert_eq!(said["title"], "Review of Ports of 2024");
    // A rule that two lines give: whichever of the three is looked at, all are marked.
    for looked in ["hovered", "focused", "from"] {
        assert_eq!(
            said[looked],
            serde_json::json!(["p0-5", "r0", "p0-9"]),
            "{said}"
        );
    }
    assert_eq!(said["left"], 0);
    assert_eq!(said["lines"], serde_json::json!([11, 5]));
    assert_eq!(said["foreign"], 0, "{said}");
    assert!(said["widest"].as_bool().unwrap(), "{said}");
    // With its policy the page's own script runs as well.
    let dom = browse(work_dir, &format!("{}#r0", at(work_dir, "review.html")));
    assert!(
        dom.contains("<title>Review of Ports of 2024</title>"),
        "{dom}"
    );
}
