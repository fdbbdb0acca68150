//! The demo's report as a picture for the README.

use std::{fmt::Write as _, fs};

use anyhow::Context as _;

use crate::shell::{root, say};

/// Characters in a line of the picture, and the size of a character in pixels.
const COLUMNS: usize = 118;
const WIDTH: usize = 7;
const HEIGHT: usize = 17;
/// Lines of the picture: the report is longer, but what matters most comes first.
const LINES: usize = 40;

/// Draws `target/demo/report.txt`, which the demo has written, to `docs/report.svg`.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = root();
    let report = fs::read_to_string(root.join("target/demo/report.txt"))
        .context("there is no target/demo/report.txt: run `cargo xtask demo` first")?;
    let mut lines: Vec<String> = report.lines().flat_map(wrap).collect();
    if LINES < lines.len() {
        lines.truncate(LINES);
        lines.push("…".to_owned());
    }
    let path = root.join("docs/report.svg");
    fs::write(&path, draw(&lines)?).with_context(|| format!("cannot write {}", path.display()))?;
    say(&format!("picture: {}", path.display()));
    Ok(())
}

/// Breaks a line between words; continuation lines are indented further.
fn wrap(line: &str) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    let mut lines = vec![" ".repeat(indent)];
    for word in line.split(' ').skip_while(|word| word.is_empty()) {
        let Some(last) = lines.last_mut() else { break };
        if COLUMNS < last.chars().count() + 1 + word.chars().count() && !last.trim().is_empty() {
            lines.push(format!("{}{word}", " ".repeat(indent + 4)));
            continue;
        }
        if !last.trim().is_empty() {
            last.push(' ');
        }
        last.push_str(word);
    }
    lines
}

fn draw(lines: &[String]) -> anyhow::Result<String> {
    let (width, height) = ((COLUMNS + 4) * WIDTH, (lines.len() + 2) * HEIGHT);
    let mut svg = String::new();
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">"
    )?;
    writeln!(
        svg,
        "<title>A report of the auditor on the demo's cluster</title>"
    )?;
    writeln!(
        svg,
        "<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#14181f\"/>"
    )?;
    writeln!(
        svg,
        "<g font-family=\"ui-monospace, 'DejaVu Sans Mono', monospace\" font-size=\"11.6\">"
    )?;
    for (line, number) in lines.iter().zip(2..) {
        let colour = match line.trim_start() {
            text if text.starts_with("unexpected")
                || text.starts_with("missing")
                || text.contains("violation") =>
            {
                "#ff8f80"
            }
            text if text.starts_with("unanswered") || text.starts_with("refused") => "#ffc66d",
            text if text == "Violations" || text == "Warnings" || text == "Notes" => "#ffffff",
            _ => "#c3cad6",
        };
        // SVG would fold plain spaces into one.
        let text = line
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace(' ', "\u{a0}");
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" fill=\"{colour}\">{text}</text>",
            2 * WIDTH,
            number * HEIGHT
        )?;
    }
    svg.push_str("</g>\n</svg>\n");
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The demo's figures differ from run to run, so the test takes the lines of the stored picture, and drawing them must
    /// give that picture again.
    #[test]
    fn the_picture_is_drawn_as_here() {
        let drawn = fs::read_to_string(root().join("docs/report.svg")).unwrap();
        let lines: Vec<String> = drawn
            .lines()
            .filter_map(|line| Some(line.strip_suffix("</text>")?.split_once('>')?.1))
            .map(|text| {
                text.replace('\u{a0}', " ")
                    .replace("&lt;", "<")
                    .replace("&amp;", "&")
            })
            .collect();
        assert!(10 < lines.len());
        assert_eq!(
            draw(&lines).unwrap(),
            drawn,
            "draw it with `cargo xtask demo` and `cargo xtask picture`"
        );
    }
}
