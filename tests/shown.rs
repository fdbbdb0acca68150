//! What a watch shows to those who look: over TLS to whoever knows a token, on a terminal, and to a browser that stays.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use auditor::report;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
};
use nix::sys::signal::{Signal, kill};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::{
    fixture::{
        auditor::{command, files, watch},
        browser::browse,
        pair::{DEPLOYMENT, MATRIX, pair},
        wait::until,
        web::{say, web},
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    others_see_it_over_tls_if_they_know_the_token: [Kernel],
    sinks_are_where_the_watch_was_started: [Kernel],
    top_on_a_terminal: [Kernel, Program("script")],
    a_page_that_is_shown_anew_stays_where_it_was: [Kernel, Program("chromium")],
}

const WATCH: &str = "watch --config a.toml --state state --every 300ms --window 2s";

/// A certificate for an address, and its key, as PEM.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["10.78.0.1".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// Asks over TLS; the answer's status and body.
fn get(from: &Namespace, pem: &str, path: &str, authorization: &str) -> Option<(u16, String)> {
    let roots = [Certificate::from_pem(pem.as_bytes()).unwrap()];
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .tls_config(
            TlsConfig::builder()
                .root_certs(RootCerts::new_with_certs(&roots))
                .build(),
        )
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(5)))
        .build()
        .into();
    from.enter(|| {
        let request = agent.get(format!("https://10.78.0.1:9719{path}"));
        let answer = request.header("authorization", authorization).call();
        Ok(answer.ok().map(|mut answer| {
            let body = answer.body_mut().read_to_string().unwrap();
            (answer.status().as_u16(), body)
        }))
    })
    .unwrap()
}

fn others_see_it_over_tls_if_they_know_the_token() {
    let (cert, key) = certificate();
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", DEPLOYMENT),
        ("cert.pem", &cert),
        ("key.pem", &key),
        ("token", "s3cret\n"),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    let tls = "--listen 10.78.0.1:9719 --tls-cert cert.pem --tls-key key.pem";
    let finished = watch(
        &one,
        path,
        &format!("{WATCH} {tls} --token-file token"),
        |pid| {
            let status_of = |authorization| get(&other, &cert, "/report", authorization);
            until("the report", || {
                status_of("Bearer s3cret").is_some_and(|(status, _)| status == 200)
            });
            let (status, report) = status_of("Bearer s3cret").unwrap();
            assert!(status == 200 && report.contains("\"schema_version\""));
            let as_browsers_do = format!("Basic {}", STANDARD.encode("me:s3cret"));
            assert_eq!(get(&other, &cert, "/", &as_browsers_do).unwrap().0, 200);
            for wrong in ["", "Bearer secret", "Basic czNjcmV0"] {
                for path in ["/", "/report", "/metrics", "/healthz", "/nothing"] {
                    let (status, body) = get(&other, &cert, path, wrong).unwrap();
                    assert_eq!(status, 401, "{path} with {wrong}");
                    assert!(!body.contains("schema"), "{body}");
                }
            }
            // Neither without TLS, nor with another certificate than the one that is expected.
            let (unknown, _) = certificate();
            assert_eq!(get(&other, &unknown, "/report", "Bearer s3cret"), None);
            // A token that is changed is another one soon.
            std::fs::write(path.join("token"), "another\n").unwrap();
            until("another token", || {
                status_of("Bearer another").unwrap().0 == 200
            });
            assert_eq!(status_of("Bearer s3cret").unwrap().0, 401);
            kill(pid, Signal::SIGTERM).unwrap();
        },
    );
    assert!(!finished.stderr.contains("s3cret"), "{}", finished.stderr);
    for (options, said) in [
        (
            "--listen 10.78.0.1:9719",
            "--tls-cert, --tls-key and --token-file",
        ),
        (
            "--listen 10.78.0.1:9719 --token-file token",
            "--tls-cert, --tls-key and --token-file",
        ),
        (tls, "--tls-cert, --tls-key and --token-file"),
        (
            "--listen 10.78.0.1:9719 --tls-cert m.toml --tls-key key.pem --token-file token",
            "cannot use --tls-cert m.toml",
        ),
    ] {
        let refused = watch(&one, path, &format!("{WATCH} {options}"), |_| {});
        assert_eq!(refused.status.code(), Some(2), "{options}");
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
}

fn sinks_are_where_the_watch_was_started() {
    let deployment =
        format!("{DEPLOYMENT}\n[[sink]]\ntype = 'webhook'\nurl = 'http://127.0.0.1:7007'\n");
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment)]);
    let (one, _other) = pair();
    let third = Namespace::new("third").unwrap();
    third.run("ip link set lo up").unwrap();
    let taken = web(&third, 7007, |_, stream| say(&stream, "200 Yes"));
    let arguments = format!("{WATCH} --listen none --netns {}", one.path().display());
    watch(&third, directory.path(), &arguments, |pid| {
        until("the event", || !taken.lock().unwrap().is_empty());
        // Its threads can do no more than the others.
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        for task in tasks.flatten() {
            let status = std::fs::read_to_string(task.path().join("status")).unwrap();
            let effective = status
                .lines()
                .find_map(|line| line.strip_prefix("CapEff:\t"))
                .unwrap();
            let effective = u64::from_str_radix(effective, 16).unwrap();
            let administration = 1 << 21;
            assert_eq!(effective & administration, 0, "{status}");
        }
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert!(taken.lock().unwrap()[0].1.contains("missing"));
}

fn top_on_a_terminal() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (one, other) = pair();
    let _unknown = serve(&one, Transport::Tcp, 9090).unwrap();
    let binary = env!("CARGO_BIN_EXE_auditor");
    let mut child = one
        .enter(|| {
            // `script` gives it a terminal.
            Ok(std::process::Command::new("script")
                .args(["-qefc"])
                .arg(format!(
                    "stty cols 120 rows 30; {binary} top --config a.toml --window 60s"
                ))
                .arg("/dev/null")
                .env("TERM", "xterm")
                .current_dir(directory.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?)
        })
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    let shown = std::thread::spawn({
        let out = child.stdout.take().unwrap();
        move || std::io::read_to_string(out).unwrap()
    });
    // Nothing but the screen tells how far it is: until it watches, until there are verdicts, until a key is answered.
    let server = "10.78.0.1:9090".parse().unwrap();
    for _ in 0..6 {
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
    }
    std::thread::sleep(Duration::from_secs(2));
    // The flows, and what is said of the first.
    keys.write_all(b"\t\r").unwrap();
    std::thread::sleep(Duration::from_secs(1));
    keys.write_all(b"q").unwrap();
    assert!(child.wait().unwrap().success());
    let shown = shown.join().unwrap();
    // The terminal is as it was: the other screen is left.
    let (shown, _after) = shown.split_once("\u{1b}[?1049l").unwrap();
    let mut terminal = vt100::Parser::new(30, 120, 0);
    terminal.process(shown.as_bytes());
    let screen = terminal.screen().contents();
    for part in ["[flows]", "unexpected", "tcp/9090", "who is the server"] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    let nowhere = command("top").stdin(Stdio::null()).output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("needs a terminal"));
}

