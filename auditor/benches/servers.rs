//! What a fleet costs its servers and its watch: made-up hosts publish to a real server what they would publish of their traffic.
//! Needs root, and NATS' server. `--hosts N`, `--flows N` and `--for SECONDS` measure another fleet, longer or shorter, and
//! `--auditor FILE` another build of the command.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures, stops where it cannot measure, and reads the clock"
)]

#[path = "fleet/host.rs"]
mod host;

use std::{
    cell::Cell,
    fmt::Write as _,
    path::Path,
    process::Command,
    rc::Rc,
    time::{Duration, Instant},
};

use async_nats::jetstream::{self, Context};
use auditor::fleet::{
    message::{ConfigurationDigest, HostState},
    publication::{Publication, Turn},
    state::{flows_subject, host_subject},
    wire,
};
use auditor_common::Direction;
use jiff::{SignedDuration, Timestamp};
use lab::{Namespace, process, usage::Usage};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, getpid},
};
use sha2::{Digest as _, Sha256};
use tokio::task::LocalSet;

use self::host::{EVERY, MATRIX, WINDOW, conversations, flow, said};

/// Until every host has said all of its traffic once, and the watch has read it.
const SETTLING: Duration = Duration::from_mins(1);
const PORT: u16 = 4222;
const DEPLOYMENT: &str = r#"
matrix = "m.toml"
window = "10m"
[roles]
host = ["10.0.0.0/8"]
[fleet]
servers = ["nats://127.0.0.1:4222"]
tls = false
"#;

/// How many hosts, and how many flows each of them sees; for how long.
#[derive(Clone, Copy, Debug)]
struct Load {
    n_hosts: u32,
    n_flows: u32,
    time: Duration,
}

fn main() {
    let mut auditor = env!("CARGO_BIN_EXE_auditor").to_owned();
    let (mut n_hosts, mut flows, mut seconds) = (1_000, vec![100, 1_000], 120);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("the option has a value");
        match argument.as_str() {
            "--auditor" => auditor = value(),
            "--hosts" => n_hosts = value().parse().expect("a number of hosts"),
            "--flows" => flows = vec![value().parse().expect("a number of flows")],
            "--for" => seconds = value().parse().expect("a number of seconds"),
            _ => {}
        }
    }
    if !nix::unistd::geteuid().is_root() {
        println!("servers: this makes a network namespace, so it needs root; nothing was measured");
        return;
    }
    let time = Duration::from_secs(seconds);
    println!(
        "made-up hosts, every flow of which goes on and each of which opens one more every 10 s; {seconds} s each"
    );
    for n_flows in flows {
        measure(
            &auditor,
            Load {
                n_hosts,
                n_flows,
                time,
            },
        );
    }
}

fn measure(auditor: &str, load: Load) {
    let bus = Namespace::new("bus").expect("a network namespace");
    let directory = tempfile::TempDir::new().unwrap();
    for (name, text) in [("m.toml", MATRIX), ("a.toml", DEPLOYMENT)] {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let mut server = Command::new("nats-server");
    server.args(["-js", "-a", "127.0.0.1", "-p", &PORT.to_string(), "-sd"]);
    server.arg(directory.path().join("jetstream"));
    let ended = process::run(&bus, &server, "Server is ready", &|_| {}, |server| {
        // The stream is there before all hosts want to make it.
        let mut report = watch(auditor, directory.path(), "report");
        bus.enter(|| Ok(report.output()?))?;
        let watch = watch(
            auditor,
            directory.path(),
            "watch --state state --listen none",
        );
        let ended = process::run(&bus, &watch, "watching the fleet", &|_| {}, |watch| {
            bus.enter(|| {
                crowd(load, server, watch);
                Ok(())
            })?;
            kill(watch, Signal::SIGTERM)?;
            Ok(())
        })?;
        assert!(ended.status.success(), "{}", ended.stderr);
        kill(server, Signal::SIGTERM)?;
        Ok(())
    });
    ended.unwrap();
}

fn watch(auditor: &str, directory: &Path, verb: &str) -> Command {
    let mut command = Command::new(auditor);
    command
        .current_dir(directory)
        .arg("fleet")
        .args(verb.split(' '))
        .args(["--config", "a.toml"]);
    command
}

/// What all hosts published.
#[derive(Clone, Copy, Debug, Default)]
struct Published {
    n_messages: u64,
    n_bytes: u64,
}

/// All hosts publish for a while, and what that takes is said.
fn crowd(load: Load, server: Pid, watch: Pid) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let published = Rc::new(Cell::new(Published::default()));
    runtime.block_on(LocalSet::new().run_until(async {
        let begun = Instant::now();
        for host in 0..load.n_hosts {
            let host = Host::new(host, load, &published);
            let after = EVERY.unsigned_abs() * host.number / load.n_hosts;
            tokio::task::spawn_local(async move {
                tokio::time::sleep(after).await;
                host.live().await;
            });
        }
        tokio::time::sleep(SETTLING).await;
        let all = [server, watch, getpid()];
        let look = || all.map(|pid| Usage::of(pid).expect("a process"));
        let (before, earlier, from) = (look(), published.get(), Instant::now());
        tokio::time::sleep(load.time).await;
        let (after, later, seconds) = (look(), published.get(), from.elapsed().as_secs_f64());
        let a_host_a_minute = |count: u64| count as f64 * 60.0 / seconds / f64::from(load.n_hosts);
        let Load { n_hosts, n_flows, .. } = load;
        let mut text = String::new();
        writeln!(
            text,
            "{n_hosts} hosts of {n_flows} flows, {} s after the first one: {:.1} messages and {:.0} kB a host a minute",
            begun.elapsed().as_secs(),
            a_host_a_minute(later.n_messages - earlier.n_messages),
            a_host_a_minute(later.n_bytes - earlier.n_bytes) / 1e3,
        )
        .unwrap();
        for ((what, before), after) in ["nats-server", "auditor fleet watch", "all hosts"]
            .into_iter()
            .zip(before)
            .zip(after)
        {
            writeln!(
                text,
                "  {what:>19}: {:>6.2}% of a core, {:>6.0} MiB",
                100.0 * (after.processor - before.processor) / seconds,
                after.memory as f64 / f64::from(1 << 20),
            )
            .unwrap();
        }
        print!("{text}");
    }));
}

