use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use auditor_common::{Direction, Evidence, Reason};
use jiff::{SignedDuration, Timestamp};

use super::{
    Bounds, Forgotten, History, Store,
    sample::{at, flow},
};
use crate::observed::{
    Cause, Dates, DirectionCounters, Endpoints, Flow, Gap, Invited, Outcome, Remembered,
};

fn remembered(history: &History) -> Vec<(u16, u64, Remembered)> {
    let flows = history.flows(Timestamp::MIN);
    flows
        .iter()
        .map(|flow| (flow.port, flow.to_server.packets, flow.remembered.unwrap()))
        .collect()
}

fn answered(seconds: i64) -> Remembered {
    Remembered {
        answered: Some(at(seconds)),
        refused: None,
        one_way: None,
        accepted: None,
    }
}

#[test]
fn a_translation_is_that_of_its_time() {
    let real = |server: &str| Endpoints {
        client: "10.0.0.1".parse().unwrap(),
        server: server.parse().unwrap(),
        port: 80,
    };
    let translated = |packets, last, server: Option<&str>| {
        let mut flow = flow(9000, packets, last);
        flow.translated.extend(server.map(real));
        flow
    };
    let mut history = History::default();
    history.begin(at(0));
    let check = |history: &History, expected: Option<&str>| {
        let found = history.flows(Timestamp::MIN).remove(0).translated;
        assert_eq!(found, expected.map(real).into_iter().collect());
    };
    let old = translated([1, 1], 1, Some("172.17.0.2"));
    history.update(vec![old.clone()], at(1));
    // Forgotten, but nothing was seen since.
    history.update(vec![translated([1, 1], 1, None)], at(60));
    check(&history, Some("172.17.0.2"));
    // The port leads to another container now.
    history.update(vec![translated([2, 2], 70, Some("172.17.0.3"))], at(70));
    check(&history, Some("172.17.0.3"));
    // And so it does where the earlier packets were retired.
    let mut history = History::default();
    history.begin(at(0));
    history.update(vec![old], at(1));
    history.retire(vec![translated([1, 1], 1, None)]);
    check(&history, Some("172.17.0.2"));
    history.update(vec![translated([1, 1], 70, Some("172.17.0.3"))], at(70));
    check(&history, Some("172.17.0.3"));
}

#[test]
fn counts_go_on_and_what_came_of_them_is_told_apart() {
    let mut history = History::default();
    history.begin(at(0));
    history.update(vec![flow(80, [2, 1], 1)], at(1));
    assert_eq!(remembered(&history), [(80, 2, answered(1))]);
    // Requested again, but not answered any more.
    let again = Flow {
        requests: 2,
        ..flow(80, [3, 1], 5)
    };
    history.update(vec![again.clone()], at(5));
    assert_eq!(remembered(&history), [(80, 3, answered(1))]);
    let total = &history.flows(at(5))[0];
    assert_eq!(total.outcome_since(at(1)), Outcome::Established);
    assert_eq!(total.outcome_since(at(2)), Outcome::Attempted);
    // Then refused.
    let refused = Flow {
        requests: 3,
        to_client: DirectionCounters {
            packets: 2,
            resets: 1,
            ..DirectionCounters::default()
        },
        ..flow(80, [4, 0], 8)
    };
    history.update(vec![refused], at(8));
    let total = &history.flows(at(5))[0];
    assert_eq!(total.outcome_since(at(6)), Outcome::Refused);
    assert!(history.flows(at(9)).is_empty());
}

