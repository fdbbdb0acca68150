//! What a watch keeps, shows and is given is nobody else's.

use std::{
    fs::{self, Permissions},
    io::{Read as _, Write as _},
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _, symlink},
        net::UnixStream,
    },
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use lab::{Namespace, process};
use nix::{
    sys::{
        signal::{Signal, kill},
        stat::Mode,
    },
    unistd::mkfifo,
};

use crate::{
    fixture::{
        auditor::{files, run, watch},
        pair::{DEPLOYMENT, MATRIX, pair},
        wait::until,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    nobody_else_reads_what_it_writes: [Kernel],
    reports_are_private_whatever_they_were: [Kernel],
    state_that_others_can_reach_is_refused: [Kernel],
    a_fifo_stops_nothing: [Kernel],
    who_may_ask_on_this_machine: [Kernel],
    top_looks_at_a_watch: [Kernel, Program("script")],
}

const WATCH: &str = "watch --config a.toml --state state --every 300ms --window 2s";

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What a watch answers on its socket: the status, and the body.
pub(crate) fn ask(socket: &Path, path: &str) -> std::io::Result<(String, String)> {
    let mut stream = UnixStream::connect(socket)?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: whoever\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).unwrap_or_default();
    Ok((status.to_owned(), body.to_owned()))
}

/// What a watch that must not start says.
#[track_caller]
fn refused(host: &Namespace, directory: &Path, options: &str) -> String {
    let arguments = format!("{WATCH} {options}");
    let finished = watch(host, directory, &arguments, |pid| {
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert_eq!(finished.status.code(), Some(2), "{}", finished.stderr);
    finished.stderr
}

fn nobody_else_reads_what_it_writes() {
    let deployment = format!("{DEPLOYMENT}\n[[sink]]\ntype = \"lines\"\npath = \"lines\"\n");
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment)]);
    let path = directory.path();
    let socket = path.join("run/auditor.sock");
    let (one, _other) = pair();
    let binary = env!("CARGO_BIN_EXE_auditor");
    let mut command = Command::new("sh");
    // The mask lets everybody do everything, and a file is open that is nothing to it.
    let line =
        format!("umask 0; exec 7</dev/zero; exec {binary} {WATCH} --listen unix:run/auditor.sock");
    command.args(["-c", &line]).current_dir(path);
    process::run(&one, &command, "watching", &|_| {}, |pid| {
        until("a report", || {
            ask(&socket, "/report")
                .is_ok_and(|(status, body)| status == "200" && body.contains("schema_version"))
        });
        until("a line", || path.join("lines").exists());
        until("the report on disk", || {
            path.join("state/report.json").exists()
        });
        assert_eq!(ask(&socket, "/metrics").unwrap().0, "200");
        let mut found = 0;
        for (directory, expected) in [("state", 0o600), ("run", 0o600)] {
            assert_eq!(mode(&path.join(directory)), 0o700, "{directory}");
            for entry in fs::read_dir(path.join(directory)).unwrap() {
                let entry = entry.unwrap().path();
                assert_eq!(mode(&entry), expected, "{}", entry.display());
                found += 1;
            }
        }
        // The lock, the database and its two companions, the report, the socket.
        assert!(6 <= found, "{found}");
        assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
        assert_eq!(mode(&path.join("lines")), 0o600);
        for entry in fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
            let target = fs::read_link(entry.unwrap().path()).unwrap_or_default();
            assert_ne!(target, Path::new("/dev/zero"));
        }
        // Another watch has a state of its own, and wants the same socket.
        let arguments = format!(
            "{} --listen unix:run/auditor.sock",
            WATCH.replace("--state state", "--state another")
        );
        let second = watch(&one, path, &arguments, |_| {});
        assert_eq!(second.status.code(), Some(2));
        let said = second.stderr;
        assert!(said.contains("another process listens there"), "{said}");
        kill(pid, Signal::SIGKILL).unwrap();
        Ok(())
    })
    .unwrap();
    // What it left is in nobody's way.
    assert!(socket.exists());
    let arguments = format!("{WATCH} --listen unix:run/auditor.sock");
    watch(&one, path, &arguments, |pid| {
        until("the socket", || {
            ask(&socket, "/healthz").is_ok_and(|(status, _)| status == "200")
        });
        kill(pid, Signal::SIGTERM).unwrap();
    });
}

fn reports_are_private_whatever_they_were() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT), ("mine", "kept")]);
    let path = directory.path();
    let (one, _other) = pair();
    for name in ["report.json", "report.html"] {
        fs::write(path.join(name), "before").unwrap();
        fs::set_permissions(path.join(name), Permissions::from_mode(0o644)).unwrap();
    }
    let arguments = "audit --config a.toml --for 1s --fail-on never --json report.json --format html -o report.html";
    let finished = watch(&one, path, arguments, |_| {});
    assert!(finished.status.success(), "{}", finished.stderr);
    assert!(
        run(
            path,
            "report report.json --fail-on never --format csv -o report.csv"
        )
        .status
        .success()
    );
    for name in ["report.json", "report.html", "report.csv"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
    symlink("mine", path.join("link")).unwrap();
    mkfifo(&path.join("fifo"), Mode::S_IRWXU).unwrap();
    for (name, said) in [("link", "symbolic link"), ("fifo", "no regular file")] {
        let output = run(path, &format!("report report.json -o {name}"));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(2) && stderr.contains(said),
            "{stderr}"
        );
    }
    assert_eq!(fs::read(path.join("mine")).unwrap(), b"kept");
}

