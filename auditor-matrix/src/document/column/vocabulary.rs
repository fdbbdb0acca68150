//! Words of headings that name an end of conversations.

/// Words that name where a conversation begins.
pub(super) const SOURCE: &[&str] = &[
    "source",
    "sources",
    "src",
    "from",
    "origin",
    "origins",
    "originator",
    "originating",
    "initiator",
    "initiators",
    "initiated",
    "initiates",
    "initiating",
    "requester",
    "requestor",
    "caller",
    "callers",
    "sender",
    "senders",
    "connecting",
    "accessed",
    "accessing",
];
/// Words that name where it goes.
pub(super) const DESTINATION: &[&str] = &[
    "destination",
    "destinations",
    "dest",
    "dst",
    "to",
    "towards",
    "toward",
    "into",
    "target",
    "targets",
    "listener",
    "listeners",
    "listens",
    "receiver",
    "receivers",
    "recipient",
    "callee",
    "callees",
    "responder",
    "acceptor",
];
/// Roles that begin conversations.
pub(super) const CLIENT: &[&str] = &["client", "clients", "consumer", "consumers", "requestors"];
/// Roles that are asked.
pub(super) const SERVER: &[&str] = &["server", "provider", "providers"];

/// Whether a word is a form of a verb that says what clients do with a port.
pub(super) fn says_asking(word: &str) -> bool {
    [
        "use", "need", "requir", "reach", "access", "call", "contact", "connect", "consum", "quer",
        "poll", "request", "initiat", "scrape", "visit",
    ]
    .iter()
    .any(|stem| word.starts_with(stem))
}

pub(super) fn is_port_word(word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    singular == "port"
        || singular.len() > 4
            && singular.ends_with("port")
            && !matches!(
                singular,
                "support" | "transport" | "report" | "import" | "export" | "passport"
            )
}
