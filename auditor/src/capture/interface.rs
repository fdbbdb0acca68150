//! The interfaces of this network namespace, from route netlink.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "netlink's attributes are not ours, and new kernels bring new ones"
)]

use std::{collections::BTreeMap, io, net::IpAddr};

use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use ipnet::IpNet;
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
    /// The kind of a virtual interface, such as `veth`; `None` for hardware and the loopback.
    pub kind: Option<String>,
    /// Its frames start with an Ethernet header, as those of the loopback also do.
    pub is_ethernet: bool,
    pub is_loopback: bool,
    pub is_up: bool,
    /// The ids of the XDP programs that are attached.
    pub xdp_programs: Vec<u32>,
    /// The number of VLAN interfaces on top of it.
    pub n_vlans: u32,
    pub addresses: Vec<IpAddr>,
    /// The networks of its addresses, whose hosts are reached without a router.
    pub networks: Vec<IpNet>,
    /// Its MAC address.
    pub mac: Option<[u8; 6]>,
    /// How many listen to all its frames, whoever they are for.
    pub promiscuity: u32,
    /// Every packet since the interface exists, by the kernel's own counters: received, then sent.
    pub packets: [u64; 2],
    /// The index of the interface that it lies on in this network namespace, as a VLAN does.
    pub lower: Option<u32>,
    /// The index of the bridge, bond or the like that it is a port of.
    pub controller: Option<u32>,
}

/// Why the interfaces can't be listed.
#[derive(Debug, Error)]
pub enum InterfaceError {
    #[error("cannot open a netlink socket")]
    Socket(#[source] io::Error),
    #[error("cannot list the interfaces")]
    List(#[source] rtnetlink::Error),
}

/// Lists interfaces, and reports their changes.
pub struct Interfaces {
    handle: Handle,
    events: Events,
    filters_changed: bool,
}

type Events = futures_util::stream::BoxStream<'static, Change>;

/// What the kernel says has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Change {
    /// An interface, or one of its addresses.
    Link,
    /// A filter was added or removed, or a qdisc with its filters.
    Filter,
}

impl Interfaces {
    /// Subscribes to changes of interfaces; must run inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// No netlink socket can be opened.
    pub fn open() -> Result<Self, InterfaceError> {
        let (connection, handle, messages) = new_multicast_connection(&[
            MulticastGroup::Link,
            MulticastGroup::Ipv4Ifaddr,
            MulticastGroup::Ipv6Ifaddr,
            MulticastGroup::Tc,
        ])
        .map_err(InterfaceError::Socket)?;
        tokio::spawn(connection);
        let changes = messages.filter_map(async |(message, _)| match message.payload {
            NetlinkPayload::InnerMessage(
                RouteNetlinkMessage::NewLink(_)
                | RouteNetlinkMessage::DelLink(_)
                | RouteNetlinkMessage::NewAddress(_)
                | RouteNetlinkMessage::DelAddress(_),
            ) => Some(Change::Link),
            NetlinkPayload::InnerMessage(
                RouteNetlinkMessage::NewTrafficFilter(_)
                | RouteNetlinkMessage::DelTrafficFilter(_)
                | RouteNetlinkMessage::DelQueueDiscipline(_),
            ) => Some(Change::Filter),
            _ => None,
        });
        Ok(Self {
            handle,
            events: changes.boxed(),
            filters_changed: false,
        })
    }

