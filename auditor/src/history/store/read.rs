//! Reads the history from rows of the database.

use std::collections::{BTreeMap, BTreeSet};

use auditor_common::{Direction, Evidence, Reason, packet::Tunnel};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Params, params};

use super::{
    super::{FlowIdentity, History, RememberedFlow, WatchedSpan},
    row::{Row, RowError},
    text,
};
use crate::{
    alert::{Change, Event, Finding, Kind, OpenFinding, Subject, Verdict},
    observed::{Cause, DirectionCounters, Endpoints, Flow, Gap, Remembered},
    report::schema::Severity,
};

/// All flows.
const FLOWS: &str = "SELECT server, client, protocol, port, interface, tunnel, to_server_packets, to_server_bytes, to_server_resets, \
         to_server_flags, to_client_packets, to_client_bytes, to_client_resets, to_client_flags, requests, replies, refusals, \
         evidence, first_seen, last_seen, last_answered, last_refused, translated, sum FROM flow";

/// All events.
const EVENTS: &str = "SELECT at, change, kind, key, before, now, severity, text, sum FROM event";

/// Reads every value, and keeps none.
pub(super) fn check(connection: &Connection) -> Result<(), RowError> {
    each(connection, "flow", FLOWS, [], |row| flow(row).map(drop))?;
    each(connection, "event", EVENTS, [], |row| event(row).map(drop))?;
    findings(connection)?;
    let waiting = "SELECT sink, event, sum FROM outbox";
    each(connection, "outbox", waiting, [], |row| {
        row.text(1).map(drop)
    })?;
    times(connection, &mut History::default())
}

pub(super) fn load(connection: &Connection) -> Result<History, RowError> {
    let mut history = History::default();
    each(connection, "flow", FLOWS, [], |row| {
        let flow = flow(row)?;
        let remembered = flow.remembered.unwrap_or_default();
        let key = FlowIdentity::of(&flow);
        let entry = RememberedFlow {
            before: Some(Box::new(flow)),
            remembered,
            ..RememberedFlow::default()
        };
        history.flows.insert(key, entry);
        Ok(())
    })?;
    times(connection, &mut history)?;
    // Gaps that were open when the last run ended are closed at its end.
    let end = history.watched.last().map(|span| span.until);
    for gap in &mut history.gaps {
        gap.until = gap.until.or(end);
    }
    Ok(history)
}

/// Reads all but flows.
fn times(connection: &Connection, history: &mut History) -> Result<(), RowError> {
    let watched = "SELECT start, end, running, sum FROM watched ORDER BY start";
    each(connection, "watched", watched, [], |row| {
        history.watched.push(WatchedSpan {
            from: row.instant(0)?,
            until: row.instant(1)?,
        });
        Ok(())
    })?;
    let gaps = "SELECT start, end, cause, interface, packets, problem, sum FROM gap ORDER BY start";
    each(connection, "gap", gaps, [], |row| {
        history.gaps.push(gap(row)?);
        Ok(())
    })?;
    let forgotten = "SELECT before, sum FROM forgotten";
    each(connection, "forgotten", forgotten, [], |row| {
        history.forgotten = history.forgotten.max(Some(row.instant(0)?));
        Ok(())
    })?;
    let confirmed = "SELECT at, sum FROM confirmed";
    each(connection, "confirmed", confirmed, [], |row| {
        history.confirmed = history.confirmed.max(Some(row.instant(0)?));
        Ok(())
    })?;
    Ok(())
}

/// The open findings, sorted by kind and key.
pub(super) fn findings(connection: &Connection) -> Result<Vec<OpenFinding>, RowError> {
    let mut findings = Vec::new();
    let query =
        "SELECT kind, key, verdict, severity, since, text, sum FROM finding ORDER BY kind, key";
    each(connection, "finding", query, [], |row| {
        let kind = row.known(0, Kind::from_name)?;
        findings.push(OpenFinding {
            subject: row.read(1, |key| Subject::read(kind, key))?,
            finding: Finding {
                verdict: row.known(2, |name| Verdict::from_name(kind, name))?,
                severity: row.known(3, Severity::from_name)?,
                text: row.get(5)?,
            },
            since: row.instant(4)?,
        });
        Ok(())
    })?;
    Ok(findings)
}

