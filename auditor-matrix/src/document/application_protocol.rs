//! Maps application protocols to the transports that they run over.
//!
//! The source is IANA's registry of service names and ports (RFC 6335). It reserved both TCP and UDP for most old names, so
//! for a protocol that runs over only one of them the protocol's own standard decides.

use super::row::PortGroup;
use crate::transport::Transport;

const TCP: &[Transport] = &[Transport::Tcp];
const UDP: &[Transport] = &[Transport::Udp];
const BOTH: &[Transport] = &[Transport::Tcp, Transport::Udp];

/// The transports that an application protocol runs over; `None` if its name is not known. Letter case is ignored.
pub(super) fn transports(name: &str) -> Option<&'static [Transport]> {
    Some(match name.to_lowercase().as_str() {
        "http" | "https" | "http2" | "grpc" | "rpc" | "ssh" | "scp" | "sftp" | "ftp" | "ftps"
        | "smtp" | "smtps" | "imap" | "imaps" | "pop3" | "pop3s" | "ldap" | "ldaps" | "odbc"
        | "jdbc" | "rdp" | "vnc" | "telnet" | "tls" | "ssl" | "amqp" | "amqps" | "mqtt"
        | "mqtts" | "nfs" | "smb" | "cifs" | "iscsi" | "nvme" | "jmx" | "rmi" | "rest"
        | "websocket" | "websockets" | "ws" | "wss" | "postgres" | "postgresql" | "mysql"
        | "mssql" | "oracle" | "redis" | "memcached" | "winrm" | "git" | "thrift" | "bgp"
        | "rsync" | "svn" | "xmpp" | "irc" | "nntp" | "whois" | "finger" | "rtmp" | "kafka"
        | "zookeeper" | "etcd" | "mongodb" | "cql" | "bolt" | "stomp" | "soap" | "xmlrpc"
        | "dot" | "doh" | "xml-rpc" | "x11" | "nrpe" | "ldp" | "tacacs" | "h2c" => TCP,
        "snmp" | "ntp" | "syslog" | "dhcp" | "dhcpv6" | "bootp" | "tftp" | "statsd" | "vxlan"
        | "geneve" | "sip" | "radius" | "ipmi" | "rmcp" | "netflow" | "ipfix" | "sflow"
        | "wireguard" | "ike" | "isakmp" | "l2tp" | "quic" | "http3" | "dtls" | "coap" | "mdns"
        | "llmnr" | "ssdp" | "bfd" | "rtp" | "rtcp" | "srtp" | "collectd" | "gelf" | "ptp"
        | "teredo" | "gtp" | "wol" | "mosh" => UDP,
        "dns" | "kerberos" | "krb5" | "stun" | "turn" | "serf" => BOTH,
        _ => return None,
    })
}

/// The transport of ports where nothing else tells it: UDP if all of them are of nothing else, and TCP otherwise.
pub(super) fn usual_transport(groups: &[PortGroup]) -> Transport {
    let mut ranges = groups.iter().flat_map(|group| &group.ranges).peekable();
    let is_udp = ranges.peek().is_some()
        && ranges.all(|range| range.first() == range.last() && is_of_udp_alone(range.first()));
    if is_udp {
        Transport::Udp
    } else {
        Transport::Tcp
    }
}

/// Whether what is registered for a number runs over UDP alone, so that TCP would be no guess at all where a page gives only the
/// number: time, name services, traps, key exchange, tunnels, discovery, accounting.
const fn is_of_udp_alone(port: u16) -> bool {
    matches!(
        port,
        67..=69
            | 123
            | 137
            | 138
            | 161
            | 162
            | 500
            | 520
            | 546
            | 547
            | 623
            | 1701
            | 1812
            | 1813
            | 1900
            | 2055
            | 3702
            | 4500
            | 4789
            | 5353
            | 5355
            | 6081
            | 6343
            | 8472
            | 51820
    )
}

/// Whether a name is that of a protocol and of no program that speaks it: `HTTPS`, but not `Kafka`.
pub(super) fn is_only_spoken(name: &str) -> bool {
    let is_program = matches!(
        name.to_lowercase().as_str(),
        "postgres"
            | "postgresql"
            | "mysql"
            | "mssql"
            | "oracle"
            | "redis"
            | "memcached"
            | "kafka"
            | "zookeeper"
            | "etcd"
            | "mongodb"
            | "git"
            | "svn"
            | "thrift"
            | "statsd"
            | "collectd"
            | "serf"
            | "wireguard"
            | "rsync"
    );
    transports(name).is_some() && !is_program
}

#[cfg(test)]
mod tests {
    use super::{BOTH, TCP, UDP, is_only_spoken, transports};

    #[test]
    fn names() {
        assert_eq!(transports("HTTPS"), Some(TCP));
        assert_eq!(transports("Syslog"), Some(UDP));
        assert_eq!(transports("dns"), Some(BOTH));
        assert_eq!(transports("console"), None);
        assert!(is_only_spoken("HTTPS") && !is_only_spoken("Kafka") && !is_only_spoken("console"));
    }
}
