//! What a watch serves over HTTP: metrics, its report, and a page.

mod access;
mod bounds;
mod connection;
mod negotiation;
mod rendered;
mod snapshot;
mod socket;
mod surface;

use std::{
    net::SocketAddr,
    os::unix::net,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use axum_server::{Address, Server, tls_rustls::RustlsAcceptor};
use nix::sys::socket::{setsockopt, sockopt::SndBuf};
use tokio::net::{TcpListener, UnixListener};

pub(crate) use self::access::{HttpSettings, Place, SOCKET, Tls};
pub(crate) use self::bounds::{MOST, MOST_OF_CLIENT};
pub(crate) use self::snapshot::Snapshot;
pub use self::surface::Surface;
use self::{
    access::Token,
    bounds::{Bounded, BoundedListener},
    connection::ASKING,
    negotiation::Form,
    rendered::Renderings,
};
use super::confinement::{Files, keep_to};
use crate::{
    agent::clock,
    capture::privilege,
    escape,
    output::warn,
    report,
    sink::{Measured, metrics},
};

/// What of it was asked for, as it is sent: once for all who ask.
#[derive(Debug, Default)]
struct Sent {
    /// In each form.
    open_metrics: Renderings,
    metrics: Renderings,
    json: Renderings,
    page: Renderings,
}

/// The current snapshot with its turn, shared with the HTTP server.
#[derive(Clone, Default)]
pub(crate) struct Published {
    current: Arc<Mutex<(u64, Arc<Snapshot>)>>,
    sent: Arc<Mutex<Sent>>,
}

impl Published {
    /// Shows the same as before, with another health.
    pub(crate) fn replace_health(&self, change: impl FnOnce(&mut metrics::Health)) {
        let current = Arc::clone(
            &self
                .current
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .1,
        );
        self.replace(current.with_health(change));
    }

    /// Replaces the snapshot that is served.
    pub(crate) fn replace(&self, snapshot: Snapshot) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = current.0 + 1;
        *current = (turn, Arc::new(snapshot));
        drop(current);
        // Who renders meanwhile is not waited for: packets are. The next turn sweeps then.
        if let Ok(mut sent) = self.sent.try_lock() {
            let Sent {
                open_metrics,
                metrics,
                json,
                page,
            } = &mut *sent;
            for renderings in [open_metrics, metrics, json, page] {
                renderings.forget_before(turn);
            }
        }
    }

    /// What it shows as metrics now, once there is a turn.
    pub(crate) fn measured(&self) -> Option<Measured> {
        let (_turn, snapshot) = self.current();
        snapshot.report.as_ref()?;
        let at = clock::wall();
        Some(Measured {
            text: snapshot.open_metrics().ok()?,
            // The kernel rounds it to a second.
            since: snapshot.started().map(|since| since.min(at)),
            at,
        })
    }

    fn current(&self) -> (u64, Arc<Snapshot>) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// A body of the snapshot, which the first who asks renders.
    fn body<E: std::fmt::Display>(
        &self,
        turn: u64,
        kind: impl FnOnce(&mut Sent) -> &mut Renderings,
        render: impl FnOnce() -> Result<String, E>,
        content_type: &'static str,
    ) -> Response {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let body = kind(&mut sent).get(turn, clock::monotonic(), render);
        drop(sent);
        match body {
            Ok(body) => ([(header::CONTENT_TYPE, content_type)], body).into_response(),
            Err(problem) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("{}\n", escape::line(&problem)),
            )
                .into_response(),
        }
    }
}

