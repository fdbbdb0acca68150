//! A watch as a service: what its manager is told, what the journal is told, and the units for systemd.

use std::{
    os::unix::net::UnixDatagram,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    process::{self, Finished},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Gid, Pid, Uid, chown},
};

use crate::{
    fixture::{
        auditor::{command, files, repository, watch_by},
        history::{events, history},
        pair::{DEPLOYMENT, MATRIX, pair},
        wait::until,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    the_service_manager_is_told: [Kernel],
    a_watch_waits_for_its_interfaces: [Kernel],
    the_journal_is_told_how_urgent_a_line_is: [Kernel],
    a_watch_needs_no_root: [Kernel],
    the_state_that_root_left_is_taken_over: [Kernel],
    the_units_leave_little_exposed: [Program("systemd-analyze")],
}

const WATCH: &str = "watch --config a.toml --state state --every 300ms --window 2s --listen none";

fn stop(pid: Pid) {
    kill(pid, Signal::SIGTERM).unwrap();
}

/// Plays the service manager: listens on a socket, and keeps what it is told.
struct Manager {
    told: Arc<Mutex<Vec<String>>>,
}

impl Manager {
    fn listen(socket: &Path) -> Self {
        let socket = UnixDatagram::bind(socket).unwrap();
        // Longer than anybody here waits, so that the thread ends.
        socket
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        std::thread::spawn(move || {
            let mut message = [0; 4096];
            while let Ok(length) = socket.recv(&mut message) {
                let text = String::from_utf8_lossy(&message[..length]).into_owned();
                heard.lock().unwrap().push(text);
            }
        });
        Self { told }
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// How often a message with this line was heard.
    fn count(&self, line: &str) -> usize {
        let told = self.told();
        told.iter()
            .filter(|message| message.lines().any(|one| one == line))
            .count()
    }
}

fn the_service_manager_is_told() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, _other) = pair();
    let manager = Manager::listen(&path.join("notify"));
    let mut command = command(WATCH);
    command
        .current_dir(path)
        .env("NOTIFY_SOCKET", path.join("notify"))
        .env("WATCHDOG_USEC", "1500000");
    let finished = watch_by(&one, &command, |pid| {
        until("it is ready", || manager.count("READY=1") == 1);
        until("what drains goes on", || 3 <= manager.count("WATCHDOG=1"));
        until("what is found", || {
            1 <= manager.count("STATUS=watching eth0; violations: 1, warnings: 0")
        });
        // Where files are wrong it is ready again, and says so.
        std::fs::write(path.join("m.toml"), "name = 1").unwrap();
        kill(pid, Signal::SIGHUP).unwrap();
        until("it reloads", || manager.count("RELOADING=1") == 1);
        until("it is ready again", || manager.count("READY=1") == 2);
        stop(pid);
    });
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    until("it stops", || manager.count("STOPPING=1") == 1);
    let told = manager.told();
    assert_eq!(told[0], "READY=1\nSTATUS=watching eth0\n");
    let reloads = told
        .iter()
        .find(|one| one.starts_with("RELOADING=1"))
        .unwrap();
    let since = reloads.lines().nth(1).unwrap();
    let since = since.strip_prefix("MONOTONIC_USEC=").unwrap();
    assert_ne!(since.parse::<u64>().unwrap(), 0);
    assert!(
        told.iter()
            .any(|one| one.starts_with("READY=1") && one.contains("files are wrong")),
        "{told:?}"
    );
    assert_eq!(told.last().unwrap(), "STOPPING=1\n");
}

