//! What goes wrong around a watch: its database is damaged, clocks jump, sinks fail, and what others may not know is there.
#![expect(
    clippy::disallowed_methods,
    reason = "what a siege costs is measured by the real clock"
)]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use lab::{
    Namespace,
    conversation::{Service, Transport, serve},
};
use nix::unistd::Pid;
use serde_json::Value;

use super::{
    host::{Host, INTRUDED, Setup, WEB, resident},
    seconds,
};

/// Something that goes wrong, and what the watch makes of it.
pub(super) struct Trouble {
    pub(super) name: &'static str,
    run: fn(&Path) -> anyhow::Result<Outcome>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What was measured.
    pub(super) found: String,
    /// The longest that it took to tell of an intrusion, if all were told.
    pub(super) told_after: Option<Duration>,
    /// The most bytes of memory.
    pub(super) resident: u64,
    /// What should have been otherwise, beside these.
    pub(super) misses: Vec<String>,
}

pub(super) static TROUBLES: [Trouble; 6] = [
    Trouble {
        name: "the database is damaged while it runs",
        run: damage,
    },
    Trouble {
        name: "the clock jumps 90 days ahead, and back",
        run: |auditor| jump(auditor, "+90d"),
    },
    Trouble {
        name: "the clock jumps a day back, and is right again",
        run: |auditor| jump(auditor, "-1d"),
    },
    Trouble {
        name: "a webhook fails three requests in ten",
        run: |auditor| deliver(auditor, Answers::Mostly),
    },
    Trouble {
        name: "a webhook never answers",
        run: |auditor| deliver(auditor, Answers::Never),
    },
    Trouble {
        name: "secrets on the command line of a service",
        run: keep_to_itself,
    },
];

impl Trouble {
    pub(super) fn run(&self, auditor: &Path) -> anyhow::Result<Outcome> {
        (self.run)(auditor)
    }
}

/// Longer than it may take until something is said.
const PATIENCE: Duration = Duration::from_mins(1);
const LISTEN: &str = "none";
const WINDOW: &str = "2m";

/// A host with services for so many intrusions, one after the other.
struct Scene<'a> {
    host: Host<'a>,
    _services: Vec<Service>,
}

impl<'a> Scene<'a> {
    fn new(auditor: &'a Path, n_intrusions: u16) -> anyhow::Result<Self> {
        let host = Host::new(auditor)?;
        let ports = (INTRUDED..INTRUDED + n_intrusions).chain([WEB]);
        let services = ports.map(|port| serve(&host.one, Transport::Tcp, port));
        Ok(Self {
            _services: services.collect::<anyhow::Result<_>>()?,
            host,
        })
    }

    /// The intrusion with this number; how long it took until it was told.
    fn intrude(&self, n: u16, pid: Pid, outcome: &mut Outcome) -> anyhow::Result<()> {
        let key = Host::key(INTRUDED + n);
        self.host.ask(INTRUDED + n)?;
        let after = within(PATIENCE, || Ok(self.host.events()?.contains(&key)))?;
        outcome.resident = outcome.resident.max(resident(pid)?);
        match after {
            Some(after) => outcome.told_after = outcome.told_after.max(Some(after)),
            None => outcome.misses.push(format!("{key} was not told")),
        }
        Ok(())
    }
}

