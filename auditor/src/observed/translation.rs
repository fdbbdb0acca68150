//! Addresses that were translated on the way: what a flow looks like, and who really talks.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::Flow;

/// The ends of a flow: its client, its server, and the server's port.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Pair {
    pub client: IpAddr,
    pub server: IpAddr,
    pub port: u16,
}

impl Pair {
    /// What a flow looks like.
    pub const fn of(flow: &Flow) -> Self {
        Self {
            client: flow.client,
            server: flow.server,
            port: flow.port,
        }
    }
}

/// Every translation that was seen: by protocol and by what it looks like on some interface, who really talks.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Translations(BTreeMap<(u8, Pair), BTreeSet<Pair>>);

/// What is kept: looks, and pairs behind each.
const MOST_LOOKS: usize = 65_536;
const MOST_PAIRS: usize = 16;

impl Translations {
    /// Adds a conversation that was asked for as `asked` and answered as `answered`, from the client's view both times: the
    /// asked server is the one that the client named, the answered client the one that the server sees.
    pub fn add(&mut self, protocol: u8, asked: Pair, answered: Pair) {
        if asked == answered {
            return;
        }
        let real = Pair {
            client: asked.client,
            ..answered
        };
        for look in [asked, answered] {
            if look != real {
                self.keep((protocol, look), real);
            }
        }
    }

    /// Adds what was seen at another time.
    pub fn extend(&mut self, more: Self) {
        for (look, pairs) in more.0 {
            for pair in pairs {
                self.keep(look, pair);
            }
        }
    }

    fn keep(&mut self, look: (u8, Pair), real: Pair) {
        if MOST_LOOKS <= self.0.len() && !self.0.contains_key(&look) {
            return;
        }
        let pairs = self.0.entry(look).or_default();
        if pairs.len() < MOST_PAIRS {
            pairs.insert(real);
        }
    }

    /// Who really talks in a flow, where that is not what it looks like.
    pub fn of(&self, flow: &Flow) -> BTreeSet<Pair> {
        self.0
            .get(&(flow.protocol, Pair::of(flow)))
            .cloned()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Pair, Translations};

    fn pair(text: &str) -> Pair {
        let parts: Vec<&str> = text.split(' ').collect();
        Pair {
            client: parts[0].parse().unwrap(),
            server: parts[1].parse().unwrap(),
            port: parts[2].parse().unwrap(),
        }
    }

    #[test]
    fn both_looks_lead_to_who_really_talks() {
        let mut translations = Translations::default();
        // A service address that stands for a server, asked through a host that hides its clients.
        let (asked, answered) = (
            pair("10.0.0.9 10.96.0.1 443"),
            pair("10.0.0.1 10.0.0.5 6443"),
        );
        translations.add(6, asked, answered);
        let real = pair("10.0.0.9 10.0.0.5 6443");
        for look in [asked, answered] {
            let found: Vec<Pair> = translations.0[&(6, look)].iter().copied().collect();
            assert_eq!(found, [real]);
        }
        assert!(!translations.0.contains_key(&(17, asked)));
        assert!(!translations.0.contains_key(&(6, real)));
        let plain = pair("10.0.0.9 10.0.0.5 80");
        translations.add(6, plain, plain);
        assert_eq!(translations.0.len(), 2);
    }
}
