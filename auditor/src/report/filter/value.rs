//! What may be asked for of a flow's ends, ports, verdict and processes, as people write it.

use std::{convert::Infallible, fmt, net::IpAddr};

use ipnet::IpNet;
use thiserror::Error;

use super::{
    super::schema::{FlowVerdict, Process, Rule, RuleVerdict, Severity, Transport},
    choice::{Listed, parts},
};
use crate::{
    port::{PortProblem, PortSet},
    transport,
};

/// One end of flows: an address, a network, or its roles.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EndFilter {
    Net(IpNet),
    Role(RoleFilter),
}

/// The roles of an end of flows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RoleFilter {
    /// A role that it has.
    Named(String),
    /// It has none.
    None,
}

/// How an end without any role is asked for.
pub const NO_ROLE: &str = "no-role";

/// A part of the name of a process, or of its unit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProcessFilter(pub(super) String);

/// Ports, of one transport or of any.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PortFilter {
    transport: Option<Transport>,
    ports: PortSet,
}

/// A verdict of flows, of rules, or a severity of either.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VerdictFilter {
    pub(super) flow: Option<FlowVerdict>,
    pub(super) rule: Option<RuleVerdict>,
    pub(super) severity: Option<Severity>,
    name: &'static str,
}

/// A text that names no ports.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum PortFilterError {
    #[error(transparent)]
    Ports(#[from] PortProblem),
    #[error("`{0}` is no transport: expected tcp, udp or sctp before the slash, as in tcp/443")]
    Transport(String),
}

/// A text that is no verdict.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "`{0}` is no verdict: expected one of flows (documented, unexpected, forbidden, excepted, housekeeping), of rules (observed, \
     missing, refused, unanswered, violated, unassessed, ...), or violation, warning, note or fine"
)]
pub struct NoVerdict(String);

impl Listed for EndFilter {
    type Error = Infallible;

    /// Addresses and networks; everything else is a role.
    fn list(text: &str) -> Result<Vec<Self>, Infallible> {
        let end = |text: &str| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            match address.or_else(|_problem| text.parse::<IpNet>()) {
                Ok(net) => Self::Net(net),
                Err(_) => Self::Role(RoleFilter::of(text)),
            }
        };
        Ok(parts(text).into_iter().map(end).collect())
    }
}

impl EndFilter {
    pub(super) fn fits(&self, address: IpAddr, roles: &[String]) -> bool {
        match self {
            Self::Net(net) => net.contains(&address),
            Self::Role(role) => role.fits(roles),
        }
    }
}

impl fmt::Display for EndFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(net) if net.prefix_len() == net.max_prefix_len() => net.addr().fmt(f),
            Self::Net(net) => net.fmt(f),
            Self::Role(role) => role.fmt(f),
        }
    }
}

impl Listed for RoleFilter {
    type Error = Infallible;

    fn list(text: &str) -> Result<Vec<Self>, Infallible> {
        Ok(parts(text).into_iter().map(Self::of).collect())
    }
}

impl RoleFilter {
    pub(super) fn of(text: &str) -> Self {
        if text == NO_ROLE {
            Self::None
        } else {
            Self::Named(text.to_owned())
        }
    }

    pub(super) fn fits(&self, roles: &[String]) -> bool {
        match self {
            Self::Named(role) => has(roles, role),
            Self::None => roles.is_empty(),
        }
    }
}

impl fmt::Display for RoleFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(role) => role.fmt(f),
            Self::None => f.write_str("in no role"),
        }
    }
}

impl Listed for ProcessFilter {
    type Error = Infallible;

    fn list(text: &str) -> Result<Vec<Self>, Infallible> {
        let names = parts(text).into_iter();
        Ok(names.map(|name| Self(name.to_owned())).collect())
    }
}

impl ProcessFilter {
    pub(super) fn is_of(&self, processes: &[Process]) -> bool {
        processes.iter().any(|process| {
            let unit = process.unit.as_deref().unwrap_or_default();
            process.name.contains(&self.0) || unit.contains(&self.0)
        })
    }
}

impl fmt::Display for ProcessFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Listed for PortFilter {
    type Error = PortFilterError;

    /// `443`, `8000-8010,9090`, `tcp/443,8443,udp/53`: a transport holds until the next one.
    fn list(text: &str) -> Result<Vec<Self>, PortFilterError> {
        let mut transport = None;
        let mut filters = Vec::new();
        for part in parts(text) {
            let ports = match part.split_once('/') {
                None => part,
                Some((name, ports)) => {
                    transport = Transport::from_name(&name.to_lowercase())
                        .filter(|transport| transport::Transport::from(*transport).has_ports());
                    if transport.is_none() {
                        return Err(PortFilterError::Transport(name.to_owned()));
                    }
                    ports
                }
            };
            filters.push(Self {
                transport,
                ports: PortSet::parse(ports)?,
            });
        }
        Ok(filters)
    }
}

impl fmt::Display for PortFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(transport) = self.transport {
            write!(f, "{}/", transport.name())?;
        }
        self.ports.fmt(f)
    }
}

impl PortFilter {
    pub(super) fn fits_flow(&self, protocol: u8, port: u16) -> bool {
        let transport = transport::Transport::from_protocol(protocol);
        transport.is_some_and(|transport| {
            transport.has_ports()
                && self
                    .transport
                    .is_none_or(|wanted| wanted == transport.into())
                && self.ports.contains(port)
        })
    }

    pub(super) fn fits_rule(&self, rule: &Rule) -> bool {
        let is_transport = self.transport.is_none_or(|wanted| wanted == rule.transport);
        is_transport && PortSet::parse(&rule.ports).is_ok_and(|ports| ports.overlaps(&self.ports))
    }
}

impl Listed for VerdictFilter {
    type Error = NoVerdict;

    fn list(text: &str) -> Result<Vec<Self>, NoVerdict> {
        parts(text).into_iter().map(Self::of).collect()
    }
}

impl VerdictFilter {
    pub(super) fn of(text: &str) -> Result<Self, NoVerdict> {
        let lower = text.to_lowercase();
        let flow = FlowVerdict::from_name(&lower);
        let rule = RuleVerdict::from_name(&lower);
        let severity = Severity::from_name(&lower);
        let names = [
            flow.map(FlowVerdict::name),
            rule.map(RuleVerdict::name),
            severity.map(Severity::name),
        ];
        let name = names.into_iter().flatten().next();
        name.map(|name| Self {
            flow,
            rule,
            severity,
            name,
        })
        .ok_or_else(|| NoVerdict(text.to_owned()))
    }
}

impl fmt::Display for VerdictFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

fn has(names: &[String], wanted: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(wanted))
}