/// The events since `start`, oldest first.
pub(super) fn events(connection: &Connection, start: Timestamp) -> Result<Vec<Event>, RowError> {
    let mut events = Vec::new();
    let query = format!("{EVENTS} WHERE ?1 <= at ORDER BY id");
    each(connection, "event", &query, [text(start)], |row| {
        events.push(event(row)?);
        Ok(())
    })?;
    Ok(events)
}

fn event(row: Row<'_>) -> Result<Event, RowError> {
    let kind = row.known(2, Kind::from_name)?;
    let verdict = |name: &str| Verdict::from_name(kind, name);
    Ok(Event {
        at: row.instant(0)?,
        change: row.known(1, Change::from_name)?,
        subject: row.read(3, |key| Subject::read(kind, key))?,
        corrects: None,
        severity_before: None,
        before: row.known_or_null(4, verdict)?,
        now: row.known_or_null(5, verdict)?,
        severity: row.known(6, Severity::from_name)?,
        text: row.get(7)?,
    })
}

/// Up to when a watch was running.
pub(super) fn end(connection: &Connection) -> Result<Option<Timestamp>, RowError> {
    let mut end = None;
    let query = "SELECT start, end, running, sum FROM watched ORDER BY end DESC LIMIT 1";
    each(connection, "watched", query, [], |row| {
        end = Some(row.instant(1)?);
        Ok(())
    })?;
    Ok(end)
}

/// The oldest events that wait for a sink, at most `most`, as id and stored text; and how many wait in all.
pub(super) fn waiting(
    connection: &Connection,
    sink: &str,
    most: u32,
) -> Result<(Vec<(i64, String)>, u64), RowError> {
    let mut events = Vec::new();
    let query = "SELECT sink, event, sum, id FROM outbox WHERE sink = ?1 ORDER BY id LIMIT ?2";
    each(connection, "outbox", query, params![sink, most], |row| {
        events.push((row.get(3)?, row.get(1)?));
        Ok(())
    })?;
    let mut statement = connection.prepare_cached("SELECT count(*) FROM outbox WHERE sink = ?1")?;
    let count: i64 = statement.query_row([sink], |row| row.get(0))?;
    Ok((events, u64::try_from(count).unwrap_or_default()))
}

/// What of the events that wait can be read in a damaged database, from either end, and is as it was written.
pub(super) fn salvage(connection: &Connection) -> Vec<(String, String)> {
    let mut events = BTreeMap::new();
    for order in ["ASC", "DESC"] {
        // What was read before it failed is kept; the error itself is what the database was set aside for.
        let _damaged = waiting_into(connection, order, &mut events);
    }
    events.into_values().collect()
}

fn waiting_into(
    connection: &Connection,
    order: &str,
    events: &mut BTreeMap<i64, (String, String)>,
) -> Result<(), RowError> {
    let query = format!("SELECT sink, event, sum, id FROM outbox ORDER BY id {order}");
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let row = Row::new("outbox", row);
        let read = || -> Result<_, RowError> {
            row.check_sum()?;
            Ok((row.get(3)?, (row.get(0)?, row.get(1)?)))
        };
        events.extend(read());
    }
    Ok(())
}

/// Calls `read` with each row of a query, and checks the row's sum.
fn each(
    connection: &Connection,
    table: &'static str,
    query: &str,
    params: impl Params,
    mut read: impl FnMut(Row<'_>) -> Result<(), RowError>,
) -> Result<(), RowError> {
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        let row = Row::new(table, row);
        // What is not known is said before what was changed.
        read(row)?;
        row.check_sum()?;
    }
    Ok(())
}

