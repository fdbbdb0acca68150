//! Programs onto interfaces, and off again.

use aya::programs::{
    LinkOrder, ProgramError, SchedClassifier, TcAttachType, Xdp, XdpMode, links::FdLink,
    tc::TcAttachOptions,
};

use crate::{
    capture::{
        Interface,
        hook::{Choice, Ingress, choose, driver},
    },
    observed::{self, Hook},
};

/// An interface with our programs on it. The kernel takes them off when this is dropped, and when the process dies.
pub struct Attached {
    pub interface: Interface,
    pub ingress: Choice,
    _links: Vec<FdLink>,
}

impl Attached {
    /// What a report says of it.
    pub fn describe(&self) -> observed::Interface {
        observed::Interface {
            name: self.interface.name.clone(),
            ingress: self.ingress.hook,
            egress: (!self.interface.is_loopback).then_some(Hook::Tc),
            is_loopback: self.interface.is_loopback,
        }
    }
}

/// The three programs, loaded.
pub(super) struct Programs<'a> {
    pub(super) ingress_xdp: &'a mut Xdp,
    pub(super) ingress_tc: &'a mut SchedClassifier,
    pub(super) egress_tc: &'a mut SchedClassifier,
}

impl Programs<'_> {
    /// Attaches the way in and the way out.
    pub(super) fn attach(
        &mut self,
        interface: &Interface,
        asked: Ingress,
    ) -> Result<Attached, ProgramError> {
        let mut ingress = choose(interface, driver(interface).as_deref(), asked);
        let mut links = Vec::new();
        if ingress.hook == Hook::Xdp {
            match self.xdp(interface) {
                Ok(link) => links.push(link),
                // Somebody was faster, or the driver can't: tc sees the same packets a little later.
                Err(error) if is_taken(&error) => {
                    ingress = Choice {
                        hook: Hook::Tc,
                        reason: "its XDP slot is taken".to_owned(),
                    };
                }
                Err(error) if asked == Ingress::Auto => {
                    ingress = Choice {
                        hook: Hook::Tc,
                        reason: format!("XDP was refused: {}", chain(&error)),
                    };
                }
                Err(error) => return Err(error),
            }
        }
        if ingress.hook == Hook::Tc {
            // First on the way in, so that what another program drops or redirects is counted as well.
            links.push(tcx(
                self.ingress_tc,
                interface,
                TcAttachType::Ingress,
                LinkOrder::first(),
            )?);
        }
        if !interface.is_loopback {
            // Last on the way out, so that only what really leaves is counted.
            links.push(tcx(
                self.egress_tc,
                interface,
                TcAttachType::Egress,
                LinkOrder::last(),
            )?);
        }
        Ok(Attached {
            interface: interface.clone(),
            ingress,
            _links: links,
        })
    }

    fn xdp(&mut self, interface: &Interface) -> Result<FdLink, ProgramError> {
        let id = self
            .ingress_xdp
            .attach_to_if_index(interface.index, XdpMode::Driver)?;
        let link = self.ingress_xdp.take_link(id)?;
        // A link that is not a file descriptor would outlive a killed process; dropping it takes it off.
        FdLink::try_from(link).map_err(|_not_a_descriptor| ProgramError::NotAttached)
    }
}

fn tcx(
    program: &mut SchedClassifier,
    interface: &Interface,
    way: TcAttachType,
    order: LinkOrder,
) -> Result<FdLink, ProgramError> {
    let id = program.attach_with_options(&interface.name, way, TcAttachOptions::TcxOrder(order))?;
    let link = program.take_link(id)?;
    FdLink::try_from(link).map_err(|_not_a_descriptor| ProgramError::NotAttached)
}

fn is_taken(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(error) = error else {
        return false;
    };
    error.io_error.kind() == std::io::ErrorKind::ResourceBusy
}

/// An error with its causes, as one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
