//! Reads a cell that is one address: the machine and its port. `store:5432`, `https://vault.example.com:8200/keys`.

use super::{application_protocol, cell, loopback};

/// The machine and the port that an address names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct HostPort<'a> {
    pub(super) host: &'a str,
    pub(super) port: &'a str,
}

impl<'a> HostPort<'a> {
    /// `None` for a cell that is more or less than one address.
    pub(super) fn of(cell: &'a str) -> Option<Self> {
        let rest = cell.split_once("://").map_or(cell, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next()?;
        let (host, port) = authority.rsplit_once(':')?;
        let is_host = !host.is_empty()
            && host.chars().all(|c| {
                c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '*' | '[' | ']' | ':')
            });
        // `TCP:443` and `port:443` name no machine.
        let lower = host.to_lowercase();
        let is_other = cell::stated(&lower).is_some()
            || application_protocol::transports(host).is_some()
            || matches!(lower.as_str(), "port" | "ports");
        let is_port = port.parse::<u16>().is_ok_and(|port| 0 < port);
        (is_host && !is_other && is_port).then_some(Self { host, port })
    }

    /// The name of the machine; `None` where it is an address to listen on.
    pub(super) fn name(self) -> Option<&'a str> {
        let is_name = self.host.contains(char::is_alphabetic)
            && !self.host.contains([':', '*'])
            && !loopback::is_own_machine(self.host);
        is_name.then_some(self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::HostPort;

    #[test]
    fn addresses() {
        for (cell, name, port) in [
            ("store:5432", Some("store"), "5432"),
            (
                "https://vault.example.com:8200/keys",
                Some("vault.example.com"),
                "8200",
            ),
            ("0.0.0.0:7000", None, "7000"),
            ("127.0.0.1:7001", None, "7001"),
            ("*:80", None, "80"),
        ] {
            let read = HostPort::of(cell);
            assert_eq!(
                read.map(|read| (read.name(), read.port)),
                Some((name, port)),
                "{cell}"
            );
        }
        for cell in [
            "TCP:443",
            "HTTPS:443",
            "Port:443",
            "8080:80 web",
            "the store",
            "a:b",
        ] {
            assert_eq!(HostPort::of(cell), None, "{cell}");
        }
    }
}
