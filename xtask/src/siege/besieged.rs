//! What an attack costs the watch of a host, and what is told beside it.
#![expect(
    clippy::disallowed_methods,
    reason = "what a siege costs is measured by the real clock"
)]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use lab::conversation::{Transport, serve};
use nix::unistd::Pid;
use serde_json::Value;

use super::{
    attack::{Attack, ECHO, SERVED_ON},
    host::{Host, INTRUDED, LOGS, NEIGHBOUR, OWN, SENT_TO, Setup, WEB, processor_time, resident},
};

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
    /// Of the rules that were asked before, those of which the same is said after.
    pub(super) n_judged: usize,
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

/// How long the attack goes on before the intrusion.
const BEFORE: Duration = Duration::from_secs(3);
/// Longer than a turn.
const SETTLING: Duration = Duration::from_secs(2);
/// The rules that are asked before the attack.
pub(super) const ASKED: [&str; 2] = ["web", "logs"];

/// Has a watched host attacked, and for so long after an intrusion.
pub(super) fn withstand(
    auditor: &Path,
    attack: &Attack,
    after: Duration,
) -> anyhow::Result<Figures> {
    let host = Host::new(auditor)?;
    let _services = [
        serve(&host.one, Transport::Tcp, INTRUDED)?,
        serve(&host.one, Transport::Tcp, WEB)?,
        serve(&host.one, Transport::Udp, ECHO)?,
    ];
    let listen = format!("127.0.0.1:{SERVED_ON}");
    // A window that reaches back to what was asked before the attack.
    let window = format!("{}s", 120 + after.as_secs());
    let setup = Setup {
        window: &window,
        listen: &listen,
        ..Setup::default()
    };
    let mut figures = Figures::default();
    let besieged = Besieged { host: &host, after };
    host.watch(&setup, |pid| besieged.measure(pid, attack, &mut figures))?;
    figures.report = host.size("state/report.json");
    figures.database = host.size("state/history.db");
    Ok(figures)
}

struct Besieged<'a> {
    host: &'a Host<'a>,
    after: Duration,
}

impl Besieged<'_> {
    fn measure(&self, pid: Pid, attack: &Attack, figures: &mut Figures) -> anyhow::Result<()> {
        let Host { one, other, .. } = self.host;
        // A first turn, so that there is something to compare with.
        thread::sleep(Duration::from_secs(1));
        self.host.ask(WEB)?;
        Host::send(other, (OWN, LOGS), 1)?;
        let stop = AtomicBool::new(false);
        let ((received, counted), drains) = (self.settled()?, self.drains()?);
        let verdicts = self.host.verdicts()?;
        let (begun, busy) = (Instant::now(), processor_time(pid)?);
        thread::scope(|scope| {
            let attacking = scope.spawn(|| attack.run(one, other, &stop));
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
        figures.n_told = self.host.events()?.len();
        figures.resident = figures.resident.max(resident(pid)?);
        let now = self.host.verdicts()?;
        let is_same =
            |rule: &str| verdicts.contains_key(rule) && verdicts.get(rule) == now.get(rule);
        figures.n_judged = ASKED.iter().filter(|rule| is_same(rule)).count();
        Ok(())
    }

    /// A connection that nothing documents, and datagrams to a stranger; waits until both are told.
    fn intrude(&self, pid: Pid, figures: &mut Figures) -> anyhow::Result<()> {
        thread::sleep(BEFORE);
        let intruded = Instant::now();
        self.host.ask(INTRUDED)?;
        Host::send(&self.host.one, (NEIGHBOUR, SENT_TO), 200)?;
        while intruded.elapsed() < self.after {
            figures.resident = figures.resident.max(resident(pid)?);
            let events = self.host.events()?;
            let after = Some(intruded.elapsed());
            if events.contains(&Host::key(INTRUDED)) {
                figures.intrusion_after = figures.intrusion_after.or(after);
            }
            if events.contains(&format!("{OWN} -> {NEIGHBOUR} udp/{SENT_TO}")) {
                figures.own_after = figures.own_after.or(after);
            }
            let is_told = figures.intrusion_after.is_some() && figures.own_after.is_some();
            thread::sleep(Duration::from_millis(if is_told { 1000 } else { 100 }));
        }
        Ok(())
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
        let report = self.host.report()?;
        let packets = report.pointer("/counted/received/packets");
        Ok(packets.and_then(Value::as_u64).unwrap_or_default())
    }

    /// Packets that the card received.
    fn received(&self) -> anyhow::Result<u64> {
        let text = self.host.one.run("ip -s -j link show eth0")?;
        let links: Value = serde_json::from_str(&text)?;
        let packets = links
            .pointer("/0/stats64/rx/packets")
            .and_then(Value::as_u64);
        packets.context("`ip` does not say what the card received")
    }

    /// How often the flow table was drained. What the watch serves may be taken by others; then it is asked again.
    fn drains(&self) -> anyhow::Result<u64> {
        for _ in 0..100 {
            let text = self.host.one.enter(|| {
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
