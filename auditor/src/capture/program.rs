//! The kernel half, loaded: its programs and its maps.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read as _},
    mem::offset_of,
    sync::atomic::Ordering,
};

use auditor_common::{
    MOST_CPUS, PortKind, Reason, Tally, Totals,
    lost::{self, Lost},
    mode,
};
use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{HashMap, PerCpuArray},
    programs::{ProgramError, SchedClassifier, TestRun as _, TestRunOptions, Xdp},
};
use aya_log::EbpfLogger;

use super::{
    attach::{Attached, Programs},
    error::{CaptureError, chain, refusal},
    guard::Guard,
    hook::{Ingress, Tc},
    interface::Interface,
    leftover::{self, Leftover},
    maps::pieces,
    pieces::Pieces,
    privilege,
    sizes::Sizes,
    table::{Table, Take},
};
use crate::port::{PortRange, PortSet};

/// What the programs are loaded with.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The sizes of the flow table.
    pub sizes: Sizes,
    /// Every conversation keeps both its ports, as the replay of a capture needs it.
    pub both_ports: bool,
    /// Also count the packets that tunnels carry.
    pub decapsulate: bool,
    /// Log packets that are in no flow. When off, the verifier removes the code, so it costs nothing.
    pub log: bool,
    /// How tc programs are attached.
    pub tc: Tc,
}

/// The loaded kernel half, with the table that it writes.
pub struct Capture {
    ebpf: Ebpf,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
    tc: Tc,
    table: Table,
    lost: Pieces<Tally>,
    /// The ports that were made known, by the kind that is in their names.
    listening: KnownPorts,
    documented: KnownPorts,
    /// Dropped last, after the programs whose filters it guards.
    guard: Option<Guard>,
}

/// Ports by protocol.
type KnownPorts = BTreeMap<u8, PortSet>;

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/auditor-ebpf"));

/// aya-log's most verbose level; 0 turns logging off.
const LOG_ALL: u8 = 5;

impl Capture {
    /// Makes the maps and reads the programs. The kernel's verifier takes a second or more for each of them on a slow machine, so
    /// each is loaded where it is first needed.
    ///
    /// # Errors
    ///
    /// Missing privileges, or the kernel's refusal.
    pub fn load(settings: &Settings) -> Result<Self, CaptureError> {
        let missing = privilege::missing().map_err(CaptureError::Status)?;
        if !missing.is_empty() {
            return Err(CaptureError::Privilege {
                missing: missing.iter().map(|needed| needed.name).collect(),
            });
        }
        let level = if settings.log { LOG_ALL } else { 0 };
        let sizes = settings.sizes;
        let [secret_0, secret_1] = secrets().map_err(CaptureError::Status)?;
        let mode: u8 = [
            (is_real_time() || MOST_CPUS < sizes.n_cpus, mode::SHARED),
            (settings.both_ports, mode::BOTH_PORTS),
            (settings.decapsulate, mode::DECAPSULATE),
            (settings.log, mode::LOG),
        ]
        .iter()
        .filter_map(|(is_so, bit)| is_so.then_some(bit))
        .sum();
        let globals = sizes.globals();
        let mut loader = EbpfLoader::new();
        loader
            .override_global("SECRET_0", &secret_0, true)
            .override_global("SECRET_1", &secret_1, true)
            .override_global("MODE", &mode, true)
            .override_global(aya_log::LEVEL, &level, false);
        for (name, value) in &globals {
            loader.override_global(name, value, true);
        }
        for (name, entries) in sizes.entries() {
            loader.map_max_entries(name, entries);
        }
        let mut ebpf = loader
            .load(OBJECT)
            .map_err(|error: EbpfError| refusal(&error))?;
        let logger = if settings.log {
            EbpfLogger::init(&mut ebpf).ok()
        } else {
            None
        };
        let table = Table::map(&ebpf, sizes)?;
        let lost = pieces(&ebpf, "LOST", lost::COUNT as usize)?;
        let mut capture = Self {
            ebpf,
            table,
            lost,
            logger,
            tc: settings.tc,
            listening: KnownPorts::new(),
            documented: KnownPorts::new(),
            guard: None,
        };
        capture.programs()?;
        Ok(capture)
    }