fn state_that_others_can_reach_is_refused() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, _other) = pair();
    let state = path.join("state");
    fs::create_dir(&state).unwrap();
    for mode in [0o777, 0o770] {
        fs::set_permissions(&state, Permissions::from_mode(mode)).unwrap();
        let said = refused(&one, path, "--listen none");
        assert!(
            said.contains(&format!("chmod go-w {}", state.display())),
            "{said}"
        );
    }
    fs::set_permissions(&state, Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(&state, Some(65534), None).unwrap();
    let said = refused(&one, path, "--listen none");
    assert!(
        said.contains(&format!("chown root {}", state.display())),
        "{said}"
    );
    std::os::unix::fs::chown(&state, Some(0), None).unwrap();
    fs::write(path.join("other"), "kept").unwrap();
    for name in ["lock", "history.db", "history.db-wal"] {
        symlink("../other", state.join(name)).unwrap();
        let said = refused(&one, path, "--listen none");
        assert!(
            said.contains(name) && said.contains("symbolic link"),
            "{said}"
        );
        fs::remove_file(state.join(name)).unwrap();
    }
    assert_eq!(fs::read(path.join("other")).unwrap(), b"kept");
}

fn a_fifo_stops_nothing() {
    let deployment = format!("{DEPLOYMENT}\n[[sink]]\ntype = \"lines\"\npath = \"lines\"\n");
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment)]);
    let path = directory.path();
    let (one, _other) = pair();
    let state = path.join("state");
    fs::create_dir(&state).unwrap();
    for name in ["lock", "history.db"] {
        mkfifo(&state.join(name), Mode::S_IRWXU).unwrap();
        let said = refused(&one, path, "--listen none");
        assert!(
            said.contains(name) && said.contains("no regular file"),
            "{said}"
        );
        fs::remove_file(state.join(name)).unwrap();
    }
    mkfifo(&state.join("report.json.new"), Mode::S_IRWXU).unwrap();
    mkfifo(&path.join("lines"), Mode::S_IRWXU).unwrap();
    let finished = watch(&one, path, &format!("{WATCH} --listen none"), |pid| {
        until("the report", || state.join("report.json").exists());
        fs::remove_file(path.join("a.toml")).unwrap();
        mkfifo(&path.join("a.toml"), Mode::S_IRWXU).unwrap();
        std::thread::sleep(Duration::from_secs(3));
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert!(finished.status.success(), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("a.toml: it is no regular file"),
        "{}",
        finished.stderr
    );
}

fn who_may_ask_on_this_machine() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", DEPLOYMENT),
        ("token", "s3cret\n"),
    ]);
    let path = directory.path();
    let (one, _other) = pair();
    for (options, said) in [
        (
            "--listen unix:sock --tls-cert a.toml --tls-key a.toml",
            "no TLS",
        ),
        ("--listen unix:a.toml", "no socket"),
        ("--listen 10.78.0.1:9719", "beyond the loopback"),
        (
            "--listen nowhere",
            "expected unix:/run/auditor/auditor.sock",
        ),
    ] {
        let stderr = refused(&one, path, options);
        assert!(stderr.contains(said), "{options}: {stderr}");
    }
    for open in [0o644, 0o640, 0o604] {
        let token = path.join("token");
        fs::set_permissions(&token, Permissions::from_mode(open)).unwrap();
        let stderr = refused(&one, path, "--listen 127.0.0.1:9719 --token-file token");
        assert!(stderr.contains("chmod 600 token"), "{stderr}");
    }
}

/// What `auditor top` shows on a terminal until it is left.
fn top(host: &Namespace, directory: &Path, options: &str) -> String {
    let binary = env!("CARGO_BIN_EXE_auditor");
    let mut child = host
        .enter(|| {
            Ok(Command::new("script")
                .args(["-qefc"])
                .arg(format!("stty cols 120 rows 30; {binary} top {options}"))
                .arg("/dev/null")
                .env("TERM", "xterm")
                .current_dir(directory)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?)
        })
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    let out = child.stdout.take().unwrap();
    let shown = std::thread::spawn(move || std::io::read_to_string(out).unwrap());
    std::thread::sleep(Duration::from_secs(2));
    // It has ended already if there is nothing to show.
    let _ended = keys.write_all(b"q");
    child.wait().unwrap();
    let shown = shown.join().unwrap();
    let Some((screen, _after)) = shown.split_once("\u{1b}[?1049l") else {
        return shown;
    };
    let mut terminal = vt100::Parser::new(30, 120, 0);
    terminal.process(screen.as_bytes());
    terminal.screen().contents()
}

fn top_looks_at_a_watch() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", DEPLOYMENT),
        ("token", "s3cret\n"),
    ]);
    let path = directory.path();
    let (one, _other) = pair();
    let answers = |options: &str| {
        let by_socket = options
            .contains("unix:")
            .then(|| ask(&path.join("sock"), "/healthz"));
        by_socket.is_none_or(|answer| answer.is_ok_and(|(status, _)| status == "200"))
    };
    for (listen, look) in [
        ("--listen unix:sock", "--watch unix:sock"),
        (
            "--listen 127.0.0.1:9719 --token-file token",
            "--watch http://127.0.0.1:9719 --token-file token",
        ),
    ] {
        watch(&one, path, &format!("{WATCH} {listen}"), |pid| {
            until("a report", || {
                path.join("state/report.json").exists() && answers(listen)
            });
            std::thread::sleep(Duration::from_secs(1));
            let screen = top(&one, path, look);
            assert!(
                screen.contains("[rules]") && screen.contains("web"),
                "{screen}"
            );
            if let Some((without, _token)) = look.split_once(" --token-file") {
                let said = top(&one, path, without);
                assert!(said.contains("wants a token"), "{said}");
            }
            kill(pid, Signal::SIGTERM).unwrap();
        });
    }
    let said = top(&one, path, "--watch unix:nowhere");
    assert!(said.contains("nobody answers at unix:nowhere"), "{said}");
}