/// Serves on a thread of its own, in the current network namespace.
///
/// # Errors
///
/// The place is not this host's own or already in use, or the token or the certificate can't be used.
pub(crate) fn serve(settings: &HttpSettings) -> anyhow::Result<Published> {
    let place = settings.place.clone();
    let token = settings.token.clone().map(Token::read).transpose()?;
    let listener = Listener::bind(&place).with_context(|| format!("cannot listen on {place}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot begin to serve")?;
    let tls = settings.tls.clone();
    let config = match &tls {
        Some(tls) => Some(runtime.block_on(tls.config())?),
        None => None,
    };
    let published = Published::default();
    let app = app(published.clone(), token.clone(), &place);
    access::keep_renewed(token, tls.zip(config.clone()))?;
    std::thread::spawn(move || {
        // Serving needs no capabilities. An error is ignored: a capability that can't be given up is not held.
        let _refused = privilege::give_up_all();
        keep_to(&Files::None);
        let served = runtime.block_on(async {
            let app = app.into_make_service();
            match listener {
                Listener::Socket(listener) => {
                    let listener = BoundedListener::new(UnixListener::from_std(listener)?);
                    let server = Server::<Bounded<net::SocketAddr>>::from_listener(listener);
                    one_request(server).serve(app).await
                }
                Listener::Tcp(listener) => {
                    let listener = BoundedListener::new(TcpListener::from_std(listener)?);
                    let server = Server::<Bounded<SocketAddr>>::from_listener(listener);
                    match config {
                        Some(config) => {
                            let tls = RustlsAcceptor::new(config).handshake_timeout(ASKING);
                            one_request(server.acceptor(tls)).serve(app).await
                        }
                        None => one_request(server).serve(app).await,
                    }
                }
            }
        });
        if let Err(error) = served {
            warn(&format!(
                "auditor: nothing is shown on {place} any more: {error}"
            ));
        }
    });
    Ok(published)
}

/// A server that answers one request a connection.
fn one_request<A: Address, T>(server: Server<A, T>) -> Server<A, T> {
    let mut server = server.http1_only();
    connection::one_request(server.http_builder());
    server
}

/// What accepts connections.
enum Listener {
    Socket(net::UnixListener),
    Tcp(std::net::TcpListener),
}

/// What the kernel holds of an answer for a client that does not take it, as the option's value.
const SENT_AHEAD: usize = 256 * 1024;

impl Listener {
    fn bind(place: &Place) -> anyhow::Result<Self> {
        match place {
            Place::Socket(path) => socket::listener(path).map(Self::Socket),
            Place::Address(address) => {
                let listener = std::net::TcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                // Connections have what the listener has.
                setsockopt(&listener, SndBuf, &SENT_AHEAD)?;
                Ok(Self::Tcp(listener))
            }
        }
    }
}

fn app(published: Published, token: Option<Token>, place: &Place) -> Router {
    let routes = Router::new()
        .route("/", get(page))
        .route("/metrics", get(metrics))
        .route("/report", get(json))
        .route("/healthz", get(health))
        .with_state(published);
    match (token, place) {
        (Some(token), _) => routes.layer(middleware::from_fn_with_state(token, only_known)),
        // No page of others can have a browser ask there.
        (None, Place::Socket(_)) => routes,
        (None, Place::Address(_)) => routes.layer(middleware::from_fn(only_here)),
    }
    .layer(middleware::from_fn(private))
}

/// Refuses requests without the token.
async fn only_known(State(token): State<Token>, request: Request, next: Next) -> Response {
    if token.is_known_to(request.headers()) {
        return next.run(request).await;
    }
    (
        StatusCode::UNAUTHORIZED,
        [(header::WWW_AUTHENTICATE, "Basic realm=\"auditor\"")],
        "the token is missing, or another one\n",
    )
        .into_response()
}

/// Refuses requests whose `Host` is not a loopback name: a foreign web page may send them by DNS rebinding.
async fn only_here(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let is_here = access::names_loopback(host);
    if !is_here {
        return (
            StatusCode::MISDIRECTED_REQUEST,
            "ask for a loopback address\n",
        )
            .into_response();
    }
    next.run(request).await
}

/// Keeps responses out of caches and out of other pages' frames, and browsers from guessing another content type.
async fn private(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    let nosniff = HeaderName::from_static("x-content-type-options");
    response
        .headers_mut()
        .insert(nosniff, HeaderValue::from_static("nosniff"));
    response
        .headers_mut()
        .insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

async fn metrics(State(published): State<Published>, headers: HeaderMap) -> Response {
    let (turn, snapshot) = published.current();
    let form = Form::wanted(&headers);
    let render = || {
        snapshot.open_metrics().map(|text| match form {
            Form::OpenMetrics => text,
            Form::Text => metrics::as_text(&text),
        })
    };
    let content_type = form.content_type();
    match form {
        Form::OpenMetrics => {
            published.body(turn, |sent| &mut sent.open_metrics, render, content_type)
        }
        Form::Text => published.body(turn, |sent| &mut sent.metrics, render, content_type),
    }
}

async fn json(State(published): State<Published>) -> Response {
    let (turn, snapshot) = published.current();
    let Some(report) = &snapshot.report else {
        return not_yet();
    };
    let render = || match &snapshot.fleet {
        Some(fleet) => fleet.to_json(),
        None => report.to_json(),
    };
    published.body(turn, |sent| &mut sent.json, render, "application/json")
}

const HTML: &str = "text/html; charset=utf-8";

/// How often a browser loads a newer page.
const REFRESH_SECONDS: u64 = 10;

async fn page(State(published): State<Published>) -> Response {
    let (turn, snapshot) = published.current();
    let Some(report) = &snapshot.report else {
        return not_yet();
    };
    let render = || match &snapshot.fleet {
        Some(fleet) => fleet.html(),
        None => report::live_html(report, REFRESH_SECONDS),
    };
    published.body(turn, |sent| &mut sent.page, render, HTML)
}

/// Whether the watch works as it should, for supervisors that restart it if it does not.
async fn health(State(published): State<Published>) -> Response {
    let (_turn, snapshot) = published.current();
    let health = &snapshot.health;
    let problem = if snapshot.report.is_none() {
        Some("nothing was judged yet")
    } else if !health.is_saved {
        Some("the state can't be saved")
    } else if !health.is_configured {
        Some("the configuration that was read last is wrong, and an older one is in use")
    } else {
        None
    };
    match problem {
        None => (StatusCode::OK, "ok\n").into_response(),
        Some(problem) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{}\n", escape::line(problem)),
        )
            .into_response(),
    }
}

fn not_yet() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "nothing was judged yet\n").into_response()
}
