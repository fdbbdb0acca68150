//! Words for what numbers count.

use crate::document::prose::words::Word;

/// Whether a word is a unit or a thing that pages about ports count.
pub(in crate::document::prose) fn is_counted(word: &Word<'_>) -> bool {
    if word.text == "%" {
        return true;
    }
    let singular = word.lower.strip_suffix('s').unwrap_or(&word.lower);
    matches!(
        singular,
        "gb" | "gbe"
            | "gbit"
            | "mbit"
            | "gigabit"
            | "iop"
            | "mb"
            | "kb"
            | "tb"
            | "gib"
            | "mib"
            | "gbp"
            | "mbp"
            | "cpu"
            | "vcpu"
            | "core"
            | "ghz"
            | "mhz"
            | "percent"
            | "node"
            | "server"
            | "host"
            | "machine"
            | "instance"
            | "second"
            | "minute"
            | "hour"
            | "day"
            | "week"
            | "month"
            | "year"
            | "time"
            | "byte"
            | "bit"
            | "m"
            | "sec"
            | "min"
            | "user"
            | "port"
            | "disk"
            | "replica"
            | "more"
            | "other"
            | "gigabyte"
            | "megabyte"
            | "connection"
            | "thread"
            | "worker"
    )
}
