use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{FetchError, Fetched, Limits, fetch, is_local};
use crate::document::Format;

/// A server on the loopback that answers each path with what `answer` gives; returns its address and the heads it was asked.
fn server(
    answer: impl Fn(&str, &mut TcpStream) + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while reader.read_line(&mut head).is_ok_and(|n| 2 < n) {}
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            asked.lock().unwrap().push(head);
            answer(&path, &mut reader.into_inner());
        }
    });
    (address, heads)
}

fn say(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let _gone = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
}

fn limits() -> Limits {
    Limits {
        time: Duration::from_secs(20),
        bytes: 1000,
        redirects: 3,
        is_local,
    }
}

#[track_caller]
fn failed(address: &str, limits: Limits) -> String {
    let error = fetch(address, None, limits).unwrap_err();
    anyhow::Error::from(error).to_string()
}

#[test]
fn a_page_behind_redirects() {
    let (address, heads) = server(|path, stream| match path {
        "/docs" => say(
            stream,
            "302 Found",
            "Location: ../new/ports?v=2#tcp\r\nSet-Cookie: a=b\r\n",
            "",
        ),
        "/new/ports?v=2" => say(
            stream,
            "200 OK",
            "Content-Type: text/html; charset=utf-8\r\n",
            "<p>hi",
        ),
        _ => say(stream, "404 Not Found", "", ""),
    });
    let named = format!("{}/docs#udp", address.replace("://", "://user:secret@"));
    let Fetched { url, bytes, format } = fetch(&named, None, limits()).unwrap();
    assert_eq!(url, format!("{address}/new/ports?v=2"));
    assert_eq!(bytes, b"<p>hi");
    assert_eq!(format, Some(Format::Html));
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 2);
    assert!(
        heads.iter().all(|head| head.starts_with("GET ")),
        "{heads:?}"
    );
    assert!(!heads[1].to_lowercase().contains("cookie"), "{heads:?}");
}

#[test]
fn what_the_content_type_leaves_open() {
    let (address, _) = server(|path, stream| {
        let headers = match path {
            "/plain" => "Content-Type: text/plain\r\n",
            "/pdf" => "Content-Type: application/pdf\r\n",
            "/zip" => "Content-Encoding: gzip\r\n",
            _ => "",
        };
        say(stream, "200 OK", headers, "x");
    });
    let format = |path: &str, known| {
        fetch(&format!("{address}{path}"), known, limits())
            .unwrap()
            .format
    };
    assert_eq!(format("/plain", None), None);
    assert_eq!(format("/none", None), None);
    assert_eq!(
        format("/pdf", Some(Format::Markdown)),
        Some(Format::Markdown)
    );
    assert_eq!(
        failed(&format!("{address}/pdf"), limits()),
        format!(
            "{address}/pdf is `application/pdf`: expected text/html, text/markdown, text/asciidoc, text/x-rst, text/csv or \
             text/plain; if it is one of these, name it with --input-format"
        )
    );
    assert!(
        failed(&format!("{address}/zip"), limits())
            .contains("is sent as `gzip`, which was not asked for")
    );
}

#[test]
fn what_is_not_there() {
    let (address, _) = server(|_, stream| say(stream, "404 Not Found", "", "gone"));
    assert_eq!(
        failed(&address, limits()),
        format!(
            "{address}/ answers 404 Not Found: check the address, or save the page from a browser and import the file"
        )
    );
}

#[test]
fn redirects_without_end() {
    let (address, heads) = server(|_, stream| say(stream, "301 Moved", "Location: /again\r\n", ""));
    assert_eq!(
        failed(&address, limits()),
        format!("{address}/again redirects more than 3 times, and was not followed further")
    );
    assert_eq!(heads.lock().unwrap().len(), 4);
}

