//! Which controls of a standard findings and rules are evidence for, as the deployment says.

use std::{collections::BTreeSet, path::PathBuf};

use glob::Pattern;
use thiserror::Error;

use super::schema::{self, FlowVerdict, RuleVerdict, Severity};
use crate::{deployment::ControlSection, matrix::Matrix, nearest::nearest};

/// Controls, such as `PCI DSS 1.2.5`, each with what belongs to it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Controls(Vec<(String, Vec<Selector>)>);

/// What belongs to a control.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Selector {
    /// Flows and rules with a verdict of this name; both have some names.
    Verdict(Option<FlowVerdict>, Option<RuleVerdict>),
    /// Rules by their ids, and the flows that they allow or forbid.
    Rules(Pattern),
}

/// What a flow or a rule says of a control.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Evidence {
    /// Something is amiss.
    Found(Severity),
    /// It is as documented.
    Documented,
    /// Somebody has accepted it.
    Accepted,
    /// It says nothing of it.
    Silent,
}

impl Evidence {
    pub(super) const fn of_flow(verdict: FlowVerdict, severity: Severity) -> Self {
        match (severity, verdict) {
            (Severity::Fine, FlowVerdict::Documented) => Self::Documented,
            (Severity::Fine, FlowVerdict::Excepted) => Self::Accepted,
            (Severity::Fine, _) => Self::Silent,
            (severity, _) => Self::Found(severity),
        }
    }

    pub(super) const fn of_rule(verdict: RuleVerdict, severity: Severity) -> Self {
        match (severity, verdict) {
            (
                Severity::Fine,
                RuleVerdict::Observed | RuleVerdict::Idle | RuleVerdict::Respected,
            ) => Self::Documented,
            (Severity::Fine, RuleVerdict::Violated) => Self::Accepted,
            (Severity::Fine, _) => Self::Silent,
            (severity, _) => Self::Found(severity),
        }
    }
}

impl Evidence {
    /// Counts it as evidence for a control.
    pub(super) const fn count_in(self, control: &mut schema::Control) {
        let n = match self {
            Self::Found(Severity::Violation) => &mut control.violations,
            Self::Found(Severity::Warning) => &mut control.warnings,
            Self::Found(Severity::Note) => &mut control.notes,
            Self::Documented => &mut control.documented,
            Self::Accepted => &mut control.accepted,
            Self::Found(Severity::Fine) | Self::Silent => &mut control.silent,
        };
        *n += 1;
    }
}

/// What a control names that nobody knows, and where.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{}:{line}: control `{control}` {problem}", file.display())]
pub struct ControlError {
    file: PathBuf,
    line: usize,
    control: String,
    problem: ControlProblem,
}

/// What is wrong with a control.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ControlProblem {
    #[error("names `{name}`, which is no verdict and the id of no rule{}: expected verdicts such as unexpected, or ids of rules such as web or db-*", meant.as_ref().map_or_else(String::new, |meant| format!(" (is `{meant}` meant?)")))]
    Unknown { name: String, meant: Option<String> },
    #[error(
        "names nothing: expected verdicts such as unexpected, or ids of rules such as web or db-*"
    )]
    Empty,
}

impl Controls {
    /// Reads what a deployment says, which is checked against the rules of these matrices.
    ///
    /// # Errors
    ///
    /// A control that names nothing, or something that nobody knows, with its file and line.
    pub fn read(said: &[ControlSection], matrices: &[Matrix]) -> Result<Self, ControlError> {
        let (controls, unknown) = Self::of_others(said, matrices)?;
        unknown.into_iter().next().map_or(Ok(controls), Err)
    }

