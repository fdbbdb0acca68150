//! Attaches programs to interfaces, looks after them, and detaches them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io,
    os::fd::{AsFd as _, BorrowedFd},
    panic::resume_unwind,
    thread,
};

use auditor_common::Direction;
use aya::programs::{
    LinkOrder, ProgramError, SchedClassifier, TcAttachType, Xdp, XdpMode, links::FdLink,
    tc::TcAttachOptions,
};

use super::{
    error::chain,
    filter::{self, Filter},
    foreign::{self, Foreign},
    guard::Guard,
    hook::{Choice, Ingress, Tc, choose, driver},
    interface::Interface,
    syscall,
};
use crate::observed::{self, Hook};

/// An interface with the programs attached. They are detached when this is dropped, and when the process dies.
pub struct Attached {
    pub interface: Interface,
    pub ingress: Choice,
    placed: Vec<Placed>,
    /// Why what leaves is not seen, if it is not.
    no_egress: Option<String>,
    /// The tags of our programs, by which those of another auditor are told.
    tags: BTreeSet<String>,
    /// What is known of programs of others, by their ids.
    known: BTreeMap<u32, Foreign>,
}

/// A program at its place.
struct Placed {
    direction: Direction,
    /// What is ours is told by this alone: others may take the same preference and handle, or the slot.
    program: u32,
    link: Link,
}

/// A program attached to a hook; detached when this is dropped.
enum Link {
    /// The kernel detaches the program when the process ends.
    Xdp { _link: FdLink },
    /// The same.
    Tcx { _link: FdLink },
    /// The guard process removes the filter when this process ends.
    Clsact { _filter: OwnFilter },
}

/// A filter that runs one of our programs.
struct OwnFilter {
    interface: u32,
    direction: Direction,
    program: u32,
}

impl Drop for OwnFilter {
    fn drop(&mut self) {
        // Gone with its interface, or with the qdisc; the guard tries it again.
        let _gone = filter::remove(self.interface, self.direction, self.program);
    }
}

/// What was found where our programs were attached.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Look {
    /// Whether one of our programs is no longer where it was attached.
    pub is_detached: bool,
    /// What runs before ours, for each direction with anything.
    pub before: BTreeMap<Direction, String>,
    /// What runs after ours on what leaves, and may drop it.
    pub after: Option<String>,
    /// Why what leaves is not seen, if it is not.
    pub no_egress: Option<String>,
}

impl Attached {
    /// The interface in the form that a report contains.
    pub fn describe(&self) -> observed::Interface {
        observed::Interface {
            name: self.interface.name.clone(),
            ingress: self.ingress.hook,
            egress: (!self.interface.is_loopback && self.no_egress.is_none()).then_some(Hook::Tc),
            is_loopback: self.interface.is_loopback,
        }
    }

