//! The closed classes of English words by which a clause is taken apart.

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
    // "you'll", "they're"
    let contracted = lower.split(['\'', '\u{2019}']).next();
    matches!(
        contracted.unwrap_or(lower),
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
                | "besides"
                | "moreover"
                | "furthermore"
                | "additionally"
                | "likewise"
                | "instead"
                | "hence"
                | "meanwhile"
                | "nevertheless"
                | "nonetheless"
                | "afterwards"
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
            | "second"
            | "minute"
            | "hour"
            | "day"
            | "night"
            | "morning"
            | "evening"
            | "week"
            | "weekend"
            | "month"
            | "year"
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
            | "url"
            | "uri"
            | "certificate"
            | "key"
            | "password"
    )
}

/// What machines run on, which tells of a condition and names none of them: "On Linux, open port 22."
pub(in crate::document) fn is_platform(lower: &str) -> bool {
    matches!(
        lower,
        "linux"
            | "windows"
            | "macos"
            | "mac"
            | "unix"
            | "aix"
            | "solaris"
            | "freebsd"
            | "ubuntu"
            | "debian"
            | "rhel"
            | "centos"
            | "fedora"
            | "suse"
            | "aws"
            | "azure"
            | "gcp"
            | "ec2"
            | "eks"
            | "aks"
            | "gke"
    )
}

/// Whether a word, in lower case, is what is done or sent rather than who does it.
pub(in crate::document) fn is_done(lower: &str) -> bool {
    is_abstract(lower)
        || lower.ends_with("ing")
        || super::verb::verb(lower).is_some()
        || lower.ends_with("tion")
}

/// Nouns for what listens rather than for where it runs.
pub(in crate::document) fn is_software(lower: &str) -> bool {
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
