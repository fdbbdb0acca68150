//! Sections for different ways to deploy a product: `SaaS` beside `On-premises`. A reader has one of them, so what stands below such
//! a heading holds under the condition that it names.

use super::block::{Block, Content};

/// Marks the sections whose headings name nothing but a way to deploy, where one of the same level beside them names another.
pub(super) fn mark(blocks: &mut Vec<Block>) {
    let sections = sections(blocks);
    let is_alternative = |one: &Section| {
        let differs =
            |other: &Section| other.parent == one.parent && !same(&other.model, &one.model);
        sections
            .iter()
            .any(|other| other.level == one.level && differs(other))
    };
    // From the last to the first, so that the places before stay what they are.
    let mut marks: Vec<(usize, usize, Content)> = Vec::new();
    for section in sections.iter().filter(|section| is_alternative(section)) {
        let line = blocks.get(section.heading).map_or(0, |block| block.line);
        let model = Content::Condition(section.model.clone());
        marks.push((section.heading + 1, line, model));
        let last = blocks.get(section.end.saturating_sub(1));
        let line = last.map_or(line, |block| block.line);
        marks.push((section.end, line, Content::EndAlternative));
    }
    marks.sort_by_key(|(at, _, content)| (*at, matches!(content, Content::Condition(_))));
    for (at, line, content) in marks.into_iter().rev() {
        blocks.insert(at, Block { line, content });
    }
}

/// A section whose heading names a way to deploy.
struct Section {
    /// Where its heading is among the blocks, and where it ends.
    heading: usize,
    end: usize,
    level: u8,
    /// Where the heading is that it stands below.
    parent: Option<usize>,
    /// The way to deploy, as the heading has it.
    model: String,
}

fn sections(blocks: &[Block]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    // The headings above: where they are, and their levels.
    let mut above: Vec<(usize, u8)> = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let Content::Heading { level, text } = &block.content else {
            continue;
        };
        while above.last().is_some_and(|(_, over)| level <= over) {
            above.pop();
        }
        let is_open = |section: &&mut Section| section.end == blocks.len();
        for section in sections.iter_mut().filter(is_open) {
            if *level <= section.level {
                section.end = at;
            }
        }
        if let Some(model) = model(text)
            && sections.len() < MOST_SECTIONS
        {
            sections.push(Section {
                heading: at,
                end: blocks.len(),
                level: *level,
                parent: above.last().map(|(parent, _)| *parent),
                model,
            });
        }
        above.push((at, *level));
    }
    sections
}

/// More ways to deploy has no product; it bounds the time.
const MOST_SECTIONS: usize = 64;

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The way to deploy that a heading names, without the words that say that its ports follow; `None` if it names something else.
fn model(heading: &str) -> Option<String> {
    let kept: Vec<&str> = heading
        .trim_end_matches([':', '.'])
        .split_whitespace()
        .filter(|word| !is_topic(&bare(word)))
        .collect();
    let words: Vec<String> = kept.iter().map(|word| bare(word)).collect();
    if words.is_empty() || MOST_WORDS < words.len() {
        return None;
    }
    let is_pair = |at: usize| {
        let pair = [words.get(at), words.get(at + 1)];
        let [Some(one), Some(other)] = pair else {
            return false;
        };
        matches!(
            (one.as_str(), other.as_str()),
            ("high", "availability")
                | (
                    "single" | "multi" | "multiple",
                    "node" | "nodes" | "server" | "servers" | "instance" | "host" | "hosts"
                )
                | ("all-in", "one")
                | ("on", "premises" | "premise" | "prem")
                | ("stand", "alone")
                | ("self", "hosted")
        ) || one == "cluster" && GENERIC.contains(&other.as_str())
    };
    let is_part_of_pair = |at: usize| is_pair(at) || at.checked_sub(1).is_some_and(is_pair);
    let names_model = |at: usize, word: &str| MODELS.contains(&word) || is_part_of_pair(at);
    let each = || words.iter().map(String::as_str).enumerate();
    let is_whole = each().all(|(at, word)| names_model(at, word) || GENERIC.contains(&word));
    let names_one = each().any(|(at, word)| names_model(at, word));
    (is_whole && names_one).then(|| kept.join(" "))
}

/// A longer heading is about more than a way to deploy.
const MOST_WORDS: usize = 4;

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

/// Words that say that what follows is about ports.
fn is_topic(word: &str) -> bool {
    matches!(
        word,
        "" | "network"
            | "networks"
            | "networking"
            | "communication"
            | "communications"
            | "port"
            | "ports"
            | "protocol"
            | "protocols"
            | "firewall"
            | "firewalls"
            | "rule"
            | "rules"
            | "requirement"
            | "requirements"
            | "required"
            | "connectivity"
            | "traffic"
            | "and"
            | "for"
            | "the"
            | "in"
            | "a"
            | "an"
            | "of"
    )
}

const MODELS: &[&str] = &[
    "saas",
    "on-premises",
    "on-premise",
    "on-prem",
    "onprem",
    "self-hosted",
    "standalone",
    "stand-alone",
    "single-node",
    "single-server",
    "single-instance",
    "multi-node",
    "multinode",
    "multi-server",
    "clustered",
    "distributed",
    "all-in-one",
    "air-gapped",
    "airgapped",
    "cloud-hosted",
    "hosted",
    "ha",
    "high-availability",
    "highly-available",
];

const GENERIC: &[&str] = &[
    "deployment",
    "deployments",
    "installation",
    "installations",
    "install",
    "mode",
    "setup",
    "edition",
    "topology",
    "configuration",
    "environment",
    "architecture",
    "model",
];

#[cfg(test)]
mod tests {
    use super::{mark, model};
    use crate::document::block::{Block, Content, block_lines};

    #[test]
    fn headings_that_name_a_way_to_deploy() {
        for (heading, expected) in [
            ("SaaS Network Communications and Ports", Some("SaaS")),
            (
                "Ports for a high availability deployment",
                Some("high availability deployment"),
            ),
            ("On-Premises", Some("On-Premises")),
            ("Single node installation", Some("Single node installation")),
            ("Cluster mode", Some("Cluster mode")),
            ("Cluster", None),
            ("Cluster nodes", None),
            ("Installation", None),
            ("Standalone Store server", None),
            ("Required ports", None),
        ] {
            assert_eq!(model(heading).as_deref(), expected, "{heading}");
        }
    }

    #[test]
    fn sections_of_different_ways() {
        let heading = |line, level, text: &str| Block {
            line,
            content: Content::Heading {
                level,
                text: text.to_owned(),
            },
        };
        let text = |line, text: &str| Block {
            line,
            content: Content::Text(text.to_owned()),
        };
        let mut blocks = vec![
            heading(1, 1, "Ports"),
            heading(2, 2, "Standalone"),
            text(3, "one"),
            heading(4, 3, "Store"),
            heading(5, 2, "HA setup"),
            text(6, "two"),
            heading(7, 2, "Further ports"),
        ];
        let mut lone = blocks.clone();
        lone.truncate(4);
        mark(&mut blocks);
        assert_eq!(
            block_lines(blocks),
            [
                "1 h1 Ports",
                "2 h2 Standalone",
                "2 alternative Standalone",
                "3 one",
                "4 h3 Store",
                "4 end of alternative",
                "5 h2 HA setup",
                "5 alternative HA setup",
                "6 two",
                "6 end of alternative",
                "7 h2 Further ports",
            ]
        );
        // Where there is no other, it is no alternative.
        mark(&mut lone);
        assert_eq!(lone.len(), 4);
    }
}
