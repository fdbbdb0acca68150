//! What the verb of a heading says of its cells: who asks, or who is asked. `Calling side`, `Answered by`, `Contacted host`,
//! `Connects to it`: the form of the verb tells its agent from its object, whatever the verb.

use super::Column;
use crate::document::{
    section::is_machine,
    verb::{Verb, is_noun_of_verb, is_participle, verb},
};

/// What the one who does something has to do with a conversation.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Part {
    Asks,
    IsAsked,
}

impl Part {
    const fn column(self) -> Column {
        match self {
            Self::Asks => Column::Source,
            Self::IsAsked => Column::Destination,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Asks => Self::IsAsked,
            Self::IsAsked => Self::Asks,
        }
    }
}

/// The end of a heading that says it by a verb.
pub(super) fn end(words: &[&str]) -> Option<Column> {
    // `Other party`, `Remote system`
    let is_peer = match words {
        ["counterparty"] | [.., "partner" | "partners"] => true,
        ["other" | "opposite" | "remote" | "far" | "opposing", side] => is_side(side),
        _ => false,
    };
    if is_peer {
        return Some(Column::Peer);
    }
    let (last, before) = words.split_last()?;
    // `Opened by`, `Answered by`, `Connections are accepted by`
    if *last == "by" {
        // What starts a program is at no end; who starts a connection is.
        let starts = before.iter().any(|word| {
            ["start", "begin", "begun", "launch"]
                .iter()
                .any(|stem| word.starts_with(stem))
        });
        let is_of_traffic = before.iter().any(|word| {
            [
                "connection",
                "session",
                "conversation",
                "traffic",
                "communication",
                "dialog",
                "flow",
            ]
            .iter()
            .any(|noun| word.starts_with(noun))
        });
        if starts && !is_of_traffic {
            return None;
        }
        return before
            .iter()
            .rev()
            .find_map(|word| agent(word))
            .map(Part::column);
    }
    // `Who opens it`, `Peer that connects`, `Node which is called`
    let pronoun = words
        .iter()
        .position(|word| matches!(*word, "who" | "whoever" | "that" | "which"));
    if let Some(rest) = pronoun.and_then(|at| words.get(at + 1..))
        && !matches!(words.first(), Some(&("that" | "which")))
    {
        let is_passive = rest
            .iter()
            .any(|word| matches!(*word, "is" | "are" | "gets" | "be" | "being"));
        let part = rest.iter().find_map(|word| agent(word))?;
        return Some(if is_passive { part.other() } else { part }.column());
    }
    // `Connects to it`, `Talks to this machine`: of the machine that another column names.
    let is_pronoun = |word: &str| matches!(word, "it" | "them" | "this" | "these" | "there");
    if before.iter().any(|word| agent(word).is_some())
        && (is_pronoun(last)
            || is_machine(last) && before.last().is_some_and(|word| is_pronoun(word)))
    {
        return before.iter().find_map(|word| agent(word)).map(Part::column);
    }
    // `Opens the connection`, `Takes the calls`
    let is_traffic = matches!(
        last.strip_suffix('s').unwrap_or(last),
        "connection" | "session" | "conversation" | "call" | "request" | "traffic" | "dialogue"
    );
    if is_traffic && !before.is_empty() {
        let bare: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| !matches!(*word, "the" | "a" | "an"))
            .collect();
        match subject(&bare) {
            Some(Subject::Asks) => return Some(Column::Source),
            Some(Subject::IsAsked) => return Some(Column::Destination),
            Some(Subject::Acts) | None => {}
        }
    }
    match words {
        // `Answers | Dials in`: who does it.
        ["answers" | "listens" | "accepts" | "responds"] => Some(Column::Destination),
        ["connects" | "opens" | "asks" | "initiates"] | ["dials" | "calls" | "connects", "in"] => {
            Some(Column::Source)
        }
        // `Monitoring`, `Binding` are about what is done.
        [form] => doer(form).map(Part::column),
        [form, side] if is_side(side) => of_form(form),
        _ => None,
    }
}

/// What a heading says of its cells by a verb of which they are the subject: `Dials`, `Picks up`, `Is called`, `Takes the session`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::document) enum Subject {
    Asks,
    IsAsked,
    /// It does something, and the verb says nothing of conversations.
    Acts,
}

