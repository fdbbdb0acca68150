//! The TOML form of a deployment: its serialised shape is defined here alone.

use std::{collections::BTreeMap, path::Path};

use jiff::{SignedDuration, civil::Date};
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

use super::{
    ControlSection, Deployment, ExceptedProtocol, Exception, ProcessDetail,
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
    /// None where it is pushed.
    matrix: Option<OneOrMany>,
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
    controls: BTreeMap<String, Spanned<Vec<Spanned<String>>>>,
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
    reason: Spanned<String>,
    owner: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "date")]
    until: Option<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrafficFile {
    client: Option<Spanned<String>>,
    server: Option<Spanned<String>>,
    transport: Option<Transport>,
    /// The number of an IP protocol that no transport stands for.
    protocol: Option<Spanned<u8>>,
    ports: Option<Spanned<String>>,
    /// The type of ICMP's requests.
    #[serde(rename = "type")]
    kind: Option<Spanned<u8>>,
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
        let fleet = file.fleet.map(|section| {
            let offset = section.span().start;
            let checked = section.into_inner().checked(directory);
            checked.map_err(|problem| source.problem(offset, problem))
        });
        let fleet = fleet.transpose()?;
        let takes_pushed = fleet.as_ref().is_some_and(|fleet| fleet.takes_pushed);
        let matrices = match file.matrix {
            Some(OneOrMany::One(path)) => vec![path],
            Some(OneOrMany::Many(paths)) => paths,
            None if takes_pushed => Vec::new(),
            None => return Err(source.problem(0, "missing field `matrix`")),
        };
        if matrices.is_empty() && !takes_pushed {
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
            let protocol = excepted_protocol(source, &traffic)?;
            let exception = Exception {
                client: traffic.client.as_ref().map(entry).transpose()?,
                server: traffic.server.as_ref().map(entry).transpose()?,
                protocol,
                ports: traffic
                    .ports
                    .map(|text| {
                        RulePorts::parse(text.get_ref()).map_err(|problem| {
                            source.problem(text.span().start, problem.to_string())
                        })
                    })
                    .transpose()?,
                reason: said(
                    source,
                    "reason",
                    "who accepts this, and why",
                    exception.reason,
                )?,
                owner: exception
                    .owner
                    .map(|owner| said(source, "owner", "who answers for it", owner))
                    .transpose()?,
                until: exception.until,
            };
            if exception.client.is_none()
                && exception.server.is_none()
                && exception.protocol.is_none()
                && exception.ports.is_none()
            {
                return Err(source.problem(offset, "this exception would accept everything: name a client, a server, a transport, a protocol or ports".to_owned()));
            }
            exceptions.push(exception);
        }
        Ok(Self {
            matrices: matrices.iter().map(|path| directory.join(path)).collect(),
            interfaces: file.interfaces,
            window: file.window,
            housekeeping: file.housekeeping,
            processes: file.processes,
            roles,
            conditions: file.conditions,
            exceptions,
            controls: file
                .controls
                .into_iter()
                .map(|(id, names)| control(source, id, names))
                .collect(),
            sinks: file
                .sinks
                .into_iter()
                .map(|section| sink(source, section))
                .collect(),
            fleet,
        })
    }
}

/// The protocol that an exception names. What would match nothing, or says a thing in two ways, is refused.
fn excepted_protocol(
    source: File<'_>,
    traffic: &TrafficFile,
) -> Result<Option<ExceptedProtocol>, FileError> {
    let has_ports = traffic.transport.is_none_or(Transport::has_ports);
    if let Some(ports) = traffic.ports.as_ref().filter(|_| !has_ports) {
        let problem = "icmp has no ports: write the type of the requests as type = 8";
        return Err(source.problem(ports.span().start, problem));
    }
    if let Some(kind) = &traffic.kind {
        if has_ports {
            let problem = "only icmp has types: expected transport = \"icmp\" beside it";
            return Err(source.problem(kind.span().start, problem));
        }
        if traffic.protocol.is_none() {
            return Ok(Some(ExceptedProtocol::IcmpType(*kind.get_ref())));
        }
    }
    let Some(protocol) = &traffic.protocol else {
        return Ok(traffic.transport.map(ExceptedProtocol::Transport));
    };
    let number = *protocol.get_ref();
    let problem = match Transport::from_protocol(number) {
        Some(transport) => {
            format!("protocol {number} is {transport}: write transport = \"{transport}\"")
        }
        None if traffic.transport.is_some() => {
            "an exception is about a transport or another protocol: write one of both, and an exception for each".to_owned()
        }
        None if traffic.ports.is_some() => {
            format!("protocol {number} has no ports that are read: leave them out")
        }
        None => return Ok(Some(ExceptedProtocol::Number(number))),
    };
    Err(source.problem(protocol.span().start, problem))
}

/// What an exception says of itself, which has to say something.
fn said(
    source: File<'_>,
    what: &str,
    expected: &str,
    text: Spanned<String>,
) -> Result<String, FileError> {
    let offset = text.span().start;
    let text = text.into_inner();
    if text.trim().is_empty() {
        let problem = format!("the {what} of this exception is empty: expected {expected}");
        return Err(source.problem(offset, problem));
    }
    Ok(text)
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

/// A control, with the file and the lines of what it names.
fn control(source: File<'_>, id: String, names: Spanned<Vec<Spanned<String>>>) -> ControlSection {
    let line = source.line(names.span().start);
    let names = names.into_inner().into_iter().map(|name| {
        let line = source.line(name.span().start);
        (name.into_inner(), line)
    });
    ControlSection {
        id,
        names: names.collect(),
        file: source.path.to_owned(),
        line,
    }
}

/// The directory to which relative paths are relative.
fn directory(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new(""))
}
