//! A host that is watched while it is attacked, and what is measured there.
#![expect(
    clippy::disallowed_methods,
    reason = "what a siege costs is measured by the real clock"
)]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpStream, UdpSocket},
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use lab::{
    Namespace,
    conversation::{Transport, request, serve},
    namespace, process,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::attack::{Attack, ECHO, NEIGHBOUR, OWN, SERVED_ON};
use crate::shell::root;

/// What an attack cost, and what was told beside it.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) n_sent: u64,
    /// Packets that the card received meanwhile, and those that were counted.
    pub(super) n_received: u64,
    pub(super) n_counted: u64,
    pub(super) n_told: usize,
    pub(super) intrusion_after: Option<Duration>,
    pub(super) own_after: Option<Duration>,
    /// The most bytes of memory.
    pub(super) resident: u64,
    /// Seconds of a processor in each second.
    pub(super) processor: f64,
    /// Drains a second.
    pub(super) drains: f64,
    /// Bytes of files.
    pub(super) report: u64,
    pub(super) database: u64,
}

/// Who is who. No rule is for what the intruder asks, nor for what the host sends.
const FILES: [(&str, &str); 2] = [
    (
        "matrix.toml",
        "name = \"Siege\"\n[[rule]]\nid = \"web\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"8080\"\n",
    ),
    (
        "auditor.toml",
        "matrix = [\"matrix.toml\"]\ninterfaces = [\"eth0\"]\n[roles]\nweb = [\"10.78.0.1\"]\nuser = [\"10.78.0.2\"]\n",
    ),
];

/// How long the attack goes on before and after the intrusion.
const BEFORE: Duration = Duration::from_secs(3);
const AFTER: Duration = Duration::from_secs(8);
/// Longer than a turn.
const SETTLING: Duration = Duration::from_secs(2);
/// Undocumented: what the intruder asks, and where the host sends to.
const INTRUDED: u16 = 9090;
const SENT_TO: u16 = 9999;

pub(super) fn withstand(auditor: &Path, attack: &Attack) -> anyhow::Result<Figures> {
    let directory = root().join("target/siege");
    if directory.exists() {
        fs::remove_dir_all(&directory).context("cannot remove the last siege's files")?;
    }
    fs::create_dir_all(&directory).context("cannot make a directory")?;
    for (name, text) in FILES {
        fs::write(directory.join(name), text).context("cannot write a file")?;
    }
    let (one, other) = namespace::pair()?;
    let _services = [
        serve(&one, Transport::Tcp, INTRUDED)?,
        serve(&one, Transport::Udp, ECHO)?,
    ];
    let mut command = Command::new(auditor);
    command.current_dir(&directory).args([
        "watch",
        "--config",
        "auditor.toml",
        "--state",
        "state",
        "--every",
        "1s",
        "--window",
        "2m",
        "--listen",
    ]);
    command.arg(format!("127.0.0.1:{SERVED_ON}"));
    let mut figures = Figures::default();
    let host = Host {
        auditor,
        directory: &directory,
        one: &one,
        other: &other,
    };
    let finished = process::run(&one, &command, "watching", &|_| {}, |pid| {
        let measured = host.measure(pid, attack, &mut figures);
        kill(pid, Signal::SIGTERM).context("cannot end the watch")?;
        measured
    })?;
    if !finished.status.success() {
        bail!(
            "the watch ended with {}: {}",
            finished.status,
            finished.stderr
        );
    }
    let size = |name: &str| fs::metadata(directory.join(name)).map_or(0, |file| file.len());
    figures.report = size("state/report.json");
    figures.database = size("state/history.db");
    Ok(figures)
}

struct Host<'a> {
    auditor: &'a Path,
    directory: &'a Path,
    one: &'a Namespace,
    other: &'a Namespace,
}

