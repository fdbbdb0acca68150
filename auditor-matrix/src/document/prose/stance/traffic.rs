//! Whether what is denied is traffic: `must not be exposed`, and not `will not work`.

use crate::document::prose::{
    verb::verb,
    vocabulary::{is_adverb, is_auxiliary},
    words::Word,
};

/// Whether the verb that a negator governs is one of traffic: "be able to connect", "be exposed", "have access".
pub(super) fn governs_traffic(behind: &[&Word<'_>]) -> bool {
    let mut rest = behind.iter().skip_while(|word| {
        is_auxiliary(&word.lower)
            || is_adverb(&word.lower)
            || word.is_any(&["to", "any", "direct"])
            || word.is_mark()
    });
    let Some(governed) = rest.next() else {
        return false;
    };
    let is_used_by =
        governed.lower.starts_with("us") && rest.next().is_some_and(|next| next.is("by"));
    if is_used_by || governed.is_any(OTHER_ACTS) {
        return false;
    }
    verb(&governed.lower).is_some()
        || governed.is_any(&[
            "open",
            "reachable",
            "accessible",
            "available",
            "exposed",
            "visible",
            "access",
            "pass",
            "enter",
            "leave",
            "let",
            "traverse",
            "cross",
            "public",
            "routed",
            "routable",
        ])
}

/// Verbs that are about traffic in some sentences and about something else where they are denied.
const OTHER_ACTS: &[&str] = &[
    "check",
    "checked",
    "log",
    "logged",
    "report",
    "reported",
    "make",
    "made",
    "issue",
    "manage",
    "managed",
    "read",
    "write",
    "copy",
    "require",
    "call",
    "called",
    "bind",
    "bound",
    "monitor",
    "enable",
    "enabled",
    "register",
    "registered",
    "shared",
    "share",
];
