//! The conversations of the example cluster, and what an audit on `master1` should say of it.

use std::net::SocketAddr;

use anyhow::ensure;

use crate::{
    Cluster,
    cluster::Version,
    conversation::{Outcome, Service, Transport, request, serve},
};

/// The hosts of the example cluster, in the order of their addresses.
pub const HOSTS: [&str; 6] = [
    "master1", "master2", "agent1", "agent2", "admin", "outsider",
];

/// The host on which the audit runs.
pub const AUDITED: &str = "master1";

/// The deployment of the example cluster; the path of its matrix goes in front.
pub const DEPLOYMENT: &str = r#"interfaces = ["eth0"]

[roles]
master = ["10.77.1.2", "10.77.2.2", "fd77:0:0:1::2", "fd77:0:0:2::2"]
agent = ["10.77.3.0/24", "10.77.4.2", "fd77:0:0:3::/64", "fd77:0:0:4::2"]
administrator = ["10.77.5.2", "fd77:0:0:5::2"]
"#;

/// How far back a report on all hosts of the example cluster looks; it goes before [`DEPLOYMENT`].
pub const FLEET_WINDOW: &str = "window = \"30s\"\n";

/// Where all hosts of the example cluster publish, behind [`DEPLOYMENT`]: to three servers on the router, which are no part of
/// the documented cluster.
pub const FLEET: &str = r#"
[[exception]]
match = { server = "10.77.1.1", transport = "tcp", ports = "4001-4003" }
reason = "the fleet's own servers"

[fleet]
servers = ["nats://10.77.1.1:4001", "nats://10.77.1.1:4002", "nats://10.77.1.1:4003"]
replicas = 3
tls = false
every = "1s"
"#;

/// What an audit should say of a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expected {
    /// Documented, and answered.
    Documented,
    /// Documented, and no reply comes.
    Unanswered,
    /// Documented, and refused.
    Refused,
    /// Unexpected, because no rule names the port.
    UnexpectedPort,
    /// Unexpected, because the port is documented for others.
    UnexpectedPeer,
    /// Unexpected, because client and server are documented the other way round.
    UnexpectedDirection,
}

/// One conversation.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub client: &'static str,
    pub server: &'static str,
    pub version: Version,
    pub transport: Transport,
    pub port: u16,
    pub expected: Expected,
    pub story: &'static str,
}

const fn step(
    endpoints: (&'static str, &'static str),
    version: Version,
    transport: Transport,
    port: u16,
    expected: Expected,
    story: &'static str,
) -> Step {
    let (client, server) = endpoints;
    Step {
        client,
        server,
        version,
        transport,
        port,
        expected,
        story,
    }
}

use Expected::{
    Documented, Refused, Unanswered, UnexpectedDirection, UnexpectedPeer, UnexpectedPort,
};
use Transport::{Tcp, Udp};
use Version::{V4, V6};

