//! One conversation may be seen at several places on its way through this host: on a bridge and its port, on both sides of a
//! router, before and after its addresses were translated, in a tunnel and behind it. Each place has a flow of its own, and all
//! of them are one finding.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    net::IpAddr,
};

use auditor_common::{Direction, packet::Tunnel, port::protocol};

use super::verdict::{FlowFinding, Severity};
use crate::observed::{Endpoints, Flow, Host};

/// The places at which conversations with translated addresses were seen.
#[derive(Default)]
pub(super) struct Legs {
    /// The apparent endpoints of the conversations between real ones, by protocol.
    apparent: HashMap<(u8, Endpoints), Vec<Endpoints>>,
    /// By protocol, interface and tunnel, the real endpoints of conversations that came in there between apparent ones.
    redirected: BTreeSet<(u8, String, Option<Tunnel>, Endpoints)>,
}

impl Legs {
    pub(super) fn of(flows: &[Flow]) -> Self {
        let mut apparent: HashMap<(u8, Endpoints), Vec<Endpoints>> = HashMap::new();
        let mut redirected = BTreeSet::new();
        for flow in flows {
            for real in flow
                .translated
                .iter()
                .filter(|real| **real != flow.endpoints())
            {
                if flow.client_direction == Some(Direction::Ingress) {
                    redirected.insert((flow.protocol, flow.interface.clone(), flow.tunnel, *real));
                }
                let known = apparent.entry((flow.protocol, *real)).or_default();
                if !known.contains(&flow.endpoints()) {
                    known.push(flow.endpoints());
                }
            }
        }
        Self {
            apparent,
            redirected,
        }
    }

    /// The conversations of a flow whose addresses are translated, here or elsewhere: for each its real endpoints, and then
    /// all apparent ones. Empty for other flows.
    ///
    /// Not all conversations of a flow need be translated. One that the kernel tracks as it is has nothing but its own endpoints;
    /// and what comes in for this host between the real endpoints of conversations that come in at the same interface between
    /// apparent ones is none of those, which this host takes without another look at an interface.
    pub(super) fn conversations(&self, host: &Host, flow: &Flow) -> Vec<Vec<Endpoints>> {
        let own = flow.endpoints();
        let is_direct = || {
            let key = (flow.protocol, flow.interface.clone(), flow.tunnel, own);
            flow.client_direction == Some(Direction::Ingress)
                && host.has(flow.server)
                && self.redirected.contains(&key)
        };
        let of_real = |real: Endpoints| {
            if real == own && flow.translated.contains(&own) {
                return vec![own];
            }
            let apparent = self.apparent.get(&(flow.protocol, real));
            let mut legs = vec![real];
            legs.extend(apparent.into_iter().flatten());
            legs
        };
        if !flow.translated.is_empty() {
            return flow.translated.iter().copied().map(of_real).collect();
        }
        if is_direct() {
            return vec![vec![own]];
        }
        let is_real = self
            .apparent
            .contains_key(&(flow.protocol, flow.endpoints()));
        is_real
            .then(|| of_real(flow.endpoints()))
            .into_iter()
            .collect()
    }
}

