//! What the line above a list or a block of commands says of it: `All nodes to Core:`, `On the Store, run:`, `UDP ports`.

mod announced;
mod governed;
mod machine;
mod own;
mod plain;
mod program;

pub(super) use self::announced::says_optional;
use self::{
    announced::{leads_to_servers, lists_components, server_named},
    machine::machine,
    plain::plain,
};
use super::{
    among::{among, of_both, within},
    clause::{self, Ends},
    condition::Condition,
    further_end::FurtherEnd,
    loopback::is_loopback,
    noun_phrase::NounPhrases,
    piece::Pieces,
    port_phrase::{Evidence, port_phrases, transport},
    stance::{Stance, forbids_some, stance},
    statement::Statement,
    unread::speaks_of_ports,
    verb::verb,
    vocabulary::{is_article, is_preposition},
    words::{Kind, Word, words},
};
use crate::{
    document::{
        loopback,
        names::Names,
        row::Direction,
        section,
        text::{fold, unbracket},
    },
    transport::Transport,
};

/// What holds for all that follows.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something else that the line may say"
)]
#[derive(Clone, Debug)]
pub(super) struct Introduction {
    /// What follows are ports.
    pub(super) is_about_ports: bool,
    pub(super) transports: Vec<Transport>,
    pub(super) ends: Ends,
    /// The machine whose ports these are.
    pub(super) machine: Option<String>,
    pub(super) direction: Option<Direction>,
    pub(super) condition: Option<String>,
    pub(super) loopback: bool,
    pub(super) stance: Stance,
    /// A short text that says neither of these is what the ports are for.
    pub(super) service: Option<String>,
    /// The items below are components, each with its ports: "The ports of the components are:".
    pub(super) lists_components: bool,
    /// What follows need not be: "For optional services:".
    pub(super) is_optional: bool,
    /// The items below are whom somebody asks: "The Core must be able to reach:".
    pub(super) lists_servers: bool,
    /// The same for a further end that a bracket adds, with a condition of its own: "(and all Edges, if there are any)".
    pub(super) further: Option<Box<Self>>,
    /// A bracket adds an end, and whose is not certain.
    pub(super) leaves_bracket: bool,
}

impl Default for Introduction {
    fn default() -> Self {
        Self {
            is_about_ports: false,
            transports: Vec::new(),
            ends: Ends::default(),
            machine: None,
            direction: None,
            condition: None,
            loopback: false,
            stance: Stance::Wanted,
            service: None,
            lists_components: false,
            is_optional: false,
            lists_servers: false,
            further: None,
            leaves_bracket: false,
        }
    }
}

/// A text of more words is a sentence, no label.
const LABEL_WORDS: usize = 5;

/// A longer text introduces nothing.
const MOST_LENGTH: usize = 1000;

/// A title has no more words.
const TITLE_WORDS: usize = 6;

impl Introduction {
    /// The same where names say at their end that what they name stands in a list: `the components below`.
    pub(super) fn without_places(mut self) -> Self {
        let ends = [
            &mut self.ends.client,
            &mut self.ends.server,
            &mut self.machine,
        ];
        for end in ends.into_iter().flatten() {
            if let Some(name) = end
                .strip_suffix(" below")
                .or_else(|| end.strip_suffix(" listed"))
            {
                *end = name.to_owned();
            }
        }
        self
    }

    /// Reads the line above a list. A sentence that names ports itself, or that has its full stop and speaks of none,
    /// introduces nothing.
    pub(super) fn above(text: &str, names: &Names) -> Self {
        if MOST_LENGTH < text.len() {
            return Self::default();
        }
        let is_sentence = text.ends_with(['.', '!', '?']);
        let all = words(text);
        let phrases = port_phrases(&all, Evidence::Stated);
        let names_number = phrases.iter().any(|phrase| !phrase.ports.is_empty());
        // "Used by agents on the same host only.": what has no subject speaks of what follows.
        let has_no_subject = all.first().is_some_and(|first| {
            first.is_any(&["used", "needed", "required", "reachable", "accessible"])
        });
        if is_sentence && (names_number || phrases.is_empty() && !has_no_subject) {
            return Self::default();
        }
        Self::of(text, names)
    }

