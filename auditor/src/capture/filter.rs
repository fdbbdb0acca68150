//! The filters of an interface's clsact qdisc: who stands there, in which order, and by which program.
//!
//! Only what is needed is read of the kernel's messages, since filters of others have attributes of every kind.

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

use auditor_common::Direction;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_sys::protocols::NETLINK_ROUTE;

use super::dump::{Raw, attributes, dump, request};

/// A filter, as the kernel lists it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Filter {
    /// Filters run by ascending preference, those of one preference as they are listed.
    pub(super) preference: u16,
    pub(super) handle: u32,
    /// `bpf`, `flower`, `u32`, ...
    pub(super) kind: String,
    /// The `EtherType` of the frames that it is for; `ETH_P_ALL` for all.
    pub(super) protocol: u16,
    /// The id of its program.
    pub(super) program: Option<u32>,
    /// The kernel's hash of its program's instructions, in hexadecimal.
    pub(super) tag: Option<String>,
    /// The name of its program, as whoever attached it gave it.
    pub(super) name: Option<String>,
}

// linux/rtnetlink.h
const RTM_NEWQDISC: u16 = 36;
const RTM_GETQDISC: u16 = 38;
const RTM_NEWTFILTER: u16 = 44;
const RTM_DELTFILTER: u16 = 45;
const RTM_GETTFILTER: u16 = 46;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_CHAIN: u16 = 11;
// linux/pkt_cls.h
const TCA_BPF_FD: u16 = 6;
const TCA_BPF_NAME: u16 = 7;
const TCA_BPF_FLAGS: u16 = 8;
const TCA_BPF_TAG: u16 = 10;
const TCA_BPF_ID: u16 = 11;
const TCA_BPF_FLAG_ACT_DIRECT: u32 = 1;
/// The handle of a clsact or ingress qdisc, and its parent (`linux/pkt_sched.h`).
const CLSACT: u32 = 0xffff_0000;
const CLSACT_PARENT: u32 = 0xffff_fff1;
/// The length of `struct tcmsg`.
const HEADER: usize = 20;
// linux/if_ether.h
const ETH_P_ALL: u16 = 0x0003;
const ETH_P_ARP: u16 = 0x0806;
const ETH_P_LLDP: u16 = 0x88cc;
const ETH_P_PAE: u16 = 0x888e;

impl Filter {
    /// Whether frames with IP packets reach it.
    pub(super) const fn concerns_ip(&self) -> bool {
        !matches!(self.protocol, ETH_P_ARP | ETH_P_LLDP | ETH_P_PAE)
    }
}

/// The filters of a direction, in the order in which they run; none where the interface has no such qdisc.
///
/// # Errors
///
/// The kernel does not reply, or returns an error.
pub(super) fn list(interface: u32, direction: Direction) -> io::Result<Vec<Filter>> {
    let filters = listed(interface, direction)?;
    // Where the qdisc has no egress, the kernel lists what comes in for both directions.
    if direction == Direction::Egress
        && !filters.is_empty()
        && filters == listed(interface, Direction::Ingress)?
        && qdisc(interface)?.as_deref() != Some("clsact")
    {
        return Ok(Vec::new());
    }
    Ok(filters)
}

fn listed(interface: u32, direction: Direction) -> io::Result<Vec<Filter>> {
    let mut filters = Vec::new();
    let message = header(interface, 0, parent(direction), 0);
    dump(
        NETLINK_ROUTE,
        Raw::new(RTM_GETTFILTER, message),
        |message: Raw| {
            if message.kind == RTM_NEWTFILTER {
                filters.extend(filter(&message.bytes));
            }
        },
    )?;
    Ok(filters)
}

/// The kind of the qdisc that clsact is one of: `clsact` or `ingress`; `None` where there is neither.
///
/// # Errors
///
/// The kernel does not reply, or returns an error.
pub(super) fn qdisc(interface: u32) -> io::Result<Option<String>> {
    let mut kind = None;
    let message = header(interface, 0, 0, 0);
    dump(
        NETLINK_ROUTE,
        Raw::new(RTM_GETQDISC, message),
        |message: Raw| {
            // Those of all interfaces are listed.
            let is_here = word(&message.bytes, 4) == Some(interface)
                && word(&message.bytes, 12) == Some(CLSACT_PARENT);
            if message.kind == RTM_NEWQDISC && is_here {
                kind = attributes(message.bytes.get(HEADER..).unwrap_or_default())
                    .find(|(kind, _)| *kind == TCA_KIND)
                    .map(|(_, value)| text(value));
            }
        },
    )?;
    Ok(kind)
}

