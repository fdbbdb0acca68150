use proptest::prelude::*;

use super::{condition, direction, required, transports, without_editions};
use crate::{document::Direction, transport::Transport};

#[test]
fn protocols() {
    let named = |text| transports(text).map(|named| (named.transports, named.inferred));
    assert_eq!(named("TCP"), Some((vec![Transport::Tcp], false)));
    assert_eq!(
        named("UDP & TCP"),
        Some((vec![Transport::Tcp, Transport::Udp], false))
    );
    assert_eq!(named("HTTPS/TCP"), Some((vec![Transport::Tcp], false)));
    assert_eq!(named("HTTPS"), Some((vec![Transport::Tcp], true)));
    assert_eq!(
        named("DNS"),
        Some((vec![Transport::Tcp, Transport::Udp], true))
    );
    assert_eq!(
        named("All"),
        Some((vec![Transport::Tcp, Transport::Udp], true))
    );
    assert_eq!(named("Carrier pigeon"), None);
}

#[test]
fn directions() {
    assert_eq!(direction("Inbound"), Some(Direction::Inbound));
    assert_eq!(direction("Bi-directional"), Some(Direction::Both));
    assert_eq!(direction("Inbound and Outbound"), Some(Direction::Both));
    assert_eq!(direction("egress"), Some(Direction::Outbound));
    assert_eq!(direction("sideways"), None);
}

#[test]
fn requirements() {
    assert_eq!(required("Yes"), Some(true));
    assert_eq!(required("No (but useful)"), Some(false));
    assert_eq!(required("perhaps"), None);
    let (when, notes) = condition("Metrics. Only if using external nodes");
    assert_eq!(
        (when.as_deref(), notes.as_deref()),
        (Some("Only if using external nodes"), Some("Metrics."))
    );
    assert_eq!(
        without_editions("master [enterprise type=\"inline\" /]"),
        ("master".to_owned(), Some("enterprise".to_owned()))
    );
    assert_eq!(without_editions("a [b] [c"), ("a [b] [c".to_owned(), None));
}

proptest! {
    #[test]
    fn any_cell_is_read(text in ".*") {
        let _editions = without_editions(&text);
        let _condition = condition(&text);
    }
}
