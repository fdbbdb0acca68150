//! Decides what the titles of alternatives, such as tabs, say: conditions under which their rows apply, or whose rows they are.
//!
//! A title says what a heading in its place would. Alternatives that stand beside one another are of one kind, so that they are
//! looked at together: where the page uses their titles as ends of conversations, each is the machine of its rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    block::{Block, Content},
    cell,
    column::{self, Column},
    loopback,
    names::Names,
    row::Direction,
    section,
    table_rows::TableRows,
};

/// The alternatives of a page and what each is, in the order in which they begin.
#[derive(Debug, Default)]
pub(super) struct Alternatives {
    kinds: Vec<Kind>,
    n_begun: usize,
    /// Those that the current line is inside of, outermost first.
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    title: String,
    kind: Kind,
}

/// What the title of an alternative says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// When its rows apply.
    Condition,
    /// Which of the page's machines there are: only alternatives inside of it have rows, each of a machine that no other has.
    Setting,
    /// What a heading would say: the machine of its rows, their transport, their direction.
    Heading,
}

/// An alternative as it is met, before it is known what it is.
struct Met {
    title: String,
    set: usize,
    outer: Option<usize>,
    is_condition: bool,
    /// It has text or tables beside the alternatives inside of it.
    has_own: bool,
    /// A table in it has columns for both ends.
    names_ends: bool,
}

impl Alternatives {
    /// Looks at all alternatives of a page.
    pub(super) fn of(blocks: &[Block], names: &Names) -> Self {
        let all = met(blocks);
        let mut sets: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for one in all.iter().filter(|one| !one.is_condition) {
            sets.entry(one.set).or_default().push(&one.title);
        }
        let machines: BTreeSet<usize> = sets
            .into_iter()
            // Where the rows name both ends and neither is a title, the titles are no ends either.
            .filter(|(set, titles)| {
                let have_ends = all.iter().any(|one| one.set == *set && one.names_ends);
                are_machines(titles, names)
                    && (!have_ends || titles.iter().any(|title| is_end(title, names)))
            })
            .map(|(set, _)| set)
            .collect();
        let is_machine = |one: &Met| machines.contains(&one.set);
        // `Node` in two settings is another machine in each.
        let mut outers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for one in all.iter().filter(|one| is_machine(one)) {
            let outer = one
                .outer
                .and_then(|at| all.get(at))
                .map_or("", |outer| outer.title.as_str());
            outers.entry(&one.title).or_default().insert(outer);
        }
        let mut are_settings: Vec<Option<bool>> = vec![None; all.len()];
        for one in &all {
            let is_only_here = is_machine(one)
                && outers
                    .get(one.title.as_str())
                    .is_some_and(|outers| outers.len() == 1);
            if let Some(slot) = one.outer.and_then(|outer| are_settings.get_mut(outer)) {
                *slot = Some(slot.unwrap_or(true) && is_only_here);
            }
        }
        let is_setting = |index: usize, one: &Met| {
            !one.has_own && are_settings.get(index).copied().flatten() == Some(true)
        };
        // Beside settings of several machines, a title that names a machine is the setting of that one.
        let settings: BTreeSet<usize> = all
            .iter()
            .enumerate()
            .filter(|(index, one)| is_setting(*index, one))
            .map(|(_, one)| one.set)
            .collect();
        let kind = |(index, one): (usize, &Met)| {
            let is_lone_machine = || {
                settings.contains(&one.set)
                    && section::names_machines(&one.title, names)
                    && !is_system(&one.title)
            };
            if one.is_condition {
                Kind::Condition
            } else if is_machine(one)
                || says_what_a_heading_says(&one.title, names)
                || is_lone_machine()
            {
                Kind::Heading
            } else if is_setting(index, one) {
                Kind::Setting
            } else {
                Kind::Condition
            }
        };
        let kinds = all.iter().enumerate().map(kind).collect();
        Self {
            kinds,
            n_begun: 0,
            open: Vec::new(),
        }
    }

    /// The next alternative of the page begins.
    pub(super) fn begin(&mut self, title: String) {
        let kind = self.kinds.get(self.n_begun).copied();
        self.n_begun += 1;
        self.open.push(Open {
            title,
            kind: kind.unwrap_or(Kind::Condition),
        });
    }

