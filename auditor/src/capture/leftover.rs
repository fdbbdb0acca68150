//! Filters that an auditor left behind, since it was killed together with the guard that would have removed them.
//!
//! TCX links and XDP programs are attached by descriptors, so the kernel detaches them with the last process that has them.
//! A filter of a clsact qdisc stays. It is one of ours and nobody's only if all of this holds: its program has the name and
//! the tag (the kernel's hash of its instructions) of one of ours, no process has it open, and its clock, which every auditor
//! sets ten times a second, stands still. Whatever can't be read makes it somebody's.

use std::{collections::BTreeSet, fmt, io, mem::offset_of, sync::atomic::Ordering, time::Duration};

use auditor_common::{
    Direction,
    flow::{Half, Header, State},
};
use aya::{
    maps::{MapData, MapInfo},
    programs::{ProgramInfo, loaded_programs},
};

use super::{filter, foreign, interface::Interface, memory::Memory};

/// How long a clock must stand still: far longer than an auditor takes for a turn.
const STILL: Duration = Duration::from_secs(3);

/// What a program is told by: its name and its tag.
pub(super) type Identity = (String, String);

/// A filter that an auditor left behind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leftover {
    /// The interface's name.
    pub interface: String,
    index: u32,
    direction: Direction,
    program: u32,
    name: String,
}

impl Leftover {
    /// Removes the filter, and no other.
    ///
    /// # Errors
    ///
    /// The kernel does not reply, or returns an error.
    pub fn remove(&self) -> io::Result<()> {
        filter::remove(self.index, self.direction, self.program)
    }
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.direction {
            Direction::Ingress => "in",
            Direction::Egress => "out",
        };
        write!(
            f,
            "filter {} (program {}) of {}, {way}",
            self.name, self.program, self.interface
        )
    }
}

/// What a program is told by.
pub(super) fn identity(program: &ProgramInfo) -> Identity {
    let name = program.name_as_str().unwrap_or_default().to_owned();
    (name, foreign::tag(program))
}

/// Finds the filters on these interfaces that run programs like ours and are nobody's.
///
/// # Errors
///
/// The kernel does not list filters.
pub(super) fn find(
    interfaces: &[Interface],
    own: &BTreeSet<Identity>,
) -> io::Result<Vec<Leftover>> {
    let mut found = Vec::new();
    for interface in interfaces {
        for direction in Direction::ALL {
            for filter in filter::list(interface.index, direction)? {
                let (Some(program), Some(name), Some(tag)) =
                    (filter.program, filter.name, filter.tag)
                else {
                    continue;
                };
                if own.contains(&(name.clone(), tag)) {
                    found.push(Leftover {
                        interface: interface.name.clone(),
                        index: interface.index,
                        direction,
                        program,
                        name,
                    });
                }
            }
        }
    }
    found.retain(|one| !foreign::is_held(one.program));
    let mut still: Vec<(Leftover, ProgramClock, u64)> = found
        .into_iter()
        .filter_map(|one| {
            let clock = ProgramClock::of(one.program, own)?;
            let epoch = clock.epoch()?;
            Some((one, clock, epoch))
        })
        .collect();
    if !still.is_empty() {
        std::thread::sleep(STILL);
    }
    // Who was started meanwhile is found as well.
    still.retain(|(one, clock, epoch)| {
        clock.epoch() == Some(*epoch) && !foreign::is_held(one.program)
    });
    Ok(still.into_iter().map(|(one, ..)| one).collect())
}

/// The clock of a loaded program, which whoever runs it sets.
struct ProgramClock(Memory<State>);

impl ProgramClock {
    /// That of a program which by the kernel's own word is one of ours.
    fn of(program: u32, own: &BTreeSet<Identity>) -> Option<Self> {
        let program = loaded_programs()
            .map_while(Result::ok)
            .find(|one| one.id() == program)?;
        if !own.contains(&identity(&program)) {
            return None;
        }
        let maps = program.map_ids().ok()??;
        let map = maps.into_iter().find(|map| {
            MapInfo::from_id(*map).is_ok_and(|info| info.name_as_str() == Some("STATE"))
        })?;
        let map = MapData::from_id(map).ok()?;
        Memory::map(map.fd(), 1).ok().map(Self)
    }

    fn epoch(&self) -> Option<u64> {
        let half = offset_of!(State, headers) + offset_of!(Header, halves);
        let word = self.0.word(0, half + offset_of!(Half, epoch))?;
        Some(word.load(Ordering::Relaxed))
    }
}
