//! The socket in the file system on which a watch can be asked, by its owner alone.

use std::{
    fs,
    io::{self, ErrorKind},
    os::{
        fd::AsRawFd as _,
        unix::{
            fs::FileTypeExt as _,
            net::{UnixListener, UnixStream},
        },
    },
    path::Path,
};

use anyhow::{Context as _, bail};
use nix::sys::{
    socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket},
    stat::{Mode, fchmod},
};

use crate::private_file;

/// How many connections wait to be accepted.
const BACKLOG: i32 = 64;

/// Listens on a socket that only its owner can connect to. One that is there and on which nobody listens is replaced.
///
/// # Errors
///
/// Somebody else listens there, or could put a socket in its place; it is no socket; or it can't be made.
pub(super) fn listener(path: &Path) -> anyhow::Result<UnixListener> {
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    private_file::directory(directory.unwrap_or(Path::new(".")))?;
    make_room(path)?;
    Ok(bound(path)?)
}

/// Takes away what a watch that has ended left.
fn make_room(path: &Path) -> anyhow::Result<()> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !kind.is_socket() {
        bail!("it is there already, and no socket");
    }
    match UnixStream::connect(path) {
        Ok(_somebody) => bail!(
            "another process listens there: give this one a socket of its own, or --listen none"
        ),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).context("nobody listens there, and it can't be removed")
        }
        Err(error) => Err(error.into()),
    }
}

/// The mode of a socket is that of its descriptor when it gets its name (unix(7)), so that nobody else can connect at any moment.
fn bound(path: &Path) -> io::Result<UnixListener> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    fchmod(&socket, Mode::S_IRUSR | Mode::S_IWUSR)?;
    bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    listen(&socket, Backlog::new(BACKLOG)?)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::{fs::PermissionsExt as _, net::UnixStream},
    };

    use nix::sys::stat::{Mode, umask};

    use super::listener;

    #[test]
    fn only_its_owner_can_connect_and_only_one_listens() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("run/auditor.sock");
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let before = umask(Mode::empty());
        let first = listener(&path).unwrap();
        umask(before);
        assert_eq!(
            (mode(&path), mode(&directory.path().join("run"))),
            (0o600, 0o700)
        );
        assert!(UnixStream::connect(&path).is_ok());
        let refused = listener(&path).unwrap_err().to_string();
        assert!(
            refused.contains("another process listens there"),
            "{refused}"
        );
        // What one that has ended leaves is replaced.
        drop(first);
        assert!(path.exists());
        let _second = listener(&path).unwrap();
        assert!(UnixStream::connect(&path).is_ok());
        // What is no socket is not.
        let file = directory.path().join("run/file");
        fs::write(&file, "kept").unwrap();
        let link = directory.path().join("run/link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for other in [&file, &link] {
            assert!(
                listener(other)
                    .unwrap_err()
                    .to_string()
                    .contains("no socket")
            );
        }
        assert_eq!(fs::read(&file).unwrap(), b"kept");
    }
}
