//! The flow table, for packets that were read into memory: functions that the verifier follows by themselves, as those of
//! `slow_path.rs`.

use auditor_common::{Direction, Packet, Tally};

use crate::{
    addresses::Values,
    context::{Directed, TcEgress, TcIngress},
    outcome::Outcome,
    per_cpu::PerCpu,
    table,
};

/// Addresses as numbers.
type Addresses4 = u64;
type Addresses6 = [[u64; 2]; 2];

/// Counts a packet of IPv4 in its place.
#[inline(always)]
pub(crate) fn count_4<G: Directed>(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome {
    let count = match G::DIRECTION {
        Direction::Ingress => in_count_4,
        Direction::Egress => out_count_4,
    };
    Outcome(count(packet, interface, wire.packets, wire.bytes))
}

/// Counts a packet of IPv6 in its place.
#[inline(always)]
pub(crate) fn count_6<G: Directed>(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome {
    let count = match G::DIRECTION {
        Direction::Ingress => in_count_6,
        Direction::Egress => out_count_6,
    };
    Outcome(count(packet, interface, wire.packets, wire.bytes))
}

/// Counts a packet in the shared table.
#[inline(always)]
pub(crate) fn count_shared<G: Directed>(
    packet: &mut Packet,
    interface: u32,
    wire: &Tally,
) -> Outcome {
    let count = match G::DIRECTION {
        Direction::Ingress => in_count_shared,
        Direction::Egress => out_count_shared,
    };
    Outcome(count(packet, interface, wire.packets, wire.bytes))
}

/// Counts that a packet of IPv4 could not be delivered; it is as the error quotes it.
#[inline(always)]
pub(crate) fn refuse_4(quoted: &mut Packet, interface: u32) {
    count_refused_4(quoted, interface);
}

/// Counts that a packet of IPv6 could not be delivered.
#[inline(always)]
pub(crate) fn refuse_6(quoted: &mut Packet, interface: u32) {
    count_refused_6(quoted, interface);
}

/// Counts in the shared table that a packet could not be delivered.
#[inline(always)]
pub(crate) fn refuse_shared(quoted: &mut Packet, interface: u32) {
    count_refused_shared(quoted, interface);
}

macro_rules! counts {
    ($($name:ident: $count:expr;)*) => {$(
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name(packet: *mut Packet, interface: u32, packets: u64, bytes: u64) -> u32 {
            $count(packet, interface, &Tally { packets, bytes }).0
        }
    )*};
}

counts! {
    in_count_4: in_place::<TcIngress, Addresses4>;
    in_count_6: in_place::<TcIngress, Addresses6>;
    in_count_shared: in_shared::<TcIngress>;
    out_count_4: in_place::<TcEgress, Addresses4>;
    out_count_6: in_place::<TcEgress, Addresses6>;
    out_count_shared: in_shared::<TcEgress>;
}

macro_rules! refusals {
    ($($name:ident: $refuse:expr;)*) => {$(
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name(quoted: *mut Packet, interface: u32) -> u32 {
            if let Some((per_cpu, packet)) = begun(quoted) {
                $refuse(&per_cpu, interface, packet);
            }
            0
        }
    )*};
}

refusals! {
    count_refused_4: table::refuse::<Addresses4>;
    count_refused_6: table::refuse::<Addresses6>;
    count_refused_shared: table::refuse_shared;
}

/// What is written to, and the packet, which may be nowhere as far as the verifier knows.
#[inline(always)]
fn begun<'a>(packet: *mut Packet) -> Option<(PerCpu, &'a Packet)> {
    let (per_cpu, _) = PerCpu::current()?;
    // SAFETY: callers pass a packet of theirs.
    Some((per_cpu, unsafe { packet.as_ref() }?))
}

#[inline(always)]
fn in_place<G: Directed, E: Values>(packet: *mut Packet, interface: u32, wire: &Tally) -> Outcome {
    let Some((per_cpu, packet)) = begun(packet) else {
        return Outcome::DONE;
    };
    let addresses = E::of(packet);
    Outcome::from(table::count::<G, E>(
        &per_cpu, interface, packet, addresses, wire,
    ))
}

#[inline(always)]
fn in_shared<G: Directed>(packet: *mut Packet, interface: u32, wire: &Tally) -> Outcome {
    let Some((per_cpu, packet)) = begun(packet) else {
        return Outcome::DONE;
    };
    Outcome::from(table::count_shared::<G>(&per_cpu, interface, packet, wire))
}
