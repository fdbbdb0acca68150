//! Address translation (NAT) between client and server: the apparent endpoints that a flow has on some interface, and the
//! real ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Endpoints, Flow};

/// Every translation that was seen: the real endpoints, by protocol and apparent endpoints, with when each was last seen, as a
/// time since the first look-up.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Translations {
    real: BTreeMap<(u8, Endpoints), BTreeMap<Endpoints, Duration>>,
    /// The endpoints that clients asked, by protocol and real endpoints.
    asked: BTreeMap<(u8, Endpoints), BTreeMap<Endpoints, Duration>>,
    /// Connections as they are, between endpoints that are the real or apparent ones of others.
    plain: BTreeMap<Tracked, Plain>,
    /// When connections were last looked up.
    looked: Option<Duration>,
}

/// A tracked connection between a client's port and a service.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Tracked {
    pub protocol: u8,
    pub endpoints: Endpoints,
    pub client_port: u16,
}

/// What is known of a connection whose addresses are not translated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Plain {
    /// For how many seconds it will be tracked without a packet.
    left: u32,
    at: Duration,
    /// It had a packet since connections were first looked up.
    is_used: bool,
}

/// Bounds: the apparent endpoints kept, the real ones kept for each, and connections without a translation.
const MAX_APPARENT: usize = 65_536;
const MAX_REAL: usize = 16;
const MAX_PLAIN: usize = 65_536;

impl Translations {
    /// Adds a tracked connection by conntrack's original and reply tuples, both written from client to server: the original
    /// server is the address that the client connected to, the reply's client the address that the server sees. It is tracked
    /// at the time `at`.
    pub fn add(&mut self, protocol: u8, original: Endpoints, reply: Endpoints, at: Duration) {
        if original == reply {
            return;
        }
        let real = Endpoints {
            client: original.client,
            ..reply
        };
        for apparent in [original, reply] {
            if apparent != real {
                keep(&mut self.real, (protocol, apparent), real, at);
            }
        }
        if original != real {
            keep(&mut self.asked, (protocol, real), original, at);
        }
    }

    /// Adds those of the tracked connections without a translation that are between endpoints of others, each with the
    /// seconds for which it will be tracked without a packet. `moved` are the translated ones, as they are between their real
    /// endpoints: a connection may be tracked twice on its way, before and after it is translated.
    pub fn add_plain(
        &mut self,
        tracked: impl IntoIterator<Item = (Tracked, u32)>,
        moved: &BTreeSet<Tracked>,
        at: Duration,
    ) {
        self.looked = Some(at);
        for (one, left) in tracked {
            let ends = (one.protocol, one.endpoints);
            let is_shared = self.asked.contains_key(&ends) || self.real.contains_key(&ends);
            if is_shared && !moved.contains(&one) && self.plain.len() < MAX_PLAIN {
                let plain = Plain {
                    left,
                    at,
                    is_used: false,
                };
                self.plain.insert(one, plain);
            }
        }
    }

    /// Adds the translations of another look-up.
    pub fn extend(&mut self, more: Self) {
        for (known, more) in [(&mut self.real, more.real), (&mut self.asked, more.asked)] {
            for (one, endpoints) in more {
                for (other, at) in endpoints {
                    keep(known, one, other, at);
                }
            }
        }
        for (one, now) in more.plain {
            let is_used = match self.plain.get(&one) {
                // Without a packet less and less time is left.
                Some(before) => before.is_used || before.at < now.at && before.left <= now.left,
                None => self.looked.is_some(),
            };
            if self.plain.contains_key(&one) || self.plain.len() < MAX_PLAIN {
                self.plain.insert(one, Plain { is_used, ..now });
            }
        }
        self.looked = self.looked.max(more.looked);
    }

    /// Forgets what was last seen before a time.
    pub fn forget(&mut self, before: Duration) {
        for known in [&mut self.real, &mut self.asked] {
            known.retain(|_, others| {
                others.retain(|_, at| before <= *at);
                !others.is_empty()
            });
        }
        self.plain.retain(|_, plain| before <= plain.at);
    }

    /// The real endpoints of a flow whose addresses were translated; empty for other flows.
    pub fn of(&self, flow: &Flow) -> BTreeSet<Endpoints> {
        self.real
            .get(&(flow.protocol, flow.endpoints()))
            .into_iter()
            .flat_map(|real| real.keys().copied())
            .collect()
    }

    /// The endpoints that the client of a flow asked, where what is seen of it are the real ones; empty for other flows.
    pub fn asked(&self, flow: &Flow) -> BTreeSet<Endpoints> {
        let asked = self.asked.get(&(flow.protocol, flow.endpoints()));
        let asked = asked.into_iter().flat_map(BTreeMap::keys).copied();
        asked.collect()
    }

    /// Whether connections of a flow are tracked as they are, which has others that are translated.
    pub fn has_plain(&self, flow: &Flow) -> bool {
        let own = flow.endpoints();
        let of_own = |client_port| Tracked {
            protocol: flow.protocol,
            endpoints: own,
            client_port,
        };
        let mut plain = self.plain.range(of_own(0)..=of_own(u16::MAX));
        plain.any(|(_, plain)| plain.is_used)
    }
}

