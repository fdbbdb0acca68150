//! Rows to rules: viewpoints become client and server, once.

use std::collections::BTreeMap;

use super::{
    identity,
    rule::{Matrix, Presence, Rule, RulePorts},
};
use crate::{
    document::{Direction, Document, PortGroup, Problem, Row, RowOrigin, Severity},
    port::PortRange,
    role::Role,
    transport::Transport,
};

/// A matrix, and the rows of which no rule could be made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Derived {
    pub matrix: Matrix,
    pub problems: Vec<Problem>,
}

/// Makes rules of the rows of one or more documents. Each row is in a rule or in a problem.
pub fn derive(documents: &[Document], name: &str) -> Derived {
    let mut derived = Derived {
        matrix: Matrix {
            name: name.to_owned(),
            version: None,
            rules: Vec::new(),
            imported: BTreeMap::new(),
        },
        problems: Vec::new(),
    };
    for document in documents {
        let home = home(&document.rows);
        let mut blanks: BTreeMap<&str, (Problem, usize)> = BTreeMap::new();
        for row in &document.rows {
            match ends(row, home.as_deref()) {
                Ok((pairs, blank)) => {
                    if let Some(message) = blank {
                        let first = || (problem(row, Severity::Remark, message), 0);
                        blanks.entry(message).or_insert_with(first).1 += 1;
                    }
                    derived
                        .matrix
                        .rules
                        .extend(pairs.iter().flat_map(|pair| rules(row, pair)));
                }
                Err(message) => derived.problems.push(problem(row, Severity::Lost, message)),
            }
        }
        // Often a whole table leaves the same end out: once is enough.
        derived
            .problems
            .extend(blanks.into_values().map(|(mut problem, n_rows)| {
                if 1 < n_rows {
                    let more = format!(" (so do {} rows below)", n_rows - 1);
                    problem.message.push_str(&more);
                }
                problem
            }));
    }
    name_rules(&mut derived);
    derived.matrix.imported = derived
        .matrix
        .rules
        .iter()
        .map(|rule| (rule.id.clone(), rule.digest()))
        .collect();
    derived
}

fn problem(row: &Row, severity: Severity, message: &str) -> Problem {
    let ports: Vec<String> = row.ranges().map(|range| range.to_string()).collect();
    let text = row
        .service
        .clone()
        .or_else(|| row.notes.clone())
        .unwrap_or_default();
    Problem {
        file: row.file.clone(),
        line: row.line,
        severity,
        text: if ports.is_empty() {
            text
        } else {
            format!("{} {text}", ports.join(",")).trim().to_owned()
        },
        message: message.to_owned(),
    }
}

/// The machines that the page is about, if its tables name exactly one kind of them.
fn home(rows: &[Row]) -> Option<String> {
    let mut roles = rows.iter().filter_map(|row| row.role.as_deref());
    let first = roles.next()?;
    roles
        .all(|role| Role::new(role) == Role::new(first))
        .then(|| first.to_owned())
}

/// One way of a row.
struct Pair {
    client: Vec<Role>,
    server: Vec<Role>,
    loopback: bool,
}

/// Names of ends that a table leaves out: roles of their own, which nobody is until the deployment says so. So the rule
/// never allows more than was written.
const CLIENTS: &str = "clients";
const SERVERS: &str = "servers";
const HOSTS: &str = "hosts";
pub(super) const BLANKS: [&str; 3] = [CLIENTS, SERVERS, HOSTS];

/// More words than this describe, and name nobody.
const ROLE_WORDS: usize = 4;