/// Leaves one finding of each conversation its severity, and names the other places in all of them.
///
/// Of several interfaces that is the first one of the most severe; of a translated conversation it is the flow between the
/// real endpoints, if that was seen; of a tunnel, if its ends are the only ones of its kind, it is what the tunnel carries.
pub(super) fn count_once(host: &Host, flows: &[Flow], findings: &mut [FlowFinding]) {
    let mut places: HashMap<(u8, Endpoints), Vec<usize>> = HashMap::new();
    for (at, (flow, finding)) in flows.iter().zip(&*findings).enumerate() {
        if finding.severity != Severity::Fine {
            let key = (flow.protocol, flow.endpoints());
            places.entry(key).or_default().push(at);
        }
    }
    let severities: Vec<Severity> = findings.iter().map(|finding| finding.severity).collect();
    let severity = |at: usize| severities.get(at).copied().unwrap_or(Severity::Fine);
    // The first of the most severe.
    let worst = |places: &[usize]| {
        let in_order = |at: &usize| (severity(*at), Reverse(*at));
        places.iter().copied().max_by_key(in_order)
    };
    let is_finding = |at: &usize| severity(*at) != Severity::Fine;
    let translated: HashSet<(u8, Endpoints)> = flows
        .iter()
        .enumerate()
        .filter(|(at, _)| is_finding(at))
        .flat_map(|(_, flow)| real(host, flow).map(|real| (flow.protocol, real)))
        .collect();
    let is_seen = |key: &(u8, Endpoints)| translated.contains(key);
    let seen: HashSet<(u8, Endpoints)> = flows
        .iter()
        .map(|flow| (flow.protocol, flow.endpoints()))
        .filter(is_seen)
        .collect();
    let mut counted_at: Vec<(usize, usize)> = Vec::new();
    // Apparent endpoints of which no real ones were seen: two of the same conversation meet by those.
    let mut by_unseen: HashMap<(u8, Endpoints), usize> = HashMap::new();
    for (at, flow) in flows.iter().enumerate().filter(|(at, _)| is_finding(at)) {
        let same = places.get(&(flow.protocol, flow.endpoints()));
        if let Some(first) = same.and_then(|same| worst(same))
            && first != at
        {
            counted_at.push((at, first));
            continue;
        }
        let mut elsewhere = Vec::new();
        let mut is_elsewhere = real(host, flow).next().is_some();
        for real in real(host, flow) {
            let key = (flow.protocol, real);
            match places.get(&key).and_then(|places| worst(places)) {
                Some(real) if severity(real) < severity(at) => {
                    counted_at.push((real, at));
                    is_elsewhere = false;
                }
                Some(real) => elsewhere.push(real),
                // What really talked was seen and is no finding.
                None if seen.contains(&key) => {}
                None => match *by_unseen.entry(key).or_insert(at) {
                    first if first == at => is_elsewhere = false,
                    first => elsewhere.push(first),
                },
            }
        }
        if is_elsewhere {
            counted_at.extend(elsewhere.into_iter().map(|other| (at, other)));
        }
    }
    let counted: HashSet<usize> = counted_at.iter().map(|(at, _)| *at).collect();
    let is_counted = |at: &usize| is_finding(at) && !counted.contains(at);
    let mut of_tunnels = Vec::new();
    for (tunnel, carriers) in carriers(flows) {
        let open: Vec<usize> = carriers.flows.iter().copied().filter(is_counted).collect();
        if open.is_empty() {
            continue;
        }
        let is_inside = |flow: &Flow| {
            flow.tunnel == Some(tunnel) || host.tunnels.get(&flow.interface) == Some(&tunnel)
        };
        let inside: Vec<usize> = flows
            .iter()
            .enumerate()
            .filter(|(_, flow)| is_inside(flow))
            .map(|(at, _)| at)
            .filter(is_counted)
            .collect();
        // With tunnels between several pairs of hosts, it is not known which of them carried a conversation.
        let inside = worst(&inside).filter(|_| carriers.pairs.len() == 1);
        for pair in &carriers.pairs {
            let of_pair: Vec<usize> = open
                .iter()
                .copied()
                .filter(|at| flows.get(*at).is_some_and(|flow| pair_of(flow) == *pair))
                .chain(inside)
                .collect();
            // Of equal ones what is inside, which was seen last.
            let in_order = |at: &usize| (severity(*at), inside == Some(*at), Reverse(*at));
            if let Some(first) = of_pair.iter().copied().max_by_key(in_order) {
                let others = of_pair.iter().filter(|at| **at != first);
                of_tunnels.extend(others.map(|at| (*at, first)));
            }
        }
    }
    counted_at.extend(of_tunnels);
    for (at, other) in counted_at {
        if let Some(finding) = findings.get_mut(at) {
            finding.severity = Severity::Fine;
            let elsewhere = finding.elsewhere.get_or_insert_default();
            elsewhere.counted_at.get_or_insert(other);
            elsewhere.places.insert(other);
        }
        if let Some(finding) = findings.get_mut(other) {
            finding.elsewhere.get_or_insert_default().places.insert(at);
        }
    }
}

/// The real endpoints of a flow's conversations, where those are others than its own: what this host asks by an address that its
/// own rules translate leaves it between the real ones.
fn real<'a>(host: &'a Host, flow: &'a Flow) -> impl Iterator<Item = Endpoints> + 'a {
    let is_of_host = flow.is_client_here() && host.fleet.is_none() && host.has(flow.client);
    let others = flow.translated.iter().copied();
    others.filter(move |real| {
        *real != flow.endpoints() && !(is_of_host && real.client == flow.client)
    })
}

/// The flows of a kind of tunnel, and between which hosts they are.
#[derive(Default)]
struct Carriers {
    flows: Vec<usize>,
    pairs: BTreeSet<(IpAddr, IpAddr)>,
}

fn carriers(flows: &[Flow]) -> BTreeMap<Tunnel, Carriers> {
    let mut carriers: BTreeMap<Tunnel, Carriers> = BTreeMap::new();
    for (at, flow) in flows.iter().enumerate() {
        let tunnel = match (flow.protocol, flow.port) {
            (protocol::UDP, 4789 | 8472) => Tunnel::Vxlan,
            (protocol::UDP, 6081) => Tunnel::Geneve,
            (4, _) => Tunnel::Ipip,
            (41, _) => Tunnel::SixIn,
            (47, _) => Tunnel::Gre,
            _ => continue,
        };
        if flow.tunnel.is_none() {
            let carriers = carriers.entry(tunnel).or_default();
            carriers.flows.push(at);
            carriers.pairs.insert(pair_of(flow));
        }
    }
    carriers
}

/// The two hosts of a flow: both ends of a tunnel ask the other's port.
fn pair_of(flow: &Flow) -> (IpAddr, IpAddr) {
    (flow.client.min(flow.server), flow.client.max(flow.server))
}

#[cfg(test)]
mod tests;
