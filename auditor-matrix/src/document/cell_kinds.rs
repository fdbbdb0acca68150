//! What the cells of a column hold, by counting: ports, transports, directions, names.

use super::{
    application_protocol, arrow_ports, cell, endpoints,
    host_name::{are_hosts, labelled_host},
    host_port::HostPort,
    permission, port_items, ports, section,
    text::{says_none, some},
};

/// How many of a column's cells are of each kind. Cells without text are not counted.
#[derive(Debug, Default)]
pub(super) struct CellKinds {
    n_cells: usize,
    n_ports: usize,
    /// Ports and transports, and no other word.
    n_bare_ports: usize,
    n_addresses: usize,
    /// Names of machines with their ports: `store:5432`.
    n_host_ports: usize,
    n_arrow_ports: usize,
    n_port_items: usize,
    n_transports: usize,
    n_transport_ports: usize,
    /// A cell names a transport, and not only `any`.
    has_transport: bool,
    n_protocols: usize,
    /// Protocols, be they unknown: `SMTP submission`, `RTSP`.
    n_like_protocols: usize,
    n_directions: usize,
    n_phrases: usize,
    n_pairs: usize,
    /// Cells that name both ends in whatever way.
    n_both_ends: usize,
    n_permissions: usize,
    /// Cells that say that there is none: `no`, `not used`.
    n_denials: usize,
    /// Cells that answer with yes or no: `No`.
    n_answers: usize,
    /// Cells that say in a word how much is needed: `mandatory`, `optional`.
    n_needs: usize,
    n_names: usize,
    /// Full names or addresses of hosts: `IP: 192.0.2.1`, `store.example.com`.
    n_hosts: usize,
    n_bind_addresses: usize,
    n_paths: usize,
    /// An address is that of no interface or of the loopback, as only addresses to listen on are.
    has_bind_address: bool,
    n_plain_names: usize,
    n_sentences: usize,
    n_marks: usize,
    /// So many cells count the rows, from the first on: 1, 2, 3.
    n_counting: usize,
    /// A mark was `yes` or `no`, a tick or a cross; a column of blanks and dashes is none.
    has_mark: bool,
}

/// So many cells show what a column holds, and bound the work for a table without end.
pub(super) const SAMPLE: usize = 512;

impl CellKinds {
    pub(super) fn of<'a, I: Iterator<Item = &'a str>>(cells: I) -> Self {
        let mut kinds = Self::default();
        for cell in cells.take(SAMPLE) {
            kinds.add(cell);
        }
        kinds
    }

