//! What a rule's verdict is where its traffic may have gone unseen.

use std::{collections::BTreeSet, net::Ipv4Addr};

use auditor_common::{Tally, lost::Lost};

use super::*;
use crate::{
    address::AddressSet,
    audit::RuleFinding,
    observed::{Invited, Unproven, Way, Ways},
};

/// A rule between this host and three others, with this host as the one or the other.
#[track_caller]
fn finding(is_client: bool, lines: &str, observed: &Observed) -> RuleFinding {
    let (client, server) = if is_client {
        ("here", "there")
    } else {
        ("there", "here")
    };
    let text = format!(
        "name = \"M\"\n[[rule]]\nid = \"r\"\nclient = [\"{client}\"]\nserver = [\"{server}\"]\ntransport = \"tcp\"\nports = \"80\"\n{lines}\n"
    );
    let matrix = Matrix::parse(Path::new("m.toml"), &text).unwrap();
    let deployment =
        "matrix = \"m.toml\"\n[roles]\nhere = [\"10.0.0.10\"]\nthere = [\"10.0.1.1-10.0.1.3\"]\n";
    let deployment = Deployment::parse(Path::new("a.toml"), deployment).unwrap();
    let mut lookup = |_: &str| Ok(Vec::new());
    let policy = Policy::new(
        &[matrix],
        Some(&deployment),
        &[],
        &observed.host,
        &mut lookup,
    );
    judge(&policy.unwrap(), observed).rules.remove(0)
}

fn with_gap(cause: &Cause, flows: &[Flow]) -> Observed {
    let mut observed = observed(flows);
    let end = observed.window.end;
    observed.window.start = end - SignedDuration::from_hours(1);
    observed.window.since = observed.window.start;
    observed.gaps.push(Gap {
        cause: cause.clone(),
        from: end - SignedDuration::from_mins(30),
        until: None,
    });
    observed
}

#[test]
fn a_gap_hides_what_it_can_hide() {
    let name = || "eth0".to_owned();
    let behind = |direction| Cause::Behind {
        name: name(),
        direction,
        others: "tc filter bpf of preference 1".to_owned(),
    };
    let blind = |direction| Cause::Blind {
        name: name(),
        direction,
    };
    let (received, sent) = (Direction::Ingress, Direction::Egress);
    for (cause, as_client, as_server, unanswered) in [
        // What a client asks leaves, and is seen all the same; the answer may be hidden.
        (behind(received), "missing", "unassessed", "unassessed"),
        (behind(sent), "unassessed", "missing", "unanswered"),
        (blind(received), "missing", "unassessed", "unassessed"),
        (blind(sent), "unassessed", "missing", "unanswered"),
        (
            Cause::CountedBefore {
                name: name(),
                others: String::new(),
            },
            "missing",
            "missing",
            "unanswered",
        ),
        (
            Cause::Detached { name: name() },
            "unassessed",
            "unassessed",
            "unassessed",
        ),
        (Cause::Stalled, "unassessed", "unassessed", "unassessed"),
        (
            Cause::Asleep {
                length: SignedDuration::from_hours(13),
            },
            "unassessed",
            "unassessed",
            "unanswered",
        ),
        (
            Cause::NothingToWatch,
            "unassessed",
            "unassessed",
            "unanswered",
        ),
    ] {
        let nothing = with_gap(&cause, &[]);
        let verdict = |is_client, observed| finding(is_client, "", observed).verdict.name();
        assert_eq!(verdict(true, &nothing), as_client, "{cause:?}");
        assert_eq!(verdict(false, &nothing), as_server, "{cause:?}");
        let forbidden = finding(false, "presence = \"forbidden\"", &nothing);
        let expected = if as_server == "missing" {
            "respected"
        } else {
            as_server
        };
        assert_eq!(forbidden.verdict.name(), expected, "{cause:?}");
        let mut asked = flow("10.0.0.10 10.0.1.1 tcp 80 1/0");
        asked.first = asked.last - SignedDuration::from_mins(1);
        let asked = with_gap(&cause, &[asked]);
        assert_eq!(verdict(true, &asked), unanswered, "{cause:?}");
    }
}

