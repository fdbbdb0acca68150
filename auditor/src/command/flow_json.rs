//! Flows as lines of JSON.

use std::net::IpAddr;

use auditor_common::packet::Tunnel;
use serde::Serialize;

use crate::{observed::Flow, report::schema::EvidenceName};

/// A flow as a line of JSON.
pub(super) fn flow_line(flow: &Flow) -> Result<String, serde_json::Error> {
    serde_json::to_string(&FlowJson::new(flow))
}

#[derive(Serialize)]
struct FlowJson {
    client: IpAddr,
    server: IpAddr,
    protocol: u8,
    port: u16,
    evidence: &'static str,
    /// The tunnel that carried it; left out where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    inside: Option<&'static str>,
    to_server: CountJson,
    to_client: CountJson,
}

#[derive(Serialize)]
struct CountJson {
    packets: u64,
    bytes: u64,
}

impl FlowJson {
    fn new(flow: &Flow) -> Self {
        let count = |counters: crate::observed::DirectionCounters| CountJson {
            packets: counters.packets,
            bytes: counters.bytes,
        };
        Self {
            client: flow.client,
            server: flow.server,
            protocol: flow.protocol,
            port: flow.port,
            evidence: EvidenceName::from(flow.evidence).name(),
            inside: flow.tunnel.map(Tunnel::name),
            to_server: count(flow.to_server),
            to_client: count(flow.to_client),
        }
    }
}
