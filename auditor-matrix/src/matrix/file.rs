//! The TOML form of a matrix: its serialised shape is defined here alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use thiserror::Error;
use toml::value::Datetime;

use super::{
    rule::{Matrix, Presence, Rule, RulePorts},
    source::{Address, Source},
};
use crate::{
    file::{File, FileError},
    length::{LengthProblem, length},
    port::PortProblem,
    role::Role,
    transport::Transport,
};

/// Why a text that is TOML is no matrix.
#[derive(Debug, Error)]
enum MatrixProblem {
    #[error("holds no rule: expected one [[rule]] or more")]
    NoRule,
    #[error("rule `{id}` stands twice: expected an id of its own for each rule")]
    RuleTwice { id: String },
    #[error(
        "rule `{id}` names no ports: expected ports = \"80\", a list, a range or \"ephemeral\""
    )]
    NoPorts { id: String },
    #[error("rule `{id}` names ports, but {transport} has none: remove them")]
    NeedlessPorts { id: String, transport: Transport },
    #[error("rule `{id}` has an empty {field}: expected one role or more")]
    NoRole { id: String, field: &'static str },
    #[error("a source has either a url or a file: expected one of them")]
    NoAddress,
    #[error("fetched is no instant: expected something like 2026-01-31T12:00:00Z")]
    NoInstant,
    #[error(transparent)]
    Port(#[from] PortProblem),
    #[error(transparent)]
    Length(#[from] LengthProblem),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct MatrixFile {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The pages that the last import has read, so that the next one knows.
    #[serde(default, rename = "source", skip_serializing_if = "Vec::is_empty")]
    sources: Vec<toml::Spanned<SourceFile>>,
    #[serde(default, rename = "rule")]
    rules: Vec<toml::Spanned<RuleFile>>,
    /// What the last import wrote, so that the next one can tell an edit from a change of the page.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    imported: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fetched: Option<Datetime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    id: String,
    client: Vec<String>,
    server: Vec<String>,
    transport: Transport,
    #[serde(
        default,
        deserialize_with = "ports",
        skip_serializing_if = "Option::is_none"
    )]
    ports: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    alternatives: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    loopback: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(default)]
    presence: Presence,
    #[serde(
        default,
        deserialize_with = "within",
        skip_serializing_if = "Option::is_none"
    )]
    within: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Checks the text during deserialisation, while its position in the file is known.
fn ports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    RulePorts::parse(&text).map_err(D::Error::custom)?;
    Ok(Some(text))
}

/// As [`ports`].
fn within<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    length(&text).map_err(D::Error::custom)?;
    Ok(Some(text))
}

impl Matrix {
    /// Reads the text of a matrix file; `path` is only named in errors.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        let source = File { path, text };
        let file: MatrixFile = source.read()?;
        let mut matrix = Self {
            name: file.name,
            version: file.version,
            sources: Vec::new(),
            rules: Vec::new(),
            imported: file.imported,
        };
        for spanned in file.sources {
            let offset = spanned.span().start;
            let page =
                page(spanned.into_inner()).map_err(|problem| source.problem(offset, problem))?;
            matrix.sources.push(page);
        }
        let mut ids = BTreeSet::new();
        for spanned in file.rules {
            let offset = spanned.span().start;
            let rule =
                rule(spanned.into_inner()).map_err(|problem| source.problem(offset, problem))?;
            if !ids.insert(rule.id.clone()) {
                return Err(source.problem(offset, MatrixProblem::RuleTwice { id: rule.id }));
            }
            matrix.rules.push(rule);
        }
        if matrix.rules.is_empty() {
            return Err(source.problem(0, MatrixProblem::NoRule));
        }
        Ok(matrix)
    }

    /// The line on which each rule of a matrix file begins, by its id; empty if the text is no matrix.
    pub fn lines(text: &str) -> BTreeMap<String, usize> {
        let Ok(file) = toml::from_str::<MatrixFile>(text) else {
            return BTreeMap::new();
        };
        let mut lines = BTreeMap::new();
        let (mut line, mut at) = (1, 0);
        // The rules are in file order, so line breaks are counted from one rule to the next.
        for rule in file.rules {
            let start = rule.span().start;
            let before = text.get(at..start).unwrap_or_default();
            line += before.matches('\n').count();
            at = start;
            lines.insert(rule.into_inner().id, line);
        }
        lines
    }

    /// The matrix as a file that [`Matrix::parse`] reads back.
    ///
    /// # Errors
    ///
    /// Never in practice: the shape holds text and flags only.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let rules = self
            .rules
            .iter()
            .map(|rule| toml::Spanned::new(0..0, file(rule)))
            .collect();
        toml::to_string(&MatrixFile {
            name: self.name.clone(),
            version: self.version.clone(),
            sources: self
                .sources
                .iter()
                .map(|page| toml::Spanned::new(0..0, page_file(page)))
                .collect(),
            rules,
            imported: self.imported.clone(),
        })
    }
}

