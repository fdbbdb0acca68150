//! Rules by port, in a segment tree: each range is stored at the few nodes that exactly cover it, so the rules of a port are
//! those on the path from its leaf to the root, and a thousand wide ranges cost no more than a thousand ports.

/// A rule with the indices of its sides.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct IndexedRule {
    pub(super) server: u32,
    pub(super) client: u32,
    pub(super) rule: u32,
}

impl IndexedRule {
    pub(super) const fn rule(&self) -> usize {
        self.rule as usize
    }
}

/// The number of leaves, one for each port, in order. They follow as many inner nodes: the root is node 1, and the children
/// of node n are 2n and 2n + 1.
const LEAVES: u32 = 1 << 16;

pub(super) struct PortTree {
    /// Where the entries of each node begin in `entries`, and after the last node the end.
    starts: Vec<u32>,
    /// Grouped by node, sorted within each.
    entries: Vec<IndexedRule>,
}

impl PortTree {
    /// Stores each range, first and last port included, at its nodes.
    pub(super) fn new(ranges: &[(u16, u16, IndexedRule)]) -> Self {
        let mut by_node: Vec<(u32, IndexedRule)> = Vec::with_capacity(ranges.len());
        for (first, last, entry) in ranges {
            by_node.extend(nodes(*first, *last).map(|node| (node, *entry)));
        }
        by_node.sort_unstable();
        let mut starts = Vec::with_capacity(2 * LEAVES as usize + 1);
        let mut at = 0;
        for node in 0..=2 * LEAVES {
            let before = by_node.get(at..).unwrap_or_default();
            at += before.partition_point(|(of, _)| *of < node);
            starts.push(super::number(at));
        }
        Self {
            starts,
            entries: by_node.into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    /// The entries of each node whose range holds the port, without empty ones.
    pub(super) fn at(&self, port: u16) -> impl Iterator<Item = &[IndexedRule]> {
        let leaf = LEAVES + u32::from(port);
        (0..=LEAVES.trailing_zeros()).filter_map(move |up| {
            let node = (leaf >> up) as usize;
            let (from, to) = (self.starts.get(node)?, self.starts.get(node + 1)?);
            let entries = self.entries.get(*from as usize..*to as usize)?;
            (!entries.is_empty()).then_some(entries)
        })
    }
}

/// The fewest nodes that together hold exactly the ports from `first` to `last`.
fn nodes(first: u16, last: u16) -> impl Iterator<Item = u32> {
    let (mut from, mut to) = (LEAVES + u32::from(first), LEAVES + u32::from(last) + 1);
    let mut nodes = Vec::new();
    while from < to {
        if from & 1 == 1 {
            nodes.push(from);
            from += 1;
        }
        if to & 1 == 1 {
            to -= 1;
            nodes.push(to);
        }
        from >>= 1;
        to >>= 1;
    }
    nodes.into_iter()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{IndexedRule, PortTree};

    proptest! {
        #[test]
        fn a_port_meets_the_ranges_that_hold_it(
            ranges in prop::collection::vec((any::<u16>(), any::<u16>()), 0..20),
            more in prop::collection::vec(any::<u16>(), 0..20),
        ) {
            let ranges: Vec<(u16, u16, IndexedRule)> = ranges
                .iter()
                .zip(0..)
                .map(|((a, b), rule)| (*a.min(b), *a.max(b), IndexedRule { server: 0, client: 0, rule }))
                .collect();
            let tree = PortTree::new(&ranges);
            let borders = ranges.iter().flat_map(|(first, last, _)| {
                [first.saturating_sub(1), *first, *last, last.saturating_add(1)]
            });
            for port in borders.chain(more).chain([0, u16::MAX]) {
                let found: Vec<u32> = tree.at(port).flatten().map(|entry| entry.rule).collect();
                let holding = ranges.iter().filter(|(first, last, _)| (first..=last).contains(&&port));
                let expected: BTreeSet<u32> = holding.map(|(_, _, entry)| entry.rule).collect();
                prop_assert_eq!(found.len(), expected.len());
                prop_assert_eq!(found.into_iter().collect::<BTreeSet<u32>>(), expected);
            }
        }
    }
}