#[test]
fn a_redirect_to_another_scheme() {
    let (address, _) =
        server(|_, stream| say(stream, "302 Found", "Location: file:///etc/passwd\r\n", ""));
    assert_eq!(
        failed(&address, limits()),
        "file:///etc/passwd is neither http nor https, which are fetched: save the page and import the file"
    );
    assert!(
        failed("https//vendor.example", limits())
            .starts_with("`https//vendor.example` is no address of a page")
    );
}

/// The servers of these tests are on 127.0.0.1, which counts as anywhere here, and 127.0.0.2 as this machine.
fn elsewhere() -> Limits {
    Limits {
        is_local: |address| address == IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)),
        ..limits()
    }
}

#[test]
fn nobody_is_redirected_to_this_machine() {
    let (address, heads) = server(|path, stream| match path {
        "/" => say(
            stream,
            "302 Found",
            "Location: http://127.0.0.2:9/secrets\r\n",
            "",
        ),
        _ => say(stream, "200 OK", "", "x"),
    });
    assert_eq!(
        failed(&address, elsewhere()),
        format!(
            "{address}/ redirects to http://127.0.0.2:9/secrets, which is this machine or its own link, and was not followed: \
             name that address if you mean it"
        )
    );
    assert_eq!(heads.lock().unwrap().len(), 1);
    // By whichever way an address is written.
    let (address, _) =
        server(|_, stream| say(stream, "302 Found", "Location: //0x7f.2:9/\r\n", ""));
    assert!(failed(&address, elsewhere()).contains("which is this machine"));
}

#[test]
fn a_name_that_leads_to_this_machine() {
    // `localhost` is 127.0.0.1, and here that counts as this machine, and 127.0.0.2 as anywhere.
    let limits = Limits {
        is_local: |address| address == IpAddr::V4(Ipv4Addr::LOCALHOST),
        ..limits()
    };
    let listener = TcpListener::bind(("127.0.0.2", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while reader.read_line(&mut head).is_ok_and(|n| 2 < n) {}
            say(
                &mut reader.into_inner(),
                "302 Found",
                "Location: http://localhost:9/\r\n",
                "",
            );
        }
    });
    let error = fetch(&format!("http://127.0.0.2:{port}/"), None, limits).unwrap_err();
    assert!(matches!(error, FetchError::Local { .. }), "{error:?}");
    // Who names it gets there, where nobody answers.
    let error = fetch("http://localhost:9/", None, limits).unwrap_err();
    assert!(matches!(error, FetchError::Http { .. }), "{error:?}");
}

#[test]
fn local_addresses() {
    for local in [
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "0.0.0.0",
        "::1",
        "::",
        "fe80::1",
        "::ffff:127.0.0.1",
    ] {
        assert!(is_local(local.parse().unwrap()), "{local}");
    }
    for other in ["10.0.0.1", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] {
        assert!(!is_local(other.parse().unwrap()), "{other}");
    }
}

#[test]
fn more_than_is_wanted() {
    let (address, _) = server(|path, stream| {
        let body = "x".repeat(2000);
        if path == "/said" {
            say(stream, "200 OK", "", &body);
        } else {
            let _gone = write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}");
        }
    });
    for path in ["/said", "/unsaid"] {
        assert_eq!(
            failed(&format!("{address}{path}"), limits()),
            format!(
                "{address}{path} has more than 1000 bytes, which are fetched at most: save the page and import the file"
            )
        );
    }
}

#[test]
fn a_server_that_takes_its_time() {
    let (address, _) = server(|path, stream| {
        if path == "/silent" {
            std::thread::sleep(Duration::from_secs(3));
        }
        let _gone = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
        std::thread::sleep(Duration::from_secs(3));
    });
    let limits = Limits {
        time: Duration::from_secs(1),
        ..limits()
    };
    for path in ["/slow", "/silent"] {
        assert_eq!(
            failed(&format!("{address}{path}"), limits),
            format!("{address}{path} took more than 1 s, and nothing of it was kept")
        );
    }
}