#[test]
fn an_answer_may_come_a_turn_after_its_question() {
    let reset = |packets| DirectionCounters {
        packets,
        resets: packets,
        ..DirectionCounters::default()
    };
    let asked = flow(80, [1, 0], 1);
    let ended = Flow {
        to_client: DirectionCounters {
            packets: 6,
            resets: 1,
            ..DirectionCounters::default()
        },
        ..flow(80, [5, 0], 9)
    };
    let told = [
        // Refused by a reset, refused by an ICMP error, and answered.
        (
            asked.clone(),
            Flow {
                to_client: reset(1),
                ..flow(80, [1, 0], 9)
            },
            (None, Some(at(9))),
        ),
        (
            asked.clone(),
            Flow {
                refusals: 1,
                ..flow(80, [1, 0], 9)
            },
            (None, Some(at(9))),
        ),
        (asked, flow(80, [3, 1], 9), (Some(at(9)), None)),
        // A reset that ends a conversation that was answered earlier is no refusal.
        (flow(80, [5, 5], 1), ended, (Some(at(1)), None)),
    ];
    for (first, second, (answered, refused)) in told {
        let mut history = History::default();
        history.begin(at(0));
        history.update(vec![first], at(1));
        history.update(vec![second], at(9));
        let expected = Remembered {
            answered,
            refused,
            one_way: None,
            accepted: None,
        };
        assert_eq!(history.flows(at(0))[0].remembered, Some(expected));
    }
}

#[test]
fn a_corrected_flow_is_no_longer_the_wrong_one() {
    let mut history = History::default();
    history.begin(at(0));
    history.update(vec![flow(40_000, [5, 5], 1)], at(1));
    history.update(vec![flow(80, [6, 6], 2)], at(2));
    assert_eq!(remembered(&history), [(80, 6, answered(2))]);
    // Nothing is kept of it: whoever makes up flows by the million makes as many of these.
    assert_eq!(history.len(), 1);
}

#[test]
fn a_flow_that_is_turned_round_is_known_by_what_it_was() {
    let guess = Flow {
        client_port: Some(5000),
        evidence: Evidence::FirstSender,
        ..flow(40_000, [5, 4], 1)
    };
    let turned = |port, client_port| Flow {
        client: guess.server,
        server: guess.client,
        client_port: Some(client_port),
        evidence: Evidence::Listener,
        ..flow(port, [6, 7], 2)
    };
    let corrected = |flows: Vec<Flow>| {
        let mut history = History::default();
        history.begin(at(0));
        assert_eq!(history.update(vec![guess.clone()], at(1)), []);
        let corrections = history.update(flows, at(2));
        let of = corrections
            .into_iter()
            .map(|one| (one.before.port, one.now.port));
        of.collect::<Vec<_>>()
    };
    assert_eq!(corrected(vec![turned(5000, 40_000)]), [(40_000, 5000)]);
    // Another conversation between the same two is none of it.
    assert_eq!(corrected(vec![turned(5001, 40_000)]), []);
    assert_eq!(corrected(vec![turned(5000, 40_001)]), []);
    // What is still counted as it was is not corrected.
    assert_eq!(corrected(vec![guess.clone(), turned(5000, 40_000)]), []);
    // A port that the server chose for a conversation that began at its port for requests.
    let joined = Flow {
        evidence: Evidence::Expected,
        ..flow(69, [6, 4], 2)
    };
    assert_eq!(corrected(vec![joined]), [(40_000, 69)]);
    assert_eq!(corrected(vec![flow(69, [6, 4], 2)]), []);
}

#[test]
fn retired_flows_are_counted_once() {
    let mut history = History::default();
    history.begin(at(0));
    history.update(vec![flow(80, [5, 5], 1)], at(1));
    history.retire(vec![flow(80, [5, 5], 1)]);
    history.update(Vec::new(), at(400));
    assert_eq!(remembered(&history), [(80, 5, answered(1))]);
    history.update(vec![flow(80, [2, 2], 401)], at(401));
    assert_eq!(remembered(&history), [(80, 7, answered(401))]);
}

