//! Who talks to whom, as a picture.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    f64::consts::TAU,
    fmt::{self, Write as _},
};

use super::{
    super::{
        schema::{Report, Severity},
        words::number,
    },
    pairs::{Cell, RolePairs},
    parts::{counted, pair_name},
};
use crate::escape::text;

/// Of more roles nobody sees who talks to whom.
const MOST_DRAWN: usize = 16;

/// How wide a line of a name may be.
const WIDEST_LINE: f64 = 176.0;
/// How high a line of a name is.
const LINE: f64 = 17.0;
/// From the end of a line to the tip of its arrow, which ends before a name.
const TIP: f64 = 7.0;

/// A role as it is drawn: the middle of its box, half of how wide and high that is, and its name in lines.
struct Node {
    middle: (f64, f64),
    half: (f64, f64),
    lines: Vec<String>,
}

impl Node {
    /// Where a line that comes from a point meets the box, or is so far before it.
    fn border(&self, from: (f64, f64), before: f64) -> (f64, f64) {
        let (x, y) = self.middle;
        let (dx, dy) = (from.0 - x, from.1 - y);
        let beyond = |half: f64, distance: f64| half / distance.abs().max(0.01);
        let part = beyond(self.half.0, dx).min(beyond(self.half.1, dy));
        let part = (part + before / dx.hypot(dy).max(1.0)).min(1.0);
        (x + dx * part, y + dy * part)
    }
}

/// The traffic between roles: an arrow from client to server for each pair that has any.
pub(super) fn diagram(report: &Report, out: &mut String) -> fmt::Result {
    let cells = RolePairs::of(report).cells(report);
    let talking: Vec<_> = cells.iter().filter(|(_, cell)| 0 < cell.flows).collect();
    let (names, n_left_out) = drawn(&talking);
    writeln!(out, "<section id=\"talk\">\n<h2>Who talks to whom</h2>")?;
    if names.is_empty() {
        writeln!(out, "<p>Nobody.</p>\n</section>")?;
        return Ok(());
    }
    let (nodes, height) = nodes(&names);
    let of_drawn: Vec<_> = talking
        .into_iter()
        .filter(|((client, server), _)| {
            names.contains(client.as_str()) && names.contains(server.as_str())
        })
        .collect();
    write!(
        out,
        "<p class=\"faint\">An arrow for each pair of roles that talked, from client to server, wider with ten times the packets; \
         choose one to see its flows."
    )?;
    if 0 < n_left_out {
        write!(
            out,
            " Drawn are the {MOST_DRAWN} roles with the worst findings and the most traffic; {} more talked, see the tables.",
            counted(n_left_out, "role")
        )?;
    }
    writeln!(
        out,
        "</p>\n<div class=\"picture\"><svg viewBox=\"0 0 800 {height:.0}\" role=\"group\" aria-label=\"{}\">",
        text(&described(&of_drawn))
    )?;
    for (class, id) in [("violation", "v"), ("warning", "w"), ("fine", "f")] {
        writeln!(
            out,
            "<defs><marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"3\" refY=\"4\" markerWidth=\"12\" markerHeight=\"12\" markerUnits=\"userSpaceOnUse\" \
             orient=\"auto-start-reverse\"><path d=\"M0 0 8 4 0 8z\" fill=\"var(--{class})\"/></marker></defs>"
        )?;
    }
    for ((client, server), cell) in of_drawn {
        if let (Some(from), Some(to)) = (nodes.get(client.as_str()), nodes.get(server.as_str())) {
            arrow(&pair_name(client, server), cell, (from, to), out)?;
        }
    }
    for (name, node) in &nodes {
        let ((x, y), (half_width, half_height)) = (node.middle, node.half);
        write!(
            out,
            "<g><title>{}</title><rect x=\"{:.0}\" y=\"{:.0}\" width=\"{:.0}\" height=\"{:.0}\" rx=\"6\" fill=\"var(--sheet)\" stroke=\"var(--line)\"/>",
            text(name),
            x - half_width,
            y - half_height,
            2.0 * half_width,
            2.0 * half_height
        )?;
        let mut baseline = y - half_height + LINE;
        for line in &node.lines {
            write!(
                out,
                "<text x=\"{x:.0}\" y=\"{baseline:.0}\" text-anchor=\"middle\">{}</text>",
                text(line)
            )?;
            baseline += LINE;
        }
        writeln!(out, "</g>")?;
    }
    writeln!(out, "</svg></div>\n</section>")
}

