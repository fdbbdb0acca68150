//! Calls to servers that encrypt, say nothing, or are none of gRPC's.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    sync::{Arc, mpsc},
    time::Duration,
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Builder,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};
use ureq::http::{HeaderMap, HeaderValue, Response};

use super::{super::section::Section, GrpcCollector, HTTP_2, Signal, framed, message, tls};

/// A server's certificate, and its key.
fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    (cert.der().clone(), key)
}

fn collector(scheme: &str, port: u16, host: &str) -> GrpcCollector {
    let text = format!("url = '{scheme}://{host}:{port}'\nprotocol = 'grpc'\ncompression = 'gzip'");
    let table: toml::Table = text.parse().unwrap();
    let section = Section::read(table.try_into().unwrap(), Path::new("/")).unwrap();
    GrpcCollector::new(section.target, section.headers).unwrap()
}

/// A listener on a thread of its own, which serves one connection with what `accept` makes of it.
fn serve(config: Option<ServerConfig>, status: &'static str) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            match config {
                Some(config) => {
                    let tls = TlsAcceptor::from(Arc::new(config));
                    if let Ok(stream) = tls.accept(stream).await {
                        answer(stream, status, send).await;
                    }
                }
                None => answer(stream, status, send).await,
            }
        });
    });
    (port, receive)
}

/// Answers each call with an empty message and a status, or with HTTP's 404 and none.
async fn answer<T: AsyncRead + AsyncWrite + Unpin>(
    stream: T,
    status: &'static str,
    told: mpsc::Sender<String>,
) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let head = format!(
            "{} {:?} {:?}",
            request.uri(),
            request.headers()["te"],
            request.headers()["grpc-encoding"]
        );
        told.send(head).unwrap();
        if status.is_empty() {
            let response = Response::builder().status(404).body(()).unwrap();
            respond.send_response(response, true).unwrap();
            continue;
        }
        let mut sending = respond.send_response(Response::new(()), false).unwrap();
        let empty = framed(&[], false).unwrap();
        sending.send_data(empty.into(), false).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static(status));
        sending.send_trailers(trailers).unwrap();
    }
}

fn server(protocols: &[&[u8]]) -> (ServerConfig, RootCertStore) {
    let (certificate, key) = certificate();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(super::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    (config, roots)
}

fn said(collector: &GrpcCollector, deadline: Duration) -> Result<Vec<u8>, String> {
    let exported = collector.export_within(deadline, Signal::Logs, b"request".to_vec());
    exported.map_err(|error| error.to_string())
}

const SOON: Duration = Duration::from_secs(10);

#[test]
fn frames() {
    assert_eq!(framed(b"ab", true).unwrap(), b"\x01\0\0\0\x02ab");
    assert_eq!(message(b"\0\0\0\0\x02ab"), b"ab");
    assert_eq!(message(b"\x01\0\0\0\x02ab"), b"");
    assert_eq!(message(b"\0\0"), b"");
}

#[test]
fn a_server_that_encrypts() {
    for host in ["localhost", "127.0.0.1"] {
        let (config, roots) = server(&[HTTP_2]);
        let (port, told) = serve(Some(config), "0");
        let mut collector = collector("https", port, host);
        collector.tls = tls(roots).unwrap();
        assert_eq!(said(&collector, SOON), Ok(Vec::new()));
        assert_eq!(
            told.recv().unwrap(),
            format!(
                "https://{host}:{port}/opentelemetry.proto.collector.logs.v1.LogsService/Export \"trailers\" \"gzip\""
            )
        );
    }
}

#[test]
fn a_server_that_nobody_vouches_for_or_that_is_another_one_is_told_nothing() {
    let (config, _roots) = server(&[HTTP_2]);
    let (port, told) = serve(Some(config), "0");
    let problem = said(&collector("https", port, "localhost"), SOON).unwrap_err();
    assert!(problem.contains("invalid peer certificate"), "{problem}");
    assert!(told.recv().is_err());
    let (config, roots) = server(&[]);
    let (port, told) = serve(Some(config), "0");
    let mut older = collector("https", port, "localhost");
    older.tls = tls(roots).unwrap();
    let problem = said(&older, SOON).unwrap_err();
    assert!(problem.contains("no HTTP/2"), "{problem}");
    drop(told);
}

#[test]
fn answers_that_say_no() {
    let (port, _told) = serve(None, "14");
    let problem = said(&collector("http", port, "127.0.0.1"), SOON).unwrap_err();
    assert_eq!(problem, "the answer is UNAVAILABLE");
    let (port, _told) = serve(None, "");
    let problem = said(&collector("http", port, "127.0.0.1"), SOON).unwrap_err();
    assert_eq!(problem, "the answer is no gRPC, but HTTP's 404");
}

#[test]
fn who_says_nothing_is_not_waited_for() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = collector("http", port, "127.0.0.1");
    let exported = silent.export_within(Duration::from_millis(100), Signal::Metrics, Vec::new());
    let error = exported.unwrap_err();
    assert!(!error.is_final());
    assert_eq!(
        error.to_string(),
        "no answer that says yes: nothing within 0.1 s"
    );
}