#[test]
fn what_is_saved_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let mut store = Store::open(&path).unwrap();
    let mut history = store.load().unwrap();
    history.begin(at(0));
    let mut translated = flow(81, [1, 0], 1);
    let real = Endpoints {
        client: "10.0.0.7".parse().unwrap(),
        server: "fd00::7".parse().unwrap(),
        port: 8081,
    };
    translated.translated = [real].into();
    history.update(vec![flow(80, [5, 5], 1), translated], at(10));
    let lost = |until| Gap {
        cause: Cause::InterfaceLost {
            name: "eth1".to_owned(),
        },
        from: at(3),
        until,
    };
    history.keep_gaps(&[lost(None)]);
    history.keep_gaps(&[lost(Some(at(4)))]);
    history.keep_gaps(&[Gap {
        cause: Cause::Uncounted {
            reason: Reason::TooDeep,
            packets: 7,
        },
        from: at(2),
        until: None,
    }]);
    store
        .save(&mut history, &BTreeSet::new(), None, &[], &[])
        .unwrap();
    drop(store);

    let mut store = Store::open(&path).unwrap();
    let mut read = store.load().unwrap();
    assert_eq!(remembered(&read), remembered(&history));
    assert_eq!(read.flows(at(0)), history.flows(at(0)));
    assert_eq!(read.flows(at(0))[1].translated, [real].into());
    assert_eq!(read.since(), Some(at(0)));
    let gaps = read.gaps(at(0));
    assert_eq!(gaps.len(), 2);
    assert_eq!(gaps[1], lost(Some(at(4))));
    // A gap that was open when the run ended is closed at its end.
    assert_eq!(gaps[0].until, Some(at(10)));
    // The next run continues the counts, and knows when no watch was running.
    read.begin(at(20));
    read.update(vec![flow(80, [3, 3], 21)], at(21));
    assert_eq!(remembered(&read)[0], (80, 8, answered(21)));
    let unwatched = Gap {
        cause: Cause::Unwatched,
        from: at(10),
        until: Some(at(20)),
    };
    assert_eq!(read.gaps(at(11)), [unwatched]);
    assert_eq!(read.gaps(at(21)), []);
    // A flow that was corrected is deleted from disk as well.
    read.update(vec![flow(82, [3, 3], 21)], at(21));
    store
        .save(&mut read, &BTreeSet::new(), None, &[], &[])
        .unwrap();
    assert_eq!(remembered(&store.load().unwrap()), remembered(&read));
}

#[test]
fn what_is_too_old_or_too_much_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(&directory.path().join("history.db")).unwrap();
    let mut history = History::default();
    history.begin(at(0));
    history.update(
        (1..=10)
            .map(|port| flow(port, [1, 1], i64::from(port)))
            .collect(),
        at(10),
    );
    store
        .save(&mut history, &BTreeSet::new(), None, &[], &[])
        .unwrap();
    let bounds = Bounds {
        age: SignedDuration::from_secs(8),
        flows: 4,
        unproven: 9,
    };
    let gone = history.forget(bounds, &Invited::default()).keys;
    assert_eq!(gone.len(), 6);
    let ports: Vec<u16> = remembered(&history)
        .iter()
        .map(|(port, ..)| *port)
        .collect();
    assert_eq!(ports, [7, 8, 9, 10]);
    // The time of the flows that were too many no longer counts as remembered.
    assert_eq!(history.since(), Some(at(6)));
    store.save(&mut history, &gone, None, &[], &[]).unwrap();
    let read = store.load().unwrap();
    assert_eq!(remembered(&read), remembered(&history));
    assert_eq!(read.since(), Some(at(6)));
}

#[test]
fn nobody_asks_about_a_time_that_is_forgotten() {
    let mut history = History::default();
    history.begin(at(0));
    history.update(vec![flow(1, [1, 1], 3), flow(2, [1, 1], 90)], at(100));
    let bounds = Bounds {
        age: SignedDuration::from_secs(50),
        flows: 10,
        unproven: 9,
    };
    assert_eq!(history.forget(bounds, &Invited::default()).keys.len(), 1);
    assert_eq!(history.since(), Some(at(3)));
    // With nothing left to forget, `since` stays the same.
    assert_eq!(
        history.forget(bounds, &Invited::default()),
        Forgotten::default()
    );
    assert_eq!(history.since(), Some(at(3)));
}