#[test]
fn what_leaves_elsewhere_is_not_missing() {
    let way = |is_watched, names: &[&str]| Way {
        is_watched,
        unwatched: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let seen = way(true, &[]);
    let elsewhere = way(false, &["eth1"]);
    let either = way(true, &["eth1"]);
    for (ways, verdict, unwatched) in [
        (vec![], "missing", &[][..]),
        (vec![(1, &seen), (2, &seen), (3, &seen)], "missing", &[]),
        (
            vec![(1, &elsewhere), (2, &elsewhere), (3, &elsewhere)],
            "unobservable",
            &["eth1"],
        ),
        (
            vec![(1, &seen), (2, &elsewhere), (3, &seen)],
            "unassessed",
            &["eth1"],
        ),
        (vec![(1, &either)], "unassessed", &["eth1"]),
    ] {
        let mut observed = with_gap(
            &Cause::CountedBefore {
                name: "eth0".to_owned(),
                others: String::new(),
            },
            &[],
        );
        let mut known = Ways::default();
        for (host, way) in ways {
            let address = format!("10.0.1.{host}").parse().unwrap();
            known.insert(address, Way::clone(way));
        }
        observed.host.ways = known;
        for is_client in [true, false] {
            let found = finding(is_client, "", &observed);
            // What others ask may come in by a watched interface all the same.
            let expected = match verdict {
                "unobservable" if !is_client => "unassessed",
                other => other,
            };
            assert_eq!(found.verdict.name(), expected);
            let names: BTreeSet<String> = unwatched.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(found.unwatched, names);
        }
        // What was seen was seen.
        observed.flows = vec![flow("10.0.0.10 10.0.1.1 tcp 80 2/2")];
        assert_eq!(finding(true, "", &observed).verdict.name(), "observed");
    }
}

#[test]
fn an_interface_that_is_left_out_hides_what_goes_by_it() {
    let cause = Cause::NotWatched {
        name: "tun0".to_owned(),
        problem: String::new(),
    };
    let mut observed = with_gap(&cause, &[]);
    let verdict = |observed: &Observed| finding(true, "", observed).verdict.name();
    assert_eq!(verdict(&observed), "unassessed");
    for host in 1..=3 {
        let way = Way {
            is_watched: true,
            unwatched: BTreeSet::new(),
        };
        let address = format!("10.0.1.{host}").parse().unwrap();
        observed.host.ways.insert(address, way);
    }
    assert_eq!(verdict(&observed), "missing");
}

/// What strangers made up says nothing of a rule, unless it asked the rule's port in a client's name.
#[test]
fn what_proves_nothing_hides_what_a_client_may_have_asked() {
    for (protocol, port, sender, n_others, verdict) in [
        (6, 80, "10.0.1.2", 0, "unassessed"),
        (6, 80, "10.9.9.9", 0, "missing"),
        // More than are told apart, and a client may be among them.
        (6, 80, "10.9.9.9", 16, "unassessed"),
        (6, 79, "10.0.1.2", 0, "missing"),
        (6, 79, "10.9.9.9", 16, "missing"),
        (17, 80, "10.0.1.2", 0, "missing"),
    ] {
        let mut observed = observed(&[]);
        observed.gaps = vec![Gap {
            cause: Cause::Uncounted {
                reason: Reason::Unproven,
                packets: 1,
            },
            from: observed.window.start,
            until: None,
        }];
        let asked = came(protocol, port);
        for n in 0..n_others {
            let sender = IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + n));
            observed.unproven.add(sender, [asked], None);
        }
        let unproven = &mut observed.unproven;
        unproven.add(sender.parse().unwrap(), [asked], None);
        let found = finding(false, "", &observed);
        assert_eq!(
            found.verdict.name(),
            verdict,
            "{protocol} {port} {sender} {n_others}"
        );
    }
}

fn came(protocol: u8, port: u16) -> (Lost, Tally) {
    let what = Lost {
        direction: Direction::Ingress,
        protocol,
        port,
    };
    let tally = Tally {
        packets: 1,
        bytes: 60,
    };
    (what, tally)
}

/// A client that asked for another port, and strangers by the thousand who asked for all: nobody asked for the rule's port who may.
#[test]
fn what_strangers_asked_is_not_what_a_client_did() {
    let cause = Cause::Uncounted {
        reason: Reason::Unproven,
        packets: 1,
    };
    let mut observed = with_gap(&cause, &[]);
    let client: IpAddr = "10.0.1.2".parse().unwrap();
    let mut clients = AddressSet::default();
    clients.insert(client);
    let invited = Invited::new(&[(Some(&clients), Transport::Tcp, vec![(80, 80)])]);
    let unproven = &mut observed.unproven;
    unproven.add(client, [came(6, 443)], Some(&invited));
    for n in 0..5000 {
        let stranger = IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + n));
        unproven.add(stranger, [came(6, 80), came(17, 80)], Some(&invited));
    }
    assert_eq!(finding(false, "", &observed).verdict.name(), "missing");
    // What a watch forgot comes to the same.
    let mut sum = observed.clone();
    sum.unproven = Unproven::default();
    sum.unproven.add_all(&observed.unproven);
    assert_eq!(finding(false, "", &sum).verdict.name(), "missing");
    sum.unproven.add(client, [came(6, 80)], Some(&invited));
    assert_eq!(finding(false, "", &sum).verdict.name(), "unassessed");
}