/// Keeps one more of the endpoints that belong to others.
fn keep(
    known: &mut BTreeMap<(u8, Endpoints), BTreeMap<Endpoints, Duration>>,
    one: (u8, Endpoints),
    other: Endpoints,
    at: Duration,
) {
    if MAX_APPARENT <= known.len() && !known.contains_key(&one) {
        return;
    }
    let others = known.entry(one).or_default();
    if others.len() < MAX_REAL || others.contains_key(&other) {
        others.insert(other, at);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Endpoints, Tracked, Translations};

    fn endpoints(text: &str) -> Endpoints {
        let parts: Vec<&str> = text.split(' ').collect();
        Endpoints {
            client: parts[0].parse().unwrap(),
            server: parts[1].parse().unwrap(),
            port: parts[2].parse().unwrap(),
        }
    }

    #[test]
    fn both_apparent_endpoints_lead_to_the_real_ones() {
        let mut translations = Translations::default();
        // A virtual service address (DNAT), reached through a host that rewrites client addresses (SNAT).
        let (original, reply) = (
            endpoints("10.0.0.9 10.96.0.1 443"),
            endpoints("10.0.0.1 10.0.0.5 6443"),
        );
        translations.add(6, original, reply, Duration::ZERO);
        let real = endpoints("10.0.0.9 10.0.0.5 6443");
        for apparent in [original, reply] {
            let found: Vec<Endpoints> = translations.real[&(6, apparent)].keys().copied().collect();
            assert_eq!(found, [real]);
        }
        assert!(!translations.real.contains_key(&(17, original)));
        assert!(!translations.real.contains_key(&(6, real)));
        let plain = endpoints("10.0.0.9 10.0.0.5 80");
        translations.add(6, plain, plain, Duration::ZERO);
        assert_eq!(translations.real.len(), 2);
    }

    #[test]
    fn connections_as_they_are_are_told_from_translated_ones() {
        let (asked, real) = (
            endpoints("10.0.0.9 10.96.0.1 53"),
            endpoints("10.0.0.9 10.0.0.5 5353"),
        );
        let other = endpoints("10.0.0.9 10.0.0.6 5353");
        let tracked = |endpoints, client_port| Tracked {
            protocol: 17,
            endpoints,
            client_port,
        };
        let flow = |endpoints: Endpoints| crate::observed::flow::Flow {
            client: endpoints.client,
            server: endpoints.server,
            protocol: 17,
            port: endpoints.port,
            interface: String::new(),
            tunnel: None,
            to_server: crate::observed::DirectionCounters::default(),
            to_client: crate::observed::DirectionCounters::default(),
            requests: 0,
            replies: 0,
            refusals: 0,
            is_unreachable: false,
            first: jiff::Timestamp::UNIX_EPOCH,
            last: jiff::Timestamp::UNIX_EPOCH,
            evidence: auditor_common::Evidence::Handshake,
            client_direction: None,
            client_port: None,
            translated: std::collections::BTreeSet::new(),
            remembered: None,
        };
        // Each look-up finds these connections without a translation, by the client's port and the seconds left.
        let look = |known: &mut Translations, second: u64, plain: &[(Endpoints, u16, u32)]| {
            let at = Duration::from_secs(second);
            let mut more = Translations::default();
            more.add(17, asked, real, at);
            let plain = plain
                .iter()
                .map(|(ends, port, left)| (tracked(*ends, *port), *left));
            more.add_plain(plain, &[tracked(real, 40_000)].into(), at);
            known.extend(more);
        };
        let mut known = Translations::default();
        // Open since before, the translated one as it is behind its translation, and one of nobody's endpoints.
        look(
            &mut known,
            0,
            &[(real, 40_001, 30), (real, 40_000, 30), (other, 40_002, 30)],
        );
        assert_eq!(known.asked(&flow(real)), [asked].into());
        assert!(known.asked(&flow(other)).is_empty());
        look(&mut known, 1, &[(real, 40_001, 29), (real, 40_000, 30)]);
        assert!(!known.has_plain(&flow(real)), "none had a packet");
        look(&mut known, 2, &[(real, 40_001, 30)]);
        assert!(known.has_plain(&flow(real)), "one goes on");
        assert!(!known.has_plain(&flow(other)));
        known.forget(Duration::from_secs(3));
        assert!(!known.has_plain(&flow(real)));
        look(&mut known, 4, &[(real, 40_003, 30)]);
        assert!(known.has_plain(&flow(real)), "one is new");
    }

    #[test]
    fn a_translation_that_is_no_more_is_forgotten() {
        let minute = Duration::from_mins(1);
        let apparent = endpoints("10.0.0.9 10.0.0.1 9000");
        let mut translations = Translations::default();
        for (server, at) in [("172.17.0.2", 0), ("172.17.0.3", 2)] {
            let real = endpoints(&format!("10.0.0.9 {server} 80"));
            translations.add(6, apparent, real, at * minute);
        }
        translations.forget(minute);
        let left: Vec<&Endpoints> = translations.real[&(6, apparent)].keys().collect();
        assert_eq!(left, [&endpoints("10.0.0.9 172.17.0.3 80")]);
        translations.forget(3 * minute);
        assert_eq!(translations, Translations::default());
    }
}
