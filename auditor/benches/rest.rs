//! What a watch takes of a host on which nothing happens: of a processor, and of memory. Needs root.
//! `--auditor FILE` measures another build of the command, `--for SECONDS` takes longer or shorter.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench prints its figures, stops where it cannot measure, and reads the clock"
)]

use std::{
    fmt::Write as _,
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{Duration, Instant},
};

use lab::{Namespace, namespace::pair, process, usage::Usage};
use nix::sys::signal::{Signal, kill};

/// Longer than a turn's first lists and files take.
const SETTLING: Duration = Duration::from_secs(25);

const FILES: [(&str, &str); 2] = [
    (
        "matrix.toml",
        "name = \"Rest\"\n[[rule]]\nid = \"web\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"8080\"\n",
    ),
    (
        "auditor.toml",
        "matrix = [\"matrix.toml\"]\ninterfaces = [\"eth0\"]\n[roles]\nweb = [\"10.78.0.1\"]\nuser = [\"10.78.0.2\"]\n",
    ),
];

fn main() {
    let mut auditor = env!("CARGO_BIN_EXE_auditor").to_owned();
    let mut seconds = 60;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("the option has a value");
        match argument.as_str() {
            "--auditor" => auditor = value(),
            "--for" => seconds = value().parse().expect("a number of seconds"),
            _ => {}
        }
    }
    if !nix::unistd::geteuid().is_root() {
        println!(
            "rest: this makes network namespaces and loads programs, so it needs root; nothing was measured"
        );
        return;
    }
    let time = Duration::from_secs(seconds);
    println!("a watch while nothing happens, {seconds} s each");
    for (n_namespaces, n_veths, flows) in [(0, 0, 65_536), (0, 0, 16_384), (100, 1000, 65_536)] {
        measure(&auditor, time, (n_namespaces, n_veths), flows);
    }
}

fn measure(auditor: &str, time: Duration, (n_namespaces, n_veths): (u16, u16), flows: u32) {
    let (one, other) = pair().expect("two network namespaces");
    let directory = tempfile::TempDir::new().unwrap();
    for (name, text) in FILES {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let _containers: Vec<Container> = (0..n_namespaces).map(|_| Container::start()).collect();
    let mut batch = String::new();
    for n in 0..n_veths {
        let far = other.path();
        let far = far.display();
        writeln!(
            batch,
            "link add near{n} type veth peer name far{n} netns {far}"
        )
        .unwrap();
        writeln!(batch, "link set near{n} up").unwrap();
    }
    let file = directory.path().join("batch");
    std::fs::write(&file, batch).unwrap();
    one.run(&format!("ip -batch {}", file.display())).unwrap();
    let mut command = Command::new(auditor);
    command.current_dir(&directory).args([
        "watch",
        "--config",
        "auditor.toml",
        "--state",
        "state",
        "--listen",
        "none",
        "--flows",
    ]);
    command.arg(flows.to_string());
    let finished = process::run(&one, &command, "watching", &|_| {}, |pid| {
        std::thread::sleep(SETTLING);
        let (before, begun) = (Usage::of(pid)?, Instant::now());
        std::thread::sleep(time);
        let after = Usage::of(pid)?;
        let share = (after.processor - before.processor) / begun.elapsed().as_secs_f64();
        println!(
            "  {n_namespaces:>4} other namespaces, {n_veths:>5} veths, --flows {flows:>5}: {:>5.2}% of a core, {:>5.1} MiB",
            100.0 * share,
            to_mebibytes(after.memory),
        );
        kill(pid, Signal::SIGTERM)?;
        Ok(())
    })
    .unwrap();
    assert!(finished.status.success(), "{}", finished.stderr);
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn to_mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// A network namespace in which a process lives, somebody listens, and a connection is open.
struct Container {
    lives: Child,
    _sockets: (TcpListener, TcpStream, TcpStream),
}

impl Container {
    fn start() -> Self {
        let namespace = Namespace::new("container").unwrap();
        namespace
            .enter(|| {
                let listener = TcpListener::bind("127.0.0.1:8080")?;
                let client = TcpStream::connect("127.0.0.1:8080")?;
                let (server, _) = listener.accept()?;
                Ok(Self {
                    lives: Command::new("sleep").arg("10m").spawn()?,
                    _sockets: (listener, client, server),
                })
            })
            .unwrap()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.lives.kill();
        let _waited = self.lives.wait();
    }
}
