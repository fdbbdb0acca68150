//! Second conversations of FTP, which carry data between ports that the first one agrees on (RFC 959, section 3.2).
//!
//! Whoever holds a control connection must not thereby have anything allowed: data goes over TCP, is opened in sight while the
//! control connection lives, from the server's port 20 (active) or to a high port of the server (passive), no more often than
//! the client can have asked for it, and to no port that a rule or another program has for itself.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use auditor_common::{
    Evidence,
    port::protocol,
    side::{EPHEMERAL_FROM, FTP_DATA},
};
use jiff::SignedDuration;

use crate::{
    observed::{Flow, Observed, Outcome, SocketOwner},
    transport::Transport,
};

const FTP: u16 = 21;
/// Data goes to ports that need no privilege.
const FIRST_OF_DATA: u16 = 1024;
/// Commands that each transfer needs at least, a packet each: where to, and what.
const COMMANDS: u64 = 2;
/// The end of a transfer is told on the control connection so soon.
const SOON: SignedDuration = SignedDuration::from_secs(2);
const RESET_OR_END: u8 = 0b101;

/// The control connections.
pub(super) struct Related<'a> {
    observed: &'a Observed,
    /// By client and server, the index of the flow, and how often data was opened between the two.
    controls: HashMap<(IpAddr, IpAddr), (usize, u64)>,
}

impl<'a> Related<'a> {
    pub(super) fn of(observed: &'a Observed) -> Self {
        let mut controls = HashMap::new();
        for (at, flow) in observed.flows.iter().enumerate() {
            if is_control(flow) {
                controls
                    .entry((flow.client, flow.server))
                    .or_insert((at, 0_u64));
            }
        }
        if !controls.is_empty() {
            for flow in &observed.flows {
                if let Some(pair) = pair(flow)
                    && let Some((_, opened)) = controls.get_mut(&pair)
                {
                    *opened = opened.saturating_add(flow.requests);
                }
            }
        }
        Self { observed, controls }
    }

    /// The index of the control connection that a flow's data belongs to.
    pub(super) fn control_of(&self, flow: &Flow) -> Option<usize> {
        let (at, opened) = *self.controls.get(&pair(flow)?)?;
        let control = self.observed.flows.get(at)?;
        let is_asked_for = opened.saturating_mul(COMMANDS) <= control.to_server.packets;
        let is_there = (&control.interface, control.tunnel) == (&flow.interface, flow.tunnel);
        let is_its = is_asked_for
            && is_there
            && control.first <= flow.first
            && self.lives(control, flow)
            && self.is_by_program(control, flow)
            && self.is_for_program(control, flow);
        is_its.then_some(at)
    }

    /// Whether the control connection lived as long as the data went.
    fn lives(&self, control: &Flow, data: &Flow) -> bool {
        let was_closed = (control.to_server.flags | control.to_client.flags) & RESET_OR_END != 0;
        let is_open = self.observed.host.connections.iter().any(|open| {
            let ends = [open.local, open.remote];
            ends.contains(&(control.server, FTP)) && ends.iter().any(|end| end.0 == control.client)
        });
        !was_closed
            || is_open
            || data.last <= control.last.saturating_add(SOON).unwrap_or(control.last)
    }

    /// Whether no other program is known to have opened the data's connection here than the one that has the control connection.
    fn is_by_program(&self, control: &Flow, data: &Flow) -> bool {
        let host = &self.observed.host;
        if !host.has(data.client) || host.is_captured {
            return true;
        }
        let opening = host.owners.clients_of(host, data);
        let controlling = if data.client == control.client {
            host.owners.clients_of(host, control)
        } else {
            host.owners.servers_of(host, control)
        };
        // Who was not seen may have been the same.
        let controlling = names(&controlling);
        controlling.is_empty() || names(&opening).is_subset(&controlling)
    }

    /// Whether nobody is known to listen on the data's port but the program that has the control connection.
    fn is_for_program(&self, control: &Flow, data: &Flow) -> bool {
        let host = &self.observed.host;
        if !host.has(data.server) || host.is_captured {
            return true;
        }
        let listening = host.owners.servers_of(host, data);
        if listening.is_empty() {
            // Who listens for one transfer has a port of those that come and go, and may be gone before anybody looks whose.
            return EPHEMERAL_FROM <= data.port
                || !host.listens_at(Transport::Tcp, data.server, data.port);
        }
        let controlling = if data.server == control.server {
            host.owners.servers_of(host, control)
        } else {
            host.owners.clients_of(host, control)
        };
        let controlling = names(&controlling);
        names(&listening)
            .iter()
            .all(|name| controlling.contains(name))
    }
}

fn names<'a>(owners: &BTreeSet<&'a SocketOwner>) -> BTreeSet<&'a str> {
    owners
        .iter()
        .map(|owner| owner.process.name.as_str())
        .collect()
}

fn is_control(flow: &Flow) -> bool {
    flow.protocol == protocol::TCP
        && flow.port == FTP
        && flow.translated.is_empty()
        && !flow.is_guess()
        && flow.outcome() == Outcome::Established
}

