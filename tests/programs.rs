//! The kernel's programs by themselves, for tests that send them frames in test runs.

use aya::{
    Ebpf,
    programs::{Program, SchedClassifier, TestRun as _, TestRunOptions, Xdp},
};
use nix::{
    sched::{CpuSet, sched_setaffinity},
    unistd::Pid,
};

pub(crate) static OBJECT: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/auditor-ebpf"));

/// Loads one program into the kernel.
pub(crate) fn load(ebpf: &mut Ebpf, name: &str) {
    let program = ebpf.program_mut(name).unwrap();
    if matches!(program, Program::Xdp(_)) {
        <&mut Xdp>::try_from(program).unwrap().load().unwrap();
    } else {
        let tc = <&mut SchedClassifier>::try_from(program).unwrap();
        tc.load().unwrap();
    }
}

/// Runs one as the options say.
pub(crate) fn run(program: &Program, options: TestRunOptions<'_>) {
    let result = match <&Xdp>::try_from(program) {
        Ok(program) => program.test_run(options),
        Err(_tc) => <&SchedClassifier>::try_from(program)
            .unwrap()
            .test_run(options),
    };
    result.unwrap();
}

/// Keeps this thread on one CPU, whose places its test runs then count in.
pub(crate) fn stay_on(cpu: usize) {
    let mut here = CpuSet::new();
    here.set(cpu).unwrap();
    sched_setaffinity(Pid::from_raw(0), &here).unwrap();
}
