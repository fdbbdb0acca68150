//! Removes classic tc filters when the auditor has ended, even if it was killed.
//!
//! Before Linux 6.6 a tc program is not attached by a link, which the kernel would detach when the process ends: a killed
//! auditor would leave its filters behind. So a second process reads a pipe that only the auditor holds open, and at the end
//! of the pipe removes the filters that run the programs that were written to it. A filter that took the place of ours
//! meanwhile runs another program, and stays.

use std::{
    collections::BTreeSet,
    io::{self, BufRead as _, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

use auditor_common::Direction;

use super::filter;

/// The verb under which the auditor starts itself as a guard.
pub const VERB: &str = "guard";

/// The guard process. When this is dropped, it removes the filters and ends.
#[derive(Debug)]
pub(super) struct Guard {
    child: Child,
    /// What was written to it.
    watched: BTreeSet<Guarded>,
}

/// A place, by the interface's index, since its name may change; and the id of the program to remove from there.
type Guarded = (u32, Direction, u32);

impl Guard {
    /// Starts the guard in a process group of its own, so that the terminal's signals do not reach it.
    pub(super) fn start() -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(VERB)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0);
        Ok(Self {
            child: command.spawn()?,
            watched: BTreeSet::new(),
        })
    }

    /// Has a program's filters removed from an interface at the end.
    pub(super) fn watch(
        &mut self,
        interface: u32,
        direction: Direction,
        program: u32,
    ) -> io::Result<()> {
        if !self.watched.insert((interface, direction, program)) {
            return Ok(());
        }
        let direction = match direction {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        };
        let line = format!("{interface} {direction} {program}\n");
        let Some(pipe) = &mut self.child.stdin else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        pipe.write_all(line.as_bytes())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The guard ends once the pipe is closed; if waiting for it fails, nothing can be done.
        let _ended = self.child.wait();
    }
}

/// Runs as the guard: reads what to remove from standard input, and removes it at the end of input.
///
/// # Errors
///
/// Standard input can't be read, or has a line that names no filter.
pub fn run() -> io::Result<()> {
    let mut all = Vec::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let Some(guarded) = guarded(&line) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{line}` names no filter"),
            ));
        };
        all.push(guarded);
    }
    for (interface, direction, program) in all {
        // The filters of an interface that is gone are gone too, as are those of an auditor that ended normally.
        let _gone = filter::remove(interface, direction, program);
    }
    Ok(())
}

fn guarded(line: &str) -> Option<Guarded> {
    let mut words = line.split(' ');
    let interface = words.next()?.parse().ok()?;
    let direction = match words.next()? {
        "ingress" => Direction::Ingress,
        "egress" => Direction::Egress,
        _ => return None,
    };
    Some((interface, direction, words.next()?.parse().ok()?))
}
