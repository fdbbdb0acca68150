//! A host that is watched in a namespace, its neighbour, and what can be read of the watch.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};
use lab::{
    Namespace,
    conversation::{Transport, request},
    namespace, process,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::shell::root;

/// The host that is watched.
pub(super) const OWN: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);
/// Its neighbour.
pub(super) const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 2);
/// Undocumented: what the intruder asks first, and where the host sends to.
pub(super) const INTRUDED: u16 = 9090;
pub(super) const SENT_TO: u16 = 9999;

/// Who is who, and two rules that are asked before an attack. No rule is for what the intruder asks, nor for what the host sends.
const MATRIX: &str = "name = \"Siege\"\n\
    [[rule]]\nid = \"web\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"8080\"\n\
    [[rule]]\nid = \"logs\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"udp\"\nports = \"514\"\n\
    [[rule]]\nid = \"transfers\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"udp\"\nports = \"20000-60000\"\n";
const DEPLOYMENT: &str = "matrix = [\"matrix.toml\"]\ninterfaces = [\"eth0\"]\n";
const ROLES: &str = "[roles]\nweb = [\"10.78.0.1\"]\nuser = [\"10.78.0.2\"]\n";
/// The ports of the rules that attacks leave alone.
pub(super) const WEB: u16 = 8080;
pub(super) const LOGS: u16 = 514;

/// What is different from a plain watch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Setup<'a> {
    /// More rules.
    pub(super) rules: &'a str,
    /// Lines at the top of the deployment, and its sections after the roles.
    pub(super) settings: &'a str,
    pub(super) sections: &'a str,
    pub(super) window: &'a str,
    pub(super) listen: &'a str,
    pub(super) environment: &'a [(&'a str, &'a str)],
}

pub(super) struct Host<'a> {
    auditor: &'a Path,
    pub(super) directory: PathBuf,
    pub(super) one: Namespace,
    pub(super) other: Namespace,
}

impl<'a> Host<'a> {
    /// A host and its neighbour, with the last siege's files removed.
    pub(super) fn new(auditor: &'a Path) -> anyhow::Result<Self> {
        let directory = root().join("target/siege");
        if directory.exists() {
            fs::remove_dir_all(&directory).context("cannot remove the last siege's files")?;
        }
        fs::create_dir_all(&directory).context("cannot make a directory")?;
        let (one, other) = namespace::pair()?;
        Ok(Self {
            auditor,
            directory,
            one,
            other,
        })
    }

    /// Watches while `work` runs; returns what the watch said.
    pub(super) fn watch(
        &self,
        setup: &Setup<'_>,
        work: impl FnOnce(Pid) -> anyhow::Result<()>,
    ) -> anyhow::Result<String> {
        let Setup {
            rules,
            settings,
            sections,
            window,
            listen,
            environment,
        } = *setup;
        for (name, text) in [
            ("matrix.toml", format!("{MATRIX}{rules}")),
            (
                "auditor.toml",
                format!("{settings}{DEPLOYMENT}{ROLES}{sections}"),
            ),
        ] {
            fs::write(self.directory.join(name), text).context("cannot write a file")?;
        }
        let mut command = Command::new(self.auditor);
        command
            .current_dir(&self.directory)
            .args(["watch", "--config", "auditor.toml", "--state", "state"])
            .args(["--every", "1s", "--window", window, "--listen", listen])
            .envs(environment.iter().copied());
        let finished = process::run(&self.one, &command, "watching", &|_| {}, |pid| {
            work(pid)?;
            kill(pid, Signal::SIGTERM).context("cannot end the watch")
        })?;
        if !finished.status.success() {
            bail!(
                "the watch ended with {}: {}",
                finished.status,
                finished.stderr
            );
        }
        Ok(finished.stderr)
    }

    /// A connection to a port of the host.
    pub(super) fn ask(&self, port: u16) -> anyhow::Result<()> {
        request(&self.other, Transport::Tcp, (OWN, port).into())?;
        Ok(())
    }

    /// The key of the event that such a connection is, where nothing documents it.
    pub(super) fn key(port: u16) -> String {
        format!("{NEIGHBOUR} -> {OWN} tcp/{port}")
    }

    /// Sends datagrams from one of the hosts to the other.
    pub(super) fn send(from: &Namespace, to: (Ipv4Addr, u16), n: usize) -> anyhow::Result<()> {
        from.enter(|| {
            let socket = UdpSocket::bind("0.0.0.0:0")?;
            for _ in 0..n {
                // Where nobody listens, the next one is refused.
                let _refused = socket.send_to(b"data", to);
            }
            Ok(())
        })
    }

    /// What the watch remembers, as `auditor history` prints it with these arguments; nothing where it cannot be read.
    pub(super) fn history(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let output = Command::new(self.auditor)
            .current_dir(&self.directory)
            .args(["history", "--state", "state", "--format", "jsonl"])
            .args(arguments)
            .output()
            .context("cannot run the auditor")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let lines = text.lines().map(|line| Ok(serde_json::from_str(line)?));
        lines.collect()
    }

    /// The keys of the events so far.
    pub(super) fn events(&self) -> anyhow::Result<Vec<String>> {
        let events = self.history(&["--events"])?;
        let keys = events.iter().map(|event| {
            let key = event.get("key").and_then(Value::as_str);
            key.unwrap_or_default().to_owned()
        });
        Ok(keys.collect())
    }

    /// The report on disk.
    pub(super) fn report(&self) -> anyhow::Result<Value> {
        let path = self.directory.join("state/report.json");
        let text = fs::read_to_string(path).context("cannot read the report")?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The verdict on each rule.
    pub(super) fn verdicts(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let report = self.report()?;
        let rules = report.get("rules").and_then(Value::as_array);
        let text = |rule: &Value, name| {
            let value = rule.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let verdicts = rules
            .into_iter()
            .flatten()
            .map(|rule| (text(rule, "id"), text(rule, "verdict")));
        Ok(verdicts.collect())
    }

    pub(super) fn size(&self, name: &str) -> u64 {
        fs::metadata(self.directory.join(name)).map_or(0, |file| file.len())
    }
}

/// The most that a process held in memory at a time, in bytes.
pub(super) fn resident(pid: Pid) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.map(|line| line.trim().trim_end_matches(" kB"));
    let kibibytes: u64 = kibibytes.context("no resident memory")?.parse()?;
    Ok(kibibytes << 10)
}

/// Seconds of processors that a process took.
pub(super) fn processor_time(pid: Pid) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // After the name, which is in brackets: fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
    let fields = stat.rsplit_once(')').context("no process")?.1;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(f64::from(ticks) / 100.0)
}