/// A host that publishes as a watch does: what is due of its shards, and then itself.
struct Host {
    number: u32,
    load: Load,
    publication: Publication,
    configuration: ConfigurationDigest,
    published: Rc<Cell<Published>>,
}

impl Host {
    fn new(number: u32, load: Load, published: &Rc<Cell<Published>>) -> Self {
        let digest = |text: &str| -> String {
            let mut hexadecimal = String::new();
            for byte in Sha256::digest(text) {
                write!(hexadecimal, "{byte:02x}").unwrap();
            }
            hexadecimal
        };
        Self {
            number,
            load,
            publication: Publication::default(),
            configuration: ConfigurationDigest::of(
                Some(&digest(DEPLOYMENT)),
                [("Bench".to_owned(), digest(MATRIX))],
            ),
            published: Rc::clone(published),
        }
    }

    async fn live(mut self) {
        let client = async_nats::connect(format!("127.0.0.1:{PORT}"));
        let context = jetstream::new(client.await.expect("the server"));
        let since = Timestamp::now();
        let mut turns = tokio::time::interval(EVERY.unsigned_abs());
        for turn in 1.. {
            turns.tick().await;
            self.turn(&context, since, turn).await;
        }
    }

    async fn turn(&mut self, context: &Context, since: Timestamp, turn: u32) {
        let Load {
            n_hosts, n_flows, ..
        } = self.load;
        let now = Timestamp::now();
        let host = said(self.number, (since, now), &self.configuration);
        let goes_on = conversations(self.number, n_hosts, n_flows)
            .map(|one| flow(one, 10 * u64::from(turn), (since, now)));
        let n_kept = u32::try_from(WINDOW.as_secs() / EVERY.as_secs()).unwrap();
        let short = (turn.saturating_sub(n_kept)..turn).map(|one| {
            let at = since + SignedDuration::from_secs(i64::from(one) * EVERY.as_secs());
            flow(
                (self.number, n_hosts + one, 1_000, Direction::Egress),
                5,
                (at, at),
            )
        });
        let turn = Turn {
            now,
            window: WINDOW,
            flows: goes_on
                .chain(short)
                .map(|flow| (flow, Vec::new()))
                .collect(),
        };
        for shard in self.publication.take(turn, &host.writer).shards {
            let subject = flows_subject(shard.shard, &host.writer.name);
            let payload = wire::write_shard(&shard).expect("a short message");
            self.publish(context, subject, payload).await;
            self.publication.published(shard);
        }
        self.say(context, &host).await;
    }

    async fn say(&self, context: &Context, host: &HostState) {
        let payload = wire::write_host(host).expect("a short message");
        self.publish(context, host_subject(&host.writer.name), payload)
            .await;
    }

    async fn publish(&self, context: &Context, subject: String, payload: Vec<u8>) {
        let n_bytes = u64::try_from(subject.len() + payload.len()).unwrap();
        let sent = context.publish(subject, payload.into()).await;
        sent.expect("a connection").await.expect("it is kept");
        let mut published = self.published.get();
        published.n_messages += 1;
        published.n_bytes += n_bytes;
        self.published.set(published);
    }
}
