//! What a packet may cost beside the floors of the same run: processors differ, so a goal is a ratio.

use crate::{OURS, PROGRAMS, Row};

/// What a load may cost at most.
struct Goal {
    load: &'static str,
    /// The hooks that it holds for: what their names start with.
    hook: &'static str,
    beside: Beside,
    ratio: f64,
}

/// What a load's cost is held against.
#[derive(Clone, Copy)]
enum Beside {
    /// The same load with one of the other programs, by its place among them.
    Program(usize),
    /// Another load with our program.
    Load(&'static str),
}

const LINE: Beside = Beside::Program(2);
const HASH: Beside = Beside::Program(3);

const GOALS: [Goal; 9] = [
    goal("one TCP flow", "", HASH, 0.5),
    goal("its server unknown", "", Beside::Load("one TCP flow"), 1.3),
    goal("1,000 peers", "", HASH, 0.5),
    goal("100,000 peers", "", LINE, 2.0),
    goal("more than buckets", "", HASH, 1.0),
    // What comes in may be anybody's, and is soon counted by port alone; what leaves is kept as long as there is room.
    goal("flood of SYNs", "xdp in", HASH, 0.2),
    goal("flood of SYNs", "tc in", HASH, 0.2),
    goal("flood of SYNs", "tc out", HASH, 1.0),
    // 60 ns where such a hash costs 350.
    goal("100,000 new a second", "tc out", HASH, 0.17),
];

/// The figures of one run differ from the next one's by as much where nothing else runs: by this part of them, and by these
/// nanoseconds.
const NOISE: f64 = 0.15;
const CLOCK: f64 = 2.0;

const fn goal(load: &'static str, hook: &'static str, beside: Beside, ratio: f64) -> Goal {
    Goal {
        load,
        hook,
        beside,
        ratio,
    }
}

/// Prints which goals the rows of a hook reach; returns how many they miss by more than noise. Only IPv4 has floors.
pub(crate) fn missed(hook: &str, rows: &[Row]) -> usize {
    let figures = |load: &str| {
        rows.iter()
            .find(|(name, _)| name == load)
            .map(|(_, row)| row)
    };
    let mut n_missed = 0;
    for goal in GOALS.iter().filter(|goal| hook.starts_with(goal.hook)) {
        let Some(row) = figures(goal.load) else {
            continue;
        };
        let (floor, name) = match goal.beside {
            Beside::Program(index) => (Some(row[index]), PROGRAMS[index]),
            Beside::Load(load) => (figures(load).map(|row| row[OURS]), load),
        };
        let Some(floor) = floor else { continue };
        let most = floor * goal.ratio;
        let is_missed = most * (1.0 + NOISE) + CLOCK < row[OURS];
        n_missed += usize::from(is_missed);
        println!(
            "{} {hook}, {}: {:.1} ns, {:.2} of {name}, at most {:.2}",
            if is_missed { "MISSED " } else { "reached" },
            goal.load,
            row[OURS],
            row[OURS] / floor.max(1.0),
            goal.ratio
        );
    }
    println!();
    n_missed
}
