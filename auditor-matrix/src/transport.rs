//! The transports that a rule can name.

use std::fmt;

use auditor_common::port::protocol;
use serde::{Deserialize, Serialize};

/// A transport, as documents and matrices name it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Tcp,
    Udp,
    Sctp,
    /// ICMP and `ICMPv6`; a rule for it names no ports.
    Icmp,
}

impl Transport {
    /// The transport of an IP protocol number; `None` for those that no rule can name.
    pub const fn from_protocol(number: u8) -> Option<Self> {
        match number {
            protocol::TCP => Some(Self::Tcp),
            protocol::UDP => Some(Self::Udp),
            protocol::SCTP => Some(Self::Sctp),
            protocol::ICMP | protocol::ICMPV6 => Some(Self::Icmp),
            _ => None,
        }
    }

    /// The IP protocol number; `None` for ICMP, which has one for each version of IP.
    pub const fn protocol(self) -> Option<u8> {
        match self {
            Self::Tcp => Some(protocol::TCP),
            Self::Udp => Some(protocol::UDP),
            Self::Sctp => Some(protocol::SCTP),
            Self::Icmp => None,
        }
    }

    pub const fn has_ports(self) -> bool {
        match self {
            Self::Tcp | Self::Udp | Self::Sctp => true,
            Self::Icmp => false,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
            Self::Icmp => "icmp",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