/// The roles that are drawn, and how many are not: the worst and those that talk most come first.
fn drawn<'a>(talking: &[(&'a (String, String), &Cell)]) -> (BTreeSet<&'a str>, usize) {
    let mut weights: BTreeMap<&str, (Option<Severity>, u64)> = BTreeMap::new();
    for ((client, server), cell) in talking {
        for role in BTreeSet::from([client, server]) {
            let (worst, packets) = weights.entry(role).or_default();
            *worst = (*worst).max(cell.worst);
            *packets += cell.packets;
        }
    }
    let mut ranked: Vec<_> = weights.into_iter().collect();
    ranked.sort_by_key(|(_, weight)| Reverse(*weight));
    let n_left_out = ranked.len().saturating_sub(MOST_DRAWN);
    let first = ranked.into_iter().take(MOST_DRAWN);
    (first.map(|(role, _)| role).collect(), n_left_out)
}

/// The boxes of roles, in a ring, and how high the picture is: so that names at its top and its bottom stand apart.
fn nodes<'a>(names: &BTreeSet<&'a str>) -> (BTreeMap<&'a str, Node>, f64) {
    let lines: Vec<Vec<String>> = names.iter().map(|name| lines(name)).collect();
    let n_lines = lines.iter().map(Vec::len).max().unwrap_or(1);
    let highest = 11.0 + LINE * f64::from(u32::try_from(n_lines).unwrap_or(1));
    let count = u32::try_from(names.len()).unwrap_or(1);
    let step = TAU / f64::from(count.max(4));
    let radius = (highest / (1.0 - step.cos())).max(140.0);
    let middle = radius + 90.0;
    let nodes = names
        .iter()
        .zip(lines)
        .zip(0_u32..)
        .map(|((name, lines), n)| {
            let angle = TAU * f64::from(n) / f64::from(count) - TAU / 4.0;
            let widest = lines.iter().map(|line| width(line)).fold(0.0, f64::max);
            let n_lines = f64::from(u32::try_from(lines.len()).unwrap_or(1));
            let node = Node {
                middle: (400.0 + 280.0 * angle.cos(), middle + radius * angle.sin()),
                half: (7.0 + widest / 2.0, 3.5 + LINE * n_lines / 2.0),
                lines,
            };
            (*name, node)
        })
        .collect();
    (nodes, 2.0 * middle - 50.0)
}

/// A name in two lines at most, broken between its words if it can be.
fn lines(name: &str) -> Vec<String> {
    if width(name) <= WIDEST_LINE {
        return vec![name.to_owned()];
    }
    let (first, rest) = name.split_at(fitting(name));
    let at = first
        .rfind(|c: char| !c.is_alphanumeric())
        .filter(|at| 0 < *at)
        .and_then(|at| Some(at + first.get(at..)?.chars().next()?.len_utf8()));
    let (first, rest) = match at {
        Some(at) => name.split_at(at),
        None => (first, rest),
    };
    let rest = rest.trim_start();
    let rest = if width(rest) <= WIDEST_LINE {
        rest.to_owned()
    } else {
        let (shown, _) = rest.split_at(fitting(rest));
        format!("{}\u{2026}", shown.trim_end())
    };
    vec![first.trim_end().to_owned(), rest]
}

/// How much of a text fits a line, in bytes.
fn fitting(text: &str) -> usize {
    let mut taken = 0.0;
    let is_beyond = |c: char| {
        taken += width_of(c);
        WIDEST_LINE < taken
    };
    text.find(is_beyond).unwrap_or(text.len())
}

fn width(text: &str) -> f64 {
    text.chars().map(width_of).sum()
}

