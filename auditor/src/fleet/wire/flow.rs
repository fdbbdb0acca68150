//! The form of a shard's flows: its serialised shape is defined here alone.

use std::net::IpAddr;

use auditor_common::{Direction, Evidence, packet::Tunnel};
use serde::{Deserialize, Serialize};

use super::{
    Micros,
    bounds::{LONGEST_TEXT, MOST_FLOWS, MOST_PROCESSES, MOST_REAL, OutOfBounds, few, name, short},
    host::WriterFile,
};
use crate::{
    fleet::{
        message::{FlowState, ShardState},
        shard::SHARDS,
    },
    observed::{DirectionCounters, Endpoints, Flow, Remembered},
    report::schema::Process,
};

#[derive(Deserialize, Serialize)]
pub(super) struct ShardFile {
    writer: WriterFile,
    shard: u16,
    at: Micros,
    flows: Vec<FlowFile>,
}

#[derive(Deserialize, Serialize)]
struct FlowFile {
    client: IpAddr,
    server: IpAddr,
    protocol: u8,
    port: u16,
    interface: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tunnel: Option<String>,
    /// Packets, bytes, resets, TCP flags.
    to_server: (u64, u64, u64, u8),
    to_client: (u64, u64, u64, u8),
    /// Fragments without what tells who opens, of the packets to the server and to the client.
    #[serde(default, skip_serializing_if = "is_none")]
    fragments: (u64, u64),
    /// Requests, replies, refusals.
    openings: (u64, u64, u64),
    #[serde(default, skip_serializing_if = "is_false")]
    unreachable: bool,
    first: Micros,
    last: Micros,
    /// The number by which the flow table and the history know it.
    evidence: u8,
    /// Whether the client's packets left the host, or came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_is_here: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_port: Option<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    translated: Vec<(IpAddr, IpAddr, u16)>,
    /// Whether the four moments below are all that is known of its outcome.
    #[serde(default, skip_serializing_if = "is_false")]
    remembered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered: Option<Micros>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<Micros>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    one_way: Option<Micros>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<Micros>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<Micros>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Micros>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    processes: Vec<Process>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

fn is_none(fragments: &(u64, u64)) -> bool {
    *fragments == (0, 0)
}

impl From<&ShardState> for ShardFile {
    fn from(state: &ShardState) -> Self {
        Self {
            writer: (&state.writer).into(),
            shard: state.shard,
            at: state.at.into(),
            flows: state.flows.iter().map(FlowFile::from).collect(),
        }
    }
}

impl From<&FlowState> for FlowFile {
    fn from(state: &FlowState) -> Self {
        let FlowState {
            flow,
            asked,
            said,
            processes,
        } = state;
        let counters = |it: DirectionCounters| (it.packets, it.bytes, it.resets, it.flags);
        let remembered = flow.remembered.unwrap_or_default();
        Self {
            client: flow.client,
            server: flow.server,
            protocol: flow.protocol,
            port: flow.port,
            interface: flow.interface.clone(),
            tunnel: flow.tunnel.map(|tunnel| tunnel.name().to_owned()),
            to_server: counters(flow.to_server),
            to_client: counters(flow.to_client),
            fragments: (flow.to_server.fragments, flow.to_client.fragments),
            openings: (flow.requests, flow.replies, flow.refusals),
            unreachable: flow.is_unreachable,
            first: flow.first.into(),
            last: flow.last.into(),
            evidence: flow.evidence as u8,
            client_is_here: flow
                .client_direction
                .map(|direction| direction == Direction::Egress),
            client_port: flow.client_port,
            translated: flow
                .translated
                .iter()
                .map(|real| (real.client, real.server, real.port))
                .collect(),
            remembered: flow.remembered.is_some(),
            answered: remembered.answered.map(Micros::from),
            refused: remembered.refused.map(Micros::from),
            one_way: remembered.one_way.map(Micros::from),
            accepted: remembered.accepted.map(Micros::from),
            asked: asked.map(Micros::from),
            said: said.map(Micros::from),
            processes: processes.clone(),
        }
    }
}

impl ShardFile {
    /// The state, if all of it is within bounds.
    pub(super) fn checked(self) -> Result<ShardState, OutOfBounds> {
        if SHARDS <= self.shard {
            let found = self.shard.to_string();
            return Err(OutOfBounds::Unknown {
                field: "shard",
                found,
            });
        }
        let flows = few("flows", self.flows, MOST_FLOWS)?;
        let flows: Result<Vec<FlowState>, OutOfBounds> =
            flows.into_iter().map(FlowFile::checked).collect();
        let mut flows = flows?;
        // Millions of them are kept.
        flows.shrink_to_fit();
        Ok(ShardState {
            writer: self.writer.checked()?,
            shard: self.shard,
            at: self.at.moment("at")?,
            flows,
        })
    }
}

impl FlowFile {
    fn checked(self) -> Result<FlowState, OutOfBounds> {
        let unknown = |field, found: String| OutOfBounds::Unknown { field, found };
        let counters = |(packets, bytes, resets, flags), fragments| DirectionCounters {
            packets,
            fragments,
            bytes,
            resets,
            flags,
        };
        let tunnel = match self.tunnel {
            None => None,
            Some(word) => {
                let tunnel = Tunnel::from_name(&word);
                Some(tunnel.ok_or_else(|| {
                    let found = format!("`{}`", super::shortened(&word));
                    unknown("tunnel", found)
                })?)
            }
        };
        let evidence = Evidence::from_number(self.evidence.into())
            .ok_or_else(|| unknown("evidence", self.evidence.to_string()))?;
        let moment = |field, at: Option<Micros>| at.map(|at| at.moment(field)).transpose();
        let (requests, replies, refusals) = self.openings;
        let (of_client, of_server) = self.fragments;
        let translated = few("translated", self.translated, MOST_REAL)?;
        let processes = few("processes", self.processes, MOST_PROCESSES)?;
        let processes: Result<Vec<Process>, OutOfBounds> =
            processes.into_iter().map(process).collect();
        let remembered = Remembered {
            answered: moment("answered", self.answered)?,
            refused: moment("refused", self.refused)?,
            one_way: moment("one_way", self.one_way)?,
            accepted: moment("accepted", self.accepted)?,
        };
        let flow = Flow {
            client: self.client,
            server: self.server,
            protocol: self.protocol,
            port: self.port,
            interface: name("interface", self.interface)?,
            tunnel,
            to_server: counters(self.to_server, of_client),
            to_client: counters(self.to_client, of_server),
            requests,
            replies,
            refusals,
            is_unreachable: self.unreachable,
            first: self.first.moment("first")?,
            last: self.last.moment("last")?,
            evidence,
            client_direction: self.client_is_here.map(|is_here| {
                if is_here {
                    Direction::Egress
                } else {
                    Direction::Ingress
                }
            }),
            client_port: self.client_port,
            translated: translated
                .into_iter()
                .map(|(client, server, port)| Endpoints {
                    client,
                    server,
                    port,
                })
                .collect(),
            remembered: self.remembered.then_some(remembered),
        };
        Ok(FlowState {
            flow,
            asked: moment("asked", self.asked)?,
            said: moment("said", self.said)?,
            processes: processes?,
        })
    }
}

fn process(process: Process) -> Result<Process, OutOfBounds> {
    let optional = |field, text: Option<String>| text.map(|text| name(field, text)).transpose();
    Ok(Process {
        name: name("processes", process.name)?,
        command: short("processes", process.command, LONGEST_TEXT)?,
        unit: optional("processes", process.unit)?,
        container: optional("processes", process.container)?,
        ..process
    })
}
