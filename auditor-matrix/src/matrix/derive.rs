//! Derives rules from rows. After this step there are client and server roles, and no viewpoints any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    endpoints::{EndpointRemark, Page, RowEndpoints, row_endpoints},
    identity::{self, UniqueRules},
    page_names::PageNames,
    presence::presence,
    rule::{Matrix, Presence, Rule, RulePorts},
};
use crate::{
    document::{
        Basis, Document, End, PortGroup, Problem, ProblemKind, Profile, Row, Severity,
        speaks_of_machine,
    },
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
    derive_as(documents, name, &Profile::default(), None)
}

/// Makes rules of rows whose roles have the names that a profile gives them. Where a row does not say whether its traffic must
/// be there, `unsaid` does, if it is given, and the headings above the row if not.
pub fn derive_as(
    documents: &[Document],
    name: &str,
    profile: &Profile,
    unsaid: Option<Presence>,
) -> Derived {
    derive_up_to(MOST_RULES, documents, name, (profile, unsaid))
}

/// More rules than any vendor documents; it bounds the result whatever a page contains.
const MOST_RULES: usize = 100_000;

pub(super) fn derive_up_to(
    most: usize,
    documents: &[Document],
    name: &str,
    (profile, unsaid): (&Profile, Option<Presence>),
) -> Derived {
    let mut problems = Vec::new();
    let mut unique = UniqueRules::default();
    for document in documents {
        let page_role = page_role(&document.rows);
        let names = PageNames::of(&document.rows);
        let page = Page {
            role: page_role.as_ref(),
            product: document.product.as_deref(),
            names: &names,
        };
        let with_role: BTreeSet<Option<&str>> = (document.rows.iter())
            .filter(|row| row.role.is_some())
            .map(|row| row.section.as_deref())
            .collect();
        let mut remarks = Remarks::default();
        for (index, row) in document.rows.iter().enumerate() {
            if most <= unique.len() {
                let n_rows = document.rows.len() - index;
                let message = format!(
                    "rules are made up to {most}, so the {n_rows} rows from here on are in none; import the page in parts"
                );
                problems.push(problem(row, Severity::Lost, &message).of(ProblemKind::Page));
                break;
            }
            let page = Page {
                role: page.role.filter(|_| may_be_of_page(row, &with_role)),
                ..page
            };
            match row_endpoints(row, &page) {
                Ok((both, row_remarks)) => {
                    remarks.add(index, row, row_remarks);
                    let both = both.into_iter().map(|one| one.renamed(profile));
                    let presence = presence(row, document.title.as_deref(), unsaid);
                    for rule in both.flat_map(|endpoints| rules(row, &endpoints, presence)) {
                        unique.push(rule);
                    }
                }
                Err(lost) => problems.push(problem(row, Severity::Lost, &lost.to_string())),
            }
        }
        problems.extend(remarks.into_problems());
    }
    let rules = identity::name_rules(unique);
    Derived {
        matrix: Matrix {
            name: name.to_owned(),
            version: None,
            sources: Vec::new(),
            imported: rules
                .iter()
                .map(|rule| (rule.id.clone(), rule.digest()))
                .collect(),
            rules,
        },
        problems,
    }
}

/// What is said of rows that leave something out.
#[derive(Default)]
struct Remarks {
    /// Often every row of a table leaves out the same endpoint, so what holds for rows that follow each other is said once.
    runs: BTreeMap<EndpointRemark, Vec<Run>>,
}

/// Rows that follow each other and leave out the same.
struct Run {
    problem: Problem,
    /// The positions of the first and the last of them among the document's rows.
    first: usize,
    last: usize,
    ports: BTreeSet<PortRange>,
}

impl Remarks {
    fn add(&mut self, index: usize, row: &Row, remarks: impl IntoIterator<Item = EndpointRemark>) {
        for remark in remarks {
            let message = remark.to_string();
            let runs = self.runs.entry(remark).or_default();
            match runs.last_mut() {
                Some(run) if index <= run.last + 1 && run.problem.line <= row.line => {
                    run.problem.until = row.line;
                    run.last = index;
                    run.ports.extend(row.ranges());
                }
                _ => runs.push(Run {
                    problem: problem(row, Severity::Remark, &message),
                    first: index,
                    last: index,
                    ports: row.ranges().collect(),
                }),
            }
        }
    }

