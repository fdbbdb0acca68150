//! What a page's update changes in a matrix, each change one line of text.

use std::fmt;

use crate::{
    matrix::rule::{Presence, Rule},
    role::Role,
};

/// One difference between the page and the matrix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    Added(Rule),
    Removed(Rule),
    /// The page has changed the rule.
    Changed {
        id: String,
        fields: Vec<Field>,
    },
    /// The page has changed a rule that was edited by hand: the edit stays, and a person must look.
    Conflict {
        id: String,
        fields: Vec<Field>,
    },
    /// The rule was edited or added by hand and stays.
    Kept {
        id: String,
    },
    /// The rule was taken out by hand and stays out.
    LeftOut {
        id: String,
    },
}

/// A field of a rule whose value has changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    pub name: &'static str,
    pub before: String,
    pub now: String,
}

/// The fields in which two rules differ.
pub(super) fn fields(before: &Rule, now: &Rule) -> Vec<Field> {
    let roles = |roles: &[Role]| roles.iter().map(Role::name).collect::<Vec<_>>().join(", ");
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let all = |rule: &Rule| {
        [
            ("client", roles(&rule.client)),
            ("server", roles(&rule.server)),
            ("transport", rule.transport.to_string()),
            ("ports", rule.ports.to_string()),
            ("alternatives", rule.alternatives.to_string()),
            ("loopback", rule.loopback.to_string()),
            ("service", text(&rule.service)),
            ("presence", rule.presence.name().to_owned()),
            ("when", text(&rule.when)),
            ("note", text(&rule.note)),
        ]
    };
    all(before)
        .into_iter()
        .zip(all(now))
        .filter(|((_, before), (_, now))| before != now)
        .map(|((name, before), (_, now))| Field { name, before, now })
        .collect()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(rule) => write!(f, "added     {}: {}", rule.id, RuleLine(rule)),
            Self::Removed(rule) => write!(f, "removed   {}: {}", rule.id, RuleLine(rule)),
            Self::Changed { id, fields } => {
                write!(f, "changed   {id}: ")?;
                write_fields(f, fields)
            }
            Self::Conflict { id, fields } => {
                write!(
                    f,
                    "conflict  {id}: edited by hand, and the page has changed; kept as edited; the page differs in "
                )?;
                write_fields(f, fields)
            }
            Self::Kept { id } => write!(f, "kept      {id}: edited or added by hand"),
            Self::LeftOut { id } => write!(f, "left out  {id}: taken out by hand before"),
        }
    }
}

fn write_fields(f: &mut fmt::Formatter<'_>, fields: &[Field]) -> fmt::Result {
    for (index, field) in fields.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(
            f,
            "{comma}{} `{}` -> `{}`",
            field.name, field.before, field.now
        )?;
    }
    Ok(())
}

/// A rule in one line.
struct RuleLine<'a>(&'a Rule);

impl fmt::Display for RuleLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.0;
        let roles = |roles: &[Role]| roles.iter().map(Role::name).collect::<Vec<_>>().join(", ");
        write!(
            f,
            "{} -> {} {} {}",
            roles(&rule.client),
            roles(&rule.server),
            rule.transport,
            rule.ports
        )?;
        match rule.presence {
            Presence::Expected => Ok(()),
            presence @ (Presence::Required | Presence::Optional | Presence::Forbidden) => {
                write!(f, " ({})", presence.name())
            }
        }
    }
}
