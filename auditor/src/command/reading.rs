//! Reports that earlier audits wrote, for the verbs that read them.

use std::{io::Read as _, path::Path};

use anyhow::{Context as _, bail};

use crate::{
    fleet::schema::{self, FleetReport},
    output::say,
    report::{
        Report,
        digest::{self, DigestError},
        schema::SCHEMA_VERSION,
    },
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
    if let Err(problem @ DigestError::Altered { .. }) = digest::check(text) {
        say(&format!("auditor: do not rely on {name}: {problem}"));
    }
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
    serde_json::from_value(value).with_context(|| format!("{name} is no report"))
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
    use super::text;

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
