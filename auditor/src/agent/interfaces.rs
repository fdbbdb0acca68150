//! The watched interfaces: attaches to those that appear, detaches from those that disappear.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    capture::{Attached, Capture, Ingress, Interface, Selection, Wanted},
    observed::{self, Cause, Gap},
    output::say,
};

/// The watched interfaces, and the selection of those that should be watched.
pub(crate) struct WatchedInterfaces {
    selection: Selection,
    ingress: Ingress,
    attached: Vec<(Attached, Wanted)>,
    /// By index, how often attaching to an interface was tried and failed.
    refused: BTreeMap<u32, u32>,
    /// By index, the name of every interface that ever was watched.
    names: BTreeMap<u32, String>,
    described: Vec<observed::Interface>,
}

/// After this many failed attempts an interface is a gap, and is not tried again as long as it exists.
const MOST_TRIES: u32 = 2;

/// What changed since the interfaces were last listed.
#[derive(Default)]
pub(crate) struct Changes {
    /// Messages for the user.
    pub(crate) messages: Vec<String>,
    pub(crate) gaps: Vec<Gap>,
    /// The names of interfaces that were attached to.
    pub(crate) watched: Vec<String>,
}

impl WatchedInterfaces {
    /// Attaches to every existing interface that is wanted.
    ///
    /// # Errors
    ///
    /// A named interface does not exist or can't be watched, none is wanted at all, or the kernel refuses to attach.
    pub(crate) fn attach_all(
        selection: Selection,
        ingress: Ingress,
        all: &[Interface],
        capture: &mut Capture,
    ) -> anyhow::Result<Self> {
        selection.check(all)?;
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
            names: BTreeMap::new(),
            described: Vec::new(),
        };
        let mut messages = Vec::new();
        for interface in all {
            if let Some(wanted) = watched.selection.wants(interface) {
                messages.push(watched.attach(interface, wanted, capture)?);
            }
        }
        // Printed only once all are attached, so that a script that waits for one of these lines can rely on all.
        for message in &messages {
            say(message);
        }
        Ok(watched)
    }

    /// Attaches to new interfaces that are wanted, and drops those that no longer exist.
    pub(crate) fn reconcile(
        &mut self,
        all: &[Interface],
        capture: &mut Capture,
        now: Timestamp,
    ) -> Changes {
        let mut changes = Changes::default();
        let is_there = |index: u32| all.iter().find(|interface| interface.index == index);
        self.refused.retain(|index, _| is_there(*index).is_some());
        let (there, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.attached)
            .into_iter()
            .partition(|(attached, _)| is_there(attached.interface.index).is_some());
        self.attached = there;
        for (lost, wanted) in gone {
            let name = lost.interface.name;
            match wanted {
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
        for interface in all {
            if self.watches(interface.index) {
                self.rename(interface);
                continue;
            }
            let Some(wanted) = self.selection.wants(interface) else {
                continue;
            };
            let n_tries = self
                .refused
                .get(&interface.index)
                .copied()
                .unwrap_or_default();
            if n_tries == MOST_TRIES {
                continue;
            }
            match self.attach(interface, wanted, capture) {
                Ok(message) => {
                    self.refused.remove(&interface.index);
                    changes.watched.push(interface.name.clone());
                    changes.messages.push(message);
                    if interface.is_up {
                        changes.gaps.push(Gap {
                            cause: Cause::InterfaceLate {
                                name: interface.name.clone(),
                            },
                            // Exact to a second, since interfaces are listed at each tick.
                            from: now,
                            until: Some(now),
                        });
                    }
                }
                // A new interface may have been renamed in the meantime, so it is tried again.
                Err(_) if n_tries + 1 < MOST_TRIES => {
                    self.refused.insert(interface.index, n_tries + 1);
                }
                Err(error) => {
                    let problem = format!("{error:#}");
                    changes.messages.push(format!("auditor: {problem}"));
                    self.refused.insert(interface.index, MOST_TRIES);
                    changes.gaps.push(Gap {
                        cause: Cause::InterfaceRefused {
                            name: interface.name.clone(),
                            problem,
                        },
                        from: now,
                        until: None,
                    });
                }
            }
        }
        changes
    }

    /// Whether nothing is watched, and nothing will be.
    pub(crate) const fn is_over(&self) -> bool {
        self.attached.is_empty() && !self.selection.may_match_new_interfaces()
    }

    /// Detaches from all interfaces.
    pub(crate) fn detach(&mut self) {
        self.attached.clear();
    }

    /// Replaces the selection, and detaches from interfaces that are no longer wanted.
    pub(crate) fn select(&mut self, selection: Selection) {
        self.selection = selection;
        self.refused.clear();
        let is_wanted = |attached: &Attached| self.selection.wants(&attached.interface);
        self.attached = std::mem::take(&mut self.attached)
            .into_iter()
            .filter_map(|(attached, _)| is_wanted(&attached).map(|wanted| (attached, wanted)))
            .collect();
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
            .any(|(attached, _)| attached.interface.index == index)
    }

    fn attach(
        &mut self,
        interface: &Interface,
        wanted: Wanted,
        capture: &mut Capture,
    ) -> anyhow::Result<String> {
        let attached = capture.attach(interface, self.ingress)?;
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
        self.attached.push((attached, wanted));
        Ok(message)
    }

    /// Updates the name of an interface that was renamed.
    fn rename(&mut self, interface: &Interface) {
        let Some((attached, _)) = self.attached.iter_mut().find(|(attached, _)| {
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
