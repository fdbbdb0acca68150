//! Every global function, which the verifier verifies on its own; [`global`](crate::global) explains why.
//!
//! Only here do raw pointers become packets and contexts. The functions are called by nothing but the trait methods below,
//! which pass a reference to a packet and the context that the kernel handed to the program. The verifier does not know the
//! callers, so to it the pointer to a packet may be null.

use core::hint::black_box;

use auditor_common::{
    Direction, Packet, Tally,
    packet::{self, KERNEL_EXTENSIONS},
};

use crate::{
    frame::{TAGGED, UNTAGGED},
    global::GlobalFunctions,
    hook::{Hook, TcEgress, TcIngress, Xdp, XdpFrags},
    outcome::Outcome,
    path,
    quote::Quote,
    state::PerCpu,
    table::{
        self,
        addresses::{AddressValues, Addresses4, Addresses6},
    },
};

/// Defines global functions that take a context, a packet, or both, and numbers. If the packet is null they return `$none`.
macro_rules! functions {
    ($(
        fn $name:ident[
            $($hook:ident: $of:ty)? $(, &mut $packet:ident else $none:expr)?
        ]($($number:ident: $type:ty),*) -> $result:ty $body:block
    )*) => {$(
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name(
            $($hook: <$of as Hook>::Raw,)? $($packet: *mut Packet,)? $($number: $type),*
        ) -> $result {
            $(
                // SAFETY: callers pass the context that the kernel handed to the program.
                let $hook = unsafe { <$of>::new($hook) };
            )?
            $(
                // SAFETY: callers pass a packet of theirs.
                let Some($packet) = (unsafe { $packet.as_mut() }) else {
                    return $none;
                };
            )?
            $body
        }
    )*};
}

/// Defines the functions that read packets, for one kind of context.
macro_rules! readers {
    ($($of:ty:
        $parse:ident $parse_nonlinear:ident $parse_quoted:ident $open_tunnel:ident $carried:ident;
    )*) => {
        functions! {$(
            fn $parse[hook: $of, &mut packet else Outcome::DONE.0]() -> u32 {
                let bytes = hook.linear_bytes::<KERNEL_EXTENSIONS>();
                Outcome::from(packet::parse(&bytes, packet)).0
            }

            fn $parse_nonlinear[hook: $of, &mut packet else Outcome::DONE.0]() -> u32 {
                let bytes = hook.all_bytes::<KERNEL_EXTENSIONS>();
                Outcome::from(packet::parse(&bytes, packet)).0
            }

            fn $parse_quoted[hook: $of, &mut packet else Outcome::DONE.0](quote: u32) -> u32 {
                let parsed = |quote| path::parse_quoted(hook, quote, packet);
                Quote::of_number(quote).map_or(Outcome::DONE, parsed).0
            }

            fn $open_tunnel[hook: $of, &mut packet else 0]() -> u32 {
                path::open_tunnel(hook, packet)
            }

            fn $carried[hook: $of]() -> u32 {
                path::carried_headers(hook)
            }
        )*}
    };
}

readers! {
    Xdp: xdp_parse xdp_parse_nonlinear xdp_parse_quoted xdp_open_tunnel xdp_carried_headers;
    TcIngress: skb_parse skb_parse_nonlinear skb_parse_quoted skb_open_tunnel skb_carried_headers;
}

/// Defines the functions that count packets, for one direction.
macro_rules! counters {
    ($($direction:expr => $count_4:ident $count_6:ident $count_shared:ident;)*) => {
        functions! {$(
            fn $count_4[, &mut packet else Outcome::DONE.0](
                interface: u32, packets: u64, bytes: u64
            ) -> u32 {
                let wire = Tally { packets, bytes };
                count::<Addresses4>($direction, packet, interface, &wire).0
            }

            fn $count_6[, &mut packet else Outcome::DONE.0](
                interface: u32, packets: u64, bytes: u64
            ) -> u32 {
                let wire = Tally { packets, bytes };
                count::<Addresses6>($direction, packet, interface, &wire).0
            }

            fn $count_shared[, &mut packet else Outcome::DONE.0](
                interface: u32, packets: u64, bytes: u64
            ) -> u32 {
                let Some((per_cpu, _)) = PerCpu::current() else {
                    return Outcome::DONE.0;
                };
                let wire = Tally { packets, bytes };
                let counted = table::count_shared($direction, &per_cpu, interface, packet, &wire);
                Outcome::from(counted).0
            }
        )*}
    };
}

