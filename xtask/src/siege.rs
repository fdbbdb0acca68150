//! The auditor under attack: floods, scans and forged packets in namespaces, each for a few seconds, what goes wrong around it, and
//! what that costs.
//!
//! Nothing leaves the namespaces, and everything ends by itself.

mod attack;
mod besieged;
mod host;
mod trouble;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Args;

use self::{
    attack::ATTACKS,
    besieged::{ASKED, Figures},
    trouble::{Outcome, TROUBLES},
};
use crate::shell::{self, cargo, is_root, print, root, say};

#[derive(Args, Debug)]
pub(crate) struct Siege {
    /// Only the attacks and troubles whose name holds this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// An auditor that is built already; without it, a release is built from here
    #[arg(long, value_name = "PROGRAM")]
    auditor: Option<PathBuf>,
    /// How many seconds attacks go on after the intrusion
    #[arg(long, value_name = "SECONDS", default_value_t = 8)]
    seconds: u64,
    /// Write the tables into docs/security.md
    #[arg(long, conflicts_with_all = ["only", "seconds"])]
    write: bool,
}

/// The page with the tables, from the workspace's directory, and the lines that the tables stand between.
const PAGE: &str = "docs/security.md";
const BEGIN: &str = "<!-- figures of `cargo xtask siege --write` -->\n";
const END: &str = "<!-- end of figures -->\n";

/// What is promised, with default settings.
const MOST_RESIDENT: u64 = 150 << 20;
const MOST_REPORT: u64 = 10 << 20;
const MOST_DATABASE: u64 = 20 << 20;
const FEWEST_DRAINS: f64 = 0.9;
/// Two turns of a second, and what it takes to ask.
const LONGEST: Duration = Duration::from_secs(3);
/// The events of an attack and of the two intrusions beside it.
const MOST_TOLD: usize = 60;

pub(crate) fn run(siege: &Siege) -> anyhow::Result<()> {
    if !is_root() {
        bail!(
            "the siege makes network namespaces and loads programs into the kernel, so it needs root; run it with: \
             sudo -E env \"PATH=$PATH\" cargo xtask siege"
        );
    }
    let auditor = if let Some(auditor) = &siege.auditor {
        auditor
            .canonicalize()
            .with_context(|| format!("cannot find {}", auditor.display()))?
    } else {
        say("siege: building");
        shell::run(cargo().args(["build", "--quiet", "--release", "--package", "auditor"]))?;
        root().join("target/release/auditor")
    };
    let (table, mut misses) = attack(&auditor, siege)?;
    let (troubles, more) = trouble(&auditor, siege)?;
    misses.extend(more);
    let table = format!("{table}\n{troubles}");
    print(&table);
    if siege.write {
        write_into_page(&table)?;
    }
    for miss in &misses {
        print(&format!("missed: {miss}"));
    }
    if !misses.is_empty() {
        bail!("{} bounds were missed", misses.len());
    }
    Ok(())
}