/// Adds a clsact qdisc where there is none.
///
/// # Errors
///
/// The interface can't have one, or has a qdisc of another kind in its place.
pub(super) fn add_clsact(interface: u32) -> io::Result<()> {
    let mut message = header(interface, CLSACT, CLSACT_PARENT, 0);
    push(&mut message, TCA_KIND, b"clsact\0");
    let added = request(
        NETLINK_ROUTE,
        Raw::new(RTM_NEWQDISC, message),
        NLM_F_CREATE | NLM_F_EXCL,
        |_| {},
    );
    match added {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Adds a program as a filter. One of the same preference as other programs runs before them.
///
/// # Errors
///
/// The kernel's refusal, as where filters of another kind have the preference.
pub(super) fn add(
    interface: u32,
    direction: Direction,
    preference: u16,
    program: BorrowedFd<'_>,
    name: &str,
) -> io::Result<()> {
    let info = u32::from(preference) << 16 | u32::from(ETH_P_ALL.to_be());
    let mut message = header(interface, 0, parent(direction), info);
    push(&mut message, TCA_KIND, b"bpf\0");
    let mut options = Vec::new();
    push(&mut options, TCA_BPF_FD, &program.as_raw_fd().to_ne_bytes());
    push(
        &mut options,
        TCA_BPF_NAME,
        &[name.as_bytes(), b"\0"].concat(),
    );
    push(
        &mut options,
        TCA_BPF_FLAGS,
        &TCA_BPF_FLAG_ACT_DIRECT.to_ne_bytes(),
    );
    push(&mut message, TCA_OPTIONS, &options);
    request(
        NETLINK_ROUTE,
        Raw::new(RTM_NEWTFILTER, message),
        NLM_F_CREATE | NLM_F_EXCL,
        |_| {},
    )
}

/// Removes the filters that run this program, and no others, whatever their preference and handle are.
///
/// # Errors
///
/// The kernel does not reply, or returns an error.
pub(super) fn remove(interface: u32, direction: Direction, program: u32) -> io::Result<()> {
    for filter in list(interface, direction)? {
        if filter.program != Some(program) {
            continue;
        }
        let info = u32::from(filter.preference) << 16 | u32::from(filter.protocol.to_be());
        let mut message = header(interface, filter.handle, parent(direction), info);
        push(
            &mut message,
            TCA_KIND,
            &[filter.kind.as_bytes(), b"\0"].concat(),
        );
        request(NETLINK_ROUTE, Raw::new(RTM_DELTFILTER, message), 0, |_| {})?;
    }
    Ok(())
}

const fn parent(direction: Direction) -> u32 {
    match direction {
        Direction::Ingress => 0xffff_fff2,
        Direction::Egress => 0xffff_fff3,
    }
}

/// A `struct tcmsg`.
fn header(interface: u32, handle: u32, parent: u32, info: u32) -> Vec<u8> {
    let words = [0, interface, handle, parent, info];
    words.into_iter().flat_map(u32::to_ne_bytes).collect()
}

/// Appends an attribute.
fn push(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    // Nothing here is longer than a few hundred bytes.
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

fn hexadecimal(tag: &[u8]) -> Option<String> {
    let tag = u64::from_be_bytes(tag.try_into().ok()?);
    Some(format!("{tag:016x}"))
}

fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(value.get(..end.unwrap_or(value.len())).unwrap_or_default())
        .into_owned()
}

/// The filter of a message; `None` for what is listed beside filters: the head of each preference, tables of u32, and the
/// filters of chains that others lead to.
fn filter(bytes: &[u8]) -> Option<Filter> {
    let (handle, info) = (word(bytes, 8)?, word(bytes, 16)?);
    let mut filter = Filter {
        preference: u16::try_from(info >> 16).ok()?,
        handle,
        kind: String::new(),
        protocol: u16::from_be(u16::try_from(info & 0xffff).ok()?),
        program: None,
        tag: None,
        name: None,
    };
    for (kind, value) in attributes(bytes.get(HEADER..)?) {
        match kind {
            TCA_KIND => filter.kind = text(value),
            TCA_CHAIN if word(value, 0) != Some(0) => return None,
            TCA_OPTIONS => {
                for (kind, value) in attributes(value) {
                    match kind {
                        TCA_BPF_ID => filter.program = word(value, 0),
                        TCA_BPF_TAG => filter.tag = hexadecimal(value),
                        TCA_BPF_NAME => filter.name = Some(text(value)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    // Only programs have ids at this place.
    if filter.kind != "bpf" {
        (filter.program, filter.tag, filter.name) = (None, None, None);
    }
    let is_table = filter.kind == "u32" && handle.trailing_zeros() >= 12;
    (handle != 0 && !is_table).then_some(filter)
}

#[cfg(test)]
mod tests {
    use super::{
        Filter, TCA_BPF_ID, TCA_BPF_NAME, TCA_BPF_TAG, TCA_CHAIN, TCA_KIND, TCA_OPTIONS, filter,
        header, push,
    };

    fn message(handle: u32, kind: &str, chain: u32) -> Vec<u8> {
        let info = 7 << 16 | u32::from(0x0003_u16.to_be());
        let mut bytes = header(2, handle, 0xffff_fff2, info);
        push(&mut bytes, TCA_KIND, format!("{kind}\0").as_bytes());
        push(&mut bytes, TCA_CHAIN, &chain.to_ne_bytes());
        let mut options = Vec::new();
        push(&mut options, TCA_BPF_NAME, b"other\0");
        push(&mut options, TCA_BPF_ID, &34_u32.to_ne_bytes());
        let tag = 0x0f59_ce3e_8a6c_d7fb_u64;
        push(&mut options, TCA_BPF_TAG, &tag.to_be_bytes());
        push(&mut bytes, TCA_OPTIONS, &options);
        bytes
    }

    #[test]
    fn filters_are_told_by_their_program() {
        let expected = Filter {
            preference: 7,
            handle: 1,
            kind: "bpf".to_owned(),
            protocol: 3,
            program: Some(34),
            tag: Some("0f59ce3e8a6cd7fb".to_owned()),
            name: Some("other".to_owned()),
        };
        assert_eq!(filter(&message(1, "bpf", 0)), Some(expected));
        // What has another meaning in filters of other kinds is no program.
        assert_eq!(
            filter(&message(1, "flower", 0)).and_then(|one| one.program),
            None
        );
        // The head of a preference, a table, and another chain.
        assert_eq!(filter(&message(0, "bpf", 0)), None);
        assert_eq!(filter(&message(0x8000_0000, "u32", 0)), None);
        assert!(filter(&message(0x8000_0800, "u32", 0)).is_some());
        assert_eq!(filter(&message(1, "bpf", 3)), None);
        for length in 0..message(1, "bpf", 0).len() {
            let _never_panics = filter(&message(1, "bpf", 0)[..length]);
        }
    }
}
