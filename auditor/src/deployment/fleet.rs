//! The `[fleet]` of a deployment: where hosts publish what they saw, and who may.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;
use url::{Host, Url};

use crate::length::length;

/// Where a host publishes, and where its fleet is read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FleetSection {
    /// Servers of one cluster, as URLs.
    pub servers: Vec<String>,
    /// The name under which this host publishes; its own, if there is none.
    pub name: Option<String>,
    /// How often it publishes at most, and at least says that it is there.
    pub every: SignedDuration,
    pub is_tls: bool,
    /// Certificates of authorities beside those that the system trusts.
    pub ca: Option<PathBuf>,
    /// The host's certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub login: Login,
    /// On how many servers the stream is kept.
    pub replicas: usize,
    /// Whether what is pushed there takes the place of what this deployment says of traffic.
    pub takes_pushed: bool,
}

/// How a host says who it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Login {
    /// Not at all, or by its certificate.
    None,
    Token(PathBuf),
    Password {
        user: String,
        file: PathBuf,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FleetFile {
    servers: Vec<String>,
    name: Option<String>,
    every: Option<String>,
    tls: Option<bool>,
    ca: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    token_file: Option<String>,
    user: Option<String>,
    password_file: Option<String>,
    replicas: Option<usize>,
    #[serde(default)]
    config: bool,
}

const EVERY: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_EVERY: SignedDuration = SignedDuration::from_hours(1);

impl FleetFile {
    /// The section; its relative paths are relative to `directory`.
    pub(super) fn checked(self, directory: &Path) -> Result<FleetSection, String> {
        let file = |name: Option<String>| name.map(|name| directory.join(name));
        if self.servers.is_empty() {
            return Err(
                "[fleet] names no server: expected servers = [\"nats://10.0.0.5:4222\"]".to_owned(),
            );
        }
        let (mut is_beyond, mut wants_tls) = (false, false);
        for server in &self.servers {
            let place = Place::parse(server)?;
            is_beyond |= !place.is_loopback;
            wants_tls |= place.is_tls;
        }
        if let Some(name) = &self.name
            && !crate::fleet_name::is_name(name)
        {
            return Err(format!(
                "name = \"{name}\" of [fleet] can't be a host's: expected letters, digits, `-`, `_` and dots, 128 at most"
            ));
        }
        let every = match &self.every {
            None => EVERY,
            Some(text) => length(text).map_err(|problem| format!("every of [fleet]: {problem}"))?,
        };
        if !(SignedDuration::from_secs(1)..=LONGEST_EVERY).contains(&every) {
            return Err("every of [fleet] is from 1s to 1h".to_owned());
        }
        let login = match (self.token_file, self.user, self.password_file) {
            (None, None, None) => Login::None,
            (Some(token), None, None) => Login::Token(directory.join(token)),
            (None, Some(user), Some(password)) => Login::Password {
                user,
                file: directory.join(password),
            },
            (None, Some(_), None) => {
                return Err(
                    "user of [fleet] has no password: name its file with password_file".to_owned(),
                );
            }
            (None, None, Some(_)) => {
                return Err("password_file of [fleet] is of no user: name one with user".to_owned());
            }
            (Some(_), _, _) => {
                return Err("[fleet] has a token and a user: leave one out".to_owned());
            }
        };
        let certificate = match (file(self.certificate), file(self.key)) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (Some(_), None) | (None, Some(_)) => {
                return Err("certificate and key of [fleet] go together: name both".to_owned());
            }
        };
        // What a host sees is told to nobody who listens on the way, unless somebody says so.
        let is_tls = self.tls.unwrap_or(is_beyond || wants_tls);
        if !is_tls && wants_tls {
            return Err("tls = false of [fleet] contradicts a server of tls://".to_owned());
        }
        let replicas = self.replicas.unwrap_or(1);
        if !(1..=5).contains(&replicas) {
            return Err("replicas of [fleet] is from 1 to 5".to_owned());
        }
        Ok(FleetSection {
            servers: self.servers,
            name: self.name,
            every,
            is_tls,
            ca: file(self.ca),
            certificate,
            login,
            replicas,
            takes_pushed: self.config,
        })
    }
}