    fn into_problems(self) -> impl Iterator<Item = Problem> {
        self.runs.into_values().flatten().map(Run::into_problem)
    }
}

impl Run {
    /// Several rows are quoted by their ports.
    fn into_problem(self) -> Problem {
        if self.first == self.last {
            return self.problem;
        }
        let shown = self.ports.iter().take(MOST_PORTS_SHOWN);
        let mut text = shown
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        if MOST_PORTS_SHOWN < self.ports.len() {
            text.push_str(", …");
        }
        Problem {
            text,
            ..self.problem
        }
    }
}

/// More ports make a line that nobody reads.
const MOST_PORTS_SHOWN: usize = 40;

fn problem(row: &Row, severity: Severity, message: &str) -> Problem {
    let ports: Vec<String> = row.ranges().map(|range| range.to_string()).collect();
    let text = row.text.service().or(row.text.notes()).unwrap_or_default();
    let text = if ports.is_empty() {
        text.to_owned()
    } else {
        format!("{} {text}", ports.join(",")).trim().to_owned()
    };
    Problem::new(&row.file, row.line, severity, text, message).of(ProblemKind::Row)
}

/// The role that the page is about, if its rows name exactly one. The machine of one section is none of the page's, where
/// several others name nobody.
fn page_role(rows: &[Row]) -> Option<End> {
    let mut roles = rows.iter().filter_map(|row| row.role.as_ref());
    let first = roles.next()?;
    let is_only = roles.all(|role| Role::new(role) == Role::new(first));
    let sections = |has_role: bool| -> BTreeSet<Option<&str>> {
        rows.iter()
            .filter(|row| row.role.is_some() == has_role)
            .map(|row| row.section.as_deref())
            .collect()
    };
    let is_of_page = 1 < sections(true).len() || sections(false).len() < SEVERAL_SECTIONS;
    (is_only && is_of_page).then(|| End::new(Arc::clone(&first.name), Basis::Heading))
}

/// Whether the machine that the page names may be that of a row: what another section says of its own machine does not hold for
/// one whose heading speaks of another. `with_role` are the sections that name it.
fn may_be_of_page(row: &Row, with_role: &BTreeSet<Option<&str>>) -> bool {
    let section = row.section.as_deref();
    let innermost = section.and_then(|section| section.rsplit(" / ").next());
    innermost.is_none_or(|heading| !speaks_of_machine(heading)) || with_role.contains(&section)
}

/// So many sections are not merely what else the page says of its machine.
const SEVERAL_SECTIONS: usize = 4;

fn rules(row: &Row, endpoints: &RowEndpoints, presence: Presence) -> Vec<Rule> {
    let is_caution = |text: &&str| text.to_lowercase().starts_with("may change");
    let condition = row.condition.as_deref().filter(|text| !is_caution(text));
    let caution = row.condition.as_deref().filter(is_caution);
    let note = match (condition, row.text.notes(), caution) {
        (Some(condition), _, _) if condition.contains(' ') => Some(condition),
        (_, _, Some(caution)) => Some(caution),
        (_, notes, None) => notes,
    };
    let rule = |transport, ports, alternatives| Rule {
        id: String::new(),
        client: endpoints.client.clone(),
        server: endpoints.server.clone(),
        transport,
        ports,
        alternatives,
        loopback: endpoints.loopback,
        service: row.text.service().map(str::to_owned),
        presence,
        within: None,
        when: condition.map(identity::condition),
        note: note.map(str::to_owned),
        origin: Some(format!("{}:{}", row.file, row.line)),
    };
    let mut rules = Vec::new();
    if row.forbidden && row.ports.is_empty() {
        let every = || RulePorts::Set([PortRange::ALL].into_iter().collect());
        return [Transport::Tcp, Transport::Udp]
            .map(|transport| rule(transport, every(), false))
            .into();
    }
    for transport in row.transport.iter() {
        if !transport.has_ports() {
            rules.push(rule(*transport, RulePorts::None, false));
            continue;
        }
        for PortGroup {
            ranges,
            alternatives,
        } in row.ports.iter()
        {
            rules.push(rule(
                *transport,
                RulePorts::Set(ranges.iter().copied().collect()),
                // "Not 80 or 443" forbids both.
                *alternatives && !row.forbidden,
            ));
        }
        if row.ephemeral && row.ports.is_empty() {
            rules.push(rule(*transport, RulePorts::Ephemeral, false));
        }
    }
    rules
}
