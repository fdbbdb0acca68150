//! Reads whether a page allows traffic, forbids it, or says that it is no more: `Deny`, `removed in 2.0`, `must not be open`.

use super::{
    cell,
    verb::{Verb, verb},
};

/// What a text says of the traffic that it stands beside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Permission {
    Allowed,
    /// It must not take place.
    Forbidden,
    /// It takes place no more: neither a rule nor a prohibition.
    Withdrawn,
    /// It still takes place, and will not for long.
    Deprecated,
    /// It must not come from or go to somebody else than the row names: "must not be exposed to the internet".
    Restricted,
}

/// Reads a cell of a column for permissions, such as `Allow` or `blocked`. `None` if it says neither.
pub(super) fn of_mark(cell: &str) -> Option<Permission> {
    let words = words(cell);
    let is_negated = words
        .first()
        .is_some_and(|word| matches!(word.as_str(), "not" | "don't" | "never"));
    let word = words.get(usize::from(is_negated))?;
    let Some(permission) = of_word(word) else {
        return of_status(cell);
    };
    Some(match (is_negated, permission) {
        (true, Permission::Allowed) => Permission::Forbidden,
        (true, _) => Permission::Allowed,
        (false, permission) => permission,
    })
}

/// What a cell of a column for permissions says beyond that it allows: `from till server only` of `Allow from till server only`. What stands
/// in brackets is read elsewhere.
pub(super) fn beyond_allowed(cell: &str) -> Option<&str> {
    let (mark, rest) = cell.trim().split_once(' ')?;
    let allows = of_word(&mark.to_lowercase()) == Some(Permission::Allowed);
    let rest = rest.trim();
    (allows && !rest.starts_with('(')).then_some(rest)
}

/// Who is allowed by these words: the till server of `only from the till server`, `access from till server only`.
pub(super) fn grantee(rest: &str) -> Option<&str> {
    let (lead, who) = match rest.strip_prefix("from ") {
        Some(who) => ("", who),
        None => rest.split_once(" from ")?,
    };
    let is_lead = |word: &str| {
        matches!(
            word,
            "only" | "access" | "traffic" | "inbound" | "incoming" | "connections" | "all"
        )
    };
    let who = who.trim().trim_end_matches(" only");
    let who = who.strip_prefix("the ").unwrap_or(who);
    lead.split_whitespace().all(is_lead).then_some(who)
}

/// Whether a text is nothing but a verb that forbids, in a form that is no noun: `Denied`, `Deny`. `Block` and `Drop` may name a service.
pub(super) fn is_denial(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let is_no_noun = text.ends_with("ed")
        || matches!(
            text.as_str(),
            "deny" | "forbid" | "prohibit" | "disallow" | "forbidden"
        );
    is_no_noun && of_word(&text) == Some(Permission::Forbidden)
}

/// What a form of a verb that allows or forbids says.
fn of_word(word: &str) -> Option<Permission> {
    let begins = |stems: &[&str]| stems.iter().any(|stem| word.starts_with(stem));
    if matches!(
        word,
        "yes"
            | "pass"
            | "passed"
            | "accept"
            | "accepted"
            | "ok"
            | "authorised"
            | "authorized"
            | "approved"
    ) {
        return Some(Permission::Allowed);
    }
    if matches!(word, "no" | "shut" | "disable" | "disabled") || begins(&["bann", "unauthor"]) {
        return Some(Permission::Forbidden);
    }
    match verb(word)? {
        Verb::Open => Some(Permission::Allowed),
        Verb::Close => Some(Permission::Forbidden),
        Verb::Ask | Verb::Transfer | Verb::Serve | Verb::Use => None,
    }
}

/// Whether a word is a form of a verb that allows or forbids, as a heading is: `Permitted`.
pub(super) fn is_word(word: &str) -> bool {
    !matches!(word, "yes" | "no" | "ok") && of_word(word).is_some()
}

const WITHDRAWN: &[&str] = &[
    "removed",
    "obsolete",
    "retired",
    "unused",
    "discontinued",
    "withdrawn",
    "inactive",
    "dropped",
    "eliminated",
    "defunct",
];

/// Whether a cell of ports says that there are none of them: `no`, `not used`.
pub(super) fn denies_ports(cell: &str) -> bool {
    !cell.contains(|c: char| c.is_ascii_digit())
        && (cell::required(cell) == Some(false)
            || of_mark(cell).is_some_and(|permission| {
                matches!(permission, Permission::Forbidden | Permission::Withdrawn)
            }))
}

