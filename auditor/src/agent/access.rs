//! Who may see what a watch shows, where others than this host could ask: whoever speaks TLS and knows a token.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, bail};
use axum::http::{HeaderMap, header};
use axum_server::tls_rustls::RustlsConfig;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use rustls::crypto::ring;
use sha2::{Digest as _, Sha256};

use crate::{deployment::Secret, output::say, sink::reveal};

/// Where to listen, and who may ask.
#[derive(Args, Clone, Debug)]
pub(crate) struct HttpOptions {
    /// Where to show metrics (/metrics), the report (/report, and / as a page) and whether all is well (/healthz), or `none`;
    /// beyond the loopback only with the four below
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9719")]
    listen: String,
    /// The certificate chain to show there, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A file with the token that whoever asks has to know: as a bearer token, or as the password of any user
    #[arg(long, value_name = "FILE", conflicts_with = "token_env")]
    token_file: Option<PathBuf>,
    /// A variable of the environment with that token
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
}

/// How often files are looked at: certificates are renewed, tokens changed.
const RENEW: Duration = Duration::from_secs(10);

/// A place to listen at, and what it takes to be heard there.
pub(crate) struct HttpSettings {
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<Token>,
    tls: Option<(PathBuf, PathBuf)>,
}

impl HttpOptions {
    /// `None` if nothing is to be shown.
    ///
    /// # Errors
    ///
    /// No address, one that others could reach without TLS or a token, or a token that can't be read.
    pub(crate) fn door(&self) -> anyhow::Result<Option<HttpSettings>> {
        let listen = &self.listen;
        if listen == "none" {
            return Ok(None);
        }
        let address: SocketAddr = listen.parse().with_context(|| {
            format!("--listen {listen}: expected an address such as 127.0.0.1:9719, or none")
        })?;
        let tls = self.tls_cert.clone().zip(self.tls_key.clone());
        let secret = match (&self.token_file, &self.token_env) {
            (Some(path), _) => Some(Secret::File(path.clone())),
            (None, Some(name)) => Some(Secret::Variable(name.clone())),
            (None, None) => None,
        };
        if !address.ip().is_loopback() && (tls.is_none() || secret.is_none()) {
            bail!(
                "--listen {address}: reports are nobody else's, so beyond the loopback they are shown over TLS, and to those who \
                 know a token: give --tls-cert, --tls-key and --token-file as well, or listen on 127.0.0.1:9719"
            );
        }
        Ok(Some(HttpSettings {
            address,
            token: secret.map(Token::read).transpose()?,
            tls,
        }))
    }
}

impl HttpSettings {
    /// The certificate and its key.
    ///
    /// # Errors
    ///
    /// They can't be read, or are none.
    pub(crate) async fn tls(&self) -> anyhow::Result<Option<RustlsConfig>> {
        let Some((certificate, key)) = &self.tls else {
            return Ok(None);
        };
        // Another part of this process may have chosen it already: it is the only one.
        let _chosen = ring::default_provider().install_default();
        let config = RustlsConfig::from_pem_file(certificate, key)
            .await
            .with_context(|| {
                format!(
                    "cannot use --tls-cert {} with --tls-key {}",
                    certificate.display(),
                    key.display()
                )
            })?;
        Ok(Some(config))
    }

    /// Takes over certificates and tokens that change.
    pub(crate) async fn renew(self, config: Option<RustlsConfig>) {
        let written = |path: &PathBuf| -> Option<SystemTime> {
            std::fs::metadata(path).and_then(|it| it.modified()).ok()
        };
        let times = || {
            self.tls
                .as_ref()
                .map(|(certificate, key)| (written(certificate), written(key)))
        };
        let mut known = times();
        loop {
            tokio::time::sleep(RENEW).await;
            if let Some(token) = &self.token {
                token.renew();
            }
            let now = times();
            if now == known {
                continue;
            }
            if let (Some(config), Some((certificate, key))) = (&config, &self.tls) {
                match config.reload_from_pem_file(certificate, key).await {
                    Ok(()) => known = now,
                    Err(error) => {
                        known = now;
                        say(&format!(
                            "auditor: the certificate in {} stays what it was: {error}",
                            certificate.display()
                        ));
                    }
                }
            }
        }
    }
}

/// What whoever asks has to know; kept as a digest, so that comparing tells nothing of it by the time it takes.
#[derive(Clone)]
pub(crate) struct Token {
    secret: Secret,
    digest: Arc<RwLock<[u8; 32]>>,
}

impl Token {
    fn read(secret: Secret) -> anyhow::Result<Self> {
        let token = reveal(&secret).context("cannot read the token")?;
        if token.is_empty() {
            bail!("the token is empty: anybody would know it");
        }
        let digest = Arc::new(RwLock::new(Sha256::digest(&token).into()));
        Ok(Self { secret, digest })
    }

    /// Reads it again; one that can't be read, or is empty, stays what it was.
    fn renew(&self) {
        if let Ok(token) = reveal(&self.secret)
            && !token.is_empty()
        {
            let mut digest = self.digest.write().unwrap_or_else(PoisonError::into_inner);
            *digest = Sha256::digest(&token).into();
        }
    }

    /// Whether a request knows it: `Bearer` (RFC 6750), or `Basic` (RFC 7617) with any user, as browsers ask for it.
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

    use super::Token;
    use crate::deployment::Secret;

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
}