/// How wide a letter is, at most: those of Chinese, Japanese and Korean are as wide as they are high.
fn width_of(letter: char) -> f64 {
    if letter < '\u{1100}' { 8.0 } else { 14.0 }
}

fn arrow(pair: &str, cell: &Cell, (from, to): (&Node, &Node), out: &mut String) -> fmt::Result {
    let (class, marker) = match cell.worst {
        Some(Severity::Violation) => ("violation", "v"),
        Some(Severity::Warning) => ("warning", "w"),
        Some(Severity::Note | Severity::Fine) | None => ("fine", "f"),
    };
    // Ten times the traffic makes the line thicker.
    let width = 1.0 + 0.7 * f64::from(cell.packets.checked_ilog10().unwrap_or_default());
    let pair = text(pair);
    let said = format!(
        "{pair}: {}, {} packets",
        counted(cell.flows, "flow"),
        number(cell.packets)
    );
    write!(
        out,
        "<a href=\"#flows\" data-pair=\"{pair}\" aria-label=\"{said}\"><title>{said}</title>"
    )?;
    let ((x1, y1), (x2, y2)) = (from.middle, to.middle);
    let line = if x1.to_bits() == x2.to_bits() && y1.to_bits() == y2.to_bits() {
        let top = y1 - from.half.1;
        format!("M{:.0} {top:.0} c-46 -56 62 -56 20 -{TIP}", x1 - 10.0)
    } else {
        // The line is bent, so that both directions between two roles are visible, and ends before the names.
        let (dx, dy) = (x2 - x1, y2 - y1);
        let bend = (x1.midpoint(x2) - dy * 0.12, y1.midpoint(y2) + dx * 0.12);
        let (sx, sy) = from.border(bend, 0.0);
        let (ex, ey) = to.border(bend, TIP);
        format!(
            "M{sx:.0} {sy:.0} Q{:.0} {:.0} {ex:.0} {ey:.0}",
            bend.0, bend.1
        )
    };
    writeln!(
        out,
        "<path d=\"{line}\" fill=\"none\" stroke=\"var(--{class})\" stroke-width=\"{width:.1}\" marker-end=\"url(#{marker})\"/></a>"
    )
}

/// The diagram in words.
fn described(talking: &[(&(String, String), &Cell)]) -> String {
    let pairs: Vec<String> = talking
        .iter()
        .map(|((client, server), cell)| {
            format!("{client} to {server}: {}", counted(cell.flows, "flow"))
        })
        .collect();
    pairs.join("; ")
}

#[cfg(test)]
mod tests {
    use super::{Node, WIDEST_LINE, lines, width};

    #[test]
    fn names_fit_their_boxes() {
        for (name, n_lines) in [
            ("web", 1),
            ("database replica", 1),
            ("Customer-managed Kubernetes control plane nodes", 2),
            ("Externalized_Object_Storage_Gateway_Without_A_Space", 2),
            (
                "\u{30e1}\u{30a4}\u{30f3}\u{30c7}\u{30fc}\u{30bf}\u{30d9}\u{30fc}\u{30b9}\u{30b5}\u{30fc}\u{30d0}\u{30fc}",
                2,
            ),
            (&"x".repeat(300), 2),
        ] {
            let lines = lines(name);
            assert_eq!(lines.len(), n_lines, "{lines:?}");
            for line in &lines {
                // The sign that something is left out has room.
                assert!(width(line) <= WIDEST_LINE + 14.0, "{line}");
            }
            let whole = lines.concat().replace([' ', '\u{2026}'], "");
            assert!(name.replace(' ', "").starts_with(&whole), "{lines:?}");
        }
    }

    #[test]
    fn arrows_end_before_names() {
        let node = Node {
            middle: (100.0, 100.0),
            half: (50.0, 12.0),
            lines: Vec::new(),
        };
        assert_eq!(node.border((300.0, 100.0), 0.0), (150.0, 100.0));
        assert_eq!(node.border((300.0, 100.0), 10.0), (160.0, 100.0));
        assert_eq!(node.border((100.0, 0.0), 0.0), (100.0, 88.0));
    }
}