/// What anybody could have made up makes room for what is newer of its kind, and nothing else is forgotten for it.
#[test]
fn what_proves_nothing_makes_room_for_itself() {
    let mut history = History::default();
    history.begin(at(0));
    let unanswered = |port, last| Flow {
        client_direction: Some(Direction::Ingress),
        ..flow(port, [1, 0], last)
    };
    let flows: Vec<Flow> = (1..=9)
        .map(|port| unanswered(port, port.into()))
        .chain([flow(443, [1, 1], 1)])
        .collect();
    history.update(flows.clone(), at(10));
    let bounds = Bounds {
        age: SignedDuration::from_secs(50),
        flows: 10,
        unproven: 3,
    };
    // What is still counted stays.
    assert_eq!(
        history.forget(bounds, &Invited::default()),
        Forgotten::default()
    );
    history.retire(flows);
    history.update(Vec::new(), at(11));
    let forgotten = history.forget(bounds, &Invited::default());
    let ports: Vec<u16> = forgotten.unproven.iter().map(|flow| flow.port).collect();
    assert_eq!(ports, [1, 2, 3, 4, 5, 6]);
    assert_eq!(forgotten.keys.len(), 6);
    let ports: Vec<u16> = remembered(&history)
        .iter()
        .map(|(port, ..)| *port)
        .collect();
    assert_eq!(ports, [7, 8, 9, 443]);
    assert_eq!(history.since(), Some(at(0)));
}

/// What a rule let its client ask is forgotten after what strangers made up.
#[test]
fn what_rules_invite_to_is_forgotten_last() {
    let mut history = History::default();
    history.begin(at(0));
    let flows: Vec<Flow> = (1..=9)
        .map(|port| Flow {
            client_direction: Some(Direction::Ingress),
            ..flow(port, [1, 0], port.into())
        })
        .collect();
    let invited = Invited::new(&[(None, flows[0].transport().unwrap(), vec![(2, 3)])]);
    history.update(flows.clone(), at(10));
    history.retire(flows);
    history.update(Vec::new(), at(11));
    let bounds = Bounds {
        age: SignedDuration::from_secs(50),
        flows: 10,
        unproven: 3,
    };
    history.forget(bounds, &invited);
    let ports: Vec<u16> = remembered(&history)
        .iter()
        .map(|(port, ..)| *port)
        .collect();
    assert_eq!(ports, [2, 3, 9]);
}

/// What many rules' clients may have asked is forgotten from where there is most of it, answered or not.
#[test]
fn what_a_rule_invites_to_is_forgotten_for_itself() {
    for answers in [0, 1] {
        let mut history = History::default();
        history.begin(at(0));
        let flows: Vec<Flow> = (1..=12)
            .map(|port| Flow {
                protocol: 17,
                client_direction: Some(Direction::Ingress),
                ..flow(port, [1, answers], port.into())
            })
            .collect();
        let rule = |ports| (None, flows[0].transport().unwrap(), vec![ports]);
        let invited = Invited::new(&[rule((1, 2)), rule((3, 10))]);
        history.update(flows.clone(), at(13));
        history.retire(flows);
        history.update(Vec::new(), at(14));
        let bounds = Bounds {
            age: SignedDuration::from_secs(50),
            flows: 6,
            unproven: 5,
        };
        history.forget(bounds, &invited);
        let ports: Vec<u16> = remembered(&history)
            .iter()
            .map(|(port, ..)| *port)
            .collect();
        // What this host answered though no rule invites to it is a crowd of its own.
        let expected: &[u16] = if answers == 0 {
            &[1, 2, 8, 9, 10]
        } else {
            &[1, 2, 9, 10, 11, 12]
        };
        assert_eq!(ports, expected);
    }
}

/// Who asks a service of datagrams by addresses that he makes up makes nobody forget what is proven.
#[test]
fn answers_make_room_before_what_is_proven() {
    let mut history = History::default();
    history.begin(at(0));
    let answered = |port, last| Flow {
        protocol: 17,
        client_direction: Some(Direction::Ingress),
        ..flow(port, [1, 1], last)
    };
    let flows: Vec<Flow> = (1..=9)
        .map(|port| answered(port, i64::from(port) + 1))
        .chain([flow(443, [5, 5], 1)])
        .collect();
    history.update(flows.clone(), at(20));
    history.retire(flows);
    history.update(Vec::new(), at(21));
    let bounds = |flows| Bounds {
        age: SignedDuration::from_secs(50),
        flows,
        unproven: 100,
    };
    let forgotten = history.forget(bounds(4), &Invited::default());
    let ports: Vec<u16> = forgotten.unproven.iter().map(|flow| flow.port).collect();
    assert_eq!(ports, [1, 2, 3, 4, 5, 6]);
    assert_eq!((forgotten.keys.len(), history.since()), (6, Some(at(0))));
    // With no more of those, what is proven goes.
    history.forget(bounds(0), &Invited::default());
    assert_eq!(history.since(), Some(at(1)));
}

