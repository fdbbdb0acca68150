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
pub struct Translations(BTreeMap<(u8, Endpoints), BTreeMap<Endpoints, Duration>>);

/// Bounds: the apparent endpoints kept, and the real ones kept for each.
const MAX_APPARENT: usize = 65_536;
const MAX_REAL: usize = 16;

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
                self.keep((protocol, apparent), real, at);
            }
        }
    }

    /// Adds the translations of another look-up.
    pub fn extend(&mut self, more: Self) {
        for (apparent, endpoints) in more.0 {
            for (real, at) in endpoints {
                self.keep(apparent, real, at);
            }
        }
    }

    /// Forgets what was last seen before a time.
    pub fn forget(&mut self, before: Duration) {
        self.0.retain(|_, real| {
            real.retain(|_, at| before <= *at);
            !real.is_empty()
        });
    }

    fn keep(&mut self, apparent: (u8, Endpoints), real: Endpoints, at: Duration) {
        if MAX_APPARENT <= self.0.len() && !self.0.contains_key(&apparent) {
            return;
        }
        let known = self.0.entry(apparent).or_default();
        if known.len() < MAX_REAL || known.contains_key(&real) {
            known.insert(real, at);
        }
    }

    /// The real endpoints of a flow whose addresses were translated; empty for other flows.
    pub fn of(&self, flow: &Flow) -> BTreeSet<Endpoints> {
        self.0
            .get(&(flow.protocol, flow.endpoints()))
            .into_iter()
            .flat_map(|real| real.keys().copied())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        translations.add(6, original, reply, Duration::ZERO);
        let real = endpoints("10.0.0.9 10.0.0.5 6443");
        for apparent in [original, reply] {
            let found: Vec<Endpoints> = translations.0[&(6, apparent)].keys().copied().collect();
            assert_eq!(found, [real]);
        }
        assert!(!translations.0.contains_key(&(17, original)));
        assert!(!translations.0.contains_key(&(6, real)));
        let plain = endpoints("10.0.0.9 10.0.0.5 80");
        translations.add(6, plain, plain, Duration::ZERO);
        assert_eq!(translations.0.len(), 2);
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
        let left: Vec<&Endpoints> = translations.0[&(6, apparent)].keys().collect();
        assert_eq!(left, [&endpoints("10.0.0.9 172.17.0.3 80")]);
        translations.forget(3 * minute);
        assert_eq!(translations, Translations::default());
    }
}
