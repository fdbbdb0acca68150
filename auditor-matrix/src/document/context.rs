//! The context that headings give to the tables and sentences below them.

use std::sync::Arc;

use super::{
    arrow::Endpoints,
    cell, column,
    end::{Basis, End},
    loopback,
    names::Names,
    permission::{self, Permission},
    prose::{AboveTable, speaks_of_rows},
    publishing,
    row::Direction,
    section,
    text::{sentences, some},
};
use crate::transport::Transport;

/// Source and destination that stand above a table or a sentence.
#[derive(Clone, Debug)]
pub(super) struct EndPair {
    pub(super) source: End,
    pub(super) destination: End,
    /// Either may ask the other.
    pub(super) is_mutual: bool,
}

impl EndPair {
    pub(super) fn to_endpoints(&self) -> Endpoints {
        Endpoints {
            source: self.source.to_string(),
            destination: self.destination.to_string(),
            is_mutual: self.is_mutual,
            basis: self.source.basis,
        }
    }
}

impl From<Endpoints> for EndPair {
    fn from(ends: Endpoints) -> Self {
        Self {
            source: End::new(ends.source, ends.basis),
            destination: End::new(ends.destination, ends.basis),
            is_mutual: ends.is_mutual,
        }
    }
}

/// What is known of a table or a sentence before it is read.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something else that a heading may say"
)]
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    /// The headings, joined with ` / `.
    pub(super) section: Option<Arc<str>>,
    pub(super) transport: Option<Transport>,
    pub(super) role: Option<End>,
    /// The rows describe traffic among the machines of `role`.
    pub(super) is_within_role: bool,
    pub(super) direction: Option<Direction>,
    /// The headings say of rows that name neither end nor direction that either end may ask: `In- & outbound`.
    pub(super) is_either_way: bool,
    /// Source and destination of rows that name neither.
    pub(super) endpoints: Option<EndPair>,
    /// More pairs of such ends, for which the rows say the same.
    pub(super) more_endpoints: Vec<EndPair>,
    /// Who the sentence above says connects, to whatever the rows list.
    pub(super) asker: Option<End>,
    /// The machines of the nearest heading that names some: the role of rows whose table has a column for the other endpoint
    /// only.
    pub(super) heading: Option<End>,
    /// Who stands at the other end, as a heading below that of the machines says: the rows' directions tell whether it asks.
    pub(super) counterpart: Option<End>,
    /// What the innermost heading names and nothing else, be it known for a machine or not.
    pub(super) subject: Option<String>,
    /// The alternative that the text is part of, such as a tab: the condition under which its rows apply.
    pub(super) condition: Option<Arc<str>>,
    /// The headings or the text above say that this traffic must not take place.
    pub(super) is_forbidden: bool,
    /// The headings or the text above say that this traffic takes place no more.
    pub(super) is_withdrawn: bool,
    /// The headings or the text above say that this traffic stays on one machine.
    pub(super) is_loopback: bool,
    /// The text above says that this traffic need not take place.
    pub(super) is_optional: bool,
}

/// The headings above the current line, outermost first.
#[derive(Debug, Default)]
pub(super) struct Headings {
    titles: Vec<(u8, String)>,
    arrows: Option<Arrows>,
}

/// Pairs of ends that stand as arrows below the innermost heading, or below one around it.
#[derive(Debug)]
struct Arrows {
    /// So many headings stand above them.
    depth: usize,
    pairs: Vec<EndPair>,
    /// The first table or list below them has taken them, so that only sections within theirs still have them.
    are_taken: bool,
}

impl Headings {
    /// Adds a heading, which ends the sections of all headings of its own or a deeper level.
    pub(super) fn push(&mut self, level: u8, text: &str) {
        while self.titles.last().is_some_and(|(above, _)| level <= *above) {
            self.titles.pop();
        }
        let n_above = self.titles.len();
        self.arrows.take_if(|arrows| n_above < arrows.depth);
        self.titles.push((level, text.to_owned()));
    }

    /// Adds pairs of ends that stand as arrows here, for what stands below them.
    pub(super) fn add_arrows(&mut self, pairs: Vec<Endpoints>) {
        self.arrows = Some(Arrows {
            depth: self.titles.len(),
            pairs: pairs.into_iter().map(EndPair::from).collect(),
            are_taken: false,
        });
    }

    /// Whether a name is the whole of a heading.
    pub(super) fn has(&self, name: &str) -> bool {
        self.titles
            .iter()
            .any(|(_, text)| text.trim_end_matches(':').eq_ignore_ascii_case(name))
    }

    /// Whether the current section is around one of a level.
    pub(super) fn is_above(&self, level: u8) -> bool {
        self.titles.last().is_some_and(|(above, _)| *above < level)
    }

    /// Leaves the arrows of this very section to what was just read; `true` if that changes what holds below.
    pub(super) fn take_arrows(&mut self) -> bool {
        let depth = self.titles.len();
        let open = self
            .arrows
            .as_mut()
            .filter(|arrows| arrows.depth == depth && !arrows.are_taken);
        open.is_some_and(|arrows| {
            arrows.are_taken = true;
            true
        })
    }