/// Types words into a page, and says what is left of them once it was shown anew.
const STAYS: &str = "const search = document.querySelector('#rules input'); \
     if (sessionStorage.getItem('again')) { \
       document.title = 'said ' + JSON.stringify([search.value, document.querySelector('#rules output').textContent]); \
     } else { sessionStorage.setItem('again', '1'); search.value = 'nothing like it'; search.dispatchEvent(new Event('input')); }";

fn a_page_that_is_shown_anew_stays_where_it_was() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let work_dir = directory.path();
    let (one, _other) = pair();
    watch(&one, work_dir, &format!("{WATCH} --listen none"), |pid| {
        until("a report", || work_dir.join("state/report.json").exists());
        kill(pid, Signal::SIGTERM).unwrap();
    });
    let text = std::fs::read_to_string(work_dir.join("state/report.json")).unwrap();
    let page = report::live_html(&serde_json::from_str(&text).unwrap(), 1).unwrap();
    assert!(page.contains("connect-src 'self'"));
    let (before, policy) = page
        .split_once("<meta http-equiv=\"Content-Security-Policy\"")
        .unwrap();
    let (_, after) = policy.split_once('>').unwrap();
    let page =
        format!("{before}{after}").replace("</body>", &format!("<script>{STAYS}</script></body>"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pages = Arc::new(AtomicUsize::new(0));
    let n_pages = Arc::clone(&pages);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut request = String::new();
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| 2 < n) {
                request.push_str(&line);
                line.clear();
            }
            let is_page = request.starts_with("GET / ");
            if is_page {
                n_pages.fetch_add(1, Ordering::SeqCst);
            }
            let body = if is_page { page.as_str() } else { "" };
            // The second page is asked for; there is no third.
            let is_over = !is_page && n_pages.load(Ordering::SeqCst) == 2;
            let status = if is_over { "503 No" } else { "200 OK" };
            let _gone = write!(
                reader.into_inner(),
                "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let dom = browse(work_dir, &format!("http://{address}/"));
    assert_eq!(pages.load(Ordering::SeqCst), 2);
    assert!(
        dom.contains("<title>said [\"nothing like it\",\"0 of 1\"]</title>"),
        "{}",
        dom.chars().take(600).collect::<String>()
    );
}