    /// What a text says without a bracket, and what it says of the end in the bracket.
    fn with_further(bracket: &FurtherEnd<'_>, names: &Names) -> Self {
        let mut introduction = Self::of(&bracket.without(), names);
        let name = Self::of(&format!("open to {}", bracket.name), names);
        let ends = bracket
            .ends(&introduction.ends)
            .filter(|_| name.condition.is_none());
        match ends {
            Some(ends) => {
                let mut further = introduction.clone();
                further.ends = ends;
                further.condition = bracket
                    .condition
                    .map(ToOwned::to_owned)
                    .or(further.condition.take());
                introduction.further = Some(Box::new(further));
            }
            None => introduction.leaves_bracket = true,
        }
        introduction
    }

    /// What follows are the ports of a machine.
    pub(super) fn of_machine(name: &str) -> Self {
        Self {
            machine: Some(name.to_owned()),
            is_about_ports: true,
            ..Self::default()
        }
    }

    /// Reads an item above others. Behind the name of machines and a colon stands what they are, and not who talks to them:
    /// `Store security group: applied to the store, controls requests from users`.
    pub(super) fn of_label(text: &str, outer: &Self, names: &Names) -> Self {
        let label = text.split_once(": ").map(|(label, _)| label);
        let group = || {
            let whole = text.trim_end_matches(':');
            section::is_security_group(whole).then_some(whole)
        };
        let machine = label.or_else(group).filter(|label| {
            label.split(' ').count() <= LABEL_WORDS
                && label.starts_with(char::is_uppercase)
                && section::names_machines(label, names)
        });
        match machine {
            Some(machine) => Self {
                machine: Some(machine.to_owned()),
                ..Self::default()
            },
            // Where somebody is said to have the ports, it is what they are for.
            None => program::named(text)
                .filter(|_| outer.ends.n_known() == 0 && outer.machine.is_none())
                .map_or_else(
                    || Self::of(text, names),
                    |program| Self {
                        machine: Some(program.to_owned()),
                        ..Self::default()
                    },
                ),
        }
    }

