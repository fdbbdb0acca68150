//! Where `auditor watch` keeps what it must not forget.

/// The report that a watch wrote last.
pub(super) const REPORT: &str = "/var/lib/auditor/report.json";
