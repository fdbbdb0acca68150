//! Reads a column's heading as a phrase: which end it speaks of, which attribute of it, a transport, a direction.

mod vocabulary;
mod voice;

use self::vocabulary::{CLIENT, DESTINATION, SERVER, SOURCE, is_port_word, says_asking};
pub(super) use self::voice::{Subject, asks};
use super::{
    cell, loopback, permission, profile::ColumnMeaning, section::is_machine, text::unbracket,
    translation,
};
use crate::transport::Transport;

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Column {
    Port,
    /// Ports with arrows that point from the end at the left to the one at the right, or back.
    ArrowPort,
    /// Ports of the service that the heading names, in a table with one column for each.
    NamedPort,
    /// Lists of ports, each with what it is for, be it behind sentences.
    PortItems,
    /// The last port of a range whose first port is in a `Port` column.
    LastPort,
    /// The port on the machine that the row is about: the server's in inbound rows.
    LocalPort,
    /// The port on the other machine: the server's in outbound rows.
    RemotePort,
    /// The transport, or an application protocol from which it follows.
    Protocol,
    /// An application protocol, beside a column of transports.
    Application,
    /// Ports of this transport, or marks that the row's ports are of it.
    Transport(Transport),
    /// Marks that the row's ports are of this transport.
    TransportMark(Transport),
    Direction,
    /// Yes or no: whether the row is about inbound traffic.
    InboundMark,
    /// Yes or no: whether the row is about outbound traffic.
    OutboundMark,
    Source,
    Destination,
    /// One column for the other endpoint: the source of inbound rows, the destination of outbound ones.
    Peer,
    /// Names or URLs of machines: the destination where nothing gives a direction, else the other endpoint.
    Address,
    Service,
    /// The machines that the row is about.
    Role,
    Required,
    /// When the traffic takes place, if not always: `If mail is sent`, `High availability`.
    Condition,
    /// Whether the traffic is allowed: `Allow`, `Deny`.
    Permission,
    /// Whether the port is still in use: `active`, `removed in 2.0`.
    Status,
    /// Yes or no: whether both ends are the same machine.
    LoopbackMark,
    /// The address on which the server listens.
    BindAddress,
    Notes,
    /// Understood, but holds nothing that a rule needs.
    Ignored,
}

/// The column that a person means.
pub(super) const fn chosen(meaning: ColumnMeaning) -> Column {
    match meaning {
        ColumnMeaning::Port => Column::Port,
        ColumnMeaning::LastPort => Column::LastPort,
        ColumnMeaning::Protocol | ColumnMeaning::Transport => Column::Protocol,
        ColumnMeaning::Direction => Column::Direction,
        ColumnMeaning::Inbound => Column::InboundMark,
        ColumnMeaning::Outbound => Column::OutboundMark,
        ColumnMeaning::Source => Column::Source,
        ColumnMeaning::Destination => Column::Destination,
        ColumnMeaning::Peer => Column::Peer,
        ColumnMeaning::Service => Column::Service,
        ColumnMeaning::Role => Column::Role,
        ColumnMeaning::Required | ColumnMeaning::Condition => Column::Required,
        ColumnMeaning::Permission => Column::Permission,
        ColumnMeaning::Notes => Column::Notes,
        ColumnMeaning::Ignored => Column::Ignored,
    }
}

/// A heading's words, in lower case and without marks.
struct Phrase<'a> {
    words: Vec<&'a str>,
}

impl Phrase<'_> {
    fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(word))
    }

    fn is(&self, words: &[&str]) -> bool {
        self.words == words
    }

    fn last(&self) -> &str {
        self.words.last().copied().unwrap_or_default()
    }

    fn first(&self) -> &str {
        self.words.first().copied().unwrap_or_default()
    }

    fn names_port(&self) -> bool {
        self.words.iter().any(|word| is_port_word(word))
    }

    /// Whether the words name both ends: `Calling / called node`.
    fn is_both(&self) -> bool {
        self.has(SOURCE) && self.has(DESTINATION)
    }

    /// Which ends the words name: prepositions and words for a side first, since `source server` is a source.
    fn sides(&self) -> (bool, bool) {
        // Who may reach something is where the traffic comes from: `Open to`, `Accessible for`.
        if matches!(self.last(), "to" | "for")
            && self.has(&[
                "open",
                "opened",
                "accessible",
                "exposed",
                "available",
                "visible",
                "allowed",
            ])
        {
            return (true, false);
        }
        let stated = (
            self.has(SOURCE),
            self.has(DESTINATION) || self.last() == "on" && 1 < self.words.len(),
        );
        if stated.0 || stated.1 {
            return stated;
        }
        (self.has(CLIENT), self.has(SERVER))
    }
}