/// How long it takes until something holds, if it does in time.
fn within(
    most: Duration,
    mut holds: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Option<Duration>> {
    let begun = Instant::now();
    while begun.elapsed() < most {
        if holds()? {
            return Ok(Some(begun.elapsed()));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(None)
}

/// Bytes all over the database and its log change under a watch. It is set aside, a new one is begun, and what memory holds is saved into that.
fn damage(auditor: &Path) -> anyhow::Result<Outcome> {
    let scene = Scene::new(auditor, 2)?;
    let state = scene.host.directory.join("state");
    let mut outcome = Outcome::default();
    let mut aside = None;
    let setup = Setup {
        window: WINDOW,
        listen: LISTEN,
        ..Setup::default()
    };
    scene.host.watch(&setup, |pid| {
        scene.intrude(0, pid, &mut outcome)?;
        for name in ["history.db", "history.db-wal"] {
            let file = fs::File::options().write(true).open(state.join(name));
            let file = file.context("cannot open the database")?;
            // Behind the headers, so that they still look like what they are.
            for at in (100..file.metadata()?.len()).step_by(61) {
                file.write_all_at(&[0xa5], at)?;
            }
        }
        let is_aside = || {
            let mut names = fs::read_dir(&state)?;
            Ok(names.any(|entry| {
                entry.is_ok_and(|one| one.file_name().to_string_lossy().contains(".damaged-"))
            }))
        };
        aside = within(PATIENCE, is_aside)?;
        scene.intrude(1, pid, &mut outcome)
    })?;
    let flows = scene.host.history(&[])?;
    let n_kept = n_intrusions(&flows, 2);
    if aside.is_none() || n_kept != 2 {
        outcome
            .misses
            .push("what is damaged was not set aside, or what was seen is lost".to_owned());
    }
    outcome.found = format!(
        "set aside after {}; {n_kept} of 2 flows remembered",
        seconds(aside)
    );
    Ok(outcome)
}

/// How many of the first intrusions are among remembered flows.
fn n_intrusions(flows: &[Value], n: u16) -> usize {
    let has = |port: &u16| {
        let is_port =
            |flow: &Value| flow.get("port").and_then(Value::as_u64) == Some((*port).into());
        flows.iter().any(is_port)
    };
    (INTRUDED..INTRUDED + n).filter(has).count()
}

/// The clock of the watch alone jumps, once there is something to forget, and is right again some seconds later. What was seen is
/// remembered, and that nobody watched afterwards is said.
fn jump(auditor: &Path, ahead: &str) -> anyhow::Result<Outcome> {
    let scene = Scene::new(auditor, 3)?;
    let clock = scene.host.directory.join("clock");
    let set = |offset: &str| fs::write(&clock, offset).context("cannot set the clock");
    set("+0")?;
    let clock = clock.to_string_lossy();
    let environment = [
        ("LD_PRELOAD", "/usr/$LIB/faketime/libfaketime.so.1"),
        ("FAKETIME_TIMESTAMP_FILE", &*clock),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let setup = Setup {
        window: WINDOW,
        listen: LISTEN,
        environment: &environment,
        ..Setup::default()
    };
    let mut outcome = Outcome::default();
    let said = scene.host.watch(&setup, |pid| {
        scene.intrude(0, pid, &mut outcome)?;
        for (n, offset) in [(1, ahead), (2, "+0")] {
            set(offset)?;
            thread::sleep(Duration::from_secs(3));
            scene.intrude(n, pid, &mut outcome)?;
        }
        Ok(())
    })?;
    // Nobody watches for a while, and then somebody does.
    thread::sleep(Duration::from_secs(2));
    let down = Timestamp::now();
    thread::sleep(Duration::from_secs(2));
    scene.host.watch(&setup, |_| {
        thread::sleep(Duration::from_secs(3));
        Ok(())
    })?;
    let n_kept = n_intrusions(&scene.host.history(&[])?, 3);
    let gaps = scene.host.history(&["--gaps"])?;
    let moment =
        |gap: &Value, name: &str| -> Option<Timestamp> { gap.get(name)?.as_str()?.parse().ok() };
    let is_downtime = |gap: &Value| {
        gap.get("watched") == Some(&Value::Bool(false))
            && moment(gap, "from").is_some_and(|from| from <= down)
            && moment(gap, "until").is_some_and(|until| down <= until)
    };
    let is_said = gaps.iter().any(is_downtime);
    if n_kept != 3 {
        outcome.misses.push("what was seen is forgotten".to_owned());
    }
    if !is_said {
        outcome.misses.push(format!(
            "that nobody watched at {down} is not said: {gaps:?}"
        ));
    }
    if said.contains("cannot be preloaded") {
        bail!(
            "the clock of one program alone can't be set without libfaketime: apt-get install faketime"
        );
    }
    let downtime = if is_said { "said" } else { "not said" };
    outcome.found =
        format!("{n_kept} of 3 flows remembered; that nobody watched later is {downtime}");
    Ok(outcome)
}

/// What a webhook does.
#[derive(Clone, Copy)]
enum Answers {
    /// It takes seven requests of ten.
    Mostly,
    Never,
}

/// Events of a webhook's trouble: rules of which nothing is seen.
const EVENTS: usize = 200;
const HOOK: u16 = 7001;

/// Two hundred events at once for a webhook in trouble, and for a file beside it.
fn deliver(auditor: &Path, answers: Answers) -> anyhow::Result<Outcome> {
    let scene = Scene::new(auditor, 1)?;
    let host = &scene.host;
    let mut rules = String::new();
    for n in 0..EVENTS {
        write!(
            rules,
            "[[rule]]\nid = \"r{n}\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"{}\"\npresence = \"required\"\n",
            10_000 + n
        )?;
    }
    let sections = format!(
        "[[sink]]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{HOOK}\"\n[[sink]]\ntype = \"lines\"\npath = \"lines\"\n"
    );
    let setup = Setup {
        rules: &rules,
        sections: &sections,
        window: "2s",
        listen: LISTEN,
        ..Setup::default()
    };
    let hook = Hook::new(&host.one, answers)?;
    let wanted: BTreeSet<String> = (0..EVENTS).map(|n| format!("r{n}")).collect();
    let lines = host.directory.join("lines");
    let mut outcome = Outcome::default();
    let (mut written, mut delivered) = (None, None);
    host.watch(&setup, |pid| {
        written = within(PATIENCE, || {
            let text = fs::read_to_string(&lines).unwrap_or_default();
            let keys: BTreeSet<String> = text.lines().filter_map(key_of).collect();
            Ok(wanted.is_subset(&keys))
        })?;
        scene.intrude(0, pid, &mut outcome)?;
        if matches!(answers, Answers::Mostly) {
            delivered = within(PATIENCE, || Ok(wanted.is_subset(&hook.taken())))?;
        }
        Ok(())
    })?;
    let n_taken = wanted.intersection(&hook.taken()).count();
    if written.is_none() {
        outcome
            .misses
            .push("the other sink did not get all events".to_owned());
    }
    outcome.found = format!("the other sink has all after {}", seconds(written));
    if matches!(answers, Answers::Mostly) {
        if delivered.is_none() {
            outcome
                .misses
                .push(format!("{n_taken} of {EVENTS} events were delivered"));
        }
        outcome.found = format!(
            "{n_taken} of {EVENTS} events delivered after {}; {}",
            seconds(delivered),
            outcome.found
        );
    }
    Ok(outcome)
}

/// The key of an event in JSON.
fn key_of(text: &str) -> Option<String> {
    let event: Value = serde_json::from_str(text).ok()?;
    let event = event.get("event").unwrap_or(&event);
    Some(event.get("key")?.as_str()?.to_owned())
}

/// A webhook on a host, until dropped.
struct Hook {
    stop: Arc<AtomicBool>,
    taken: Arc<Mutex<BTreeSet<String>>>,
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Hook {
    fn new(host: &Namespace, answers: Answers) -> anyhow::Result<Self> {
        let listener = host.enter(|| Ok(TcpListener::bind(("127.0.0.1", HOOK))?))?;
        listener.set_nonblocking(true)?;
        let hook = Self {
            stop: Arc::default(),
            taken: Arc::default(),
        };
        let (stop, taken) = (Arc::clone(&hook.stop), Arc::clone(&hook.taken));
        thread::spawn(move || {
            let mut held = Vec::new();
            let mut n_asked = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => match answers {
                        Answers::Never => held.push(stream),
                        Answers::Mostly => {
                            n_asked += 1;
                            let is_taken = ![0, 3, 6].contains(&(n_asked % 10));
                            // One that is cut short is sent again.
                            if let Ok(key) = take(stream, is_taken)
                                && is_taken
                            {
                                let mut taken =
                                    taken.lock().unwrap_or_else(PoisonError::into_inner);
                                taken.extend(key);
                            }
                        }
                    },
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        thread::sleep(Duration::from_millis(5));
                    }
                    Err(_) => break,
                }
            }
        });
        Ok(hook)
    }

    /// The keys of the events that it took.
    fn taken(&self) -> BTreeSet<String> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.clone()
    }
}

/// Reads a request and answers it; returns its event's key.
fn take(stream: TcpStream, is_taken: bool) -> anyhow::Result<Option<String>> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while 2 < reader.read_line(&mut line)? {
        let head = line.to_lowercase();
        if let Some(value) = head.strip_prefix("content-length: ") {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let status = if is_taken { "200 Yes" } else { "500 No" };
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )?;
    Ok(key_of(&String::from_utf8_lossy(&body)))
}

/// What stands on the command line of a service: secrets, and names of a user and a host that nobody else has.
const SECRETS: [&str; 2] = ["swordfish-7301", "tr0ub4dor-7302"];
const NAMES: [&str; 2] = ["petra.vogelsang", "host-of-nobody.invalid"];

/// A program whose arguments name a user, a host and secrets is asked. None of them is in what a watch writes by default, and no
/// secret where command lines are asked for; and nobody else can read the files.
fn keep_to_itself(auditor: &Path) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let (mut n_outputs, mut n_found, mut n_open) = (0, 0, 0);
    let all: Vec<&str> = SECRETS.iter().chain(&NAMES).copied().collect();
    for (settings, hidden) in [
        ("", all.as_slice()),
        ("processes = \"command\"\n", &SECRETS),
    ] {
        let scene = Scene::new(auditor, 0)?;
        let host = &scene.host;
        let _listener = Listener::new(&host.one)?;
        let setup = Setup {
            settings,
            sections: "[[sink]]\ntype = \"lines\"\npath = \"lines\"\n",
            window: WINDOW,
            listen: "unix:socket",
            ..Setup::default()
        };
        let said = host.watch(&setup, |pid| {
            scene.intrude(0, pid, &mut outcome)?;
            let is_named = || Ok(host.report()?.to_string().contains("\"name\":\"python"));
            if within(PATIENCE, is_named)?.is_none() {
                outcome
                    .misses
                    .push("whose service it is was not told".to_owned());
            }
            Ok(())
        })?;
        let mut outputs = vec![said.into_bytes()];
        let mut files = vec![host.directory.join("lines")];
        for entry in fs::read_dir(host.directory.join("state"))? {
            files.push(entry?.path());
        }
        for path in files.iter().filter(|path| path.is_file()) {
            outputs.push(fs::read(path)?);
            let mode = fs::metadata(path)?.permissions().mode();
            if mode & 0o077 != 0 {
                n_open += 1;
                outcome
                    .misses
                    .push(format!("{} has the mode {mode:o}", path.display()));
            }
        }
        let has = |output: &[u8], secret: &str| {
            let mut parts = output.windows(secret.len());
            parts.any(|part| part == secret.as_bytes())
        };
        let found = outputs
            .iter()
            .flat_map(|output| hidden.iter().filter(move |secret| has(output, secret)))
            .count();
        if found != 0 {
            outcome.misses.push(format!(
                "{found} secrets in what it wrote with {settings:?}"
            ));
        }
        n_outputs += outputs.len();
        n_found += found;
    }
    outcome.found = format!(
        "{n_found} secrets, and by default names, in {n_outputs} files and streams; others read {n_open} of the files"
    );
    Ok(outcome)
}

/// A program with secrets in its arguments that listens where the first intruder asks.
struct Listener(Child);

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

impl Listener {
    fn new(host: &Namespace) -> anyhow::Result<Self> {
        let program = format!(
            "import socket\nserver = socket.create_server(('', {INTRUDED}))\nprint(flush=True)\nwhile True:\n    server.accept()[0].close()\n"
        );
        let ([password, token], [user, name]) = (SECRETS, NAMES);
        let mut child = host.enter(|| {
            let mut command = Command::new("python3");
            command
                .args(["-c", &program])
                .arg(format!("--password={password}"))
                .args(["--user", user])
                .arg(format!("postgres://{user}:{password}@{name}/db"))
                .arg(format!("--api-token={token}"))
                .stdout(Stdio::piped());
            command.spawn().context("cannot run python3")
        })?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        Ok(Self(child))
    }
}
