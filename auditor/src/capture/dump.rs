//! Netlink dumps: lists that the kernel sends.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the crate that reads the messages may add kinds of them"
)]

use std::io;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
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
    mut take: impl FnMut(M),
) -> io::Result<()>
where
    M: NetlinkSerializable + NetlinkDeserializable,
{
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut request = NetlinkMessage::new(header, request.into());
    request.finalize();
    let mut bytes = vec![0; request.buffer_len()];
    request.serialize(&mut bytes);

    let mut socket = Socket::new(family)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
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
                NetlinkPayload::Error(error) => return Err(error.to_io()),
                NetlinkPayload::InnerMessage(message) => take(message),
                _ => {}
            }
            // Messages are aligned to 4 bytes (`NLMSG_ALIGNTO`).
            let length = (message.header.length as usize).next_multiple_of(4).max(4);
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}