/// A service begins before the network is there; whoever sits before an audit is told at once.
fn a_watch_waits_for_its_interfaces() {
    let deployment = DEPLOYMENT.replace("[\"eth0\"]", "[\"later0\", \"near*\"]");
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment)]);
    let path = directory.path();
    let (one, other) = pair();
    let audited = process::run(
        &one,
        command("audit --config a.toml --for 1s").current_dir(path),
        "watching",
        &|_| {},
        |_| Ok(()),
    )
    .unwrap();
    assert_eq!(audited.status.code(), Some(2), "{}", audited.stderr);
    let said = Mutex::new(Vec::new());
    let has_said = |text: &str| {
        let said = said.lock().unwrap();
        said.iter().any(|line: &String| line.contains(text))
    };
    let hear = |line: &str| said.lock().unwrap().push(line.to_owned());
    let mut command = command(WATCH);
    command.current_dir(path);
    let nothing = "no interface that is to be watched existed";
    let finished = process::run(&one, &command, nothing, &hear, |pid| {
        assert!(has_said("no interface matches `near*` yet"));
        assert!(has_said("later0 is wanted, but not watched"));
        other
            .run(&format!(
                "ip link add far1 type veth peer name near1 netns {}",
                one.path().display()
            ))
            .unwrap();
        until("the first that comes", || has_said("watching near1"));
        one.run("ip address add 10.79.0.1/24 dev near1").unwrap();
        other.run("ip address add 10.79.0.2/24 dev far1").unwrap();
        one.run("ip link set near1 up").unwrap();
        other.run("ip link set far1 up").unwrap();
        let _service = serve(&one, Transport::Tcp, 8080).unwrap();
        let server = "10.79.0.1:8080".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
        until("what passes there", || {
            path.join("state/history.db").exists() && !history(path, "tcp/8080").is_empty()
        });
        stop(pid);
        Ok(())
    })
    .unwrap();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
}

/// Runs a line of shell that ends in the command, on a host.
fn shell(host: &Namespace, directory: &Path, line: &str, work: impl FnOnce(Pid)) -> Finished {
    let mut shell = Command::new("sh");
    shell.args(["-euc", line]).current_dir(directory);
    watch_by(host, &shell, work)
}

fn the_journal_is_told_how_urgent_a_line_is() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, _other) = pair();
    let program = env!("CARGO_BIN_EXE_auditor");
    let appeared = || events(path).iter().any(|event| event == "appeared web");
    let work = |pid| {
        until("what is missing", appeared);
        stop(pid);
    };
    // The journal is the one stream that both go to.
    let line = format!(
        "exec >&2; export JOURNAL_STREAM=$(stat --dereference --format=%d:%i /dev/stderr); exec {program} {WATCH}"
    );
    let finished = shell(&one, path, &line, work);
    let lines: Vec<&str> = finished.stderr.lines().collect();
    let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
    assert!(has("<6>auditor: watching eth0"), "{lines:?}");
    // The journal has the time of it.
    assert!(has("<3>appeared  violation rule web: "), "{lines:?}");
    // Where the variable names another stream, nobody takes the numbers away.
    std::fs::remove_dir_all(path.join("state")).unwrap();
    let line = format!("export JOURNAL_STREAM=1:1; exec {program} {WATCH}");
    let finished = shell(&one, path, &line, work);
    assert!(
        finished.stderr.contains("auditor: watching eth0"),
        "{}",
        finished.stderr
    );
    assert!(!finished.stderr.contains('<'), "{}", finished.stderr);
    let printed = finished.stdout.lines().next().unwrap();
    assert!(
        printed.contains("Z appeared  violation rule web: "),
        "{printed}"
    );
}

/// A user that the unit makes: nobody else is it.
const SOMEBODY: u32 = 61_184;

/// What begins a line of shell that goes on as that user, with the capabilities that the unit leaves.
fn as_somebody() -> String {
    let mut list = "-all".to_owned();
    for capability in unit("auditor.service", "AmbientCapabilities=").split_whitespace() {
        let name = capability.trim_start_matches("CAP_").to_lowercase();
        list = format!("{list},+{name}");
    }
    format!(
        "setpriv --reuid {SOMEBODY} --regid {SOMEBODY} --clear-groups --no-new-privs --inh-caps {list} --ambient-caps {list} \
         --bounding-set {list}"
    )
}

