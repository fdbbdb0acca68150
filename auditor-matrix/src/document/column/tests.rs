use super::{Column, column};
use crate::transport::Transport;

#[test]
fn columns() {
    for (heading, meaning) in [
        ("Port", Some(Column::Port)),
        ("**Port number**", Some(Column::Port)),
        ("Required?", Some(Column::Required)),
        ("Dest.", Some(Column::Destination)),
        ("Source / destination", Some(Column::Peer)),
        ("To/From", Some(Column::Peer)),
        ("Source / Target Network", Some(Column::Peer)),
        ("Remote address", Some(Column::Peer)),
        ("DC/OS Component", Some(Column::Service)),
        ("Port(s)", Some(Column::Port)),
        ("Protocols/Ports", Some(Column::Port)),
        ("Protocol and ports", Some(Column::Port)),
        ("Service/Port", Some(Column::Port)),
        ("End port", Some(Column::LastPort)),
        ("Proto", Some(Column::Protocol)),
        ("Destination Protocol", Some(Column::Protocol)),
        ("TCP or UDP", Some(Column::Protocol)),
        ("UDP", Some(Column::Transport(Transport::Udp))),
        ("Source port", Some(Column::Ignored)),
        ("Local port", Some(Column::LocalPort)),
        ("Target port", Some(Column::Port)),
        ("Source role", Some(Column::Source)),
        ("Source server", Some(Column::Source)),
        ("Target role", Some(Column::Destination)),
        ("Initiated by", Some(Column::Source)),
        ("Open on", Some(Column::Destination)),
        ("Listens on", Some(Column::Destination)),
        ("Open to", Some(Column::Source)),
        ("Consumer", Some(Column::Source)),
        ("Provider", Some(Column::Destination)),
        ("Node Role", Some(Column::Role)),
        ("Allow/Deny", Some(Column::Permission)),
        ("Action", Some(Column::Permission)),
        ("Status", Some(Column::Status)),
        ("Local only", Some(Column::LoopbackMark)),
        ("Bind address", Some(Column::BindAddress)),
        ("On by default", Some(Column::Required)),
        ("Encrypted by default", None),
        ("Used for", Some(Column::Service)),
        ("Required for", Some(Column::Service)),
        ("Port description", Some(Column::Notes)),
        ("Colour", None),
    ] {
        assert_eq!(column(heading), meaning, "{heading}");
    }
}
