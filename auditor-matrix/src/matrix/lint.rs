//! Checks matrices and reports what is wrong with them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    endpoints::UNNAMED_ROLES,
    homoglyphs::homoglyphs,
    precedence::{Said, said},
    rule::{Matrix, Presence, Rule, RulePorts},
};
use crate::{port::PortSet, role::Role};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Weight {
    /// A person must change the matrix, or verdicts will be wrong.
    Wrong,
    /// A person should look.
    Doubtful,
}

/// What is wrong with a matrix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    pub weight: Weight,
    /// Position of the matrix among those that were checked.
    pub matrix: usize,
    /// The ids of the rules that it is about.
    pub rules: Vec<String>,
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rules.is_empty() {
            let (shown, more) = self.rules.split_at(MOST_RULES.min(self.rules.len()));
            f.write_str(&shown.join(", "))?;
            if !more.is_empty() {
                write!(f, " and {} more", more.len())?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// More ids are not shown with one finding.
const MOST_RULES: usize = 4;

/// Checks matrices, each alone and all together.
pub fn lint(matrices: &[Matrix]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rules: Vec<(usize, &Rule)> = matrices
        .iter()
        .enumerate()
        .flat_map(|(index, matrix)| matrix.rules.iter().map(move |rule| (index, rule)))
        .collect();
    overlaps(&rules, &mut findings);
    spelling(&rules, &mut findings);
    roles(&rules, &mut findings);
    let looks = homoglyphs(&rules).into_iter().map(|found| Finding {
        weight: Weight::Wrong,
        matrix: found.matrix,
        rules: found.rules,
        message: found.message,
    });
    findings.extend(looks);
    for (matrix, rule) in &rules {
        single_rule(*matrix, rule, &mut findings);
    }
    findings.sort_by(|a, b| (a.matrix, a.weight, &a.rules).cmp(&(b.matrix, b.weight, &b.rules)));
    findings
}

/// Rules that repeat, contain or contradict one another.
fn overlaps(rules: &[(usize, &Rule)], findings: &mut Vec<Finding>) {
    // Only rules that share a client, a server and the transport can overlap.
    let mut meeting: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, (_, rule)) in rules.iter().enumerate() {
        for client in &rule.client {
            for server in &rule.server {
                meeting
                    .entry((client, server, rule.transport))
                    .or_default()
                    .push(index);
            }
        }
    }
    let mut compared: BTreeSet<(usize, usize)> = BTreeSet::new();
    for group in meeting.values() {
        for (nth, first) in group.iter().enumerate() {
            for second in group.iter().skip(nth + 1) {
                if !compared.insert((*first, *second)) {
                    continue;
                }
                if let (Some(a), Some(b)) = (rules.get(*first), rules.get(*second)) {
                    findings.extend(overlap_of(*a, *b));
                }
            }
        }
    }
}

fn overlap_of(first: (usize, &Rule), second: (usize, &Rule)) -> Option<Finding> {
    let ((matrix, a), (other, b)) = (first, second);
    if !a.ports.overlap(&b.ports) {
        return None;
    }
    let finding = |weight, message: String| {
        Some(Finding {
            weight,
            matrix,
            rules: vec![a.id.clone(), b.id.clone()],
            message,
        })
    };
    match said(vec![a, b], |rule| rule.presence) {
        Said::Forbidden { though, .. } if !though.is_empty() => {
            return finding(
                Weight::Wrong,
                "one forbids traffic that the other allows: the flow would be a violation; narrow one of them".to_owned(),
            );
        }
        Said::Forbidden { .. } | Said::Allowed(_) | Said::Nothing => {}
    }
    // Rules with different conditions may both be intended, and so may one for two hosts and one for what stays in a host.
    if a.when != b.when || a.loopback != b.loopback {
        return None;
    }
    if matrix != other {
        let differ = a.presence != b.presence;
        return differ
            .then(|| {
                finding(
                    Weight::Doubtful,
                    format!(
                        "the documents disagree: one says {}, the other {}",
                        a.presence.name(),
                        b.presence.name()
                    ),
                )
            })
            .flatten();
    }
    let (covers, covered) = (contains(a, b), contains(b, a));
    let says = if a.presence == b.presence {
        String::new()
    } else {
        format!(
            ", and they disagree: one says {}, the other {}",
            a.presence.name(),
            b.presence.name()
        )
    };
    match (covers, covered) {
        (true, true) if a.service == b.service => finding(
            Weight::Doubtful,
            format!("they say the same twice{says}; keep one"),
        ),
        (true, true) => finding(
            Weight::Doubtful,
            format!("both allow the same traffic for different services{says}"),
        ),
        (true, false) => finding(
            Weight::Doubtful,
            format!("the first allows all that the second does{says}"),
        ),
        (false, true) => finding(
            Weight::Doubtful,
            format!("the second allows all that the first does{says}"),
        ),
        (false, false) => None,
    }
}

fn contains(outer: &Rule, inner: &Rule) -> bool {
    let roles = |outer: &[Role], inner: &[Role]| inner.iter().all(|role| outer.contains(role));
    roles(&outer.client, &inner.client)
        && roles(&outer.server, &inner.server)
        && match (&outer.ports, &inner.ports) {
            (RulePorts::Set(outer), RulePorts::Set(inner)) => inner
                .ranges()
                .iter()
                .all(|range| is_within(outer, range.first(), range.last())),
            (outer, inner) => outer == inner,
        }
}

/// Whether one range of the set contains all these ports: ranges of a set do not touch, so several together never do.
fn is_within(set: &PortSet, first: u16, last: u16) -> bool {
    set.ranges()
        .iter()
        .any(|range| range.first() <= first && last <= range.last())
}

/// Roles whose names differ in capital letters, marks or a plural only: `Nomad Client` and `nomad-clients`.
fn spelling(rules: &[(usize, &Rule)], findings: &mut Vec<Finding>) {
    let mut spellings: BTreeMap<String, BTreeMap<&Role, (usize, &str)>> = BTreeMap::new();
    for (matrix, rule) in rules {
        for role in rule.client.iter().chain(&rule.server) {
            let words: Vec<String> = role
                .name()
                .to_lowercase()
                .split(|c: char| !c.is_alphanumeric())
                .map(|word| word.strip_suffix('s').unwrap_or(word).to_owned())
                .collect();
            spellings
                .entry(words.concat())
                .or_default()
                .entry(role)
                .or_insert((*matrix, &rule.id));
        }
    }
    for roles in spellings.values().filter(|roles| 1 < roles.len()) {
        let names: Vec<String> = roles.keys().map(|role| format!("`{role}`")).collect();
        let Some((matrix, _)) = roles.values().next() else {
            continue;
        };
        findings.push(Finding {
            weight: Weight::Doubtful,
            matrix: *matrix,
            rules: roles.values().map(|(_, id)| (*id).to_owned()).collect(),
            message: format!(
                "{} look like one role spelt in several ways: use one name, or the deployment has to give both their addresses",
                names.join(" and ")
            ),
        });
    }
}

/// Roles that are no machine's name: placeholders, and names that hold a transport. Said once a role, whatever the number of its
/// rules.
fn roles(rules: &[(usize, &Rule)], findings: &mut Vec<Finding>) {
    let mut of: BTreeMap<(usize, &Role), Vec<&str>> = BTreeMap::new();
    for (matrix, rule) in rules {
        let roles: BTreeSet<&Role> = rule.client.iter().chain(&rule.server).collect();
        for role in roles {
            of.entry((*matrix, role)).or_default().push(&rule.id);
        }
    }
    for ((matrix, role), ids) in of {
        let name = role.name();
        let is_transport = |word: &str| {
            ["tcp", "udp", "sctp", "icmp"]
                .iter()
                .any(|transport| word.eq_ignore_ascii_case(transport))
        };
        let message = if UNNAMED_ROLES.contains(&name) {
            format!(
                "the page does not say who the `{name}` are: name a role, or these rules stay unresolved until the deployment does"
            )
        } else if name.split(|c: char| !c.is_alphanumeric()).any(is_transport) {
            format!(
                "the role `{name}` holds the name of a transport: what stands in two columns was read as one; import the page again with --column, or rename the role"
            )
        } else {
            continue;
        };
        findings.push(Finding {
            weight: Weight::Doubtful,
            matrix,
            rules: ids.into_iter().map(str::to_owned).collect(),
            message,
        });
    }
}

fn single_rule(matrix: usize, rule: &Rule, findings: &mut Vec<Finding>) {
    let mut finding = |weight, message: String| {
        findings.push(Finding {
            weight,
            matrix,
            rules: vec![rule.id.clone()],
            message,
        });
    };
    if rule.presence == Presence::Forbidden {
        return;
    }
    let RulePorts::Set(ports) = &rule.ports else {
        return;
    };
    for range in ports.ranges() {
        let n_ports = usize::from(range.last() - range.first()) + 1;
        let covered: Vec<String> = WELL_KNOWN
            .iter()
            .filter(|(port, _)| range.contains(*port))
            .map(|(port, name)| format!("{port} ({name})"))
            .collect();
        if MOST_PORTS < n_ports && !covered.is_empty() {
            finding(
                Weight::Doubtful,
                format!(
                    "the range {range} of {n_ports} ports covers {}",
                    covered.join(", ")
                ),
            );
        }
    }
}

/// A range of more ports than this counts as wide.
const MOST_PORTS: usize = 50;

/// Well-known services, by IANA's registry; those that it does not list, by their makers' default port.
const WELL_KNOWN: [(u16, &str); 20] = [
    (22, "ssh"),
    (25, "smtp"),
    (53, "dns"),
    (80, "http"),
    (111, "sunrpc"),
    (135, "epmap"),
    (139, "netbios"),
    (389, "ldap"),
    (443, "https"),
    (445, "smb"),
    (1433, "ms-sql"),
    (2049, "nfs"),
    (3306, "mysql"),
    (3389, "rdp"),
    (5432, "postgresql"),
    (5900, "vnc"),
    (6379, "redis"),
    (9200, "elasticsearch"),
    (11211, "memcached"),
    (27017, "mongodb"),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::lint;
    use crate::matrix::Matrix;

    fn matrix(rules: &[(&str, &str, &str, &str, &str)]) -> Matrix {
        let mut text = "name = \"M\"\n".to_owned();
        for (id, client, server, ports, more) in rules {
            text.extend([
                "[[rule]]\nid = \"",
                id,
                "\"\nclient = [\"",
                client,
                "\"]\nserver = [\"",
                server,
                "\"]\ntransport = \"tcp\"\nports = \"",
                ports,
                "\"\n",
                more,
                "\n",
            ]);
        }
        Matrix::parse(Path::new("m.toml"), &text).unwrap()
    }

    #[track_caller]
    fn check(matrices: &[Matrix], expected: &[&str]) {
        let findings: Vec<String> = lint(matrices)
            .iter()
            .map(|finding| format!("{:?} {finding}", finding.weight))
            .collect();
        assert_eq!(findings, expected);
    }

    #[test]
    fn a_clean_matrix() {
        check(
            &[matrix(&[
                ("a", "web", "store", "80", ""),
                ("b", "web", "store", "81", ""),
                ("c", "store", "web", "80", ""),
                ("d", "web", "store", "80", "when = \"cloud\""),
            ])],
            &[],
        );
    }

    #[test]
    fn rules_that_meet() {
        check(
            &[matrix(&[
                ("a", "web", "store", "80", ""),
                ("b", "web", "store", "80", "presence = \"required\""),
                ("c", "web", "store", "70-90", "service = \"x\""),
                ("d", "web", "store", "85-99", "presence = \"forbidden\""),
            ])],
            &[
                "Wrong c, d: one forbids traffic that the other allows: the flow would be a violation; narrow one of them",
                "Doubtful a, b: they say the same twice, and they disagree: one says expected, the other required; keep one",
                "Doubtful a, c: the second allows all that the first does",
                "Doubtful b, c: the second allows all that the first does, and they disagree: one says required, the other expected",
            ],
        );
        // What stays in a host is forbidden by one and allowed by the other; ephemeral ports are ports.
        check(
            &[matrix(&[
                ("a", "web", "web", "40000-40001", ""),
                (
                    "b",
                    "web",
                    "web",
                    "ephemeral",
                    "presence = \"forbidden\"\nloopback = true",
                ),
            ])],
            &[
                "Wrong a, b: one forbids traffic that the other allows: the flow would be a violation; narrow one of them",
            ],
        );
        check(
            &[
                matrix(&[("a", "web", "store", "80", "presence = \"optional\"")]),
                matrix(&[("b", "web", "store", "80", "presence = \"required\"")]),
            ],
            &["Doubtful a, b: the documents disagree: one says optional, the other required"],
        );
    }

    #[test]
    fn roles_that_look_like_others() {
        check(
            &[matrix(&[
                ("a", "master", "store", "80", ""),
                ("b", "m\u{430}ster", "store", "81", ""),
                ("c", "web\u{202e}", "store", "82", ""),
            ])],
            &[
                "Wrong a, b: `master` and `m\u{430} (U+0430)ster` are different roles whose names look the same: write them alike, or tell them apart",
                "Wrong b: the word `m\u{430} (U+0430)ster` in the role `m\u{430}ster` mixes scripts (Cyrillic, Latin), so it looks like another word: write it in one",
                "Wrong c: the role `web\u{202e}` has a character that no reader sees: write its name without it",
            ],
        );
        // In two matrices as well.
        check(
            &[
                matrix(&[("a", "app", "store", "80", "")]),
                matrix(&[("b", "\u{430}\u{440}\u{440}", "store", "81", "")]),
            ],
            &[
                "Wrong a, b: `app` and `\u{430} (U+0430)\u{440} (U+0440)\u{440} (U+0440)` are different roles whose names look the same: write them alike, or tell them apart",
            ],
        );
    }

    #[test]
    fn a_role_is_said_once() {
        let ids = ["a", "b", "c", "d", "e", "f"];
        let ports = ["1", "2", "3", "4", "5", "6"];
        let rules: Vec<_> = ids
            .into_iter()
            .zip(ports)
            .map(|(id, port)| (id, "clients", "Web TCP", port, "presence = \"required\""))
            .collect();
        check(
            &[matrix(&rules)],
            &[
                "Doubtful a, b, c, d and 2 more: the page does not say who the `clients` are: name a role, or these rules stay unresolved until the deployment does",
                "Doubtful a, b, c, d and 2 more: the role `Web TCP` holds the name of a transport: what stands in two columns was read as one; import the page again with --column, or rename the role",
            ],
        );
    }

    #[test]
    fn rules_alone() {
        check(
            &[matrix(&[
                (
                    "a",
                    "clients",
                    "Web nodes",
                    "1-200",
                    "presence = \"required\"",
                ),
                ("b", "web-node", "store", "30000-32767", ""),
            ])],
            &[
                "Doubtful a: the page does not say who the `clients` are: name a role, or these rules stay unresolved until the deployment does",
                "Doubtful a: the range 1-200 of 200 ports covers 22 (ssh), 25 (smtp), 53 (dns), 80 (http), 111 (sunrpc), 135 (epmap), 139 (netbios)",
                "Doubtful a, b: `Web nodes` and `web-node` look like one role spelt in several ways: use one name, or the deployment has to give both their addresses",
            ],
        );
    }
}