    pub(super) fn of(text: &str, names: &Names) -> Self {
        if MOST_LENGTH < text.len() {
            return Self::default();
        }
        let plain = plain(text);
        let text = &*plain;
        let is_label = text.trim_end().ends_with(':');
        let text = text.trim().trim_end_matches(':').trim_end();
        if let Some(bracket) = FurtherEnd::of(text) {
            return Self::with_further(&bracket, names);
        }
        let all = words(text);
        let condition = Condition::of(text, &all);
        let mut words = condition.rest(&all);
        while words.last().is_some_and(|last| last.kind == Kind::Stop) {
            words.pop();
        }
        let phrases = port_phrases(&words, Evidence::Stated);
        let mut pieces = Pieces::new(text, &words, &phrases);
        // "Agents must be able to reach the Core on:"
        if pieces.is_any(
            pieces.len().wrapping_sub(1),
            &["on", "over", "using", "via", "at"],
        ) {
            pieces.push_port();
        }
        let mut introduction = Self {
            transports: transports(&words),
            // "If you have a firewall": whoever reads the page for ports has one.
            condition: condition
                .text
                .filter(|text| !text.to_lowercase().contains("firewall")),
            loopback: is_loopback(&words),
            stance: stance(if is_label {
                last_sentence(&words)
            } else {
                &words
            }),
            ..Self::default()
        };
        // "The Core also listens on 127.0.0.1" says that it listens elsewhere.
        introduction.loopback &= !words.iter().any(|word| word.is("also"))
            || words
                .iter()
                .any(|word| word.is_any(&["only", "solely", "exclusively"]));
        // What stays on its machine is shut to others, and open there.
        if introduction.loopback
            && introduction.stance == Stance::Forbidden
            && loopback::is_meant(text)
        {
            introduction.stance = Stance::Wanted;
        }
        let nouns = NounPhrases {
            pieces: &pieces,
            names,
        };
        let is_sentence = words.iter().any(|word| {
            verb(&word.lower).is_some() && !word.is_capitalised()
                || word.is_any(&["is", "are", "must", "can"])
        });
        introduction.direction = direction(&words);
        introduction.ends = clause::clauses(&pieces, names)
            .into_iter()
            .map(|clause| clause.ends)
            // The first of those that say the same much: a later one begins inside of its subject, "the Core and the Edge".
            .rev()
            .max_by_key(Ends::n_known)
            .or_else(|| bare_pair(&nouns, 0))
            .unwrap_or_default();
        // "Between users and the Gate": nobody connects to people and their programs.
        if introduction.ends.is_mutual
            && let (Some(one), Some(other)) = (&introduction.ends.client, &introduction.ends.server)
            && section::only_asks(one) != section::only_asks(other)
        {
            introduction.ends.is_mutual = false;
            introduction.ends.direction = None;
            if section::only_asks(other) {
                let ends = &mut introduction.ends;
                std::mem::swap(&mut ends.client, &mut ends.server);
            }
        }
        // All of those who talk among themselves are they.
        if introduction.ends.is_mutual && introduction.ends.client == introduction.ends.server {
            let many = introduction.ends.client.take();
            let many = many.map(|many| without_all(&many).to_owned());
            introduction.ends.client.clone_from(&many);
            introduction.ends.server = many;
        }
        // "must not be reachable from outside" forbids it to some, whom no end names.
        if introduction.stance == Stance::Forbidden
            && introduction.ends.client.is_none()
            && forbids_some(&words)
        {
            introduction.stance = Stance::Unclear;
        }
        // What brackets say of names that stand before them: "Edges (all of a site) to Stores (the first one):".
        if introduction.ends.n_known() == 0 && is_label {
            introduction.ends = without_brackets(text, names).unwrap_or_default();
        }
        // "If a firewall separates the Core from the Edge, open these ports on the Core"
        clause::add_separated(&mut introduction.ends, text, names);
        // "These ports must be open among all members of the cluster:"
        let both = of_both(text, names);
        if let Some(many) =
            both.or_else(|| among(text, names).filter(|_| introduction.ends.n_known() == 0))
        {
            introduction.ends = Ends {
                client: Some(many.clone()),
                server: Some(many),
                is_mutual: true,
                ..Ends::default()
            };
        }
        // "... for intra-cluster communication, accessible from the Gate": whoever else asks asks the same.
        if let Some(many) = within(text)
            && let Some(client) = &introduction.ends.client
            && introduction.ends.server.is_none()
        {
            introduction.ends.client = Some(format!("{client}; {many}"));
            introduction.ends.server = Some(many);
            introduction.ends.direction = None;
        }
        // However the line is built, what governs the names says on which side they stand.
        let governed = governed::ends(&nouns)
            .filter(|_| is_sentence && introduction.ends.n_known() < 2 && !introduction.loopback);
        let mut listener = None;
        if let Some(ends) = governed {
            if ends.n_known() == 2 {
                introduction.ends = ends;
            } else if introduction.ends.n_known() == 0 && ends.client.is_none() {
                listener = ends.server;
            }
        }
        if introduction.ends.n_known() == 0 {
            introduction.machine = machine(&nouns, &words, text, is_sentence)
                .or(listener.filter(|_| introduction.direction != Some(Direction::Outbound)));
        }
        // What stays on its machine has no other end.
        if introduction.loopback
            && introduction.ends.n_known() < 2
            && let Some(own) = own::own(&nouns)
        {
            introduction.ends = Ends::default();
            introduction.machine = Some(own);
        }
        introduction.lists_components = lists_components(&words);
        introduction.is_optional = is_label && says_optional(text);
        introduction.lists_servers = introduction.ends.server.is_none() && leads_to_servers(text);
        introduction.is_about_ports = speaks_of_ports(&words)
            || 0 < introduction.ends.n_known()
            || words.iter().any(|word| {
                word.is_any(&[
                    "traffic",
                    "inbound",
                    "outbound",
                    "ingress",
                    "egress",
                    "incoming",
                    "outgoing",
                    "open",
                    "allow",
                    "permit",
                    "connections",
                ])
            });
        let says_more = 0 < introduction.ends.n_known() || introduction.machine.is_some();
        if !says_more
            && words.len() <= LABEL_WORDS
            && !is_sentence
            && !text.ends_with(['.', '!', '?'])
        {
            let is_empty = words.iter().all(is_empty_word);
            introduction.service = (!is_empty).then(|| text.to_owned());
        }
        introduction
    }