impl Rule {
    /// A digest of the rule's content without its id and its origin: FNV-1a over its serialised form. When the file's format
    /// changes, so does the digest, and then every rule counts as changed once.
    pub fn digest(&self) -> String {
        let shape = RuleFile {
            id: String::new(),
            origin: None,
            // `within` never comes from a page: a reviewer adds it.
            within: None,
            ..file(self)
        };
        let text = toml::to_string(&shape).unwrap_or_default();
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{hash:016x}")
    }
}

fn page(file: SourceFile) -> Result<Source, MatrixProblem> {
    let address = match (file.url, file.file) {
        (Some(url), None) => Address::Url(url),
        (None, Some(file)) => Address::File(file),
        (Some(_), Some(_)) | (None, None) => return Err(MatrixProblem::NoAddress),
    };
    let fetched = file.fetched.map(|time| time.to_string().parse());
    Ok(Source {
        address,
        fetched: fetched
            .transpose()
            .map_err(|_other: jiff::Error| MatrixProblem::NoInstant)?,
        sha256: file.sha256,
    })
}

fn page_file(page: &Source) -> SourceFile {
    let (url, file) = match &page.address {
        Address::Url(url) => (Some(url.clone()), None),
        Address::File(file) => (None, Some(file.clone())),
    };
    SourceFile {
        url,
        file,
        fetched: page.fetched.and_then(instant),
        sha256: page.sha256.clone(),
    }
}

/// An instant as TOML writes it.
fn instant(time: Timestamp) -> Option<Datetime> {
    time.to_string().parse().ok()
}

fn rule(file: RuleFile) -> Result<Rule, MatrixProblem> {
    let id = file.id;
    let ports = match (file.ports, file.transport.has_ports()) {
        (Some(text), true) => RulePorts::parse(&text)?,
        (None, false) => RulePorts::None,
        (None, true) => {
            return Err(MatrixProblem::NoPorts { id });
        }
        (Some(_), false) => {
            return Err(MatrixProblem::NeedlessPorts {
                id,
                transport: file.transport,
            });
        }
    };
    let roles = |names: Vec<String>, field| {
        let roles: Vec<Role> = names.iter().map(|name| Role::new(name)).collect();
        if roles.is_empty() || roles.iter().any(|role| role.name().is_empty()) {
            return Err(MatrixProblem::NoRole {
                id: id.clone(),
                field,
            });
        }
        Ok(roles)
    };
    Ok(Rule {
        client: roles(file.client, "client")?,
        server: roles(file.server, "server")?,
        transport: file.transport,
        ports,
        alternatives: file.alternatives,
        loopback: file.loopback,
        service: file.service,
        presence: file.presence,
        within: file.within.as_deref().map(length).transpose()?,
        when: file.when,
        note: file.note,
        origin: file.origin,
        id,
    })
}

fn file(rule: &Rule) -> RuleFile {
    let names = |roles: &[Role]| roles.iter().map(|role| role.name().to_owned()).collect();
    RuleFile {
        id: rule.id.clone(),
        client: names(&rule.client),
        server: names(&rule.server),
        transport: rule.transport,
        ports: match &rule.ports {
            RulePorts::None => None,
            ports @ (RulePorts::Set(_) | RulePorts::Ephemeral) => Some(ports.to_string()),
        },
        alternatives: rule.alternatives,
        loopback: rule.loopback,
        service: rule.service.clone(),
        presence: rule.presence,
        within: rule.within.map(|within| format!("{within:#}")),
        when: rule.when.clone(),
        note: rule.note.clone(),
        origin: rule.origin.clone(),
    }
}