/// The words of a heading in lower case and in English, as far as they are known, without brackets and marks.
pub(super) fn words(heading: &str) -> String {
    let (outside, _) = unbracket(&heading.replace("(s)", "s"));
    let mut name = String::new();
    for character in outside.to_lowercase().chars() {
        if character.is_alphanumeric() || character == '\'' {
            name.push(character);
        } else if !name.ends_with(' ') && !name.is_empty() {
            name.push(' ');
        }
    }
    name.truncate(name.trim_end().len());
    translation::english(&name)
}

/// Whether the words of a heading name servers, and not where traffic goes: `Server`, `Provider name`, `Listens on`.
pub(super) fn is_server(words: &str) -> bool {
    let listens = |word: &str| matches!(word, "listener" | "listeners" | "listens" | "listening");
    words
        .split(' ')
        .any(|word| SERVER.contains(&word) || listens(word))
        && !words
            .split(' ')
            .any(|word| DESTINATION.contains(&word) && !listens(word))
}

/// Whether a heading names whoever does something, be that what opens a conversation or not.
pub(super) fn names_doer(heading: &str) -> bool {
    let words = words(heading);
    voice::names_doer(&words.split(' ').collect::<Vec<_>>())
}

/// What the verb of a heading says of those that its cells name, if they are its subject.
pub(super) fn subject(heading: &str) -> Option<Subject> {
    let name = words(heading);
    let words: Vec<&str> = name
        .split(' ')
        .filter(|word| !matches!(*word, "" | "the" | "a" | "an"))
        .collect();
    voice::subject(&words)
}

/// Whether the words of a heading say which end its cells are, and not only what kind of machine: `Destination host`.
pub(super) fn states_end(words: &str) -> bool {
    words
        .split(' ')
        .any(|word| SOURCE.contains(&word) || DESTINATION.contains(&word))
}

/// The meaning of a column heading; `None` if it is not recognised.
pub(super) fn column(heading: &str) -> Option<Column> {
    let name = words(heading);
    // "No." and "#" head a column of row numbers.
    if name.is_empty() && !heading.trim().is_empty() || name == "no" {
        return Some(Column::Ignored);
    }
    let phrase = Phrase {
        words: name.split(' ').filter(|word| !word.is_empty()).collect(),
    };
    ports(&phrase)
        .or_else(|| protocol(&phrase))
        .or_else(|| ends(&phrase))
        .or_else(|| attributes(&phrase))
        .or_else(|| column(&unbroken(heading)?))
        .or_else(|| column(&singular(heading, &name)?))
}

/// A heading of one noun in the plural, as that of one: `Purposes`, `FQDNs`. What may be a verb is left to those who read verbs.
fn singular(heading: &str, name: &str) -> Option<String> {
    let one = name.strip_suffix('s')?;
    let is_abbreviation = heading
        .trim()
        .strip_suffix('s')
        .is_some_and(|one| 1 < one.len() && one.bytes().all(|byte| byte.is_ascii_uppercase()));
    let is_noun =
        (LEAST_NOUN <= one.len() || is_abbreviation) && !one.ends_with('s') && !name.contains(' ');
    is_noun.then(|| one.to_owned())
}

/// `Uses` may be a verb.
const LEAST_NOUN: usize = 6;

/// A heading without the hyphens at which its words were broken in a narrow column: `Destina-tion`.
fn unbroken(heading: &str) -> Option<String> {
    let mut parts = heading.split('-');
    let mut whole = parts.next()?.to_owned();
    for part in parts {
        let is_within = whole.ends_with(char::is_lowercase) && part.starts_with(char::is_lowercase);
        whole.push_str(if is_within { "" } else { "-" });
        whole.push_str(part);
    }
    (whole != heading).then_some(whole)
}

