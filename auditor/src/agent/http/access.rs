//! Access to what a watch serves: by a socket that only its owner opens; with a token where anybody of this machine could connect,
//! and over TLS as well where other hosts could.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, bail};
use axum::http::{HeaderMap, header, uri::Authority};
use axum_server::tls_rustls::RustlsConfig;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{ServerConfig, crypto::ring};
use sha2::{Digest as _, Sha256};

use crate::{
    agent::confinement::{Files, keep_to},
    capture::privilege,
    output::warn,
    sink::Secret,
};

/// How often files are checked for renewed certificates and changed tokens.
const RENEW: Duration = Duration::from_secs(10);

/// What clients are told that connections over TLS speak.
const HTTP_1: &[u8] = b"http/1.1";

/// The socket on which a watch listens, unless it is told otherwise.
pub(crate) const SOCKET: &str = "/run/auditor/auditor.sock";

/// Where to listen.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Socket(PathBuf),
    Address(SocketAddr),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix:{}", path.display()),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// Where to listen, and what requests need.
#[derive(Clone, Debug)]
pub(crate) struct HttpSettings {
    pub(super) place: Place,
    /// A token that requests have to carry; without it, only loopback names are served.
    pub(super) token: Option<Secret>,
    pub(super) tls: Option<Tls>,
}

impl HttpSettings {
    /// # Errors
    ///
    /// Others could reach the place without what they need there.
    pub(crate) fn new(
        place: Place,
        token: Option<Secret>,
        tls: Option<Tls>,
    ) -> anyhow::Result<Self> {
        match &place {
            Place::Socket(_) if tls.is_some() => {
                bail!(
                    "--listen {place}: nobody can listen in on a socket, so there is no TLS on it: leave out --tls-cert"
                );
            }
            Place::Address(address) if !address.ip().is_loopback() => {
                if tls.is_none() || token.is_none() {
                    bail!(
                        "--listen {place}: reports are nobody else's, so beyond the loopback they are shown over TLS, and to those \
                         who know a token: give --tls-cert, --tls-key and --token-file as well, or listen on unix:{SOCKET}"
                    );
                }
            }
            Place::Socket(_) | Place::Address(_) => {}
        }
        Ok(Self { place, token, tls })
    }
}

/// A certificate chain and its key, as PEM files.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    ///
    /// They can't be read, or are no certificate and key.
    pub(super) async fn config(&self) -> anyhow::Result<RustlsConfig> {
        // An error means that a provider is already installed, which can only be this one.
        let _chosen = ring::default_provider().install_default();
        let config = self.read().await.with_context(|| {
            format!(
                "cannot use --tls-cert {} with --tls-key {}",
                self.certificate.display(),
                self.key.display()
            )
        })?;
        Ok(RustlsConfig::from_config(config))
    }

    /// Reads both files again, for connections that begin from now on.
    async fn reload(&self, config: &RustlsConfig) -> io::Result<()> {
        config.reload_from_config(self.read().await?);
        Ok(())
    }

    /// A configuration that agrees on what is spoken on a connection (RFC 7301): axum-server's own agrees on HTTP/2 as well,
    /// which [`one_request`](super::connection::one_request) does not speak, and most clients prefer.
    async fn read(&self) -> io::Result<Arc<ServerConfig>> {
        let read = RustlsConfig::from_pem_file(&self.certificate, &self.key).await?;
        let mut config = Arc::unwrap_or_clone(read.get_inner());
        config.alpn_protocols = vec![HTTP_1.to_vec()];
        Ok(Arc::new(config))
    }

    /// When each was last written to.
    fn written(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let metadata = std::fs::metadata(path);
            metadata.and_then(|it| it.modified()).ok()
        })
    }
}

/// Reads what others renew on a thread that no request reaches: such files may belong to root alone.
pub(super) fn keep_renewed(
    token: Option<Token>,
    tls: Option<(Tls, RustlsConfig)>,
) -> anyhow::Result<()> {
    if token.is_none() && tls.is_none() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot begin to serve")?;
    std::thread::spawn(move || {
        // An error is ignored: a capability that can't be given up is not held.
        let _refused = privilege::keep_reading();
        keep_to(&Files::Changing(Vec::new()));
        runtime.block_on(renew(token, tls));
    });
    Ok(())
}

/// Reloads tokens and certificates when they change.
async fn renew(token: Option<Token>, tls: Option<(Tls, RustlsConfig)>) {
    let written = || tls.as_ref().map(|(tls, _)| tls.written());
    let mut known = written();
    loop {
        tokio::time::sleep(RENEW).await;
        if let Some(token) = &token {
            token.renew();
        }
        let now = written();
        if now == known {
            continue;
        }
        known = now;
        if let Some((tls, config)) = &tls
            && let Err(error) = tls.reload(config).await
        {
            warn(&format!(
                "auditor: the certificate in {} stays what it was: {error}",
                tls.certificate.display()
            ));
        }
    }
}