    fn add(&mut self, text: &str) {
        let count = |counter: &mut usize, is_so: bool| *counter += usize::from(is_so);
        let Some(text) = some(text).filter(|text| !says_none(text)) else {
            return;
        };
        self.n_cells += 1;
        // `TCP (6)`: the number is that of the protocol, and no port.
        let has_digit =
            text.contains(|c: char| c.is_ascii_digit()) && !cell::is_numbered_protocol(&text);
        let read = if has_digit {
            ports::ports(&text)
        } else {
            ports::Ports::default()
        };
        let is_address = has_digit && ports::has_address(&text) && !read.groups.is_empty();
        let is_list = has_digit && are_all_ports(&text);
        let maps_ports = matches!(read.problem, Some(ports::PortsProblem::Mapping { .. }));
        count(
            &mut self.n_ports,
            !read.groups.is_empty() && read.remarks.len() <= 1 || is_list || maps_ports,
        );
        let is_bare = !read.groups.is_empty() && read.remarks.is_empty() && !is_address;
        let is_port_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_digit())
                || cell::stated(word).is_some()
                || matches!(word, "and" | "or" | "to" | "port" | "ports")
        };
        count(
            &mut self.n_bare_ports,
            is_bare
                && text
                    .to_lowercase()
                    .split(|c: char| !c.is_alphanumeric())
                    .filter(|word| !word.is_empty())
                    .all(is_port_word),
        );
        let names_host = has_digit && HostPort::of(&text).is_some_and(|read| read.name().is_some());
        count(&mut self.n_host_ports, names_host);
        let counts_row = text.parse() == Ok(self.n_cells);
        count(&mut self.n_counting, counts_row);
        let names_transport = has_digit && !read.groups.is_empty() && !read.transports.is_empty();
        count(&mut self.n_transport_ports, names_transport || is_list);
        count(
            &mut self.n_arrow_ports,
            has_digit && arrow_ports::split(&text).is_some(),
        );
        count(&mut self.n_addresses, is_address);
        count(
            &mut self.n_port_items,
            has_digit && !port_items::items(&text).is_empty(),
        );
        let plural = text.replace("(s)", "s");
        let words = || {
            plural
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .filter(|word| has_digit || !word.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let joins = |word: &str| matches!(word, "and" | "or" | "over" | "both" | "only");
        let any = |word: &str| matches!(word, "any" | "all");
        let states = words().any(|word| cell::stated(&word).is_some());
        self.has_transport |= states;
        let is_transport = (states || words().all(|word| any(&word)))
            && words().all(|word| {
                cell::stated(&word).is_some()
                    || joins(&word)
                    || any(&word)
                    || application_protocol::transports(&word).is_some()
            });
        let is_protocol = text.contains(char::is_alphanumeric)
            && words().all(|word| {
                cell::stated(&word).is_some()
                    || joins(&word)
                    || application_protocol::transports(&word).is_some()
            });
        count(&mut self.n_transports, is_transport);
        count(&mut self.n_protocols, is_protocol);
        let first = text.split(' ').next().unwrap_or_default();
        let is_acronym = !text.contains(' ')
            && (2..=MOST_ACRONYM).contains(&text.len())
            && text
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
        // `Web UI`: what is offered at a port, as a protocol is spoken there.
        let is_offered = text
            .rsplit(' ')
            .next()
            .is_some_and(|last| matches!(last.to_lowercase().as_str(), "ui" | "gui" | "api"));
        count(
            &mut self.n_like_protocols,
            is_protocol
                || is_acronym
                || is_offered
                || application_protocol::is_only_spoken(first) && !names_machine(&text),
        );
        count(
            &mut self.n_directions,
            (cell::direction(&text).is_some() || cell::is_one_way(&text))
                && !names_machine(&text)
                && text.split(' ').count() <= MOST_DIRECTION_WORDS,
        );
        count(
            &mut self.n_phrases,
            !endpoints::arrows(&text).is_empty() || endpoints::pair(&text).is_some(),
        );
        let is_pair = endpoints::loose_pair(&text).is_some();
        count(&mut self.n_pairs, is_pair);
        count(
            &mut self.n_both_ends,
            is_pair
                || !endpoints::arrows(&text).is_empty()
                || endpoints::pair(&text).is_some()
                || endpoints::among(&text).is_some(),
        );
        count(
            &mut self.n_permissions,
            permission::of_mark(&text).is_some()
                && cell::required(&text).is_none()
                && (text.split(' ').count() <= MOST_PERMISSION_WORDS
                    // `Allow only from the till server`: who is allowed may have a longer name.
                    || permission::beyond_allowed(&text)
                        .and_then(permission::grantee)
                        .is_some()),
        );
        count(&mut self.n_denials, permission::denies_ports(&text));
        count(&mut self.n_answers, is_answer(&text));
        count(&mut self.n_needs, cell::says_need(&text));
        count(
            &mut self.n_names,
            text.contains(char::is_alphabetic) && !is_address,
        );
        let is_host = are_hosts(&text) || labelled_host(&text).is_some();
        count(&mut self.n_hosts, is_host);
        // `0.0.0.0:7000`: the port may stand beside it.
        let host = HostPort::of(&text).map_or(text.as_str(), |read| {
            read.host.trim_start_matches('[').trim_end_matches(']')
        });
        let address = host.parse::<std::net::IpAddr>().ok();
        let is_any = address
            .is_some_and(|address| address.is_unspecified() || address.is_loopback())
            || host == "*" && text != "*";
        count(
            &mut self.n_bind_addresses,
            address.is_some() || host == "*" || host.eq_ignore_ascii_case("localhost"),
        );
        self.has_bind_address |= is_any;
        count(&mut self.n_paths, is_path(&text));
        let is_plain = text.contains(char::is_alphabetic)
            && text.split(' ').count() <= MOST_NAME_WORDS
            && (cell::direction(&text).is_none() || names_machine(&text))
            && !text.contains([';', ':']);
        count(&mut self.n_plain_names, is_plain && !is_address);
        count(
            &mut self.n_sentences,
            MOST_NAME_WORDS < text.split(' ').count() || text.ends_with('.'),
        );
        let is_mark = cell::required(&text).is_some();
        count(&mut self.n_marks, is_mark);
        self.has_mark |= is_mark;
    }

    /// Whether nearly all cells are of a kind: a table may have a stray cell.
    const fn nearly_all(&self, n: usize) -> bool {
        0 < n && self.n_cells * 4 <= n * 5
    }

    const fn all(&self, n: usize) -> bool {
        0 < n && self.n_cells == n
    }

    pub(super) const fn has_text(&self) -> bool {
        0 < self.n_cells
    }

    pub(super) const fn are_ports(&self) -> bool {
        self.nearly_all(self.n_ports)
    }

    /// Ports and their transports, and nothing else.
    pub(super) const fn are_bare_ports(&self) -> bool {
        self.nearly_all(self.n_bare_ports)
    }

    /// Ports, and cells that say that there are none.
    pub(super) const fn are_ports_or_none(&self) -> bool {
        0 < self.n_ports && self.nearly_all(self.n_ports + self.n_denials)
    }

    /// More than half of the cells are ports, and no other is a sentence.
    pub(super) const fn are_mostly_ports(&self) -> bool {
        self.n_cells < 2 * self.n_ports && self.n_sentences == 0
    }

    /// Names of machines with their ports: `store:5432`.
    pub(super) const fn are_host_ports(&self) -> bool {
        self.nearly_all(self.n_host_ports)
    }

    /// The numbers of the rows: 1, 2, 3.
    pub(super) const fn count_rows(&self) -> bool {
        1 < self.n_cells && self.all(self.n_counting)
    }

    /// At least every second cell is a sentence.
    pub(super) const fn are_sentences(&self) -> bool {
        0 < self.n_sentences && self.n_cells <= 2 * self.n_sentences
    }

    /// Ports with their transports: `TCP/8443`.
    pub(super) const fn are_transport_ports(&self) -> bool {
        self.nearly_all(self.n_transport_ports)
    }

    /// More than half of the cells are ports with their transports.
    pub(super) const fn are_mostly_transport_ports(&self) -> bool {
        self.n_cells < 2 * self.n_transport_ports && self.n_sentences == 0
    }

    pub(super) const fn have_few_ports(&self) -> bool {
        self.n_ports * 4 <= self.n_cells
    }

    pub(super) const fn have_no_ports(&self) -> bool {
        self.n_ports == 0
    }

    /// Ports with arrows behind them.
    pub(super) const fn are_arrow_ports(&self) -> bool {
        0 < self.n_arrow_ports && self.n_cells * 2 <= self.n_arrow_ports * 3
    }

    /// Lists of ports, each with what it is for.
    pub(super) const fn are_port_items(&self) -> bool {
        self.nearly_all(self.n_port_items)
    }

    /// Addresses or URLs with ports.
    pub(super) const fn are_addresses(&self) -> bool {
        self.nearly_all(self.n_addresses)
    }

    /// Full names or addresses of hosts, and more than one, so that it is no accident.
    pub(super) const fn are_hosts(&self) -> bool {
        1 < self.n_hosts && self.nearly_all(self.n_hosts)
    }

    pub(super) const fn are_transports(&self) -> bool {
        self.has_transport && self.nearly_all(self.n_transports)
    }

    /// Transports or application protocols.
    pub(super) const fn are_protocols(&self) -> bool {
        self.all(self.n_protocols)
    }

    /// At least every second cell is a protocol, and the others look like one.
    pub(super) const fn are_like_protocols(&self) -> bool {
        self.all(self.n_like_protocols) && self.n_cells <= 2 * self.n_protocols
    }

    pub(super) const fn are_directions(&self) -> bool {
        self.nearly_all(self.n_directions)
    }

    /// Both ends in one cell: `A -> B`.
    /// All are two names with a `to` in between, whatever the names look like, so that it is no accident.
    pub(super) const fn are_pairs(&self) -> bool {
        self.all(self.n_pairs) && 1 < self.n_pairs
    }

    /// More than half of the cells name both ends, in whatever way, and few others are sentences.
    pub(super) const fn are_mostly_both_ends(&self) -> bool {
        1 < self.n_both_ends
            && self.n_cells < 2 * self.n_both_ends
            && self.n_sentences * 4 <= self.n_cells
    }

    pub(super) const fn are_phrases(&self) -> bool {
        self.nearly_all(self.n_phrases)
            || self.all(self.n_phrases + self.n_directions) && 0 < self.n_phrases
    }

    pub(super) const fn are_permissions(&self) -> bool {
        self.all(self.n_permissions)
    }

    /// A cell says that something is not so: `Deny`, `closed`.
    pub(super) const fn have_denial(&self) -> bool {
        0 < self.n_denials
    }

    /// Yes and no, with or without marks beside them: what they answer only the heading tells.
    pub(super) const fn are_answers(&self) -> bool {
        self.all(self.n_answers)
    }

    /// Words that say how much is needed: `mandatory`, `optional`.
    pub(super) const fn are_needs(&self) -> bool {
        self.all(self.n_needs)
    }

    pub(super) const fn are_names(&self) -> bool {
        self.nearly_all(self.n_names)
    }

    /// Addresses on which a program listens: `0.0.0.0`, `127.0.0.1`.
    pub(super) const fn are_bind_addresses(&self) -> bool {
        self.has_bind_address && self.nearly_all(self.n_bind_addresses)
    }

    /// Paths of URLs without a host: `/api/v1`.
    pub(super) const fn are_paths(&self) -> bool {
        self.nearly_all(self.n_paths)
    }

    /// Names, and nothing that says where traffic goes.
    pub(super) const fn are_plain_names(&self) -> bool {
        self.nearly_all(self.n_plain_names)
    }

    /// A cell is yes or no, a tick or a cross.
    pub(super) const fn have_marks(&self) -> bool {
        self.has_mark
    }

    /// Yes and no, ticks and crosses.
    pub(super) const fn are_marks(&self) -> bool {
        self.has_mark && self.all(self.n_marks)
    }
}

