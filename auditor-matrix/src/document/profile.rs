//! Import profiles: what a person has said of a page's columns, roles and sections, kept beside the matrix.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, de::Error as _};
use thiserror::Error;
use toml::{Spanned, Value};

use super::text::fold;
use crate::file::{File, FileError};

/// What the cells of a column hold, as a person names it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ColumnMeaning {
    Port,
    /// The last port of a range whose first port is in a column `port`.
    LastPort,
    /// The protocol, from which the transport is taken.
    Protocol,
    Transport,
    Direction,
    /// Yes or no: whether the row is about inbound traffic.
    Inbound,
    /// Yes or no: whether the row is about outbound traffic.
    Outbound,
    Source,
    Destination,
    /// The other end: the source of inbound rows, the destination of outbound ones.
    Peer,
    Service,
    /// The machines that the row is about.
    Role,
    Required,
    /// Whether the traffic is allowed or denied.
    Permission,
    /// When the row applies.
    Condition,
    Notes,
    /// Nothing that a rule needs.
    Ignored,
}

impl ColumnMeaning {
    /// Every meaning, in the order in which messages list them.
    pub const ALL: [Self; 17] = [
        Self::Port,
        Self::LastPort,
        Self::Protocol,
        Self::Transport,
        Self::Direction,
        Self::Inbound,
        Self::Outbound,
        Self::Source,
        Self::Destination,
        Self::Peer,
        Self::Service,
        Self::Role,
        Self::Required,
        Self::Permission,
        Self::Condition,
        Self::Notes,
        Self::Ignored,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::LastPort => "last-port",
            Self::Protocol => "protocol",
            Self::Transport => "transport",
            Self::Direction => "direction",
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Peer => "peer",
            Self::Service => "service",
            Self::Role => "role",
            Self::Required => "required",
            Self::Permission => "permission",
            Self::Condition => "condition",
            Self::Notes => "notes",
            Self::Ignored => "ignored",
        }
    }

    /// All names, as a sentence lists them.
    pub fn choices() -> String {
        let [names @ .., last] = Self::ALL.map(Self::name);
        format!("{} or {last}", names.join(", "))
    }
}

/// A meaning that no column has.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "`{name}` is no meaning of a column: expected {}",
    ColumnMeaning::choices()
)]
pub struct UnknownMeaning {
    name: String,
}

impl FromStr for ColumnMeaning {
    type Err = UnknownMeaning;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let wanted = name.trim().to_lowercase();
        Self::ALL
            .into_iter()
            .find(|meaning| meaning.name() == wanted)
            .ok_or_else(|| UnknownMeaning {
                name: name.trim().to_owned(),
            })
    }
}

/// What a person says of a page, before which all that the reader would guess gives way.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Profile {
    /// By folded heading.
    columns: BTreeMap<String, ColumnMeaning>,
    /// Role names by folded alias.
    roles: BTreeMap<String, String>,
    /// Folded headings.
    leave_out: BTreeSet<String>,
}

/// A column as the command line gives it: `Source / Target=peer`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ColumnChoice {
    pub heading: String,
    pub meaning: ColumnMeaning,
}

/// A text that says no column's meaning.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum NoChoice {
    #[error(
        "`{text}` gives no column a meaning: expected a heading, `=` and a meaning, such as \"Source / Target=peer\""
    )]
    NoHeading { text: String },
    #[error(transparent)]
    Meaning(#[from] UnknownMeaning),
}

impl FromStr for ColumnChoice {
    type Err = NoChoice;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A heading may hold the sign, a meaning does not.
        match text.rsplit_once('=') {
            Some((heading, meaning)) if !fold(heading).is_empty() => Ok(Self {
                heading: fold(heading),
                meaning: meaning.parse()?,
            }),
            Some(_) | None => Err(NoChoice::NoHeading {
                text: text.to_owned(),
            }),
        }
    }
}

