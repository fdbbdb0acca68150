//! Writes what changed to rows of the database.

use std::collections::BTreeSet;

use auditor_common::{Direction, packet::Tunnel};
use rusqlite::{Transaction, params};

use super::{
    super::{FlowIdentity, History, RememberedFlow},
    MOST_EVENTS, text,
};
use crate::{
    alert::{Event, OpenFinding, Verdict},
    observed::{Cause, Endpoints},
};

pub(super) fn write(
    transaction: &Transaction<'_>,
    history: &History,
    gone: &BTreeSet<FlowIdentity>,
    findings: Option<&[OpenFinding]>,
    events: &[Event],
) -> rusqlite::Result<()> {
    flows(transaction, history, gone)?;
    spans(transaction, history)?;
    gaps(transaction, history)?;
    if let Some(findings) = findings {
        transaction.execute("DELETE FROM finding", [])?;
        let mut insert =
            transaction.prepare_cached("INSERT INTO finding VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for open in findings {
            insert.execute(params![
                open.subject.kind().name(),
                open.subject.key(),
                open.finding.verdict.name(),
                open.finding.severity.name(),
                text(open.since),
                open.finding.text
            ])?;
        }
    }
    let mut insert = transaction
        .prepare_cached("INSERT INTO event VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    for event in events {
        insert.execute(params![
            text(event.at),
            event.change.name(),
            event.subject.kind().name(),
            event.subject.key(),
            event.before.map(Verdict::name),
            event.now.map(Verdict::name),
            event.severity.name(),
            event.text
        ])?;
    }
    if !events.is_empty() {
        transaction.execute(
            "DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1",
            [MOST_EVENTS],
        )?;
    }
    Ok(())
}

/// Stores events for sinks: the name of the sink and the event as JSON. If a sink is unreachable for too long, the oldest
/// events are deleted.
pub(super) fn outbox(
    transaction: &Transaction<'_>,
    events: &[(String, String)],
) -> rusqlite::Result<()> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO outbox (sink, event) VALUES (?1, ?2)")?;
    for (sink, event) in events {
        insert.execute([sink, event])?;
    }
    if !events.is_empty() {
        transaction.execute(
            "DELETE FROM outbox WHERE id <= (SELECT max(id) FROM outbox) - ?1",
            [MOST_EVENTS],
        )?;
    }
    Ok(())
}

fn flows(
    transaction: &Transaction<'_>,
    history: &History,
    gone: &BTreeSet<FlowIdentity>,
) -> rusqlite::Result<()> {
    let mut delete = transaction.prepare_cached(
        "DELETE FROM flow WHERE server = ?1 AND client = ?2 AND protocol = ?3 AND port = ?4 AND interface = ?5 AND tunnel = ?6",
    )?;
    let mut replace = transaction.prepare_cached(
        "INSERT OR REPLACE INTO flow VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
         ?19, ?20, ?21, ?22, ?23)",
    )?;
    let totals = history
        .changed
        .iter()
        .map(|key| (key, history.flows.get(key).and_then(RememberedFlow::total)));
    for (key, total) in totals.chain(gone.iter().map(|key| (key, None))) {
        let server = key.server.to_string();
        let client = key.client.to_string();
        let tunnel = key.tunnel.map_or("", Tunnel::name);
        let Some(flow) = total else {
            let interface = &key.interface;
            delete.execute(params![
                server,
                client,
                key.protocol,
                key.port,
                interface,
                tunnel
            ])?;
            continue;
        };
        let remembered = flow.remembered.unwrap_or_default();
        let date = |moment| text(history.dates.of(moment));
        replace.execute(params![
            server,
            client,
            key.protocol,
            key.port,
            key.interface,
            tunnel,
            signed(flow.to_server.packets),
            signed(flow.to_server.bytes),
            signed(flow.to_server.resets),
            flow.to_server.flags,
            signed(flow.to_client.packets),
            signed(flow.to_client.bytes),
            signed(flow.to_client.resets),
            flow.to_client.flags,
            signed(flow.requests),
            signed(flow.replies),
            signed(flow.refusals),
            flow.evidence as u8,
            date(flow.first),
            date(flow.last),
            remembered.answered.map(date),
            remembered.refused.map(date),
            endpoints(&flow.translated),
        ])?;
    }
    Ok(())
}

