//! The paths that a packet can take to its count agree: buckets of its CPU, the fast path to them, and the shared table.
//!
//! The same frames go through the programs twice: once as everywhere, once with no buckets, as kernels with `PREEMPT_RT` have
//! it, where every packet takes the slow path.

use std::{collections::BTreeMap, net::Ipv4Addr};

use auditor::capture::{Sizes, Table};
use auditor_common::{ConversationRecord, PortKind, flow::opening, mode};
use aya::{Ebpf, EbpfLoader, programs::TestRunOptions};
use etherparse::{PacketBuilder, PacketBuilderStep, TcpHeader, VlanId};

use nix::{net::if_::if_nametoindex, sched::sched_getcpu};

use crate::{
    fixture::{
        pair::pair,
        program::{self, OBJECT},
    },
    harness::{Need::Kernel, tests},
};

tests! {
    every_path_counts_alike: [Kernel],
}

const XDP: &str = "ingress_xdp";
const N_FRAMES: usize = 4_000;
const LISTENING: u16 = 8080;
const OPENED: u16 = 5432;
const DOCUMENTED: u16 = 9000;
const PORTS: [u16; 6] = [LISTENING, OPENED, DOCUMENTED, 9001, 40_000, 40_001];
/// FIN, SYN, RST and ACK, alone and together.
const FLAGS: [u8; 8] = [0x10, 0x18, 0x02, 0x12, 0x11, 0x04, 0x14, 0x03];

/// The same numbers on every run.
struct Numbers(u64);

impl Numbers {
    fn below<T: Copy>(&mut self, choices: &[T]) -> T {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let index = usize::try_from(self.0 >> 33).unwrap() % choices.len();
        choices[index]
    }
}

fn frame(numbers: &mut Numbers) -> Vec<u8> {
    let (one, other) = (numbers.below(&[1, 2, 3]), numbers.below(&[1, 2]));
    let (from, to) = (numbers.below(&PORTS), numbers.below(&PORTS));
    let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
    let is_ipv4 = numbers.below(&[true, false]);
    let addresses = ([10, 0, 0, one], [10, 0, 1, other]);
    // Some are IPv4-mapped, and must not be taken for those of IPv4.
    let addresses_6 = if numbers.below(&[true, false, false]) {
        let mapped = |address: [u8; 4]| Ipv4Addr::from(address).to_ipv6_mapped().octets();
        (mapped(addresses.0), mapped(addresses.1))
    } else {
        ([one; 16], [other + 8; 16])
    };
    let has_tag = numbers.below(&[true, false, false]);
    let packet = match (has_tag, is_ipv4) {
        (false, true) => ethernet.ipv4(addresses.0, addresses.1, 64),
        (false, false) => ethernet.ipv6(addresses_6.0, addresses_6.1, 64),
        (true, is_ipv4) => {
            let tagged = ethernet.single_vlan(VlanId::try_new(5).unwrap());
            if is_ipv4 {
                tagged.ipv4(addresses.0, addresses.1, 64)
            } else {
                tagged.ipv6(addresses_6.0, addresses_6.1, 64)
            }
        }
    };
    let mut frame = Vec::new();
    if numbers.below(&[true, true, false]) {
        let flags = numbers.below(&FLAGS);
        tcp(packet, from, to, flags, &mut frame);
    } else {
        packet.udp(from, to).write(&mut frame, &[7; 20]).unwrap();
    }
    frame
}

fn tcp(
    packet: PacketBuilderStep<etherparse::IpHeaders>,
    from: u16,
    to: u16,
    flags: u8,
    frame: &mut Vec<u8>,
) {
    let mut header = TcpHeader::new(from, to, 1, 1000);
    header.fin = flags & 0x01 != 0;
    header.syn = flags & 0x02 != 0;
    header.rst = flags & 0x04 != 0;
    header.psh = flags & 0x08 != 0;
    header.ack = flags & 0x10 != 0;
    packet.tcp_header(header).write(frame, &[7; 20]).unwrap();
}

struct Programs {
    ebpf: Ebpf,
    table: Table,
}

/// The programs as they are loaded everywhere, but for the buckets.
fn load(has_buckets: bool) -> Programs {
    let sizes = Sizes::new(65_536).unwrap();
    let globals = sizes.globals();
    let mut loader = EbpfLoader::new();
    loader.override_global("MODE", if has_buckets { &0 } else { &mode::SHARED }, true);
    for (name, value) in &globals {
        loader.override_global(name, value, true);
    }
    for (name, entries) in sizes.entries() {
        loader.map_max_entries(name, entries);
    }
    let ebpf = loader.load(OBJECT).unwrap();
    let table = Table::map(&ebpf, sizes).unwrap();
    for (kind, port) in [
        (PortKind::Listening, LISTENING),
        (PortKind::Opened, OPENED),
        (PortKind::Documented, DOCUMENTED),
    ] {
        for transport in [6, 17] {
            table.add_known_port(kind, transport, port);
        }
    }
    Programs { ebpf, table }
}

/// The context of a socket buffer on an interface: its index stands at byte 40 (`struct __sk_buff`, Linux's uapi).
fn context(interface: u32) -> [u8; 192] {
    let mut context = [0; 192];
    context[40..44].copy_from_slice(&interface.to_ne_bytes());
    context
}

/// What one of the programs counts of the frames, by conversation; on the loopback without an interface.
fn counted(
    program: &str,
    interface: Option<u32>,
    has_buckets: bool,
    frames: &[Vec<u8>],
) -> BTreeMap<String, ConversationRecord> {
    let Programs {
        mut ebpf,
        mut table,
    } = load(has_buckets);
    let context = interface.map(context);
    program::load(&mut ebpf, program);
    for frame in frames {
        let options = TestRunOptions {
            data_in: Some(frame),
            ctx_in: context.as_ref().map(<[u8; 192]>::as_slice),
            ..TestRunOptions::new()
        };
        program::run(ebpf.program(program).unwrap(), options);
    }
    let mut flows: BTreeMap<String, ConversationRecord> = BTreeMap::new();
    let taken = table.take(&mut |key, record| {
        let mut record = *record;
        // Who sent the first packet is not kept behind the buckets.
        record.opening &= !u64::from(opening::STARTED_BY_SECOND);
        record.began = 0;
        let twice = flows.insert(format!("{key:?}"), record);
        assert_eq!(twice, None, "{key:?}");
    });
    taken.unwrap();
    flows
}

fn every_path_counts_alike() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let frames: Vec<_> = (0..N_FRAMES).map(|_| frame(&mut numbers)).collect();
    let (host, _other) = pair();
    host.enter(|| {
        // On another CPU a conversation would begin once more, with what is known of it then.
        program::stay_on(sched_getcpu()?);
        let interface = Some(if_nametoindex("eth0")?);
        // Test runs of XDP know the loopback only.
        agree(XDP, None, &frames);
        agree("ingress_tc", None, &frames);
        agree("ingress_tc", interface, &frames);
        agree("egress_tc", interface, &frames);
        Ok(())
    })
    .unwrap();
}

fn agree(program: &str, interface: Option<u32>, frames: &[Vec<u8>]) {
    let (buckets, shared) = (
        counted(program, interface, true, frames),
        counted(program, interface, false, frames),
    );
    let packets: u64 = buckets.values().flat_map(|record| record.packets).sum();
    assert_eq!(packets, N_FRAMES as u64, "{program} counts all");
    for (conversation, record) in &shared {
        assert_eq!(buckets.get(conversation), Some(record), "{conversation}");
    }
    assert_eq!(buckets.len(), shared.len(), "{program}");
}