impl Profile {
    /// Reads the text of a profile; `path` is only named in errors.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line, its key and what would be accepted.
    pub fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        let source = File { path, text };
        let file: ProfileFile = source.read()?;
        let mut profile = Self::default();
        for (heading, value) in file.columns {
            let problem = |problem| {
                let key = format!("columns.\"{heading}\"");
                source.problem(value.span().start, ProfileProblem::new(key, problem))
            };
            let meaning = string(value.get_ref()).ok_or_else(|| problem(Wrong::NoMeaning))?;
            let meaning: ColumnMeaning = meaning
                .parse()
                .map_err(|error| problem(Wrong::Unknown(error)))?;
            let before = profile.columns.insert(key(&heading), meaning);
            if before.is_some_and(|before| before != meaning) {
                return Err(problem(Wrong::Twice));
            }
        }
        for (alias, value) in file.roles {
            let problem = |problem| {
                let key = format!("roles.\"{alias}\"");
                source.problem(value.span().start, ProfileProblem::new(key, problem))
            };
            let role = string(value.get_ref())
                .map(fold)
                .filter(|role| !role.is_empty());
            let role = role.ok_or_else(|| problem(Wrong::NoRole))?;
            let before = profile.roles.insert(key(&alias), role.clone());
            if before.is_some_and(|before| before != role) {
                return Err(problem(Wrong::Twice));
            }
        }
        for value in file.sections.leave_out {
            let heading = string(value.get_ref())
                .map(key)
                .filter(|heading| !heading.is_empty());
            let heading = heading.ok_or_else(|| {
                let problem =
                    ProfileProblem::new("sections.leave_out".to_owned(), Wrong::NoHeading);
                source.problem(value.span().start, problem)
            })?;
            profile.leave_out.insert(heading);
        }
        Ok(profile)
    }

    /// Gives a column a meaning, which prevails over what the profile says of it.
    pub fn choose(&mut self, choice: &ColumnChoice) {
        self.columns.insert(key(&choice.heading), choice.meaning);
    }

    /// The meaning of the column with this heading, if the profile gives it one. Letter case, white space and emphasis make no
    /// difference.
    pub fn column(&self, heading: &str) -> Option<ColumnMeaning> {
        if self.columns.is_empty() {
            return None;
        }
        self.columns.get(&key(heading)).copied()
    }

    /// The name of the role that the page calls `name`, if the profile gives it another one.
    pub fn role(&self, name: &str) -> Option<&str> {
        if self.roles.is_empty() {
            return None;
        }
        self.roles.get(&key(name)).map(String::as_str)
    }

    /// Whether a section is to be left out: by its own heading, or by one above it. `section` holds the headings, outermost
    /// first, joined with ` / `.
    pub fn leaves_out(&self, section: &str) -> bool {
        if self.leave_out.is_empty() {
            return false;
        }
        // A heading may hold the sign between headings too, so whole headings are compared, and not what stands between signs.
        let section = format!("{BETWEEN}{}{BETWEEN}", key(section));
        self.leave_out
            .iter()
            .any(|heading| section.contains(&format!("{BETWEEN}{heading}{BETWEEN}")))
    }
}

/// Stands between the headings of a section.
const BETWEEN: &str = " / ";

/// A heading or a name, as far as it distinguishes one from another.
fn key(text: &str) -> String {
    let plain = text.replace(['*', '`'], "").replace("__", "");
    fold(plain.trim().trim_end_matches([':', '?'])).to_lowercase()
}

fn string(value: &Value) -> Option<&str> {
    value.as_str()
}

/// What is wrong with the value of a key.
#[derive(Debug, Error)]
#[error("{key}: {problem}")]
struct ProfileProblem {
    key: String,
    problem: Wrong,
}

impl ProfileProblem {
    const fn new(key: String, problem: Wrong) -> Self {
        Self { key, problem }
    }
}

#[derive(Debug, Error)]
enum Wrong {
    #[error("expected {} as a string", ColumnMeaning::choices())]
    NoMeaning,
    #[error(transparent)]
    Unknown(UnknownMeaning),
    #[error("expected the name of a role as a string")]
    NoRole,
    #[error("expected headings of sections as strings")]
    NoHeading,
    #[error(
        "stands twice with different values, since letter case and white space make no difference: expected it once"
    )]
    Twice,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    #[serde(default, deserialize_with = "columns")]
    columns: BTreeMap<String, Spanned<Value>>,
    #[serde(default, deserialize_with = "roles")]
    roles: BTreeMap<String, Spanned<Value>>,
    #[serde(default)]
    sections: Sections,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sections {
    #[serde(default, deserialize_with = "leave_out")]
    leave_out: Vec<Spanned<Value>>,
}

/// Says what is expected while the position in the file is known, as the next two do.
fn columns<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Spanned<Value>>, D::Error> {
    BTreeMap::deserialize(deserializer).map_err(|_other| {
        D::Error::custom("columns: expected a table of \"heading\" = \"meaning\"")
    })
}

fn roles<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Spanned<Value>>, D::Error> {
    BTreeMap::deserialize(deserializer)
        .map_err(|_other| D::Error::custom("roles: expected a table of \"alias\" = \"role\""))
}

fn leave_out<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Spanned<Value>>, D::Error> {
    Vec::deserialize(deserializer).map_err(|_other| {
        D::Error::custom("sections.leave_out: expected a list of headings, such as [\"Upgrading\"]")
    })
}

#[cfg(test)]
mod tests;