/// The subject of a heading in the form of a predicate; `None` for a heading in another form.
pub(in crate::document) fn subject(words: &[&str]) -> Option<Subject> {
    // `Who is called`, `What dials`
    let words = match words {
        ["who" | "what" | "which", rest @ ..] => rest,
        words => words,
    };
    let (first, rest) = words.split_first()?;
    if PREDICATE_WORDS < words.len() || words.iter().any(|word| word.contains(char::is_numeric)) {
        return None;
    }
    if matches!(*first, "is" | "are" | "gets" | "be" | "being" | "get")
        && rest.first().is_some_and(|word| is_participle(word))
    {
        return Some(match rest.first().and_then(|word| agent(word)) {
            Some(Part::IsAsked) => Subject::Asks,
            Some(Part::Asks) | None => Subject::IsAsked,
        });
    }
    // `Docks` or `Addresses` may be nouns: the form of one of them alone tells nothing.
    let is_finite = first.ends_with('s') && !first.ends_with("ss") && LEAST_VERB < first.len();
    if !is_finite {
        return None;
    }
    // `Picks up`, `Hangs on`: what particles do to a verb of asking, verbs of taking do without one.
    let takes = [
        "pick", "take", "hear", "obey", "get", "wait", "expect", "hold", "keep", "own", "grant",
        "admit", "receiv", "accept", "listen", "answer", "respond", "serv", "repl", "provid",
        "offer", "host", "bind", "execut", "consum",
    ];
    let gives = [
        "command", "order", "hand", "place", "rais", "giv", "knock", "begin", "start", "open",
        "dial", "ring", "phon", "ask", "want", "fetch", "driv", "steer", "trigger", "deliver",
    ];
    let begins = |stems: &[&str]| stems.iter().any(|stem| first.starts_with(stem));
    // `Calls` alone may be what there are.
    if words.len() == 1 && is_noun_of_verb(first) && !begins(&takes) {
        return Some(Subject::Acts);
    }
    Some(if begins(&takes) && *first != "consumes" {
        Subject::IsAsked
    } else if begins(&gives) {
        Subject::Asks
    } else {
        match agent(first) {
            Some(Part::Asks) => Subject::Asks,
            Some(Part::IsAsked) => Subject::IsAsked,
            None => Subject::Acts,
        }
    })
}

/// A heading of more words is no predicate.
const PREDICATE_WORDS: usize = 4;

/// A shorter word has no ending.
const LEAST_VERB: usize = 3;

/// The side of whom a participle or a noun of who does something describes. Only verbs of conversation tell it: a `Streaming server`,
/// an `Exposed component` or a `Required host` is not said to ask.
fn of_form(form: &str) -> Option<Column> {
    let begins = |stems: &[&str]| stems.iter().any(|stem| form.starts_with(stem));
    if form.ends_with("ing") {
        let asks = begins(&[
            "call", "request", "connect", "initiat", "originat", "open", "dial", "contact",
            "access", "query", "poll", "reach", "send", "ask", "consum",
        ]);
        let is_asked = begins(&[
            "listen", "answer", "accept", "receiv", "respond", "serv", "reply",
        ]);
        return match (asks, is_asked) {
            (true, false) => Some(Column::Source),
            (false, true) => Some(Column::Destination),
            _ => None,
        };
    }
    // `Connected`, `Opened` may be of either; nobody but who is asked is called or contacted.
    if is_participle(form) {
        return begins(&[
            "call", "contact", "request", "reach", "access", "queri", "poll", "dial", "address",
            "target", "ask",
        ])
        .then_some(Column::Destination);
    }
    doer(form).map(Part::column)
}

/// `caller`, `requesters`, `answerer`: only of verbs whose doer is no kind of program, as a `poller` or a `reader` is.
fn doer(noun: &str) -> Option<Part> {
    let noun = noun.strip_suffix('s').unwrap_or(noun);
    let stem = noun
        .strip_suffix("er")
        .or_else(|| noun.strip_suffix("or"))?;
    match stem {
        "call" | "dial" | "initiat" | "originat" | "request" | "open" | "ask" | "start"
        | "talk" | "speak" | "knock" | "seek" => Some(Part::Asks),
        "listen" | "answer" | "respond" | "receiv" | "accept" | "provid" => Some(Part::IsAsked),
        _ => None,
    }
}

/// Whether who does what a form of a verb says asks (`true`) or is asked (`false`).
pub(in crate::document) fn asks(word: &str) -> Option<bool> {
    agent(word)
        .or_else(|| doer(word))
        .map(|part| part == Part::Asks)
}

/// Whether a heading names whoever does something, without saying what that has to do with a conversation: `Reporter`, `Offering
/// system`.
pub(in crate::document) fn names_doer(words: &[&str]) -> bool {
    match words {
        [doer] => {
            let noun = doer.strip_suffix('s').unwrap_or(doer);
            let is_of_something_else = matches!(
                noun,
                "number"
                    | "owner"
                    | "order"
                    | "layer"
                    | "folder"
                    | "header"
                    | "parameter"
                    | "vendor"
                    | "customer"
                    | "tier"
                    | "letter"
                    | "chapter"
                    | "identifier"
                    | "counter"
                    | "trigger"
                    | "container"
                    | "controller"
                    | "docker"
                    | "driver"
                    | "behavior"
                    | "color"
                    | "error"
                    | "author"
                    | "maintainer"
                    | "manager"
                    | "approver"
                    | "other"
                    | "either"
                    | "user"
                    | "filter"
                    | "timer"
                    | "register"
                    | "factor"
                    | "indicator"
                    | "operator"
                    | "sector"
                    | "monitor"
                    | "adapter"
                    | "placeholder"
            );
            LEAST_DOER <= noun.len()
                && (noun.ends_with("er") || noun.ends_with("or"))
                && !is_of_something_else
        }
        [form, side] => (form.ends_with("ing") || is_participle(form)) && is_side(side),
        _ => false,
    }
}

