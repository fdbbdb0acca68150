//! Writes what changed to rows of the database.

use std::collections::BTreeSet;

use auditor_common::{Direction, packet::Tunnel};
use jiff::Timestamp;
use rusqlite::{Statement, Transaction, params, params_from_iter, types::Value};

use super::{
    super::{FlowIdentity, History, RememberedFlow},
    MOST_EVENTS, sum, text,
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
        let mut insert = transaction
            .prepare_cached("INSERT INTO finding VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for open in findings {
            let values = [
                word(open.subject.kind().name()),
                word(open.subject.key()),
                word(open.finding.verdict.name()),
                word(open.finding.severity.name()),
                date(open.since),
                word(&open.finding.text),
            ];
            add(&mut insert, "finding", values)?;
        }
    }
    let mut insert = transaction
        .prepare_cached("INSERT INTO event VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    for event in events {
        let values = [
            date(event.at),
            word(event.change.name()),
            word(event.subject.kind().name()),
            word(event.subject.key()),
            event.before.map(Verdict::name).map(word).into(),
            event.now.map(Verdict::name).map(word).into(),
            word(event.severity.name()),
            word(&event.text),
        ];
        add(&mut insert, "event", values)?;
    }
    if !events.is_empty() {
        transaction.execute(
            "DELETE FROM event WHERE id <= (SELECT id FROM event ORDER BY id DESC LIMIT 1 OFFSET ?1)",
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
        transaction.prepare_cached("INSERT INTO outbox (sink, event, sum) VALUES (?1, ?2, ?3)")?;
    for (sink, event) in events {
        add(&mut insert, "outbox", [word(sink), word(event)])?;
    }
    if !events.is_empty() {
        transaction.execute(
            "DELETE FROM outbox WHERE id <= (SELECT id FROM outbox ORDER BY id DESC LIMIT 1 OFFSET ?1)",
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
         ?19, ?20, ?21, ?22, ?23, ?24)",
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
        let date = |moment| date(history.dates.of(moment));
        let values = [
            server.into(),
            client.into(),
            key.protocol.into(),
            key.port.into(),
            word(&key.interface),
            word(tunnel),
            signed(flow.to_server.packets).into(),
            signed(flow.to_server.bytes).into(),
            signed(flow.to_server.resets).into(),
            flow.to_server.flags.into(),
            signed(flow.to_client.packets).into(),
            signed(flow.to_client.bytes).into(),
            signed(flow.to_client.resets).into(),
            flow.to_client.flags.into(),
            signed(flow.requests).into(),
            signed(flow.replies).into(),
            signed(flow.refusals).into(),
            (flow.evidence as u8).into(),
            date(flow.first),
            date(flow.last),
            remembered.answered.map(date).into(),
            remembered.refused.map(date).into(),
            endpoints(&flow.translated).into(),
        ];
        add(&mut replace, "flow", values)?;
    }
    Ok(())
}

/// One `client server port` per line.
fn endpoints(endpoints: &BTreeSet<Endpoints>) -> String {
    let line = |one: &Endpoints| format!("{} {} {}", one.client, one.server, one.port);
    endpoints.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Writes the times in which a watch was running: those of earlier runs where they changed, and this one's.
fn spans(transaction: &Transaction<'_>, history: &History) -> rusqlite::Result<()> {
    let moment = |moment| history.dates.of(moment);
    let mut replace =
        transaction.prepare_cached("INSERT OR REPLACE INTO watched VALUES (?1, ?2, ?3, ?4)")?;
    if let Some((running, earlier)) = history.watched.split_last() {
        if history.are_spans_saved {
            transaction.execute("DELETE FROM watched WHERE running = 1", [])?;
        } else {
            transaction.execute("DELETE FROM watched", [])?;
            for span in earlier {
                let values = [date(span.from), date(span.until), 0.into()];
                add(&mut replace, "watched", values)?;
            }
        }
        for (from, until) in history.dates.parts(running.from, running.until) {
            add(&mut replace, "watched", [date(from), date(until), 1.into()])?;
        }
    }
    for (table, instant) in [
        ("forgotten", history.forgotten.map(moment)),
        // It is a date already.
        ("confirmed", history.confirmed),
    ] {
        transaction.execute(&format!("DELETE FROM {table}"), [])?;
        if let Some(instant) = instant {
            let mut insert =
                transaction.prepare_cached(&format!("INSERT INTO {table} VALUES (?1, ?2)"))?;
            add(&mut insert, table, [date(instant)])?;
        }
    }
    Ok(())
}

/// Writes the gaps.
fn gaps(transaction: &Transaction<'_>, history: &History) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM gap", [])?;
    let mut insert = transaction
        .prepare_cached("INSERT OR REPLACE INTO gap VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
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
            Cause::HistoryDamaged { problem } => ("history-damaged", "", None, Some(problem)),
            Cause::PacketsUnread { what, packets } => {
                ("packets-unread", what.as_str(), Some(*packets), None)
            }
            Cause::Uncounted { reason, packets } => (reason.name(), "", Some(*packets), None),
        };
        let date = |moment| date(history.dates.of(moment));
        let values = [
            date(gap.from),
            gap.until.map(date).into(),
            word(cause),
            word(name),
            packets.map(signed).into(),
            problem.cloned().into(),
        ];
        add(&mut insert, "gap", values)?;
    }
    Ok(())
}

/// Adds a row with its sum.
fn add(
    statement: &mut Statement<'_>,
    table: &str,
    values: impl IntoIterator<Item = Value>,
) -> rusqlite::Result<()> {
    statement
        .execute(params_from_iter(sum::with_sum(table, values)))
        .map(|_count| ())
}

fn word(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn date(instant: Timestamp) -> Value {
    Value::Text(text(instant))
}

/// SQLite's integers are signed; no counter comes near their limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
