//! Netlink requests: lists that the kernel sends (dumps), and what it is told to do.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the crate that reads the messages may add kinds of them"
)]

use std::{convert::Infallible, io};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable,
};
use netlink_sys::{Socket, SocketAddr};

/// The kernel's replies come in pieces of this size at most (`NLMSG_GOODSIZE` and a dump's skb).
const BUFFER: usize = 64 << 10;

/// Requests a list from a netlink family, in this thread's network namespace, and calls `take` with each message of it.
///
/// # Errors
///
/// The kernel does not reply, or returns an error.
pub(super) fn dump<M>(
    family: isize,
    request: impl Into<NetlinkPayload<M>>,
    take: impl FnMut(M),
) -> io::Result<()>
where
    M: NetlinkSerializable + NetlinkDeserializable,
{
    ask(&mut open(family)?, request, NLM_F_DUMP, take)
}

/// As [`dump`], of what the header of the request describes alone. Kernels before Linux 4.20 send all the same.
///
/// # Errors
///
/// The kernel does not reply, or returns an error.
pub(super) fn dump_described<M>(
    family: isize,
    request: impl Into<NetlinkPayload<M>>,
    take: impl FnMut(M),
) -> io::Result<()>
where
    M: NetlinkSerializable + NetlinkDeserializable,
{
    let mut socket = open(family)?;
    match socket.set_netlink_get_strict_chk(true) {
        // An older kernel does not know the option.
        Ok(()) | Err(_) => ask(&mut socket, request, NLM_F_DUMP, take),
    }
}

/// Requests one thing, in this thread's network namespace, and calls `take` with each message that answers it.
///
/// # Errors
///
/// The kernel does not reply, or refuses.
pub(super) fn request<M>(
    family: isize,
    request: impl Into<NetlinkPayload<M>>,
    flags: u16,
    take: impl FnMut(M),
) -> io::Result<()>
where
    M: NetlinkSerializable + NetlinkDeserializable,
{
    ask(&mut open(family)?, request, NLM_F_ACK | flags, take)
}

fn open(family: isize) -> io::Result<Socket> {
    let mut socket = Socket::new(family)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    Ok(socket)
}

fn ask<M>(
    socket: &mut Socket,
    request: impl Into<NetlinkPayload<M>>,
    flags: u16,
    mut take: impl FnMut(M),
) -> io::Result<()>
where
    M: NetlinkSerializable + NetlinkDeserializable,
{
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    let mut request = NetlinkMessage::new(header, request.into());
    request.finalize();
    let mut bytes = vec![0; request.buffer_len()];
    request.serialize(&mut bytes);

    socket.send(&bytes, 0)?;
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        buffer.clear();
        socket.recv(&mut buffer, 0)?;
        let mut rest = buffer.as_slice();
        if rest.is_empty() {
            return Ok(());
        }
        while !rest.is_empty() {
            let message = NetlinkMessage::<M>::deserialize(rest)
                .map_err(|problem| io::Error::other(problem.to_string()))?;
            match message.payload {
                // A list that failed ends with the same message as a complete one; only this code differs: 0, or a
                // negative error number.
                NetlinkPayload::Done(done) if done.code < 0 => {
                    return Err(io::Error::from_raw_os_error(-done.code));
                }
                NetlinkPayload::Done(_) => return Ok(()),
                // An error without a code says that all was done.
                NetlinkPayload::Error(error) => {
                    return match error.code {
                        Some(_) => Err(error.to_io()),
                        None => Ok(()),
                    };
                }
                NetlinkPayload::InnerMessage(message) => take(message),
                _ => {}
            }
            // Messages are aligned to 4 bytes (`NLMSG_ALIGNTO`).
            let length = (message.header.length as usize).next_multiple_of(4).max(4);
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}

/// Attributes by their kind; what is no attribute ends them.
pub(super) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    /// The bits beside the kind (`NLA_TYPE_MASK`).
    const FLAGS: u16 = 0xc000;
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk()?;
        let (kind, _) = after.split_first_chunk()?;
        let length = usize::from(u16::from_ne_bytes(*length));
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes(*kind) & !FLAGS, value))
    })
}

/// A message of which only the kind is understood here.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) kind: u16,
    /// What follows the netlink header.
    pub(super) bytes: Vec<u8>,
}

impl Raw {
    pub(super) const fn new(kind: u16, bytes: Vec<u8>) -> Self {
        Self { kind, bytes }
    }
}

impl From<Raw> for NetlinkPayload<Raw> {
    fn from(message: Raw) -> Self {
        Self::InnerMessage(message)
    }
}

impl NetlinkSerializable for Raw {
    fn message_type(&self) -> u16 {
        self.kind
    }

    fn buffer_len(&self) -> usize {
        self.bytes.len()
    }

    fn serialize(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.bytes);
    }
}

impl NetlinkDeserializable for Raw {
    type Error = Infallible;

    fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, Infallible> {
        Ok(Self::new(header.message_type, payload.to_vec()))
    }
}
