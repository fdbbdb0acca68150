//! Fetches a page from a web server: the named address and where it redirects to, nothing else.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use thiserror::Error;
use ureq::{
    Agent,
    config::Config,
    http::{Response, StatusCode, Uri, header},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};
use url::{Host, Url};

use super::media_type::{self, MediaType};
use crate::{agent::clock, document::Format};

/// What a fetch may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// In all, redirects included.
    pub(super) time: Duration,
    pub(super) bytes: u64,
    pub(super) redirects: usize,
    /// Addresses to which nobody is redirected who has not named one of them.
    pub(super) is_local: fn(IpAddr) -> bool,
}

impl Limits {
    pub(super) const USUAL: Self = Self {
        time: Duration::from_secs(30),
        bytes: 20 * 1024 * 1024,
        redirects: 5,
        is_local,
    };
}

/// A page as a server gave it.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Where it was in the end, without a password and a place within the page.
    pub(super) url: String,
    pub(super) bytes: Vec<u8>,
    /// What the server says it is; `None` if that leaves it open.
    pub(super) format: Option<Format>,
}

/// Why a page could not be fetched.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error(
        "`{url}` is no address of a page: expected something like https://vendor.example/docs/ports: {error}"
    )]
    Address { url: String, error: url::ParseError },
    #[error(
        "{url} is neither http nor https, which are fetched: save the page and import the file"
    )]
    Scheme { url: String },
    #[error(
        "{url} answers {status}: check the address, or save the page from a browser and import the file"
    )]
    Status { url: String, status: StatusCode },
    #[error("{url} redirects more than {most} times, and was not followed further")]
    Redirects { url: String, most: usize },
    #[error(
        "{from} redirects to {to}, which is this machine or its own link, and was not followed: name that address if you mean it"
    )]
    Local { from: String, to: String },
    #[error(
        "{url} has more than {most} bytes, which are fetched at most: save the page and import the file"
    )]
    Size { url: String, most: u64 },
    #[error("{url} took more than {} s, and nothing of it was kept", limit.as_secs())]
    Time { url: String, limit: Duration },
    #[error(
        "{url} is `{media_type}`: expected {}; if it is one of these, name it with --input-format",
        media_type::EXPECTED
    )]
    MediaType { url: String, media_type: String },
    #[error(
        "{url} is sent as `{encoding}`, which was not asked for: save the page and import the file"
    )]
    Encoding { url: String, encoding: String },
    #[error("cannot fetch {url}")]
    Http {
        url: String,
        source: Box<ureq::Error>,
    },
}

/// Fetches a page. With `format` the caller knows what it is, whatever the server says.
pub(super) fn fetch(
    address: &str,
    format: Option<Format>,
    limits: Limits,
) -> Result<Fetched, FetchError> {
    let begun = clock::monotonic();
    let mut url = Url::parse(address).map_err(|error| FetchError::Address {
        url: address.to_owned(),
        error,
    })?;
    let guard = Guard {
        is_local: limits.is_local,
        named: Arc::default(),
    };
    let named_locally = is_local_host(&url, limits.is_local);
    let named = Arc::clone(&guard.named);
    let agent = Agent::with_parts(config(), DefaultConnector::default(), guard);
    for _ in 0..=limits.redirects {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Scheme { url: shown(&url) });
        }
        let left = limits.time.saturating_sub(clock::since(begun));
        if left.is_zero() {
            return Err(FetchError::Time {
                url: shown(&url),
                limit: limits.time,
            });
        }
        url.set_fragment(None);
        let answer = agent
            .get(url.as_str())
            .config()
            .timeout_global(Some(left))
            .build()
            .call()
            .map_err(|error| failure(&url, error, limits))?;
        let Some(to) = redirect(&url, &answer)? else {
            return page(&url, answer, format, limits);
        };
        let is_named = named_locally || named.get() == Some(&true);
        if !is_named && is_local_host(&to, limits.is_local) {
            return Err(FetchError::Local {
                from: shown(&url),
                to: shown(&to),
            });
        }
        url = to;
    }
    Err(FetchError::Redirects {
        url: shown(&url),
        most: limits.redirects,
    })
}

