//! A BPF map of which one piece at a time is mapped into this process's memory.
//!
//! The kernel maps all pages of an array at once, and they count as this process's memory whether or not they are looked at. For a
//! piece of 64 pages that takes 20 µs of a processor.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::memory::Memory;

/// The entries of an array map whose values are `T`.
#[derive(Debug)]
pub(super) struct Pieces<T> {
    map: OwnedFd,
    n_entries: usize,
    open: Option<Piece<T>>,
}

/// A piece that is mapped.
#[derive(Debug)]
struct Piece<T> {
    /// Index of its first entry.
    first: usize,
    entries: Memory<T>,
}

/// Bytes of a piece: pages of any size fit into it, and so do entries.
const PIECE: usize = 256 << 10;

impl<T: FromBytes + IntoBytes + Immutable> Pieces<T> {
    /// Entries of a piece.
    const ENTRIES: usize = {
        assert!(PIECE.is_multiple_of(size_of::<T>()));
        PIECE / size_of::<T>()
    };

    /// Of an array of `n_entries`, which must have been created with `BPF_F_MMAPABLE` and values of this type.
    pub(super) fn new(map: impl AsFd, n_entries: usize) -> io::Result<Self> {
        Ok(Self {
            map: map.as_fd().try_clone_to_owned()?,
            n_entries,
            open: None,
        })
    }

    /// The piece with an entry, and the entry's index in it; `None` if there is none at this index.
    ///
    /// # Errors
    ///
    /// It cannot be mapped.
    pub(super) fn at(&mut self, index: usize) -> io::Result<Option<(&Memory<T>, usize)>> {
        if self.n_entries <= index {
            return Ok(None);
        }
        let within = index % Self::ENTRIES;
        let first = index - within;
        if self.open.as_ref().is_none_or(|piece| piece.first != first) {
            // First, so that two are never mapped at a time.
            self.open = None;
            let n_entries = Self::ENTRIES.min(self.n_entries - first);
            let entries = Memory::map_part(&self.map, first, n_entries)?;
            self.open = Some(Piece { first, entries });
        }
        Ok(self.open.as_ref().map(|piece| (&piece.entries, within)))
    }

    /// Takes an entry out, so that zeros are left, if its word at `offset` is not 0.
    ///
    /// # Errors
    ///
    /// It cannot be mapped, and stays as it is.
    pub(super) fn take(&mut self, index: usize, offset: usize) -> io::Result<Option<T>> {
        let found = self.at(index)?;
        Ok(found.and_then(|(entries, index)| entries.take(index, offset)))
    }

    /// Takes an entry out, whatever it holds, so that zeros are left; `None` if there is none at this index.
    ///
    /// # Errors
    ///
    /// As of [`Self::take`].
    pub(super) fn take_all(&mut self, index: usize) -> io::Result<Option<T>> {
        let found = self.at(index)?;
        Ok(found.and_then(|(entries, index)| entries.take_all(index)))
    }

    /// Leaves nothing mapped.
    pub(super) fn close(&mut self) {
        self.open = None;
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use tempfile::NamedTempFile;

    use super::{PIECE, Pieces};

    /// Bytes of this process's memory that are a file's.
    fn mapped(file: &NamedTempFile) -> usize {
        let path = file.path().to_str().unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let lines = maps.lines().filter(|line| line.ends_with(path));
        let bytes = lines.map(|line| {
            let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let [from, to] = [from, to].map(|hex| usize::from_str_radix(hex, 16).unwrap());
            to - from
        });
        bytes.sum()
    }

    /// A file is mapped as a map is.
    #[test]
    fn one_piece_at_a_time_is_in_memory() {
        let n_entries = PIECE / size_of::<u64>() * 5 / 2;
        let mut file = NamedTempFile::new().unwrap();
        for number in 0..n_entries as u64 {
            file.write_all(&number.to_ne_bytes()).unwrap();
        }
        let mut pieces: Pieces<u64> = Pieces::new(&file, n_entries).unwrap();
        assert_eq!(mapped(&file), 0);
        for index in 0..n_entries {
            let taken = pieces.take(index, 0).unwrap();
            let expected = (index != 0).then_some(index as u64);
            assert_eq!(taken, expected);
            if index.is_multiple_of(1000) {
                assert!(mapped(&file) <= PIECE);
            }
        }
        assert_eq!(pieces.take_all(n_entries).unwrap(), None);
        assert_eq!(pieces.take_all(0).unwrap(), Some(0));
        pieces.close();
        assert_eq!(mapped(&file), 0);
        let left = fs::read(file.path()).unwrap();
        assert!(left.len() == n_entries * size_of::<u64>() && left.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn what_cannot_be_mapped_is_said() {
        let file = NamedTempFile::new().unwrap();
        file.as_file().set_len(64).unwrap();
        let read_only = fs::File::open(file.path()).unwrap();
        let mut pieces: Pieces<u64> = Pieces::new(&read_only, 8).unwrap();
        assert!(pieces.take(0, 0).is_err());
        assert_eq!(pieces.take(8, 0).unwrap(), None);
    }
}
