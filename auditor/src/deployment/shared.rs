//! What of a deployment may be pushed to all hosts of a fleet: what traffic is compared with. What a host reads, writes, sends and
//! shows is said by its own file alone.

use std::path::Path;

use toml_edit::{Document, DocumentMut};

use super::Deployment;
use crate::file::{File, FileError};

/// Where a fleet is and who may publish there: each host has its own, and so has who pushes.
const FLEET: &str = "fleet";
/// The fields that are each host's own.
pub(super) const OWN: [&str; 4] = ["interfaces", "processes", "sink", FLEET];

/// A deployment's text as it is pushed.
#[derive(Debug)]
pub struct SharedText {
    /// Without the `[fleet]` by which it is pushed.
    pub text: String,
    /// Fields that it says and that are each host's own: with any, nothing is pushed.
    pub refused: Vec<FileError>,
}

impl SharedText {
    /// The part of a deployment's text that all hosts may share.
    ///
    /// # Errors
    ///
    /// The text is no TOML.
    pub fn of(path: &Path, text: &str) -> Result<Self, FileError> {
        let source = File { path, text };
        let own = own_fields(source)?;
        let others = own.into_iter().filter(|(name, _)| *name != FLEET);
        let mut document: DocumentMut = text.parse().map_err(|error| syntax(source, &error))?;
        document.remove(FLEET);
        Ok(Self {
            text: document.to_string(),
            refused: others
                .map(|(name, offset)| refused(source, name, offset))
                .collect(),
        })
    }
}

impl Deployment {
    /// Reads what was pushed, as [`Self::parse`] reads a file, and refuses what is each host's own.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its line.
    pub fn parse_shared(path: &Path, text: &str) -> Result<Self, FileError> {
        let source = File { path, text };
        if let Some((name, offset)) = own_fields(source)?.into_iter().next() {
            return Err(refused(source, name, offset));
        }
        Self::parse(path, text)
    }

    /// This host's own deployment, with what was pushed in the place of what it says of traffic.
    #[must_use]
    pub fn sharing(self, shared: Self) -> Self {
        // Named in full, so that a new field has to say whose it is.
        let Self {
            matrices: _,
            interfaces,
            window: _,
            housekeeping: _,
            processes,
            roles: _,
            conditions: _,
            exceptions: _,
            controls: _,
            sinks,
            fleet,
        } = self;
        let Self {
            matrices,
            interfaces: _,
            window,
            housekeeping,
            processes: _,
            roles,
            conditions,
            exceptions,
            controls,
            sinks: _,
            fleet: _,
        } = shared;
        Self {
            matrices,
            interfaces,
            window,
            housekeeping,
            processes,
            roles,
            conditions,
            exceptions,
            controls,
            sinks,
            fleet,
        }
    }

    /// Whether it takes what is pushed to its fleet.
    pub fn takes_pushed(&self) -> bool {
        let fleet = self.fleet.as_ref();
        fleet.is_some_and(|fleet| fleet.takes_pushed)
    }
}

/// The fields of a text that are each host's own, with where they stand, in the order of the text.
fn own_fields(source: File<'_>) -> Result<Vec<(&'static str, usize)>, FileError> {
    let document = Document::parse(source.text).map_err(|error| syntax(source, &error))?;
    let found = OWN.iter().filter_map(|name| {
        let (key, item) = document.as_table().get_key_value(name)?;
        let span = key.span().or_else(|| item.span());
        Some((*name, span.map_or(0, |span| span.start)))
    });
    let mut found: Vec<(&str, usize)> = found.collect();
    found.sort_by_key(|(_, offset)| *offset);
    Ok(found)
}

fn refused(source: File<'_>, name: &str, offset: usize) -> FileError {
    source.problem(
        offset,
        format!(
            "`{name}` is each host's own and can't be pushed: say it in the files of the hosts"
        ),
    )
}