/// Gives a file or directory to that user.
fn give(path: &Path) {
    let (user, group) = (Uid::from_raw(SOMEBODY), Gid::from_raw(SOMEBODY));
    chown(path, Some(user), Some(group)).unwrap();
}

/// As nobody that the unit makes, with the capabilities that it leaves.
fn a_watch_needs_no_root() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    std::fs::create_dir(path.join("state")).unwrap();
    give(path);
    give(&path.join("state"));
    let (one, other) = pair();
    let service = serve(&one, Transport::Tcp, 8080).unwrap();
    let line = format!(
        "exec {} {} {WATCH}",
        as_somebody(),
        env!("CARGO_BIN_EXE_auditor")
    );
    let finished = shell(&one, path, &line, |pid| {
        let server = "10.78.0.1:8080".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
        // Interfaces that come, files of others, and sockets' processes are within its reach too.
        one.run("ip link set eth0 down").unwrap();
        one.run("ip link set eth0 up").unwrap();
        until("whose socket it is", || {
            let report = std::fs::read_to_string(path.join("state/report.json"));
            let pid = format!("\"pid\": {}", std::process::id());
            report.is_ok_and(|report| report.contains(&pid))
        });
        stop(pid);
    });
    drop(service);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    assert_eq!(history(path, "tcp/8080").len(), 1);
}

/// An older service ran as root. systemd moves its directory to where a user of the service's own may be in it, leaves a link, and
/// gives away all that is in it (systemd.exec(5), `StateDirectory=` and `DynamicUser=`); nothing is forgotten by that.
fn the_state_that_root_left_is_taken_over() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let service = serve(&one, Transport::Tcp, 8080).unwrap();
    let program = env!("CARGO_BIN_EXE_auditor");
    let line = format!("umask 077; exec {program} {WATCH}");
    let finished = shell(&one, path, &line, |pid| {
        let server = "10.78.0.1:8080".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
        until("what root remembers", || {
            path.join("state/history.db").exists() && !history(path, "tcp/8080").is_empty()
        });
        stop(pid);
    });
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let private = path.join("private");
    std::fs::create_dir(&private).unwrap();
    std::fs::rename(path.join("state"), private.join("state")).unwrap();
    std::os::unix::fs::symlink("private/state", path.join("state")).unwrap();
    let line = format!("exec {} {program} {WATCH}", as_somebody());
    // As long as it is root's, it says whose it is and begins nothing.
    give(path);
    give(&private);
    let refused = shell(&one, path, &line, |_| {});
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
    for place in [private.join("state")].into_iter().chain(
        std::fs::read_dir(private.join("state"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    ) {
        give(&place);
    }
    std::fs::remove_file(private.join("state/report.json")).unwrap();
    let finished = shell(&one, path, &line, |pid| {
        until("a turn of the new user", || {
            path.join("state/report.json").exists()
        });
        stop(pid);
    });
    drop(service);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    assert!(
        !finished.stderr.contains("begun anew"),
        "{}",
        finished.stderr
    );
    assert_eq!(history(path, "tcp/8080").len(), 1);
}

/// The value of a setting of a unit.
fn unit(name: &str, setting: &str) -> String {
    let text = std::fs::read_to_string(repository().join("docs").join(name)).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(setting));
    value.unwrap().to_owned()
}

fn the_units_leave_little_exposed() {
    // In tenths, as `docs/security.md` says.
    for (name, most) in [("auditor.service", 21), ("auditor-fleet.service", 15)] {
        let output = Command::new("systemd-analyze")
            .args(["security", "--no-pager", "--offline=true"])
            .arg(format!("--threshold={most}"))
            .arg(repository().join("docs").join(name))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let problems = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}{problems}");
        // A setting that systemd does not know is no setting.
        assert_eq!(problems, "", "{name}");
    }
}
