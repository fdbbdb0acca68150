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

#[test]
fn conditions_beside_what_a_port_is_for() {
    let when = |notes: &str| condition(notes).0;
    for (notes, expected) in [
        (
            "Port mapping, and required only if mail is sent.",
            Some("only if mail is sent"),
        ),
        (
            "Login when using Kerberos, not with certificates",
            Some("when using Kerberos"),
        ),
        (
            "(Optional) Needed if mail is sent.",
            Some("Needed if mail is sent."),
        ),
        (
            "Set to 0 for a random port. Standalone mode only.",
            Some("Standalone mode only."),
        ),
        ("Clusters only.", Some("Clusters only.")),
        ("Not for cluster mode only.", None),
        ("TCP only.", None),
        ("Used only when needed.", None),
        ("If it is no browser, this redirects to the console.", None),
        ("Checks if the Gate is alive", None),
        ("This helps if you use the relay", None),
    ] {
        assert_eq!(when(notes).as_deref(), expected, "{notes}");
    }
    // That it is optional stays beside its condition.
    assert_eq!(
        condition("(Optional) Needed if mail is sent.").1.as_deref(),
        Some("(Optional)")
    );
    assert_eq!(
        transports("both"),
        transports("TCP and UDP"),
        "below a heading for transports"
    );
}

proptest! {
    #[test]
    fn any_cell_is_read(text in ".*") {
        let _editions = without_editions(&text);
        let _condition = condition(&text);
    }
}