#[test]
fn what_is_no_database_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    std::fs::write(
        &path,
        "not a database, but long enough to look at".repeat(40),
    )
    .unwrap();
    assert!(Store::open(&path).unwrap_err().is_damage());
    assert!(
        !Store::read(&directory.path().join("none.db"))
            .unwrap_err()
            .is_damage()
    );
}

/// The directory in which [`writes_until_it_is_killed`] writes.
const DIRECTORY: &str = "AUDITOR_TEST_HISTORY";

/// The child process of [`a_kill_at_any_moment_loses_nothing_that_was_saved`]; does nothing when run by itself.
#[test]
fn writes_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let mut store = Store::open(&Path::new(&directory).join("history.db")).unwrap();
    let mut history = store.load().unwrap();
    history.begin(at(0));
    let before = remembered(&history)
        .first()
        .map_or(0, |(_, packets, _)| *packets);
    for n in 1.. {
        // Every flow has the same number, so that a partial transaction would show.
        let flows = (1..=50).map(|port| flow(port, [n, n], 1)).collect();
        history.update(flows, at(1));
        store
            .save(&mut history, &BTreeSet::new(), None, &[], &[])
            .unwrap();
        writeln!(std::io::stdout(), "saved {}", before + n).unwrap();
    }
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_saved() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let mut most = 0;
    for kill in 0..100_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "history::tests::writes_until_it_is_killed",
                "--exact",
                "--nocapture",
            ])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let saved = |line: &str| {
            line.split_once("saved ")
                .and_then(|(_, n)| n.parse::<u64>().ok())
        };
        let first = lines.by_ref().find_map(|line| saved(&line.unwrap()));
        // Delays that differ by less than a transaction takes.
        std::thread::sleep(Duration::from_micros(kill * 211 % 10_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let told = lines
            .map_while(Result::ok)
            .filter_map(|line| saved(&line))
            .last()
            .or(first);
        let history = Store::open(&path).unwrap().load().unwrap();
        let counts: BTreeSet<u64> = remembered(&history).iter().map(|(_, n, _)| *n).collect();
        assert_eq!(counts.len(), 1, "a transaction is whole or not at all");
        let kept = counts.into_iter().next().unwrap();
        assert!(
            told.unwrap() <= kept && most <= kept,
            "{told:?} {kept} {most}"
        );
        most = kept;
    }
    assert!(100 < most);
}

#[test]
fn what_a_clock_dated_that_is_set_back_is_dated_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let mut store = Store::open(&path).unwrap();
    let mut history = History::default();
    history.begin(at(0));
    history.update(vec![flow(80, [1, 1], 1)], at(1));
    let save = |store: &mut Store, history: &mut History| {
        let saved = store.save(history, &BTreeSet::new(), None, &[], &[]);
        saved.unwrap();
    };
    save(&mut store, &mut history);
    // The clock steps an hour back, and the flow goes on.
    let mut dates = Dates::default();
    dates.step(at(10), SignedDuration::from_hours(-1));
    history.date_by(&dates);
    history.update(vec![flow(80, [2, 2], 20), flow(81, [1, 1], 20)], at(20));
    history.keep_gaps(&[Gap {
        cause: Cause::Asleep {
            length: SignedDuration::from_secs(60),
        },
        from: at(9),
        until: Some(at(11)),
    }]);
    save(&mut store, &mut history);
    // In this run nothing of it is seen in the times by which it judges.
    assert_eq!(history.flows(at(20)).len(), 2);
    assert_eq!(history.flows(at(21)).len(), 0);
    let read = store.load().unwrap();
    let flows = read.flows(Timestamp::MIN);
    assert_eq!((flows[0].first, flows[0].last), (at(-3600), at(20 - 3600)));
    let gap = &read.gaps(Timestamp::MIN)[0];
    assert_eq!((gap.from, gap.until), (at(9 - 3600), Some(at(11 - 3600))));
    let span = read.watched()[0];
    assert_eq!((span.from, span.until), (at(-3600), at(20 - 3600)));
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Runs of a watch on one database, with a clock that says what it is told.
struct Runs {
    _directory: tempfile::TempDir,
    store: Store,
    history: History,
    dates: Dates,
}

