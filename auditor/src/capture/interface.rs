//! The interfaces of this network namespace: the only user of netlink.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "netlink's attributes are not ours, and new kernels bring new ones"
)]

use std::{collections::BTreeMap, io, net::IpAddr};

use futures_util::{StreamExt as _, TryStreamExt as _};
use netlink_packet_route::{
    RouteNetlinkMessage,
    address::AddressAttribute,
    link::{LinkAttribute, LinkFlags, LinkInfo, LinkLayerType, LinkMessage, LinkXdp},
};
use rtnetlink::{Handle, MulticastGroup, new_multicast_connection, packet_core::NetlinkPayload};
use thiserror::Error;

/// A network interface.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Interface {
    pub index: u32,
    pub name: String,
    /// What kind of virtual interface it is; `None` for hardware and the loopback.
    pub kind: Option<String>,
    /// Its frames start with an Ethernet header. The loopback's do.
    pub is_ethernet: bool,
    pub is_loopback: bool,
    pub is_up: bool,
    /// The XDP program that is attached, by its id.
    pub xdp_program: Option<u32>,
    pub addresses: Vec<IpAddr>,
}

/// The kernel did not tell about its interfaces.
#[derive(Debug, Error)]
pub enum InterfaceError {
    #[error("cannot open a netlink socket")]
    Socket(#[source] io::Error),
    #[error("cannot list the interfaces")]
    List(#[source] rtnetlink::Error),
    #[error("no interface is named `{name}`: this host has {known}")]
    Unknown { name: String, known: String },
    #[error("no physical interface is up: name one with -i, this host has {known}")]
    NonePhysical { known: String },
    #[error("interface {name} has no Ethernet header: choose one that has, this host has {known}")]
    NotEthernet { name: String, known: String },
}

/// Lists interfaces, and tells when one goes.
pub struct Interfaces {
    handle: Handle,
    events: Events,
}

type Events = futures_util::stream::BoxStream<'static, u32>;

impl Interfaces {
    /// Starts to listen; must run inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// No netlink socket.
    pub fn open() -> Result<Self, InterfaceError> {
        let (connection, handle, messages) =
            new_multicast_connection(&[MulticastGroup::Link]).map_err(InterfaceError::Socket)?;
        tokio::spawn(connection);
        let gone = messages.filter_map(async |(message, _)| match message.payload {
            NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelLink(link)) => {
                Some(link.header.index)
            }
            _ => None,
        });
        Ok(Self {
            handle,
            events: gone.boxed(),
        })
    }

    /// All interfaces, by index.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub async fn list(&self) -> Result<Vec<Interface>, InterfaceError> {
        let mut interfaces = BTreeMap::new();
        let mut links = self.handle.link().get().execute();
        while let Some(link) = links.try_next().await.map_err(InterfaceError::List)? {
            let interface = interface(link);
            interfaces.insert(interface.index, interface);
        }
        let mut addresses = self.handle.address().get().execute();
        while let Some(message) = addresses.try_next().await.map_err(InterfaceError::List)? {
            let Some(interface) = interfaces.get_mut(&message.header.index) else {
                continue;
            };
            // On point-to-point links the local address stands apart, and the other is the peer's.
            let local = message
                .attributes
                .iter()
                .find_map(|attribute| match attribute {
                    AddressAttribute::Local(address) => Some(*address),
                    _ => None,
                });
            let plain = message
                .attributes
                .iter()
                .find_map(|attribute| match attribute {
                    AddressAttribute::Address(address) => Some(*address),
                    _ => None,
                });
            interface.addresses.extend(local.or(plain));
        }
        Ok(interfaces.into_values().collect())
    }

    /// The index of the next interface that goes away.
    pub async fn next_gone(&mut self) -> Option<u32> {
        self.events.next().await
    }
}

fn interface(link: LinkMessage) -> Interface {
    let layer = link.header.link_layer_type;
    let mut interface = Interface {
        index: link.header.index,
        name: String::new(),
        kind: None,
        is_ethernet: matches!(layer, LinkLayerType::Ether | LinkLayerType::Loopback),
        is_loopback: link.header.flags.contains(LinkFlags::Loopback),
        is_up: link.header.flags.contains(LinkFlags::Up),
        xdp_program: None,
        addresses: Vec::new(),
    };
    for attribute in link.attributes {
        match attribute {
            LinkAttribute::IfName(name) => interface.name = name,
            LinkAttribute::LinkInfo(infos) => {
                interface.kind = infos.iter().find_map(|info| match info {
                    LinkInfo::Kind(kind) => Some(kind.to_string()),
                    _ => None,
                });
            }
            LinkAttribute::Xdp(parts) => {
                interface.xdp_program = parts.iter().find_map(|part| match part {
                    LinkXdp::ProgId(id) | LinkXdp::DrvProgId(id) | LinkXdp::SkbProgId(id) => {
                        Some(*id)
                    }
                    _ => None,
                });
            }
            _ => {}
        }
    }
    interface
}

/// The interfaces that are named, or every physical one that is up.
///
/// # Errors
///
/// A name that no interface has, or no physical interface that is up.
pub fn select(all: &[Interface], names: &[String]) -> Result<Vec<Interface>, InterfaceError> {
    let known = || {
        all.iter()
            .map(|interface| interface.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut selected: Vec<Interface> = Vec::new();
    for name in names {
        let Some(interface) = all.iter().find(|interface| interface.name == *name) else {
            return Err(InterfaceError::Unknown {
                name: name.clone(),
                known: known(),
            });
        };
        if !interface.is_ethernet {
            return Err(InterfaceError::NotEthernet {
                name: name.clone(),
                known: known(),
            });
        }
        if !selected.contains(interface) {
            selected.push(interface.clone());
        }
    }
    if names.is_empty() {
        let is_physical = |interface: &&Interface| {
            interface.is_up
                && interface.is_ethernet
                && !interface.is_loopback
                && interface.kind.is_none()
        };
        selected = all.iter().filter(is_physical).cloned().collect();
        if selected.is_empty() {
            return Err(InterfaceError::NonePhysical { known: known() });
        }
    }
    Ok(selected)
}
