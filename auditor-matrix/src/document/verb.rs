//! The verbs of traffic, in all their forms.

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

/// Whether a form of a verb of traffic is a noun as well: `SQL queries`, `license checks`, `web access`.
pub(super) fn is_noun_of_verb(lower: &str) -> bool {
    matches!(
        lower.strip_suffix('s').unwrap_or(lower),
        "acces"
            | "querie"
            | "query"
            | "call"
            | "check"
            | "log"
            | "report"
            | "request"
            | "stream"
            | "exchange"
            | "download"
            | "upload"
            | "export"
            | "poll"
            | "push"
            | "sync"
            | "transfer"
            | "ping"
            | "tunnel"
            | "contact"
            | "post"
            | "copy"
            | "copie"
            | "need"
            | "use"
            | "answer"
    )
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

/// Whether a word is the form for one of a verb that says nothing of who talks to whom: "traffic to the Store happens ..."
pub(super) fn is_other_verb(lower: &str) -> bool {
    matches!(
        lower,
        "happens"
            | "occurs"
            | "flows"
            | "runs"
            | "goes"
            | "takes"
            | "begins"
            | "starts"
            | "works"
            | "passes"
            | "travels"
            | "comes"
            | "exists"
            | "remains"
            | "stays"
            | "applies"
            | "depends"
            | "includes"
            | "contains"
            | "resides"
            | "lives"
            | "sits"
            | "provides"
            | "wants"
            | "becomes"
            | "gets"
            | "keeps"
            | "follows"
            | "performs"
            | "handles"
            | "supports"
            | "offers"
            | "installs"
            | "configures"
            | "deploys"
            | "adds"
            | "creates"
            | "defaults"
            | "ends"
            | "crosses"
            | "traverses"
            | "arrives"
            | "leaves"
            | "tries"
            | "terminates"
    )
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