impl Host<'_> {
    fn measure(&self, pid: Pid, attack: &Attack, figures: &mut Figures) -> anyhow::Result<()> {
        // A first turn, so that there is something to compare with.
        thread::sleep(Duration::from_secs(1));
        let stop = AtomicBool::new(false);
        let ((received, counted), drains) = (self.settled()?, self.drains()?);
        let (begun, busy) = (Instant::now(), processor_time(pid)?);
        thread::scope(|scope| {
            let attacking = scope.spawn(|| attack.run(self.one, self.other, &stop));
            let watched = self.intrude(pid, figures);
            stop.store(true, Ordering::Relaxed);
            let n_sent = attacking
                .join()
                .unwrap_or_else(|_| bail!("the attack panicked"));
            figures.n_sent = n_sent?;
            watched
        })?;
        let lasted = begun.elapsed().as_secs_f64();
        figures.processor = (processor_time(pid)? - busy) / lasted;
        // What was still on its way is drained and judged.
        thread::sleep(Duration::from_secs(4));
        let lasted = begun.elapsed().as_secs_f64();
        let drained = self.drains()?.saturating_sub(drains);
        figures.drains = f64::from(u32::try_from(drained)?) / lasted;
        let settled = self.settled()?;
        figures.n_received = settled.0 - received;
        figures.n_counted = settled.1 - counted;
        figures.n_told = self.events()?.len();
        figures.resident = figures.resident.max(resident(pid)?);
        Ok(())
    }

    /// A connection that nothing documents, and datagrams to a stranger; waits until both are told.
    fn intrude(&self, pid: Pid, figures: &mut Figures) -> anyhow::Result<()> {
        thread::sleep(BEFORE);
        let intruded = Instant::now();
        request(self.other, Transport::Tcp, (OWN, INTRUDED).into())?;
        self.one.enter(|| {
            let socket = UdpSocket::bind((OWN, 0))?;
            for _ in 0..200 {
                socket.send_to(b"data", (NEIGHBOUR, SENT_TO))?;
            }
            Ok(())
        })?;
        while intruded.elapsed() < AFTER {
            figures.resident = figures.resident.max(resident(pid)?);
            let events = self.events()?;
            let is_told = |key: String| events.contains(&key);
            let after = Some(intruded.elapsed());
            if is_told(format!("{NEIGHBOUR} -> {OWN} tcp/{INTRUDED}")) {
                figures.intrusion_after = figures.intrusion_after.or(after);
            }
            if is_told(format!("{OWN} -> {NEIGHBOUR} udp/{SENT_TO}")) {
                figures.own_after = figures.own_after.or(after);
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The keys of the events so far.
    fn events(&self) -> anyhow::Result<Vec<String>> {
        let output = Command::new(self.auditor)
            .current_dir(self.directory)
            .args([
                "history", "--state", "state", "--events", "--format", "jsonl",
            ])
            .output()
            .context("cannot run the auditor")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let keys = text.lines().map(|line| {
            let event: Value = serde_json::from_str(line)?;
            let key = event.get("key").and_then(Value::as_str);
            Ok(key.unwrap_or_default().to_owned())
        });
        keys.collect()
    }

    /// Packets that the card received and those that were counted, once a turn has counted all of them: the link's own are few,
    /// and come whenever they like.
    fn settled(&self) -> anyhow::Result<(u64, u64)> {
        for _ in 0..20 {
            let received = self.received()?;
            thread::sleep(SETTLING);
            let counted = self.counted()?;
            if received == self.received()? {
                return Ok((received, counted));
            }
        }
        bail!("packets come without an end, so those that were counted can't be compared with them")
    }

    /// Packets that were counted on the way in, as the report on disk has it.
    fn counted(&self) -> anyhow::Result<u64> {
        let path = self.directory.join("state/report.json");
        let text = fs::read_to_string(path).context("cannot read the report")?;
        let report: Value = serde_json::from_str(&text)?;
        let packets = report.pointer("/counted/received/packets");
        Ok(packets.and_then(Value::as_u64).unwrap_or_default())
    }

    /// Packets that the card received.
    fn received(&self) -> anyhow::Result<u64> {
        let text = self.one.run("ip -s -j link show eth0")?;
        let links: Value = serde_json::from_str(&text)?;
        let packets = links
            .pointer("/0/stats64/rx/packets")
            .and_then(Value::as_u64);
        packets.context("`ip` does not say what the card received")
    }

    /// How often the flow table was drained. What the watch serves may be taken by others; then it is asked again.
    fn drains(&self) -> anyhow::Result<u64> {
        for _ in 0..100 {
            let text = self.one.enter(|| {
                let mut stream = TcpStream::connect(("127.0.0.1", SERVED_ON))?;
                stream.set_read_timeout(Some(Duration::from_secs(2)))?;
                let head = "Host: localhost\r\nConnection: close\r\n\r\n";
                write!(stream, "GET /metrics HTTP/1.1\r\n{head}")?;
                let mut text = String::new();
                stream.read_to_string(&mut text)?;
                Ok(text)
            });
            let text = text.unwrap_or_default();
            let value = text
                .lines()
                .find_map(|line| line.strip_prefix("auditor_drains_total "));
            if let Some(value) = value {
                return value.trim().parse().context("no number of drains");
            }
            thread::sleep(Duration::from_millis(700));
        }
        bail!("the watch does not say how often it drained")
    }
}

/// The most that a process held in memory at a time, in bytes.
fn resident(pid: Pid) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.map(|line| line.trim().trim_end_matches(" kB"));
    let kibibytes: u64 = kibibytes.context("no resident memory")?.parse()?;
    Ok(kibibytes << 10)
}

/// Seconds of processors that a process took.
fn processor_time(pid: Pid) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // After the name, which is in brackets: fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
    let fields = stat.rsplit_once(')').context("no process")?.1;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(f64::from(ticks) / 100.0)
}
