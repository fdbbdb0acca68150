//! Runs every test.

use anyhow::bail;
use clap::Args;

use crate::{
    cases, kernels, setup,
    shell::{self, cargo, is_root, say},
};

#[derive(Args, Debug)]
pub(crate) struct Test {
    /// Run end-to-end tests on Debian's 6.1, 6.12, 6.12-rt and 6.1 for arm64 instead, under qemu; only on those whose name holds
    /// TEXT, or on a kernel of your own: a directory with boot/vmlinuz…, and lib/modules if it has any
    #[arg(long, value_name = "TEXT|DIRECTORY", num_args = 0..=1, default_missing_value = "")]
    kernels: Option<String>,
}

/// Runs the tests of every crate, those that need a kernel included.
pub(crate) fn run(test: &Test) -> anyhow::Result<()> {
    setup::install()?;
    if let Some(only) = &test.kernels {
        return kernels::run(only);
    }
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--exclude", "auditor-ebpf"]);
    if is_root() {
        setup::install_packages(&setup::TEST_PROGRAMS)?;
        setup::install_axe()?;
        tests.env("AUDITOR_KERNEL_TESTS", "1");
        shell::run(&mut tests)?;
        return cases::run();
    }
    shell::run(&mut tests)?;
    say("");
    bail!(
        "the end-to-end tests make network namespaces and load programs into the kernel, so they need root and did not \
         run; run all tests with: sudo -E env \"PATH=$PATH\" cargo xtask test"
    )
}
