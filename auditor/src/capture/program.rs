//! The kernel half, loaded: its programs and its maps.

use std::{collections::BTreeMap, io};

use auditor_common::{
    FlowKey, FlowStats, PortKind, Slot, Tally,
    port::{BITMAPS, WORDS, bit},
};
use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{Array, HashMap, MapError, PerCpuArray},
    programs::{ProgramError, SchedClassifier, Xdp},
};
use aya_log::EbpfLogger;
use thiserror::Error;

use super::{
    attach::{Attached, Programs, chain},
    guard::Guard,
    hook::{Ingress, Tc},
    interface::Interface,
    privilege,
};
use crate::port::PortRange;

/// What the programs are loaded with.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Places in the flow table.
    pub flows: u32,
    /// The range from which clients of this host take their ports.
    pub ephemeral: PortRange,
    /// Log packets that are in no flow. Off, the verifier removes the code, so it costs nothing.
    pub log: bool,
    /// How tc programs are attached.
    pub tc: Tc,
}

/// Why nothing can be counted.
#[derive(Debug, Error)]
pub enum CaptureError {
    #[error("this takes root, or {names}: run it with sudo", names = .missing.join(", "))]
    Privilege { missing: Vec<&'static str> },
    #[error("cannot tell what this process may do")]
    Status(#[source] io::Error),
    #[error(
        "the kernel did not take the programs: {problem}; `auditor doctor` says what this host lacks"
    )]
    Load { problem: String },
    #[error("cannot attach to {interface}: {problem}")]
    Attach { interface: String, problem: String },
    #[error("cannot read what was counted")]
    Map(#[source] MapError),
    #[error("the kernel half has no `{name}`: build it anew")]
    Absent { name: &'static str },
}

/// The kernel half at work.
pub struct Capture {
    ebpf: Ebpf,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
    tc: Tc,
    /// Dropped after all that it guards.
    guard: Option<Guard>,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    pub flows: Vec<(FlowKey, FlowStats)>,
    pub tallies: BTreeMap<Slot, Tally>,
}

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/auditor-ebpf"));

/// aya-log's most talkative level; 0 switches everything off.
const LOG_ALL: u8 = 5;

impl Capture {
    /// Loads the programs; nothing is attached yet.
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
        let (first, last) = (settings.ephemeral.first(), settings.ephemeral.last());
        let loaded = EbpfLoader::new()
            .override_global("EPHEMERAL_FIRST", &first, true)
            .override_global("EPHEMERAL_LAST", &last, true)
            .override_global(aya_log::LEVEL, &level, false)
            .map_max_entries("FLOWS", settings.flows)
            .load(OBJECT);
        let mut ebpf = loaded.map_err(|error: EbpfError| refusal(&error))?;
        let logger = if settings.log {
            EbpfLogger::init(&mut ebpf).ok()
        } else {
            None
        };
        let mut capture = Self {
            ebpf,
            logger,
            tc: settings.tc,
            guard: None,
        };
        let programs = capture.programs()?;
        programs
            .ingress_xdp
            .load()
            .map_err(|error| refusal(&error))?;
        programs
            .ingress_tc
            .load()
            .map_err(|error| refusal(&error))?;
        programs.egress_tc.load().map_err(|error| refusal(&error))?;
        Ok(capture)
    }

    /// Instructions that the kernel's verifier followed until it accepted all programs; `None` before Linux 5.16.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn verified_instructions(&mut self) -> Result<Option<u64>, CaptureError> {
        let programs = self.programs()?;
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

    /// Attaches to an interface, both ways.
    ///
    /// # Errors
    ///
    /// The kernel's refusal, with the interface's name.
    pub fn attach(
        &mut self,
        interface: &Interface,
        ingress: Ingress,
    ) -> Result<Attached, CaptureError> {
        let attached = self.programs()?.attach(interface, ingress);
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

    /// Tells the kernel which ports are known as `kind`: exactly these.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn set_ports(
        &mut self,
        kind: PortKind,
        ports: impl Iterator<Item = (u8, PortRange)>,
    ) -> Result<(), CaptureError> {
        let mut words: BTreeMap<u32, u64> = BTreeMap::new();
        for (protocol, range) in ports {
            for port in range.first()..=range.last() {
                if let Some((word, mask)) = bit(kind, protocol, port) {
                    *words.entry(word).or_default() |= mask;
                }
            }
        }
        let map = self
            .ebpf
            .map_mut("PORTS")
            .ok_or(CaptureError::Absent { name: "PORTS" })?;
        let mut map: Array<_, u64> = Array::try_from(map).map_err(CaptureError::Map)?;
        let half = WORDS * BITMAPS / 2;
        let first = match kind {
            PortKind::Listening => 0,
            PortKind::Documented => half,
        };
        for word in first..first + half {
            let value = words.get(&word).copied().unwrap_or_default();
            if map.get(&word, 0).map_err(CaptureError::Map)? != value {
                map.set(word, value, 0).map_err(CaptureError::Map)?;
            }
        }
        Ok(())
    }

    /// The tallies so far; slots that counted nothing are left out.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn tallies(&self) -> Result<BTreeMap<Slot, Tally>, CaptureError> {
        let map = self
            .ebpf
            .map("TALLIES")
            .ok_or(CaptureError::Absent { name: "TALLIES" })?;
        let map: PerCpuArray<_, Tally> = PerCpuArray::try_from(map).map_err(CaptureError::Map)?;
        let mut tallies = BTreeMap::new();
        for slot in Slot::ALL {
            let mut sum = Tally::default();
            for part in map.get(&slot.index(), 0).map_err(CaptureError::Map)?.iter() {
                sum.packets += part.packets;
                sum.bytes += part.bytes;
            }
            if sum != Tally::default() {
                tallies.insert(slot, sum);
            }
        }
        Ok(tallies)
    }