counters! {
    Direction::Ingress => ingress_count_4 ingress_count_6 ingress_count_shared;
    Direction::Egress => egress_count_4 egress_count_6 egress_count_shared;
}

#[inline(always)]
fn count<A: AddressValues>(
    direction: Direction,
    packet: &Packet,
    interface: u32,
    wire: &Tally,
) -> Outcome {
    let Some((per_cpu, _)) = PerCpu::current() else {
        return Outcome::DONE;
    };
    let addresses = A::of(packet);
    Outcome::from(table::count(
        direction, &per_cpu, interface, packet, addresses, wire,
    ))
}

functions! {
    fn complete_fragment[, &mut packet else Outcome::DONE.0]() -> u32 {
        Outcome::from(path::complete_fragment(packet)).0
    }
}

/// Defines the functions that count what ICMP errors say, for the direction of the errors.
macro_rules! refusers {
    ($($direction:expr => $refuse_4:ident $refuse_6:ident $refuse_shared:ident;)*) => {
        functions! {$(
            fn $refuse_4[, &mut packet else 0](interface: u32) -> u32 {
                if let Some((per_cpu, _)) = PerCpu::current() {
                    table::refuse::<Addresses4>($direction, &per_cpu, interface, packet);
                }
                0
            }

            fn $refuse_6[, &mut packet else 0](interface: u32) -> u32 {
                if let Some((per_cpu, _)) = PerCpu::current() {
                    table::refuse::<Addresses6>($direction, &per_cpu, interface, packet);
                }
                0
            }

            fn $refuse_shared[, &mut packet else 0](interface: u32) -> u32 {
                if let Some((per_cpu, _)) = PerCpu::current() {
                    table::refuse_shared($direction, &per_cpu, interface, packet);
                }
                0
            }
        )*}
    };
}

refusers! {
    Direction::Ingress => ingress_refuse_4 ingress_refuse_6 ingress_refuse_shared;
    Direction::Egress => egress_refuse_4 egress_refuse_6 egress_refuse_shared;
}

