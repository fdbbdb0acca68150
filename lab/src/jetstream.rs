//! A cluster of three servers of NATS `JetStream` on one host.

use std::{path::Path, process::Command};

use crate::{Namespace, process::Job};

/// On how many processes it is.
pub const SERVERS: u16 = 3;
const FIRST_PORT: u16 = 4_000;
const FIRST_ROUTE: u16 = 6_000;

/// The port at which clients reach a server; the first server is 1.
pub const fn port(number: u16) -> u16 {
    FIRST_PORT + number
}

/// A server of the cluster, all of which are on the loopback but for the port that clients use. They keep what they are told
/// below `directory`.
pub fn server(directory: &Path, number: u16) -> Command {
    let mut server = Command::new("nats-server");
    let route = |number| format!("nats://127.0.0.1:{}", FIRST_ROUTE + number);
    let routes: Vec<String> = (1..=SERVERS).map(route).collect();
    server
        .args(["-js", "-a", "0.0.0.0", "-n"])
        .arg(format!("s{number}"))
        .args(["-p", &port(number).to_string()])
        .args(["--cluster_name", "fleet", "--cluster"])
        .arg(route(number))
        .args(["--routes", &routes.join(",")])
        .arg("-sd")
        .arg(directory.join(format!("s{number}")));
    server
}

/// All of them; once the last one is ready, they have a leader.
pub fn servers<'a>(host: &'a Namespace, directory: &Path) -> Vec<Job<'a>> {
    let ready = |number| {
        if number == SERVERS {
            "metadata leader"
        } else {
            "Server is ready"
        }
    };
    let job = |number| Job {
        host,
        command: server(directory, number),
        ready: ready(number),
    };
    (1..=SERVERS).map(job).collect()
}
