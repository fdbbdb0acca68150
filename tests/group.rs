//! Watches of a fleet that tell what they find together.

use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{command, files, watch},
        wait::until,
    },
    fleet::{PAIR, bus, report},
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    of_two_that_tell_one_takes_over_from_the_other: [Kernel, Program("nats-server")],
}

/// A watch of the fleet, which ends with this value.
struct Member {
    child: Child,
    said: PathBuf,
}

impl Member {
    /// Begins it on a host; `name` is of its state.
    fn begin(host: &Namespace, directory: &Path, name: &str) -> Self {
        let said = directory.join(format!("{name}.said"));
        let stderr = File::create(&said).unwrap();
        let arguments = format!(
            "fleet watch --config a.toml --every 1s --group both --state {name} --listen none"
        );
        let mut command = command(&arguments);
        command.current_dir(directory).stdout(Stdio::null());
        let child = host.enter(|| Ok(command.stderr(stderr).spawn()?)).unwrap();
        Self { child, said }
    }

    fn says(&self, what: &str) -> bool {
        std::fs::read_to_string(&self.said).unwrap().contains(what)
    }

    fn tells(&self) -> bool {
        self.says("this watch tells what is found from now on")
    }

    fn end(&mut self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(pid, signal).unwrap();
        let _status = self.child.wait().unwrap();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// What the fleet told of a flow that nobody documents.
pub(crate) fn told(directory: &Path, port: u16) -> Vec<String> {
    let text = std::fs::read_to_string(directory.join("events.jsonl")).unwrap_or_default();
    let key = format!("10.78.0.2 -> 10.78.0.1 tcp/{port}");
    let is_of_fleet = |line: &&str| {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        // Hosts tell the same sink what each of them found.
        line["host"] == "fleet" && line["event"]["key"] == key.as_str()
    };
    text.lines()
        .filter(is_of_fleet)
        .map(str::to_owned)
        .collect()
}

fn of_two_that_tell_one_takes_over_from_the_other() {
    let servers = "servers = [\"nats://10.78.0.1:4222\"]\n";
    let sink = "[[sink]]\ntype = \"lines\"\npath = \"events.jsonl\"\n";
    // What was told stays open until the end.
    let deployment = format!("{PAIR}{servers}{sink}").replace("10s", "5m");
    let directory = files(&[
        ("m.toml", crate::fixture::pair::MATRIX),
        ("a.toml", &deployment),
    ]);
    let path = directory.path();
    let (one, other) = crate::fixture::pair::pair();
    let _unknown = [9090, 9091, 9092, 9093].map(|port| serve(&one, Transport::Tcp, port).unwrap());
    let ask = |port: u16| {
        let server = format!("10.78.0.1:{port}").parse().unwrap();
        let outcome = request(&other, Transport::Tcp, server).unwrap();
        assert_eq!(outcome, Outcome::Answered);
    };
    let watching = "watch --config a.toml --every 500ms --listen none --format jsonl";
    let work = || {
        until("both speak", || report(&one, path)["summary"]["hosts"] == 2);
        let mut first = Member::begin(&one, path, "first");
        until("the first one tells", || first.tells());
        let mut second = Member::begin(&one, path, "second");
        until("the second one stands by", || second.says("stands by"));
        ask(9090);
        until("a flow that nobody documents", || {
            !told(path, 9090).is_empty()
        });
        // The sink has it, and that is known.
        std::thread::sleep(Duration::from_secs(2));
        first.end(Signal::SIGKILL);
        ask(9091);
        until("the second one tells", || second.tells());
        until("what nobody was there to tell", || {
            !told(path, 9091).is_empty()
        });
        // One that comes back stands by, and knows nothing better.
        let mut first = Member::begin(&one, path, "first");
        until("the first one stands by", || first.says("stands by"));
        // Whether the sink has it is not known to whoever takes over: it may be told again, as the same event.
        ask(9092);
        until("a third flow", || !told(path, 9092).is_empty());
        second.end(Signal::SIGKILL);
        until("the first one takes over", || first.tells());
        let second = Member::begin(&one, path, "second");
        until("the second one stands by again", || {
            second.says("stands by")
        });
        ask(9093);
        until("a fourth flow", || !told(path, 9093).is_empty());
        // Who is stopped hands over, and nobody waits until he would be gone.
        first.end(Signal::SIGTERM);
        until("the second one takes over", || second.tells());
        assert!(
            second.says("handed over to it"),
            "it waited until the other one was gone"
        );
        std::thread::sleep(Duration::from_secs(3));
        for port in [9090, 9091, 9093] {
            assert_eq!(told(path, port).len(), 1, "{port}: {:?}", told(path, port));
        }
        let third: BTreeSet<String> = told(path, 9092).into_iter().collect();
        assert_eq!(third.len(), 1, "{third:?}");
    };
    bus(&one, path, |_| {
        watch(&one, path, &format!("{watching} --state one"), |one_pid| {
            watch(
                &other,
                path,
                &format!("{watching} --state other"),
                |other_pid| {
                    work();
                    kill(other_pid, Signal::SIGKILL).unwrap();
                },
            );
            kill(one_pid, Signal::SIGTERM).unwrap();
        });
    });
}
