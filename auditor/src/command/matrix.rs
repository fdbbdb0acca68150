//! Matrix files for the commands that read them.

use std::path::Path;

use anyhow::Context as _;

use crate::matrix::Matrix;

/// Reads a matrix file.
pub(super) fn read(path: &Path) -> anyhow::Result<Matrix> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Matrix::parse(path, &text)?)
}
