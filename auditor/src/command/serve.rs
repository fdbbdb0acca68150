//! What a watch shows on a loopback address: metrics, its report, and a page.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};

use super::output::say;
use crate::{
    capture::privilege,
    report::{self, Report},
    sink::metrics::{self, Health},
};

/// What is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) report: Option<Arc<Report>>,
    pub(super) health: Health,
}

/// What is shown now, shared with the server.
pub(super) type Board = Arc<Mutex<Shown>>;

/// Serves on a thread of its own, from the network namespace that this one is in.
///
/// # Errors
///
/// The address is not this host's own, or taken.
pub(super) fn begin(address: SocketAddr) -> anyhow::Result<Board> {
    if !address.ip().is_loopback() {
        bail!(
            "--listen {address}: reports are nobody else's, so they are shown on loopback addresses alone, such as 127.0.0.1:9719; \
             put a server that asks who is there, and speaks TLS, before it"
        );
    }
    let listener =
        TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true).context("cannot listen")?;
    let board = Board::default();
    let app = app(Arc::clone(&board));
    std::thread::spawn(move || {
        // Answering takes none; what can't be given up is not there.
        let _refused = privilege::give_up_all();
        let served = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .and_then(|runtime| {
                runtime.block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener)?;
                    axum::serve(listener, app).await
                })
            });
        if let Err(error) = served {
            say(&format!(
                "auditor: nothing is shown on {address} any more: {error}"
            ));
        }
    });
    Ok(board)
}

fn app(board: Board) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/metrics", get(metrics))
        .route("/report", get(json))
        .route("/healthz", get(health))
        .layer(middleware::from_fn(only_here))
        .with_state(board)
}

/// Refuses requests that a page from elsewhere made the browser send under another name.
async fn only_here(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_here = name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    if !is_here {
        return (
            StatusCode::MISDIRECTED_REQUEST,
            "ask for a loopback address\n",
        )
            .into_response();
    }
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
}

fn shown(board: &Board) -> Shown {
    board.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// OpenMetrics 1.0, section 3.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

async fn metrics(State(board): State<Board>) -> Response {
    let shown = shown(&board);
    match metrics::render(shown.report.as_deref(), &shown.health) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => failed(&error.into()),
    }
}

async fn json(State(board): State<Board>) -> Response {
    let Some(report) = shown(&board).report else {
        return not_yet();
    };
    match report.to_json() {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => failed(&error.into()),
    }
}

async fn page(State(board): State<Board>) -> Response {
    let Some(report) = shown(&board).report else {
        return not_yet();
    };
    match report::html(&report) {
        Ok(text) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response(),
        Err(error) => failed(&error),
    }
}

/// Whether the watch does what it should, for whoever restarts what does not.
async fn health(State(board): State<Board>) -> Response {
    let shown = shown(&board);
    let health = &shown.health;
    let problem = if shown.report.is_none() {
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
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")).into_response(),
    }
}

fn not_yet() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "nothing was judged yet\n").into_response()
}

fn failed(error: &anyhow::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response()
}
