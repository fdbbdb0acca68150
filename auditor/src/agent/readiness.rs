//! Whether this host can run a session, and how each interface would be watched.

use std::path::Path;

use anyhow::Context as _;
use auditor_common::Direction;

use super::{
    confinement,
    http::{MOST as HTTP, MOST_OF_CLIENT as HTTP_OF_CLIENT},
    settings::{DEFAULT_FLOWS, HISTORY_MIB, KEEP_FLOWS, MEMORY_MIB, REPORT_FLOWS, REPORT_MIB},
};
use crate::capture::{
    self, Capture, CaptureError, Ingress, Interface, Interfaces, Settings, Sizes, Tc, Wait, hook,
    privilege, sockets,
};
use crate::observed::MOST_UNPROVEN;

/// The oldest kernel with all that the programs use: atomic instructions since 5.12, the coarse clock since 5.11.
const OLDEST: (u32, u32) = (5, 15);

/// What is done about filters that an auditor left behind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Leftovers {
    Show,
    Clean,
}

/// What a watch takes of the host at most, and what bounds it.
fn bounds() -> String {
    format!(
        "a watch remembers {KEEP_FLOWS} flows (--keep-flows) for 31 days (--keep), {MOST_UNPROVEN} of them such that anybody can make up, and lists {REPORT_FLOWS} in its report (--report-flows): about {MEMORY_MIB} MiB of memory, {REPORT_MIB} MiB of report and {HISTORY_MIB} MiB of history; {HTTP} connections at a time to what it shows, {HTTP_OF_CLIENT} of a client"
    )
}

/// Checks everything that a session needs.
///
/// # Errors
///
/// The interfaces can't be listed, or the kernel's version can't be read.
pub(crate) fn examine(leftovers: Leftovers) -> anyhow::Result<Findings> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let mut findings = Findings::default();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")
        .context("cannot read the kernel's version")?;
    let release = release.trim();
    match version(release) {
        Some(version) if version < OLDEST => {
            findings.bad("kernel", &format!("{release} is too old: 5.15 or later is needed"));
        }
        Some(_) if Tc::Auto.has_links() => findings.good("kernel", release),
        Some(_) | None => findings.note(
            "kernel",
            &format!("{release} has no TCX: tc programs become filters of a clsact qdisc, and a guard takes them off"),
        ),
    }
    if Path::new("/sys/kernel/btf/vmlinux").exists() {
        findings.good("BTF", "the kernel describes its types");
    } else {
        // Such a verifier knows the context of a global function by its type's name in the kernel's own BTF.
        findings.note(
            "BTF",
            "absent; Linux 5.15 refuses the programs without it, and `programs` says whether this kernel does",
        );
    }
    let missing = privilege::missing().context("cannot read this process's capabilities")?;
    for needed in &missing {
        findings.bad(
            "privileges",
            &format!(
                "{} is missing, needed {}: run it with sudo",
                needed.name, needed.purpose
            ),
        );
    }
    if missing.is_empty() {
        findings.good("privileges", "enough to load and attach");
    }
    match confinement::check() {
        Ok(()) => findings.good(
            "confinement",
            "a watch can give up system calls that it never makes (seccomp), and files for who answers others (Landlock)",
        ),
        Err(problem) => findings.note(
            "confinement",
            &format!("a watch can't give up all that it does not need: {problem}; it goes on without"),
        ),
    }
    let unlisted: Vec<String> = sockets::unlisted()
        .map(|(transport, error)| format!("those of {transport}: {error}"))
        .collect();
    if unlisted.is_empty() {
        findings.good("sockets", "the kernel lists those of TCP and UDP");
    } else {
        findings.note(
            "sockets",
            &format!(
                "the kernel does not list all (sock_diag): {}; they are read from /proc, which takes five times as long",
                unlisted.join(", ")
            ),
        );
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let has_bpffs = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(2))
        .any(|kind| kind == "bpf");
    if has_bpffs {
        findings.good("bpffs", "mounted; an audit pins nothing there");
    } else {
        findings.note(
            "bpffs",
            "not mounted; an audit pins nothing there, so it does not need it",
        );
    }
    let mut loaded = None;
    if missing.is_empty() {
        let sizes = Sizes::new(DEFAULT_FLOWS).context("cannot size the flow table")?;
        let load = |decapsulate| {
            let settings = Settings {
                sizes,
                both_ports: false,
                decapsulate,
                log: false,
                tc: Tc::Auto,
            };
            let mut capture = Capture::load(&settings)?;
            let count = capture.verified_instructions()?;
            Ok::<_, CaptureError>((capture, count))
        };
        match load(false).and_then(|(capture, plain)| Ok((capture, (plain, load(true)?.1)))) {
            Ok((capture, counts)) => {
                loaded = Some(capture);
                let effort = match counts {
                    (Some(plain), Some(inside)) => format!(
                        ", after {plain} instructions, and after {inside} with --decapsulate"
                    ),
                    (_, _) => String::new(),
                };
                findings.good(
                    "programs",
                    &format!("the kernel's verifier accepts all of them{effort}"),
                );
                findings.good(
                    "memory",
                    &format!(
                        "the flow table takes {} MiB of kernel memory for {DEFAULT_FLOWS} flows at a time on {} CPUs",
                        sizes.kernel_bytes().div_ceil(1 << 20),
                        sizes.n_cpus
                    ),
                );
                match Wait::new() {
                    Ok(wait) => findings.good("drains", waits(&wait)),
                    Err(error) => findings.bad(
                        "drains",
                        &format!("the kernel can't be made to wait for programs: {error}"),
                    ),
                }
            }
            Err(error) => findings.bad("programs", &error.to_string()),
        }
    }
    findings.good("bounds", &bounds());
    let interfaces = runtime.block_on(async { Interfaces::open()?.list().await })?;
    for interface in &interfaces {
        let name = format!("interface {}", interface.name);
        if !interface.is_ethernet {
            findings.note(&name, "has no Ethernet header, so it can't be watched");
            continue;
        }
        let choice = hook::choose(interface, hook::driver(interface).as_deref(), Ingress::Auto);
        let out = if interface.is_loopback {
            "not needed, every packet comes in again"
        } else {
            "tc"
        };
        let state = match (
            interface.is_up,
            interface.kind.is_none() && !interface.is_loopback,
        ) {
            (true, true) => "up, watched by default",
            (true, false) => "up, watched if named with -i",
            (false, _) => "down",
        };
        findings.good(
            &name,
            &format!(
                "{state}; in: {} ({}), out: {out}",
                choice.hook.name(),
                choice.reason
            ),
        );
        match capture::others(interface) {
            Ok(others) => {
                for (direction, others) in others {
                    let (way, what) = match direction {
                        Direction::Ingress => (
                            "in",
                            "what runs before an audit's program may hide traffic from it, and is a gap then",
                        ),
                        Direction::Egress => (
                            "out",
                            "what runs after an audit's program may drop what it counted, and is named then",
                        ),
                    };
                    findings.note(
                        &name,
                        &format!("others are attached, {way}: {others}; {what}"),
                    );
                }
            }
            Err(error) => {
                findings.note(&name, &format!("what is attached can't be read: {error}"));
            }
        }
    }
    if let Some(mut capture) = loaded {
        find_leftovers(&mut capture, &interfaces, leftovers, &mut findings);
    }
    Ok(findings)
}