fn flow(row: Row<'_>) -> Result<Flow, RowError> {
    let counters = |at: usize| -> Result<DirectionCounters, RowError> {
        Ok(DirectionCounters {
            packets: row.count(at)?,
            fragments: 0,
            bytes: row.count(at + 1)?,
            resets: row.count(at + 2)?,
            flags: row.get(at + 3)?,
        })
    };
    Ok(Flow {
        server: row.address(0)?,
        client: row.address(1)?,
        protocol: row.get(2)?,
        port: row.get(3)?,
        interface: row.get(4)?,
        tunnel: match row.text(5)? {
            "" => None,
            _ => Some(row.known(5, Tunnel::from_name)?),
        },
        to_server: counters(6)?,
        to_client: counters(10)?,
        requests: row.count(14)?,
        replies: row.count(15)?,
        refusals: row.count(16)?,
        is_unreachable: false,
        evidence: row.numbered(17, Evidence::from_number)?,
        client_direction: None,
        client_port: None,
        first: row.instant(18)?,
        last: row.instant(19)?,
        translated: endpoints(row, 22)?,
        remembered: Some(Remembered {
            answered: row.instant_or_null(20)?,
            refused: row.instant_or_null(21)?,
            one_way: None,
            accepted: None,
        }),
    })
}

/// One `client server port` per line.
fn endpoints(row: Row<'_>, at: usize) -> Result<BTreeSet<Endpoints>, RowError> {
    let mut endpoints = BTreeSet::new();
    for line in row.text(at)?.lines() {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        endpoints.insert(Endpoints {
            client: row.part(at, word())?,
            server: row.part(at, word())?,
            port: row.part(at, word())?,
        });
    }
    Ok(endpoints)
}

fn gap(row: Row<'_>) -> Result<Gap, RowError> {
    let name = row.text(3)?.to_owned();
    let cause = match row.text(2)? {
        "cut-short" => Cause::CutShort {
            watched: SignedDuration::ZERO,
        },
        "unwatched" => Cause::Unwatched,
        "interface-lost" => Cause::InterfaceLost { name },
        "interface-late" => Cause::InterfaceLate { name },
        "interface-refused" => Cause::InterfaceRefused {
            name,
            problem: row.text_or_null(5)?.unwrap_or_default().to_owned(),
        },
        "detached" => Cause::Detached { name },
        "behind-others-received" => Cause::Behind {
            name,
            direction: Direction::Ingress,
            others: row.text_or_null(5)?.unwrap_or_default().to_owned(),
        },
        "behind-others-sent" => Cause::Behind {
            name,
            direction: Direction::Egress,
            others: row.text_or_null(5)?.unwrap_or_default().to_owned(),
        },
        "counted-before-others" => Cause::CountedBefore {
            name,
            others: row.text_or_null(5)?.unwrap_or_default().to_owned(),
        },
        "blind-received" => Cause::Blind {
            name,
            direction: Direction::Ingress,
        },
        "blind-sent" => Cause::Blind {
            name,
            direction: Direction::Egress,
        },
        "not-watched" => Cause::NotWatched {
            name,
            problem: row.text_or_null(5)?.unwrap_or_default().to_owned(),
        },
        "nothing-to-watch" => Cause::NothingToWatch,
        "asleep" => Cause::Asleep {
            length: SignedDuration::from_secs(row.get(4)?),
        },
        "stalled" => Cause::Stalled,
        "unread" => Cause::Unread {
            what: name,
            problem: row.text_or_null(5)?.unwrap_or_default().to_owned(),
        },
        "history-damaged" => Cause::HistoryDamaged {
            problem: row.text_or_null(5)?.unwrap_or_default().to_owned(),
        },
        "packets-unread" => Cause::PacketsUnread {
            what: name,
            packets: row.count(4)?,
        },
        other => match Reason::from_name(other) {
            Some(reason) if reason.may_hide_traffic() => Cause::Uncounted {
                reason,
                packets: row.count(4)?,
            },
            Some(_) | None => return Err(row.unknown(2)),
        },
    };
    Ok(Gap {
        cause,
        from: row.instant(0)?,
        until: row.instant_or_null(1)?,
    })
}