/// What attacks cost, as a table, and where a bound was missed.
fn attack(auditor: &Path, siege: &Siege) -> anyhow::Result<(String, Vec<String>)> {
    let mut table = String::from(
        "| attack | sent | counted / card | events | intrusion told after | own traffic told after | rules judged as before | memory | processor | drains a second | report | database |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut misses = Vec::new();
    let wanted = siege.only.as_deref().unwrap_or_default();
    let after = Duration::from_secs(siege.seconds);
    for attack in ATTACKS.iter().filter(|one| one.name.contains(wanted)) {
        say(&format!("siege: {}", attack.name));
        let figures = besieged::withstand(auditor, attack, after)
            .with_context(|| format!("under {}", attack.name))?;
        add_row(&mut table, attack.name, &figures);
        let missed = missed(&figures).into_iter();
        misses.extend(missed.map(|miss| format!("{}: {miss}", attack.name)));
    }
    Ok((table, misses))
}

/// What came of what goes wrong, as a table, and what should not have.
fn trouble(auditor: &Path, siege: &Siege) -> anyhow::Result<(String, Vec<String>)> {
    let mut table = String::from(
        "| what goes wrong | what came of it | intrusions told after | memory |\n| --- | --- | --- | --- |\n",
    );
    let mut misses = Vec::new();
    let wanted = siege.only.as_deref().unwrap_or_default();
    for trouble in TROUBLES.iter().filter(|one| one.name.contains(wanted)) {
        say(&format!("siege: {}", trouble.name));
        let Outcome {
            found,
            told_after,
            resident,
            misses: mut missed,
        } = trouble
            .run(auditor)
            .with_context(|| format!("where {}", trouble.name))?;
        if is_late(told_after) {
            missed.push(format!("an intrusion was told after {told_after:?}"));
        }
        if MOST_RESIDENT < resident {
            missed.push(format!("{resident} bytes in memory"));
        }
        writeln!(
            table,
            "| {} | {found} | {} | {} |",
            trouble.name,
            seconds(told_after),
            mebibytes(resident)
        )?;
        misses.extend(
            missed
                .into_iter()
                .map(|miss| format!("{}: {miss}", trouble.name)),
        );
    }
    Ok((table, misses))
}

fn seconds(after: Option<Duration>) -> String {
    after.map_or_else(
        || "never".to_owned(),
        |it| format!("{:.1} s", it.as_secs_f64()),
    )
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

fn is_late(after: Option<Duration>) -> bool {
    after.is_none_or(|after| LONGEST < after)
}

fn add_row(table: &mut String, name: &str, figures: &Figures) {
    // Writing to a string does not fail.
    let _written = writeln!(
        table,
        "| {name} | {} | {} / {} | {} | {} | {} | {} of {} | {} | {:.0}% | {:.2} | {} | {} |",
        figures.n_sent,
        figures.n_counted,
        figures.n_received,
        figures.n_told,
        seconds(figures.intrusion_after),
        seconds(figures.own_after),
        figures.n_judged,
        ASKED.len(),
        mebibytes(figures.resident),
        figures.processor * 100.0,
        figures.drains,
        mebibytes(figures.report),
        mebibytes(figures.database),
    );
}

/// What was promised and did not hold.
fn missed(figures: &Figures) -> Vec<String> {
    let checks = [
        (
            figures.n_counted != figures.n_received,
            format!(
                "{} packets counted of {} that the card received",
                figures.n_counted, figures.n_received
            ),
        ),
        (
            is_late(figures.intrusion_after),
            format!("the intrusion was told after {:?}", figures.intrusion_after),
        ),
        (
            is_late(figures.own_after),
            format!(
                "what this host sends was told after {:?}",
                figures.own_after
            ),
        ),
        (
            figures.n_judged != ASKED.len(),
            format!(
                "{} of {} rules are judged as before",
                figures.n_judged,
                ASKED.len()
            ),
        ),
        (
            MOST_TOLD < figures.n_told,
            format!("{} events", figures.n_told),
        ),
        (
            MOST_RESIDENT < figures.resident,
            format!("{} bytes in memory", figures.resident),
        ),
        (
            figures.drains < FEWEST_DRAINS,
            format!("{:.2} drains a second", figures.drains),
        ),
        (
            MOST_REPORT < figures.report,
            format!("a report of {} bytes", figures.report),
        ),
        (
            MOST_DATABASE < figures.database,
            format!("a database of {} bytes", figures.database),
        ),
    ];
    let misses = checks.into_iter().filter(|(is_missed, _)| *is_missed);
    misses.map(|(_, text)| text).collect()
}

fn write_into_page(table: &str) -> anyhow::Result<()> {
    let path = root().join(PAGE);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.with_context(|| format!("{PAGE} has no place for the figures"))?;
    fs::write(&path, format!("{before}{BEGIN}\n{table}\n{END}{after}"))
        .with_context(|| format!("cannot write {}", path.display()))
}
