//! What rules that forbid leave of one that allows, for policies, which have no words to forbid.

use std::collections::{BTreeMap, BTreeSet};

use super::{Peer, Scope, Share};
use crate::{address::AddressSet, matrix::Rule, port::PortSet, role::Role};

/// A part of what a rule allows between a client role and a server role, in this order.
#[derive(Clone)]
pub(super) struct Piece {
    /// Empty where the rule's transport has none.
    pub(super) ports: PortSet,
    /// The addresses of each end, where not all of its role are allowed.
    pub(super) ends: [Option<AddressSet>; 2],
}

/// Why policies allow less than the rules do, by the ids of the rules that forbid.
pub(super) type Closed<'a> = BTreeMap<&'a str, BTreeSet<String>>;

/// What none of `forbidding` forbids of a rule between two of its roles. Where one forbids a part that can't be told from the rest,
/// all of it is left out, and `closed` says so.
pub(super) fn left_over<'a>(
    scope: &Scope<'_>,
    forbidding: &[&'a Rule],
    rule: &Rule,
    ends: [&Role; 2],
    closed: &mut Closed<'a>,
) -> Vec<Piece> {
    let mut pieces = vec![Piece {
        ports: rule.ports.set().unwrap_or_default(),
        ends: [None, None],
    }];
    let meets = |one: &&&Rule| {
        one.transport == rule.transport && !one.loopback && one.ports.overlap(&rule.ports)
    };
    for one in forbidding.iter().filter(meets) {
        let of = |roles: &[Role], end| {
            let shares = roles.iter().map(|role| scope.share(role, end));
            shares.max().unwrap_or(Share::None)
        };
        let [client, server] = ends;
        let shares = [of(&one.client, client), of(&one.server, server)];
        if shares.contains(&Share::None) {
            continue;
        }
        let forbidden = one.ports.set().unwrap_or_default();
        // What the addresses of one end tell apart, if the other end is forbidden as a whole.
        let apart = match shares {
            [Share::Part, Share::All] => told_apart(scope, &one.client, client).map(|set| (0, set)),
            [Share::All, Share::Part] => told_apart(scope, &one.server, server).map(|set| (1, set)),
            [_, _] => None,
        };
        let id = rule.id.escape_debug();
        match &apart {
            _ if shares == [Share::All, Share::All] => {}
            None => {
                let why = format!(
                    "it forbids a part of what {id} allows, which policies cannot tell from the rest, so all of that is closed"
                );
                closed.entry(&one.id).or_default().insert(why);
            }
            Some((end, _)) if ends.get(*end).is_some_and(|role| scope.is_any(role)) => {
                let why = format!(
                    "it forbids a part of what {id} allows to everybody, so that is allowed for the other addresses by their numbers, by which pods may not be found"
                );
                closed.entry(&one.id).or_default().insert(why);
            }
            Some(_) => {}
        }
        pieces = pieces
            .into_iter()
            .flat_map(|piece| without(&piece, &forbidden, apart.as_ref()))
            .collect();
    }
    let has_ports = rule.ports.set().is_some();
    pieces.retain(|piece| {
        let is_nobody = |end: &Option<AddressSet>| end.as_ref().is_some_and(AddressSet::is_empty);
        (!has_ports || !piece.ports.is_empty()) && !piece.ends.iter().any(is_nobody)
    });
    pieces
}

/// The addresses of an end of which these roles forbid a part, without that part; `None` where addresses do not tell.
fn told_apart(scope: &Scope<'_>, forbidden: &[Role], end: &Role) -> Option<AddressSet> {
    let mut left = match scope.peer(end) {
        Peer::Any => AddressSet::any(),
        Peer::Addresses(set) => set.clone(),
        Peer::Unknown | Peer::Unresolved => return None,
    };
    for role in forbidden {
        match scope.peer(role) {
            Peer::Addresses(set) if scope.roles.is_whole(role) => left = left.minus(set),
            _ if scope.share(role, end) == Share::None => {}
            Peer::Any | Peer::Addresses(_) | Peer::Unknown | Peer::Unresolved => return None,
        }
    }
    Some(left)
}

/// A piece without some ports, and these ports for the addresses of one end that keep them.
fn without(piece: &Piece, ports: &PortSet, apart: Option<&(usize, AddressSet)>) -> Vec<Piece> {
    let others = Piece {
        ports: piece.ports.minus(ports),
        ..piece.clone()
    };
    let Some((end, kept)) = apart else {
        return vec![others];
    };
    let mut these = Piece {
        ports: piece.ports.minus(&others.ports),
        ..piece.clone()
    };
    if let Some(end) = these.ends.get_mut(*end) {
        let kept = match &end {
            // What another rule has taken away of it stays away.
            Some(before) => before.minus(&before.minus(kept)),
            None => kept.clone(),
        };
        *end = Some(kept);
    }
    vec![others, these]
}