    /// Reads what a deployment says of the rules of its own matrices, where these are others: what they do not have is given back, and
    /// belongs to no control.
    ///
    /// # Errors
    ///
    /// A control that names nothing, with its file and line.
    pub fn of_others(
        said: &[ControlSection],
        matrices: &[Matrix],
    ) -> Result<(Self, Vec<ControlError>), ControlError> {
        let ids: Vec<&str> = matrices
            .iter()
            .flat_map(|matrix| &matrix.rules)
            .map(|rule| rule.id.as_str())
            .collect();
        let (mut controls, mut unknown) = (Vec::new(), Vec::new());
        for section in said {
            let error = |line, problem| ControlError {
                file: section.file.clone(),
                line,
                control: section.id.clone(),
                problem,
            };
            if section.names.is_empty() {
                return Err(error(section.line, ControlProblem::Empty));
            }
            let mut selectors = Vec::new();
            for (name, line) in &section.names {
                match selector(name, &ids) {
                    Ok(selector) => selectors.push(selector),
                    Err(problem) => unknown.push(error(*line, problem)),
                }
            }
            controls.push((section.id.clone(), selectors));
        }
        Ok((Self(controls), unknown))
    }

    /// The controls of a flow with this verdict, that these rules allow or forbid.
    pub(super) fn of_flow(&self, verdict: FlowVerdict, rules: &[String]) -> Vec<String> {
        let has_rules = matches!(
            verdict,
            FlowVerdict::Documented | FlowVerdict::Forbidden | FlowVerdict::Excepted
        );
        self.of(|selector| match selector {
            Selector::Verdict(flow, _) => *flow == Some(verdict),
            Selector::Rules(pattern) => has_rules && rules.iter().any(|id| is_id(pattern, id)),
        })
    }

    /// The controls of a rule.
    pub(super) fn of_rule(&self, verdict: RuleVerdict, id: &str) -> Vec<String> {
        self.of(|selector| match selector {
            Selector::Verdict(_, rule) => *rule == Some(verdict),
            Selector::Rules(pattern) => is_id(pattern, id),
        })
    }

    fn of(&self, is_its: impl Fn(&Selector) -> bool) -> Vec<String> {
        let its = self.0.iter();
        its.filter(|(_, selectors)| selectors.iter().any(&is_its))
            .map(|(control, _)| control.clone())
            .collect()
    }

