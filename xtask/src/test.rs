//! Runs every test.

use anyhow::bail;

use crate::{
    setup,
    shell::{self, cargo, is_root, say},
};

/// Runs the tests of every crate, those that need a kernel included.
pub(crate) fn run() -> anyhow::Result<()> {
    setup::install()?;
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--exclude", "auditor-ebpf"]);
    if is_root() {
        tests.env("AUDITOR_KERNEL_TESTS", "1");
        return shell::run(&mut tests);
    }
    shell::run(&mut tests)?;
    say("");
    bail!(
        "the end-to-end tests make network namespaces and load programs into the kernel, so they need root and did not \
         run; run all tests with: sudo -E env \"PATH=$PATH\" cargo xtask test"
    )
}
