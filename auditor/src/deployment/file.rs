//! The TOML form of a deployment: its serialised shape is defined here alone.

use std::{collections::BTreeMap, path::Path};

use jiff::{SignedDuration, civil::Date};
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

use super::{
    Deployment, Exception, ProcessDetail,
    fleet::FleetFile,
    roles::RoleEntry,
    sink::{SinkFile, SinkSection},
};
use crate::{
    file::{File, FileError},
    length::length,
    matrix::RulePorts,
    role::Role,
    transport::Transport,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeploymentFile {
    matrix: OneOrMany,
    #[serde(default)]
    interfaces: Vec<String>,
    #[serde(default, deserialize_with = "duration")]
    window: Option<SignedDuration>,
    #[serde(default = "yes")]
    housekeeping: bool,
    #[serde(default)]
    processes: ProcessDetail,
    #[serde(default)]
    roles: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    conditions: BTreeMap<String, bool>,
    #[serde(default, rename = "exception")]
    exceptions: Vec<ExceptionFile>,
    #[serde(default)]
    controls: BTreeMap<String, Vec<String>>,
    #[serde(default, rename = "sink")]
    sinks: Vec<Spanned<SinkFile>>,
    fleet: Option<Spanned<FleetFile>>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the path of a matrix, or a list of paths"
)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionFile {
    #[serde(rename = "match")]
    traffic: Spanned<TrafficFile>,
    reason: String,
    owner: Option<String>,
    #[serde(default, deserialize_with = "date")]
    until: Option<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrafficFile {
    client: Option<Spanned<String>>,
    server: Option<Spanned<String>>,
    transport: Option<Transport>,
    ports: Option<Spanned<String>>,
}

const fn yes() -> bool {
    true
}

fn duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SignedDuration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    length(&text).map(Some).map_err(D::Error::custom)
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let date = toml::value::Datetime::deserialize(deserializer)?;
    let text = date.to_string();
    text.parse().map(Some).map_err(|_problem| {
        D::Error::custom(format!(
            "`{text}` is no day: expected a date such as 2027-01-31"
        ))
    })
}

impl Deployment {
    /// Reads the text of a deployment; `path` is named in errors, and paths of matrices are relative to its directory.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        let source = File { path, text };
        let file: DeploymentFile = source.read()?;
        let directory = directory(path);
        let matrices = match file.matrix {
            OneOrMany::One(path) => vec![path],
            OneOrMany::Many(paths) => paths,
        };
        if matrices.is_empty() {
            return Err(source.problem(
                0,
                "names no matrix: expected matrix = [\"matrix.toml\"]".to_owned(),
            ));
        }
        let names: Vec<Role> = file.roles.keys().map(|name| Role::new(name)).collect();
        let entry = |text: &Spanned<String>| {
            let entry = RoleEntry::parse(text.get_ref())
                .map_err(|problem| source.problem(text.span().start, problem))?;
            match &entry {
                RoleEntry::Role(role) if !names.contains(role) => Err(source.problem(
                    text.span().start,
                    format!(
                        "nobody defines the role `{role}`: expected an address, a host name with a dot in it, any, or a role of [roles]"
                    ),
                )),
                RoleEntry::Any | RoleEntry::Net(_) | RoleEntry::Range(..) | RoleEntry::Host(_) | RoleEntry::Role(_) => {
                    Ok(entry)
                }
            }
        };
        let mut roles = BTreeMap::new();
        for (name, entries) in &file.roles {
            let entries: Result<Vec<RoleEntry>, FileError> = entries.iter().map(entry).collect();
            if roles.insert(Role::new(name), entries?).is_some() {
                return Err(source.problem(
                    0,
                    format!(
                        "role `{name}` stands twice under [roles]: letter case makes no difference"
                    ),
                ));
            }
        }
        let mut exceptions = Vec::new();
        for exception in file.exceptions {
            let offset = exception.traffic.span().start;
            let traffic = exception.traffic.into_inner();
            let exception = Exception {
                client: traffic.client.as_ref().map(entry).transpose()?,
                server: traffic.server.as_ref().map(entry).transpose()?,
                transport: traffic.transport,
                ports: traffic
                    .ports
                    .map(|text| {
                        RulePorts::parse(text.get_ref()).map_err(|problem| {
                            source.problem(text.span().start, problem.to_string())
                        })
                    })
                    .transpose()?,
                reason: exception.reason,
                owner: exception.owner,
                until: exception.until,
            };
            if exception.client.is_none()
                && exception.server.is_none()
                && exception.transport.is_none()
                && exception.ports.is_none()
            {
                return Err(source.problem(offset, "this exception would accept everything: name a client, a server, a transport or ports".to_owned()));
            }
            exceptions.push(exception);
        }
        let fleet = file.fleet.map(|section| {
            let offset = section.span().start;
            let checked = section.into_inner().checked(directory);
            checked.map_err(|problem| source.problem(offset, problem))
        });
        Ok(Self {
            matrices: matrices.iter().map(|path| directory.join(path)).collect(),
            interfaces: file.interfaces,
            window: file.window,
            housekeeping: file.housekeeping,
            processes: file.processes,
            roles,
            conditions: file.conditions,
            exceptions,
            controls: file.controls,
            sinks: file
                .sinks
                .into_iter()
                .map(|section| sink(source, section))
                .collect(),
            fleet: fleet.transpose()?,
        })
    }
}

/// A `[[sink]]` section, with the file, lines and directory that its kind needs to read it.
fn sink(source: File<'_>, section: Spanned<SinkFile>) -> SinkSection {
    let line = source.line(section.span().start);
    let section = section.into_inner();
    SinkSection {
        fields: section.fields,
        directory: directory(source.path).to_owned(),
        file: source.path.to_owned(),
        line,
        kind_line: source.line(section.kind.span().start),
        kind: section.kind.into_inner(),
    }
}

/// The directory to which relative paths are relative.
fn directory(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new(""))
}
