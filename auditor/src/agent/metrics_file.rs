//! Metrics in a file, for hosts on which nothing listens: the textfile collector of Prometheus' node exporter reads it.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use crate::output::{say, warn};

/// Another program's user reads it, and no address is in it.
const MODE: u32 = 0o644;

/// The file, and whether it could be written the last time.
#[derive(Debug)]
pub(crate) struct MetricsFile {
    path: PathBuf,
    is_failing: bool,
}

impl MetricsFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self {
            path,
            is_failing: false,
        }
    }

    /// Writes it whole: who reads it meanwhile sees what was there before, or all of this. That it can't be written is said once,
    /// and tried again the next time.
    pub(crate) fn write(&mut self, text: &str) {
        let path = self.path.display();
        match replace(&self.path, text) {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    say(&format!("auditor: metrics are written to {path} again"));
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    warn(&format!(
                        "auditor: cannot write metrics to {path}: {error}; it is tried again with each turn"
                    ));
                }
            }
        }
    }
}

/// Puts a new file in the place of the old one. Collectors take files by how their names end, so the new one ends otherwise until then.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    match fs::remove_file(new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(MODE).open(new)?;
    // Whatever the umask was.
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(text.as_bytes())?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::MetricsFile;

    #[test]
    fn it_is_whole_and_for_others() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("auditor.prom");
        let mut file = MetricsFile::new(path.clone());
        for text in ["one 1\n", "two 2\n"] {
            file.write(text);
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        // A directory that is gone ends nothing.
        fs::remove_dir_all(directory.path()).unwrap();
        file.write("three 3\n");
        assert!(file.is_failing);
        fs::create_dir(directory.path()).unwrap();
        file.write("four 4\n");
        assert!(!file.is_failing);
    }
}
