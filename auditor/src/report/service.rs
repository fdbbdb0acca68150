//! The service of a flow, to text and back: `tcp/443`, `icmp type 8`, `gre`.

use std::{fmt, str::FromStr};

use auditor_common::{packet::Tunnel, port::protocol::ICMPV6};
use thiserror::Error;

use crate::{observed::Flow, transport::Transport};

/// A protocol and the server's port or, for ICMP, the type of the request; and the tunnel that carries it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Service {
    /// IP protocol number.
    pub protocol: u8,
    /// 0 where the protocol has none.
    pub port: u16,
    pub tunnel: Option<String>,
}

impl Service {
    /// The port, where the protocol has ports.
    pub fn port_of_transport(&self) -> Option<u16> {
        Transport::from_protocol(self.protocol)
            .is_none_or(Transport::has_ports)
            .then_some(self.port)
            .filter(|port| *port != 0)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.protocol, self.port, self.tunnel.as_deref()))
    }
}

/// A text that names no service.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("no service: expected one such as tcp/443, icmp type 8 or gre")]
pub struct NoService;

impl FromStr for Service {
    type Err = NoService;

    fn from_str(text: &str) -> Result<Self, NoService> {
        let (rest, tunnel) = match text.split_once(" inside ") {
            Some((rest, tunnel)) => (rest, Some(tunnel.to_owned())),
            None => (text, None),
        };
        let (name, port) = match rest.split_once(" type ").or_else(|| rest.rsplit_once('/')) {
            Some((name, port)) => (name, port.parse().map_err(|_problem| NoService)?),
            None => (rest, 0),
        };
        let is_named = |number: &u8| name == prefixed(*number);
        let service = Self {
            protocol: (0..=u8::MAX).find(is_named).ok_or(NoService)?,
            port,
            tunnel,
        };
        // Each service has only one valid text, so that texts can be compared instead of services.
        if service.to_string() == text {
            Ok(service)
        } else {
            Err(NoService)
        }
    }
}

/// A name for an IP protocol: a transport's, or its number.
pub(super) fn protocol(number: u8) -> String {
    Transport::from_protocol(number).map_or_else(
        || match number {
            2 => "igmp".to_owned(),
            47 => "gre".to_owned(),
            50 => "esp".to_owned(),
            _ => format!("ip protocol {number}"),
        },
        |transport| transport.name().to_owned(),
    )
}

/// As [`protocol`], with a name of its own for ICMP of IPv6.
fn prefixed(number: u8) -> String {
    let prefix = if number == ICMPV6 { "ipv6-" } else { "" };
    format!("{prefix}{}", protocol(number))
}

pub(super) fn text(number: u8, port: u16, tunnel: Option<&str>) -> String {
    let name = prefixed(number);
    let service = match Transport::from_protocol(number) {
        Some(Transport::Icmp) => format!("{name} type {port}"),
        _ if port == 0 => name,
        _ => format!("{name}/{port}"),
    };
    match tunnel {
        Some(tunnel) => format!("{service} inside {tunnel}"),
        None => service,
    }
}

/// The service of a flow.
pub fn of(flow: &Flow) -> String {
    text(flow.protocol, flow.port, flow.tunnel.map(Tunnel::name))
}

#[cfg(test)]
mod tests {
    use super::Service;

    #[test]
    fn every_service_is_read_back() {
        for protocol in 0..=u8::MAX {
            for port in [0, 1, 8, 443, u16::MAX] {
                for tunnel in [None, Some("vxlan"), Some("ip-in-ip")] {
                    let service = Service {
                        protocol,
                        port,
                        tunnel: tunnel.map(str::to_owned),
                    };
                    assert_eq!(service.to_string().parse(), Ok(service));
                }
            }
        }
    }

    #[test]
    fn what_is_no_service() {
        for text in [
            "",
            "tcp/",
            "tcp/0443",
            "tcp/70000",
            "tcp type 8",
            "icmp/8",
            "icmp",
        ] {
            assert!(text.parse::<Service>().is_err(), "{text}");
        }
    }
}
