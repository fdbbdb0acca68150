//! The closed classes of English words by which a clause is taken apart, and the verbs of traffic.

/// What a verb says of its subject.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verb {
    /// The subject opens the conversation, to the object or to what follows `to` or `with`: connect, reach.
    Ask,
    /// The subject opens the conversation and hands something over: send X to, push X to, pull X from.
    Transfer,
    /// The subject is asked, by what follows `from`: listen, accept, receive.
    Serve,
    /// Somebody opens a port or allows a connection: open, allow, permit.
    Open,
    /// Somebody closes a port or denies a connection: block, deny.
    Close,
    /// The subject has to do with a port, whichever way: use, need.
    Use,
}

/// The class of a verb in any of its forms.
pub(super) fn verb(lower: &str) -> Option<Verb> {
    stems(lower).find_map(stem_class)
}

/// Whether a word is a participle, as in `is used`, `are opened`.
pub(super) fn is_participle(lower: &str) -> bool {
    lower.ends_with("ed") || matches!(lower, "sent" | "open" | "read" | "written" | "shut")
}

fn stem_class(stem: &str) -> Option<Verb> {
    Some(match stem {
        "communicate" | "exchange" | "connect" | "talk" | "speak" | "reach" | "access"
        | "contact" | "query" | "call" | "poll" | "scrape" | "ping" | "authenticate"
        | "register" | "report" | "sync" | "synchronize" | "synchronise" | "replicate"
        | "subscribe" | "interact" | "join" | "discover" | "monitor" | "log" | "request"
        | "dial" | "check" | "tunnel" | "manage" => Verb::Ask,
        "send" | "sent" | "forward" | "push" | "upload" | "ship" | "stream" | "transfer"
        | "deliver" | "export" | "publish" | "post" | "write" | "emit" | "submit" | "initiate"
        | "establish" | "issue" | "make" | "pull" | "download" | "fetch" | "retrieve" | "read"
        | "collect" | "obtain" | "copy" => Verb::Transfer,
        "listen" | "accept" | "serve" | "receive" | "expose" | "bind" | "answer" => Verb::Serve,
        "open" | "allow" | "permit" | "enable" | "unblock" | "whitelist" | "allowlist"
        | "grant" => Verb::Open,
        "block" | "deny" | "denied" | "forbid" | "forbidden" | "prohibit" | "reject" | "drop"
        | "disallow" | "close" | "refuse" => Verb::Close,
        "use" | "need" | "require" | "utilize" | "utilise" => Verb::Use,
        _ => return None,
    })
}

/// The word itself, and what is left of it without the ending of a form.
fn stems(lower: &str) -> impl Iterator<Item = &str> {
    const ENDINGS: [&str; 5] = ["s", "es", "d", "ed", "ing"];
    let doubled = |stem: &'_ str| {
        let mut letters = stem.chars().rev();
        letters.next() == letters.next()
    };
    std::iter::once(lower).chain(ENDINGS.iter().flat_map(move |ending| {
        let stem = lower.strip_suffix(ending).filter(|stem| 2 < stem.len());
        let single = stem
            .filter(|stem| matches!(*ending, "ed" | "ing") && doubled(stem))
            .and_then(|stem| stem.get(..stem.len() - 1));
        // `using`, `serving`, `queries`: the stem lost its last letter.
        let restored = stem.and_then(|stem| match (stem, *ending) {
            ("us", "ing") => Some("use"),
            ("serv", "ing") => Some("serve"),
            ("receiv", "ing") => Some("receive"),
            ("expos", "ing") => Some("expose"),
            ("clos", "ing") => Some("close"),
            ("communicat", "ing") => Some("communicate"),
            ("authenticat", "ing") => Some("authenticate"),
            ("replicat", "ing") => Some("replicate"),
            ("initiat", "ing") => Some("initiate"),
            ("scrap", "ing") => Some("scrape"),
            ("requir", "ing") => Some("require"),
            ("writ", "ing") => Some("write"),
            ("queri" | "quer", "es" | "ed") => Some("query"),
            ("rel", "ies") => Some("rely"),
            _ => None,
        });
        [stem, single, restored].into_iter().flatten()
    }))
}

pub(super) fn is_article(lower: &str) -> bool {
    matches!(lower, "the" | "a" | "an")
}

/// A word before a noun that says which: it makes a phrase of whatever noun follows.
pub(super) fn is_determiner(lower: &str) -> bool {
    is_article(lower)
        || matches!(
            lower,
            "all" | "each" | "every" | "any" | "your" | "both" | "other" | "its" | "their" | "our"
        )
}

pub(super) fn is_preposition(lower: &str) -> bool {
    matches!(
        lower,
        "on" | "over"
            | "via"
            | "using"
            | "through"
            | "for"
            | "at"
            | "by"
            | "to"
            | "from"
            | "with"
            | "into"
            | "onto"
            | "against"
            | "in"
            | "of"
            | "between"
            | "among"
            | "behind"
            | "within"
            | "inside"
            | "outside"
            | "across"
            | "under"
            | "as"
            | "per"
            | "than"
            | "without"
            | "about"
            | "after"
            | "before"
            | "during"
            | "towards"
            | "toward"
            | "except"
            | "including"
            | "like"
            | "until"
            | "instead"
            | "against."
    )
}

/// A preposition that keeps what follows in the name: `agents in the DMZ`.
pub(super) fn is_locating(lower: &str) -> bool {
    matches!(
        lower,
        "in" | "of" | "behind" | "within" | "inside" | "outside"
    )
}

