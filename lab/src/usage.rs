//! What a process takes of its machine.

use std::fs;

use anyhow::Context as _;
use nix::unistd::{Pid, SysconfVar, sysconf};

/// What a process took so far, and holds now.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Seconds of processors, the kernel's on its behalf included.
    pub processor: f64,
    /// Bytes of memory, what it shares with others counted in part (`Pss`), its maps of the kernel's tables included.
    pub memory: u64,
    /// Open files.
    pub n_files: usize,
}

impl Usage {
    /// Looks at a process.
    ///
    /// # Errors
    ///
    /// There is no such process, or it is somebody else's.
    pub fn of(pid: Pid) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
        };
        let stat = read("stat")?;
        // After the name, which is in brackets: fields 14 and 15 of proc_pid_stat(5).
        let fields = stat.rsplit_once(')').context("no process")?.1;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks = ticks.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        let a_second = sysconf(SysconfVar::CLK_TCK)?.context("no length of a tick")?;
        let maps = read("smaps_rollup")?;
        let line = maps.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kibibytes = line.map(|line| line.trim().trim_end_matches(" kB"));
        let kibibytes: u64 = kibibytes.context("no memory")?.parse()?;
        Ok(Self {
            processor: f64::from(ticks) / f64::from(i32::try_from(a_second)?),
            memory: kibibytes << 10,
            n_files: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
        })
    }
}