fn syntax(source: File<'_>, error: &toml_edit::TomlError) -> FileError {
    let words: Vec<&str> = error.message().split_whitespace().collect();
    source.problem(error.span().map_or(0, |span| span.start), words.join(" "))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{OWN, SharedText};
    use crate::deployment::{Deployment, ProcessDetail};

    const WHOLE: &str = r#"
matrix = "m.toml"
interfaces = ["eth0"]
window = "5m"
housekeeping = false
processes = "off"
[roles]
web = ["10.0.0.1"]
[conditions]
tls = true
[[exception]]
match = { ports = "80" }
reason = "x"
[controls]
"SC-7" = ["unexpected"]
[[sink]]
type = "lines"
path = "/etc/shadow"
[fleet]
servers = ["nats://127.0.0.1"]
config = true
"#;

    fn parse(text: &str) -> Deployment {
        Deployment::parse(Path::new("a.toml"), text).unwrap()
    }

    #[test]
    fn each_field_is_shared_or_a_hosts_own() {
        const SHARED: [&str; 7] = [
            "matrix",
            "window",
            "housekeeping",
            "roles",
            "conditions",
            "exception",
            "controls",
        ];
        // The parser names all fields that there are.
        let problem = Deployment::parse(Path::new("a.toml"), "x = 1").unwrap_err();
        let problem = problem.to_string();
        let (_, list) = problem.split_once("expected one of ").unwrap();
        let mut all: Vec<&str> = list
            .split(", ")
            .map(|name| name.trim_matches('`'))
            .collect();
        let mut known: Vec<&str> = OWN.into_iter().chain(SHARED).collect();
        all.sort_unstable();
        known.sort_unstable();
        assert_eq!(all, known, "say of each whose it is");
    }

    #[test]
    fn what_is_a_hosts_own_is_refused_by_its_name_and_line() {
        let shared = SharedText::of(Path::new("a.toml"), WHOLE).unwrap();
        let refused: Vec<String> = shared.refused.iter().map(ToString::to_string).collect();
        assert_eq!(refused.len(), 3, "{refused:?}");
        for (problem, expected) in refused.iter().zip([
            "a.toml:3: `interfaces` is",
            "a.toml:6: `processes` is",
            "a.toml:16: `sink` is",
        ]) {
            assert!(problem.starts_with(expected), "{problem}");
        }
        // Who pushes says where; that is not pushed.
        assert!(!shared.text.contains("fleet") && shared.text.contains("10.0.0.1"));
        for text in [
            "matrix = \"m\"\nfleet.servers = [\"nats://127.0.0.1\"]\n",
            "matrix = \"m\"\nsink = [{ type = \"lines\", path = \"x\" }]\n",
            "matrix = \"m\"\n\"inter\\u0066aces\" = []\n",
        ] {
            let problem = Deployment::parse_shared(Path::new("a.toml"), text).unwrap_err();
            let problem = problem.to_string();
            assert!(problem.starts_with("a.toml:2: `"), "{problem}");
            assert!(problem.contains("each host's own"), "{problem}");
        }
        let problem = Deployment::parse_shared(Path::new("a.toml"), "matrix =").unwrap_err();
        assert!(problem.to_string().starts_with("a.toml:1: "), "{problem}");
    }

    #[test]
    fn a_host_keeps_what_is_its_own() {
        let own = parse(
            "matrix = \"own.toml\"\nwindow = \"1h\"\ninterfaces = [\"lo\"]\nprocesses = \"command\"\n[roles]\nx = []\n[fleet]\nservers = [\"nats://127.0.0.1\"]\nname = \"here\"",
        );
        let whole = parse(WHOLE);
        let combined = own.clone().sharing(whole.clone());
        assert_eq!(combined.interfaces, own.interfaces);
        assert_eq!(combined.processes, ProcessDetail::Command);
        assert!(combined.sinks.is_empty());
        assert_eq!(combined.fleet, own.fleet);
        assert_eq!(
            (
                &combined.matrices,
                combined.window,
                combined.housekeeping,
                &combined.roles,
                &combined.conditions,
                &combined.exceptions,
                &combined.controls
            ),
            (
                &whole.matrices,
                whole.window,
                whole.housekeeping,
                &whole.roles,
                &whole.conditions,
                &whole.exceptions,
                &whole.controls
            )
        );
    }
}