/// Whether a `Host` is a loopback name or address and nothing else, with or without a port (RFC 9110, section 7.2).
pub(super) fn names_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host();
    let v6 = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_loopback = match v6 {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok_and(|v6| v6.is_loopback()),
        None => name.parse::<Ipv4Addr>().is_ok_and(|v4| v4.is_loopback()),
    };
    let has_port_alone = host
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || authority.port_u16().is_some());
    has_port_alone && (is_loopback || name.eq_ignore_ascii_case("localhost"))
}

/// The token that requests must carry; compared as a digest, so that the timing of a comparison reveals nothing about it.
#[derive(Clone)]
pub(crate) struct Token {
    secret: Secret,
    digest: Arc<RwLock<[u8; 32]>>,
}

impl Token {
    pub(super) fn read(secret: Secret) -> anyhow::Result<Self> {
        let token = secret.reveal().context("cannot read the token")?;
        if token.is_empty() {
            bail!("the token is empty: anybody would know it");
        }
        let digest = Arc::new(RwLock::new(Sha256::digest(&token).into()));
        Ok(Self { secret, digest })
    }

    /// Reads the token again; if it can't be read or is empty, the former one stays valid.
    fn renew(&self) {
        if let Ok(token) = self.secret.reveal()
            && !token.is_empty()
        {
            let mut digest = self.digest.write().unwrap_or_else(PoisonError::into_inner);
            *digest = Sha256::digest(&token).into();
        }
    }

    /// Whether a request carries the token: as `Bearer` (RFC 6750), or as the password of any user in `Basic` (RFC 7617), as
    /// browsers send it.
    pub(crate) fn is_known_to(&self, headers: &HeaderMap) -> bool {
        let Some((scheme, rest)) = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
        else {
            return false;
        };
        let said = if scheme.eq_ignore_ascii_case("bearer") {
            rest.trim().as_bytes().to_vec()
        } else if scheme.eq_ignore_ascii_case("basic") {
            let decoded = STANDARD.decode(rest.trim()).unwrap_or_default();
            match decoded.iter().position(|byte| *byte == b':') {
                Some(colon) => decoded.get(colon + 1..).unwrap_or_default().to_vec(),
                None => return false,
            }
        } else {
            return false;
        };
        let digest: [u8; 32] = Sha256::digest(&said).into();
        *self.digest.read().unwrap_or_else(PoisonError::into_inner) == digest
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{Tls, Token, names_loopback};
    use crate::sink::Secret;

    #[test]
    fn tls_agrees_on_what_is_spoken() {
        let directory = tempfile::tempdir().unwrap();
        let [certificate, key] = ["tls.crt", "tls.key"].map(|name| directory.path().join(name));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let tls = Tls { certificate, key };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let config = runtime.block_on(tls.config()).unwrap();
        assert_eq!(config.get_inner().alpn_protocols, [b"http/1.1"]);
        // A renewed certificate does not change it.
        runtime.block_on(tls.reload(&config)).unwrap();
        assert_eq!(config.get_inner().alpn_protocols, [b"http/1.1"]);
    }

    #[test]
    fn who_knows_a_token() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "s3cret").unwrap();
        let token = Token::read(Secret::File(file.path().to_owned())).unwrap();
        let knows = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            token.is_known_to(&headers)
        };
        assert!(knows("Bearer s3cret") && knows("bearer  s3cret"));
        // `:s3cret` and `me:s3cret`
        assert!(knows("Basic OnMzY3JldA==") && knows("Basic bWU6czNjcmV0"));
        for wrong in [
            "Bearer s3cre",
            "Bearer ",
            "s3cret",
            "Basic s3cret",
            "Basic Og==",
            "Digest s3cret",
        ] {
            assert!(!knows(wrong), "{wrong}");
        }
        assert!(!token.is_known_to(&HeaderMap::new()));
        let empty = tempfile::NamedTempFile::new().unwrap();
        assert!(Token::read(Secret::File(empty.path().to_owned())).is_err());
    }

    #[test]
    fn names_of_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST:9110",
            "127.0.0.1",
            "127.1.2.3:9110",
            "[::1]",
            "[::1]:9110",
        ] {
            assert!(names_loopback(host), "{host}");
        }
        for host in [
            "",
            "[localhost",
            "[localhost]",
            "[127.0.0.1]",
            "[::1",
            "[::1].evil.example",
            "localhost.evil.example",
            "localhost:evil",
            "localhost:80:evil",
            "evil.example@localhost",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[2001:db8::1]:9110",
        ] {
            assert!(!names_loopback(host), "{host}");
        }
    }
}
