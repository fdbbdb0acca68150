//! Many that talk to each other, by one plural name: `between all nodes of the cluster`.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::{names::Names, section, text::regex};

static AMONG: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:between|among|amongst) (?:(?:all|the|each|every|any|your|of) )*(?P<head>[\w./-]+(?: [\w./-]+){0,3}?)(?P<where> (?:in|of|on|at|within|inside) (?:the |a |an |your |each )?[\w./-]+(?: [\w./-]+){0,3})?(?:[,.;:]|$| (?:for|so|to|when|if|over|via|using|must|should|have|need|are|is|as|by|with)\b)",
    )
});

/// `for inbound and outbound communication of both nodes`: what comes into one of two goes out of the other.
static OF_BOTH: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:inbound|incoming) and (?:outbound|outgoing)\b.* (?:for|on|of|at) both (?P<head>[\w./-]+(?: [\w./-]+){0,2}?)(?:[,.;:]|$)",
    )
});

/// `intra-cluster communication`, `inter-node traffic`
static WITHIN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:intra|inter)-?(?P<what>cluster|node|server|host|broker|peer|site|member|replica)s? (?:communications?|traffic|connections?|messages|replication)\b",
    )
});

/// The machines that talk to each other: one plural name behind `between`.
pub(super) fn among(sentence: &str, names: &Names) -> Option<String> {
    if let Some(both) = of_both(sentence, names) {
        return Some(both);
    }
    let Some(found) = AMONG.captures(sentence) else {
        return within(sentence);
    };
    // "Firewalls between the machines" are there, whoever talks through them.
    let before = found
        .get(0)
        .and_then(|whole| sentence.get(..whole.start()))
        .unwrap_or_default()
        .trim_end()
        .to_lowercase();
    if before.ends_with("firewall") || before.ends_with("firewalls") {
        return None;
    }
    let head = found.name("head")?.as_str();
    let is_plural = head.ends_with('s') && !head.ends_with("ss");
    let is_one = !format!(" {head} ").to_lowercase().contains(" and ");
    let place = found.name("where").map_or("", |place| place.as_str());
    (is_plural && is_one && !place.contains(" and ") && section::names_machines(head, names))
        .then(|| format!("{head}{place}"))
}

/// Two that talk to each other, since what both let in and out is each other's.
pub(super) fn of_both(sentence: &str, names: &Names) -> Option<String> {
    let found = OF_BOTH.captures(sentence)?;
    let head = found.name("head")?.as_str().trim_end_matches('.');
    (head.ends_with('s') && section::names_machines(head, names)).then(|| head.to_owned())
}

/// The machines between whose own kind traffic goes: `intra-cluster communication`.
pub(super) fn within(sentence: &str) -> Option<String> {
    let what = WITHIN
        .captures(sentence)?
        .name("what")?
        .as_str()
        .to_lowercase();
    // Of a cluster its nodes talk to each other.
    Some(if what == "cluster" {
        "cluster nodes".to_owned()
    } else {
        format!("{what}s")
    })
}

#[cfg(test)]
mod tests {
    use super::{among, of_both};
    use crate::document::names::Names;

    #[test]
    fn both_let_each_other_in() {
        let names = Names::default();
        for sentence in [
            "These ports must be enabled for inbound and outbound communication for both nodes.",
            "Open these for incoming and outgoing traffic on both nodes:",
        ] {
            assert_eq!(
                of_both(sentence, &names).as_deref(),
                Some("nodes"),
                "{sentence}"
            );
            assert_eq!(
                among(sentence, &names).as_deref(),
                Some("nodes"),
                "{sentence}"
            );
        }
        for sentence in [
            "These ports must be enabled for inbound communication on both nodes.",
            "Open these for inbound and outbound traffic on the node:",
        ] {
            assert_eq!(of_both(sentence, &names), None, "{sentence}");
        }
    }
}
