//! Derives rules from rows. After this step there are client and server roles, and no viewpoints any more.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    endpoints::{EndpointRemark, Page, RowEndpoints, row_endpoints},
    identity::{self, UniqueRules},
    page_names::PageNames,
    rule::{Matrix, Presence, Rule, RulePorts},
};
use crate::{
    document::{Document, PortGroup, Problem, ProblemKind, Profile, Row, Severity},
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
    derive_as(documents, name, &Profile::default())
}

/// Makes rules of rows whose roles have the names that a profile gives them.
pub fn derive_as(documents: &[Document], name: &str, profile: &Profile) -> Derived {
    derive_up_to(MOST_RULES, documents, name, profile)
}

/// More rules than any vendor documents; it bounds the result whatever a page contains.
const MOST_RULES: usize = 100_000;

pub(super) fn derive_up_to(
    most: usize,
    documents: &[Document],
    name: &str,
    profile: &Profile,
) -> Derived {
    let mut problems = Vec::new();
    let mut unique = UniqueRules::default();
    for document in documents {
        let page_role = page_role(&document.rows);
        let names = PageNames::of(&document.rows);
        let page = Page {
            role: page_role.as_deref(),
            names: &names,
        };
        let mut remarks: BTreeMap<EndpointRemark, (Problem, usize)> = BTreeMap::new();
        for (index, row) in document.rows.iter().enumerate() {
            if most <= unique.len() {
                let n_rows = document.rows.len() - index;
                let message = format!(
                    "rules are made up to {most}, so the {n_rows} rows from here on are in none; import the page in parts"
                );
                problems.push(problem(row, Severity::Lost, &message).of(ProblemKind::Page));
                break;
            }
            match row_endpoints(row, &page) {
                Ok((both, row_remarks)) => {
                    for remark in row_remarks {
                        let message = remark.to_string();
                        let first = || (problem(row, Severity::Remark, &message), 0);
                        remarks.entry(remark).or_insert_with(first).1 += 1;
                    }
                    let both = both.into_iter().map(|one| one.renamed(profile));
                    for rule in both.flat_map(|endpoints| rules(row, &endpoints)) {
                        unique.push(rule);
                    }
                }
                Err(lost) => problems.push(problem(row, Severity::Lost, &lost.to_string())),
            }
        }
        // Often every row of a table leaves out the same endpoint, so each remark is given once.
        problems.extend(remarks.into_values().map(|(mut problem, n_rows)| {
            if 1 < n_rows {
                let more = format!(" (so do {} rows below)", n_rows - 1);
                problem.message.push_str(&more);
            }
            problem
        }));
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

fn problem(row: &Row, severity: Severity, message: &str) -> Problem {
    let ports: Vec<String> = row.ranges().map(|range| range.to_string()).collect();
    let text = row.text.service().or(row.text.notes()).unwrap_or_default();
    Problem {
        file: Arc::clone(&row.file),
        line: row.line,
        severity,
        kind: ProblemKind::Row,
        text: if ports.is_empty() {
            text.to_owned()
        } else {
            format!("{} {text}", ports.join(",")).trim().to_owned()
        },
        message: message.to_owned(),
    }
}

/// The role that the page is about, if its rows name exactly one.
fn page_role(rows: &[Row]) -> Option<String> {
    let mut roles = rows.iter().filter_map(|row| row.role.as_deref());
    let first = roles.next()?;
    roles
        .all(|role| Role::new(role) == Role::new(first))
        .then(|| first.to_owned())
}

fn rules(row: &Row, endpoints: &RowEndpoints) -> Vec<Rule> {
    let is_caution = |text: &&str| text.to_lowercase().starts_with("may change");
    let condition = row.condition.as_deref().filter(|text| !is_caution(text));
    let caution = row.condition.as_deref().filter(is_caution);
    // "Required if …": the rule applies only where the condition holds, and there it is required.
    let required_if = condition.is_some_and(|text| text.to_lowercase().starts_with("required"));
    let presence = match row.required {
        _ if row.forbidden => Presence::Forbidden,
        _ if required_if => Presence::Required,
        Some(true) => Presence::Required,
        Some(false) => Presence::Optional,
        None => Presence::Expected,
    };
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