    /// All interfaces, by index.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub async fn list(&self) -> Result<Vec<Interface>, InterfaceError> {
        let mut interfaces: BTreeMap<u32, Interface> = BTreeMap::new();
        let mut below = Vec::new();
        let mut links = self.handle.link().get().execute();
        while let Some(link) = links.try_next().await.map_err(InterfaceError::List)? {
            let (interface, lower) = interface(link);
            below.extend(lower.filter(|_| interface.kind.as_deref() == Some("vlan")));
            interfaces.insert(interface.index, interface);
        }
        for lower in below {
            if let Some(interface) = interfaces.get_mut(&lower) {
                interface.n_vlans += 1;
            }
        }
        let mut addresses = self.handle.address().get().execute();
        while let Some(message) = addresses.try_next().await.map_err(InterfaceError::List)? {
            let Some(interface) = interfaces.get_mut(&message.header.index) else {
                continue;
            };
            // On point-to-point links the local address is an attribute of its own, and `Address` is the peer's.
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
            // `Address` has the network: it is the peer's on a point-to-point link.
            let network = plain
                .or(local)
                .and_then(|address| IpNet::new(address, message.header.prefix_len).ok())
                .filter(|network| network.prefix_len() != 0);
            interface
                .networks
                .extend(network.map(|network| network.trunc()));
        }
        Ok(interfaces.into_values().collect())
    }

    /// Waits until an interface is added, removed or changed, or one of its addresses is. Changes that are already pending are reported as one. Changes of
    /// filters are only remembered: some hosts change theirs all the time.
    pub async fn changed(&mut self) {
        loop {
            match self.events.next().await {
                Some(Change::Filter) => self.filters_changed = true,
                Some(Change::Link) => break,
                // The stream has ended, so no change will be reported any more; callers wait for a timer as well.
                None => std::future::pending::<()>().await,
            }
        }
        while let Some(change) = self.events.next().now_or_never().flatten() {
            self.filters_changed |= change == Change::Filter;
        }
    }

    /// Whether filters changed since this was last asked.
    pub fn take_filters_changed(&mut self) -> bool {
        std::mem::take(&mut self.filters_changed)
    }
}

/// The interface of a link message, and the index of its lower interface if that is in the same network namespace.
fn interface(link: LinkMessage) -> (Interface, Option<u32>) {
    let (mut lower, mut is_elsewhere) = (None, false);
    let layer = link.header.link_layer_type;
    let mut interface = Interface {
        index: link.header.index,
        name: String::new(),
        kind: None,
        is_ethernet: matches!(layer, LinkLayerType::Ether | LinkLayerType::Loopback),
        is_loopback: link.header.flags.contains(LinkFlags::Loopback),
        is_up: link.header.flags.contains(LinkFlags::Up),
        xdp_programs: Vec::new(),
        n_vlans: 0,
        addresses: Vec::new(),
        networks: Vec::new(),
        mac: None,
        promiscuity: 0,
        packets: [0; 2],
        lower: None,
        controller: None,
    };
    for attribute in link.attributes {
        match attribute {
            LinkAttribute::IfName(name) => interface.name = name,
            LinkAttribute::Promiscuity(count) => interface.promiscuity = count,
            LinkAttribute::Address(bytes) => interface.mac = bytes.try_into().ok(),
            LinkAttribute::Link(index) => lower = Some(index),
            LinkAttribute::LinkNetNsId(_) => is_elsewhere = true,
            LinkAttribute::LinkInfo(infos) => {
                interface.kind = infos.iter().find_map(|info| match info {
                    LinkInfo::Kind(kind) => Some(kind.to_string()),
                    _ => None,
                });
            }
            LinkAttribute::Xdp(parts) => {
                for part in &parts {
                    match part {
                        LinkXdp::ProgId(id)
                        | LinkXdp::DrvProgId(id)
                        | LinkXdp::SkbProgId(id)
                        | LinkXdp::HwProgId(id)
                            if !interface.xdp_programs.contains(id) =>
                        {
                            interface.xdp_programs.push(*id);
                        }
                        _ => {}
                    }
                }
            }
            LinkAttribute::Controller(index) => interface.controller = Some(index),
            LinkAttribute::Stats64(counted) => {
                interface.packets = [counted.rx_packets, counted.tx_packets];
            }
            _ => {}
        }
    }
    interface.lower = lower.filter(|_| !is_elsewhere);
    let lower = interface.lower;
    (interface, lower)
}