/// One `client server port` per line.
fn endpoints(endpoints: &BTreeSet<Endpoints>) -> String {
    let line = |one: &Endpoints| format!("{} {} {}", one.client, one.server, one.port);
    endpoints.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Writes the times in which a watch was running.
fn spans(transaction: &Transaction<'_>, history: &History) -> rusqlite::Result<()> {
    let date = |moment| history.dates.of(moment);
    let first = history.watched.first().map(|span| text(date(span.from)));
    transaction.execute("DELETE FROM watched WHERE start < ?1", [first])?;
    if let Some(span) = history.watched.last() {
        transaction.execute(
            "INSERT OR REPLACE INTO watched VALUES (?1, ?2)",
            // A clock that stepped back does not end what it began.
            [
                text(date(span.from)),
                text(date(span.until).max(date(span.from))),
            ],
        )?;
    }
    transaction.execute("DELETE FROM forgotten", [])?;
    if let Some(forgotten) = history.forgotten {
        transaction.execute("INSERT INTO forgotten VALUES (?1)", [text(date(forgotten))])?;
    }
    Ok(())
}

/// Writes the gaps.
fn gaps(transaction: &Transaction<'_>, history: &History) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM gap", [])?;
    let mut insert =
        transaction.prepare_cached("INSERT OR REPLACE INTO gap VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for gap in &history.gaps {
        let (cause, name, packets, problem) = match &gap.cause {
            Cause::CutShort { .. } => ("cut-short", "", None, None),
            Cause::Unwatched => ("unwatched", "", None, None),
            Cause::InterfaceLost { name } => ("interface-lost", name.as_str(), None, None),
            Cause::InterfaceLate { name } => ("interface-late", name.as_str(), None, None),
            Cause::InterfaceRefused { name, problem } => {
                ("interface-refused", name.as_str(), None, Some(problem))
            }
            Cause::Detached { name } => ("detached", name.as_str(), None, None),
            Cause::Behind {
                name,
                direction,
                others,
            } => {
                let cause = match direction {
                    Direction::Ingress => "behind-others-received",
                    Direction::Egress => "behind-others-sent",
                };
                (cause, name.as_str(), None, Some(others))
            }
            Cause::CountedBefore { name, others } => {
                ("counted-before-others", name.as_str(), None, Some(others))
            }
            Cause::Blind { name, direction } => {
                let cause = match direction {
                    Direction::Ingress => "blind-received",
                    Direction::Egress => "blind-sent",
                };
                (cause, name.as_str(), None, None)
            }
            Cause::NotWatched { name, problem } => {
                ("not-watched", name.as_str(), None, Some(problem))
            }
            Cause::NothingToWatch => ("nothing-to-watch", "", None, None),
            // The seconds stand where other causes have packets.
            Cause::Asleep { length } => (
                "asleep",
                "",
                Some(u64::try_from(length.as_secs()).unwrap_or_default()),
                None,
            ),
            Cause::Stalled => ("stalled", "", None, None),
            Cause::Unread { what, problem } => ("unread", what.as_str(), None, Some(problem)),
            Cause::PacketsUnread { what, packets } => {
                ("packets-unread", what.as_str(), Some(*packets), None)
            }
            Cause::Uncounted { reason, packets } => (reason.name(), "", Some(*packets), None),
        };
        let packets = packets.map(signed);
        let date = |moment| text(history.dates.of(moment));
        let (start, end) = (date(gap.from), gap.until.map(date));
        insert.execute(params![start, end, cause, name, packets, problem])?;
    }
    Ok(())
}

/// SQLite's integers are signed; no counter comes near their limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
