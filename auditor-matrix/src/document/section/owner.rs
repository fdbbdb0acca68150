//! Whose ports follow, as the frame of a sentence says it, whatever the name: `Tills require the following ports:`, `These ports
//! are used by the Acme Store:`.

use std::sync::LazyLock;

use regex::Regex;

use super::is_noun_phrase;
use crate::document::{application_protocol, names::Names, text::regex};

static HAS_PORTS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x)^(?:The\ |Each\ |Every\ |All\ |An?\ )?(?P<who>[\w./-]+(?:\ [\w./-]+){0,4}?)\ (?:also\ )?
        (?:(?:additionally|also)\ )?(?:needs?|requires?|uses?|opens?|exposes?|has|have|makes?\ use\ of|listens?\ (?:on|to|at)|(?:must|should|can|may|will)\ (?:(?:additionally|also)\ )?(?:have|open|use|listen\ on))
        \ (?:the\ |these\ |this\ |all\ (?:of\ )?(?:the\ )?)?(?:(?:following|below|listed)\ )?(?:(?:[\w/-]+|and|or)\ ){0,4}?(?:ports?|protocols?)\b",
    )
});

static ARE_USED_BY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x)^(?:The|These|This|All)\ (?:[\w/-]+\ ){0,5}ports?\ (?:numbers\ )?(?:is|are|must\ be|should\ be|need\ to\ be)\ (?:all\ )?
        (?:used|needed|required|opened|exposed|occupied|reserved)\ (?:open\ )?by\ (?:the\ |each\ |every\ |all\ (?:the\ )?|an?\ )?(?P<who>[\w./-]+(?:\ [\w./-]+){0,4})$",
    )
});

/// `Ports used by the Acme Store`, `the ports that tills listen on`, at the end of a title or of what leads to a list.
static PORTS_OF: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x)\b[Pp]orts?\ (?:numbers\ |ranges\ )?
        (?:(?:(?:(?:that|which)\ are\ )?(?:used|needed|required|opened|exposed|occupied)\ by|of)\ (?:the\ |each\ |every\ |all\ (?:the\ )?|an?\ )?(?P<who>[\w./-]+(?:\ [\w./-]+){0,3}?)
        |(?:that\ |which\ )?(?:the\ |each\ |every\ |all\ (?:the\ )?|an?\ )?(?P<that>[\w./-]+(?:\ [\w./-]+){0,3}?)\ (?:uses?|needs?|requires?|opens?|exposes?|listens?\ (?:on|to|at)))
        (?:\ (?:is|are)(?:\ (?:as\ follows|these))?)?$",
    )
});

/// `the outbound ports that are required for tills to work`
static NEEDED_FOR: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x)\b[Pp]orts?\ (?:(?:that|which)\ (?:are|is|must\ be)\ )?(?:opened?\ )?(?:[a-z]{2,}ed|necessary)\ (?:for|by)\ (?:the\ |each\ |every\ |all\ (?:the\ )?|an?\ )?
        (?P<who>[\w./-]+(?:\ [\w./-]+){0,3}?)\ to\ (?:be\ able\ to\ |fully\ |properly\ |correctly\ )?(?:work|function|operate|run|connect|communicate|reach|access)\b",
    )
});

/// `certain ports on your tills must be open to allow ...`
static OPEN_ON: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x)\b[Pp]orts?\ (?:[\w/-]+\ ){0,3}?(?:on|of)\ (?:the\ |your\ |each\ |every\ |all\ (?:the\ |your\ )?|an?\ )(?P<who>[\w./-]+(?:\ [\w./-]+){0,3}?)
        \ (?:must|should|needs?\ to|ha(?:s|ve)\ to)\ be\ (?:open|opened|accessible|reachable|available|allowed|unblocked)\b",
    )
});

/// On which machines a sentence says that ports must be open.
pub(in crate::document) fn open_on(sentence: &str, names: &Names) -> Option<String> {
    let found = OPEN_ON.captures(sentence)?;
    let who = found.name("who")?.as_str();
    (!is_no_owner(who) && is_noun_phrase(who, names)).then(|| who.to_owned())
}

/// Who needs the ports that a sentence is about to work: `the outbound ports that are required for tills to work`.
pub(in crate::document) fn needing(sentence: &str, names: &Names) -> Option<String> {
    let found = NEEDED_FOR.captures(sentence)?;
    let who = found.name("who")?.as_str();
    (!is_no_owner(who) && is_noun_phrase(who, names)).then(|| who.to_owned())
}

/// Whose ports a sentence says to follow.
pub(in crate::document) fn owner(sentence: &str, names: &Names) -> Option<String> {
    let sentence = sentence.trim().trim_end_matches([':', '.']);
    // `On all network interfaces, the Ledger may use the following ports`
    let sentence = ["On ", "In ", "At ", "For ", "By default, "]
        .iter()
        .find(|lead| sentence.starts_with(**lead))
        .and_then(|_| sentence.split_once(", "))
        .map_or(sentence, |(_, rest)| rest);
    let follows = ["following", "below", "these ", "this table", "listed"]
        .iter()
        .any(|word| sentence.to_lowercase().contains(word));
    let found = HAS_PORTS
        .captures(sentence)
        .or_else(|| ARE_USED_BY.captures(sentence))
        .filter(|_| follows)
        .or_else(|| PORTS_OF.captures(sentence))?;
    let who = found.name("who").or_else(|| found.name("that"))?.as_str();
    let who = without_release(who);
    (!is_no_owner(who) && is_noun_phrase(who, names)).then(|| who.to_owned())
}

