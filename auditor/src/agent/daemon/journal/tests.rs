use std::{collections::BTreeSet, path::Path};

use jiff::Timestamp;

use super::Journal;
use crate::{
    agent::{
        checker,
        http::Published,
        outbox::Outbox,
        state::{HISTORY, State},
        threads::ThreadSpawner,
    },
    history::{History, damages::damage, sample},
    observed::{Cause, Flow},
    random::Random,
};

const FLOWS: u16 = 60;

/// A watch's state and memory, after a turn of its second run: what the first one saved is no longer in the log alone.
fn begun(directory: &Path) -> (Journal, History, Outbox) {
    let threads = ThreadSpawner::begin();
    let mut state = State::open(directory, sample::at(0)).unwrap();
    let mut history = History::default();
    history.begin(sample::at(0));
    history.update(flows(9, 5), sample::at(5));
    let none = BTreeSet::new();
    let (findings, events) = (sample::findings(), sample::events());
    let saved = state
        .store
        .save(&mut history, &none, Some(&findings), &events, &[]);
    saved.unwrap();
    drop(state);
    let mut state = State::open(directory, sample::at(6)).unwrap();
    let mut history = std::mem::take(&mut state.found).history;
    history.begin(sample::at(6));
    let outbox = Outbox::begin(
        &threads,
        &[],
        &state.database(),
        "host",
        &Published::default(),
    );
    let mut journal = Journal::new(&threads, state, Vec::new());
    journal.save(&mut history, None, &[], &outbox);
    assert!(!journal.is_failing);
    (journal, history, outbox)
}

/// Flows of this many packets each, the last of them at `last`.
fn flows(packets: u64, last: i64) -> Vec<Flow> {
    (1..=FLOWS)
        .map(|port| sample::flow(port, [packets, packets], last))
        .collect()
}

#[test]
fn whatever_happens_to_a_history_that_is_open_the_watch_goes_on_and_loses_nothing() {
    let mut n_said = 0;
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let (mut journal, mut history, outbox) = begun(path);
        let how = damage(&mut random, &path.join(HISTORY), true);
        let what = format!("seed {seed}: {how}");
        for turn in 1..=3 {
            let now = 10 * turn;
            let seen = u64::try_from(now).unwrap();
            history.update(flows(seen, now), sample::at(now));
            journal.save(
                &mut history,
                Some(&sample::findings()),
                &sample::events(),
                &outbox,
            );
            // As it is done every hour.
            checker::check(&path.join(HISTORY), &journal.checker.damage);
        }
        assert!(!journal.is_failing, "{what}");
        let all = history.flows(Timestamp::MIN);
        assert_eq!(all.len(), usize::from(FLOWS), "{what}");
        let is_gap = |cause: &Cause| matches!(cause, Cause::HistoryDamaged { .. });
        let is_said = history
            .gaps(Timestamp::MIN)
            .iter()
            .any(|gap| is_gap(&gap.cause));
        n_said += usize::from(is_said);
        drop(journal);
        // The next start finds all of it.
        let state = State::open(path, sample::at(100)).unwrap();
        assert_eq!(state.found.damage, None, "{what}");
        assert_eq!(state.found.history.flows(Timestamp::MIN), all, "{what}");
    }
    assert!(30 < n_said, "{n_said}");
}

#[test]
fn a_disk_that_goes_on_damaging_is_not_filled() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (mut journal, mut history, outbox) = begun(path);
    let damaged = |journal: &mut Journal, history: &mut History| {
        std::fs::write(path.join(HISTORY), "no database").unwrap();
        checker::check(&path.join(HISTORY), &journal.checker.damage);
        journal.save(history, None, &[], &outbox);
        let gaps = history.gaps(Timestamp::MIN);
        let is_damage = |cause: &Cause| matches!(cause, Cause::HistoryDamaged { .. });
        let files = std::fs::read_dir(path).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let n_aside = names.filter(|name| name.contains(".damaged-") && !name.contains("-wal"));
        let n_aside = n_aside.filter(|name| !name.contains("-shm")).count();
        (
            gaps.iter().filter(|gap| is_damage(&gap.cause)).count(),
            n_aside,
        )
    };
    assert_eq!(damaged(&mut journal, &mut history), (1, 1));
    assert_eq!(damaged(&mut journal, &mut history), (1, 1));
}
