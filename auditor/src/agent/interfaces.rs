//! The watched interfaces: attaches to those that appear, detaches from those that disappear.

use std::collections::BTreeMap;

use auditor_common::Direction;
use jiff::{SignedDuration, Timestamp};

use super::settings::Lifetime;
use crate::{
    capture::{Attached, Capture, Ingress, Interface, Look, Selection, Wanted},
    observed::{self, Cause, Gap},
    output::say,
};

/// The watched interfaces, and the selection of those that should be watched.
pub(crate) struct WatchedInterfaces {
    selection: Selection,
    ingress: Ingress,
    attached: Vec<Watched>,
    /// By index, interfaces that could not be attached to.
    refused: BTreeMap<u32, Refused>,
    /// By index, interfaces from which somebody took what counts.
    detached: BTreeMap<u32, Detached>,
    /// By index, the name of every interface that ever was watched.
    names: BTreeMap<u32, String>,
    described: Vec<observed::Interface>,
}

/// An interface that is watched.
struct Watched {
    attached: Attached,
    wanted: Wanted,
    /// What was found around our programs when that was last looked at in full.
    look: Look,
    /// When that was, and when it was before.
    looked: Timestamp,
    looked_before: Timestamp,
}

/// An interface from which somebody took what counts.
#[derive(Clone, Copy)]
struct Detached {
    /// When it was last there.
    since: Timestamp,
    /// When it was found to be gone.
    found: Timestamp,
    /// When to attach anew.
    again: Timestamp,
    /// Whether it is attached anew.
    is_over: bool,
}

/// Whoever makes a qdisc anew must not find ours in its place, so it is not attached anew at once.
const PAUSE: SignedDuration = SignedDuration::from_secs(2);
/// Whoever takes it off again within this time is not fought: it is attached anew once this time is over, and until then is one
/// gap.
const TRUCE: SignedDuration = SignedDuration::from_secs(10);

/// An interface that could not be attached to.
#[derive(Default)]
struct Refused {
    /// For how many listings it was there.
    n_listed: u32,
    since: Timestamp,
    problem: String,
}

/// With this many failed attempts an interface is a gap.
const FIRST_TRIES: u32 = 2;
/// Then it is tried again every so many listings.
const LATER_TRIES: u32 = 30;

/// What changed since the interfaces were last listed.
#[derive(Default)]
pub(crate) struct Changes {
    /// Messages for the user.
    pub(crate) messages: Vec<String>,
    pub(crate) gaps: Vec<Gap>,
    /// Causes of gaps that last as long as they are found, and since when.
    pub(crate) standing: BTreeMap<Cause, Timestamp>,
    /// The names of interfaces that were attached to.
    pub(crate) watched: Vec<String>,
}

impl WatchedInterfaces {
    /// Attaches to every existing interface that is wanted. Also returns what is to be said of each, once all of the session is
    /// ready: a script that waits for one of these lines can rely on everything. What refuses a daemon is tried again as it
    /// goes on.
    ///
    /// # Errors
    ///
    /// The kernel refuses to attach in the foreground.
    pub(crate) fn attach_all(
        selection: Selection,
        ingress: Ingress,
        all: &[Interface],
        capture: &mut Capture,
        now: Timestamp,
        lifetime: Lifetime,
    ) -> anyhow::Result<(Self, Vec<String>)> {
        for pattern in selection.waiting(all) {
            say(&format!(
                "auditor: no interface matches `{pattern}` yet; the first that does will be watched"
            ));
        }
        let mut watched = Self {
            selection,
            ingress,
            attached: Vec::new(),
            refused: BTreeMap::new(),
            detached: BTreeMap::new(),
            names: BTreeMap::new(),
            described: Vec::new(),
        };
        let mut messages = Vec::new();
        for interface in all {
            if let Some(wanted) = watched.selection.wants(interface) {
                match (watched.attach(interface, wanted, capture, now), lifetime) {
                    (Ok(message), _) => messages.push(message),
                    (Err(error), Lifetime::Foreground) => return Err(error),
                    (Err(_said_if_it_goes_on), Lifetime::Daemon) => {
                        let refused = Refused {
                            n_listed: 1,
                            since: now,
                            ..Refused::default()
                        };
                        watched.refused.insert(interface.index, refused);
                    }
                }
            }
        }
        Ok((watched, messages))
    }