impl Runs {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&directory.path().join("history.db")).unwrap(),
            _directory: directory,
            history: History::default(),
            dates: Dates::default(),
        }
    }

    /// A run begins when the wall clock says `now`. The one before was killed after what it saved last.
    fn begin(&mut self, now: i64) {
        self.history = self.store.load().unwrap();
        self.dates = Dates::begin(at(now));
        self.history.begin(at(now));
        self.save();
    }

    /// A turn at a moment of the run at which the wall clock is so far ahead, with these flows.
    fn turn(&mut self, moment: i64, ahead: i64, flows: Vec<Flow>) {
        let ahead = SignedDuration::from_secs(ahead);
        if self.dates.ahead(at(moment)) != ahead {
            self.dates.step(at(moment), ahead);
        }
        self.history.date_by(&self.dates);
        self.history.update(flows, at(moment));
        self.save();
    }

    fn save(&mut self) {
        let saved = self
            .store
            .save(&mut self.history, &BTreeSet::new(), None, &[], &[]);
        saved.unwrap();
    }

    /// When nobody watched, in hours.
    fn unwatched(&self) -> Vec<(i64, i64)> {
        let hours = |moment: Timestamp| moment.duration_since(at(0)).as_hours();
        let gaps = self.history.gaps(Timestamp::MIN);
        gaps.iter()
            .filter(|gap| gap.cause == Cause::Unwatched && Some(gap.from) != gap.until)
            .map(|gap| (hours(gap.from), hours(gap.until.unwrap())))
            .collect()
    }
}

#[test]
fn a_clock_that_was_a_day_ahead_hides_no_later_downtime() {
    // It is ahead from the second to the third hour; the watch is killed in the fifth, and begins again in the tenth.
    let mut runs = Runs::new();
    runs.begin(0);
    runs.turn(HOUR, 0, vec![flow(80, [1, 1], HOUR)]);
    runs.turn(2 * HOUR, DAY, vec![flow(80, [2, 2], 2 * HOUR)]);
    runs.turn(3 * HOUR, 0, vec![flow(80, [2, 2], 2 * HOUR)]);
    runs.turn(5 * HOUR, 0, vec![flow(80, [2, 2], 2 * HOUR)]);
    runs.begin(10 * HOUR);
    assert_eq!(runs.unwatched(), [(5, 10)]);
    // What was seen while it was ahead was not seen later.
    assert_eq!(runs.history.flows(at(2 * HOUR)).len(), 1);
    assert_eq!(runs.history.flows(at(2 * HOUR + 1)).len(), 0);
}

#[test]
fn a_watch_that_is_killed_while_its_clock_is_ahead_has_not_watched_the_future() {
    for (again, unwatched, is_ahead) in [
        // Set back before it begins again: when it was killed is not known, only that it was after the step.
        (10 * HOUR, vec![(2, 10)], true),
        // And when that clock has come so far again, it is the same.
        (40 * HOUR, vec![(2, 26), (27, 40)], false),
    ] {
        let mut runs = Runs::new();
        runs.begin(0);
        runs.turn(HOUR, 0, vec![flow(80, [1, 1], HOUR)]);
        runs.turn(2 * HOUR, DAY, vec![flow(80, [2, 2], 2 * HOUR)]);
        runs.turn(3 * HOUR, DAY, vec![flow(80, [2, 2], 2 * HOUR)]);
        runs.begin(again);
        assert_eq!(runs.unwatched(), unwatched);
        if is_ahead {
            assert_eq!(runs.history.flows(at(2 * HOUR + 1)).len(), 0);
        }
        // It is so on disk, too: a third run, when that clock has come so far again.
        runs.turn(again + HOUR, 0, Vec::new());
        runs.begin(100 * HOUR);
        let mut all = unwatched;
        all.push(((again + HOUR) / HOUR, 100));
        assert_eq!(runs.unwatched(), all);
    }
}

