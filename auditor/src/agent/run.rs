//! Who runs what, and where, as a report says it.

use std::fs;

use hmac::{Hmac, KeyInit as _, Mac as _};
use nix::{
    sys::utsname::uname,
    unistd::{Uid, User},
};
use sha2::Sha256;

use crate::{digits::hexadecimal, report::Run};

/// What the number of a machine is made for, so that it says nothing of the one that it is made from (`machine-id(5)`).
const PURPOSE: &[u8] = b"auditor report";
/// `/proc/self/loginuid` of a process that nobody logged in for (`pam_loginuid(8)`).
const NOBODY: u32 = u32::MAX;

/// The facts of this run, but for its deployment.
pub(crate) fn facts() -> Run {
    Run {
        program: env!("AUDITOR_VERSION").to_owned(),
        kernel: kernel(),
        machine: machine(),
        user: user(),
        command: std::env::args_os()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
        deployment: None,
        pushed: None,
    }
}

fn kernel() -> Option<String> {
    let names = uname().ok()?;
    let [release, version, machine] =
        [names.release(), names.version(), names.machine()].map(|name| name.to_string_lossy());
    Some(format!("{release} {version} {machine}"))
}

fn machine() -> Option<String> {
    let id = fs::read_to_string("/etc/machine-id").ok()?;
    let id = id.trim();
    if id.is_empty() || id == "uninitialized" {
        return None;
    }
    let mut number = Hmac::<Sha256>::new_from_slice(id.as_bytes()).ok()?;
    number.update(PURPOSE);
    let number = number.finalize().into_bytes();
    number.get(..16).map(hexadecimal)
}

/// The user, and who logged in, where that is somebody else: `root, logged in as alice`.
fn user() -> String {
    let name = |uid: Uid| match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        Ok(None) | Err(_) => format!("user {uid}"),
    };
    let own = Uid::current();
    let login = fs::read_to_string("/proc/self/loginuid")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .filter(|login| *login != NOBODY && *login != own.as_raw());
    login.map_or_else(
        || name(own),
        |login| format!("{}, logged in as {}", name(own), name(Uid::from_raw(login))),
    )
}