    /// How many findings each control has; `findings` has the controls of each, and what it says.
    pub(super) fn counted(
        &self,
        findings: impl Iterator<Item = (Vec<String>, Evidence)>,
    ) -> Vec<schema::Control> {
        let ids = self.0.iter().map(|(id, _)| id);
        let mut counted: Vec<schema::Control> = ids.map(|id| schema::Control::none(id)).collect();
        for (controls, evidence) in findings {
            let controls: BTreeSet<String> = controls.into_iter().collect();
            for control in counted.iter_mut().filter(|one| controls.contains(&one.id)) {
                evidence.count_in(control);
            }
        }
        counted
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether an id is meant; one that several matrices have stands with the matrix's name before it.
fn is_id(pattern: &Pattern, id: &str) -> bool {
    pattern.matches(id)
        || id
            .rsplit_once('/')
            .is_some_and(|(_, id)| pattern.matches(id))
}

fn selector(name: &str, ids: &[&str]) -> Result<Selector, ControlProblem> {
    let (flow, rule) = (FlowVerdict::from_name(name), RuleVerdict::from_name(name));
    if flow.is_some() || rule.is_some() {
        return Ok(Selector::Verdict(flow, rule));
    }
    let pattern = Pattern::new(name).ok();
    let known = pattern.filter(|pattern| ids.iter().any(|id| is_id(pattern, id)));
    known.map(Selector::Rules).ok_or_else(|| {
        let verdicts = ["unexpected", "forbidden", "missing", "refused", "violated"];
        let all: Vec<&str> = ids.iter().copied().chain(verdicts).collect();
        ControlProblem::Unknown {
            name: name.to_owned(),
            meant: nearest(name, &all, |one| *one).map(str::to_owned),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ControlSection, Controls, Evidence, FlowVerdict, RuleVerdict, Severity};
    use crate::matrix::Matrix;

    fn matrix() -> Matrix {
        let rule = |id: &str| {
            format!(
                "[[rule]]\nid = \"{id}\"\nclient = [\"a\"]\nserver = [\"b\"]\ntransport = \"tcp\"\nports = \"1\"\n"
            )
        };
        let text = format!(
            "name = \"M\"\n{}{}{}",
            rule("web"),
            rule("db-one"),
            rule("db-two")
        );
        Matrix::parse(Path::new("m.toml"), &text).unwrap()
    }

    fn sections(said: &[(&str, &[&str])]) -> Vec<ControlSection> {
        (7..)
            .zip(said)
            .map(|(line, (control, names))| ControlSection {
                id: (*control).to_owned(),
                names: names
                    .iter()
                    .map(|name| ((*name).to_owned(), line))
                    .collect(),
                file: "a.toml".into(),
                line,
            })
            .collect()
    }

    fn read(said: &[(&str, &[&str])]) -> Result<Controls, String> {
        Controls::read(&sections(said), &[matrix()]).map_err(|error| error.to_string())
    }

    #[test]
    fn what_belongs_to_a_control() {
        let controls = read(&[
            ("NIST SC-7", &["unexpected", "forbidden", "db-*"]),
            ("PCI DSS 1.2.5", &["web", "missing"]),
        ])
        .unwrap();
        let flow = |verdict, rule: &str| controls.of_flow(verdict, &[rule.to_owned()]);
        assert_eq!(flow(FlowVerdict::Unexpected, "web"), ["NIST SC-7"]);
        assert_eq!(flow(FlowVerdict::Documented, "web"), ["PCI DSS 1.2.5"]);
        assert_eq!(flow(FlowVerdict::Documented, "db-two"), ["NIST SC-7"]);
        assert_eq!(flow(FlowVerdict::Housekeeping, "other"), [""; 0]);
        let rule = |verdict, id| controls.of_rule(verdict, id);
        assert_eq!(
            rule(RuleVerdict::Missing, "db-one"),
            ["NIST SC-7", "PCI DSS 1.2.5"]
        );
        assert_eq!(rule(RuleVerdict::Observed, "M/web"), ["PCI DSS 1.2.5"]);
        let both = vec!["NIST SC-7".to_owned(), "PCI DSS 1.2.5".to_owned()];
        let one = vec!["NIST SC-7".to_owned()];
        let counted = controls.counted(
            [
                (both.clone(), Evidence::Found(Severity::Violation)),
                (one.clone(), Evidence::Found(Severity::Warning)),
                (
                    one,
                    Evidence::of_rule(RuleVerdict::Observed, Severity::Fine),
                ),
                // Of what nobody saw nothing is as documented.
                (
                    both.clone(),
                    Evidence::of_rule(RuleVerdict::Off, Severity::Fine),
                ),
                (
                    both.clone(),
                    Evidence::of_rule(RuleVerdict::Violated, Severity::Fine),
                ),
                (
                    both,
                    Evidence::of_flow(FlowVerdict::Excepted, Severity::Fine),
                ),
            ]
            .into_iter(),
        );
        let counts: Vec<_> = counted
            .iter()
            .map(|one| {
                (
                    one.violations,
                    one.warnings,
                    one.documented,
                    one.accepted,
                    one.silent,
                )
            })
            .collect();
        assert_eq!(counts, [(1, 1, 1, 2, 1), (1, 0, 0, 2, 1)]);
    }

    #[test]
    fn what_nobody_knows_is_said() {
        let error = read(&[("C", &["wbe"])]).unwrap_err();
        assert!(
            error.starts_with("a.toml:7: control `C` names `wbe`"),
            "{error}"
        );
        assert!(error.contains("is `web` meant?"), "{error}");
        assert!(read(&[("C", &[])]).unwrap_err().contains("names nothing"));
        // Of other matrices than the deployment's own the rest is evidence all the same.
        let said = sections(&[("C", &["web-of-old", "db-*"]), ("D", &["gone"])]);
        let (controls, unknown) = Controls::of_others(&said, &[matrix()]).unwrap();
        let unknown: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        assert_eq!(unknown.len(), 2, "{unknown:?}");
        assert!(unknown[0].starts_with("a.toml:7: control `C` names `web-of-old`"));
        assert_eq!(controls.of_rule(RuleVerdict::Observed, "db-one"), ["C"]);
        assert_eq!(controls.of_rule(RuleVerdict::Observed, "web"), [""; 0]);
        assert!(Controls::of_others(&sections(&[("C", &[])]), &[matrix()]).is_err());
        assert!(read(&[("C", &["web"]), ("D", &["x-*"])]).is_err());
    }
}