    /// Attaches to new interfaces that are wanted, drops those that no longer exist, and looks whether all that was attached
    /// still is, and what stands around it: with `all_filters` also by listing filters. `before` is when this was last done.
    pub(crate) fn reconcile(
        &mut self,
        all: &[Interface],
        capture: &mut Capture,
        (before, now): (Timestamp, Timestamp),
        all_filters: bool,
    ) -> Changes {
        let mut changes = Changes::default();
        let is_there = |index: u32| all.iter().find(|interface| interface.index == index);
        self.refused.retain(|index, _| is_there(*index).is_some());
        self.detached.retain(|index, detached| {
            let is_past = detached.is_over && detached.found + TRUCE < now;
            is_there(*index).is_some() && !is_past
        });
        for mut watched in std::mem::take(&mut self.attached) {
            match is_there(watched.attached.interface.index) {
                Some(interface) => {
                    capture.know_alike(&mut watched.attached, interface);
                    let times = (before, now);
                    self.look(watched, interface, times, all_filters, &mut changes);
                }
                None => went_away(&watched, now, &mut changes),
            }
        }
        for interface in all {
            if self.watches(interface.index) {
                self.rename(interface);
                continue;
            }
            let Some(wanted) = self.selection.wants(interface) else {
                continue;
            };
            let detached = self.detached.get(&interface.index);
            if detached.is_some_and(|detached| now < detached.again) {
                continue;
            }
            let n_listed = self
                .refused
                .get(&interface.index)
                .map_or(0, |refused| refused.n_listed);
            if n_listed < FIRST_TRIES || n_listed.is_multiple_of(LATER_TRIES) {
                self.try_attach(interface, wanted, capture, (before, now), &mut changes);
            } else if let Some(refused) = self.refused.get_mut(&interface.index) {
                refused.n_listed += 1;
            }
        }
        self.stand(all, before, &mut changes);
        changes
    }

    /// Keeps an interface that is still watched; drops one from which somebody took what counts, to attach anew.
    fn look(
        &mut self,
        mut watched: Watched,
        interface: &Interface,
        (before, now): (Timestamp, Timestamp),
        all_filters: bool,
        changes: &mut Changes,
    ) {
        let mut since = before;
        let looked = match watched.attached.is_attached(interface) {
            Ok(true) if all_filters => watched.attached.look(interface).map(|look| {
                let is_attached = !look.is_detached;
                watched.look = look;
                since = std::mem::replace(&mut watched.looked, now);
                watched.looked_before = since;
                is_attached
            }),
            other => other,
        };
        match looked {
            Ok(true) => self.attached.push(watched),
            Ok(false) => {
                let is_again = self.detached.contains_key(&interface.index);
                let (again, how) = if is_again {
                    (now + TRUCE, "again; it is attached anew a little later")
                } else {
                    (now + PAUSE, "by somebody else; it is attached anew")
                };
                changes.messages.push(format!(
                    "auditor: what counts on {} was taken off {how}",
                    interface.name
                ));
                let detached = Detached {
                    since,
                    found: now,
                    again,
                    is_over: false,
                };
                self.detached.insert(interface.index, detached);
            }
            Err(error) => {
                let cause = Cause::Unread {
                    what: format!("what is attached to {}", interface.name),
                    problem: error.to_string(),
                };
                changes.standing.insert(cause, before);
                self.attached.push(watched);
            }
        }
    }

    fn try_attach(
        &mut self,
        interface: &Interface,
        wanted: Wanted,
        capture: &mut Capture,
        (before, now): (Timestamp, Timestamp),
        changes: &mut Changes,
    ) {
        let name = &interface.name;
        let detached = self.detached.get(&interface.index).copied();
        let detached = detached.filter(|detached| !detached.is_over);
        match self.attach(interface, wanted, capture, now) {
            Ok(message) => {
                changes.watched.push(name.clone());
                changes.messages.push(message);
                let refused = self.refused.remove(&interface.index);
                if let Some(detached) = self.detached.get_mut(&interface.index) {
                    detached.is_over = true;
                }
                // If it was taken off, or refused, that is a gap already, which ends here.
                let was_refused = refused.is_some_and(|refused| FIRST_TRIES <= refused.n_listed);
                if interface.is_up && detached.is_none() && !was_refused {
                    changes.gaps.push(Gap {
                        cause: Cause::InterfaceLate { name: name.clone() },
                        // Exact to a second, since interfaces are listed at each tick.
                        from: now,
                        until: Some(now),
                    });
                }
            }
            // A new interface may have been renamed in the meantime, so it is tried again.
            Err(error) => {
                let refused = self
                    .refused
                    .entry(interface.index)
                    .or_insert_with(|| Refused {
                        since: before,
                        ..Refused::default()
                    });
                refused.n_listed += 1;
                if refused.n_listed == FIRST_TRIES {
                    refused.problem = format!("{error:#}");
                    changes
                        .messages
                        .push(format!("auditor: {}", refused.problem));
                }
            }
        }
    }