/// Whether words stand for nobody who has ports.
fn is_no_owner(who: &str) -> bool {
    // `ports of various projects`: each of them has its own.
    let is_of_each = ["various ", "different ", "several ", "multiple ", "many "]
        .iter()
        .any(|many| who.to_lowercase().starts_with(many));
    let n_words = who.split(' ').count();
    let mut before = "";
    is_of_each
        || who.split([' ', '-']).any(|word| {
            let lower = word.to_lowercase();
            // `Acme Store Software` is a name; `Acme software` and `software` are none.
            let is_part = matches!(
                lower.as_str(),
                "software" | "system" | "solution" | "application"
            ) && [before, word]
                .iter()
                .all(|word| word.starts_with(char::is_uppercase));
            before = word;
            let word = lower.as_str();
            ABSTRACT.contains(&word) && !is_part
                || word.contains(|c: char| c.is_ascii_digit())
                // `Vault Enterprise Software` is named after what it speaks; `Vault traffic` is not.
                || n_words < 3 && application_protocol::transports(word).is_some()
        })
}

/// A name without the release of it that a page is written for: `current Acme Store release`.
fn without_release(who: &str) -> &str {
    let Some(rest) = ["current ", "latest ", "present "]
        .iter()
        .find_map(|adjective| who.strip_prefix(adjective))
    else {
        return who;
    };
    [" release", " version", " edition"]
        .iter()
        .find_map(|noun| rest.strip_suffix(noun))
        .unwrap_or(rest)
}

/// Who reads the page, what the page is, and what happens: none of them has a port.
const ABSTRACT: &[&str] = &[
    "please",
    "default",
    "windows",
    "linux",
    "backup",
    "you",
    "we",
    "they",
    "it",
    "this",
    "that",
    "these",
    "those",
    "there",
    "everyone",
    "following",
    "customers",
    "customer",
    "administrators",
    "administrator",
    "people",
    "organization",
    "organizations",
    "table",
    "tables",
    "section",
    "page",
    "list",
    "document",
    "guide",
    "topic",
    "chapter",
    "deployment",
    "deployments",
    "installation",
    "installations",
    "installer",
    "setup",
    "configuration",
    "configurations",
    "feature",
    "features",
    "integration",
    "integrations",
    "environment",
    "environments",
    "scenario",
    "scenarios",
    "operation",
    "operations",
    "network",
    "networks",
    "firewall",
    "firewalls",
    "traffic",
    "communication",
    "communications",
    "connection",
    "connections",
    "protocol",
    "protocols",
    "ports",
    "port",
    "process",
    "system",
    "systems",
    "software",
    "product",
    "products",
    "solution",
    "application",
    "applications",
    "program",
    "programs",
    "component",
    "components",
    "service",
    "services",
    "below",
    "functions",
    "function",
    "functionality",
    "replication",
    "monitoring",
    "rules",
    "rule",
    "group",
    "groups",
];

#[cfg(test)]
mod tests {
    use super::owner;
    use crate::document::names::Names;

    #[test]
    fn whose_ports_follow() {
        let check = |sentence: &str, expected: &str| {
            let found = owner(sentence, &Names::default());
            assert_eq!(found.as_deref().unwrap_or("-"), expected, "{sentence}");
        };
        check("Tills require the following ports:", "Tills");
        check("The Acme Store uses these TCP ports:", "Acme Store");
        check("Each till listens on the following port:", "till");
        check(
            "The store must have the following inbound TCP ports open:",
            "store",
        );
        check("These ports are used by the Acme Store:", "Acme Store");
        check("The following ports must be opened by every till.", "till");
        check("Ports used by Acme Store", "Acme Store");
        check("This lists the ports that tills listen on:", "tills");
        check(
            "The table below shows ports the Acme Store uses:",
            "Acme Store",
        );
        check("Ports and port ranges used by Acme Store", "Acme Store");
        check(
            "The current Acme Store release uses the following ports by default:",
            "Acme Store",
        );
        check("Ports used by Acme Store Software", "Acme Store Software");
        check("Ports used by software", "-");
        check("Ports used by you", "-");
        check("Ports used by default", "-");
        check("Please open the following ports:", "-");
        check("Version 5 uses the following ports:", "-");
        check("TLS requires the following ports:", "-");
        check("Ports used by this feature", "-");
        // Who reads, what is read, and what happens has no port.
        check("You need the following ports:", "-");
        check("This table requires the following ports:", "-");
        check("Most deployments use these ports:", "-");
        check("The following ports are required:", "-");
        check("Tills require a port.", "-");
        check("Tills require access to the following hosts:", "-");
        check("The following ports are used by different functions:", "-");
    }
}