/// Defines the functions of one hook, and implements [`GlobalFunctions`] for it with all the functions above.
macro_rules! hooks {
    ($($hook:ident:
        $ipv4:ident $ipv4_tagged:ident $ipv6:ident $no_bucket:ident $any:ident $icmp_error:ident $tunnel:ident,
        $parse:ident $parse_nonlinear:ident $parse_quoted:ident $open_tunnel:ident $carried:ident,
        $count_4:ident $count_6:ident $count_shared:ident,
        $refuse_4:ident $refuse_6:ident $refuse_shared:ident;
    )*) => {
        functions! {$(
            fn $ipv4[hook: $hook]() -> u32 {
                path::ipv4::<_, UNTAGGED>(hook).0
            }

            fn $ipv4_tagged[hook: $hook]() -> u32 {
                path::ipv4::<_, TAGGED>(hook).0
            }

            fn $ipv6[hook: $hook]() -> u32 {
                path::ipv6(hook).0
            }

            fn $no_bucket[hook: $hook]() -> u32 {
                path::no_bucket(hook).0
            }

            fn $any[hook: $hook](carried_headers: u32) -> u64 {
                // Where the number is of no use the compiler would not pass it, which the verifier demands.
                let (counted, quote) = path::any(hook, black_box(carried_headers));
                u64::from(quote.map_or(0, Quote::number)) << 32 | u64::from(counted.0)
            }

            fn $icmp_error[hook: $hook](quote: u32) -> u32 {
                if let Some(quote) = Quote::of_number(quote) {
                    path::count_icmp_error(hook, quote);
                }
                0
            }

            fn $tunnel[hook: $hook]() -> u32 {
                path::count_tunnel(hook);
                0
            }
        )*}

        $(impl GlobalFunctions for $hook {
            #[inline(always)]
            fn ipv4(self) -> Outcome {
                Outcome($ipv4(self.raw()))
            }

            #[inline(always)]
            fn ipv4_tagged(self) -> Outcome {
                Outcome($ipv4_tagged(self.raw()))
            }

            #[inline(always)]
            fn ipv6(self) -> Outcome {
                Outcome($ipv6(self.raw()))
            }

            #[inline(always)]
            fn no_bucket(self) -> Outcome {
                Outcome($no_bucket(self.raw()))
            }

            #[inline(always)]
            fn any(self, carried_headers: u32) -> (Outcome, Option<Quote>) {
                let number = $any(self.raw(), carried_headers);
                (Outcome(number as u32), Quote::of_number((number >> 32) as u32))
            }

            #[inline(always)]
            fn icmp_error(self, quote: Quote) {
                $icmp_error(self.raw(), quote.number());
            }

            #[inline(always)]
            fn tunnel(self) {
                $tunnel(self.raw());
            }

            #[inline(always)]
            fn parse(self, packet: &mut Packet) -> Outcome {
                Outcome($parse(self.raw(), packet))
            }

            #[inline(always)]
            fn parse_nonlinear(self, packet: &mut Packet) -> Outcome {
                Outcome($parse_nonlinear(self.raw(), packet))
            }

            #[inline(always)]
            fn parse_quoted(self, quote: Quote, quoted: &mut Packet) -> Outcome {
                Outcome($parse_quoted(self.raw(), quoted, quote.number()))
            }

            #[inline(always)]
            fn open_tunnel(self, packet: &mut Packet) -> u32 {
                $open_tunnel(self.raw(), packet)
            }

            #[inline(always)]
            fn carried_headers(self) -> u32 {
                $carried(self.raw())
            }

            #[inline(always)]
            fn complete_fragment(packet: &mut Packet) -> Outcome {
                Outcome(complete_fragment(packet))
            }

            #[inline(always)]
            fn count_4(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome {
                Outcome($count_4(packet, interface, wire.packets, wire.bytes))
            }

            #[inline(always)]
            fn count_6(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome {
                Outcome($count_6(packet, interface, wire.packets, wire.bytes))
            }

            #[inline(always)]
            fn count_shared(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome {
                Outcome($count_shared(packet, interface, wire.packets, wire.bytes))
            }

            #[inline(always)]
            fn refuse_4(quoted: &mut Packet, interface: u32) {
                $refuse_4(quoted, interface);
            }

            #[inline(always)]
            fn refuse_6(quoted: &mut Packet, interface: u32) {
                $refuse_6(quoted, interface);
            }

            #[inline(always)]
            fn refuse_shared(quoted: &mut Packet, interface: u32) {
                $refuse_shared(quoted, interface);
            }
        })*
    };
}

hooks! {
    Xdp: xdp_ipv4 xdp_ipv4_tagged xdp_ipv6 xdp_no_bucket xdp_any xdp_icmp_error xdp_tunnel,
        xdp_parse xdp_parse_nonlinear xdp_parse_quoted xdp_open_tunnel xdp_carried_headers,
        ingress_count_4 ingress_count_6 ingress_count_shared,
        ingress_refuse_4 ingress_refuse_6 ingress_refuse_shared;
    XdpFrags: frags_ipv4 frags_ipv4_tagged frags_ipv6 frags_no_bucket frags_any frags_icmp_error frags_tunnel,
        xdp_parse xdp_parse_nonlinear xdp_parse_quoted xdp_open_tunnel xdp_carried_headers,
        ingress_count_4 ingress_count_6 ingress_count_shared,
        ingress_refuse_4 ingress_refuse_6 ingress_refuse_shared;
    TcIngress: ingress_ipv4 ingress_ipv4_tagged ingress_ipv6 ingress_no_bucket ingress_any ingress_icmp_error ingress_tunnel,
        skb_parse skb_parse_nonlinear skb_parse_quoted skb_open_tunnel skb_carried_headers,
        ingress_count_4 ingress_count_6 ingress_count_shared,
        ingress_refuse_4 ingress_refuse_6 ingress_refuse_shared;
    TcEgress: egress_ipv4 egress_ipv4_tagged egress_ipv6 egress_no_bucket egress_any egress_icmp_error egress_tunnel,
        skb_parse skb_parse_nonlinear skb_parse_quoted skb_open_tunnel skb_carried_headers,
        egress_count_4 egress_count_6 egress_count_shared,
        egress_refuse_4 egress_refuse_6 egress_refuse_shared;
}
