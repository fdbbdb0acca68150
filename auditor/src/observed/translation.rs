//! Address translation (NAT) between client and server: the apparent endpoints that a flow has on some interface, and the
//! real ones.

use std::collections::{BTreeMap, BTreeSet};

use super::{Endpoints, Flow};

/// Every translation that was seen: the real endpoints, by protocol and apparent endpoints.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Translations(BTreeMap<(u8, Endpoints), BTreeSet<Endpoints>>);

/// Bounds: the apparent endpoints kept, and the real ones kept for each.
const MAX_APPARENT: usize = 65_536;
const MAX_REAL: usize = 16;

impl Translations {
    /// Adds a tracked connection by conntrack's original and reply tuples, both written from client to server: the original
    /// server is the address that the client connected to, the reply's client the address that the server sees.
    pub fn add(&mut self, protocol: u8, original: Endpoints, reply: Endpoints) {
        if original == reply {
            return;
        }
        let real = Endpoints {
            client: original.client,
            ..reply
        };
        for apparent in [original, reply] {
            if apparent != real {
                self.keep((protocol, apparent), real);
            }
        }
    }

    /// Adds the translations of another look-up.
    pub fn extend(&mut self, more: Self) {
        for (apparent, endpoints) in more.0 {
            for real in endpoints {
                self.keep(apparent, real);
            }
        }
    }

    fn keep(&mut self, apparent: (u8, Endpoints), real: Endpoints) {
        if MAX_APPARENT <= self.0.len() && !self.0.contains_key(&apparent) {
            return;
        }
        let known = self.0.entry(apparent).or_default();
        if known.len() < MAX_REAL {
            known.insert(real);
        }
    }

    /// The real endpoints of a flow whose addresses were translated; empty for other flows.
    pub fn of(&self, flow: &Flow) -> BTreeSet<Endpoints> {
        self.0
            .get(&(flow.protocol, flow.endpoints()))
            .cloned()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoints, Translations};

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
        translations.add(6, original, reply);
        let real = endpoints("10.0.0.9 10.0.0.5 6443");
        for apparent in [original, reply] {
            let found: Vec<Endpoints> = translations.0[&(6, apparent)].iter().copied().collect();
            assert_eq!(found, [real]);
        }
        assert!(!translations.0.contains_key(&(17, original)));
        assert!(!translations.0.contains_key(&(6, real)));
        let plain = endpoints("10.0.0.9 10.0.0.5 80");
        translations.add(6, plain, plain);
        assert_eq!(translations.0.len(), 2);
    }
}