    /// Adds what a label or a key below it says; what the label says counts more.
    pub(super) fn narrowed(&self, label: Self) -> Self {
        let mut both = self.clone();
        both.further = match &label.further {
            Some(further) => {
                let outer = Self {
                    further: None,
                    ..self.clone()
                };
                Some(Box::new(outer.narrowed(Self::clone(further))))
            }
            None => self
                .further
                .as_ref()
                .map(|further| Box::new(further.narrowed(label.clone()))),
        };
        both.lists_components |= label.lists_components;
        both.lists_servers |= label.lists_servers;
        both.is_optional |= label.is_optional;
        both.leaves_bracket |= label.leaves_bracket;
        both.is_about_ports |= label.is_about_ports;
        if !label.transports.is_empty() {
            both.transports = label.transports;
        }
        if 0 < label.ends.n_known() {
            both.ends = Ends {
                client: label.ends.client.or(both.ends.client),
                server: label.ends.server.or(both.ends.server),
                ..label.ends
            };
        }
        both.machine = label.machine.or(both.machine);
        both.direction = label.direction.or(both.direction);
        both.condition = label.condition.or(both.condition);
        both.loopback |= label.loopback;
        if label.stance != Stance::Wanted {
            both.stance = label.stance;
        }
        both.service = label.service.or(both.service);
        both
    }

    /// The same for what goes the other way.
    pub(super) fn reversed(&self) -> Self {
        let mut reversed = self.clone();
        std::mem::swap(&mut reversed.ends.client, &mut reversed.ends.server);
        reversed
    }

    /// Fills in what an item leaves out.
    pub(super) fn complete(&self, statement: &mut Statement) {
        if statement.transports.is_empty() {
            statement.transports.clone_from(&self.transports);
        }
        if !statement.loopback {
            statement.direction = statement.direction.or(self.direction);
            statement.add_ends(&self.ends);
            if self.lists_servers && statement.source.is_some() && statement.destination.is_none() {
                statement.destination = statement.service.as_deref().and_then(server_named);
                statement.direction = Some(Direction::Outbound);
            }
        }
        if self.is_optional && statement.required.is_none() {
            statement.required = Some(false);
        }
        if statement.condition.is_none() {
            statement.condition.clone_from(&self.condition);
        }
        if statement.service.is_none() {
            statement.service.clone_from(&self.service);
        }
        statement.loopback |= self.loopback;
        if !statement.forbidden && statement.doubt.is_none() {
            statement.add_stance(self.stance);
        }
    }
}

impl Introduction {
    /// The machine on which commands below this line are run, and the ends if it names both.
    pub(super) fn on_machine(&self) -> (Option<String>, Ends) {
        if self.ends.n_known() == 2 && !self.ends.is_mutual {
            return (self.machine.clone(), self.ends.clone());
        }
        let machine = self.machine.clone().or_else(|| self.ends.server.clone());
        (machine, Ends::default())
    }
}