/// Whether a cell says that nobody has the port of its row: `reserved`, `(unassigned)`. What is reserved for somebody is used.
pub(super) fn is_kept_free(cell: &str) -> bool {
    let words = words(cell);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["reserved" | "unassigned" | "unallocated" | "vacant"]
            | ["not", "assigned" | "allocated"]
            | ["reserved" | "kept", "for", "future" | "later", ..]
            | ["kept" | "left", "free", ..]
    )
}

/// Whether a yes below a heading denies: `Blocked?`, `Is it denied?`
pub(super) fn denies(heading: &str) -> bool {
    let words = words(heading);
    words
        .iter()
        .find_map(|word| of_word(word))
        .is_some_and(|permission| permission == Permission::Forbidden)
}

/// Reads a cell of a column for states, such as `active` or `removed in 2.0`. `None` if it says nothing of the kind.
pub(super) fn of_status(cell: &str) -> Option<Permission> {
    let lower = cell.to_lowercase();
    let words = words(cell);
    let first = words.first()?.as_str();
    if says_no_longer(&lower) || WITHDRAWN.contains(&first) || is_unused(&words) {
        return Some(Permission::Withdrawn);
    }
    if words.iter().any(|word| word.starts_with("deprecat")) || first == "legacy" {
        return Some(Permission::Deprecated);
    }
    let is_current = matches!(
        first,
        "active"
            | "current"
            | "used"
            | "open"
            | "enabled"
            | "new"
            | "available"
            | "supported"
            | "required"
            | "mandatory"
            | "optional"
            | "ga"
            | "stable"
            | "in"
            | "added"
            | "on"
            | "ok"
            | "valid"
            | "live"
            | "listening"
    );
    if is_current {
        return Some(Permission::Allowed);
    }
    matches!(
        first,
        "blocked" | "forbidden" | "denied" | "prohibited" | "closed" | "disabled"
    )
    .then_some(Permission::Forbidden)
}

/// Reads a sentence, or a few words, beside a row: `Must not be open`, `No longer used since 2.0`. `None` if it says nothing
/// of permission; what holds only under a condition says nothing either.
pub(super) fn of_sentence(sentence: &str) -> Option<Permission> {
    let lower = sentence.to_lowercase();
    let words = words(sentence);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(&[
        "if",
        "when",
        "unless",
        "otherwise",
        "until",
        "whether",
        "while",
        "where",
        "after",
        "before",
        "or",
    ]) {
        return None;
    }
    if let Some(permission) = negated(&words) {
        // `Never use it without TLS`, `must not pass without a proxy`: a part of the traffic alone.
        let reaches_others = names_others(&words) || has(&["without", "except"]);
        return Some(if permission == Permission::Forbidden && reaches_others {
            Permission::Restricted
        } else {
            permission
        });
    }
    if says_no_longer(&lower) {
        return Some(Permission::Withdrawn);
    }
    let first = words.first()?.as_str();
    // `Keep closed`, `leave it shut`
    let keeps = matches!(first, "keep" | "leave" | "stays" | "remains" | "stay");
    let is_shut = |word: &String| {
        matches!(
            word.as_str(),
            "closed" | "shut" | "blocked" | "sealed" | "locked" | "filtered"
        )
    };
    // `Has to stay closed`, `is to remain shut`
    let stays = words
        .iter()
        .position(|word| STAYING.contains(&word.as_str()))
        .is_some_and(|at| {
            // `Connections that stay closed` are not asked to.
            let is_of_port = words
                .iter()
                .take(at)
                .all(|word| OBLIGING.contains(&word.as_str()));
            is_of_port && words.get(at + 1).is_some_and(is_shut)
        });
    let keeps = keeps || stays;
    if stays || keeps && words.iter().skip(1).take(3).any(is_shut) || asks_to_close(&words) {
        return Some(if names_others(&words) {
            Permission::Restricted
        } else {
            Permission::Forbidden
        });
    }
    // `Obsolete as of release 5, ...`
    let since = words.get(1).map_or("", String::as_str);
    if WITHDRAWN.contains(&first) && matches!(since, "as" | "since" | "with") {
        return Some(Permission::Withdrawn);
    }
    if words.len() <= FEW_WORDS {
        // `Block storage` is no prohibition, as `Block all traffic` is.
        let is_shut = matches!(
            first,
            "blocked" | "denied" | "forbidden" | "prohibited" | "disallowed"
        );
        if is_shut || verb(first) == Some(Verb::Close) && closes_traffic(&words) {
            return Some(Permission::Forbidden);
        }
        if WITHDRAWN.contains(&first) || is_unused(&words) {
            return Some(Permission::Withdrawn);
        }
    }
    words
        .iter()
        .any(|word| word.starts_with("deprecat"))
        .then_some(Permission::Deprecated)
}

