//! OTLP over gRPC: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
//!
//! A call is all that is needed of it, so it is made of HTTP/2, which is there for what a watch serves. Each call has a connection of
//! its own: between two of them nothing runs that would keep one alive.

use std::{
    io::{self, Cursor, ErrorKind},
    sync::Arc,
    time::Duration,
};

use h2::client::SendRequest;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, Error as TlsError, RootCertStore, crypto::ring, pki_types::ServerName},
};
use ureq::http::{HeaderMap, Request, StatusCode};
use url::Host;

use super::{
    Signal, answer,
    section::{Headers, Target},
};
use crate::sink::{delivery::SinkError, http::TIMEOUT};

/// As much of an answer is read.
const MOST: usize = 64 * 1024;
/// How long saying farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// What takes it.
#[derive(Debug)]
pub(super) struct GrpcCollector {
    target: Target,
    headers: Headers,
    tls: Arc<ClientConfig>,
}

impl GrpcCollector {
    pub(super) fn new(target: Target, headers: Headers) -> Result<Self, TlsError> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Ok(Self {
            target,
            headers,
            tls: tls(roots)?,
        })
    }

    /// Exports a request, and returns the answer that says yes.
    pub(super) fn export(&self, signal: Signal, request: Vec<u8>) -> Result<Vec<u8>, SinkError> {
        self.export_within(TIMEOUT, signal, request)
    }

    fn export_within(
        &self,
        deadline: Duration,
        signal: Signal,
        request: Vec<u8>,
    ) -> Result<Vec<u8>, SinkError> {
        let call = self.call(deadline, signal)?;
        let framed = framed(&self.target.packed(request)?, self.target.is_compressed())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let answer =
            runtime.block_on(async { timeout(deadline, self.exchange(call, framed)).await });
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        answer.unwrap_or_else(|_elapsed| {
            let problem = format!("nothing within {} s", deadline.as_secs_f32());
            Err(SinkError::Connection(io::Error::new(
                ErrorKind::TimedOut,
                problem,
            )))
        })
    }

    /// The head of a call.
    fn call(&self, deadline: Duration, signal: Signal) -> Result<Request<()>, SinkError> {
        let path = match signal {
            Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        };
        let mut call = Request::post(self.target.url(path))
            .header("te", "trailers")
            .header("content-type", "application/grpc")
            .header("grpc-timeout", format!("{}m", deadline.as_millis()))
            .header("user-agent", concat!("auditor/", env!("CARGO_PKG_VERSION")));
        if self.target.is_compressed() {
            call = call.header("grpc-encoding", "gzip");
        }
        for (name, value) in self.headers.all()? {
            call = call.header(name, value);
        }
        call.body(())
            .map_err(|problem| broken(io::Error::other(problem)))
    }

    async fn exchange(&self, call: Request<()>, body: Vec<u8>) -> Result<Vec<u8>, SinkError> {
        let (host, port) = (self.target.host(), self.target.port());
        let stream = match host {
            Host::Domain(name) => TcpStream::connect((name.as_str(), port)).await,
            Host::Ipv4(address) => TcpStream::connect((*address, port)).await,
            Host::Ipv6(address) => TcpStream::connect((*address, port)).await,
        }
        .map_err(broken)?;
        if !self.target.is_encrypted() {
            return exchange(stream, call, body).await;
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.clone())
                .map_err(|problem| broken(io::Error::other(problem)))?,
            Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(*address)),
            Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(*address)),
        };
        let tls = TlsConnector::from(Arc::clone(&self.tls));
        let stream = tls.connect(name, stream).await.map_err(broken)?;
        let (_, session) = stream.get_ref();
        if session.alpn_protocol() != Some(HTTP_2) {
            let problem = "the server has no HTTP/2, which gRPC needs";
            return Err(broken(io::Error::other(problem)));
        }
        exchange(stream, call, body).await
    }
}

/// The name of HTTP/2 where TLS agrees on what is spoken (RFC 7301).
const HTTP_2: &[u8] = b"h2";

fn tls(roots: RootCertStore) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    Ok(Arc::new(config))
}

/// A message behind its length.
fn framed(message: &[u8], is_compressed: bool) -> io::Result<Vec<u8>> {
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    let mut framed = vec![u8::from(is_compressed)];
    framed.extend(length.to_be_bytes());
    framed.extend(message);
    Ok(framed)
}

/// The message behind its length; a server may compress only what it was told may be.
fn message(framed: &[u8]) -> Vec<u8> {
    match framed {
        [0, _, _, _, _, message @ ..] => message.to_vec(),
        _ => Vec::new(),
    }
}

fn broken(error: io::Error) -> SinkError {
    SinkError::Connection(error)
}

fn unanswered(error: h2::Error) -> SinkError {
    broken(io::Error::other(error))
}

/// Makes a call on a connection that is only for it.
async fn exchange<T: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: T,
    call: Request<()>,
    body: Vec<u8>,
) -> Result<Vec<u8>, SinkError> {
    let (client, connection) = h2::client::Builder::new()
        .enable_push(false)
        .max_header_list_size(u32::try_from(MOST).unwrap_or(u32::MAX))
        .handshake(stream)
        .await
        .map_err(unanswered)?;
    let connection = tokio::spawn(connection);
    let answer = ask(client, call, body).await;
    // The answer is there, however this ends.
    let _closed = timeout(FAREWELL, connection).await;
    answer
}

async fn ask(
    client: SendRequest<Cursor<Vec<u8>>>,
    call: Request<()>,
    body: Vec<u8>,
) -> Result<Vec<u8>, SinkError> {
    let mut client = client.ready().await.map_err(unanswered)?;
    let (response, mut sending) = client.send_request(call, false).map_err(unanswered)?;
    sending
        .send_data(Cursor::new(body), true)
        .map_err(unanswered)?;
    let (head, mut body) = response.await.map_err(unanswered)?.into_parts();
    let mut received = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.map_err(unanswered)?;
        if MOST < received.len() + part.len() {
            return Err(broken(io::Error::other("the answer does not end")));
        }
        received.extend_from_slice(&part);
        let control = body.flow_control();
        control.release_capacity(part.len()).map_err(unanswered)?;
    }
    let trailers = body.trailers().await.map_err(unanswered)?;
    // Where there is no message, what stands behind it stands at the head.
    judged(head.status, &trailers.unwrap_or(head.headers))?;
    Ok(message(&received))
}

/// Whether an answer says yes.
fn judged(status: StatusCode, said: &HeaderMap) -> Result<(), SinkError> {
    let text = |name| said.get(name).and_then(|value| value.to_str().ok());
    let code = text("grpc-status").and_then(|code| code.parse().ok());
    match code {
        Some(0) => Ok(()),
        Some(code) => {
            let message = text("grpc-message").unwrap_or_default();
            let details = text("grpc-status-details-bin").unwrap_or_default();
            Err(answer::of_grpc(code, message, details))
        }
        None => Err(answer::of_grpc_without_status(status.as_u16())),
    }
}

#[cfg(test)]
mod tests;