    /// Everything that was counted. Exact once nothing is attached any more.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn counted(&self) -> Result<Counted, CaptureError> {
        let map = self
            .ebpf
            .map("FLOWS")
            .ok_or(CaptureError::Absent { name: "FLOWS" })?;
        let map: HashMap<_, FlowKey, FlowStats> =
            HashMap::try_from(map).map_err(CaptureError::Map)?;
        let flows = map
            .iter()
            .collect::<Result<Vec<_>, MapError>>()
            .map_err(CaptureError::Map)?;
        Ok(Counted {
            flows,
            tallies: self.tallies()?,
        })
    }

    /// Prints what the kernel half has logged since the last call, through the `log` crate.
    pub fn flush_log(&mut self) {
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
    }

    fn programs(&mut self) -> Result<Programs<'_>, CaptureError> {
        let (mut ingress_xdp, mut ingress_tc, mut egress_tc) = (None, None, None);
        for (name, program) in self.ebpf.programs_mut() {
            match name {
                "ingress_xdp" => ingress_xdp = <&mut Xdp>::try_from(program).ok(),
                "ingress_tc" => ingress_tc = <&mut SchedClassifier>::try_from(program).ok(),
                "egress_tc" => egress_tc = <&mut SchedClassifier>::try_from(program).ok(),
                _ => {}
            }
        }
        Ok(Programs {
            ingress_xdp: ingress_xdp.ok_or(CaptureError::Absent {
                name: "ingress_xdp",
            })?,
            ingress_tc: ingress_tc.ok_or(CaptureError::Absent { name: "ingress_tc" })?,
            egress_tc: egress_tc.ok_or(CaptureError::Absent { name: "egress_tc" })?,
            tc: self.tc,
            guard: &mut self.guard,
        })
    }
}

fn refusal(error: &(dyn std::error::Error + 'static)) -> CaptureError {
    // The verifier's log is long; its end is where it says what it does not like.
    let problem = match error.downcast_ref::<ProgramError>() {
        Some(ProgramError::LoadError {
            io_error,
            verifier_log,
        }) => {
            let log = verifier_log.to_string();
            let end: Vec<&str> = log.lines().rev().take(8).collect();
            format!(
                "{io_error}: {}",
                end.into_iter().rev().collect::<Vec<_>>().join(" | ")
            )
        }
        Some(_) | None => chain(error),
    };
    CaptureError::Load { problem }
}