    /// The number of instructions that the verifier processed for all programs; `None` before Linux 5.16.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn verified_instructions(&mut self) -> Result<Option<u64>, CaptureError> {
        let mut programs = self.programs()?;
        let loaded = programs.load_tc().and_then(|()| programs.load_xdp());
        loaded.map_err(|error| refusal(&error))?;
        let infos = [
            programs.ingress_xdp.info(),
            programs.ingress_tc.info(),
            programs.egress_tc.info(),
        ];
        let mut sum = Some(0);
        for info in infos {
            let count = info
                .map_err(|error| refusal(&error))?
                .verified_instruction_count();
            sum = sum.zip(count).map(|(sum, count)| sum + u64::from(count));
        }
        Ok(sum)
    }

    /// Attaches to an interface, in both directions.
    ///
    /// # Errors
    ///
    /// The kernel's refusal, with the interface's name.
    pub fn attach(
        &mut self,
        interface: &Interface,
        ingress: Ingress,
    ) -> Result<Attached, CaptureError> {
        self.know_mac(interface)?;
        let mut programs = self.programs()?;
        programs.load_tc().map_err(|error| refusal(&error))?;
        let attached = programs.attach(interface, ingress);
        attached.map_err(|error| {
            let hint = if ingress == Ingress::Xdp {
                "; --ingress tc works on every driver"
            } else {
                ""
            };
            CaptureError::Attach {
                interface: interface.name.clone(),
                problem: format!("{}{hint}", chain(&error)),
            }
        })
    }

    /// Tells programs of another auditor, which pass everything on, from others where XDP stands before us: its program is known by the
    /// tag of ours, which only a loaded one has. Where ours cannot be loaded, the other one counts as somebody else's.
    pub(crate) fn know_alike(&mut self, attached: &mut Attached, now: &Interface) {
        if !attached.wants_tag_of_xdp(now) {
            return;
        }
        if let Ok(mut programs) = self.programs()
            && programs.load_xdp().is_ok()
        {
            attached.set_tags(programs.tags());
        }
    }

    /// Filters on these interfaces that an auditor left which was killed together with its guard.
    ///
    /// # Errors
    ///
    /// The kernel does not say what is attached.
    pub fn leftovers(&mut self, interfaces: &[Interface]) -> Result<Vec<Leftover>, CaptureError> {
        let mut programs = self.programs()?;
        programs.load_tc().map_err(|error| refusal(&error))?;
        let mut own = BTreeSet::new();
        for info in [programs.ingress_tc.info(), programs.egress_tc.info()] {
            own.insert(leftover::identity(&info.map_err(|error| refusal(&error))?));
        }
        leftover::find(interfaces, &own).map_err(CaptureError::Status)
    }

    /// Tells the kernel half the MAC address of an interface: XDP runs before the kernel compares it.
    fn know_mac(&mut self, interface: &Interface) -> Result<(), CaptureError> {
        let Some(mac) = interface.mac.filter(|_| !interface.is_loopback) else {
            return Ok(());
        };
        let map = self
            .ebpf
            .map_mut("MACS")
            .ok_or(CaptureError::Absent { name: "MACS" })?;
        let mut macs: HashMap<_, u32, u64> = HashMap::try_from(map).map_err(CaptureError::Map)?;
        let mut bytes = [0; 8];
        for (byte, of_mac) in bytes.iter_mut().zip(mac) {
            *byte = of_mac;
        }
        macs.insert(interface.index, u64::from_le_bytes(bytes), 0)
            .map_err(CaptureError::Map)
    }

    /// Makes these the ports that the kernel half knows as `kind`: those that were set before and are not among them are so
    /// no more.
    pub fn set_ports(&mut self, kind: PortKind, ports: impl Iterator<Item = (u8, PortRange)>) {
        let mut ranges: BTreeMap<u8, Vec<PortRange>> = BTreeMap::new();
        for (protocol, range) in ports {
            ranges.entry(protocol).or_default().push(range);
        }
        let now: KnownPorts = ranges
            .into_iter()
            .map(|(protocol, ranges)| (protocol, ranges.into_iter().collect()))
            .collect();
        let all = |set: &PortSet| -> Vec<u16> {
            let ports = |range: &PortRange| range.first()..=range.last();
            set.ranges().iter().flat_map(ports).collect()
        };
        for (protocol, set) in &now {
            for port in all(set) {
                self.table.add_known_port(kind, *protocol, port);
            }
        }
        let before = match kind {
            PortKind::Listening => &mut self.listening,
            PortKind::Documented => &mut self.documented,
            // The kernel half itself finds out which ports are opened.
            PortKind::Opened => return,
        };
        for (protocol, set) in &*before {
            let left = now
                .get(protocol)
                .map_or_else(|| set.clone(), |now| set.minus(now));
            for port in all(&left) {
                self.table.remove_known_port(kind, *protocol, port);
            }
        }
        *before = now;
    }

    /// Sets the time, in epochs, that the kernel half stores with the packets that it counts from now on.
    pub fn set_epoch(&self, epoch: u64) {
        self.table.set_epoch(epoch);
    }

    /// Whether the table should be drained now rather than when the next second is over.
    pub fn fills_up(&self) -> bool {
        self.table.fills_up()
    }

    /// The sizes with which all that the last drain found would have had a bucket, if many had none.
    pub fn flows_wanted(&self) -> Option<u32> {
        self.table.sizes().flows_wanted(self.table.found())
    }

    /// Takes what was counted since the last call, exact to the packet, while packets flow.
    ///
    /// # Errors
    ///
    /// The kernel's refusal to wait for programs, or to map what they counted.
    pub fn drain(&mut self, take: Take<'_>) -> Result<Totals, CaptureError> {
        self.table.drain(take)
    }

    /// As [`Self::drain`], for a replay, in which no program runs on its own.
    pub(super) fn take(&mut self, take: Take<'_>) -> Result<Totals, CaptureError> {
        self.table.take(take)
    }

    /// Test-runs the ingress program on a frame that had `length` bytes on the wire. False if the kernel rejects the frame.
    pub(super) fn test(
        &mut self,
        frame: &[u8],
        length: u64,
        epoch: u64,
    ) -> Result<bool, CaptureError> {
        self.table.set_epoch(epoch);
        self.table.set_length(length);
        let mut programs = self.programs()?;
        programs.load_xdp().map_err(|error| refusal(&error))?;
        let program = programs.ingress_xdp;
        let options = TestRunOptions {
            data_in: Some(frame),
            ..TestRunOptions::new()
        };
        match program.test_run(options) {
            Ok(_) => Ok(true),
            Err(ProgramError::SyscallError(error))
                if error.io_error.kind() == io::ErrorKind::InvalidInput =>
            {
                Ok(false)
            }
            Err(error) => Err(refusal(&error)),
        }
    }

    /// Packets for which the table had no room so far, by direction, transport and port.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn lost(&mut self) -> Result<Vec<(Lost, Tally)>, CaptureError> {
        let mut found = Vec::new();
        // Who has lost nothing need not look at every port.
        let without_flow = self.without_flow()?;
        if ![Reason::TableFull, Reason::Unproven]
            .iter()
            .any(|reason| without_flow.contains_key(reason))
        {
            return Ok(found);
        }
        for (index, entry) in (0..lost::COUNT).zip(0_usize..) {
            let Some((tallies, within)) = self.lost.at(entry).map_err(CaptureError::Memory)? else {
                break;
            };
            let word = |offset| {
                let word = tallies.word(within, offset);
                word.map_or(0, |word| word.load(Ordering::Relaxed))
            };
            let tally = Tally {
                packets: word(offset_of!(Tally, packets)),
                bytes: word(offset_of!(Tally, bytes)),
            };
            if tally.packets != 0 {
                found.push((lost::at(index), tally));
            }
        }
        self.lost.close();
        Ok(found)
    }

    /// Packets that are in no flow so far, by reason; reasons that counted nothing are left out.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn without_flow(&self) -> Result<BTreeMap<Reason, Tally>, CaptureError> {
        let map = self
            .ebpf
            .map("TALLIES")
            .ok_or(CaptureError::Absent { name: "TALLIES" })?;
        let map: PerCpuArray<_, Tally> = PerCpuArray::try_from(map).map_err(CaptureError::Map)?;
        let mut without_flow = BTreeMap::new();
        for reason in Reason::ALL {
            let mut sum = Tally::default();
            for part in map
                .get(&reason.index(), 0)
                .map_err(CaptureError::Map)?
                .iter()
            {
                sum += *part;
            }
            if sum != Tally::default() {
                without_flow.insert(reason, sum);
            }
        }
        Ok(without_flow)
    }

    /// Passes what the kernel half has logged since the last call to the `log` crate.
    pub fn flush_log(&mut self) {
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
    }

    fn programs(&mut self) -> Result<Programs<'_>, CaptureError> {
        let (mut ingress_xdp, mut ingress_xdp_frags) = (None, None);
        let (mut ingress_tc, mut egress_tc) = (None, None);
        for (name, program) in self.ebpf.programs_mut() {
            match name {
                "ingress_xdp" => ingress_xdp = <&mut Xdp>::try_from(program).ok(),
                "ingress_xdp_frags" => ingress_xdp_frags = <&mut Xdp>::try_from(program).ok(),
                "ingress_tc" => ingress_tc = <&mut SchedClassifier>::try_from(program).ok(),
                "egress_tc" => egress_tc = <&mut SchedClassifier>::try_from(program).ok(),
                _ => {}
            }
        }
        Ok(Programs {
            ingress_xdp: ingress_xdp.ok_or(CaptureError::Absent {
                name: "ingress_xdp",
            })?,
            ingress_xdp_frags: ingress_xdp_frags.ok_or(CaptureError::Absent {
                name: "ingress_xdp_frags",
            })?,
            ingress_tc: ingress_tc.ok_or(CaptureError::Absent { name: "ingress_tc" })?,
            egress_tc: egress_tc.ok_or(CaptureError::Absent { name: "egress_tc" })?,
            tc: self.tc,
            guard: &mut self.guard,
        })
    }
}

/// Random numbers for the flow table's hash, from the kernel's random number generator.
fn secrets() -> io::Result<[u64; 2]> {
    let mut bytes = [[0; 8]; 2];
    let mut source = std::fs::File::open("/dev/urandom")?;
    for part in &mut bytes {
        source.read_exact(part)?;
    }
    Ok(bytes.map(u64::from_ne_bytes))
}

/// Whether this is a `PREEMPT_RT` kernel.
fn is_real_time() -> bool {
    std::fs::read_to_string("/sys/kernel/realtime").is_ok_and(|text| text.trim() == "1")
}

#[cfg(test)]
#[path = "../../build/sources.rs"]
mod sources;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::sources;

    #[test]
    fn the_programs_are_of_the_sources_as_they_are() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let number = sources::number(here).unwrap().to_string();
        assert_eq!(
            number,
            env!("KERNEL_HALF_SOURCES"),
            "the kernel half is older than its sources: cargo did not run auditor/build.rs"
        );
    }
}