/// Every conversation, in the order in which it is played.
pub const STEPS: [Step; 20] = [
    step(
        ("agent1", "master1"),
        V4,
        Tcp,
        53,
        Documented,
        "an agent asks the cluster's DNS",
    ),
    step(
        ("master1", "master2"),
        V4,
        Udp,
        53,
        Documented,
        "a master asks the other's DNS",
    ),
    step(
        ("agent2", "master1"),
        V6,
        Udp,
        64000,
        Documented,
        "overlay traffic over IPv6",
    ),
    step(
        ("admin", "master1"),
        V4,
        Tcp,
        80,
        Documented,
        "the administrator opens the web page",
    ),
    step(
        ("admin", "master1"),
        V6,
        Tcp,
        443,
        Documented,
        "the administrator opens it over TLS and IPv6",
    ),
    step(
        ("agent1", "master1"),
        V4,
        Tcp,
        2181,
        Documented,
        "an agent joins ZooKeeper",
    ),
    step(
        ("agent2", "master1"),
        V6,
        Tcp,
        2181,
        Documented,
        "another agent joins ZooKeeper",
    ),
    step(
        ("master2", "master1"),
        V4,
        Tcp,
        2181,
        Documented,
        "a master joins ZooKeeper",
    ),
    step(
        ("agent1", "master1"),
        V4,
        Tcp,
        5050,
        Documented,
        "an agent registers",
    ),
    step(
        ("agent1", "master1"),
        V4,
        Tcp,
        5050,
        Documented,
        "and registers again: one flow, two conversations",
    ),
    step(
        ("master1", "agent1"),
        V4,
        Tcp,
        5051,
        Documented,
        "a master calls an agent",
    ),
    step(
        ("master1", "agent2"),
        V6,
        Tcp,
        5051,
        Documented,
        "and another, over IPv6",
    ),
    step(
        ("master1", "agent1"),
        V4,
        Tcp,
        15101,
        Documented,
        "the scheduler calls an agent",
    ),
    step(
        ("master1", "agent2"),
        V4,
        Tcp,
        1100,
        Documented,
        "a task answers on its advertised port",
    ),
    step(
        ("master1", "agent1"),
        V4,
        Tcp,
        61001,
        Unanswered,
        "a firewall on the way drops this",
    ),
    step(
        ("master1", "agent2"),
        V4,
        Tcp,
        61002,
        Refused,
        "nothing listens there",
    ),
    step(
        ("agent1", "master1"),
        V4,
        Tcp,
        9100,
        UnexpectedPort,
        "a port that nobody documented",
    ),
    step(
        ("outsider", "master1"),
        V4,
        Tcp,
        2181,
        UnexpectedPeer,
        "a documented port, but not for this peer",
    ),
    step(
        ("outsider", "master1"),
        V6,
        Tcp,
        5050,
        UnexpectedPeer,
        "the same over IPv6",
    ),
    step(
        ("agent2", "master1"),
        V4,
        Tcp,
        15101,
        UnexpectedDirection,
        "documented from master to agent, not back",
    ),
];

/// The port of the required rule whose traffic never happens.
pub const MISSING_PORT: u16 = 62_080;

/// What the router drops.
const FIREWALL: [&str; 3] = [
    "nft add table inet lab",
    "nft add chain inet lab forward { type filter hook forward priority 0 ; }",
    "nft add rule inet lab forward tcp dport 61001 drop",
];

/// The example cluster with its services and its firewall, ready for the conversations.
#[derive(Debug)]
pub struct Example {
    pub cluster: Cluster,
    _services: Vec<Service>,
}

impl Example {
    /// Builds the cluster, starts every service that a step needs, and sets up the firewall.
    ///
    /// # Errors
    ///
    /// No root, or a command is missing.
    pub fn build() -> anyhow::Result<Self> {
        let cluster = Cluster::build(&HOSTS)?;
        for line in FIREWALL {
            cluster.router.run(line)?;
        }
        let mut services = Vec::new();
        let mut served: Vec<(&str, &str, u16)> = Vec::new();
        for step in &STEPS {
            let service = (step.server, step.transport.name(), step.port);
            if step.expected != Refused && !served.contains(&service) {
                served.push(service);
                services.push(serve(
                    cluster.host(step.server)?,
                    step.transport,
                    step.port,
                )?);
            }
        }
        Ok(Self {
            cluster,
            _services: services,
        })
    }

    /// Plays one conversation.
    ///
    /// # Errors
    ///
    /// The conversation had another outcome than the script expects.
    pub fn play(&self, step: &Step) -> anyhow::Result<()> {
        let server = SocketAddr::new(self.cluster.address(step.server, step.version)?, step.port);
        let outcome = request(self.cluster.host(step.client)?, step.transport, server)?;
        let wanted = match step.expected {
            Unanswered => Outcome::Unanswered,
            Refused => Outcome::Refused,
            Documented | UnexpectedPort | UnexpectedPeer | UnexpectedDirection => Outcome::Answered,
        };
        ensure!(
            outcome == wanted,
            "{} -> {server} ended {outcome:?}, not {wanted:?}: the lab is broken",
            step.client
        );
        Ok(())
    }
}
