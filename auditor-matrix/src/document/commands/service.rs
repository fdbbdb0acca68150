//! The ports of services that firewalls know by name, where every one of them means the same ports.

use crate::transport::Transport;

const TCP: &[Transport] = &[Transport::Tcp];
const UDP: &[Transport] = &[Transport::Udp];

/// The port and transports of a service, as IANA's registry and the firewalls' own lists both have them.
pub(in crate::document) fn ports(name: &str) -> Option<(u16, &'static [Transport])> {
    Some(match name.to_lowercase().as_str() {
        "ssh" => (22, TCP),
        "smtp" => (25, TCP),
        "dns" | "domain" => (53, &[Transport::Tcp, Transport::Udp]),
        "http" => (80, TCP),
        "ntp" => (123, UDP),
        "snmp" => (161, UDP),
        "ldap" => (389, TCP),
        "https" => (443, TCP),
        "syslog" => (514, UDP),
        "ldaps" => (636, TCP),
        "mysql" => (3306, TCP),
        "postgresql" => (5432, TCP),
        _ => return None,
    })
}
