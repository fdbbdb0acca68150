//! The longer ways: a short one for what is plain, the long one for everything else. Each begins anew, so that nothing has
//! to be kept for the next: older kernels count every byte of stack.
//!
//! The verifier follows each by itself, and not once for every path that leads to it, since each is known by its name
//! ("global functions", Linux 5.6): they take a context, numbers, and memory of a known size, and hand back a number.

use auditor_common::{
    Packet, Part, Reason, Tally,
    packet::{self, plain4, plain6},
};
use aya_ebpf::bindings::{__sk_buff, xdp_md};

use crate::{
    addresses::Values,
    context::{Context, TcEgress, TcIngress, Xdp},
    fragment,
    frame::{Frame, TAGGED, UNREAD, UNTAGGED},
    outcome::Outcome,
    per_cpu::{self, PerCpu, keeps_both_ports},
    placed, shared, table,
    xdp_frags::XdpFrags,
};

pub(crate) trait SlowPath: Context {
    /// Counts a plain IPv4 packet without a tag.
    fn untagged(self) -> Outcome;

    /// Counts a plain IPv4 packet behind one VLAN tag.
    fn tagged(self) -> Outcome;

    /// Counts a plain IPv6 packet.
    fn version_6(self) -> Outcome;

    /// Counts a frame that is not plain, or has no place.
    fn other(self, has_no_bucket: bool) -> Other;

    /// Counts the refusal of the packet that an ICMP error quotes.
    fn refused(self, quote: u32);

    /// Counts what a tunnel's packet carries, on its own.
    fn inside(self);
}