/// A client that keeps nothing: no cookies, and no redirects that nobody has looked at.
fn config() -> Config {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .accept(media_type::ACCEPT)
        .user_agent(concat!("auditor/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Where the answer sends us; `None` if it is the page.
fn redirect<B>(url: &Url, answer: &Response<B>) -> Result<Option<Url>, FetchError> {
    let status = answer.status();
    let location = answer.headers().get(header::LOCATION);
    match (status.as_u16(), location) {
        (301 | 302 | 303 | 307 | 308, Some(location)) => {
            let location = String::from_utf8_lossy(location.as_bytes());
            let to = url.join(&location).map_err(|error| FetchError::Address {
                url: location.into_owned(),
                error,
            })?;
            Ok(Some(to))
        }
        (200, _) => Ok(None),
        (_, _) => Err(FetchError::Status {
            url: shown(url),
            status,
        }),
    }
}

fn page(
    url: &Url,
    mut answer: Response<ureq::Body>,
    format: Option<Format>,
    limits: Limits,
) -> Result<Fetched, FetchError> {
    let text = |name| {
        let value = answer.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let encoding = text(header::CONTENT_ENCODING).filter(|encoding| encoding != "identity");
    if let Some(encoding) = encoding {
        return Err(FetchError::Encoding {
            url: shown(url),
            encoding,
        });
    }
    let format = match (format, text(header::CONTENT_TYPE)) {
        (Some(format), _) => Some(format),
        (None, None) => None,
        (None, Some(content_type)) => match media_type::format(&content_type) {
            MediaType::Known(format) => Some(format),
            MediaType::Open => None,
            MediaType::Other(media_type) => {
                return Err(FetchError::MediaType {
                    url: shown(url),
                    media_type,
                });
            }
        },
    };
    let body = answer.body_mut();
    let too_large = || FetchError::Size {
        url: shown(url),
        most: limits.bytes,
    };
    if body
        .content_length()
        .is_some_and(|length| limits.bytes < length)
    {
        return Err(too_large());
    }
    let bytes = body.with_config().limit(limits.bytes).read_to_vec();
    let bytes = bytes.map_err(|error| {
        if matches!(error, ureq::Error::BodyExceedsLimit(_)) {
            too_large()
        } else {
            failure(url, error, limits)
        }
    })?;
    Ok(Fetched {
        url: shown(url),
        bytes,
        format,
    })
}

fn failure(url: &Url, error: ureq::Error, limits: Limits) -> FetchError {
    if matches!(error, ureq::Error::Timeout(_)) {
        return FetchError::Time {
            url: shown(url),
            limit: limits.time,
        };
    }
    if let ureq::Error::Other(other) = &error
        && let Some(LocalName(to)) = other.downcast_ref()
    {
        return FetchError::Local {
            from: "the address that was named".to_owned(),
            to: to.clone(),
        };
    }
    FetchError::Http {
        url: shown(url),
        source: Box::new(error),
    }
}

/// An address as it may be shown and kept: a password in it is nobody's business.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    // These fail for addresses that have neither.
    let _has_none = url.set_username("");
    let _has_none = url.set_password(None);
    url.to_string()
}

/// Addresses of this machine and of its own link, where services answer that trust whoever asks from here.
fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_link_local() || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unicast_link_local() || address.is_unspecified()
        }
    }
}

/// Whether an address names such a machine by its address. What names stand for is looked at as they are resolved.
fn is_local_host(url: &Url, is_local: fn(IpAddr) -> bool) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_local(address.into()),
        Some(Host::Ipv6(address)) => is_local(address.into()),
        Some(Host::Domain(_)) | None => false,
    }
}

/// Resolves names, and refuses those that lead to this machine unless the first one did: between this look and the connection
/// nobody can make a name stand for something else.
#[derive(Debug)]
struct Guard {
    is_local: fn(IpAddr) -> bool,
    /// Whether the address that the user has named is local.
    named: Arc<OnceLock<bool>>,
}

/// A name that leads to this machine.
#[derive(Debug, Error)]
#[error("{0}")]
struct LocalName(String);

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let addresses = DefaultResolver::default().resolve(uri, config, timeout)?;
        let is_local = addresses
            .iter()
            .any(|address| (self.is_local)(address.ip()));
        let is_named = *self.named.get_or_init(|| is_local);
        if is_local && !is_named {
            return Err(ureq::Error::Other(Box::new(LocalName(uri.to_string()))));
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests;
