//! Reports that earlier audits wrote, for the verbs that read them.

use std::{io::Read as _, path::Path};

use anyhow::{Context as _, bail};

use crate::{
    fleet::schema::{self, FleetReport},
    output::say,
    report::{Report, consistency, digest, schema::SCHEMA_VERSION},
};

/// Reads a file, or standard input if it is `-`, as it is.
pub(super) fn raw(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a file, or standard input if it is `-`. A byte order mark, which editors on Windows write, is no part of the text
/// (RFC 3629, section 6).
pub(super) fn text(path: &Path) -> anyhow::Result<String> {
    let mut text = raw(path)?;
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    Ok(text)
}

const MARK: char = '\u{feff}';

/// Reads a report.
pub(super) fn report(path: &Path) -> anyhow::Result<Report> {
    parse(path, &text(path)?)
}

/// Reads the text of a report; `path` is named in errors.
pub(crate) fn parse(path: &Path, text: &str) -> anyhow::Result<Report> {
    let name = path.display();
    let value: serde_json::Value = serde_json::from_str(text).with_context(|| {
        format!("{name} is no report: expected the JSON that `auditor audit --json` writes")
    })?;
    match value
        .get("schema_version")
        .and_then(serde_json::Value::as_u64)
    {
        Some(version) if version == u64::from(SCHEMA_VERSION) => {}
        Some(version) => bail!(
            "{name} is a report of version {version}, and this auditor reads version {SCHEMA_VERSION}: use the auditor that wrote it"
        ),
        None => bail!("{name} is no report: it has no schema_version"),
    }
    let report = serde_json::from_value(value).with_context(|| format!("{name} is no report"))?;
    if let Some(doubt) = doubt(text, &report) {
        say(&format!("auditor: do not rely on {name}: {doubt}"));
    }
    Ok(report)
}

/// Why a report may not be what an auditor wrote. Whoever alters one may take its digest off as well, or make it anew.
fn doubt(text: &str, report: &Report) -> Option<String> {
    match digest::check(text) {
        Err(problem) => Some(problem.to_string()),
        Ok(_) => consistency::check(report)
            .err()
            .map(|problem| problem.to_string()),
    }
}

/// Reads the text of a fleet's report; `None` if it is something else.
pub(super) fn fleet(path: &Path, text: &str) -> anyhow::Result<Option<FleetReport>> {
    let name = path.display();
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return Ok(None);
    };
    // A host's report has one host.
    if value.get("hosts").is_none() {
        return Ok(None);
    }
    let version = value.get("schema_version");
    match version.and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(schema::SCHEMA_VERSION) => {}
        Some(version) => bail!(
            "{name} is a fleet's report of version {version}, and this auditor reads version {}: use the auditor that wrote it",
            schema::SCHEMA_VERSION
        ),
        None => bail!("{name} is no report: it has no schema_version"),
    }
    let report = serde_json::from_value(value);
    report
        .map(Some)
        .with_context(|| format!("{name} is no report of a fleet"))
}

#[cfg(test)]
mod tests {
    use super::{doubt, text};
    use crate::report::tests::report;

    #[test]
    fn what_was_altered_in_whatever_way_is_said() {
        let mut report = report();
        let whole = report.to_json().unwrap();
        assert_eq!(doubt(&whole, &report), None);
        let (content, digest) = whole.rsplit_once(",\n  \"digest\"").unwrap();
        for altered in [
            whole.replace("10.0.0.1", "10.0.0.2"),
            format!("{whole} "),
            format!("{whole}\n"),
            whole.trim_end().to_owned(),
            format!("{content}\n}}\n"),
            format!(
                "{{\n  \"digest\"{},{}",
                digest.trim_end_matches("\n}\n"),
                content.strip_prefix('{').unwrap()
            ),
        ] {
            assert!(doubt(&altered, &report).is_some(), "{altered}");
        }
        // With its digest made anew it contradicts itself.
        report.summary.violations += 1;
        let said = doubt(&report.to_json().unwrap(), &report);
        assert!(said.is_some_and(|said| said.contains("contradicts itself")));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hosts.ini");
        for (bytes, expected) in [
            ("\u{feff}[web]\n", "[web]\n"),
            ("[web]\n", "[web]\n"),
            ("", ""),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(text(&path).unwrap(), expected);
        }
    }
}
