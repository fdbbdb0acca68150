//! What an audit costs a host at work, over a cable between two network namespaces: nanoseconds a packet in the stack,
//! TCP's throughput, and the agent's own time and memory. Needs root. `--json FILE` writes the figures.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a bench prints its figures, stops where it cannot measure, and reads the clock"
)]

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket},
    process::Command,
    time::{Duration, Instant},
};

use aya::{
    Ebpf, EbpfLoader,
    programs::{Program, TcAttachType},
    sys::{Stats, enable_stats},
};
use lab::{
    Cluster, Namespace,
    namespace::{connect, pair},
    process,
    raw::Sender,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, SysconfVar, sysconf},
};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/auditor-bench"));

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
/// Addresses that send to this host while the agent is watched.
const FLOWS: u32 = 1_000_000;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let json = match arguments.next().as_deref() {
        Some("--json") => Some(arguments.next().expect("--json names a file")),
        _ => None,
    };
    if !nix::unistd::geteuid().is_root() {
        println!(
            "live: this makes network namespaces and loads programs, so it needs root; nothing was measured"
        );
        return;
    }
    let mut figures = serde_json::Map::new();
    let (one, other) = pair().expect("two network namespaces");
    in_the_stack(&one, &other, &mut figures);
    throughput(&one, &other, &mut figures);
    agent(&one, &other, &mut figures);
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&figures).expect("figures are numbers");
        std::fs::write(&path, text).expect("the file of --json can be written");
    }
}

/// Runs `auditor flows` on a host while `work` is done; it is killed then, and what it would print with it.
fn watched<T>(
    host: &Namespace,
    interface: &str,
    arguments: &str,
    work: impl FnOnce(Pid) -> T,
) -> T {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auditor"));
    command.args(["flows", "-i", interface, "--for", "1h"]);
    command.args(arguments.split_whitespace());
    let mut result = None;
    process::run(host, &command, "watching", &|_| {}, |pid| {
        result = Some(work(pid));
        kill(pid, Signal::SIGKILL)?;
        Ok(())
    })
    .unwrap();
    result.expect("the auditor watches")
}

/// Nanoseconds and runs of the program of a process that ran most (`fdinfo`, Linux 5.1).
fn busiest(process: &str) -> (f64, f64) {
    let number = |text: &str, name: &str| -> f64 {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.trim_start_matches(':').trim().parse().ok())
            .unwrap_or_default()
    };
    std::fs::read_dir(format!("/proc/{process}/fdinfo"))
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
        .map(|text| (number(&text, "run_time_ns"), number(&text, "run_cnt")))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or_default()
}

/// Attaches a program of the bench to a host's interface, until this is dropped.
fn attached(host: &Namespace, interface: &str, name: &str, directions: &[TcAttachType]) -> Ebpf {
    let mut ebpf: Ebpf = EbpfLoader::new()
        .override_global(aya_log::LEVEL, &0_u8, false)
        .load(OBJECT)
        .unwrap();
    host.enter(|| {
        let Some(Program::SchedClassifier(program)) = ebpf.program_mut(name) else {
            unreachable!("the bench's object has these programs")
        };
        program.load()?;
        for direction in directions {
            program.attach(interface, *direction)?;
        }
        Ok(())
    })
    .unwrap();
    ebpf
}

/// A host whose datagrams are counted as they come in, and who sends them.
struct Course<'a> {
    name: &'static str,
    host: &'a Namespace,
    interface: &'static str,
    sender: &'a Namespace,
    /// Where to: each address and port in turn.
    targets: Vec<SocketAddrV4>,
}

