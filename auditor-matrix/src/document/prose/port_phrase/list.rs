//! Lists of numbers in a sentence: `80, 443 and 8080-8090 (for the API)`, each with the transports beside it.

use super::{
    bracketed_transports, number::port_or_range, quantity::is_counted, transport, transport_list,
};
use crate::{
    document::{
        prose::words::{Kind, Word},
        row::PortGroup,
    },
    port::PortRange,
    transport::Transport,
};

/// Numbers or ranges of a sentence that stand together.
pub(super) struct List {
    numbers: Vec<ListedPort>,
    /// The place behind the list.
    pub(super) end: usize,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something else that may be said of a number"
)]
struct ListedPort {
    range: PortRange,
    /// Those beside the number, else those before it in the list.
    transports: Vec<Transport>,
    /// The transports are written at this number itself.
    is_stated: bool,
    /// They stand behind a blank or in brackets, so they hold for the numbers before as well.
    is_for_all: bool,
    /// It is an alternative to the one before it.
    is_or: bool,
    /// A purpose, or the word `port`, sets it apart from the one before it.
    is_apart: bool,
    /// The place behind its number.
    end: usize,
}

impl List {
    pub(super) fn has_transport(&self) -> bool {
        self.numbers.iter().any(|number| number.is_stated)
    }

    pub(super) fn first_has_transport(&self) -> bool {
        self.numbers.first().is_some_and(|number| number.is_stated)
    }

