//! The transport that a sentence gives all ports of its section that name none: `All ports are TCP unless stated otherwise.`

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::{
    row::Row,
    text::{regex, sentences},
};
use crate::transport::Transport;

static DEFAULT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^(?:\W*(?:note|please\ note|nb)\W+(?:that\ )?)?
        (?P<before>(?:unless|if\ not|except|where\ not)\ [^,]{1,60},\ )?
        (?P<all>all|every|each)?\ ?(?:of\ )?(?:the|these|this|those|its|their|our)?\ ?
        (?:[a-z]+\ ){0,2}?(?P<noun>ports?|protocols?|transports?|connections?|traffic|these|those|they)
        (?:\ (?:numbers?|listed|below|above|here|on\ this\ page|in\ (?:this|the)\ (?:table|list)|mentioned|shown|given|described)){0,3}
        \ (?:is|are|use|uses|run\ over|means?)\ (?:the\ |a\ |only\ |always\ |by\ default\ |over\ |on\ |all\ |assumed\ to\ be\ |considered\ )*
        (?P<transport>tcp|udp|sctp)(?:\ (?:ports?|protocols?|connections?|transport|only|based|by\ default))*
        (?P<behind>,?\ ?\(?(?:unless|except|if\ not|where\ not|otherwise)\b.{0,80})?[.:)]*$",
    )
});

/// The transport of all ports that a sentence names. One that leaves no exception has to be about all, or about the default.
fn of_sentence(sentence: &str) -> Option<Transport> {
    if MOST_LENGTH < sentence.len() || sentence.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let found = DEFAULT.captures(sentence)?;
    let lower = sentence.to_lowercase();
    let is_of_all = found.name("all").is_some()
        || lower.contains("default")
        || found.name("before").is_some()
        || found.name("behind").is_some();
    let transport = match found.name("transport")?.as_str().to_lowercase().as_str() {
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        _ => Transport::Sctp,
    };
    // Another one is named for some of them.
    let n_named = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| matches!(*word, "tcp" | "udp" | "sctp"))
        .count();
    (is_of_all && n_named == 1).then_some(transport)
}

/// Whether a sentence says which transport ports have that name none.
pub(super) fn is_meant(sentence: &str) -> bool {
    of_sentence(sentence).is_some()
}

/// What such sentences of a page say, by their sections.
#[derive(Default)]
pub(super) struct DefaultTransports(Vec<(Option<Arc<str>>, Transport)>);

impl DefaultTransports {
    /// Keeps what a paragraph or an item of a section says.
    pub(super) fn add(&mut self, section: Option<&Arc<str>>, text: &str) {
        if MOST_SENTENCES <= self.0.len()
            || !(text.contains("TCP") || text.contains("UDP") || text.contains("SCTP"))
        {
            return;
        }
        for sentence in sentences(text) {
            if let Some(transport) = of_sentence(sentence) {
                self.0.push((section.cloned(), transport));
            }
        }
    }

    /// Gives rows that name no transport the one of their section, or of the nearest around it.
    pub(super) fn apply(&self, rows: &mut [Row]) {
        if self.0.is_empty() {
            return;
        }
        for row in rows {
            let is_open = row.transport_inferred && row.protocol.is_none() && !row.ports.is_empty();
            if let Some(transport) = self.of(row.section.as_deref()).filter(|_| is_open)
                && (*row.transport == [transport] || *row.transport == [Transport::Tcp])
            {
                let fields = Arc::make_mut(&mut row.fields);
                fields.transport = [transport].into();
                fields.transport_inferred = false;
            }
        }
    }

    fn of(&self, section: Option<&str>) -> Option<Transport> {
        let around = self
            .0
            .iter()
            .filter(|(of, _)| match (of.as_deref(), section) {
                (None, _) => true,
                (Some(of), Some(section)) => section
                    .strip_prefix(of)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(" / ")),
                (Some(_), None) => false,
            });
        around
            .max_by_key(|(of, _)| of.as_deref().map_or(0, str::len))
            .map(|(_, transport)| *transport)
    }
}

/// A longer sentence says more.
const MOST_LENGTH: usize = 160;

/// So many sections have a default of their own.
const MOST_SENTENCES: usize = 256;

#[cfg(test)]
mod tests {
    use super::of_sentence;
    use crate::transport::Transport;

    #[test]
    fn sentences_about_all_ports() {
        for sentence in [
            "All ports are UDP unless stated otherwise.",
            "Unless otherwise noted, all ports are UDP.",
            "The default transport is UDP unless otherwise specified.",
            "Unless specified otherwise, these ports use UDP.",
            "All connections use UDP (except where noted).",
            "Note: the ports listed below are UDP unless marked.",
            "All of these use UDP except where noted.",
            "All ports are UDP.",
        ] {
            assert_eq!(of_sentence(sentence), Some(Transport::Udp), "{sentence}");
        }
        for sentence in [
            "All UDP ports must be open.",
            "All ports are open for UDP traffic.",
            "All ports are TCP, but UDP is used by the Till.",
            "Port 7001 is UDP.",
            "The ports are UDP.",
            "All ports are configurable.",
        ] {
            assert_eq!(of_sentence(sentence), None, "{sentence}");
        }
    }
}