impl Course<'_> {
    /// Sends small datagrams for a round.
    fn run(&self) {
        self.sender
            .enter(|| {
                let socket = UdpSocket::bind("0.0.0.0:0")?;
                let end = Instant::now() + ROUND;
                while Instant::now() < end {
                    for target in self.targets.iter().cycle().take(64) {
                        // The other end's queue may be full.
                        let _full = socket.send_to(&[7; 22], target);
                    }
                }
                Ok(())
            })
            .unwrap();
    }

    /// What a datagram costs in the stack, above an empty program: with floors, and with the auditor.
    fn measure(&self, figures: &mut serde_json::Map<String, serde_json::Value>) {
        let _stats = enable_stats(Stats::RunTime).expect("the kernel measures programs");
        let mut costs = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            let floors = ["bare_empty_tc", "bare_array_tc", "bare_hash_tc"];
            for (name, costs) in floors.iter().zip(&mut costs) {
                let _floor = attached(self.host, self.interface, name, &[TcAttachType::Ingress]);
                self.run();
                let (nanoseconds, runs) = busiest("self");
                costs.push(nanoseconds / runs);
            }
            costs[3].push(watched(self.host, self.interface, "--ingress tc", |pid| {
                self.run();
                let (nanoseconds, runs) = busiest(&pid.to_string());
                nanoseconds / runs
            }));
        }
        let [empty, costs @ ..] = costs.map(median);
        println!("  {}: an empty program {empty:.1} by itself", self.name);
        for (name, cost) in ["per-CPU array", "per-CPU hash", "auditor"]
            .iter()
            .zip(costs)
        {
            println!("    {name:<13} {:>8.1}", cost - empty);
            figures.insert(
                format!(
                    "in the stack, {}, {name}, above an empty program",
                    self.name
                ),
                (cost - empty).into(),
            );
        }
    }
}

const PORT: u16 = 7000;
const PODS: u8 = 10;

/// Datagrams to a socket of this host, through it to another, and through it to pods that it stands for.
fn in_the_stack(
    one: &Namespace,
    other: &Namespace,
    figures: &mut serde_json::Map<String, serde_json::Value>,
) {
    println!(
        "in the stack, 64-byte UDP over veth, tc in: nanoseconds a packet as the kernel measures them, above an empty program"
    );
    let to = |address: Ipv4Addr, port| SocketAddrV4::new(address, port);
    let bound = |host: &Namespace| {
        host.enter(|| Ok(UdpSocket::bind(("0.0.0.0", PORT))?))
            .unwrap()
    };
    let _sink = bound(one);
    let course = Course {
        name: "to a socket of this host",
        host: one,
        interface: "eth0",
        sender: other,
        targets: vec![to(Ipv4Addr::new(10, 78, 0, 1), PORT)],
    };
    course.measure(figures);

    let hosts = Cluster::build(&["client", "server"]).expect("namespaces around a router");
    let [client, server] = ["client", "server"].map(|name| hosts.host(name).expect("it was built"));
    let _sink = bound(server);
    let course = Course {
        name: "routed",
        host: &hosts.router,
        interface: "client",
        sender: client,
        targets: vec![to(Ipv4Addr::new(10, 77, 2, 2), PORT)],
    };
    course.measure(figures);

    let node = &hosts.router;
    let pods = pods(node).expect("pods on a bridge");
    let _sinks: Vec<UdpSocket> = pods.iter().map(bound).collect();
    let course = Course {
        name: "to ten pods behind DNAT",
        host: node,
        interface: "client",
        sender: client,
        targets: (1..=PODS)
            .map(|pod| to(Ipv4Addr::new(10, 77, 1, 1), PORT + u16::from(pod)))
            .collect(),
    };
    course.measure(figures);
}

/// Ten hosts on a bridge of the node, each behind a port of it.
fn pods(node: &Namespace) -> anyhow::Result<Vec<Namespace>> {
    node.run("ip link add br0 type bridge")?;
    node.run("ip address add 10.79.0.254/24 dev br0")?;
    node.run("ip link set br0 up")?;
    node.run("nft add table ip bench")?;
    node.run("nft add chain ip bench in { type nat hook prerouting priority -100 ; }")?;
    let mut pods = Vec::new();
    for pod in 1..=PODS {
        let host = Namespace::new(&format!("pod{pod}"))?;
        let veth = format!("pod{pod}");
        connect(node, &veth, &host, "eth0")?;
        node.run(&format!("ip link set {veth} master br0"))?;
        host.run(&format!("ip address add 10.79.0.{pod}/24 dev eth0"))?;
        host.run("ip route add default via 10.79.0.254")?;
        let port = PORT + u16::from(pod);
        node.run(&format!(
            "nft add rule ip bench in udp dport {port} dnat to 10.79.0.{pod}:{PORT}"
        ))?;
        pods.push(host);
    }
    Ok(pods)
}

/// Bytes a second of one TCP stream.
fn stream(from: &Namespace, to: &Namespace) -> f64 {
    let listener = to
        .enter(|| Ok(TcpListener::bind("10.78.0.1:8080")?))
        .unwrap();
    std::thread::scope(|scope| {
        let received = scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut bytes, mut buffer) = (0, vec![0; 1 << 18]);
            let start = Instant::now();
            loop {
                match stream.read(&mut buffer).unwrap() {
                    0 => return bytes as f64 / start.elapsed().as_secs_f64(),
                    more => bytes += more,
                }
            }
        });
        from.enter(|| {
            let mut stream = TcpStream::connect("10.78.0.1:8080")?;
            let block = vec![7; 1 << 18];
            let end = Instant::now() + ROUND;
            while Instant::now() < end {
                stream.write_all(&block)?;
            }
            Ok(())
        })
        .unwrap();
        received.join().unwrap()
    })
}

