//! Files and directories that are nobody else's: made so that others can't read them, opened so that nobody can put something
//! else in their place.
//!
//! Links are not followed: whoever can make one would have root write to what it leads to. Nothing waits for a FIFO's other end.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{
        DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
        PermissionsExt as _,
    },
    path::{Path, PathBuf},
};

use nix::{fcntl::OFlag, libc, unistd::Uid};
use thiserror::Error;

/// Read and written by the owner alone.
const FILE: u32 = 0o600;
const DIRECTORY: u32 = 0o700;
const STICKY: u32 = 0o1000;
/// What group and others may.
const OTHERS: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;

/// Why a file or a directory is not used.
#[derive(Debug, Error)]
enum Refused {
    #[error("it is no regular file")]
    Kind,
    #[error("it is a symbolic link, which is not followed: name what it leads to")]
    Link,
    #[error(
        "it belongs to user {owner}, who is neither root nor the user that runs this: remove it"
    )]
    Owner { owner: u32 },
    #[error("group or others may read or write it (mode {mode:04o}): chmod 600 {}", path.display())]
    Shared { mode: u32, path: PathBuf },
    #[error(
        "others can write to {directory} (mode {mode:04o}), and so replace what is kept there: chmod go-w {directory}, or keep it elsewhere",
        directory = path.display()
    )]
    WritableDirectory { mode: u32, path: PathBuf },
    #[error(
        "{directory} belongs to user {owner}, who is neither root nor the user that runs this, and can replace what is kept \
         there: chown root {directory}, or keep it elsewhere",
        directory = path.display()
    )]
    ForeignDirectory { owner: u32, path: PathBuf },
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, refused)
    }
}

/// Opens a file for a result, empty. One that is there becomes private; a device such as `/dev/null` is left as it is.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    // `/dev/stdout` and the like are links of the system's own, to whatever the caller has opened.
    if path.starts_with("/dev") {
        return OpenOptions::new().write(true).open(path);
    }
    let (file, metadata) = open(path, OpenOptions::new().write(true).create(true))?;
    if metadata.file_type().is_char_device() {
        return Ok(file);
    }
    regular(&metadata)?;
    make_private(&file, &metadata)?;
    file.set_len(0)?;
    Ok(file)
}

/// Opens a file to add to its end. A group that may read it was given that by somebody, and keeps it; everybody was not.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let (file, metadata) = open(path, OpenOptions::new().append(true).create(true))?;
    regular(&metadata)?;
    if is_new || metadata.mode() & 0o027 != 0 {
        make_private(&file, &metadata)?;
    }
    Ok(file)
}

/// Opens a file of this program's own state, or makes it: nobody else may have made it.
pub(crate) fn own(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let (file, metadata) = open(path, options.read(true).write(true).create(true))?;
    regular(&metadata)?;
    if !is_trusted(&metadata) {
        let owner = metadata.uid();
        return Err(Refused::Owner { owner }.into());
    }
    make_private(&file, &metadata)?;
    Ok(file)
}

/// Writes a file as a whole: who reads it meanwhile sees what was there before, or all of this.
pub(crate) fn replace(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    // Whatever it is: what a crash left, or what somebody put there.
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let (mut file, metadata) = open(new, OpenOptions::new().write(true).create_new(true))?;
    make_private(&file, &metadata)?;
    file.write_all(content.as_ref())?;
    fs::rename(new, path)
}

/// Reads a file that a person names, and that may be a link: it must be a regular file, so that reading it ends.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_if(path, regular)
}

/// Reads a secret, unless others can read it too.
pub(crate) fn read_secret(path: &Path) -> io::Result<Vec<u8>> {
    read_if(path, |metadata| {
        regular(metadata)?;
        let mode = metadata.mode() & 0o7777;
        if mode & OTHERS == 0 {
            return Ok(());
        }
        Err(Refused::Shared {
            mode,
            path: path.to_owned(),
        })
    })
}

/// Makes a directory that is nobody else's, with those above it, or makes sure that nobody else can replace what is in it.
pub(crate) fn directory(path: &Path) -> io::Result<()> {
    if !path.exists() {
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY)
            .create(path)?;
        fs::set_permissions(path, Permissions::from_mode(DIRECTORY))?;
    }
    // Whoever can rename one of those above can replace it as well.
    for directory in path.canonicalize()?.ancestors() {
        let metadata = fs::metadata(directory)?;
        let (mode, path) = (metadata.mode() & 0o7777, directory.to_owned());
        if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
            return Err(Refused::WritableDirectory { mode, path }.into());
        }
        if !is_trusted(&metadata) {
            let owner = metadata.uid();
            return Err(Refused::ForeignDirectory { owner, path }.into());
        }
    }
    Ok(())
}

/// Opens without following a link at the path's end and without waiting, with what was opened.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<(File, Metadata)> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let opened = options.mode(FILE).custom_flags(flags.bits()).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => Refused::Link.into(),
        // Of a FIFO that nobody reads, and of a socket.
        Some(libc::ENXIO) => Refused::Kind.into(),
        Some(_) | None => error,
    })?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

fn read_if(
    path: &Path,
    check: impl FnOnce(&Metadata) -> Result<(), Refused>,
) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)?;
    check(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn regular(metadata: &Metadata) -> Result<(), Refused> {
    if metadata.is_file() {
        Ok(())
    } else {
        Err(Refused::Kind)
    }
}

/// Whether it belongs to root, or to the user that runs this.
fn is_trusted(metadata: &Metadata) -> bool {
    let owner = Uid::from_raw(metadata.uid());
    owner.is_root() || owner == Uid::effective() || Some(owner) == caller_of_sudo()
}

/// Who runs this by `sudo`, and so may do all that root may. Of others the variable says nothing.
fn caller_of_sudo() -> Option<Uid> {
    let caller = std::env::var("SUDO_UID").ok()?.parse().ok()?;
    Uid::effective().is_root().then(|| Uid::from_raw(caller))
}

/// Takes from group and others what they may, whatever the umask was.
fn make_private(file: &File, metadata: &Metadata) -> io::Result<()> {
    if metadata.mode() & 0o7777 == FILE {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(FILE))
}

#[cfg(test)]
mod tests;
