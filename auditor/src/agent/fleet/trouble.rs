//! What a person should know of a host of a fleet, as a finding.

use crate::{
    alert::{Finding, HostTrouble, Subject, Verdict},
    fleet::schema::{Host, Voice},
    report::schema::Severity,
};

/// The finding on a host, if there is one.
pub(super) fn finding(host: &Host) -> Option<(Subject, Finding)> {
    if host.severity < Severity::Warning {
        return None;
    }
    let trouble = match host.voice {
        Voice::Silent => HostTrouble::Silent,
        Voice::Twofold => HostTrouble::Twofold,
        Voice::Speaking => HostTrouble::Odd,
    };
    let finding = Finding {
        verdict: Verdict::Host(trouble),
        severity: host.severity,
        text: host.remarks.join("; "),
    };
    Some((Subject::Host(host.name.clone()), finding))
}