    /// The first pair of arrows that stand below a heading around this one.
    pub(super) fn outer_arrows(&self) -> Option<&EndPair> {
        let arrows = self.arrows.as_ref()?;
        let is_outer = arrows.depth < self.titles.len();
        arrows.pairs.first().filter(|_| is_outer)
    }

    /// The heading of the section that is being read.
    pub(super) fn innermost(&self) -> Option<&str> {
        self.titles.last().map(|(_, text)| text.as_str())
    }

    pub(super) fn context(&self, names: &Names) -> Context {
        let titles: Vec<&str> = self.titles.iter().map(|(_, text)| text.as_str()).collect();
        let mut context = Context {
            section: some(&titles.join(" / ")).map(Into::into),
            ..Context::default()
        };
        context.subject = self
            .innermost()
            .and_then(|heading| section::machines(heading, names));
        for (index, (level, text)) in self.titles.iter().enumerate() {
            self.point(index, &mut context);
            context.narrow(text, names);
            // Below a title about both directions, sections have ports of either.
            context.is_either_way &= index + 1 == self.titles.len();
            if 1 < *level
                && let Some(machines) = section::machines(text, names)
                && section::names_machines(&machines, names)
            {
                context.heading = Some(End::new(machines, Basis::Heading));
            }
        }
        self.point(self.titles.len(), &mut context);
        if context.role.is_none()
            && context.endpoints.is_none()
            && let Some(machines) = self.set_up(names)
        {
            context.role = Some(End::new(machines, Basis::Title));
        }
        context
    }

    /// What is set up in the section around one about ports alone: `Firewall` below `Configuration of the Ledger`.
    fn set_up(&self, names: &Names) -> Option<String> {
        let ((_, innermost), outer) = self.titles.split_last()?;
        if section::is_about_more_than_ports(innermost) {
            return None;
        }
        let (level, around) = outer.last()?;
        // What the whole page is about its sentences tell better.
        (1 < *level)
            .then(|| section::set_up(around, names))
            .flatten()
    }

    /// Adds the arrows that stand below so many headings.
    fn point(&self, n_above: usize, context: &mut Context) {
        let open = self.arrows.as_ref().filter(|arrows| {
            arrows.depth == n_above && !(arrows.are_taken && n_above == self.titles.len())
        });
        if let Some((first, more)) = open.and_then(|arrows| arrows.pairs.split_first()) {
            context.endpoints = Some(first.clone());
            context.more_endpoints = more.to_vec();
            context.direction = None;
            context.is_within_role = false;
        }
    }
}

impl Context {
    /// Adds what a heading or the title of a table says.
    pub(super) fn narrow(&mut self, heading: &str, names: &Names) {
        let section = section::section(heading, names);
        self.transport = section.transport.or(self.transport);
        let direction = cell::direction(heading)
            .filter(|direction| *direction != Direction::Both && section.endpoints.is_none());
        if direction.is_some() {
            self.is_either_way = false;
        } else if cell::direction(heading) == Some(Direction::Both) {
            self.is_either_way = section::is_about_ports_alone(heading);
        }
        self.direction = direction.or(self.direction);
        if let Some(ends) = section.endpoints {
            self.endpoints = Some(ends.into());
            self.more_endpoints.clear();
            self.direction = None;
        }
        let counterpart = section::counterpart(heading, names);
        if let Some(other) = counterpart.filter(|_| self.role.is_some()) {
            // Only the frame of the words says so.
            self.counterpart = Some(End::new(other, Basis::Title));
        } else if section.role.is_some() {
            self.counterpart = None;
            self.is_within_role = section.is_within_role;
            self.role = section.role.map(|role| {
                let is_known = names.contains(&role);
                // `Ports for Acme Gate`: nothing but the capitals says that it is a machine.
                let is_framed = !section::names_machines(&role, names)
                    && section::owner_of_ports(heading, names).as_ref() == Some(&role);
                let basis = if is_known || !is_framed && section::says_whose(heading, &role) {
                    Basis::Heading
                } else {
                    Basis::Title
                };
                End::new(role, basis)
            });
        }
        self.permit(section.permission);
        self.is_loopback |= section.is_loopback;
    }

    /// A table of the other ends leaves its own machine to the title above it, whatever that is called.
    pub(super) fn take_title_for_machines(&mut self, title: &str, names: &Names) {
        let title = title.trim_end_matches(':');
        if self.role.is_none()
            && self.endpoints.is_none()
            && self.direction.is_none()
            && let Some(machines) = section::machines(title, names).filter(|name| name == title)
        {
            self.role = Some(End::new(machines, Basis::Title));
        }
    }

