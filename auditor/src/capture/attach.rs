//! Attaches programs to interfaces, and detaches them.

use auditor_common::Direction;
use aya::programs::{
    LinkOrder, ProgramError, SchedClassifier, TcAttachType, Xdp, XdpMode,
    links::FdLink,
    tc::{NlOptions, SchedClassifierLink, TcAttachOptions, qdisc_add_clsact},
};

use super::{
    error::chain,
    guard::Guard,
    hook::{Choice, Ingress, Tc, choose, driver},
    interface::Interface,
};
use crate::observed::{self, Hook};

/// An interface with the programs attached. They are detached when this is dropped, and when the process dies.
pub struct Attached {
    pub interface: Interface,
    pub ingress: Choice,
    _links: Vec<Link>,
}

/// A program attached to a hook; detached when this is dropped.
enum Link {
    /// The kernel detaches the program when the process ends.
    Descriptor { _link: FdLink },
    /// The guard process removes the filter when this process ends.
    Filter { _link: SchedClassifierLink },
}

impl Attached {
    /// The interface in the form that a report contains.
    pub fn describe(&self) -> observed::Interface {
        observed::Interface {
            name: self.interface.name.clone(),
            ingress: self.ingress.hook,
            egress: (!self.interface.is_loopback).then_some(Hook::Tc),
            is_loopback: self.interface.is_loopback,
        }
    }
}

/// The programs, loaded except for `ingress_xdp_frags`, and what attaching them needs.
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

impl Programs<'_> {
    /// Attaches the ingress and egress programs to an interface.
    pub(super) fn attach(
        &mut self,
        interface: &Interface,
        wanted: Ingress,
    ) -> Result<Attached, ProgramError> {
        let mut ingress = choose(interface, driver(interface).as_deref(), wanted);
        let mut links = Vec::new();
        if ingress.hook == Hook::Xdp {
            // Drivers refuse programs without support for multiple buffers if frames of the MTU's size need several.
            let attached = match xdp(self.ingress_xdp, interface) {
                Err(error) if !is_taken(&error) => self.xdp_frags(interface).map_err(|_also| error),
                attached => attached,
            };
            match attached {
                Ok(link) => links.push(link),
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
            links.push(self.tc(interface, Direction::Ingress)?);
        }
        if !interface.is_loopback {
            links.push(self.tc(interface, Direction::Egress)?);
        }
        Ok(Attached {
            interface: interface.clone(),
            ingress,
            _links: links,
        })
    }

    fn xdp_frags(&mut self, interface: &Interface) -> Result<Link, ProgramError> {
        if self.ingress_xdp_frags.fd().is_err() {
            self.ingress_xdp_frags.load()?;
        }
        xdp(self.ingress_xdp_frags, interface)
    }

    /// Attaches a tc program: first at ingress, so that packets which another program drops or redirects are counted too;
    /// last at egress, so that only packets which really leave are counted.
    fn tc(&mut self, interface: &Interface, direction: Direction) -> Result<Link, ProgramError> {
        let (program, attach_type, order) = match direction {
            Direction::Ingress => (
                &mut *self.ingress_tc,
                TcAttachType::Ingress,
                LinkOrder::first(),
            ),
            Direction::Egress => (
                &mut *self.egress_tc,
                TcAttachType::Egress,
                LinkOrder::last(),
            ),
        };
        if self.tc.has_links() {
            let options = TcAttachOptions::TcxOrder(order);
            let id = program.attach_with_options(&interface.name, attach_type, options)?;
            let link = program.take_link(id)?;
            let link =
                FdLink::try_from(link).map_err(|_not_a_descriptor| ProgramError::NotAttached)?;
            return Ok(Link::Descriptor { _link: link });
        }
        let guard = match &mut *self.guard {
            Some(guard) => guard,
            none @ None => none.insert(Guard::start().map_err(ProgramError::IOError)?),
        };
        // This fails if the interface already has a clsact qdisc; if it can't have one, attaching below fails.
        let _present = qdisc_add_clsact(&interface.name);
        let options = TcAttachOptions::Netlink(NlOptions::default());
        let id = program.attach_with_options(&interface.name, attach_type, options)?;
        let link = program.take_link(id)?;
        guard.watch(interface.index, attach_type, &link)?;
        Ok(Link::Filter { _link: link })
    }
}

fn xdp(program: &mut Xdp, interface: &Interface) -> Result<Link, ProgramError> {
    let id = program.attach_to_if_index(interface.index, XdpMode::Driver)?;
    let link = program.take_link(id)?;
    // An attachment that is not a file descriptor would outlive a killed process, so it is dropped, which detaches it.
    let link = FdLink::try_from(link).map_err(|_not_a_descriptor| ProgramError::NotAttached)?;
    Ok(Link::Descriptor { _link: link })
}

fn is_taken(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(error) = error else {
        return false;
    };
    error.io_error.kind() == std::io::ErrorKind::ResourceBusy
}