/// What a server's URL says.
struct Place {
    is_loopback: bool,
    is_tls: bool,
}

impl Place {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no server of [fleet]: expected nats://10.0.0.5:4222 or tls://nats.example.com:4222"
            )
        };
        let url = Url::parse(text).map_err(|_problem| wrong())?;
        if !matches!(url.scheme(), "nats" | "tls") {
            return Err(wrong());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "a server of [fleet] has a password in its URL, which everybody reads: name user and password_file"
                    .to_owned(),
            );
        }
        let is_loopback = match url.host() {
            // Of these schemes an address is not told from a name.
            Some(Host::Domain(name)) => {
                name == "localhost"
                    || name
                        .parse()
                        .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
            }
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(wrong()),
        };
        Ok(Self {
            is_loopback,
            is_tls: url.scheme() == "tls",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::deployment::Deployment;

    fn read(section: &str) -> Result<Deployment, String> {
        let text = format!("matrix = \"m.toml\"\n[fleet]\n{section}\n");
        Deployment::parse(Path::new("/etc/auditor/a.toml"), &text)
            .map_err(|error| format!("{:#}", anyhow::Error::from(error)))
    }

    #[test]
    fn beyond_the_loopback_it_is_tls() {
        let is_tls = |section: &str| read(section).unwrap().fleet.unwrap().is_tls;
        assert!(!is_tls("servers = [\"nats://127.0.0.1:4222\"]"));
        assert!(!is_tls(
            "servers = [\"nats://[::1]:4222\", \"nats://localhost\"]"
        ));
        assert!(is_tls(
            "servers = [\"nats://127.0.0.1\", \"nats://10.0.0.5\"]"
        ));
        assert!(is_tls("servers = [\"tls://127.0.0.1\"]"));
        assert!(!is_tls("servers = [\"nats://10.0.0.5\"]\ntls = false"));
    }

    #[test]
    fn who_takes_what_is_pushed_needs_no_matrix() {
        let text = |more: &str| {
            let text = format!("[fleet]\nservers = [\"nats://127.0.0.1\"]\n{more}");
            Deployment::parse(Path::new("a.toml"), &text)
        };
        let deployment = text("config = true").unwrap();
        assert!(deployment.takes_pushed() && deployment.matrices.is_empty());
        for more in ["", "config = false"] {
            let problem = text(more).unwrap_err().to_string();
            assert!(problem.contains("missing field `matrix`"), "{problem}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        const SERVER: &str = "servers = [\"nats://127.0.0.1\"]";
        for (section, expected) in [
            ("servers = []", "names no server: expected servers ="),
            ("servers = [\"10.0.0.5\"]", "expected nats://10.0.0.5:4222"),
            ("servers = [\"http://a\"]", "expected nats://"),
            (
                "servers = [\"nats://u:p@a\"]",
                "name user and password_file",
            ),
            ("servers = [\"tls://a\"]\ntls = false", "contradicts"),
            (
                &format!("{SERVER}\nuser = \"a\""),
                "name its file with password_file",
            ),
            (
                &format!("{SERVER}\npassword_file = \"a\""),
                "name one with user",
            ),
            (
                &format!("{SERVER}\ntoken_file = \"a\"\nuser = \"b\""),
                "leave one out",
            ),
            (&format!("{SERVER}\nkey = \"a\""), "name both"),
            (&format!("{SERVER}\nname = \"a b\""), "letters, digits"),
            (&format!("{SERVER}\nevery = \"1d\""), "from 1s to 1h"),
            (&format!("{SERVER}\nreplicas = 0"), "from 1 to 5"),
            (&format!("{SERVER}\nserver = 1"), "unknown field `server`"),
        ] {
            let problem = read(section).unwrap_err();
            assert!(problem.contains(expected), "{section}: {problem}");
            assert!(problem.starts_with("/etc/auditor/a.toml:"), "{problem}");
        }
    }
}