/// A shorter word is no noun of a verb.
const LEAST_DOER: usize = 5;

/// The part of who does what a form of a verb says.
fn agent(word: &str) -> Option<Part> {
    let begins = |stems: &[&str]| stems.iter().any(|stem| word.starts_with(stem));
    // What is not said of traffic elsewhere: a heading is about conversations.
    if begins(&[
        "open", "start", "begin", "launch", "originat", "dial", "ask",
    ]) {
        return Some(Part::Asks);
    }
    if begins(&[
        "answer", "respond", "reply", "replie", "provid", "offer", "host",
    ]) && !is_machine(word)
    {
        return Some(Part::IsAsked);
    }
    // Who wrote or issued something is rarely at an end of a conversation.
    if begins(&[
        "manag", "writ", "issu", "mak", "log", "report", "check", "publish", "cop", "export",
        "read", "monitor", "discover", "regist", "sync",
    ]) {
        return None;
    }
    // `Bound by`: the program that listens.
    if word == "bound" {
        return Some(Part::IsAsked);
    }
    match verb(word)? {
        Verb::Ask | Verb::Transfer | Verb::Use => Some(Part::Asks),
        Verb::Serve => Some(Part::IsAsked),
        Verb::Open | Verb::Close => None,
    }
}

/// What an end is called in general.
fn is_side(word: &str) -> bool {
    is_machine(word)
        || matches!(
            word,
            "side"
                | "sides"
                | "end"
                | "ends"
                | "party"
                | "parties"
                | "peer"
                | "system"
                | "systems"
                | "component"
                | "components"
                | "process"
                | "application"
                | "program"
                | "zone"
                | "segment"
                | "network"
                | "entity"
                | "role"
        )
}

#[cfg(test)]
mod tests {
    use super::{Column, Subject, end, subject};

    #[test]
    fn subjects_of_predicates() {
        for (heading, who) in [
            ("dials", Some(Subject::Asks)),
            ("picks up", Some(Subject::IsAsked)),
            ("calls", Some(Subject::Acts)),
            ("calls the other", Some(Subject::Asks)),
            ("is called", Some(Subject::IsAsked)),
            ("gets called", Some(Subject::IsAsked)),
            ("opens the session", Some(Subject::Asks)),
            ("takes the session", Some(Subject::IsAsked)),
            ("obeys", Some(Subject::IsAsked)),
            ("sings", Some(Subject::Acts)),
            ("address", None),
            ("machine", None),
            ("tells the other machine all of it", None),
        ] {
            let words: Vec<&str> = heading.split(' ').collect();
            assert_eq!(subject(&words), who, "{heading}");
        }
    }

    #[test]
    fn verbs_of_headings() {
        for (heading, column) in [
            ("opened by", Some(Column::Source)),
            ("contacted by", Some(Column::Source)),
            ("connection started by", Some(Column::Source)),
            ("answered by", Some(Column::Destination)),
            ("accepted by", Some(Column::Destination)),
            ("calling side", Some(Column::Source)),
            ("requesting node", Some(Column::Source)),
            ("listening side", Some(Column::Destination)),
            ("answering system", Some(Column::Destination)),
            ("called node", Some(Column::Destination)),
            ("contacted host", Some(Column::Destination)),
            ("connects to it", Some(Column::Source)),
            ("talks to this machine", Some(Column::Source)),
            ("who calls", Some(Column::Source)),
            ("dials in", Some(Column::Source)),
            ("answers", Some(Column::Destination)),
            ("listening host", Some(Column::Destination)),
            ("who is called", Some(Column::Destination)),
            ("who listens", Some(Column::Destination)),
            ("peer that connects", Some(Column::Source)),
            ("node which is called", Some(Column::Destination)),
            ("bound by", Some(Column::Destination)),
            ("that host", None),
            ("opens the connection", Some(Column::Source)),
            ("takes the calls", Some(Column::Destination)),
            ("active connections", None),
            ("connections", None),
            ("opener", Some(Column::Source)),
            ("answerer", Some(Column::Destination)),
            ("allowed by", None),
            ("started by", None),
            ("required host", None),
            ("exposed component", None),
            ("streaming server", None),
            ("operating system", None),
            ("connected host", None),
            ("connector", None),
            ("listen address", None),
            ("other party", Some(Column::Peer)),
            ("opposite side", Some(Column::Peer)),
            ("communication partner", Some(Column::Peer)),
            ("comment", None),
            ("host", None),
        ] {
            let words: Vec<&str> = heading.split(' ').collect();
            assert_eq!(end(&words), column, "{heading}");
        }
    }
}