/// The ways of a row, and a remark if an end of them had to be left blank.
fn ends(row: &Row, home: Option<&str>) -> Result<(Vec<Pair>, Option<&'static str>), &'static str> {
    let own = row.role.as_deref().or(home);
    // A sentence may call the page's machines by a name of its own.
    let own_word = [
        "the cluster",
        "cluster",
        "the system",
        "the nodes",
        "all instances",
    ];
    let end = |text: &Option<String>| {
        text.as_deref().map(|text| match own {
            Some(own)
                if row.origin == RowOrigin::Note
                    && own_word.contains(&text.to_lowercase().as_str()) =>
            {
                own.to_owned()
            }
            Some(_) | None => text.to_owned(),
        })
    };
    let (source, destination) = (end(&row.source), end(&row.destination));
    let own = own.map(str::to_owned);
    let (client, server) = match row.direction {
        Some(Direction::Inbound) => (source, destination.or(own)),
        Some(Direction::Outbound) => (source.or(own), destination),
        // Two columns say who talks with whom; one column says it at both ends, and then this machine is the other.
        Some(Direction::Both)
            if row.is_peer && source == destination && source != own && row.role != source =>
        {
            (source, own)
        }
        Some(Direction::Both) => (source, destination),
        None => match (&source, &destination, row.origin) {
            // "Port 123 is open for communication with NTP": these machines ask, the service answers.
            (None, None, RowOrigin::Note) => {
                let is_name = |service: &String| service.split(' ').count() <= ROLE_WORDS;
                (own, row.service.clone().filter(is_name))
            }
            // "Between stores": without a way each of them is at both ends.
            (None, None, RowOrigin::Table) => (None, own),
            _ => (source, destination),
        },
    };
    if row.ports.is_empty()
        && !row.ephemeral
        && !row.forbidden
        && !row.transport.contains(&Transport::Icmp)
    {
        return Err(
            "names a connection without a port, so no rule was made of it; add one by hand if you know its port",
        );
    }
    let (client, server, blank) = match row.origin {
        RowOrigin::Table => filled(row, client, server),
        RowOrigin::Note => (client, server, None),
    };
    let Some(client) = client else {
        return Err("names no client, so no rule was made of it; add one by hand");
    };
    let Some(server) = server else {
        return Err("names no server, so no rule was made of it; add one by hand");
    };
    let nobody = |text: &str| text.eq_ignore_ascii_case("none") || text.eq_ignore_ascii_case("n/a");
    if nobody(&client) || nobody(&server) {
        return Err("names nobody at one end, so no rule was made of it");
    }
    let loopback = is_localhost(&client) && is_localhost(&server);
    let mut pair = Pair {
        client: roles(&client, row, home),
        server: roles(&server, row, home),
        loopback,
    };
    let mut blank = blank;
    // What goes out goes to somebody else: "All nodes and the relay" to "All nodes" is written the wrong way round.
    let others: Vec<Role> = pair
        .client
        .iter()
        .filter(|role| !pair.server.contains(role))
        .cloned()
        .collect();
    let is_within = pair.server.iter().all(|role| pair.client.contains(role));
    if row.direction == Some(Direction::Outbound) && is_within && !others.is_empty() && !loopback {
        pair.client = std::mem::replace(&mut pair.server, others);
        blank = Some(
            "names for outbound traffic a server that is one of its clients: the rule has the other ends for servers; check it",
        );
    }
    if loopback {
        // Both ends are the same machine, which one of the two cells may name more exactly.
        let named = if client.contains('(') && !server.contains('(') {
            &pair.client
        } else {
            &pair.server
        }
        .clone();
        pair.client.clone_from(&named);
        pair.server = named;
    }
    if pair.client.is_empty() || pair.server.is_empty() {
        return Err("names an end that is no role, so no rule was made of it; add one by hand");
    }
    let back = Pair {
        client: pair.server.clone(),
        server: pair.client.clone(),
        loopback,
    };
    let is_mutual = row.direction == Some(Direction::Both) && pair.client != pair.server;
    let pairs = if is_mutual {
        vec![pair, back]
    } else {
        vec![pair]
    };
    Ok((pairs, blank))
}

/// Gives an end that a table leaves out a name that the deployment fills in.
fn filled(
    row: &Row,
    client: Option<String>,
    server: Option<String>,
) -> (Option<String>, Option<String>, Option<&'static str>) {
    let is_outbound = row.direction == Some(Direction::Outbound);
    let (own, other) = if is_outbound {
        (HOSTS, SERVERS)
    } else {
        (CLIENTS, HOSTS)
    };
    let blank = match (&client, &server) {
        (Some(_), Some(_)) => None,
        (None, Some(_)) => Some(
            "names no client: its rule has the role `clients` for it, or `hosts` where it is the machines of the page; say in the deployment who they are",
        ),
        (Some(_), None) => Some(
            "names no server: its rule has the role `hosts` for the machines of the page, or `servers`; say in the deployment who they are",
        ),
        (None, None) => Some(
            "names neither client nor server: its rule has the roles `clients`, `hosts` or `servers` for them; say in the deployment who they are",
        ),
    };
    (
        client.or_else(|| Some(own.to_owned())),
        server.or_else(|| Some(other.to_owned())),
        blank,
    )
}

fn is_localhost(text: &str) -> bool {
    text.to_lowercase().starts_with("localhost")
}

/// The roles that a cell names: `agent/master` is two.
fn roles(text: &str, row: &Row, home: Option<&str>) -> Vec<Role> {
    if is_localhost(text) {
        let bracketed = text
            .split(['(', ')'])
            .nth(1)
            .map(str::trim)
            .filter(|name| !name.is_empty());
        return bracketed
            .or(row.role.as_deref())
            .into_iter()
            .map(Role::new)
            .collect();
    }
    let mut outside = String::new();
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => outside.push(character),
            _ => {}
        }
    }
    if outside.contains("://") {
        let host = outside
            .split("://")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        return host.map(Role::new).into_iter().collect();
    }
    let outside = outside
        .replace(" and ", "/")
        .replace(" or ", "/")
        .replace([',', ';', '&'], "/");
    let mut roles: Vec<Role> = Vec::new();
    for part in outside.split('/') {
        let part = plain(part);
        // The machines that the row is about, seen from themselves.
        let own = row
            .role
            .as_deref()
            .or(home)
            .filter(|_| part.eq_ignore_ascii_case("self"));
        let role = Role::new(own.unwrap_or(part));
        if !role.name().is_empty() && !roles.contains(&role) {
            roles.push(role);
        }
    }
    roles
}

