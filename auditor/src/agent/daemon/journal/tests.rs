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
        n_said += usize::from(is_said(&history));
        drop(journal);
        // The next start finds all of it.
        let state = State::open(path, sample::at(100)).unwrap();
        assert_eq!(state.found.damage, None, "{what}");
        assert_eq!(state.found.history.flows(Timestamp::MIN), all, "{what}");
    }
    assert!(30 < n_said, "{n_said}");
}

/// Whether it is kept that what was on disk can't be used.
fn is_said(history: &History) -> bool {
    let is_damage = |cause: &Cause| matches!(cause, Cause::HistoryDamaged { .. });
    let gaps = history.gaps(Timestamp::MIN);
    gaps.iter().any(|gap| is_damage(&gap.cause))
}

#[test]
fn a_history_that_is_removed_or_replaced_while_it_is_open_is_begun_anew() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 4] = [
        ("removed", |database| {
            for file in ["", "-wal", "-shm"] {
                std::fs::remove_file(format!("{}{file}", database.display())).unwrap();
            }
        }),
        ("its log removed", |database| {
            std::fs::remove_file(format!("{}-wal", database.display())).unwrap();
        }),
        ("moved", |database| {
            std::fs::rename(database, database.with_extension("old")).unwrap();
        }),
        ("replaced", |database| {
            let other = database.with_extension("other");
            std::fs::copy(database, &other).unwrap();
            std::fs::rename(other, database).unwrap();
        }),
    ];
    for (what, harm) in harms {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let (mut journal, mut history, outbox) = begun(path);
        let waiting = ("hook".to_owned(), "{}".to_owned());
        journal.redeliver(vec![waiting.clone()]);
        journal.save(&mut history, None, &[], &outbox);
        assert!(!is_said(&history), "{what}");
        harm(&path.join(HISTORY));
        history.update(flows(20, 20), sample::at(20));
        let findings = sample::findings();
        journal.save(&mut history, Some(&findings), &sample::events(), &outbox);
        assert!(!journal.is_failing && is_said(&history), "{what}");
        assert_eq!(journal.state.store.waiting_events(), [waiting], "{what}");
        drop(journal);
        let found = State::open(path, sample::at(100)).unwrap().found;
        assert_eq!(found.damage, None, "{what}");
        assert_eq!(found.findings, findings, "{what}");
        let known = found.history.flows(Timestamp::MIN);
        assert_eq!(known, history.flows(Timestamp::MIN), "{what}");
    }
}

#[test]
fn a_history_that_somebody_writes_to_is_read_soon() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(HISTORY);
    let (mut journal, mut history, outbox) = begun(directory.path());
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in bytes
        .chunks_mut(4096)
        .flat_map(|page| page[8..2048].iter_mut())
    {
        *byte = 0xa5;
    }
    std::fs::write(&path, bytes).unwrap();
    for _turn in 0..400 {
        if is_said(&history) {
            break;
        }
        journal.save(&mut history, None, &[], &outbox);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(is_said(&history) && !journal.is_failing);
    drop(journal);
    let found = State::open(directory.path(), sample::at(100))
        .unwrap()
        .found;
    assert_eq!(found.damage, None);
    let known = found.history.flows(Timestamp::MIN);
    assert_eq!(known, history.flows(Timestamp::MIN));
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
    // Nothing is saved where it would be lost, and that is said.
    assert!(journal.is_failing);
    let other = path.join("other");
    std::fs::write(&other, "no database").unwrap();
    std::fs::rename(&other, path.join(HISTORY)).unwrap();
    for _turn in 0..2 {
        journal.save(&mut history, None, &[], &outbox);
        assert!(journal.is_failing);
    }
    // What is gone fills no disk.
    std::fs::remove_file(path.join(HISTORY)).unwrap();
    journal.save(&mut history, None, &[], &outbox);
    assert!(!journal.is_failing && path.join(HISTORY).exists());
}
