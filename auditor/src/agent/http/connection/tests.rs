//! A server in this process, a client that is slow, and a clock that jumps from one deadline to the next.

use std::time::Duration;

use axum::{Router, body::Bytes, routing::get};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    time::sleep,
};

use super::{ASKING, Connection, HEAD, LONGEST, TAKING, one_request};
use crate::agent::clock::{monotonic, since};

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// What lies between both ends, as a socket's buffers do.
const BETWEEN: usize = 256 * 1024;
const SECOND: Duration = Duration::from_secs(1);

/// The client's end of a connection to a server whose answer has this size.
fn connect(size: usize) -> DuplexStream {
    let (client, server) = duplex(BETWEEN);
    tokio::spawn(async move {
        let app = Router::new().route(
            "/",
            get(move || async move { Bytes::from(vec![b'x'; size]) }),
        );
        let mut builder = Builder::new(TokioExecutor::new()).http1_only();
        one_request(&mut builder);
        let connection = TokioIo::new(Connection::new(server, ()));
        let served = builder.serve_connection(connection, TowerToHyperService::new(app));
        // Both ends of a connection see that it failed.
        let _failed = served.await;
    });
    client
}

/// How much comes until the connection ends, at so much at a time and so long between; and how long that takes.
async fn take(client: &mut DuplexStream, at_a_time: usize, pause: Duration) -> (usize, Duration) {
    let start = monotonic();
    let (mut all, mut buffer) = (0, vec![0; at_a_time]);
    loop {
        match client.read(&mut buffer).await {
            Ok(0) | Err(_) => return (all, since(start)),
            Ok(n) => all += n,
        }
        sleep(pause).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_nothing_or_half_is_let_go() {
    for half in [&b""[..], b"GET / HTTP/1.1\r\nHost: loc"] {
        let mut client = connect(1);
        client.write_all(half).await.unwrap();
        let (n_bytes, time) = take(&mut client, 1024, Duration::ZERO).await;
        assert_eq!((n_bytes, time), (0, ASKING));
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_a_byte_a_second_is_let_go() {
    let mut client = connect(1);
    let start = monotonic();
    for byte in ASK {
        if client.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(SECOND).await;
    }
    assert!(since(start) <= ASKING + SECOND, "{:?}", since(start));
}

#[tokio::test(start_paused = true)]
async fn a_head_is_bounded() {
    let mut client = connect(1);
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", "x".repeat(2 * HEAD));
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_for_one_request() {
    let mut client = connect(1);
    client.write_all(&ASK.repeat(100)).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 1, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_let_go() {
    let mut client = connect(4 * BETWEEN);
    client.write_all(ASK).await.unwrap();
    sleep(TAKING + SECOND).await;
    let (n_bytes, time) = take(&mut client, BETWEEN, Duration::ZERO).await;
    assert_eq!((n_bytes, time), (BETWEEN, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn who_takes_little_is_let_go_after_a_minute() {
    let mut client = connect(4 * BETWEEN);
    client.write_all(ASK).await.unwrap();
    let start = monotonic();
    let mut buffer = [0; 1];
    // Until the server lets go, what is taken makes room for as much.
    while since(start) < LONGEST + SECOND {
        client.read_exact(&mut buffer).await.unwrap();
        sleep(SECOND).await;
    }
    let (n_bytes, _) = take(&mut client, BETWEEN, Duration::ZERO).await;
    assert!(n_bytes <= BETWEEN, "{n_bytes} more were sent");
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_reaches_a_slow_line() {
    let size = 20_000_000;
    let mut client = connect(size);
    client.write_all(ASK).await.unwrap();
    let (n_bytes, time) = take(&mut client, BETWEEN, SECOND / 4).await;
    assert!(size < n_bytes, "{n_bytes} of {size} came");
    // At a megabyte a second it takes so long.
    assert!(SECOND * 18 < time, "{time:?}");
}