/// A role's name without the words that only lead to it.
fn plain(part: &str) -> &str {
    let part = part.trim();
    let part = ["Your ", "your ", "The ", "the "]
        .iter()
        .find_map(|lead| part.strip_prefix(lead))
        .unwrap_or(part);
    part.strip_suffix(" IP address").unwrap_or(part)
}

fn rules(row: &Row, pair: &Pair) -> Vec<Rule> {
    let is_caution = |text: &&String| text.to_lowercase().starts_with("may change");
    let condition = row.condition.as_ref().filter(|text| !is_caution(text));
    let caution = row.condition.as_ref().filter(is_caution).cloned();
    // "Required if …": where the condition holds, it is.
    let required_if = condition.is_some_and(|text| text.to_lowercase().starts_with("required"));
    let presence = match row.required {
        _ if row.forbidden => Presence::Forbidden,
        _ if required_if => Presence::Required,
        Some(true) => Presence::Required,
        Some(false) => Presence::Optional,
        None => Presence::Expected,
    };
    let note = match (condition, &row.notes, caution) {
        (Some(condition), _, _) if condition.contains(' ') => Some(condition.clone()),
        (_, _, Some(caution)) => Some(caution),
        (_, notes, None) => notes.clone(),
    };
    let rule = |transport, ports, alternatives| Rule {
        id: String::new(),
        client: pair.client.clone(),
        server: pair.server.clone(),
        transport,
        ports,
        alternatives,
        loopback: pair.loopback,
        service: row.service.clone(),
        presence,
        when: condition.map(|text| identity::condition(text)),
        note: note.clone(),
        origin: Some(format!("{}:{}", row.file, row.line)),
    };
    let mut rules = Vec::new();
    if row.forbidden && row.ports.is_empty() {
        let every = || RulePorts::Set([PortRange::ALL].into_iter().collect());
        return [Transport::Tcp, Transport::Udp]
            .map(|transport| rule(transport, every(), false))
            .into();
    }
    for transport in &row.transport {
        if !transport.has_ports() {
            rules.push(rule(*transport, RulePorts::None, false));
            continue;
        }
        for PortGroup {
            ranges,
            alternatives,
        } in &row.ports
        {
            rules.push(rule(
                *transport,
                RulePorts::Set(ranges.iter().copied().collect()),
                *alternatives,
            ));
        }
        if row.ephemeral && row.ports.is_empty() {
            rules.push(rule(*transport, RulePorts::Ephemeral, false));
        }
    }
    rules
}

/// Gives every rule its name; rules that say the same become one, and rules whose short names meet get longer ones.
fn name_rules(derived: &mut Derived) {
    let mut unique: Vec<Rule> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for mut rule in derived.matrix.rules.drain(..) {
        let origin = rule.origin.take();
        let known = places.entry(format!("{rule:?}")).or_insert(unique.len());
        match unique.get_mut(*known) {
            Some(known) => {
                if let (Some(all), Some(one)) = (&mut known.origin, origin) {
                    all.push_str(", ");
                    all.push_str(&one);
                }
            }
            None => unique.push(Rule { origin, ..rule }),
        }
    }
    for length in [Length::Short, Length::Client, Length::Everything] {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for rule in unique.iter_mut().filter(|rule| rule.id.is_empty()) {
            *names.entry(name(rule, length)).or_default() += 1;
        }
        for rule in unique.iter_mut().filter(|rule| rule.id.is_empty()) {
            let name = name(rule, length);
            if names.get(&name) == Some(&1) {
                rule.id = name;
            }
        }
    }
    // What is left differs only in what no name shows, such as capital letters or a note.
    let mut n_used: BTreeMap<String, usize> = BTreeMap::new();
    for rule in unique.iter_mut().filter(|rule| rule.id.is_empty()) {
        let name = name(rule, Length::Everything);
        let n_same = n_used.entry(name.clone()).or_default();
        *n_same += 1;
        rule.id = format!("{name}-{n_same}");
    }
    derived.matrix.rules = unique;
}

#[derive(Clone, Copy)]
enum Length {
    Short,
    Client,
    Everything,
}

fn name(rule: &Rule, length: Length) -> String {
    let join = |roles: &[Role]| {
        identity::slug(
            &roles.iter().map(Role::name).collect::<Vec<_>>().join(" "),
            6,
        )
    };
    let service = rule.service.as_deref().unwrap_or_default();
    let service = identity::slug(service.split(['(', ',']).next().unwrap_or_default(), 4);
    let mut parts = match length {
        Length::Short => vec![join(&rule.server), service],
        Length::Client => vec![
            join(&rule.client),
            "to".to_owned(),
            join(&rule.server),
            service,
        ],
        Length::Everything => vec![
            join(&rule.client),
            "to".to_owned(),
            join(&rule.server),
            service,
            rule.when.clone().unwrap_or_default(),
            rule.presence.name().to_owned(),
        ],
    };
    parts.push(identity::slug(&rule.ports.to_string(), usize::MAX));
    parts.push(rule.transport.name().to_owned());
    parts.retain(|part| !part.is_empty());
    parts.join("-")
}
