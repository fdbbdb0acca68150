//! Ranges and sets of ports, and their text form.

use std::{collections::BTreeSet, fmt, num::ParseIntError};

use thiserror::Error;

/// An inclusive range of ports.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// All ports that a conversation can use.
    pub const ALL: Self = Self {
        first: 1,
        last: u16::MAX,
    };
    /// Linux's default for `net.ipv4.ip_local_port_range`.
    pub const EPHEMERAL: Self = Self {
        first: 32_768,
        last: 60_999,
    };

    /// Where the ephemeral ports of any system are that takes none below Linux's default.
    pub const FROM_32768: Self = Self {
        first: 32_768,
        last: u16::MAX,
    };

    /// # Errors
    ///
    /// `Backwards` if `last` is below `first`.
    pub const fn new(first: u16, last: u16) -> Result<Self, PortProblem> {
        if last < first {
            Err(PortProblem::Backwards { first, last })
        } else {
            Ok(Self { first, last })
        }
    }

    pub const fn single(port: u16) -> Self {
        Self {
            first: port,
            last: port,
        }
    }

    pub const fn first(self) -> u16 {
        self.first
    }

    pub const fn last(self) -> u16 {
        self.last
    }

    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// Whether some port is in both ranges.
    const fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Reads `80` or `8000-8010`; white space, en dashes and em dashes are fine.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, PortProblem> {
        match text.split_once(['-', '\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}']) {
            Some((first, last)) => Self::new(port(first)?, port(last)?),
            None => Ok(Self::single(port(text)?)),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// Why a text is no port or range of ports.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum PortProblem {
    #[error(
        "`{text}` is not a port: ports are numbers from 1 to 65535, ranges are written 8000-8010"
    )]
    NotANumber {
        text: String,
        #[source]
        problem: ParseIntError,
    },
    #[error("port {text} is out of range: ports are numbers from 1 to 65535")]
    OutOfRange { text: String },
    #[error("range {first}-{last} runs backwards: write {last}-{first}")]
    Backwards { first: u16, last: u16 },
    #[error(
        "no port is named: write one such as 80, a list such as 80,443 or a range such as 8000-8010"
    )]
    Empty,
}

fn port(text: &str) -> Result<u16, PortProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(PortProblem::Empty);
    }
    match text.parse::<u32>() {
        Ok(number) => match u16::try_from(number) {
            Ok(port) if port != 0 => Ok(port),
            Ok(_) | Err(_) => Err(PortProblem::OutOfRange {
                text: text.to_owned(),
            }),
        },
        Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => Err(PortProblem::OutOfRange {
            text: text.to_owned(),
        }),
        Err(problem) => Err(PortProblem::NotANumber {
            text: text.to_owned(),
            problem,
        }),
    }
}

/// A set of ports: sorted ranges that neither overlap nor touch.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PortSet(Vec<PortRange>);

impl PortSet {
    /// Reads a list such as `80,443,8000-8010`.
    ///
    /// # Errors
    ///
    /// What is wrong with the first part that is no port.
    pub fn parse(text: &str) -> Result<Self, PortProblem> {
        text.split(',').map(PortRange::parse).collect()
    }

    pub fn ranges(&self) -> &[PortRange] {
        &self.0
    }

    /// The ports of this set without those in `others`, which should be few.
    #[must_use]
    pub fn without(&self, others: &BTreeSet<u16>) -> Self {
        let mut left = Vec::new();
        for range in &self.0 {
            let mut first = u32::from(range.first);
            for port in others
                .range(range.first..=range.last)
                .map(|port| u32::from(*port))
            {
                left.extend(before(first, port));
                first = port + 1;
            }
            left.extend(before(first, u32::from(range.last) + 1));
        }
        Self(left)
    }