/// Of packets without a flow of an earlier run, no port is left: they may have been the rule's.
/// Whoever fills the table makes no firewall out of an answer that found no room in it.
#[test]
fn an_answer_without_room_is_not_missing() {
    let full = |reason| Cause::Uncounted {
        reason,
        packets: 1000,
    };
    for (reason, is_client, port, verdict) in [
        (Reason::TableFull, true, 80, "unassessed"),
        (Reason::TableFull, false, 80, "unassessed"),
        // Only the lower of two ports is kept where the server's was not known.
        (Reason::TableFull, true, 22, "unassessed"),
        (Reason::TableFull, true, 8080, "unanswered"),
        (Reason::Unproven, false, 80, "unassessed"),
        (Reason::Unproven, false, 22, "unanswered"),
        // An answer to what this host asked proves something.
        (Reason::Unproven, true, 80, "unanswered"),
    ] {
        let ends = if is_client {
            "10.0.0.10 10.0.1.1 tcp 80 1/0"
        } else {
            "10.0.1.1 10.0.0.10 tcp 80 1/0"
        };
        let mut asked = flow(ends);
        asked.first = asked.last - SignedDuration::from_mins(1);
        let mut observed = with_gap(&full(reason), &[asked]);
        let lost = Lost {
            direction: Direction::Egress,
            protocol: 6,
            port,
        };
        let tally = Tally {
            packets: 1000,
            bytes: 64_000,
        };
        observed.lost.insert(lost, tally);
        let found = finding(is_client, "", &observed).verdict.name();
        assert_eq!(found, verdict, "{reason:?} {is_client} {port}");
    }
}

#[test]
fn what_an_earlier_run_did_not_keep_may_be_anything() {
    for (reason, as_client, as_server) in [
        (Reason::TableFull, "unassessed", "unassessed"),
        (Reason::Unproven, "missing", "unassessed"),
    ] {
        let mut observed = with_gap(&Cause::Uncounted { reason, packets: 1 }, &[]);
        let ended = observed.window.end - SignedDuration::from_mins(20);
        observed.gaps[0].until = Some(ended);
        observed.tallied_since = ended;
        let verdict = |is_client| finding(is_client, "", &observed).verdict.name();
        assert_eq!((verdict(true), verdict(false)), (as_client, as_server));
        // Of this run it is known that they were not.
        let mut observed = observed.clone();
        observed.tallied_since = observed.window.start;
        let verdict = |is_client| finding(is_client, "", &observed).verdict.name();
        assert_eq!((verdict(true), verdict(false)), ("missing", "missing"));
    }
}

/// What is asked may come in by where nobody watches, while this host's answers leave in sight.
#[test]
fn who_is_answered_has_asked() {
    let answers = |direction, counts: &str| {
        let flow = Flow {
            client_direction: Some(direction),
            requests: 0,
            evidence: Evidence::Listener,
            ..flow(&format!("10.0.1.1 10.0.0.10 tcp 80 {counts}"))
        };
        finding(false, "", &observed(&[flow])).verdict.name()
    };
    assert_eq!(answers(Direction::Ingress, "0/5"), "unassessed");
    // A reset answers what is asked in vain, and what comes in is no answer of this host's.
    assert_eq!(answers(Direction::Ingress, "0/5/5"), "missing");
    assert_eq!(answers(Direction::Egress, "0/5"), "missing");
}

/// An address that moved to another host took its traffic with it.
#[test]
fn what_moved_away_is_not_missing() {
    let mut observed = observed(&[]);
    let verdict = |observed: &Observed| {
        [true, false].map(|is_client| finding(is_client, "", observed).verdict.name())
    };
    assert_eq!(verdict(&observed), ["missing"; 2]);
    // Another address than the rule's.
    observed.host.addresses.insert("10.0.0.99".parse().unwrap());
    observed.host.former = ["10.0.0.99".parse().unwrap()].into();
    assert_eq!(verdict(&observed), ["missing"; 2]);
    observed.host.former = [HERE.parse().unwrap()].into();
    assert_eq!(verdict(&observed), ["unassessed"; 2]);
    let forbidden = finding(false, "presence = \"forbidden\"", &observed);
    assert_eq!(forbidden.verdict.name(), "respected");
}