/// Whether the words of a title say that traffic is shut out: `Blocked ports`, `Traffic to be refused`, `Deny all inbound traffic`. What is
/// closed or dropped beside another noun is that noun's: `Block storage`, `Drop zone`, `Closed source edition`.
fn closes_traffic(words: &[String]) -> bool {
    let is_traffic = |word: &String| {
        [
            "port",
            "traffic",
            "connection",
            "access",
            "flow",
            "communication",
            "protocol",
            "rule",
        ]
        .iter()
        .any(|noun| word.starts_with(noun))
    };
    words.iter().enumerate().any(|(at, word)| {
        if verb(word) != Some(Verb::Close) {
            return false;
        }
        let behind = words.get(at + 1..).unwrap_or_default();
        let qualifies = |word: &&String| {
            matches!(
                word.as_str(),
                "the"
                    | "all"
                    | "any"
                    | "these"
                    | "this"
                    | "following"
                    | "inbound"
                    | "outbound"
                    | "incoming"
                    | "outgoing"
                    | "and"
                    | "tcp"
                    | "udp"
                    | "network"
                    | "firewall"
                    | "other"
            ) || verb(word) == Some(Verb::Close)
        };
        let object = behind.iter().find(|word| !qualifies(word));
        // `Ports that are blocked`, `Traffic to be refused by the gate`: it is said of what stands before.
        let is_predicate = object
            .is_none_or(|next| matches!(next.as_str(), "by" | "on" | "from" | "at" | "in" | "for"))
            && (at == 0 || words.iter().take(at).any(&is_traffic));
        is_predicate || object.is_some_and(is_traffic)
    })
}

/// Whether a text says from where something is shut, so that it is not shut for all.
fn names_others(words: &[String]) -> bool {
    words.iter().any(|word| {
        matches!(
            word.as_str(),
            "internet"
                | "public"
                | "publicly"
                | "outside"
                | "external"
                | "externally"
                | "untrusted"
                | "wan"
                | "world"
                | "others"
                | "everyone"
                | "everybody"
                | "anybody"
                | "else"
        )
    })
}

/// Whether words ask for a port to be closed: `please close this port`, and not `firewalls that close this port`.
fn asks_to_close(words: &[String]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let is_imperative = before.is_none_or(|before| {
            matches!(
                before.as_str(),
                "please" | "and" | "then" | "therefore" | "so" | "kindly" | "simply" | "just"
            )
        });
        let object = words.get(at + 1..).unwrap_or_default();
        let is_port = object.first().is_some_and(|next| {
            matches!(
                next.as_str(),
                "this" | "it" | "these" | "them" | "that" | "the"
            )
        }) && object
            .iter()
            .take(3)
            .all(|word| !CLOSING.contains(&word.as_str()))
            && (object.len() == 1 || object.iter().take(3).any(|word| word.starts_with("port")));
        is_imperative && verb(word) == Some(Verb::Close) && !word.ends_with("ed") && is_port
    })
}

/// Whether a heading says that what stands below it is to be shut out: `What the router has to drop`, `What to block`.
fn says_what_to_close(words: &[String]) -> bool {
    let Some((what, [.., before, last])) = words.split_first() else {
        return false;
    };
    let obliges = matches!(before.as_str(), "to" | "must" | "should" | "shall" | "be");
    let says_more = words
        .iter()
        .any(|word| matches!(word.as_str(), "not" | "never" | "if" | "or" | "happens"));
    what == "what" && obliges && verb(last) == Some(Verb::Close) && !says_more
}

/// Reads a heading or the title of a table: `Ports that must be blocked`, `Removed ports`.
pub(super) fn of_heading(heading: &str) -> Option<Permission> {
    let words = words(heading);
    if let Some(permission) =
        of_sentence(heading).filter(|permission| *permission != Permission::Restricted)
    {
        return Some(permission);
    }
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if says_what_to_close(&words) {
        return Some(Permission::Forbidden);
    }
    let asks = has(&[
        "if",
        "when",
        "how",
        "why",
        "what",
        "not",
        "unblock",
        "unblocking",
        "troubleshooting",
        "or",
        "never",
    ]);
    if asks || MOST_HEADING_WORDS < words.len() {
        return None;
    }
    // `Traffic to be refused`; below `Open and closed ports` stand both.
    let does = |what| words.iter().any(|word| verb(word) == Some(what));
    if does(Verb::Close) && does(Verb::Open) {
        return None;
    }
    if closes_traffic(&words) {
        return Some(Permission::Forbidden);
    }
    has(&["removed", "obsolete", "retired", "unused", "discontinued"])
        .then_some(Permission::Withdrawn)
}

