//! What asks for something that has no ports, or stands where markup could hide it, is in a rule or said with its line.

use super::{
    marked_ends::{derived, says},
    tables::check,
};
use crate::document::Format;

#[test]
fn icmp_of_some_types() {
    for sentence in [
        "The packet filter of the till should allow at least the following ICMP packet types:",
        "Allow ICMP type 8 and type 0 from the outside.",
        "ICMP echo requests (type 8) should be permitted.",
    ] {
        let page =
            format!("# Till\n\nFirst.\n\n{sentence}\n\n- echo (type 8)\n- echo reply (type 0)\n");
        let found = derived(&page, Format::Markdown);
        assert_eq!(found.matrix.rules.len(), 1, "{sentence}");
        assert!(says(&found, "some types of ICMP"), "{sentence}");
        assert_eq!(found.problems[0].line, 5, "{sentence}");
    }
    let list = "<h1>Till</h1><p>Whichever way, your ICMP rules should allow at least the following ICMP types:</p>\
                <dl><dt>echo (type 8)</dt><dd></dd><dt>reply (type 0)</dt><dd>Used by ping.</dd></dl>";
    let found = derived(list, Format::Html);
    assert!(says(&found, "some types of ICMP"));
    assert_eq!(found.matrix.rules.len(), 1);
}

#[test]
fn icmp_in_long_sentences() {
    check(
        &derived(
            "# Till\n\nWhichever way you set up the packet filter of the till, the rules that it has for its outer side should allow ICMP.\n",
            Format::Markdown,
        ),
        &["clients -> hosts icmp/"],
    );
}

#[test]
fn protocols_without_ports_are_said() {
    for sentence in [
        "Firewalls must allow the ESP protocol.",
        "The GRE protocol needs to be open between the tills.",
        "Generally, IGMP and VRRP should be permitted on the inner side.",
        "If your policy drops most of ICMP at the firewall, an exception is needed for path MTU discovery.",
        "Whichever way you set it up, the filtering rules for ICMP that stand on the outer side of your till should allow at least these types of packets.",
        "We do not recommend that ICMP be allowed.",
    ] {
        let page = format!("# Till\n\nThe till listens on TCP port 7000.\n\n{sentence}\n");
        let found = derived(&page, Format::Markdown);
        assert_eq!(found.matrix.rules.len(), 1, "{sentence}");
        assert!(says(&found, "has no ports"), "{sentence}");
    }
    let page = "Open these ports:\n\n- GRE\n- ESP is for the tunnel\n- 500/udp\n";
    let found = derived(page, Format::Markdown);
    assert!(says(&found, "\"GRE\"") || says(&found, "has no ports"));
    let page = "The till listens on TCP port 7000. Espresso is allowed at the desk.";
    assert!(!says(&derived(page, Format::Markdown), "has no ports"));
}

#[test]
fn optional_in_marked_brackets() {
    for usage in [
        "*[optional]* Backup",
        "_[optional]_ Backup",
        "*[optional]*: Backup",
        "Backup *[optional]*",
        "[.lead]*optional* Backup",
    ] {
        let page = format!("|===\n|From|To|Port|Usage\n\n|till|store|tcp/7000|{usage}\n|===\n");
        let found = derived(&page, Format::AsciiDoc);
        let presences: Vec<_> = found
            .matrix
            .rules
            .iter()
            .map(|rule| rule.presence)
            .collect();
        assert_eq!(presences, [crate::matrix::Presence::Optional], "{usage}");
    }
}

#[test]
fn conditions_that_set_up_another_port() {
    let page = |note: &str| {
        format!(
            "# Till\n\n| Source | Port | Protocol | Destination | Note |\n|--|--|--|--|--|\n| Desk | 7000 | TCP | Till | {note} |\n"
        )
    };
    for note in [
        "If you select forms, you will need to install a certificate and configure an available port.",
        "If plain text is not wanted, a different port is used.",
        "If two tills run, set another secure port.",
        "When forms are selected, a new port will be assigned.",
        "If books are kept, a separate port is needed.",
    ] {
        let found = derived(&page(note), Format::Markdown);
        check(&found, &["Desk -> Till tcp/7000"]);
    }
    for note in [
        "If forms are used, open this port.",
        "If forms are used, a port must be open.",
    ] {
        let found = derived(&page(note), Format::Markdown);
        assert!(found.matrix.rules[0].when.is_some(), "{note}");
    }
}
