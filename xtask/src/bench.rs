//! Measures, against a floor of the same run.

use crate::{
    setup,
    shell::{self, cargo},
};

/// Runs the benches.
pub(crate) fn run() -> anyhow::Result<()> {
    setup::install()?;
    shell::run(cargo().args(["bench", "--package", "auditor", "--bench", "import"]))
}
