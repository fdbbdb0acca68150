use std::{collections::BTreeSet, fs, path::Path};

use jiff::Timestamp;

use super::{HISTORY, State};
use crate::{
    alert::{Event, EventJson, OpenFinding},
    history::{History, damages::damage, sample},
    observed::Flow,
    random::Random,
};

const DAMAGES: u64 = 200;

/// A state as a watch leaves it: with flows, times, gaps, findings, and events, some of which wait. Returns what it holds.
fn full(directory: &Path, is_killed: bool) -> (Vec<Flow>, Vec<OpenFinding>, Vec<String>) {
    let mut state = State::open(directory, sample::at(0)).unwrap();
    let mut history = History::default();
    history.begin(sample::at(0));
    history.update(
        (1..=60).map(|port| sample::flow(port, [9, 9], 5)).collect(),
        sample::at(10),
    );
    history.keep_gaps(&sample::gaps());
    let (findings, events) = (sample::findings(), sample::events());
    let json = |event: &Event| serde_json::to_string(&EventJson::from(event)).unwrap();
    let waiting: Vec<(String, String)> = (0..40)
        .flat_map(|_| events.iter().map(json))
        .map(|text| ("hook".to_owned(), text))
        .collect();
    let texts = waiting.iter().map(|(_, text)| text.clone()).collect();
    state
        .store
        .save(
            &mut history,
            &BTreeSet::new(),
            Some(&findings),
            &events,
            &waiting,
        )
        .unwrap();
    let flows = history.flows(Timestamp::MIN);
    if is_killed {
        // As a kill leaves it: the log beside it holds what was committed.
        let copy = directory.join("copy");
        fs::create_dir(&copy).unwrap();
        let names = [HISTORY.to_owned(), format!("{HISTORY}-wal")];
        for name in &names {
            fs::copy(directory.join(name), copy.join(name)).unwrap();
        }
        drop(state);
        for name in &names {
            fs::rename(copy.join(name), directory.join(name)).unwrap();
        }
        fs::remove_dir(copy).unwrap();
    }
    (flows, findings.to_vec(), texts)
}

fn set_aside(directory: &Path) -> usize {
    let names = fs::read_dir(directory).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("history.db.damaged-"))
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .count()
}

#[test]
fn whatever_happens_to_a_history_on_disk_a_watch_begins_and_believes_nothing_that_was_not_written()
{
    let (mut n_aside, mut n_salvaged) = (0, 0);
    for seed in 0..DAMAGES {
        let mut random = Random::new(seed);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let is_killed = random.chance(0.3);
        let (flows, findings, waiting) = full(path, is_killed);
        let how = damage(&mut random, &path.join(HISTORY), false);
        let what = format!("seed {seed}, killed: {is_killed}: {how}");
        let mut state = State::open(path, sample::at(100))
            .map_err(|error| format!("{what}: {error:#}"))
            .unwrap();
        let found = std::mem::take(&mut state.found);
        // What is believed is what was written: all of it, or what a log that was lost had not yet brought.
        for flow in found.history.flows(Timestamp::MIN) {
            assert!(flows.contains(&flow), "{what}: {flow:?}");
        }
        assert!(
            found.findings.iter().all(|one| findings.contains(one)),
            "{what}"
        );
        assert!(
            found
                .salvaged
                .iter()
                .all(|(_, text)| waiting.contains(text)),
            "{what}"
        );
        n_salvaged += usize::from(!found.salvaged.is_empty());
        // It is said and kept, or it is as it was.
        let is_aside = found.damage.is_some();
        assert_eq!(set_aside(path), usize::from(is_aside), "{what}");
        n_aside += usize::from(is_aside);
        if !is_aside && !is_killed {
            assert_eq!(found.history.len(), flows.len(), "{what}");
            assert_eq!(found.findings, findings, "{what}");
        }
        // And it goes on: what is saved now is there the next time.
        let mut history = found.history;
        history.begin(sample::at(100));
        history.update(vec![sample::flow(999, [1, 1], 101)], sample::at(101));
        let none = BTreeSet::new();
        state
            .store
            .save(&mut history, &none, Some(&findings), &sample::events(), &[])
            .map_err(|error| format!("{what}: {error}"))
            .unwrap();
        drop(state);
        let state = State::open(path, sample::at(200)).unwrap();
        assert_eq!(state.found.damage, None, "{what}");
        assert_eq!(
            state.found.history.flows(Timestamp::MIN),
            history.flows(Timestamp::MIN),
            "{what}"
        );
    }
    // The generator does what it is for.
    assert!(
        100 < n_aside && 20 < n_salvaged,
        "{n_aside} set aside, {n_salvaged} salvaged"
    );
}

#[test]
fn an_earlier_one_that_was_set_aside_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for n_before in 0..3 {
        assert_eq!(set_aside(path), n_before);
        fs::write(path.join(HISTORY), "no database ".repeat(n_before + 1)).unwrap();
        let state = State::open(path, sample::at(7)).unwrap();
        assert!(state.found.damage.is_some());
    }
    assert_eq!(set_aside(path), 3);
    // One that was emptied is said, too: it was there.
    fs::write(path.join(HISTORY), "").unwrap();
    let state = State::open(path, sample::at(7)).unwrap();
    assert!(state.found.damage.unwrap().ends_with("it was empty"));
    assert_eq!(set_aside(path), 4);
}

#[test]
fn a_history_is_set_aside_only_once_another_can_take_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (_flows, _findings, waiting) = full(path, false);
    let mut state = State::open(path, sample::at(7)).unwrap();
    // Nothing can be made, as on a full disk.
    let new = path.join("history.db.new");
    fs::create_dir(&new).unwrap();
    for _turn in 0..2 {
        assert!(state.begin_anew("damaged", sample::at(8)).is_err());
        assert!(state.replace_lost("lost", sample::at(8)).is_err());
    }
    assert_eq!(set_aside(path), 0);
    fs::remove_dir(&new).unwrap();
    // What is left of one that was not finished is in nobody's way.
    fs::write(&new, "no database").unwrap();
    let salvaged = state.begin_anew("damaged", sample::at(8)).unwrap();
    let texts: Vec<String> = salvaged.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, waiting);
    assert_eq!(set_aside(path), 1);
    assert!(!new.exists());
    drop(state);
    let found = State::open(path, sample::at(9)).unwrap().found;
    assert_eq!(found.damage, None);
    assert!(found.history.flows(Timestamp::MIN).is_empty());
}