    /// Whether a number behind a transport may be something else than a port: `TCP 3 times`.
    pub(super) fn is_doubtful(&self, words: &[Word<'_>], at: usize) -> bool {
        words
            .get(at)
            .is_some_and(|word| word.text.len() < 2 && !word.is_glued)
            || self.is_count(words)
    }

    /// Whether the first number counts what stands behind it: `3 nodes`, `64 GB`.
    pub(super) fn is_count(&self, words: &[Word<'_>]) -> bool {
        self.numbers
            .first()
            .and_then(|number| words.get(number.end))
            .is_some_and(is_counted)
    }

    /// The ports, those of the same transports together. `lead` are the transports before the list.
    pub(super) fn by_transports(
        mut self,
        lead: &[Transport],
    ) -> Vec<(Vec<PortGroup>, Vec<Transport>)> {
        let last = self
            .numbers
            .last()
            .filter(|last| last.is_for_all && lead.is_empty())
            .filter(|_| !self.numbers.iter().any(|number| number.is_apart))
            .map(|last| last.transports.clone());
        if let Some(last) = last
            && self
                .numbers
                .iter()
                .rev()
                .skip(1)
                .all(|number| number.transports.is_empty())
        {
            for number in &mut self.numbers {
                number.transports.clone_from(&last);
            }
        }
        let mut all: Vec<(Vec<PortGroup>, Vec<Transport>)> = Vec::new();
        for number in self.numbers {
            let known = all
                .iter()
                .position(|(_, transports)| *transports == number.transports);
            let index = known.unwrap_or_else(|| {
                all.push((Vec::new(), number.transports));
                all.len() - 1
            });
            if let Some((groups, _)) = all.get_mut(index) {
                add(groups, number.range, number.is_or);
            }
        }
        all
    }
}

/// Adds a range to groups; with `is_or` it is an alternative to the one before it.
fn add(groups: &mut Vec<PortGroup>, range: PortRange, is_or: bool) {
    match groups.last_mut() {
        Some(last) if is_or && (last.alternatives || last.ranges.len() == 1) => {
            last.ranges.push(range);
            last.alternatives = true;
        }
        Some(last) if !is_or && !last.alternatives => {
            if !last.ranges.contains(&range) {
                last.ranges.push(range);
            }
        }
        Some(_) | None => groups.push(PortGroup {
            ranges: vec![range],
            alternatives: false,
        }),
    }
}

/// Reads the list of numbers that starts at a word. `None` if none does, or if one of them is no port.
pub(super) fn number_list(words: &[Word<'_>], start: usize, lead: &[Transport]) -> Option<List> {
    let mut numbers: Vec<ListedPort> = Vec::new();
    let mut lead = lead.to_vec();
    let (mut at, mut is_or) = (start, false);
    let mut is_apart = false;
    let mut close_at: Option<usize> = None;
    loop {
        let is_first = numbers.is_empty();
        let Some((range, end)) = port_or_range(words, at) else {
            // What can't be read spoils the whole list where it is its first number; else the list ends before it.
            let end = numbers.last()?.end;
            return Some(List { numbers, end });
        };
        if !is_first && words.get(end).is_some_and(is_counted_loosely) {
            let end = numbers.last().map_or(end, |last| last.end);
            return Some(List { numbers, end });
        }
        let (beside, behind, is_for_all) = beside(words, end);
        // "9443 (or 30779 for the cluster)" goes on behind the bracket.
        let behind = close_at.take().map_or(behind, |close| close + 1);
        let is_stated = !beside.is_empty();
        numbers.push(ListedPort {
            range,
            transports: if is_stated { beside } else { lead.clone() },
            is_stated,
            is_for_all,
            is_or,
            is_apart,
            end: behind,
        });
        let Some(next) = joint(words, behind) else {
            return Some(List {
                numbers,
                end: behind,
            });
        };
        is_or = next.is_or;
        is_apart = next.is_apart;
        if !next.transports.is_empty() {
            lead = next.transports;
        }
        at = next.at;
        close_at = next.close_at;
    }
}

/// What joins two numbers of a list.
struct Joint {
    at: usize,
    is_or: bool,
    is_apart: bool,
    transports: Vec<Transport>,
    /// The bracket that ends the number behind it.
    close_at: Option<usize>,
}

/// Another port in brackets: "9443 (or 30779 for the cluster)".
fn alternative(words: &[Word<'_>], open: usize) -> Option<Joint> {
    let leads = words.get(open + 1)?.is("or");
    let at = open + 2 + usize::from(words.get(open + 2)?.is("port"));
    let is_number = words.get(at)?.kind == Kind::Number;
    let close_at = Some(close(words, open)?);
    (leads && is_number).then_some(Joint {
        at,
        is_or: true,
        is_apart: false,
        transports: Vec::new(),
        close_at,
    })
}

fn joint(words: &[Word<'_>], start: usize) -> Option<Joint> {
    let mut at = start;
    let mut is_apart = false;
    // A remark in brackets, or the purpose of the number before: "8140 (for runs) and", "8150 for HTTP and".
    if words.get(at)?.kind == Kind::Open {
        if let Some(alternative) = alternative(words, at) {
            return Some(alternative);
        }
        at = close(words, at)? + 1;
    } else if words.get(at)?.is("for") {
        let purpose = words
            .get(at + 1..)?
            .iter()
            .take(4)
            .take_while(|word| {
                word.kind == Kind::Word && !word.is_any(&["and", "or", "port", "ports"])
            })
            .count();
        if purpose == 0 || 3 < purpose {
            return None;
        }
        at += 1 + purpose;
        is_apart = true;
    }
    let (mut is_joint, mut is_or) = (false, false);
    while let Some(word) = words.get(at) {
        match word.kind {
            Kind::Comma | Kind::Slash => is_joint = true,
            Kind::Other if matches!(word.text, "&" | "+" | "|") => is_joint = true,
            Kind::Word if word.is_any(&["and", "plus", "nor"]) => is_joint = true,
            Kind::Word if word.is("or") => (is_joint, is_or) = (true, true),
            Kind::Word
            | Kind::Number
            | Kind::Mixed
            | Kind::Dash
            | Kind::Stop
            | Kind::Colon
            | Kind::Semicolon
            | Kind::Open
            | Kind::Close
            | Kind::Arrow(_)
            | Kind::Other => break,
        }
        at += 1;
    }
    if !is_joint {
        return None;
    }
    while words
        .get(at)?
        .is_any(&["on", "port", "ports", "also", "the", "range", "from"])
    {
        at += 1;
    }
    let mut transports = Vec::new();
    if let Some((named, mut end)) = transport_list(words, at) {
        if words.get(end)?.is_any(&["port", "ports"]) {
            end += 1;
        }
        if matches!(words.get(end)?.kind, Kind::Slash | Kind::Colon) {
            end += 1;
        }
        at = end;
        transports = named;
    }
    (words.get(at)?.kind == Kind::Number).then_some(Joint {
        at,
        is_or,
        is_apart,
        transports,
        close_at: None,
    })
}

/// The bracket that closes the one at `open`; brackets in prose are short.
fn close(words: &[Word<'_>], open: usize) -> Option<usize> {
    words
        .iter()
        .enumerate()
        .skip(open + 1)
        .take(16)
        .find(|(_, word)| matches!(word.kind, Kind::Close | Kind::Open))
        .filter(|(_, word)| word.kind == Kind::Close)
        .map(|(index, _)| index)
}

/// The transports beside a number, the place behind them, and whether they hold for the numbers before it, too.
fn beside(words: &[Word<'_>], at: usize) -> (Vec<Transport>, usize, bool) {
    let none = (Vec::new(), at, false);
    let Some(next) = words.get(at) else {
        return none;
    };
    if matches!(next.kind, Kind::Slash | Kind::Dash | Kind::Colon)
        && let Some((named, end)) = transports_that_end(words, at + 1)
    {
        let is_apart = !next.is_glued;
        return (named, end, is_apart);
    }
    if let Some((named, end)) = bracketed_transports(words, at) {
        return (named, end, true);
    }
    // `8443 (HTTPS, TCP)`: a transport among a few other words.
    if next.kind == Kind::Open
        && let Some(end) = close(words, at)
        && end - at <= MOST_BRACKETED
        && let Some(inside) = words.get(at + 1..end)
        && inside.iter().all(|word| word.kind != Kind::Number)
    {
        let named: Vec<Transport> = inside.iter().filter_map(transport).collect();
        if let [one] = named.as_slice() {
            return (vec![*one], at, true);
        }
    }
    if let Some((named, end)) = transports_that_end(words, at) {
        return (named, end, true);
    }
    if next.is_any(&["for", "over", "using", "via"])
        && let Some((named, end)) = transports_that_end(words, at + 1)
    {
        return (named, end, true);
    }
    none
}

const MOST_BRACKETED: usize = 6;

/// Transports that are not those of a number behind them: in `80 TCP and UDP 53` the list is `TCP` alone.
fn transports_that_end(words: &[Word<'_>], start: usize) -> Option<(Vec<Transport>, usize)> {
    let leads = |end: usize| {
        let mut at = end;
        if words.get(at).is_some_and(|word| {
            word.is_any(&["port", "ports"]) || matches!(word.kind, Kind::Slash | Kind::Colon)
        }) {
            at += 1;
        }
        words.get(at).is_some_and(|word| word.kind == Kind::Number)
    };
    let (named, end) = transport_list(words, start)?;
    if !leads(end) {
        return Some((named, end));
    }
    let one = transport(words.get(start)?)?;
    (start + 1 < end).then_some((vec![one], start + 1))
}

/// Whether a word behind a number that `and` adds to a list may be what the number counts.
fn is_counted_loosely(word: &Word<'_>) -> bool {
    let is_verb = word.is_any(&[
        "is", "as", "was", "has", "does", "needs", "its", "this", "https", "uses", "serves",
    ]);
    is_counted(word) && !word.is_any(&["ms"])
        || word.kind == Kind::Word && word.lower.ends_with('s') && !is_verb
}
