//! Puts turns of phrase into the plain words that clauses are read by: `they` for whom the condition before names, and
//! `get to` for `connect to`.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use crate::document::text::regex;

/// `If you need remote users to change something, they must ...`
static NEEDED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:similarly,? |likewise,? |also,? )?(?P<condition>(?:if|when) (?:you|we) (?:need|want|wish|require|would like) (?P<who>[\w'-]+(?: [\w'-]+){0,3}?) to [^,]+, )they\b",
    )
});

/// `get to the Core`, `gets through to the Core`; `get to know` is none.
static REACH: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?P<verb>get|gets|getting)(?: through)? to (?P<what>the|a|an|your|any|all|its|our|each|[A-Z])",
    )
});

/// `The default port used by the Core to listen for requests is 6817`, `The port on which the Core listens is 6817`.
static LISTENING_PORT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:by default,? )?the (?:default |standard )?(?P<transport>(?:tcp |udp )?)port (?:(?:that is )?used by (?P<by>[^,.]{1,60}?) to listen|(?:that |on which |where )?(?P<who>[^,.]{1,60}?) listens(?: on| at)?)(?P<more>(?: (?:for|to) [^,]+?)?) is (?:by default )?(?P<port>(?:port )?\d+)\b",
    )
});

/// `let the probes reach the Core`, `lets agents through to the Core`
static LET: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?P<let>[Ll]et|lets|letting) (?P<who>(?:[\w'-]+ ){1,5}?)(?:(?P<passes>through|pass|in) to (?P<article>the |a |an |your |all |each |any )|(?P<verb>reach|access|connect|contact|talk|query|call) )",
    )
});

/// `towards the Core`
static TOWARDS: LazyLock<Regex> = LazyLock::new(|| regex(r"\btowards? "));

/// `Every night the Core pulls ...`, `Once a day, the Core pulls ...`, `In turn, the Core pulls ...`: when, and nothing of who.
static WHEN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:(?:Every|Each) (?:\w+ )?(?:second|minute|hour|night|day|morning|evening|week|month|weekend|quarter)s?|(?:Once|Twice) (?:a|an|per|every) (?:second|minute|hour|night|day|week|month|year)|At (?:night|midnight|noon|startup|boot|start-up)|From time to time|Now and then|In turn|In return|After that|Daily|Hourly|Weekly|Nightly|Periodically|Currently|Today|Nowadays|Usually|Normally|Typically|Generally|Additionally|Furthermore|Moreover),? (?P<next>the|a|an|all|each|every|your|it|they|[A-Z])",
    )
});

/// `The Core, in turn, queries ...`
static ASIDE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r", (?:in turn|in return|in addition|for (?:its|their) part|on the other hand|of course|in the end|as a rule|as usual), ",
    )
});

/// The sentence in plain words.
pub(super) fn rephrased(sentence: &str) -> Cow<'_, str> {
    if sentence.contains("toward") {
        return Cow::Owned(rephrased(&TOWARDS.replace_all(sentence, "to ")).into_owned());
    }
    if ASIDE.is_match(sentence) {
        return Cow::Owned(rephrased(&ASIDE.replace_all(sentence, " ")).into_owned());
    }
    if let Some(next) = WHEN.captures(sentence).and_then(|found| found.name("next")) {
        let rest = sentence.get(next.start()..).unwrap_or_default();
        return Cow::Owned(rephrased(rest).into_owned());
    }
    if let Some(found) = LET.captures(sentence) {
        return Cow::Owned(rephrased(&allowed(sentence, &found)).into_owned());
    }
    let listening = LISTENING_PORT.replace(sentence, |found: &regex::Captures<'_>| {
        let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
        format!(
            "{}{} listens on {}port {}{}",
            part("by"),
            part("who"),
            part("transport"),
            part("port").trim_start_matches(|c: char| !c.is_ascii_digit()),
            part("more")
        )
    });
    if let Cow::Owned(listening) = listening {
        return Cow::Owned(listening);
    }
    let needed = NEEDED.replace(sentence, "$condition$who");
    if !needed.contains("get") {
        return needed;
    }
    let replaced = REACH.replace_all(&needed, |found: &regex::Captures<'_>| {
        let verb = found.name("verb").map_or("", |verb| verb.as_str());
        let plain = match verb {
            "gets" => "connects",
            "getting" => "connecting",
            _ => "connect",
        };
        let what = found.name("what").map_or("", |what| what.as_str());
        format!("{plain} to {what}")
    });
    match replaced {
        Cow::Borrowed(_) => needed,
        Cow::Owned(replaced) => Cow::Owned(replaced),
    }
}

/// A sentence with `allow` for the `let` that was found.
fn allowed(sentence: &str, found: &regex::Captures<'_>) -> String {
    let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
    let allow = match part("let") {
        "Let" => "Allow",
        "lets" => "allows",
        "letting" => "allowing",
        _ => "allow",
    };
    let plain = if part("passes").is_empty() {
        format!("{allow} {}to {} ", part("who"), part("verb"))
    } else {
        format!("{allow} traffic from {}to {}", part("who"), part("article"))
    };
    let whole = found.get(0).map_or(0..0, |whole| whole.range());
    let (before, behind) = (sentence.get(..whole.start), sentence.get(whole.end..));
    [
        before.unwrap_or_default(),
        &plain,
        behind.unwrap_or_default(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::rephrased;

    #[test]
    fn plain_words() {
        let check = |sentence: &str, expected: &str| assert_eq!(rephrased(sentence), expected);
        check(
            "If you need remote users to change it, they must be able to get to your Gate.",
            "If you need remote users to change it, remote users must be able to connect to your Gate.",
        );
        check(
            "Nodes get through to the Gate.",
            "Nodes connect to the Gate.",
        );
        check(
            "The default port used by gated to listen for requests from the Edge is 6817.",
            "gated listens on port 6817 for requests from the Edge.",
        );
        check(
            "The TCP port that the Gate listens on is 6817 and may be changed.",
            "the Gate listens on TCP port 6817 and may be changed.",
        );
        check("They get to know it.", "They get to know it.");
        for when in ["Every night", "Once a day,", "In turn,", "Every two hours"] {
            check(
                &format!("{when} the Gate pulls prices from the Store."),
                "the Gate pulls prices from the Store.",
            );
        }
        check(
            "Every node reaches the Gate.",
            "Every node reaches the Gate.",
        );
        check(
            "The Gate, in turn, queries the Store.",
            "The Gate queries the Store.",
        );
        check(
            "The firewall must let the probes through to the Gate on TCP 80.",
            "The firewall must allow traffic from the probes to the Gate on TCP 80.",
        );
        check(
            "Letting them know lets the probes reach the Gate.",
            "Letting them know allows the probes to reach the Gate.",
        );
        check(
            "Tills need port 80 towards the Gate.",
            "Tills need port 80 to the Gate.",
        );
    }
}