fn ports(phrase: &Phrase<'_>) -> Option<Column> {
    if !phrase.names_port() {
        return phrase.is(&["number"]).then_some(Column::Port);
    }
    // `Port name`, `Port description`: something about a port.
    match phrase.last() {
        "name" | "names" | "label" | "group" | "purpose" | "usage" | "use" | "function" => {
            return Some(Column::Service);
        }
        "description" | "notes" | "comment" | "comments" | "details" => return Some(Column::Notes),
        "status" | "state" => return Some(Column::Status),
        "setting" | "settings" | "mapping" | "property" | "parameter" | "variable"
        | "configuration" | "configurable" => {
            return Some(Column::Ignored);
        }
        "direction" => return Some(Column::Direction),
        _ => {}
    }
    if phrase.has(&["end", "last", "ending"])
        || phrase.is(&["to", "port"])
        || phrase.is(&["port", "to"])
    {
        return Some(Column::LastPort);
    }
    if phrase.has(&["start", "first", "starting", "begin"])
        || phrase.is(&["from", "port"])
        || phrase.is(&["port", "from"])
    {
        return Some(Column::Port);
    }
    if phrase.has(&["local"]) {
        return Some(Column::LocalPort);
    }
    if phrase.has(&["remote", "peer", "foreign", "far", "distant", "opposite"]) {
        return Some(Column::RemotePort);
    }
    // `Connection from Port`, below a heading of two rows.
    let is_source = phrase.has(&["source", "src", "originating", "origin"])
        || matches!(phrase.words.as_slice(), [_, .., "from", "port" | "ports"]);
    let is_destination = phrase.has(&["destination", "dest", "dst", "target"]);
    // A source port is the client's own, which is no part of a rule.
    Some(if is_source && !is_destination {
        Column::Ignored
    } else {
        Column::Port
    })
}

fn protocol(phrase: &Phrase<'_>) -> Option<Column> {
    let transports: Vec<Transport> = phrase
        .words
        .iter()
        .filter_map(|word| cell::stated(word))
        .collect();
    let only_transports = !transports.is_empty()
        && phrase
            .words
            .iter()
            .all(|word| cell::stated(word).is_some() || matches!(*word, "or" | "and"));
    if only_transports {
        return Some(match transports.as_slice() {
            [only] => Column::Transport(*only),
            _ => Column::Protocol,
        });
    }
    // `Listens on TCP`, `Inbound UDP`
    let says_listening = |word: &&str| {
        matches!(
            *word,
            "listens"
                | "listening"
                | "listen"
                | "on"
                | "in"
                | "inbound"
                | "incoming"
                | "open"
                | "via"
                | "over"
        )
    };
    if let [only] = transports.as_slice()
        && phrase
            .words
            .iter()
            .all(|word| cell::stated(word).is_some() || says_listening(word))
    {
        return Some(Column::Transport(*only));
    }
    if phrase.has(&["protocol", "protocols", "proto", "transport"]) {
        let is_application = phrase.has(&["application", "app", "service", "l7", "7"]);
        return Some(if is_application {
            Column::Application
        } else {
            Column::Protocol
        });
    }
    phrase.is(&["type"]).then_some(Column::Protocol)
}

fn ends(phrase: &Phrase<'_>) -> Option<Column> {
    let says_direction = phrase.has(&[
        "inbound", "outbound", "ingress", "egress", "incoming", "outgoing",
    ]);
    if phrase.has(&["direction"])
        || matches!(phrase.last(), "between" | "among")
        || phrase.is(&["traffic"])
        || phrase.is(&["flow"])
        || phrase.is(&["traffic", "flow"])
    {
        return Some(Column::Direction);
    }
    if says_direction && phrase.words.len() <= 2 && phrase.sides() == (false, false) {
        let both = cell::direction(&phrase.words.join(" ")) == Some(super::row::Direction::Both);
        return both.then_some(Column::Direction);
    }
    // `Listening host` above names; where addresses stand below it they say where on their own machine.
    if phrase.words.len() == 2
        && phrase.first() == "listening"
        && let Some(end) = voice::end(&phrase.words)
    {
        return Some(end);
    }
    // `What to open` is no end.
    if matches!(phrase.words.as_slice(), ["what", "to", ..]) {
        return None;
    }
    if phrase.has(&["bind", "bound", "binding", "binds", "listen", "listening"])
        && phrase.has(&["address", "addresses", "interface", "ip", "host", "to"])
    {
        return Some(Column::BindAddress);
    }
    if loopback::is_reach_of_others(&phrase.words.join(" "))
        || phrase.has(&["localhost", "loopback"])
        || phrase.has(&["local"]) && phrase.has(&["only"])
        || matches!(
            phrase.words.as_slice(),
            ["host" | "machine" | "node" | "server", "internal" | "local"]
                | [
                    "internal",
                    "to" | "to the" | "on",
                    ..,
                    "host" | "machine" | "node"
                ]
        )
    {
        return Some(Column::LoopbackMark);
    }
    if let Some(end) = voice::end(&phrase.words).filter(|_| !phrase.is_both()) {
        return Some(end);
    }
    match phrase.sides() {
        (true, true) => return Some(Column::Peer),
        (true, false) => return Some(Column::Source),
        (false, true) => return Some(Column::Destination),
        (false, false) => {}
    }
    // On which machine, and who asks it.
    if phrase.is(&["where"]) || phrase.is(&["on"]) {
        return Some(Column::Role);
    }
    if phrase.is(&["who"]) {
        return Some(Column::Source);
    }
    if phrase.is(&["whom"]) {
        return Some(Column::Destination);
    }
    // Who reaches, calls or needs a port asks for it.
    if phrase.last() == "by" && phrase.words.iter().any(|word| says_asking(word)) {
        return Some(Column::Source);
    }
    if phrase.has(&["peer", "peers", "remote", "counterpart", "opposite"])
        || phrase.is(&["other", "end"])
        || phrase.is(&["ip", "dns"])
    {
        return Some(Column::Peer);
    }
    if phrase.has(&[
        "domain",
        "domains",
        "url",
        "urls",
        "fqdn",
        "hostname",
        "hostnames",
        "endpoint",
        "endpoints",
        "uri",
    ]) || phrase.is(&["host", "name"])
        || phrase.is(&["host", "names"])
    {
        return Some(Column::Address);
    }
    None
}

