//! Two deployments with their matrices to what is different in the second, a line each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{Deployment, Exception, RoleEntry};
use crate::matrix::{self, Matrix, RulePorts};

/// A deployment and the matrices that it names.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    pub deployment: &'a Deployment,
    pub matrices: &'a [Matrix],
}

/// One difference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Difference {
    Added {
        what: String,
        text: String,
    },
    Removed {
        what: String,
        text: String,
    },
    Changed {
        what: String,
        text: String,
    },
    /// Of a rule of the matrix of this name.
    Rule {
        matrix: String,
        change: Box<matrix::Change>,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { what, text } => write!(f, "added     {what}: {text}"),
            Self::Removed { what, text } => write!(f, "removed   {what}: {text}"),
            Self::Changed { what, text } => write!(f, "changed   {what}: {text}"),
            Self::Rule { matrix, change } => write!(f, "{change} (matrix {matrix})"),
        }
    }
}

/// What of that by which traffic is judged is different in the second. Comments, and the order in which things stand, are not.
pub fn compare(before: Compared<'_>, now: Compared<'_>) -> Vec<Difference> {
    let (old, new) = (before.deployment, now.deployment);
    let mut all = Vec::new();
    roles(old, new, &mut all);
    let conditions = |one: &Deployment| -> BTreeMap<String, String> {
        let conditions = one.conditions.iter();
        conditions
            .map(|(name, holds)| (format!("condition {name}"), holds.to_string()))
            .collect()
    };
    settings(&conditions(old), &conditions(new), &mut all);
    exceptions(&old.exceptions, &new.exceptions, &mut all);
    let controls = |one: &Deployment| -> BTreeMap<String, String> {
        let names = |names: &[(String, usize)]| {
            let names: BTreeSet<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            names.into_iter().collect::<Vec<_>>().join(", ")
        };
        let controls = one.controls.iter();
        controls
            .map(|one| (format!("control {}", one.id), names(&one.names)))
            .collect()
    };
    settings(&controls(old), &controls(new), &mut all);
    let others = |one: &Deployment| -> BTreeMap<String, String> {
        let window = one
            .window
            .map(|window| ("window".to_owned(), format!("{window:#}")));
        let housekeeping = ("housekeeping".to_owned(), one.housekeeping.to_string());
        window.into_iter().chain([housekeeping]).collect()
    };
    settings(&others(old), &others(new), &mut all);
    matrices(before.matrices, now.matrices, &mut all);
    all
}

