//! Rows of the database to what is remembered.

use std::{collections::BTreeSet, net::IpAddr};

use auditor_common::{Evidence, Reason, packet::Tunnel};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row};

use super::super::{Entry, FlowKey, History, Span};
use crate::observed::{Cause, DirectionCounters, Endpoints, Flow, Gap, Remembered};

pub(super) fn load(connection: &Connection) -> rusqlite::Result<History> {
    let mut history = History::default();
    let mut statement = connection.prepare(
        "SELECT server, client, protocol, port, interface, tunnel, to_server_packets, to_server_bytes, to_server_resets, \
         to_server_flags, to_client_packets, to_client_bytes, to_client_resets, to_client_flags, requests, replies, refusals, \
         evidence, first_seen, last_seen, last_answered, last_refused, translated FROM flow",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let flow = flow(row)?;
        let remembered = flow.remembered.unwrap_or_default();
        let key = FlowKey::of(&flow);
        let entry = Entry {
            before: Some(Box::new(flow)),
            remembered,
            ..Entry::default()
        };
        history.flows.insert(key, entry);
    }
    let mut statement = connection.prepare("SELECT start, end FROM watched ORDER BY start")?;
    let spans = statement.query_map([], |row| {
        Ok(Span {
            from: instant(row, 0)?,
            until: instant(row, 1)?,
        })
    })?;
    history.watched = spans.collect::<rusqlite::Result<_>>()?;
    let mut statement = connection
        .prepare("SELECT start, end, cause, interface, packets, problem FROM gap ORDER BY start")?;
    let gaps = statement.query_map([], gap)?;
    history.gaps = gaps.collect::<rusqlite::Result<_>>()?;
    let mut statement = connection.prepare("SELECT max(before) FROM forgotten")?;
    history.forgotten = statement.query_row([], |row| optional(row, 0))?;
    // Whatever lasted as the last run ended lasted no longer than that.
    let end = history.watched.last().map(|span| span.until);
    for gap in &mut history.gaps {
        gap.until = gap.until.or(end);
    }
    Ok(history)
}

fn flow(row: &Row<'_>) -> rusqlite::Result<Flow> {
    let way = |at: usize| -> rusqlite::Result<DirectionCounters> {
        Ok(DirectionCounters {
            packets: number(row, at)?,
            bytes: number(row, at + 1)?,
            resets: number(row, at + 2)?,
            flags: row.get(at + 3)?,
        })
    };
    let tunnel: String = row.get(5)?;
    Ok(Flow {
        server: address(row, 0)?,
        client: address(row, 1)?,
        protocol: row.get(2)?,
        port: row.get(3)?,
        interface: row.get(4)?,
        tunnel: Tunnel::from_name(&tunnel),
        to_server: way(6)?,
        to_client: way(10)?,
        requests: number(row, 14)?,
        replies: number(row, 15)?,
        refusals: number(row, 16)?,
        evidence: Evidence::from_number(number(row, 17)?).unwrap_or(Evidence::FirstSender),
        first: instant(row, 18)?,
        last: instant(row, 19)?,
        translated: pairs(row, 22)?,
        remembered: Some(Remembered {
            answered: optional(row, 20)?,
            refused: optional(row, 21)?,
        }),
    })
}

/// `client server port`, one pair a line.
fn pairs(row: &Row<'_>, at: usize) -> rusqlite::Result<BTreeSet<Endpoints>> {
    let mut pairs = BTreeSet::new();
    for line in row.get_ref(at)?.as_str()?.lines() {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        pairs.insert(Endpoints {
            client: parsed(at, word())?,
            server: parsed(at, word())?,
            port: parsed(at, word())?,
        });
    }
    Ok(pairs)
}

fn gap(row: &Row<'_>) -> rusqlite::Result<Gap> {
    let (cause, name): (String, String) = (row.get(2)?, row.get(3)?);
    let cause = match cause.as_str() {
        "cut-short" => Cause::CutShort {
            watched: SignedDuration::ZERO,
        },
        "interface-lost" => Cause::InterfaceLost { name },
        "interface-late" => Cause::InterfaceLate { name },
        "interface-refused" => Cause::InterfaceRefused {
            name,
            problem: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        },
        other => match Reason::from_name(other) {
            Some(reason) if reason.may_hide_traffic() => Cause::Uncounted {
                reason,
                packets: number(row, 4)?,
            },
            Some(_) | None => Cause::Unwatched,
        },
    };
    Ok(Gap {
        cause,
        from: instant(row, 0)?,
        until: optional(row, 1)?,
    })
}

fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at)
        .map(|number| u64::try_from(number).unwrap_or_default())
}

fn parsed<T: std::str::FromStr>(at: usize, text: &str) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|problem| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(at, kind, Box::new(problem))
    })
}

pub(super) fn instant(row: &Row<'_>, at: usize) -> rusqlite::Result<Timestamp> {
    parsed(at, row.get_ref(at)?.as_str()?)
}

fn optional(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get_ref(at)?.as_str_or_null()? {
        Some(text) => parsed(at, text).map(Some),
        None => Ok(None),
    }
}

fn address(row: &Row<'_>, at: usize) -> rusqlite::Result<IpAddr> {
    parsed(at, row.get_ref(at)?.as_str()?)
}
