//! The meaning of words in a cell of ports.

use crate::{document::application_protocol, transport::Transport};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Word {
    Or,
    And,
    /// Joins the ends of a range: `8000 to 8010`.
    To,
    /// Begins a range whose ends `and` joins: `between 8000 and 8010`.
    Between,
    /// Says nothing that changes a number's meaning.
    Filler,
    /// The number that follows is a port: `port 80`.
    Port,
    /// The number that follows is no port: `version 2`.
    NoPort,
    Transport(Transport),
    Ephemeral,
    Everything,
    Nothing,
    /// `above 1024`.
    Above,
    /// `below 1024`.
    Below,
    /// Behind a number and `and` or `or`: `1024 and above`.
    Upwards,
    /// What follows or stands before is not meant: `not 22`, `all except 22`.
    Reversing,
    /// The numbers are no list of ports but say how to compute one: `8000 plus the node's number`.
    Computing,
    /// `80 redirected to 443`.
    Mapping,
    Application,
    Unknown,
}

impl Word {
    pub(super) fn of(word: &str) -> Self {
        let lower = word.to_lowercase();
        match lower.as_str() {
            "or" => Self::Or,
            "and" => Self::And,
            "to" | "through" | "thru" | "until" | "till" => Self::To,
            "between" => Self::Between,
            "number" | "numbers" | "range" | "ranges" | "from" | "default" | "defaults"
            | "traffic" | "only" | "both" | "the" | "on" | "for" | "in" | "inclusive"
            | "configurable" | "optional" | "required" | "inbound" | "outbound" | "ingress"
            | "egress" | "incoming" | "outgoing" | "listen" | "listening" | "open" | "using"
            | "over" | "via" | "recommended" | "typically" | "usually" | "by" | "with" | "is"
            | "are" | "a" | "an" | "e.g" | "also" => Self::Filler,
            "port" | "ports" => Self::Port,
            "version" | "versions" | "v" | "type" | "types" | "id" | "rfc" | "release"
            | "option" | "layer" | "step" | "level" | "footnote" | "see" | "note" | "notes"
            | "table" | "section" | "phase" | "code" | "ipv" | "chapter" | "figure" | "page" => {
                Self::NoPort
            }
            "tcp" | "tcp4" | "tcp6" | "tcpv4" | "tcpv6" => Self::Transport(Transport::Tcp),
            "udp" | "udp4" | "udp6" | "udpv4" | "udpv6" => Self::Transport(Transport::Udp),
            "sctp" => Self::Transport(Transport::Sctp),
            "icmp" | "icmpv4" | "icmpv6" | "icmp4" | "icmp6" | "ping" => {
                Self::Transport(Transport::Icmp)
            }
            "ephemeral" | "dynamic" | "random" | "dynamically" | "randomly" => Self::Ephemeral,
            "any" | "all" | "every" => Self::Everything,
            "none" | "n/a" | "na" | "nil" => Self::Nothing,
            "above" | "greater" | "higher" | "beyond" | "exceeding" => Self::Above,
            "below" | "under" | "less" | "lower" => Self::Below,
            "up" | "upward" | "upwards" | "onward" | "onwards" => Self::Upwards,
            "not" | "no" | "except" | "excluding" | "exclude" | "excluded" | "excepting"
            | "without" | "never" | "unless" | "but" | "other" | "minus" | "besides"
            | "neither" | "nor" | "non" | "instead" | "formerly" | "previously" | "was"
            | "were" | "old" | "closed" | "blocked" | "denied" | "disabled" | "removed"
            | "unused" | "cannot" => Self::Reversing,
            _ if lower.ends_with("n't") => Self::Reversing,
            "per" | "times" | "plus" | "offset" | "starting" | "starts" | "start" | "beginning"
            | "begins" | "next" | "following" | "increment" | "incremented" | "incrementing"
            | "consecutive" | "least" | "most" | "minimum" | "maximum" | "min" | "max" | "last"
            | "each" | "up-to" | "base" | "more" => Self::Computing,
            "mapped" | "maps" | "redirected" | "redirects" | "redirect-to" | "forwarded"
            | "forwards" | "translated" | "becomes" => Self::Mapping,
            _ if application_protocol::transports(word).is_some() => Self::Application,
            _ => Self::Unknown,
        }
    }
}