fn roles(before: &Deployment, now: &Deployment, all: &mut Vec<Difference>) {
    let names: BTreeSet<_> = before.roles.keys().chain(now.roles.keys()).collect();
    for role in names {
        let entries = |one: &Deployment| -> Option<BTreeSet<String>> {
            let entries = one.roles.get(role)?.iter();
            Some(entries.map(RoleEntry::to_string).collect())
        };
        let what = format!("role {role}");
        match (entries(before), entries(now)) {
            (None, Some(now)) => all.push(Difference::Added {
                what,
                text: listed(&now),
            }),
            (Some(before), None) => all.push(Difference::Removed {
                what,
                text: listed(&before),
            }),
            (Some(before), Some(now)) if before != now => {
                let parts: [(&str, BTreeSet<String>); 2] = [
                    ("with", now.difference(&before).cloned().collect()),
                    ("without", before.difference(&now).cloned().collect()),
                ];
                let parts = parts.iter().filter(|(_, entries)| !entries.is_empty());
                let parts = parts.map(|(word, entries)| format!("{word} {}", listed(entries)));
                let text = parts.collect::<Vec<_>>().join(", ");
                all.push(Difference::Changed { what, text });
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

fn listed(entries: &BTreeSet<String>) -> String {
    if entries.is_empty() {
        return "nobody".to_owned();
    }
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    entries.join(", ")
}

/// What has a name and a value.
fn settings(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    all: &mut Vec<Difference>,
) {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    for name in names {
        let what = name.clone();
        match (before.get(name), now.get(name)) {
            (None, Some(now)) => all.push(Difference::Added {
                what,
                text: now.clone(),
            }),
            (Some(before), None) => all.push(Difference::Removed {
                what,
                text: before.clone(),
            }),
            (Some(before), Some(now)) if before != now => all.push(Difference::Changed {
                what,
                text: format!("`{before}` -> `{now}`"),
            }),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

fn exceptions(before: &[Exception], now: &[Exception], all: &mut Vec<Difference>) {
    // The same one may stand twice.
    let mut left: Vec<&Exception> = now.iter().collect();
    for one in before {
        match left.iter().position(|other| *other == one) {
            Some(at) => {
                left.remove(at);
            }
            None => all.push(Difference::Removed {
                what: "exception".to_owned(),
                text: exception(one),
            }),
        }
    }
    all.extend(left.into_iter().map(|one| Difference::Added {
        what: "exception".to_owned(),
        text: exception(one),
    }));
}

/// `web -> 10.0.0.1 tcp 9100, by ops until 2027-01-31: node_exporter`.
fn exception(one: &Exception) -> String {
    let end = |end: &Option<RoleEntry>| end.as_ref().map_or("any".to_owned(), RoleEntry::to_string);
    let said = |word: &str, what: Option<String>| {
        what.map_or_else(String::new, |what| format!("{word} {what}"))
    };
    let protocol = one.protocol.map(|protocol| protocol.to_string());
    let ports = one
        .ports
        .as_ref()
        .filter(|ports| **ports != RulePorts::None);
    format!(
        "{} -> {} {}{}{}{}: {}",
        end(&one.client),
        end(&one.server),
        protocol.unwrap_or_else(|| "every protocol".to_owned()),
        said("", ports.map(ToString::to_string)),
        said(", by", one.owner.clone()),
        said(", until", one.until.map(|until| until.to_string())),
        one.reason
    )
}

fn matrices(before: &[Matrix], now: &[Matrix], all: &mut Vec<Difference>) {
    // Several may have the same name.
    let mut left: Vec<&Matrix> = now.iter().collect();
    for old in before {
        match left.iter().position(|one| one.name == old.name) {
            Some(at) => rules(old, left.remove(at), all),
            None => all.push(Difference::Removed {
                what: format!("matrix {}", old.name),
                text: n_rules(old),
            }),
        }
    }
    for new in left {
        all.push(Difference::Added {
            what: format!("matrix {}", new.name),
            text: n_rules(new),
        });
        let none = Matrix {
            rules: Vec::new(),
            ..new.clone()
        };
        rules(&none, new, all);
    }
}

fn n_rules(matrix: &Matrix) -> String {
    match matrix.rules.len() {
        1 => "1 rule".to_owned(),
        n => format!("{n} rules"),
    }
}

fn rules(before: &Matrix, now: &Matrix, all: &mut Vec<Difference>) {
    let name = &now.name;
    if before.version != now.version {
        let version = |one: &Matrix| one.version.clone().unwrap_or_else(|| "none".to_owned());
        all.push(Difference::Changed {
            what: format!("version of matrix {name}"),
            text: format!("`{}` -> `{}`", version(before), version(now)),
        });
    }
    // Without the digests of the last import, every difference is a change and none an edit by hand.
    let plain = |one: &Matrix| Matrix {
        imported: BTreeMap::new(),
        ..one.clone()
    };
    let changes = matrix::compare(&plain(before), &plain(now)).changes;
    all.extend(changes.into_iter().map(|change| Difference::Rule {
        matrix: name.clone(),
        change: Box::new(change),
    }));
    // No page says in how long a rule's traffic must be seen, so what compares pages does not either.
    let within: BTreeMap<&str, _> = before
        .rules
        .iter()
        .map(|rule| (rule.id.as_str(), rule.within))
        .collect();
    for rule in &now.rules {
        let Some(before) = within.get(rule.id.as_str()) else {
            continue;
        };
        if *before != rule.within {
            let words = |within: Option<jiff::SignedDuration>| {
                within.map_or_else(|| "none".to_owned(), |within| format!("{within:#}"))
            };
            all.push(Difference::Changed {
                what: format!("{} (matrix {name})", rule.id),
                text: format!("within `{}` -> `{}`", words(*before), words(rule.within)),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Compared, compare};
    use crate::{deployment::Deployment, matrix::Matrix};

    const DEPLOYMENT: &str = r#"
matrix = "m.toml"
window = "5m"
[roles]
web = ["10.0.0.1", "10.0.0.2"]
user = ["any"]
[conditions]
tls = true
[[exception]]
match = { server = "web", transport = "tcp", ports = "9100" }
reason = "node_exporter"
owner = "ops"
until = 2027-01-31
[controls]
"SC-7" = ["unexpected"]
"#;

    const MATRIX: &str = r#"
name = "Shop"
[[rule]]
id = "web"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "8080"
[[rule]]
id = "old"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "21"
"#;

    fn differences(before: (&str, &[&str]), now: (&str, &[&str])) -> Vec<String> {
        let read = |(deployment, matrices): (&str, &[&str])| {
            let matrices = matrices.iter();
            let matrices: Vec<Matrix> = matrices
                .map(|text| Matrix::parse(Path::new("m.toml"), text).unwrap())
                .collect();
            let deployment = Deployment::parse(Path::new("a.toml"), deployment).unwrap();
            (deployment, matrices)
        };
        let (before, now) = (read(before), read(now));
        let compared = |(deployment, matrices)| Compared {
            deployment,
            matrices,
        };
        let found = compare(
            compared((&before.0, before.1.as_slice())),
            compared((&now.0, now.1.as_slice())),
        );
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_the_same_is_no_difference() {
        let commented = DEPLOYMENT.replace("window", "# Five.\nwindow");
        let turned = commented.replace("\"10.0.0.1\", \"10.0.0.2\"", "\"10.0.0.2\", \"10.0.0.1\"");
        let found = differences((DEPLOYMENT, &[MATRIX]), (&turned, &[MATRIX]));
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn each_thing_that_is_judged_by_is_told() {
        for (before, now, expected) in [
            (
                "\"10.0.0.2\"",
                "\"10.0.0.3\"",
                "changed   role web: with 10.0.0.3, without 10.0.0.2",
            ),
            ("user = [\"any\"]", "", "removed   role user: any"),
            ("[roles]", "[roles]\ndb = []", "added     role db: nobody"),
            (
                "tls = true",
                "tls = false",
                "changed   condition tls: `true` -> `false`",
            ),
            ("tls = true", "", "removed   condition tls: true"),
            ("\"5m\"", "\"1h30m\"", "changed   window: `5m` -> `1h 30m`"),
            ("window = \"5m\"", "", "removed   window: 5m"),
            (
                "window",
                "housekeeping = false\nwindow",
                "changed   housekeeping: `true` -> `false`",
            ),
            (
                "[\"unexpected\"]",
                "[\"forbidden\"]",
                "changed   control SC-7: `unexpected` -> `forbidden`",
            ),
        ] {
            let changed = DEPLOYMENT.replace(before, now);
            assert_ne!(changed, DEPLOYMENT);
            let found = differences((DEPLOYMENT, &[MATRIX]), (&changed, &[MATRIX]));
            assert_eq!(found, [expected], "{now}");
        }
        let changed = DEPLOYMENT.replace("2027-01-31", "2028-01-31");
        let found = differences((DEPLOYMENT, &[MATRIX]), (&changed, &[MATRIX]));
        let exception = "exception: any -> web tcp 9100, by ops, until";
        assert_eq!(
            found,
            [
                format!("removed   {exception} 2027-01-31: node_exporter"),
                format!("added     {exception} 2028-01-31: node_exporter")
            ]
        );
    }

    #[test]
    fn rules_are_told_with_their_matrix() {
        for (before, now, expected) in [
            (
                "\"8080\"",
                "\"8081\"",
                "changed   web: ports `8080` -> `8081` (matrix Shop)",
            ),
            (
                "ports = \"21\"",
                "ports = \"21\"\npresence = \"forbidden\"",
                "changed   old: presence `expected` -> `forbidden` (matrix Shop)",
            ),
            // Only a person says that, and what compares pages leaves it as it is.
            (
                "ports = \"21\"",
                "ports = \"21\"\nwithin = \"1h\"",
                "changed   old (matrix Shop): within `none` -> `1h`",
            ),
            (
                "name = \"Shop\"",
                "name = \"Shop\"\nversion = \"2\"",
                "changed   version of matrix Shop: `none` -> `2`",
            ),
        ] {
            let changed = MATRIX.replace(before, now);
            let found = differences((DEPLOYMENT, &[MATRIX]), (DEPLOYMENT, &[&changed]));
            assert_eq!(found, [expected], "{now}");
        }
        let (short, _) = MATRIX.rsplit_once("[[rule]]").unwrap();
        let found = differences((DEPLOYMENT, &[MATRIX]), (DEPLOYMENT, &[short]));
        assert_eq!(found, ["removed   old: user -> web tcp 21 (matrix Shop)"]);
        let second = short.replace("Shop", "Bank");
        let found = differences((DEPLOYMENT, &[MATRIX]), (DEPLOYMENT, &[MATRIX, &second]));
        assert_eq!(
            found,
            [
                "added     matrix Bank: 1 rule",
                "added     web: user -> web tcp 8080 (matrix Bank)"
            ]
        );
        let found = differences((DEPLOYMENT, &[MATRIX, &second]), (DEPLOYMENT, &[MATRIX]));
        assert_eq!(found, ["removed   matrix Bank: 1 rule"]);
    }
}
