//! What must hold of a program before others get it.

use std::{env, fs, path::Path};

use anyhow::{Context as _, ensure};

use crate::shell::root;

/// Checks that a program needs no library and no loader, and holds no path of this machine.
pub(super) fn check(program: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let is_static = has_no_loader(&bytes)
        .with_context(|| format!("{} is no program of 64 bits", program.display()))?;
    ensure!(is_static, "{} is not static", program.display());
    let mut paths = vec![root().display().to_string()];
    paths.extend(env::var("CARGO_HOME"));
    paths.extend(env::var("HOME").map(|home| format!("{home}/.cargo")));
    for path in paths {
        ensure!(
            !holds(&bytes, path.as_bytes()),
            "{} holds {path}, so another place would make another one",
            program.display()
        );
    }
    Ok(())
}

/// Whether a program names no loader of libraries; none, if it is no ELF file of 64 bits, little-endian.
fn has_no_loader(bytes: &[u8]) -> Option<bool> {
    const LOADER: u32 = 3;
    if !bytes.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let start = usize::try_from(u64::from_le_bytes(at(bytes, 32)?)).ok()?;
    let length = usize::from(u16::from_le_bytes(at(bytes, 54)?));
    let n_headers = usize::from(u16::from_le_bytes(at(bytes, 56)?));
    for header in 0..n_headers {
        if u32::from_le_bytes(at(bytes, start + header * length)?) == LOADER {
            return Some(false);
        }
    }
    Some(true)
}

fn at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::{has_no_loader, holds};

    #[test]
    fn programs() {
        // Of the system, which has a loader.
        let own = std::fs::read("/bin/sh").unwrap();
        assert_eq!(has_no_loader(&own), Some(false));
        assert_eq!(has_no_loader(b"#!/bin/sh"), None);
        assert_eq!(has_no_loader(b"\x7fELF\x02\x01"), None);
        assert!(holds(b"a/b/c", b"/b/") && !holds(b"a/b/c", b"/d/"));
    }
}