    /// The ports of this set that are not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        for range in &self.0 {
            let mut first = u32::from(range.first);
            for taken in other.0.iter().filter(|taken| taken.meets(*range)) {
                left.extend(before(first, u32::from(taken.first)));
                first = u32::from(taken.last) + 1;
            }
            left.extend(before(first, u32::from(range.last) + 1));
        }
        Self(left)
    }

    /// Whether some port is in both sets.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0
            .iter()
            .any(|one| other.0.iter().any(|two| one.meets(*two)))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many ports the set holds.
    pub fn len(&self) -> usize {
        self.0
            .iter()
            .map(|range| usize::from(range.last - range.first) + 1)
            .sum()
    }

    pub fn contains(&self, port: u16) -> bool {
        let after = self.0.partition_point(|range| range.last < port);
        self.0.get(after).is_some_and(|range| range.contains(port))
    }
}

/// The ports from `first` up to, but not including, `end`.
fn before(first: u32, end: u32) -> Option<PortRange> {
    let (first, last) = (
        u16::try_from(first).ok()?,
        u16::try_from(end.checked_sub(1)?).ok()?,
    );
    PortRange::new(first, last).ok()
}

impl FromIterator<PortRange> for PortSet {
    fn from_iter<I: IntoIterator<Item = PortRange>>(ranges: I) -> Self {
        let mut sorted: Vec<PortRange> = ranges.into_iter().collect();
        sorted.sort_unstable();
        let mut merged: Vec<PortRange> = Vec::with_capacity(sorted.len());
        for range in sorted {
            match merged.last_mut() {
                Some(last) if range.first <= last.last.saturating_add(1) => {
                    last.last = last.last.max(range.last);
                }
                Some(_) | None => merged.push(range),
            }
        }
        Self(merged)
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            if index != 0 {
                f.write_str(",")?;
            }
            write!(f, "{range}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{PortRange, PortSet};

    #[test]
    fn texts() {
        check("80", &[80], &[79, 81]);
        check(" 8000 - 8001 ", &[8000, 8001], &[7999, 8002]);
        check("8000\u{2013}8001", &[8000, 8001], &[7999, 8002]);
        check("443,80,81", &[80, 81, 443], &[82, 442]);
        check("1-65535", &[1, 65535], &[]);
    }

    #[test]
    fn problems() {
        insta::assert_snapshot!(problem("8-7"), @"range 8-7 runs backwards: write 7-8");
        insta::assert_snapshot!(problem("70000"), @"port 70000 is out of range: ports are numbers from 1 to 65535");
        insta::assert_snapshot!(problem("99999999999"), @"port 99999999999 is out of range: ports are numbers from 1 to 65535");
        insta::assert_snapshot!(problem("0"), @"port 0 is out of range: ports are numbers from 1 to 65535");
        insta::assert_snapshot!(problem("http"), @"`http` is not a port: ports are numbers from 1 to 65535, ranges are written 8000-8010");
        insta::assert_snapshot!(problem(""), @"no port is named: write one such as 80, a list such as 80,443 or a range such as 8000-8010");
    }

    #[track_caller]
    fn check(text: &str, inside: &[u16], outside: &[u16]) {
        let set = PortSet::parse(text).unwrap();
        assert!(inside.iter().all(|port| set.contains(*port)), "{set}");
        assert!(!outside.iter().any(|port| set.contains(*port)), "{set}");
    }

    #[track_caller]
    fn problem(text: &str) -> String {
        PortSet::parse(text).unwrap_err().to_string()
    }

    proptest! {
        #[test]
        fn a_set_holds_what_its_ranges_hold(
            pairs in prop::collection::vec((1_u16..2000, 0_u16..50), 0..20),
            others in prop::collection::btree_set(0_u16..2100, 0..200),
        ) {
            let model: BTreeSet<u16> = pairs.iter().flat_map(|(first, more)| *first..=first + more).collect();
            let set: PortSet =
                pairs.iter().map(|(first, more)| PortRange::new(*first, first + more).unwrap()).collect();
            prop_assert_eq!(set.len(), model.len());
            for port in 0..2100 {
                prop_assert_eq!(set.contains(port), model.contains(&port));
            }
            let left = set.without(&others);
            for port in 0..2100 {
                prop_assert_eq!(left.contains(port), model.contains(&port) && !others.contains(&port));
            }
            if !set.is_empty() {
                prop_assert_eq!(&PortSet::parse(&set.to_string()).unwrap(), &set);
            }
        }

        #[test]
        fn reading_never_panics(text in ".*") {
            let _either = PortSet::parse(&text);
        }
    }
}