/// Words by which somebody is meant whom the words before have named, or who reads the page.
pub(super) fn is_pronoun(lower: &str) -> bool {
    matches!(
        lower,
        "you"
            | "we"
            | "they"
            | "it"
            | "this"
            | "that"
            | "these"
            | "those"
            | "i"
            | "he"
            | "she"
            | "them"
            | "us"
            | "him"
            | "her"
            | "itself"
            | "themselves"
            | "which"
            | "who"
            | "what"
            | "whom"
            | "whose"
            | "there"
            | "one"
            | "some"
            | "something"
            | "none"
            | "nothing"
            | "everything"
            | "here"
            | "such"
            | "same"
            | "no"
    )
}

pub(super) fn is_auxiliary(lower: &str) -> bool {
    matches!(
        lower,
        "must"
            | "can"
            | "could"
            | "should"
            | "shall"
            | "may"
            | "might"
            | "will"
            | "would"
            | "do"
            | "does"
            | "did"
            | "is"
            | "are"
            | "was"
            | "were"
            | "be"
            | "been"
            | "being"
            | "has"
            | "have"
            | "had"
            | "not"
            | "never"
            | "cannot"
            | "can't"
            | "don't"
            | "doesn't"
            | "mustn't"
            | "shouldn't"
            | "isn't"
            | "aren't"
            | "able"
            | "allowed"
            | "permitted"
            | "unable"
            | "won't"
    )
}

/// Words that may stand anywhere in a clause and change nobody's part in it.
pub(super) fn is_adverb(lower: &str) -> bool {
    lower.ends_with("ly") && 4 < lower.len()
        || matches!(
            lower,
            "also"
                | "then"
                | "always"
                | "often"
                | "only"
                | "just"
                | "now"
                | "too"
                | "longer"
                | "back"
                | "out"
                | "again"
                | "either"
                | "still"
                | "however"
                | "therefore"
                | "thus"
                | "already"
                | "even"
                | "ever"
                | "anymore"
                | "otherwise"
                | "up"
        )
}

/// Words that begin or join clauses.
pub(super) fn is_conjunction(lower: &str) -> bool {
    matches!(
        lower,
        "and"
            | "or"
            | "but"
            | "so"
            | "because"
            | "since"
            | "while"
            | "whereas"
            | "whenever"
            | "if"
            | "when"
            | "unless"
            | "where"
            | "once"
            | "although"
            | "though"
            | "whether"
            | "how"
            | "why"
            | "nor"
            | "provided"
    )
}

/// Nouns that a page about ports is full of and that stand for no machine.
pub(super) fn is_abstract(lower: &str) -> bool {
    let singular = lower.strip_suffix('s').unwrap_or(lower);
    matches!(
        singular,
        "port"
            | "rule"
            | "traffic"
            | "connection"
            | "communication"
            | "acces"
            | "request"
            | "protocol"
            | "transport"
            | "firewall"
            | "default"
            | "following"
            | "addresse"
            | "addres"
            | "address"
            | "number"
            | "range"
            | "setting"
            | "option"
            | "configuration"
            | "command"
            | "table"
            | "list"
            | "section"
            | "page"
            | "document"
            | "documentation"
            | "guide"
            | "example"
            | "step"
            | "note"
            | "value"
            | "file"
            | "line"
            | "event"
            | "data"
            | "message"
            | "log"
            | "metric"
            | "request."
            | "purpose"
            | "reason"
            | "case"
            | "time"
            | "way"
            | "direction"
            | "requirement"
            | "version"
            | "release"
            | "installation"
            | "communications"
            | "tcp"
            | "udp"
            | "sctp"
            | "icmp"
            | "ip"
            | "tl"
            | "ssl"
            | "inbound"
            | "outbound"
            | "ingres"
            | "egres"
            | "incoming"
            | "outgoing"
            | "other"
            | "both"
            | "thing"
            | "use"
            | "security"
            | "feature"
            | "policy"
            | "policie"
            | "parameter"
            | "variable"
            | "interface"
            | "socket"
            | "packet"
            | "session"
            | "query"
            | "operation"
            | "functionality"
            | "support"
            | "order"
            | "addition"
            | "process"
            | "processe"
            | "group"
            | "update"
            | "end"
            | "side"
            | "fact"
            | "need"
            | "heartbeat"
            | "job"
            | "call"
            | "https"
            | "http"
            | "name"
            | "certificate"
            | "key"
            | "password"
    )
}

/// Nouns for what listens rather than for where it runs.
pub(super) fn is_software(lower: &str) -> bool {
    let singular = lower.strip_suffix('s').unwrap_or(lower);
    matches!(
        singular,
        "ui" | "api"
            | "console"
            | "dashboard"
            | "interface"
            | "service"
            | "daemon"
            | "endpoint"
            | "gui"
            | "portal"
            | "listener"
            | "webhook"
            | "app"
            | "application"
            | "component"
            | "proces"
            | "plugin"
            | "module"
            | "exporter"
            | "site"
    )
}

#[cfg(test)]
mod tests {
    use super::{Verb, verb};

    #[test]
    fn forms_of_verbs() {
        for (form, class) in [
            ("connects", Verb::Ask),
            ("queries", Verb::Ask),
            ("communicating", Verb::Ask),
            ("talk", Verb::Ask),
            ("accessed", Verb::Ask),
            ("pushes", Verb::Transfer),
            ("sent", Verb::Transfer),
            ("shipping", Verb::Transfer),
            ("listening", Verb::Serve),
            ("exposes", Verb::Serve),
            ("permitted", Verb::Open),
            ("opened", Verb::Open),
            ("blocked", Verb::Close),
            ("dropped", Verb::Close),
            ("used", Verb::Use),
        ] {
            assert_eq!(verb(form), Some(class), "{form}");
        }
        assert_eq!(verb("node"), None);
        assert_eq!(verb("port"), None);
    }
}
