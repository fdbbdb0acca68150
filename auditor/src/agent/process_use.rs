//! What this process takes of the machine, as procfs says it.

use std::fs;

use super::clock;
use crate::sink::metrics::ProcessUse;

/// Of a second, as procfs counts them: the same on every machine that Linux runs on (time(7), `USER_HZ`).
const TICKS: u32 = 100;

/// What it takes now; what procfs does not show is 0.
pub(crate) fn look() -> ProcessUse {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let status = read("/proc/self/status");
    let limits = read("/proc/self/limits");
    let kibibytes = |name: &str| number(&status, name).saturating_mul(1024);
    ProcessUse {
        processor_seconds: clock::process_time().as_secs_f64(),
        resident_bytes: kibibytes("VmRSS:"),
        virtual_bytes: kibibytes("VmSize:"),
        threads: number(&status, "Threads:"),
        open_files: fs::read_dir("/proc/self/fd").map_or(0, |entries| {
            // The directory itself is open meanwhile.
            u64::try_from(entries.count())
                .unwrap_or_default()
                .saturating_sub(1)
        }),
        most_files: number(&limits, "Max open files"),
        started: started(&read("/proc/self/stat"), &read("/proc/stat")),
    }
}

/// The first number of the line that starts so; 0 if there is none.
fn number(text: &str, start: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(start));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// When a process was started, in seconds since 1970 (proc(5): the 22nd field, in ticks since the system was).
fn started(process: &str, system: &str) -> f64 {
    // Its name, the second field, may have blanks and brackets in it.
    let after_name = process.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = after_name
        .split(' ')
        .nth(19)
        .and_then(|text| text.parse::<u32>().ok());
    let seconds = f64::from(ticks.unwrap_or_default()) / f64::from(TICKS);
    let booted = u32::try_from(number(system, "btime")).unwrap_or_default();
    f64::from(booted) + seconds
}

#[cfg(test)]
mod tests {
    use super::{look, started};

    #[test]
    fn a_process_takes_something() {
        let taken = look();
        assert!(0.0 < taken.processor_seconds);
        assert!(1 << 20 < taken.resident_bytes && taken.resident_bytes < taken.virtual_bytes);
        assert!(1 <= taken.threads && 3 <= taken.open_files);
        assert!(taken.open_files <= taken.most_files);
    }

    #[test]
    fn a_name_may_look_like_fields() {
        let process = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 250 1 1";
        let system = "cpu 1 2\nbtime 1000\n";
        assert!((started(process, system) - 1002.5).abs() < 0.001);
    }
}