#[test]
fn a_run_that_began_a_day_ahead_is_dated_right_once_its_clock_is() {
    let mut runs = Runs::new();
    runs.begin(0);
    runs.turn(HOUR, 0, Vec::new());
    // It began at two, by a clock that said two of the next day, and was set right after an hour.
    let began = 2 * HOUR + DAY;
    runs.begin(began);
    runs.turn(began + HOUR / 2, 0, vec![flow(80, [1, 1], began + 60)]);
    runs.turn(began + HOUR, -DAY, vec![flow(80, [1, 1], began + 60)]);
    runs.begin(10 * HOUR);
    assert_eq!(runs.unwatched(), [(1, 2), (3, 10)]);
    let flows = runs.history.flows(Timestamp::MIN);
    assert_eq!(flows[0].last, at(2 * HOUR + 60));
}

#[test]
fn a_clock_alone_makes_nothing_be_forgotten() {
    let bounds = Bounds {
        age: SignedDuration::from_hours(24 * 30),
        flows: 100,
        unproven: 100,
    };
    let mut runs = Runs::new();
    runs.begin(0);
    runs.turn(DAY, 0, vec![flow(80, [1, 1], DAY)]);
    // Runs of an hour that begin 90 days ahead, one after the other.
    for n in 0..10 {
        let now = 90 * DAY + n * HOUR;
        runs.begin(now);
        runs.turn(now + HOUR, 0, Vec::new());
        assert_eq!(
            runs.history.forget(bounds, &Invited::default()).keys.len(),
            0,
            "{n}"
        );
        assert_eq!(runs.history.since(), Some(at(0)));
    }
    // And one whose clock steps there while it runs.
    runs.begin(2 * DAY);
    runs.turn(2 * DAY + HOUR, 90 * DAY, Vec::new());
    assert_eq!(
        runs.history.forget(bounds, &Invited::default()).keys.len(),
        0
    );
    runs.turn(2 * DAY + 2 * HOUR, 0, Vec::new());
    assert_eq!(
        runs.history.forget(bounds, &Invited::default()).keys.len(),
        0
    );
    // After a month of watching it is, as it should be.
    for day in 3..33 {
        runs.turn(day * DAY, 0, Vec::new());
    }
    assert_eq!(
        runs.history.forget(bounds, &Invited::default()).keys.len(),
        1
    );
    // Where nobody watched for months, what was seen before is forgotten once as long again was watched.
    runs.turn(33 * DAY, 0, vec![flow(80, [2, 2], 33 * DAY)]);
    runs.begin(133 * DAY);
    runs.turn(134 * DAY, 0, Vec::new());
    assert_eq!(
        runs.history.forget(bounds, &Invited::default()).keys.len(),
        0
    );
    for day in 135..234 {
        runs.turn(day * DAY, 0, Vec::new());
    }
    assert_eq!(
        runs.history.forget(bounds, &Invited::default()).keys.len(),
        1
    );
}

#[test]
fn what_lies_wholly_in_the_future_was_seen_nobody_knows_when() {
    let mut history = History::default();
    history.begin(at(0));
    history.update(vec![flow(80, [1, 1], 5000)], at(5000));
    // As it is read again, nothing is counted any more.
    let counted = history.flows(Timestamp::MIN);
    history.retire(counted);
    history.begin(at(100));
    assert_eq!(history.flows(at(100 - 30 * DAY)).len(), 0);
    assert_eq!(history.flows(Timestamp::MIN).len(), 1);
    let unwatched = Gap {
        cause: Cause::Unwatched,
        from: at(100),
        until: Some(at(100)),
    };
    assert_eq!(history.gaps(Timestamp::MIN), [unwatched]);
    assert_eq!(history.since(), Some(at(100)));
}

#[test]
fn a_clock_that_is_a_little_off_changes_nothing() {
    let mut history = History::default();
    history.begin(at(0));
    history.update(vec![flow(80, [1, 1], 5000)], at(5000));
    let counted = history.flows(Timestamp::MIN);
    history.retire(counted);
    history.begin(at(4990));
    assert_eq!(history.since(), Some(at(0)));
    assert_eq!(history.flows(at(4990)).len(), 1);
    assert_eq!(history.flows(at(4991)).len(), 0);
}