    /// The innermost alternative ends.
    pub(super) fn end(&mut self) {
        self.open.pop();
    }

    /// The conditions of the current line, joined.
    pub(super) fn condition(&self) -> String {
        let conditions: Vec<&str> = self.titles(Kind::Condition).collect();
        conditions.join(", ")
    }

    /// The titles above the current line that say what headings say, outermost first.
    pub(super) fn headings(&self) -> impl Iterator<Item = &str> {
        self.titles(Kind::Heading)
    }

    fn titles(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.open
            .iter()
            .filter(move |open| open.kind == kind)
            .map(|open| open.title.as_str())
    }
}

/// All alternatives and conditions of a page. Alternatives that follow one another with nothing between are of one set.
fn met(blocks: &[Block]) -> Vec<Met> {
    let mut all: Vec<Met> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut last_set = None;
    let mut n_sets = 0;
    for block in blocks {
        match &block.content {
            Content::Alternative(title) | Content::Condition(title) => {
                let set = last_set.take().unwrap_or_else(|| {
                    n_sets += 1;
                    n_sets
                });
                all.push(Met {
                    title: title.clone(),
                    set,
                    outer: open.last().copied(),
                    is_condition: matches!(block.content, Content::Condition(_)),
                    has_own: false,
                    names_ends: false,
                });
                open.push(all.len() - 1);
            }
            Content::EndAlternative => {
                last_set = open.pop().and_then(|at| all.get(at)).map(|one| one.set);
            }
            Content::Heading { .. }
            | Content::Table(_)
            | Content::Text(_)
            | Content::Item { .. }
            | Content::Code { .. }
            | Content::Unread { .. }
            | Content::Caption(_)
            | Content::Title(_) => {
                last_set = None;
                if let Some(one) = open.last().and_then(|at| all.get_mut(*at)) {
                    one.has_own = true;
                    one.names_ends |=
                        matches!(&block.content, Content::Table(rows) if names_ends(rows));
                }
            }
        }
    }
    all
}

/// Whether a table's headings name both ends.
fn names_ends(rows: &TableRows) -> bool {
    let meanings: Vec<Option<Column>> = rows
        .iter()
        .next()
        .map(|head| head.cells.iter().map(|cell| column::column(cell)).collect())
        .unwrap_or_default();
    meanings.contains(&Some(Column::Source)) && meanings.contains(&Some(Column::Destination))
}

/// Whether the titles of alternatives are the machines that the page speaks of: each is known for one or is a kind of machine, or
/// at least half are and the page uses one of them as an end.
fn are_machines(titles: &[&str], names: &Names) -> bool {
    let is_end = |title: &&&str| is_end(title, names);
    let n_ends = titles.iter().filter(is_end).count();
    let n_machines = titles
        .iter()
        .filter(|title| is_end(title) || section::names_machines(title, names) && !is_system(title))
        .count();
    n_machines == titles.len() || 0 < n_ends && titles.len() <= 2 * n_machines
}

/// Whether a title names the operating system of a machine, which it is no part of: `Ubuntu Server`.
fn is_system(title: &str) -> bool {
    title.to_lowercase().split(' ').any(|word| {
        matches!(
            word,
            "windows"
                | "linux"
                | "ubuntu"
                | "debian"
                | "centos"
                | "fedora"
                | "rhel"
                | "suse"
                | "macos"
                | "freebsd"
        )
    })
}

/// Whether the page's tables have a name as an end, in its singular or its plural.
fn is_end(title: &str, names: &Names) -> bool {
    names.contains(title)
        || names.contains(&format!("{title}s"))
        || title
            .strip_suffix('s')
            .is_some_and(|singular| names.contains(singular))
}

/// Whether a title says nothing but a transport, a direction, or that the traffic stays on the machine.
fn says_what_a_heading_says(title: &str, names: &Names) -> bool {
    let is_direction = matches!(
        cell::direction(title),
        Some(Direction::Inbound | Direction::Outbound)
    ) && title.split(' ').count() <= MOST_DIRECTION_WORDS;
    let section = section::section(title, names);
    is_direction
        || section.transport.is_some()
        || section.endpoints.is_some()
        || loopback::is_meant(title)
}

/// More words say more than a direction.
const MOST_DIRECTION_WORDS: usize = 3;
