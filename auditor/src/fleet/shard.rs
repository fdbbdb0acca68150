//! The key of a conversation to its shard, as both ends compute it.

use std::{collections::BTreeSet, net::IpAddr};

use crate::{
    address,
    observed::{Endpoints, Flow},
};

/// Into how many parts the conversations of a fleet are split. All hosts must agree, so it is no setting.
pub const SHARDS: u16 = 64;

/// What two hosts know of one conversation alike: its endpoints and its protocol, and no interface.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key {
    pub endpoints: Endpoints,
    /// IP protocol number.
    pub protocol: u8,
}

impl Key {
    pub const fn of(flow: &Flow) -> Self {
        Self {
            endpoints: flow.endpoints(),
            protocol: flow.protocol,
        }
    }

    /// The shard: a hash (FNV-1a) that is the same on every host and in every version.
    pub fn shard(self) -> u16 {
        let Endpoints {
            client,
            server,
            port,
        } = self.endpoints;
        let [client, server] = [client, server].map(|address: IpAddr| address::to_bytes(address));
        let bytes = client
            .into_iter()
            .chain(server)
            .chain(port.to_be_bytes())
            .chain([self.protocol]);
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        // The low bits of this hash depend on few bits of the last bytes alone.
        let [high, low] = [hash >> 32, hash & 0xffff_ffff];
        u16::try_from((high ^ low) % u64::from(SHARDS)).unwrap_or_default()
    }
}

/// The shards in which another host may look for a flow: that of its endpoints as they were seen, of those that are behind a
/// translation, and, where its sides are a guess, of the flow the other way round.
pub fn shards(flow: &Flow) -> BTreeSet<u16> {
    let seen = Key::of(flow);
    let real = flow.translated.iter().map(|real| Key {
        endpoints: *real,
        ..seen
    });
    let turned = turned(flow);
    std::iter::once(seen)
        .chain(real)
        .chain(turned)
        .map(Key::shard)
        .collect()
}

/// The key of a flow whose sides are a guess, the other way round.
pub fn turned(flow: &Flow) -> Option<Key> {
    let port = flow.client_port.filter(|_| flow.is_guess())?;
    Some(Key {
        endpoints: Endpoints {
            client: flow.server,
            server: flow.client,
            port,
        },
        protocol: flow.protocol,
    })
}

#[cfg(test)]
mod tests {
    use super::{Endpoints, Key, SHARDS};

    fn key(client: &str, server: &str, port: u16) -> Key {
        Key {
            endpoints: Endpoints {
                client: client.parse().unwrap(),
                server: server.parse().unwrap(),
                port,
            },
            protocol: 6,
        }
    }

    #[test]
    fn shards_never_change() {
        // Hosts of two versions must agree: these are written down, not computed.
        assert_eq!(key("10.0.0.1", "10.0.0.2", 443).shard(), 31);
        assert_eq!(key("fd00::1", "fd00::2", 5432).shard(), 25);
    }

    #[test]
    fn shards_are_about_equal() {
        let mut counts = vec![0_u32; SHARDS.into()];
        for n in 0..64_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            let client = format!("10.{a}.{b}.{c}");
            let shard = key(&client, "10.255.0.1", 443).shard();
            counts[usize::from(shard)] += 1;
        }
        let (least, most) = (counts.iter().min(), counts.iter().max());
        assert!(least > Some(&700) && most < Some(&1_300), "{counts:?}");
    }
}
