//! How urgent a line is, as systemd's journal takes it from the line's start (sd-daemon(3)).

use std::{borrow::Cow, env, os::fd::AsFd};

use nix::sys::stat::fstat;

/// How urgent a line is: the number of a level of syslog.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Urgency {
    /// Something must be done.
    Error = 3,
    /// Something should be looked at.
    Warning = 4,
    /// Something is worth a look.
    Notice = 5,
    /// So it goes.
    Info = 6,
    /// Only for those who ask what is done.
    Debug = 7,
}

/// The variable in which systemd says which stream is its journal, as device and inode (systemd.exec(5)).
const VARIABLE: &str = "JOURNAL_STREAM";

/// Whether what is written to a stream goes to the journal, which notes the time and the urgency of each line by itself.
pub(crate) fn is_journal(stream: impl AsFd) -> bool {
    let Ok(named) = env::var(VARIABLE) else {
        return false;
    };
    // Whoever was started by a service may have another stream.
    fstat(stream).is_ok_and(|status| named == format!("{}:{}", status.st_dev, status.st_ino))
}

/// Lines with their urgency before each.
pub(crate) fn marked(lines: &str, urgency: Urgency) -> String {
    let marked = lines
        .split_inclusive('\n')
        .map(|line| format!("<{}>{line}", urgency as u8));
    marked.collect()
}

/// Lines as a stream wants them.
pub(crate) fn for_stream(lines: &str, urgency: Urgency, stream: impl AsFd) -> Cow<'_, str> {
    if is_journal(stream) {
        Cow::Owned(marked(lines, urgency))
    } else {
        Cow::Borrowed(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::{Urgency, marked};

    #[test]
    fn each_line_is_marked() {
        assert_eq!(marked("one\ntwo", Urgency::Warning), "<4>one\n<4>two");
        assert_eq!(marked("one\n", Urgency::Error), "<3>one\n");
        assert_eq!(marked("", Urgency::Info), "");
    }
}