fn attributes(phrase: &Phrase<'_>) -> Option<Column> {
    let says_when = phrase.has(&["when", "if", "condition", "conditions"])
        && phrase.words.iter().all(|word| {
            matches!(
                *word,
                "when"
                    | "if"
                    | "condition"
                    | "conditions"
                    | "only"
                    | "required"
                    | "needed"
                    | "used"
                    | "applies"
                    | "necessary"
                    | "open"
            )
        });
    if says_when {
        return Some(Column::Condition);
    }
    // What is off by default is optional.
    let is_default_state = phrase.has(&["enabled", "active", "on"]) && phrase.has(&["default"])
        || phrase.is(&["enabled"]);
    if is_default_state {
        return Some(Column::Required);
    }
    // What a firewall need not let through may still be asked behind it, which no rule can tell.
    let is_about_firewall = phrase.has(&["firewall", "firewalls"]);
    if phrase.has(&["required", "mandatory", "optional", "necessary"])
        && !phrase.has(&["for", "when", "if"])
        && !is_about_firewall
    {
        return Some(Column::Required);
    }
    if phrase.has(&[
        "action",
        "permission",
        "permit",
        "allow",
        "allowed",
        "deny",
        "denied",
        "verdict",
        "policy",
    ]) {
        return Some(Column::Permission);
    }
    // `Permitted`, `Is it blocked?`
    let says_permission = phrase.words.iter().any(|word| permission::is_word(word))
        && phrase.words.iter().all(|word| {
            permission::is_word(word)
                || matches!(
                    *word,
                    "is" | "are"
                        | "be"
                        | "to"
                        | "it"
                        | "traffic"
                        | "connection"
                        | "connections"
                        | "may"
                        | "pass"
                )
        });
    if says_permission {
        return Some(Column::Permission);
    }
    if phrase.has(&["status", "state", "lifecycle", "availability"]) {
        return Some(Column::Status);
    }
    let names_role = phrase.has(&["role", "roles"])
        || phrase.has(&["node", "machine", "host", "server", "instance", "member"])
            && phrase.has(&["type", "types", "name", "kind", "class"])
        || is_machine(phrase.last()) && phrase.words.len() <= 3
        // `Player side`: a machine at this end.
        || phrase.last() == "side" && phrase.words.len() == 2
        || phrase.is(&["system"])
        || phrase.is(&["systems"]);
    if names_role && !phrase.has(&["purpose", "notes", "description"]) {
        return Some(Column::Role);
    }
    let by_word = |word: &str| {
        Some(match word {
            "use" | "used" | "uses" | "connection" | "path" | "purpose" | "service"
            | "services" | "component" | "components" | "product" | "products" | "element"
            | "subsystem" | "application" | "applications" | "programs" | "daemons" | "modules"
            | "usage" | "function" | "process" | "processes" | "daemon" | "feature"
            | "features" | "name" | "what" | "program" | "software" | "module"
            | "functionality" | "scenario" => Column::Service,
            "notes" | "note" | "comment" | "comments" | "remark" | "remarks" | "description"
            | "details" | "detail" | "information" | "explanation" | "info" | "reason"
            | "justification" | "why" => Column::Notes,
            "unit" | "configurable" | "setting" | "settings" | "option" | "parameter"
            | "parameters" | "value" | "changeable" | "variable" | "config" | "customizable" => {
                Column::Ignored
            }
            _ => return None,
        })
    };
    by_word(phrase.last())
        .or_else(|| by_word(phrase.first()))
        .or_else(|| {
            (phrase.has(&["needed", "required"]) && !is_about_firewall).then_some(Column::Service)
        })
}

#[cfg(test)]
mod tests;
