//! What is said of packets that were sent and are in no flow.

use auditor_common::{Tally, lost::Lost};

use super::*;

fn sent(protocol: u8, port: u16) -> (Lost, Tally) {
    let what = Lost {
        direction: Direction::Egress,
        protocol,
        port,
    };
    let tally = Tally {
        packets: 3,
        bytes: 300,
    };
    (what, tally)
}

fn since(reason: Reason, observed: &Observed, until: Option<Timestamp>) -> Gap {
    Gap {
        cause: Cause::Uncounted { reason, packets: 3 },
        from: observed.window.start - SignedDuration::from_mins(10),
        until,
    }
}

/// The ports of what was sent, as `protocol port`.
fn unplaced(observed: &Observed, deployment: &str) -> Vec<String> {
    let policy = policy(Some(deployment), &[], observed);
    let audit = judge(&policy, observed);
    let told = |lost: &Lost| format!("{} {}", lost.protocol, lost.port);
    audit.unplaced.keys().map(told).collect()
}

/// Whoever answers strangers by the thousand on a port that a rule opens sends nothing that nobody documented; on another port
/// it does, whoever asked.
#[test]
fn answers_that_made_room_are_told_where_no_rule_opens_their_port() {
    let mut observed = observed(&[]);
    observed.gaps = vec![since(Reason::Unproven, &observed, None)];
    let sender = "192.0.2.9".parse().unwrap();
    // What a kernel sends to anybody is among the ports, and no answer.
    observed
        .unproven
        .add(sender, [sent(6, 22), sent(132, 22)], None);
    let pings = [sent(1, 8), sent(58, 128)];
    let received = Lost {
        direction: Direction::Ingress,
        ..sent(17, 1234).0
    };
    let answers = [
        sent(17, 8125),
        sent(17, 9100),
        sent(17, 67),
        sent(17, 161),
        sent(6, 2181),
        sent(6, 9999),
    ];
    observed.unproven.add(sender, pings, None);
    observed.unproven.add(sender, answers, None);
    observed.unproven.answers.extend(pings);
    observed.unproven.answers.extend(answers);
    observed.unproven.add(
        sender,
        [(
            received,
            Tally {
                packets: 1,
                bytes: 1,
            },
        )],
        None,
    );
    // A rule, an exception and housekeeping have the others.
    assert_eq!(unplaced(&observed, DEPLOYMENT), ["6 9999", "17 161"]);
    let later = DEPLOYMENT.replace("2026-11-20", "2026-11-19");
    assert_eq!(unplaced(&observed, &later), ["6 9999", "17 161", "17 9100"]);
    let strict = DEPLOYMENT.replace("matrix =", "housekeeping = false\nmatrix =");
    assert_eq!(unplaced(&observed, &strict), ["6 9999", "17 67", "17 161"]);
    // They went before the window.
    let before = observed.window.start - SignedDuration::from_mins(1);
    observed.gaps = vec![since(Reason::Unproven, &observed, Some(before))];
    assert!(unplaced(&observed, DEPLOYMENT).is_empty());
}

/// Where the table was full, nobody knows which side asked.
#[test]
fn what_a_full_table_left_out_is_told_whatever_rules_say() {
    let mut observed = observed(&[]);
    observed.lost = [sent(17, 8125), sent(6, 2181)].into();
    assert!(unplaced(&observed, DEPLOYMENT).is_empty());
    observed.gaps = vec![since(Reason::TableFull, &observed, None)];
    assert_eq!(unplaced(&observed, DEPLOYMENT), ["6 2181", "17 8125"]);
}