/// The client and the server of the control connection that a flow may be the data of.
fn pair(flow: &Flow) -> Option<(IpAddr, IpAddr)> {
    let is_data = flow.protocol == protocol::TCP
        && FIRST_OF_DATA <= flow.port
        && 0 < flow.requests
        && flow.evidence == Evidence::Handshake
        && flow.translated.is_empty();
    if !is_data {
        return None;
    }
    Some(if flow.client_port == Some(FTP_DATA) {
        (flow.server, flow.client)
    } else {
        (flow.client, flow.server)
    })
}

#[cfg(test)]
mod tests {
    use auditor_common::Evidence;
    use jiff::Timestamp;

    use super::Related;
    use crate::observed::{DirectionCounters, Flow, Host, Listener, Observed};

    const CLIENT: &str = "10.0.0.1";
    const SERVER: &str = "10.0.0.2";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn flow(client: &str, server: &str, port: u16, packets: u64, requests: u64) -> Flow {
        let counters = DirectionCounters {
            packets,
            fragments: 0,
            bytes: packets * 100,
            resets: 0,
            flags: 0x12,
        };
        Flow {
            client: client.parse().unwrap(),
            server: server.parse().unwrap(),
            protocol: 6,
            port,
            interface: "eth0".to_owned(),
            tunnel: None,
            to_server: counters,
            to_client: counters,
            requests,
            replies: requests,
            refusals: 0,
            is_unreachable: false,
            first: at(10),
            last: at(20),
            evidence: Evidence::Handshake,
            client_direction: None,
            client_port: None,
            translated: std::collections::BTreeSet::new(),
            remembered: None,
        }
    }

    fn control() -> Flow {
        flow(CLIENT, SERVER, 21, 20, 1)
    }

    fn passive() -> Flow {
        flow(CLIENT, SERVER, 40_000, 9, 1)
    }

    fn active() -> Flow {
        Flow {
            client_port: Some(20),
            ..flow(SERVER, CLIENT, 40_001, 9, 1)
        }
    }

    /// Whether the second flow is taken for data of the first one, on a host of which something is known.
    fn is_related(first: Flow, second: Flow, host: Host) -> bool {
        let observed = Observed {
            flows: vec![first, second],
            host,
            ..Observed::default()
        };
        let related = Related::of(&observed);
        related.control_of(&observed.flows[1]) == Some(0)
    }

    #[test]
    fn data_is_what_a_control_connection_can_have_asked_for() {
        let check = |second: Flow| is_related(control(), second, Host::default());
        assert!(check(passive()));
        assert!(check(active()));
        for (what, other) in [
            (
                "opened by the server from another port",
                Flow {
                    client_port: Some(2020),
                    ..active()
                },
            ),
            (
                "from several ports",
                Flow {
                    client_port: None,
                    ..active()
                },
            ),
            (
                "opened by the client to a service's port",
                Flow {
                    port: 873,
                    ..passive()
                },
            ),
            (
                "over UDP",
                Flow {
                    protocol: 17,
                    ..passive()
                },
            ),
            (
                "not opened in sight",
                Flow {
                    requests: 0,
                    ..passive()
                },
            ),
            (
                "a guess",
                Flow {
                    evidence: Evidence::Ephemeral,
                    ..passive()
                },
            ),
            (
                "with another host",
                Flow {
                    server: "10.0.0.3".parse().unwrap(),
                    ..passive()
                },
            ),
            (
                "by another interface",
                Flow {
                    interface: "eth1".to_owned(),
                    ..passive()
                },
            ),
            (
                "begun before",
                Flow {
                    first: at(9),
                    ..passive()
                },
            ),
            (
                "opened more often than asked for",
                Flow {
                    requests: 11,
                    ..passive()
                },
            ),
        ] {
            assert!(!check(other), "{what}");
        }
    }

    #[test]
    fn without_a_living_control_connection_nothing_is_data() {
        let check = |first: Flow, second: Flow| is_related(first, second, Host::default());
        let mut closed = control();
        closed.to_client.flags |= 1;
        let long = Flow {
            last: at(60),
            ..passive()
        };
        assert!(check(closed.clone(), passive()));
        assert!(!check(closed.clone(), long.clone()));
        assert!(check(control(), long.clone()), "it is not closed");
        let open = Host {
            connections: [crate::observed::Connection {
                local: (CLIENT.parse().unwrap(), 50_000),
                remote: (SERVER.parse().unwrap(), 21),
            }]
            .into(),
            ..Host::default()
        };
        assert!(is_related(closed, long, open), "another one is open");
        // Nobody was let in.
        let mut refused = control();
        refused.to_client.resets = refused.to_client.packets;
        assert!(!check(refused, passive()));
        let guess = Flow {
            evidence: Evidence::Documented,
            ..control()
        };
        assert!(!check(guess, passive()));
        assert!(!check(
            Flow {
                port: 22,
                ..control()
            },
            passive()
        ));
    }

    #[test]
    fn what_another_program_listens_on_is_no_data() {
        let host = |port| Host {
            addresses: [SERVER.parse().unwrap()].into(),
            listeners: [Listener {
                transport: crate::transport::Transport::Tcp,
                port,
                address: "0.0.0.0".parse().unwrap(),
                device: 0,
            }]
            .into(),
            ..Host::default()
        };
        let database = Flow {
            port: 5432,
            ..passive()
        };
        assert!(!is_related(control(), database.clone(), host(5432)));
        assert!(is_related(control(), database, host(21)));
        // For a transfer.
        assert!(is_related(control(), passive(), host(40_000)));
    }
}
