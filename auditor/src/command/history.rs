//! `auditor history`: what a watch has seen, and when.

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    agent::state::{self, HISTORY},
    alert::Verdict,
    escape,
    exit::Exit,
    history::{History as Remembered, Store},
    length::length,
    observed::Flow,
    output::print,
    report::{clean_line, explain::Query, gap_words, number, service},
};

/// Print what `auditor watch` has seen: each flow with when it was first and last seen, answered and refused.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor history tcp/443 --last 24h")]
pub struct HistoryCommand {
    /// Only flows that fit: an address, a port, a service such as tcp/443, an interface
    #[arg(value_name = "FLOW")]
    what: Vec<String>,
    /// Only what was seen in the time before the watch wrote last
    #[arg(long, alias = "within", value_name = "TIME", value_parser = length)]
    last: Option<SignedDuration>,
    /// Print the events instead: verdicts that changed
    #[arg(long, conflicts_with = "gaps")]
    events: bool,
    /// Print when somebody watched and what was not seen instead
    #[arg(long)]
    gaps: bool,
    /// Where the watch keeps what was seen
    #[arg(long, value_name = "DIRECTORY", default_value = state::DIRECTORY)]
    state: PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Format {
    Text,
    /// A JSON object a line
    Jsonl,
}

/// Prints flows, events or gaps.
///
/// # Errors
///
/// There is no history, or it can't be read.
pub fn run(command: &HistoryCommand) -> anyhow::Result<Exit> {
    let store = Store::read(&command.state.join(HISTORY))?;
    let history = store.load()?;
    // A history ends when it was last written to, so `--last` counts from there and needs no clock.
    let end = history.watched().last().map(|span| span.until);
    let start = match (command.last, end) {
        (Some(last), Some(end)) => end.checked_sub(last).unwrap_or(Timestamp::MIN),
        (_, _) => Timestamp::MIN,
    };
    let mut text = String::new();
    if command.events {
        for event in store.events(start)? {
            match command.format {
                Format::Text => clean_line(
                    &mut text,
                    &format!(
                        "{:.0} {:<9} {:<9} {} {}: {}",
                        event.at,
                        event.change.name(),
                        event.severity.name(),
                        event.subject.kind().name(),
                        event.subject.key(),
                        event.text
                    ),
                ),
                Format::Jsonl => {
                    let line = json!({
                        "at": format!("{:.6}", event.at), "change": event.change.name(), "kind": event.subject.kind().name(),
                        "key": event.subject.key(), "before": event.before.map(Verdict::name),
                        "now": event.now.map(Verdict::name), "severity": event.severity.name(), "text": event.text,
                    });
                    writeln!(text, "{line}")?;
                }
            }
        }
    } else if command.gaps {
        gaps(&history, start, command.format, &mut text)?;
    } else {
        let query = Query::parse(&command.what.join(" "));
        let mut flows = history.flows(start);
        flows.retain(|flow| query.fits(flow));
        flows.sort_by_key(|flow| std::cmp::Reverse(flow.last));
        for flow in &flows {
            self::flow(flow, command.format, &mut text)?;
        }
    }
    match command.format {
        Format::Text => print(&text)?,
        Format::Jsonl => print(&escape::json(&text))?,
    }
    Ok(Exit::Clean)
}

fn flow(flow: &Flow, format: Format, text: &mut String) -> anyhow::Result<()> {
    let remembered = flow.remembered.unwrap_or_default();
    match format {
        Format::Text => {
            let at = |what: &str, instant: Option<Timestamp>| {
                instant.map_or_else(String::new, |instant| format!(", {what} {instant:.0}"))
            };
            clean_line(
                text,
                &format!(
                    "{} -> {} {} on {}: first {:.0}, last {:.0}{}{}; {} packets, {} bytes",
                    flow.client,
                    flow.server,
                    service::of(flow),
                    flow.interface,
                    flow.first,
                    flow.last,
                    at("answered", remembered.answered),
                    at("refused", remembered.refused),
                    number(flow.to_server.packets + flow.to_client.packets),
                    number(flow.to_server.bytes + flow.to_client.bytes),
                ),
            );
        }
        Format::Jsonl => {
            let instant = |instant: Timestamp| format!("{instant:.6}");
            let line = json!({
                "client": flow.client, "server": flow.server, "protocol": flow.protocol, "port": flow.port,
                "interface": flow.interface, "first_seen": instant(flow.first), "last_seen": instant(flow.last),
                "last_answered": remembered.answered.map(instant), "last_refused": remembered.refused.map(instant),
                "to_server": { "packets": flow.to_server.packets, "bytes": flow.to_server.bytes },
                "to_client": { "packets": flow.to_client.packets, "bytes": flow.to_client.bytes },
                "requests": flow.requests, "replies": flow.replies,
            });
            writeln!(text, "{line}")?;
        }
    }
    Ok(())
}

fn gaps(
    history: &Remembered,
    start: Timestamp,
    format: Format,
    text: &mut String,
) -> anyhow::Result<()> {
    let watched = history.watched().iter().filter(|span| start <= span.until);
    for span in watched {
        match format {
            Format::Text => clean_line(
                text,
                &format!("watched from {:.0} to {:.0}", span.from, span.until),
            ),
            Format::Jsonl => {
                let (from, until) = (format!("{:.6}", span.from), format!("{:.6}", span.until));
                writeln!(
                    text,
                    "{}",
                    json!({ "watched": true, "from": from, "until": until })
                )?;
            }
        }
    }
    for gap in history.gaps(start) {
        match format {
            Format::Text => clean_line(text, &format!("unseen: {}", gap_words(&gap))),
            Format::Jsonl => {
                let line = json!({
                    "watched": false, "from": format!("{:.6}", gap.from),
                    "until": gap.until.map(|until| format!("{until:.6}")), "text": gap_words(&gap),
                });
                writeln!(text, "{line}")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::HistoryCommand;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        command: HistoryCommand,
    }

    /// Other verbs call it so, and this one once called it otherwise.
    #[test]
    fn a_time_is_the_last() {
        for word in ["--last", "--within"] {
            let line = Line::try_parse_from(["history", word, "24h"]).unwrap();
            assert_eq!(
                line.command.last,
                Some(jiff::SignedDuration::from_hours(24))
            );
        }
    }
}