/// A name without the word that says that all of them are meant.
fn without_all(many: &str) -> &str {
    ["all ", "All ", "both ", "Both "]
        .iter()
        .find_map(|all| many.strip_prefix(all))
        .unwrap_or(many)
}

/// The transports that a line names, wherever they stand.
pub(super) fn transports(words: &[Word<'_>]) -> Vec<Transport> {
    let mut named: Vec<Transport> = words.iter().filter_map(transport).collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// Words of a title that say nothing of what its ports are for: `Required ports`.
fn is_empty_word(word: &Word<'_>) -> bool {
    word.is_mark()
        || is_preposition(&word.lower)
        || is_article(&word.lower)
        || word.is_any(&[
            "required",
            "used",
            "open",
            "default",
            "basic",
            "network",
            "additional",
            "external",
            "internal",
            "necessary",
            "needed",
            "and",
            "optional",
            "then",
            "run",
            "these",
            "ports",
            "port",
            "traffic",
            "rules",
            "firewall",
            "connections",
            "communication",
            "requirements",
            "tcp",
            "udp",
            "inbound",
            "outbound",
            "incoming",
            "outgoing",
            "ingress",
            "egress",
        ])
}

/// `Edge to Core`, and nothing else but ports.
pub(super) fn bare_pair(nouns: &NounPhrases<'_>, start: usize) -> Option<Ends> {
    let pieces = nouns.pieces;
    let client = nouns.name_up_to(start, "to")?;
    let server = nouns
        .list(client.end + 1)
        .or_else(|| nouns.name_up_to(client.end + 1, ""))?;
    let rest = server.end;
    let is_whole = rest == pieces.len()
        || pieces.is_any(
            rest,
            &["communication", "communications", "traffic", "connections"],
        ) && rest + 1 == pieces.len()
        || pieces.word(rest).is_some_and(Word::is_mark)
        || pieces.is_port(rest)
        || pieces.is_any(rest, &["on", "over", "via", "using", "at"]) && pieces.is_port(rest + 1)
        // "over TLS"
        || pieces.is_any(rest, &["over", "via", "using"]) && rest + 2 == pieces.len();
    // `Edge to Core (both directions)`
    let says_both = pieces.kind(rest) == Some(Kind::Open)
        && (rest..pieces.len())
            .take_while(|at| pieces.kind(*at) != Some(Kind::Close))
            .any(|at| pieces.is_any(at, &["both", "bidirectional", "bi-directional", "either"]));
    is_whole.then(|| Ends {
        client: Some(client.text),
        server: Some(server.text),
        is_mutual: says_both,
        ..Ends::default()
    })
}

/// The ends of a label that is a pair of names once its brackets are left out, of which none names a port.
fn without_brackets(text: &str, names: &Names) -> Option<Ends> {
    let (outside, inside) = unbracket(text);
    if inside.is_empty() || text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let outside = fold(&outside);
    let words = words(&outside);
    let pieces = Pieces::new(&outside, &words, &[]);
    let nouns = NounPhrases {
        pieces: &pieces,
        names,
    };
    bare_pair(&nouns, 0)
}

/// The sentence that leads to what follows: what those before it deny is not denied of that.
fn last_sentence<'w, 'a>(words: &'w [Word<'a>]) -> &'w [Word<'a>] {
    let end = words
        .windows(2)
        .rposition(|two| matches!(two, [stop, next] if stop.kind == Kind::Stop && !next.is_glued));
    end.and_then(|end| words.get(end + 1..)).unwrap_or(words)
}

fn direction(words: &[Word<'_>]) -> Option<Direction> {
    let has = |names: &[&str]| words.iter().any(|word| word.is_any(names));
    match (
        has(&["inbound", "incoming", "ingress"]),
        has(&["outbound", "outgoing", "egress"]),
    ) {
        (true, false) => Some(Direction::Inbound),
        (false, true) => Some(Direction::Outbound),
        (true, true) | (false, false) => None,
    }
}
