//! Removes classic tc filters when the auditor has ended, even if it was killed.
//!
//! Before Linux 6.6 a tc program is not attached by a link, which the kernel would detach when the process ends: a killed
//! auditor would leave its filters behind. So a second process reads a pipe that only the auditor holds open, and at the end
//! of the pipe removes the filters that were written to it.

use std::{
    io::{self, BufRead as _, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

use nix::net::if_::if_indextoname;

use aya::programs::{
    ProgramError, TcAttachType,
    tc::{SchedClassifierLink, TcHandle},
};

/// The verb under which the auditor starts itself as a guard.
pub const VERB: &str = "guard";

/// The guard process. When this is dropped, it removes the filters and ends.
#[derive(Debug)]
pub(super) struct Guard {
    child: Child,
}

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
        })
    }

    /// Passes a filter to the guard, with the interface's index, since its name may change.
    pub(super) fn watch(
        &mut self,
        interface: u32,
        attach_type: TcAttachType,
        link: &SchedClassifierLink,
    ) -> Result<(), ProgramError> {
        let attach_type = match attach_type {
            TcAttachType::Ingress => "ingress",
            TcAttachType::Egress => "egress",
            TcAttachType::Custom(_) => return Err(ProgramError::UnexpectedProgramType),
        };
        let line = format!(
            "{interface} {attach_type} {} {}\n",
            link.priority()?,
            u32::from(link.handle()?)
        );
        let Some(pipe) = &mut self.child.stdin else {
            return Err(ProgramError::NotAttached);
        };
        pipe.write_all(line.as_bytes())
            .map_err(ProgramError::IOError)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The guard ends once the pipe is closed; if waiting for it fails, nothing can be done.
        let _ended = self.child.wait();
    }
}

/// Runs as the guard: reads filters from standard input, and removes them at the end of input.
///
/// # Errors
///
/// Standard input can't be read, or has a line that names no filter.
pub fn run() -> io::Result<()> {
    let mut filters = Vec::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let Some(filter) = filter(&line) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{line}` names no filter"),
            ));
        };
        filters.push(filter);
    }
    for (interface, attach_type, priority, handle) in filters {
        // The filters of an interface that is gone are gone too, as are those of an auditor that ended normally.
        let Ok(name) = if_indextoname(interface) else {
            continue;
        };
        let attached = SchedClassifierLink::attached(
            &name.to_string_lossy(),
            attach_type,
            priority,
            handle,
            None,
        );
        if let Ok(link) = attached {
            let _gone = aya::programs::links::Link::detach(link);
        }
    }
    Ok(())
}

fn filter(line: &str) -> Option<(u32, TcAttachType, u16, TcHandle)> {
    let mut words = line.split(' ');
    let interface = words.next()?.parse().ok()?;
    let attach_type = match words.next()? {
        "ingress" => TcAttachType::Ingress,
        "egress" => TcAttachType::Egress,
        _ => return None,
    };
    let priority = words.next()?.parse().ok()?;
    let handle: u32 = words.next()?.parse().ok()?;
    Some((interface, attach_type, priority, handle.into()))
}