    /// Below `Update hosts`, a lone column `Hostname` lists these very hosts: the section's machines are what the column holds,
    /// and no other end.
    pub(super) fn leave_listed(&mut self, heading: &str) {
        let words = column::words(heading);
        let lists = |machines: &str| {
            let last = machines
                .rsplit(' ')
                .next()
                .unwrap_or_default()
                .to_lowercase();
            let kind = last.strip_suffix('s').unwrap_or(&last);
            section::is_machine(kind) && words.split(' ').any(|word| word.starts_with(kind))
        };
        // What goes out of the section's machines does not go to them.
        if column::states_end(&words) || self.direction == Some(Direction::Outbound) {
            return;
        }
        if self.role.as_deref().is_some_and(lists) {
            self.role = None;
        }
        if self.heading.as_deref().is_some_and(lists) {
            self.heading = None;
        }
    }

    /// Adds what the title of an alternative says that stands in the place of a heading.
    pub(super) fn enter(&mut self, title: &str, names: &Names) {
        self.narrow(title, names);
        let names_ends = section::section(title, names).endpoints.is_some();
        if let Some(machines) = section::machines(title, names).filter(|_| !names_ends) {
            self.is_within_role = false;
            let named = End::new(machines.as_str(), Basis::Heading);
            self.role = Some(named.clone());
            self.heading = Some(named);
            self.subject = Some(machines);
        }
    }

    /// Adds what the paragraph above a table says of all its rows: the sentences that speak of what follows. `title` is the
    /// page's.
    pub(super) fn introduce(&mut self, paragraph: &str, title: Option<&str>, names: &Names) {
        let mut spoke_of_rows = false;
        for sentence in sentences(paragraph) {
            // "They are bound to the loopback interface."
            if spoke_of_rows && goes_on(sentence) && loopback::is_meant(sentence) {
                self.is_loopback = true;
            }
            spoke_of_rows |= speaks_of_rows(sentence);
            if speaks_of_rows(sentence) {
                // What stays on its machine is closed to others, and not forbidden.
                if loopback::is_meant(sentence) {
                    self.is_loopback = true;
                } else {
                    self.permit(permission::of_sentence(sentence));
                }
            }
        }
        let above = AboveTable::of(paragraph, names);
        self.is_forbidden |= above.is_forbidden && !self.is_loopback;
        self.is_optional |= above.is_optional;
        self.transport = self.transport.or(above.transport);
        let condition = above
            .condition
            .filter(|condition| !publishing::is_of_product(condition, title));
        if let Some(condition) = condition {
            self.condition = Some(match self.condition.take() {
                Some(alternative) => format!("{alternative}: {condition}").into(),
                None => condition.into(),
            });
        }
        let told = |name: String| End::new(name, Basis::Sentence);
        self.asker = above.asker.map(told);
        let one_way = |source, destination| EndPair {
            source,
            destination,
            is_mutual: false,
        };
        if let Some((one, other)) = above.between
            && self.endpoints.is_none()
        {
            // "Between users and the Gate": nobody connects to people and their programs.
            let (source, destination) = if section::only_asks(&other) {
                (other, one)
            } else {
                (one, other)
            };
            self.endpoints = Some(EndPair {
                is_mutual: !section::only_asks(&source),
                source: told(source),
                destination: told(destination),
            });
            self.direction = None;
        }
        if let Some(among) = above.among
            && self.endpoints.is_none()
            // Those who talk to each other on one machine are no machines.
            && !self.is_loopback
        {
            self.role = Some(told(among));
            self.is_within_role = true;
            self.direction = None;
            return;
        }
        if let Some(sender) = above.sender
            && self.endpoints.is_none()
            && self.direction != Some(Direction::Inbound)
        {
            self.role = Some(told(sender));
            self.direction = Some(Direction::Outbound);
            return;
        }
        match (above.client.map(told), above.server.map(told)) {
            (Some(client), Some(server)) => {
                self.endpoints = self.endpoints.take().or(Some(one_way(client, server)));
            }
            // Of what goes out, the own machines are the clients.
            (Some(client), None) if self.direction == Some(Direction::Outbound) => {
                self.role = Some(client);
            }
            (Some(client), None) => {
                let own = self.role.clone();
                self.endpoints = self
                    .endpoints
                    .take()
                    .or_else(|| Some(one_way(client, own?)));
            }
            // Of what goes out, the own machines are nobody whom it goes to.
            (None, Some(_)) if self.direction == Some(Direction::Outbound) => {}
            // `on the host` is on whatever the rows name.
            (None, Some(server)) if section::is_general(&server.name) => {}
            (None, Some(server)) => {
                self.role = self.role.take().or(Some(server));
            }
            (None, None) => {}
        }
    }

    fn permit(&mut self, permission: Option<Permission>) {
        match permission {
            Some(Permission::Forbidden) => self.is_forbidden = true,
            Some(Permission::Withdrawn) => self.is_withdrawn = true,
            Some(Permission::Allowed | Permission::Deprecated | Permission::Restricted) | None => {}
        }
    }
}

/// Whether a sentence goes on about the ports of which the one before it spoke: `They are ...`, `this port must ...`
fn goes_on(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    ["they ", "these ", "it ", "this "]
        .iter()
        .any(|pronoun| lower.starts_with(pronoun))
        || [" this port ", " these ports ", " the port ", " the ports "]
            .iter()
            .any(|port| lower.contains(port))
}
