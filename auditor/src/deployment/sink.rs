//! Where alerts go, as a deployment says it.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

/// A destination of events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sink {
    /// Its name in messages, metrics and the state: two of one kind have different ones.
    pub name: String,
    pub kind: SinkKind,
}

/// Something that nobody else may know: where it stands, never what it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Secret {
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
}

impl Secret {
    /// What the file `name_file` or the variable `name_env` of a sink holds.
    fn of(
        name: &str,
        file: Option<String>,
        variable: Option<String>,
        directory: &Path,
    ) -> Result<Option<Self>, String> {
        match (file, variable) {
            (Some(path), None) => Ok(Some(Self::File(directory.join(path)))),
            (None, Some(variable)) => Ok(Some(Self::Variable(variable))),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(format!(
                "both `{name}_file` and `{name}_env` say where the {name} stands: leave one out"
            )),
        }
    }
}

/// What a destination speaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SinkKind {
    /// Alertmanager, at the address of its web page.
    Alertmanager {
        url: String,
        /// Who sends, as a bearer token (RFC 6750).
        token: Option<Secret>,
    },
    /// Any HTTP server that takes a JSON object for each event.
    Webhook {
        url: String,
        /// The key that events are signed with.
        key: Option<Secret>,
        /// Who sends, as a bearer token (RFC 6750).
        token: Option<Secret>,
        /// Makes another body of an event than its JSON.
        template: Option<String>,
    },
    /// RFC 5424, by datagrams, a stream, or a socket of this host.
    Syslog(SyslogTarget),
    /// A file to which a line of JSON is added for each event.
    Lines { path: PathBuf, form: LineForm },
}

/// The names of the fields of a line.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum LineForm {
    /// Ours, as `auditor watch --format jsonl` prints them.
    #[default]
    Plain,
    /// Those of the Elastic Common Schema.
    Ecs,
    /// Those of the Open Cybersecurity Schema Framework.
    Ocsf,
}

/// Where a syslog daemon listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SyslogTarget {
    /// RFC 5426: a datagram for each message; nobody says whether it arrived.
    Udp(String),
    /// RFC 6587: messages one after the other, each behind its length.
    Tcp(String),
    /// A socket of this host, as `/dev/log`.
    Unix(PathBuf),
}

impl SyslogTarget {
    /// Reads `udp://host:514`, `tcp://host:601` or `unix:///dev/log`.
    ///
    /// # Errors
    ///
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let has_port = |rest: &str| {
            rest.rsplit_once(':')
                .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
        };
        match text.split_once("://") {
            Some(("udp", rest)) if has_port(rest) => Ok(Self::Udp(rest.to_owned())),
            Some(("tcp", rest)) if has_port(rest) => Ok(Self::Tcp(rest.to_owned())),
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(_) | None => Err(format!(
                "`{text}` is no syslog daemon's address: expected udp://host:514, tcp://host:601 or unix:///dev/log"
            )),
        }
    }
}

/// A `[[sink]]` of the file.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum SinkFile {
    Alertmanager {
        #[serde(default)]
        name: Option<String>,
        url: String,
        #[serde(default)]
        token_file: Option<String>,
        #[serde(default)]
        token_env: Option<String>,
    },
    Webhook {
        #[serde(default)]
        name: Option<String>,
        url: String,
        #[serde(default)]
        key_file: Option<String>,
        #[serde(default)]
        key_env: Option<String>,
        #[serde(default)]
        token_file: Option<String>,
        #[serde(default)]
        token_env: Option<String>,
        #[serde(default)]
        template: Option<String>,
    },
    Syslog {
        #[serde(default)]
        name: Option<String>,
        address: String,
    },
    Lines {
        #[serde(default)]
        name: Option<String>,
        path: String,
        #[serde(default)]
        form: LineForm,
    },
}

/// The sinks of a file in `directory`; an error has the place of the sink that it is about.
pub(super) fn sinks(
    files: Vec<Spanned<SinkFile>>,
    directory: &Path,
) -> Result<Vec<Sink>, (usize, String)> {
    let mut sinks: Vec<Sink> = Vec::new();
    for file in files {
        let place = file.span().start;
        let secret = |name, file, variable| {
            Secret::of(name, file, variable, directory).map_err(|problem| (place, problem))
        };
        let (default, name, kind) = match file.into_inner() {
            SinkFile::Alertmanager {
                name,
                url,
                token_file,
                token_env,
            } => {
                web(&url).map_err(|problem| (place, problem))?;
                let token = secret("token", token_file, token_env)?;
                ("alertmanager", name, SinkKind::Alertmanager { url, token })
            }
            SinkFile::Webhook {
                name,
                url,
                key_file,
                key_env,
                token_file,
                token_env,
                template,
            } => {
                web(&url).map_err(|problem| (place, problem))?;
                let kind = SinkKind::Webhook {
                    url,
                    key: secret("key", key_file, key_env)?,
                    token: secret("token", token_file, token_env)?,
                    template,
                };
                ("webhook", name, kind)
            }
            SinkFile::Syslog { name, address } => {
                let target = SyslogTarget::parse(&address).map_err(|problem| (place, problem))?;
                ("syslog", name, SinkKind::Syslog(target))
            }
            SinkFile::Lines { name, path, form } => {
                let path = directory.join(path);
                ("lines", name, SinkKind::Lines { path, form })
            }
        };
        let name = name.unwrap_or_else(|| default.to_owned());
        if sinks.iter().any(|sink| sink.name == name) {
            return Err((
                place,
                format!("two sinks are called `{name}`: give each a name of its own"),
            ));
        }
        sinks.push(Sink { name, kind });
    }
    Ok(sinks)
}

fn web(url: &str) -> Result<(), String> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') => Ok(()),
        Some(_) | None => Err(format!(
            "`{url}` is no address of a web server: expected http://host:port"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::SyslogTarget;

    #[test]
    fn targets() {
        assert_eq!(
            SyslogTarget::parse("udp://[::1]:514"),
            Ok(SyslogTarget::Udp("[::1]:514".to_owned()))
        );
        assert_eq!(
            SyslogTarget::parse("unix:///dev/log"),
            Ok(SyslogTarget::Unix("/dev/log".into()))
        );
        for text in [
            "",
            "udp://host",
            "tcp://host:x",
            "unix://dev/log",
            "http://host:514",
        ] {
            assert!(SyslogTarget::parse(text).is_err(), "{text}");
        }
    }
}