const FEW_WORDS: usize = 7;
const MOST_HEADING_WORDS: usize = 10;

/// `must not be open` against `must not be blocked`.
fn negated(words: &[String]) -> Option<Permission> {
    let is_ban = |word: &String| OPENING.contains(&word.as_str());
    let is_closing = |word: &String| CLOSING.contains(&word.as_str());
    for (index, word) in words.iter().enumerate() {
        let behind = words.get(index + 1..).unwrap_or_default();
        let near = || behind.iter().take(VERB_WITHIN);
        let obliges = matches!(word.as_str(), "must" | "should" | "shall" | "may" | "can");
        let next_negates = behind
            .first()
            .is_some_and(|next| matches!(next.as_str(), "not" | "never"));
        let is_negation = obliges && next_negates
            || matches!(
                word.as_str(),
                "never" | "mustn't" | "shouldn't" | "cannot" | "don't"
            )
            || word == "do" && next_negates;
        if is_negation {
            if near().any(is_closing) {
                return None;
            }
            // "do not need" is no prohibition.
            if near().any(|word| {
                matches!(
                    word.as_str(),
                    "need" | "have" | "require" | "needed" | "required"
                )
            }) {
                return None;
            }
            // `Never let it through`, but not `never let sessions expire`.
            let lets = behind
                .iter()
                .any(|word| matches!(word.as_str(), "let" | "lets"))
                && behind
                    .iter()
                    .any(|word| matches!(word.as_str(), "through" | "in" | "pass"));
            if lets || near().any(is_ban) {
                return Some(Permission::Forbidden);
            }
            continue;
        }
        let is_closed =
            matches!(word.as_str(), "must" | "should" | "shall") && near().any(is_closing);
        let is_refused = word == "not"
            && behind.first().is_some_and(|next| {
                matches!(
                    next.as_str(),
                    "allowed"
                        | "permitted"
                        | "let"
                        | "admitted"
                        | "tolerated"
                        | "authorized"
                        | "authorised"
                )
            });
        if is_closed || is_refused {
            return Some(Permission::Forbidden);
        }
    }
    None
}

const STAYING: &[&str] = &[
    "stay", "stays", "remain", "remains", "kept", "keep", "left", "leave",
];
/// What may stand before a port that has to stay closed.
const OBLIGING: &[&str] = &[
    "has", "have", "is", "are", "must", "should", "shall", "to", "be", "it", "they", "this",
    "these", "the", "port", "ports", "always", "please", "needs", "need",
];
const VERB_WITHIN: usize = 5;
const OPENING: &[&str] = &[
    "open",
    "opened",
    "expose",
    "exposed",
    "allow",
    "allowed",
    "accessible",
    "reachable",
    "reached",
    "reach",
    "enabled",
    "enable",
    "permit",
    "permitted",
    "used",
    "use",
    "accept",
    "accessed",
    "access",
    "connect",
    "published",
    "forwarded",
    "admitted",
    "tolerated",
    "authorized",
    "authorised",
    "granted",
];
const CLOSING: &[&str] = &[
    "blocked",
    "block",
    "closed",
    "close",
    "denied",
    "deny",
    "disabled",
    "disable",
    "dropped",
    "drop",
    "rejected",
    "reject",
    "filtered",
    "filter",
    "firewalled",
];

/// `Not used`, `not in use since 2.0`; but not `not used by default`.
fn is_unused(words: &[String]) -> bool {
    let rest = match words {
        [not, used, rest @ ..] if not == "not" && used == "used" => rest,
        [not, inside, used, rest @ ..] if not == "not" && inside == "in" && used == "use" => rest,
        _ => return false,
    };
    rest.first().is_none_or(|next| {
        matches!(
            next.as_str(),
            "any" | "anymore" | "since" | "in" | "as" | "from" | "now"
        )
    })
}