macro_rules! slow_path {
    ($($context:ident($raw:ty): $untagged:ident $tagged:ident $version_6:ident $other:ident $refused:ident $inside:ident;)*) => {$(
        impl SlowPath for $context {
            #[inline(always)]
            fn untagged(self) -> Outcome {
                Outcome($untagged(self.0))
            }

            #[inline(always)]
            fn tagged(self) -> Outcome {
                Outcome($tagged(self.0))
            }

            #[inline(always)]
            fn version_6(self) -> Outcome {
                Outcome($version_6(self.0))
            }

            #[inline(always)]
            fn other(self, has_no_bucket: bool) -> Other {
                Other::of($other(self.0, has_no_bucket.into()))
            }

            #[inline(always)]
            fn refused(self, quote: u32) {
                $refused(self.0, quote);
            }

            #[inline(always)]
            fn inside(self) {
                $inside(self.0);
            }
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $untagged(context: $raw) -> u32 {
            version_4::<_, UNTAGGED>($context(context)).0
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $tagged(context: $raw) -> u32 {
            version_4::<_, TAGGED>($context(context)).0
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $version_6(context: $raw) -> u32 {
            version_6($context(context)).0
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $other(context: $raw, has_no_bucket: u32) -> u64 {
            other($context(context), has_no_bucket != 0).number()
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $refused(context: $raw, quote: u32) -> u32 {
            refused($context(context), quote);
            0
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $inside(context: $raw) -> u32 {
            inside($context(context));
            0
        }
    )*};
}

slow_path! {
    Xdp(*mut xdp_md): xdp_untagged xdp_tagged xdp_version_6 xdp_other xdp_refused xdp_inside;
    XdpFrags(*mut xdp_md): frags_untagged frags_tagged frags_version_6 frags_other frags_refused frags_inside;
    TcIngress(*mut __sk_buff): in_untagged in_tagged in_version_6 in_other in_refused in_inside;
    TcEgress(*mut __sk_buff): out_untagged out_tagged out_version_6 out_other out_refused out_inside;
}

/// Counts a plain IPv4 packet.
#[inline(always)]
fn version_4<C: Context, const START: usize>(context: C) -> Outcome {
    let Some((frame, per_cpu)) = begun(context) else {
        return Outcome::DONE;
    };
    let mut packet = Packet::EMPTY;
    let mut addresses = 0;
    if !plain4(&frame.linear_bytes(), START, &mut packet, &mut addresses) {
        return Outcome::NOT_PLAIN;
    }
    packet.read_handshake();
    plainly(&frame, &per_cpu, &packet, addresses)
}

#[inline(always)]
fn version_6<C: Context>(context: C) -> Outcome {
    let Some((frame, per_cpu)) = begun(context) else {
        return Outcome::DONE;
    };
    let mut packet = Packet::EMPTY;
    let mut addresses = [[0; 2]; 2];
    if !plain6(&frame.linear_bytes(), UNTAGGED, &mut packet, &mut addresses) {
        return Outcome::NOT_PLAIN;
    }
    packet.read_handshake();
    plainly(&frame, &per_cpu, &packet, addresses)
}

/// Counts a plain packet, if it has a place.
#[inline(always)]
fn plainly<C: Context, E: Values>(
    frame: &Frame<C>,
    per_cpu: &PerCpu,
    packet: &Packet,
    addresses: E,
) -> Outcome {
    let wire = frame.on_wire(packet.headers);
    let counted = Outcome::from(table::count::<C, E>(
        per_cpu,
        frame.interface,
        packet,
        addresses,
        &wire,
    ));
    if counted.is_final() {
        per_cpu.add_total(C::DIRECTION, &wire);
        tally(counted, &wire);
    }
    counted
}

/// Counts a packet that is in no flow under the reason that says why.
#[inline(always)]
fn tally(counted: Outcome, wire: &Tally) {
    if let Some(reason) = counted.reason() {
        shared::tally(reason, wire);
    }
}

/// The frame, and what it may write to.
#[inline(always)]
fn begun<C: Context>(context: C) -> Option<(Frame<C>, PerCpu)> {
    let (per_cpu, _) = PerCpu::current()?;
    let mut frame = context.frame();
    if keeps_both_ports() {
        frame.set_length(per_cpu.length());
    }
    Some((frame, per_cpu))
}

/// What became of a frame on the long way.
#[derive(Clone, Copy)]
pub(crate) struct Other {
    /// Where the packet starts that this one says could not be delivered, and in the highest bit whether it is IPv4's; 0
    /// without one.
    pub(crate) quote: u32,
    pub(crate) counted: Outcome,
}

const IS_IPV4: u32 = 1 << 31;

impl Other {
    #[inline(always)]
    fn number(self) -> u64 {
        u64::from(self.quote) << 32 | u64::from(self.counted.0)
    }

    #[inline(always)]
    fn of(number: u64) -> Self {
        Self {
            quote: (number >> 32) as u32,
            counted: Outcome(number as u32),
        }
    }
}

#[inline(always)]
fn other<C: Context>(context: C, has_no_bucket: bool) -> Other {
    let Some((frame, per_cpu)) = begun(context) else {
        return Other {
            quote: 0,
            counted: Outcome::DONE,
        };
    };
    let mut packet = Packet::EMPTY;
    let parsed = frame.parse(&mut packet);
    let is_read = parsed == Outcome::DONE;
    let wire = frame.on_wire(if is_read { packet.headers } else { 0 });
    per_cpu.add_total(C::DIRECTION, &wire);
    let counted = if is_read {
        let interface = frame.interface;
        match packet.part {
            Part::Short if !keeps_both_ports() => Outcome::of(Reason::Truncated),
            Part::Whole if has_no_bucket => {
                placed::count_shared::<C>(&mut packet, interface, &wire)
            }
            Part::Whole | Part::Short => by_addresses::<C>(&mut packet, interface, &wire),
            Part::FirstFragment | Part::LaterFragment => match fragment::complete(&mut packet) {
                Outcome::DONE => by_addresses::<C>(&mut packet, interface, &wire),
                unknown => unknown,
            },
        }
    } else {
        parsed
    };
    tally(counted, &wire);
    let quote = if counted == Outcome::DONE && packet::is_unreachable(&packet) {
        packet::quote(&packet) as u32 | if packet.is_ipv4 { IS_IPV4 } else { 0 }
    } else {
        0
    };
    Other { quote, counted }
}

#[inline(always)]
fn by_addresses<C: Context>(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome {
    let counted = if packet.is_ipv4 {
        placed::count_4::<C>(packet, interface, wire)
    } else {
        placed::count_6::<C>(packet, interface, wire)
    };
    if counted.is_final() {
        return counted;
    }
    placed::count_shared::<C>(packet, interface, wire)
}

#[inline(always)]
fn refused<C: Context>(context: C, quote: u32) {
    let frame = context.frame();
    let mut quoted = Packet::EMPTY;
    if frame.quoted(quote & !IS_IPV4, quote & IS_IPV4 != 0, &mut quoted) != Outcome::DONE {
        return;
    }
    let interface = frame.interface;
    if !per_cpu::has_buckets() {
        placed::refuse_shared(&mut quoted, interface);
    } else if quoted.is_ipv4 {
        placed::refuse_4(&mut quoted, interface);
    } else {
        placed::refuse_6(&mut quoted, interface);
    }
}

#[inline(always)]
fn inside<C: Context>(context: C) {
    let Some((frame, _)) = begun(context) else {
        return;
    };
    let mut packet = Packet::EMPTY;
    let found = frame.inside(&mut packet);
    if found == 0 {
        return;
    }
    let wire = frame.carried(found, packet.headers);
    if found & UNREAD != 0 {
        shared::tally(Reason::InsideUnread.index(), &wire);
        return;
    }
    let interface = frame.interface | found & !packet::INDEX_MASK;
    // What finds no place is counted by its port.
    tally(by_addresses::<C>(&mut packet, interface, &wire), &wire);
}