    /// Names what keeps us from seeing all, for as long as it does.
    fn stand(&self, all: &[Interface], before: Timestamp, changes: &mut Changes) {
        let standing = &mut changes.standing;
        for interface in all {
            let name = || interface.name.clone();
            if let Some(detached) = self.detached.get(&interface.index)
                && !detached.is_over
            {
                standing.insert(Cause::Detached { name: name() }, detached.since);
            }
            if let Some(refused) = self.refused.get(&interface.index)
                && FIRST_TRIES <= refused.n_listed
            {
                let problem = refused.problem.clone();
                let cause = Cause::InterfaceRefused {
                    name: name(),
                    problem,
                };
                standing.insert(cause, refused.since);
            }
        }
        let mut leave_out = |name: &str, problem: &str| {
            let cause = Cause::NotWatched {
                name: name.to_owned(),
                problem: problem.to_owned(),
            };
            standing.insert(cause, before);
        };
        for interface in all.iter().filter(|one| self.selection.would_want(one)) {
            leave_out(&interface.name, "its frames have no Ethernet header");
        }
        for name in self.selection.absent(all) {
            // One that went away is a gap of its own.
            if !self.described.iter().any(|known| known.name == name) {
                leave_out(name, "there is none of this name yet");
            }
        }
        for watched in &self.attached {
            let name = &watched.attached.interface.name;
            let since = watched.looked_before;
            for (direction, others) in &watched.look.before {
                let cause = Cause::Behind {
                    name: name.clone(),
                    direction: *direction,
                    others: others.clone(),
                };
                standing.insert(cause, since);
            }
            if let Some(others) = &watched.look.after {
                let cause = Cause::CountedBefore {
                    name: name.clone(),
                    others: others.clone(),
                };
                standing.insert(cause, since);
            }
            if let Some(others) = &watched.look.no_egress {
                let cause = Cause::Behind {
                    name: name.clone(),
                    direction: Direction::Egress,
                    others: others.clone(),
                };
                standing.insert(cause, since);
            }
        }
        if self.attached.is_empty() {
            standing.insert(Cause::NothingToWatch, before);
        }
    }

    /// The interfaces that are watched now, as they were when they were attached to.
    pub(crate) fn attached(&self) -> impl Iterator<Item = &Interface> {
        self.attached
            .iter()
            .map(|watched| &watched.attached.interface)
    }

    /// Detaches from all interfaces.
    pub(crate) fn detach(&mut self) {
        self.attached.clear();
    }

    /// Replaces the selection, and detaches from interfaces that are no longer wanted.
    pub(crate) fn select(&mut self, selection: Selection) {
        self.selection = selection;
        self.refused.clear();
        let selection = &self.selection;
        self.attached.retain_mut(
            |watched| match selection.wants(&watched.attached.interface) {
                Some(wanted) => {
                    watched.wanted = wanted;
                    true
                }
                None => false,
            },
        );
    }

    /// By index, the name of every interface that ever was watched.
    pub(crate) const fn names(&self) -> &BTreeMap<u32, String> {
        &self.names
    }

    /// Every interface that ever was watched, and how.
    pub(crate) fn described(&self) -> &[observed::Interface] {
        &self.described
    }

    fn watches(&self, index: u32) -> bool {
        self.attached
            .iter()
            .any(|watched| watched.attached.interface.index == index)
    }

    fn attach(
        &mut self,
        interface: &Interface,
        wanted: Wanted,
        capture: &mut Capture,
        now: Timestamp,
    ) -> anyhow::Result<String> {
        let mut attached = capture.attach(interface, self.ingress)?;
        capture.know_alike(&mut attached, interface);
        // If it can't be read now, it will be.
        let look = attached.look(interface).unwrap_or_default();
        let egress = if interface.is_loopback {
            "not needed"
        } else {
            "tc"
        };
        let down = if interface.is_up { "" } else { ", down" };
        let message = format!(
            "auditor: watching {}, in: {} ({}), out: {egress}{down}",
            interface.name,
            attached.ingress.hook.name(),
            attached.ingress.reason
        );
        let described = attached.describe();
        if !self.described.contains(&described) {
            self.described.push(described);
        }
        self.names.insert(interface.index, interface.name.clone());
        self.attached.push(Watched {
            attached,
            wanted,
            look,
            looked: now,
            looked_before: now,
        });
        Ok(message)
    }

    /// Updates the name of an interface that was renamed.
    fn rename(&mut self, interface: &Interface) {
        let mut renamed = self
            .attached
            .iter_mut()
            .map(|watched| &mut watched.attached);
        let Some(attached) = renamed.find(|attached| {
            attached.interface.index == interface.index && attached.interface.name != interface.name
        }) else {
            return;
        };
        for described in &mut self.described {
            if described.name == attached.interface.name {
                described.name.clone_from(&interface.name);
            }
        }
        attached.interface.name.clone_from(&interface.name);
        self.names.insert(interface.index, interface.name.clone());
    }
}

fn went_away(lost: &Watched, now: Timestamp, changes: &mut Changes) {
    let name = lost.attached.interface.name.clone();
    match lost.wanted {
        Wanted::Required => {
            changes.messages.push(format!(
                "auditor: interface {name} went away; what passes there is not seen"
            ));
            changes.gaps.push(Gap {
                cause: Cause::InterfaceLost { name },
                from: now,
                until: None,
            });
        }
        Wanted::Transient => {
            changes
                .messages
                .push(format!("auditor: interface {name} went away"));
        }
    }
}