fn says_no_longer(lower: &str) -> bool {
    if lower.contains("not ") && (lower.contains("anymore") || lower.contains("any more")) {
        return true;
    }
    // `is not used to serve pages`: for other things it is.
    let is_for_one_purpose = |behind: &str| {
        [" to ", " for ", " by ", " as ", " with "]
            .iter()
            .any(|word| behind.starts_with(word))
    };
    ["no longer", "not used any", "no more used"]
        .iter()
        .any(|words| lower.contains(words))
        || ["isn't used", "is not used", "are not used"]
            .iter()
            .filter_map(|words| lower.split_once(words))
            .any(|(_, behind)| !is_for_one_purpose(behind))
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '\u{2019}')
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().replace('\u{2019}', "'"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{
        Permission::{self, Allowed, Deprecated, Forbidden, Restricted, Withdrawn},
        of_heading, of_mark, of_sentence, of_status,
    };

    #[track_caller]
    fn check(read: fn(&str) -> Option<Permission>, texts: &[(&str, Option<Permission>)]) {
        for (text, permission) in texts {
            assert_eq!(read(text), *permission, "{text}");
        }
    }

    #[test]
    fn marks() {
        check(
            of_mark,
            &[
                ("Allow", Some(Allowed)),
                ("DENY", Some(Forbidden)),
                ("not allowed", Some(Forbidden)),
                ("Blocked", Some(Forbidden)),
                ("perhaps", None),
                ("approval required", None),
                ("Authorised", Some(Allowed)),
                ("", None),
            ],
        );
        check(
            of_status,
            &[
                ("active", Some(Allowed)),
                ("removed in 2.0", Some(Withdrawn)),
                ("no longer used", Some(Withdrawn)),
                ("Deprecated", Some(Deprecated)),
                ("blue", None),
            ],
        );
    }

    #[test]
    fn ports_that_nobody_has() {
        for cell in [
            "reserved",
            "(Reserved)",
            "Unassigned",
            "not allocated",
            "Reserved for future use",
        ] {
            assert!(super::is_kept_free(cell), "{cell}");
        }
        for cell in ["Reserved for the backup agent", "Spare", ""] {
            assert!(!super::is_kept_free(cell), "{cell}");
        }
    }

    #[test]
    fn sentences() {
        check(
            of_sentence,
            &[
                ("No longer used since 2.0", Some(Withdrawn)),
                ("Must not be open", Some(Forbidden)),
                ("Blocked", Some(Forbidden)),
                ("This port should never be reachable.", Some(Forbidden)),
                (
                    "This port must not be exposed to the internet.",
                    Some(Restricted),
                ),
                ("This port must not be blocked.", None),
                ("Blocked if the firewall is strict", None),
                ("You do not need to open it", None),
                ("Deprecated, use 8443", Some(Deprecated)),
                ("Must be blocked", Some(Forbidden)),
                ("Not used by default", None),
                ("Not used any more", Some(Withdrawn)),
                ("This port is not used.", Some(Withdrawn)),
                ("Port 80 is not used to serve pages.", None),
                ("It is not used by default.", None),
                ("Not used", Some(Withdrawn)),
                ("Web console", None),
                ("Not needed, please close this port", Some(Forbidden)),
                ("Some firewalls close this port", None),
                ("Keep closed", Some(Forbidden)),
                ("Has to stay closed", Some(Forbidden)),
                ("Is to remain shut on all sites", Some(Forbidden)),
                ("Stays open", None),
                ("Connections that stay closed are reopened", None),
                ("Must not pass through a proxy", None),
                ("Should never let sessions time out", None),
                ("Never use without TLS", Some(Restricted)),
                ("Keep it closed to the internet", Some(Restricted)),
                ("Block the port for others", Some(Restricted)),
                ("Close the connection after use", None),
                (
                    "Obsolete as of release 5 of the product for all editions",
                    Some(Withdrawn),
                ),
            ],
        );
        check(
            of_heading,
            &[
                ("Ports that must be blocked", Some(Forbidden)),
                ("Ports that must be open", None),
                ("Never let through", Some(Forbidden)),
                ("Not let in", Some(Forbidden)),
                ("Never blocked", None),
                ("Traffic to be refused", Some(Forbidden)),
                ("Open and closed ports", None),
                ("Block storage nodes", None),
                ("Drop zone servers", None),
                ("Close encounters service", None),
                ("Closed source edition", None),
                ("Deny all inbound traffic", Some(Forbidden)),
                ("Blocked", Some(Forbidden)),
                ("Ports that are no longer used", Some(Withdrawn)),
                ("Blocked ports", Some(Forbidden)),
                ("What happens if ports are blocked", None),
                ("Removed ports", Some(Withdrawn)),
            ],
        );
    }
}