/// Whether a cell lists ports of several transports: `TCP: 5044, 9600; UDP: 5045`.
fn are_all_ports(text: &str) -> bool {
    let segments = ports::segments(text);
    1 < segments.len()
        && segments.into_iter().map(ports::ports).all(|part| {
            part.problem.is_none() && !part.groups.is_empty() && part.remarks.is_empty()
        })
}

/// Whether a cell is the name of a machine that only begins as a direction does: `Ingress node`, `Outgoing mail server`.
fn names_machine(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    1 < words.len()
        && words
            .last()
            .is_some_and(|last| section::is_machine(&last.to_lowercase()))
        && words
            .iter()
            .all(|word| word.chars().all(|c| c.is_alphanumeric() || c == '-'))
        && !words.iter().any(|word| {
            matches!(
                word.to_lowercase().as_str(),
                "to" | "from"
                    | "on"
                    | "for"
                    | "at"
                    | "via"
                    | "of"
                    | "between"
                    | "and"
                    | "or"
                    | "the"
            )
        })
}

/// Whether a cell names no more than paths, or says that there is none.
fn is_path(text: &str) -> bool {
    let is_none = |word: &str| matches!(word.to_lowercase().as_str(), "n/a" | "none" | "na");
    is_none(text)
        || text
            .split([' ', ','])
            .filter(|word| !matches!(*word, "" | "and" | "or"))
            .all(|word| word.starts_with('/') && !word.starts_with("//"))
}

/// An acronym of a protocol has no more letters.
const MOST_ACRONYM: usize = 7;

/// A cell of more words says more than a name.
const MOST_NAME_WORDS: usize = 5;

/// A cell of more words asks for something, as `Open the following ports` does.
const MOST_PERMISSION_WORDS: usize = 4;

/// A cell of more words says more than a direction.
const MOST_DIRECTION_WORDS: usize = 8;

/// Whether a cell is a yes or a no and nothing else.
fn is_answer(text: &str) -> bool {
    let word = text
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    matches!(word.as_str(), "yes" | "no" | "y" | "n" | "true" | "false")
}
