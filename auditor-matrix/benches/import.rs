//! What reading a page costs: nanoseconds a byte for each format, against reading the file, on a page and on one four
//! times as long. Linear is where both figures are alike.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a bench prints its figures, stops where it cannot measure, and reads the clock"
)]

use std::{
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use auditor_matrix::document::{self, Format};

const ROWS: usize = 5_000;
const ROUNDS: usize = 7;

fn main() {
    let place = tempfile::tempdir().expect("a directory for the pages");
    println!(
        "{:<18} {:>10} {:>12} {:>14} {:>8} {:>14} {:>10}",
        "format", "bytes", "file ns/B", "import ns/B", "ratio", "4x page ns/B", "growth"
    );
    for (format, name, row, head, foot) in shapes() {
        let page = |n_rows: usize| {
            let rows: String = (0..n_rows).map(|n| row(n % 65_535 + 1)).collect();
            format!("{head}{rows}{foot}")
        };
        let (small, large) = (page(ROWS), page(4 * ROWS));
        let path = place.path().join(name);
        std::fs::write(&path, &small).expect("a page of some kilobytes");
        // Both are measured in turn, so that what slows the machine slows both.
        let (mut file, mut import, mut long) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            file.push(per_byte(small.len(), || read(&path)));
            import.push(per_byte(small.len(), || rows(&small, format)));
            long.push(per_byte(large.len(), || rows(&large, format)));
        }
        let (file, import, long) = (median(file), median(import), median(long));
        println!(
            "{name:<18} {:>10} {file:>12.2} {import:>14.1} {:>8.0} {long:>14.1} {:>10.2}",
            small.len(),
            import / file,
            long / import
        );
    }
}

type Shape = (
    Format,
    &'static str,
    fn(usize) -> String,
    &'static str,
    &'static str,
);

fn shapes() -> [Shape; 5] {
    [
        (
            Format::Markdown,
            "page.md",
            |port| format!("| {port} | TCP | web | store | Service number {port} |\n"),
            "| Port | Protocol | Source | Destination | Purpose |\n|--|--|--|--|--|\n",
            "",
        ),
        (
            Format::Html,
            "page.html",
            |port| {
                format!(
                    "<tr><td>{port}</td><td>TCP</td><td>web</td><td>store</td><td>Service number {port}</td></tr>\n"
                )
            },
            "<table><tr><th>Port</th><th>Protocol</th><th>Source</th><th>Destination</th><th>Purpose</th></tr>\n",
            "</table>",
        ),
        (
            Format::AsciiDoc,
            "page.adoc",
            |port| format!("|{port} |TCP |web |store |Service number {port}\n"),
            "[options=\"header\"]\n|===\n|Port |Protocol |Source |Destination |Purpose\n",
            "|===\n",
        ),
        (
            Format::ReStructuredText,
            "page.rst",
            |port| {
                format!(
                    "   * - {port}\n     - TCP\n     - web\n     - store\n     - Service number {port}\n"
                )
            },
            ".. list-table::\n   :header-rows: 1\n\n   * - Port\n     - Protocol\n     - Source\n     - Destination\n     - Purpose\n",
            "",
        ),
        (
            Format::Csv,
            "page.csv",
            |port| format!("{port},TCP,web,store,Service number {port}\n"),
            "Port,Protocol,Source,Destination,Purpose\n",
            "",
        ),
    ]
}

fn read(path: &Path) {
    black_box(std::fs::read(path).expect("the page that was just written"));
}

fn rows(page: &str, format: Format) {
    let document = document::read("page", page.as_bytes(), format);
    assert!(ROWS <= document.rows.len(), "every row is read");
    black_box(document);
}

fn per_byte(bytes: usize, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    nanoseconds(start.elapsed()) / f64::from(u32::try_from(bytes).unwrap_or(u32::MAX))
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