    /// Whether our programs are still attached, as far as that is known without listing filters. `now` is the interface as
    /// it was just listed.
    ///
    /// # Errors
    ///
    /// The kernel does not say what is attached.
    pub fn is_attached(&self, now: &Interface) -> io::Result<bool> {
        for placed in &self.placed {
            let is_there = match placed.link {
                Link::Xdp { .. } => now.xdp_programs.contains(&placed.program),
                Link::Tcx { .. } => {
                    syscall::tcx_programs(now.index, placed.direction)?.contains(&placed.program)
                }
                Link::Clsact { .. } => true,
            };
            if !is_there {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether XDP programs stand before ours for tc of which it is not known whose they are.
    pub(super) fn wants_tag_of_xdp(&self, now: &Interface) -> bool {
        self.ingress.hook == Hook::Tc
            && now
                .xdp_programs
                .iter()
                .any(|program| !self.known.contains_key(program))
    }

    /// Sets the tags of our programs; what was known by others is looked up anew.
    pub(super) fn set_tags(&mut self, tags: BTreeSet<String>) {
        if self.tags != tags {
            self.tags = tags;
            self.known.clear();
        }
    }

    /// Looks whether our programs are still attached, and what stands around them. `now` is the interface as it was just
    /// listed.
    ///
    /// # Errors
    ///
    /// The kernel does not say what is attached.
    pub fn look(&mut self, now: &Interface) -> io::Result<Look> {
        let mut look = Look {
            no_egress: self.no_egress.clone(),
            ..Look::default()
        };
        for at in 0..self.placed.len() {
            let Some(placed) = self.placed.get(at) else {
                continue;
            };
            let (direction, program) = (placed.direction, placed.program);
            let (mut before, mut after) = (Vec::new(), Vec::new());
            match placed.link {
                Link::Xdp { .. } => look.is_detached |= !now.xdp_programs.contains(&program),
                Link::Tcx { .. } => {
                    let links = syscall::tcx_programs(now.index, direction)?;
                    match links.iter().position(|one| *one == program) {
                        None => look.is_detached = true,
                        Some(ours) => {
                            let (first, last) = links.split_at(ours);
                            before.extend(first.iter().filter_map(|one| self.named(*one)));
                            let last = last.iter().skip(1);
                            after.extend(last.filter_map(|one| self.named(*one)));
                        }
                    }
                    if direction == Direction::Egress {
                        let filters = filter::list(now.index, direction)?;
                        let filters = filters.iter().filter(|one| self.concerns_us(one));
                        after.extend(filters.map(described));
                    }
                }
                Link::Clsact { .. } => {
                    let links = syscall::tcx_programs(now.index, direction)?;
                    let filters = filter::list(now.index, direction)?;
                    before.extend(links.iter().filter_map(|one| self.named(*one)));
                    match filters.iter().position(|one| one.program == Some(program)) {
                        None => look.is_detached = true,
                        Some(ours) => {
                            let (first, last) = filters.split_at(ours);
                            let first = first.iter().filter(|one| self.concerns_us(one));
                            before.extend(first.map(described));
                            let last = last.iter().skip(1).filter(|one| self.concerns_us(one));
                            after.extend(last.map(described));
                        }
                    }
                }
            }
            if direction == Direction::Ingress && self.ingress.hook == Hook::Tc {
                let xdp = now.xdp_programs.iter();
                let named = xdp.filter_map(|one| self.named(*one));
                before.extend(named.map(|name| format!("XDP {name}")));
            }
            if !before.is_empty() {
                look.before.insert(direction, before.join(", "));
            }
            if direction == Direction::Egress && !after.is_empty() {
                look.after = Some(after.join(", "));
            }
        }
        Ok(look)
    }

    /// What is known of a program of somebody else; `None` if it is another auditor's.
    fn named(&mut self, program: u32) -> Option<String> {
        let tags = &self.tags;
        let look_up = || foreign::look_up(program, tags);
        let known = self.known.entry(program).or_insert_with(look_up);
        (!known.is_alike).then(|| known.text.clone())
    }

    /// Whether a filter may keep IP packets from another: those of auditors pass everything on.
    fn concerns_us(&self, filter: &Filter) -> bool {
        let is_alike = filter
            .tag
            .as_ref()
            .is_some_and(|tag| self.tags.contains(tag));
        filter.concerns_ip() && !is_alike
    }
}

/// What is attached to an interface, for each direction with anything, in the order in which it runs.
///
/// # Errors
///
/// The kernel does not say what is attached.
pub fn others(interface: &Interface) -> io::Result<BTreeMap<Direction, String>> {
    let mut all = BTreeMap::new();
    let named = |program: &u32| foreign::look_up(*program, &BTreeSet::new()).text;
    for direction in Direction::ALL {
        let mut found = Vec::new();
        if direction == Direction::Ingress {
            let xdp = interface.xdp_programs.iter();
            found.extend(xdp.map(|program| format!("XDP {}", named(program))));
        }
        let links = syscall::tcx_programs(interface.index, direction)?;
        found.extend(links.iter().map(named));
        let filters = filter::list(interface.index, direction)?;
        let filters = filters.iter().filter(|one| one.concerns_ip());
        found.extend(filters.map(described));
        if !found.is_empty() {
            all.insert(direction, found.join(", "));
        }
    }
    Ok(all)
}

/// A filter of somebody else.
fn described(filter: &Filter) -> String {
    let mut text = format!(
        "tc filter {} of preference {}",
        filter.kind, filter.preference
    );
    // Writing to a string never fails.
    let _written = match (filter.program, &filter.name) {
        (Some(program), Some(name)) => write!(text, " (program {program}, {name})"),
        (Some(program), None) => write!(text, " (program {program})"),
        (None, _) => Ok(()),
    };
    text
}

/// The programs, each of which is loaded before its first use, and what attaching them needs.
pub(super) struct Programs<'a> {
    pub(super) ingress_xdp: &'a mut Xdp,
    /// Loaded for the first interface that needs it, since kernels before 5.18 do not accept it.
    pub(super) ingress_xdp_frags: &'a mut Xdp,
    pub(super) ingress_tc: &'a mut SchedClassifier,
    pub(super) egress_tc: &'a mut SchedClassifier,
    pub(super) tc: Tc,
    /// Started for the first filter.
    pub(super) guard: &'a mut Option<Guard>,
}

/// How many preferences are tried, from the first that there is.
const MOST_PREFERENCES: u16 = 16;

impl Programs<'_> {
    /// Loads the programs for tc that are not loaded, both at once: verifying them is most of what starting takes.
    pub(super) fn load_tc(&mut self) -> Result<(), ProgramError> {
        let load = |program: &mut SchedClassifier| match program.fd() {
            Ok(_) => Ok(()),
            Err(_not_loaded) => program.load(),
        };
        let (ingress, egress) = (&mut *self.ingress_tc, &mut *self.egress_tc);
        thread::scope(|scope| {
            let egress = scope.spawn(|| load(egress));
            let ingress = load(ingress);
            let egress = egress.join().unwrap_or_else(|panic| resume_unwind(panic));
            ingress.and(egress)
        })
    }

    /// Loads the program for XDP if it is not loaded.
    pub(super) fn load_xdp(&mut self) -> Result<(), ProgramError> {
        match self.ingress_xdp.fd() {
            Ok(_) => Ok(()),
            Err(_not_loaded) => self.ingress_xdp.load(),
        }
    }

    /// Attaches the ingress and egress programs to an interface.
    pub(super) fn attach(
        &mut self,
        interface: &Interface,
        wanted: Ingress,
    ) -> Result<Attached, ProgramError> {
        let mut ingress = choose(interface, driver(interface).as_deref(), wanted);
        let mut placed = Vec::new();
        if ingress.hook == Hook::Xdp {
            // Drivers refuse programs without support for multiple buffers if frames of the MTU's size need several.
            let first = self
                .load_xdp()
                .and_then(|()| xdp(self.ingress_xdp, interface));
            let attached = match first {
                Err(error) if !is_taken(&error) => self.xdp_frags(interface).map_err(|_also| error),
                attached => attached,
            };
            match attached {
                Ok(one) => placed.push(one),
                // Another program has taken the slot, or the driver can't: tc sees the same packets a little later.
                Err(error) if is_taken(&error) => {
                    ingress = Choice {
                        hook: Hook::Tc,
                        reason: "its XDP slot is taken".to_owned(),
                    };
                }
                Err(error) if wanted == Ingress::Auto => {
                    ingress = Choice {
                        hook: Hook::Tc,
                        reason: format!("XDP was refused: {}", chain(&error)),
                    };
                }
                Err(error) => return Err(error),
            }
        }
        if ingress.hook == Hook::Tc {
            placed.push(self.tc(interface, Direction::Ingress)?);
        }
        let mut no_egress = None;
        if !interface.is_loopback {
            match self.has_egress(interface.index) {
                Ok(()) => placed.push(self.tc(interface, Direction::Egress)?),
                Err(problem) => no_egress = Some(problem),
            }
        }
        Ok(Attached {
            interface: interface.clone(),
            ingress,
            placed,
            no_egress,
            tags: self.tags(),
            known: BTreeMap::new(),
        })
    }

    pub(super) fn tags(&self) -> BTreeSet<String> {
        let programs = [
            self.ingress_xdp.info(),
            self.ingress_tc.info(),
            self.egress_tc.info(),
        ];
        let programs = programs.iter().filter_map(|one| one.as_ref().ok());
        programs.map(foreign::tag).collect()
    }

    fn xdp_frags(&mut self, interface: &Interface) -> Result<Placed, ProgramError> {
        if self.ingress_xdp_frags.fd().is_err() {
            self.ingress_xdp_frags.load()?;
        }
        xdp(self.ingress_xdp_frags, interface)
    }

    /// Filters for what leaves need a clsact qdisc, in whose place there may be one for what comes in alone; the kernel would
    /// attach them there without an error, and they would count what comes in as sent.
    fn has_egress(&self, interface: u32) -> Result<(), String> {
        if self.tc.has_links() {
            return Ok(());
        }
        match filter::qdisc(interface) {
            Ok(Some(kind)) if kind != "clsact" => Err(format!(
                "a qdisc of kind {kind} stands where clsact would, and lets nothing see what leaves"
            )),
            // If it can't be read, attaching says what is wrong.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Attaches a tc program before all others. At ingress, packets that another program drops or redirects are counted too.
    /// At egress, another program that ends the chain would hide what it lets out; what it drops is counted as sent, and
    /// [`Attached::look`] says so.
    fn tc(&mut self, interface: &Interface, direction: Direction) -> Result<Placed, ProgramError> {
        let (program, attach_type) = match direction {
            Direction::Ingress => (&mut *self.ingress_tc, TcAttachType::Ingress),
            Direction::Egress => (&mut *self.egress_tc, TcAttachType::Egress),
        };
        let info = program.info()?;
        let id = info.id();
        if self.tc.has_links() {
            let options = TcAttachOptions::TcxOrder(LinkOrder::first());
            let link = program.attach_with_options(&interface.name, attach_type, options)?;
            let link = program.take_link(link)?;
            let link =
                FdLink::try_from(link).map_err(|_not_a_descriptor| ProgramError::NotAttached)?;
            return Ok(Placed {
                direction,
                program: id,
                link: Link::Tcx { _link: link },
            });
        }
        let guard = match &mut *self.guard {
            Some(guard) => guard,
            none @ None => none.insert(Guard::start().map_err(ProgramError::IOError)?),
        };
        // If the interface can't have a clsact qdisc, attaching below fails.
        let _present = filter::add_clsact(interface.index);
        // The guard knows of it before it is there, so that it is removed whenever this process dies.
        guard
            .watch(interface.index, direction, id)
            .map_err(ProgramError::IOError)?;
        let name = info.name_as_str().unwrap_or("auditor").to_owned();
        let fd = program.fd()?.as_fd();
        first(interface.index, direction, fd, &name).map_err(ProgramError::IOError)?;
        Ok(Placed {
            direction,
            program: id,
            link: Link::Clsact {
                _filter: OwnFilter {
                    interface: interface.index,
                    direction,
                    program: id,
                },
            },
        })
    }
}

/// Adds a filter at the first preference that takes it: where filters of another kind have one, it does not.
fn first(
    interface: u32,
    direction: Direction,
    program: BorrowedFd<'_>,
    name: &str,
) -> io::Result<()> {
    for preference in 1..MOST_PREFERENCES {
        if filter::add(interface, direction, preference, program, name).is_ok() {
            return Ok(());
        }
    }
    // The kernel's own choice.
    filter::add(interface, direction, 0, program, name)
}

fn xdp(program: &mut Xdp, interface: &Interface) -> Result<Placed, ProgramError> {
    let id = program.info()?.id();
    let link = program.attach_to_if_index(interface.index, XdpMode::Driver)?;
    let link = program.take_link(link)?;
    // An attachment that is not a file descriptor would outlive a killed process, so it is dropped, which detaches it.
    let link = FdLink::try_from(link).map_err(|_not_a_descriptor| ProgramError::NotAttached)?;
    Ok(Placed {
        direction: Direction::Ingress,
        program: id,
        link: Link::Xdp { _link: link },
    })
}

fn is_taken(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(error) = error else {
        return false;
    };
    error.io_error.kind() == io::ErrorKind::ResourceBusy
}
