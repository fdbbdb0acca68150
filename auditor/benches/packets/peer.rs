//! The same loads through a program of another tool, out of its compiled object.

use anyhow::Context as _;
use aya::{
    Ebpf, EbpfLoader,
    maps::ProgramArray,
    programs::{Program, ProgramFd},
};

/// A loaded program of another tool. What it counts into is its object's, which lives as long.
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) is_xdp: bool,
    program: ProgramFd,
    _object: Ebpf,
}

impl Peer {
    /// Loads a program out of `OBJECT:PROGRAM`, or the first one for XDP or tc.
    ///
    /// # Errors
    ///
    /// What can't be loaded, and why.
    pub(crate) fn load(text: &str) -> anyhow::Result<Self> {
        let (path, name) = text.rsplit_once(':').unwrap_or((text, ""));
        let mut object = EbpfLoader::new()
            .allow_unsupported_maps()
            .load_file(path)
            .with_context(|| format!("cannot load {path}"))?;
        let (name, program) = object
            .programs_mut()
            .find(|(known, program)| {
                let has_type = matches!(program, Program::Xdp(_) | Program::SchedClassifier(_));
                has_type && (name.is_empty() || name == *known)
            })
            .with_context(|| format!("{path} has no program `{name}` for XDP or tc"))?;
        let name = name.to_owned();
        let is_xdp = matches!(program, Program::Xdp(_));
        let loaded = match program {
            Program::Xdp(program) => program
                .load()
                .and_then(|()| program.fd()?.try_clone().map_err(Into::into)),
            Program::SchedClassifier(program) => program
                .load()
                .and_then(|()| program.fd()?.try_clone().map_err(Into::into)),
            _ => unreachable!("others were left out"),
        };
        let program = loaded.with_context(|| format!("the kernel does not take {name}"))?;
        Ok(Self {
            name,
            is_xdp,
            program,
            _object: object,
        })
    }

    /// Has the bench's programs for it hand over to it.
    pub(crate) fn follow(&self, bench: &mut Ebpf) {
        let map = if self.is_xdp { "PEER_XDP" } else { "PEER_TC" };
        let mut programs: ProgramArray<_> =
            ProgramArray::try_from(bench.map_mut(map).expect("a map")).expect("of programs");
        programs
            .set(0, &self.program, 0)
            .expect("the kernel takes programs of this type");
    }
}
