//! Sends IPv4 packets unchanged, with any source address.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    os::fd::{AsRawFd as _, OwnedFd},
};

use anyhow::Context as _;
use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, sendto, setsockopt,
        socket, sockopt,
    },
};

/// Sends packets from the network namespace in which it was made.
#[derive(Debug)]
pub struct Sender {
    socket: OwnedFd,
    to: SockaddrIn,
}

impl Sender {
    /// A sender of packets to an address.
    ///
    /// # Errors
    ///
    /// No root.
    pub fn new(to: Ipv4Addr) -> anyhow::Result<Self> {
        let socket = socket(
            AddressFamily::Inet,
            SockType::Raw,
            SockFlag::empty(),
            SockProtocol::Raw,
        )
        .context("cannot open a raw socket: run this as root")?;
        // So that the kernel reports packets that it drops.
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)
            .context("cannot ask for errors of a raw socket")?;
        Ok(Self {
            socket,
            to: SockaddrIn::from(SocketAddrV4::new(to, 0)),
        })
    }

    /// Sends a packet, its IPv4 header included. False if a queue on the way was full.
    ///
    /// # Errors
    ///
    /// The kernel refuses the packet.
    pub fn send(&self, packet: &[u8]) -> anyhow::Result<bool> {
        match sendto(self.socket.as_raw_fd(), packet, &self.to, MsgFlags::empty()) {
            Ok(_) => Ok(true),
            Err(Errno::ENOBUFS) => Ok(false),
            Err(error) => Err(error).context("cannot send a packet"),
        }
    }
}