fn throughput(
    one: &Namespace,
    other: &Namespace,
    figures: &mut serde_json::Map<String, serde_json::Value>,
) {
    let (mut without, mut floor, mut with) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(stream(other, one));
        let attached = attached(
            one,
            "eth0",
            "bare_empty_tc",
            &[TcAttachType::Ingress, TcAttachType::Egress],
        );
        floor.push(stream(other, one));
        drop(attached);
        with.push(watched(one, "eth0", "", |_| stream(other, one)));
    }
    let (without, floor, with) = (median(without), median(floor), median(with));
    let gigabits = |bytes: f64| bytes * 8.0 / 1e9;
    println!("\none TCP stream over veth, Gbit/s");
    println!("  nothing attached {:>6.2}", gigabits(without));
    println!(
        "  empty programs   {:>6.2}, {:.1}% of it",
        gigabits(floor),
        100.0 * floor / without
    );
    println!(
        "  auditor, auto    {:>6.2}, {:.1}% of it",
        gigabits(with),
        100.0 * with / without
    );
    figures.insert("TCP throughput, share".to_owned(), (with / without).into());
}

/// Sends a datagram from each of so many addresses, again and again, for so long; returns how many went out.
fn from_everywhere(host: &Namespace, n_addresses: u32, time: Duration) -> u64 {
    host.enter(|| {
        let sender = Sender::new(Ipv4Addr::new(10, 78, 0, 1))?;
        // IPv4, then UDP from 40000 to 7000 (RFC 791, RFC 768).
        let mut packet = [0; 28];
        packet[..2].copy_from_slice(&[0x45, 0]);
        packet[8..10].copy_from_slice(&[64, 17]);
        packet[16..20].copy_from_slice(&[10, 78, 0, 1]);
        packet[20..24].copy_from_slice(&[0x9c, 0x40, 0x1b, 0x58]);
        packet[24..26].copy_from_slice(&[0, 8]);
        let (end, mut n_sent, mut turn) = (Instant::now() + time, 0, 0);
        while Instant::now() < end {
            for _ in 0..64 {
                packet[12..16].copy_from_slice(&(0x0b00_0000_u32 + turn).to_be_bytes());
                turn = (turn + 1) % n_addresses;
                // What finds the other end's queue full is not counted there.
                sender.send(&packet)?;
                n_sent += 1;
            }
        }
        Ok(n_sent)
    })
    .unwrap()
}

/// Seconds on a CPU that a process took, and the most memory that it had, in MiB (proc(5)).
fn taken(pid: Pid) -> (f64, f64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<f64> = stat
        .rsplit(") ")
        .next()
        .unwrap()
        .split(' ')
        .map(|field| field.trim().parse().unwrap_or_default())
        .collect();
    let ticks = sysconf(SysconfVar::CLK_TCK).unwrap().unwrap() as f64;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().split(' ').next()?.parse::<f64>().ok())
        .unwrap();
    // User and system time are the 14th and 15th field, and the first two were cut off.
    ((fields[11] + fields[12]) / ticks, peak / 1024.0)
}

fn agent(
    one: &Namespace,
    other: &Namespace,
    figures: &mut serde_json::Map<String, serde_json::Value>,
) {
    let time = Duration::from_secs(20);
    // A quarter of what is kept may be conversations that prove nothing, as these are.
    let (seconds, memory, n_sent) = watched(one, "eth0", "--ingress tc --flows 262144", |pid| {
        let (before, _) = taken(pid);
        let n_sent = from_everywhere(other, FLOWS, time);
        let (after, memory) = taken(pid);
        (after - before, memory, n_sent)
    });
    let share = 100.0 * seconds / time.as_secs_f64();
    println!(
        "\nthe agent while {FLOWS} addresses send, {n_sent} packets in {} s",
        time.as_secs()
    );
    println!(
        "  {share:.1}% of a core, {memory:.0} MiB at most, the kernel's tables that it maps included"
    );
    figures.insert("agent, share of a core".to_owned(), (share / 100.0).into());
    figures.insert("agent, MiB".to_owned(), memory.into());
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