/// Says what an auditor left behind that was killed with its guard, and removes it if that is asked for.
fn find_leftovers(
    capture: &mut Capture,
    interfaces: &[Interface],
    leftovers: Leftovers,
    findings: &mut Findings,
) {
    let what = "leftovers";
    let found = match capture.leftovers(interfaces) {
        Ok(found) => found,
        Err(error) => return findings.note(what, &format!("can't be looked for: {error}")),
    };
    if found.is_empty() {
        findings.good(what, "no auditor that was killed left a filter here");
    }
    for leftover in found {
        match leftovers {
            Leftovers::Show => findings.note(
                what,
                &format!("{leftover}, is of an auditor that was killed with its guard; the next one takes it off, and so does `auditor doctor --clean`"),
            ),
            Leftovers::Clean => match leftover.remove() {
                Ok(()) => findings.good(
                    what,
                    &format!("{leftover}, was of an auditor that was killed with its guard, and is taken off"),
                ),
                Err(error) => findings.bad(what, &format!("{leftover}, can't be taken off: {error}")),
            },
        }
    }
}

/// Major and minor version of a kernel release such as `6.12.9-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// How drains wait for the programs that are running.
const fn waits(wait: &Wait) -> &'static str {
    match wait {
        Wait::Barrier => "exact, by membarrier",
        Wait::Update(_) => {
            "exact, by an update of a map of maps: the kernel has no membarrier for all, as with nohz_full CPUs"
        }
    }
}

/// What was found, a line each.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) text: String,
    /// Whether something keeps a session from running.
    pub(crate) is_bad: bool,
}

impl Findings {
    fn good(&mut self, what: &str, text: &str) {
        self.line("ok  ", what, text);
    }

    fn note(&mut self, what: &str, text: &str) {
        self.line("note", what, text);
    }

    fn bad(&mut self, what: &str, text: &str) {
        self.is_bad = true;
        self.line("BAD ", what, text);
    }

    fn line(&mut self, mark: &str, what: &str, text: &str) {
        self.text.extend([mark, "  ", what, ": ", text, "\n"]);
    }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions() {
        assert_eq!(version("6.12.9-amd64"), Some((6, 12)));
        assert_eq!(version("5.15.0"), Some((5, 15)));
        assert_eq!(version("unknown"), None);
    }
}
