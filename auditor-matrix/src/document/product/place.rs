//! How a sentence speaks of a name: as of what has the ports, as of what is set up, or by the way.

use crate::document::section::is_machine;

/// How a sentence speaks of a name.
pub(super) enum Place {
    /// `This section lists the ports of Ledger`, `To install Ledger, open the following ports`
    IsTold,
    /// `ports used by Ledger`, `ports of Ledger`, `Ledger ports`, `Ledger uses the following ports`
    HasPorts,
    /// `a firewall for Ledger`, `install Ledger`, `Ledger servers`
    Concerned,
    Mentioned,
}

impl Place {
    /// Each place of a sentence where the name stands.
    pub(super) fn all(sentence: &str, name: &str) -> Vec<Self> {
        let mut places = Vec::new();
        for (at, _) in sentence.match_indices(name).take(MOST_PLACES) {
            let before = sentence.get(..at).unwrap_or_default();
            let behind = sentence.get(at + name.len()..).unwrap_or_default();
            let is_whole = !before.ends_with(char::is_alphanumeric)
                && !behind.starts_with(char::is_alphanumeric);
            if is_whole {
                places.push(Self::of(before, behind));
            }
        }
        places
    }

    fn of(before: &str, behind: &str) -> Self {
        let lower = before.to_lowercase();
        let earlier: Vec<&str> = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let lower = behind.to_lowercase();
        let later: Vec<&str> = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty() && *word != "s")
            .take(LATER_WORDS)
            .collect();
        let speaks_of_ports = |words: &[&str]| {
            words
                .iter()
                .any(|word| matches!(*word, "port" | "ports" | "listens" | "listen"))
        };
        // Behind `the`, `different`, `default` the preposition still governs the name.
        let governing = earlier.iter().rev().take(EARLIER_WORDS).position(|word| {
            matches!(
                *word,
                "by" | "of" | "for" | "run" | "in" | "on" | "with" | "to" | "from"
            )
        });
        let governor = governing.and_then(|back| earlier.get(earlier.len() - 1 - back).copied());
        let has_ports_before = speaks_of_ports(&earlier);
        // `ports of Ledger tools for Podium`: what the tools are for has none of these ports.
        let is_of_another = governor == Some("for")
            && governing.is_some_and(|back| {
                let noun = earlier.len().checked_sub(back + 2);
                noun.and_then(|at| earlier.get(at)).is_some_and(|noun| {
                    matches!(
                        *noun,
                        "tools"
                            | "tool"
                            | "plugin"
                            | "plugins"
                            | "connector"
                            | "agent"
                            | "agents"
                            | "driver"
                            | "extension"
                            | "integration"
                            | "adapter"
                            | "module"
                            | "pack"
                            | "in"
                    )
                })
            });
        if is_of_another {
            return Self::Mentioned;
        }
        // `This page describes the ports used by ...`
        let tells = earlier.iter().take(FIRST_WORDS).any(|word| {
            matches!(
                *word,
                "section"
                    | "page"
                    | "document"
                    | "article"
                    | "chapter"
                    | "topic"
                    | "guide"
                    | "appendix"
                    | "table"
                    | "tables"
                    | "list"
            )
        }) || earlier.iter().take(2).any(|word| *word == "following");
        let installs = earlier.last().is_some_and(|verb| {
            matches!(
                *verb,
                "install" | "installing" | "deploy" | "deploying" | "operate" | "operating"
            )
        });
        // `To allow Ledger to register tills, ensure connectivity to ...`
        let is_allowed = later.first() == Some(&"to")
            && earlier.len() <= FIRST_WORDS
            && earlier
                .last()
                .is_some_and(|verb| matches!(*verb, "allow" | "enable" | "permit"))
            && ["port", "firewall", "connectivity"]
                .iter()
                .any(|word| lower.contains(word));
        match (governor, later.as_slice()) {
            _ if is_allowed => Self::IsTold,
            (Some("by" | "of" | "for"), _) if tells && has_ports_before => Self::IsTold,
            // `This page describes the ports that Ledger uses`
            (_, [verb, ..] | [_, verb, ..])
                if tells
                    && has_ports_before
                    && matches!(*verb, "uses" | "needs" | "requires" | "opens" | "listens") =>
            {
                Self::IsTold
            }
            // `Before deploying Ledger, make sure that your firewall ...`
            _ if installs
                && earlier.len() <= FIRST_WORDS
                && (speaks_of_ports(&later)
                    || later
                        .iter()
                        .any(|word| matches!(*word, "firewall" | "firewalls"))) =>
            {
                Self::IsTold
            }
            (_, [verb, ..])
                if matches!(
                    *verb,
                    "uses"
                        | "requires"
                        | "needs"
                        | "listens"
                        | "opens"
                        | "exposes"
                        | "communicates"
                        | "accepts"
                        | "runs"
                        | "serves"
                        | "use"
                        | "require"
                        | "need"
                ) && (has_ports_before
                    || speaks_of_ports(&later)
                    || lower.contains("following")) =>
            {
                Self::HasPorts
            }
            (Some("by" | "of" | "for" | "run"), _) if has_ports_before => Self::HasPorts,
            // `Make sure that the firewall allows Ledger inbound access`
            (_, [way, ..])
                if behind.starts_with([' ', '`'])
                    && matches!(*way, "inbound" | "outbound" | "incoming" | "outgoing") =>
            {
                Self::HasPorts
            }
            // `the Ledger port` is one of several, and need not be of whom the page is about.
            (_, [noun, ..] | [_, noun, ..]) if *noun == "ports" => Self::HasPorts,
            (_, [noun, ..] | [_, noun, ..]) if *noun == "port" => Self::Concerned,
            (_, [noun, ..])
                if is_machine(noun)
                    || matches!(*noun, "cluster" | "clusters" | "firewall" | "network") =>
            {
                Self::Concerned
            }
            (Some("for" | "of" | "run"), _) => Self::Concerned,
            _ if earlier.last().is_some_and(|verb| {
                matches!(
                    *verb,
                    "install"
                        | "installing"
                        | "deploy"
                        | "deploying"
                        | "secure"
                        | "securing"
                        | "running"
                )
            }) =>
            {
                Self::Concerned
            }
            _ => Self::Mentioned,
        }
    }

    pub(super) const fn weight(&self, is_heading: bool) -> usize {
        match (self, is_heading) {
            (Self::IsTold, _) => 6,
            (Self::HasPorts, true) => 5,
            (Self::HasPorts, false) => 3,
            (Self::Concerned, true) => 2,
            (Self::Concerned, false) => 1,
            (Self::Mentioned, _) => 0,
        }
    }
}

/// More places of one name in a sentence say nothing more.
const MOST_PLACES: usize = 8;

/// So many words behind a name tell what it does.
const LATER_WORDS: usize = 8;

/// What a sentence is about stands among so many words.
const FIRST_WORDS: usize = 4;

/// So many words before a name may stand between it and its preposition.
const EARLIER_WORDS: usize = 4;
