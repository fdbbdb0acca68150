//! A BPF map, mapped into this process's memory.
#![expect(
    unsafe_code,
    clippy::multiple_unsafe_ops_per_block,
    reason = "a map's memory is shared with the kernel, by address"
)]

use std::{
    io,
    marker::PhantomData,
    num::NonZeroUsize,
    os::fd::AsFd,
    ptr::NonNull,
    sync::atomic::{AtomicU64, Ordering},
};

use nix::{
    libc::off_t,
    sys::mman::{MapFlags, ProtFlags, mmap, munmap},
};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The entries of an array map whose values are `T`.
#[derive(Debug)]
pub(super) struct Memory<T> {
    start: NonNull<T>,
    n_entries: usize,
    n_bytes: NonZeroUsize,
    entries: PhantomData<T>,
}

impl<T: FromBytes + IntoBytes + Immutable> Memory<T> {
    /// Maps an array of `n_entries`, which must have been created with `BPF_F_MMAPABLE` and values of this type.
    pub(super) fn map(map: impl AsFd, n_entries: usize) -> io::Result<Self> {
        Self::map_part(map, 0, n_entries)
    }

    /// Maps `n_entries` of such an array from the entry numbered `first` on, which must be the first one of a page.
    pub(super) fn map_part(map: impl AsFd, first: usize, n_entries: usize) -> io::Result<Self> {
        let page = usize::try_from(
            nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)?.unwrap_or(4096),
        )
        .unwrap_or(4096);
        let bytes = n_entries
            .checked_mul(size_of::<T>())
            .and_then(|bytes| bytes.checked_next_multiple_of(page));
        let n_bytes = bytes
            .and_then(NonZeroUsize::new)
            .ok_or(io::ErrorKind::InvalidInput)?;
        let start = first
            .checked_mul(size_of::<T>())
            .and_then(|start| off_t::try_from(start).ok())
            .ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping, of a file that the kernel never makes smaller. It refuses what begins within a page.
        let start = unsafe {
            mmap(
                None,
                n_bytes,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_SHARED,
                map,
                start,
            )
        }?;
        Ok(Self {
            start: start.cast(),
            n_entries,
            n_bytes,
            entries: PhantomData,
        })
    }

    /// Takes an entry out, so that zeros are left, if its word at `offset` is not 0.
    pub(super) fn take(&self, index: usize, offset: usize) -> Option<T> {
        if self.is_zero(index, offset) {
            return None;
        }
        self.take_all(index)
    }

    /// Whether an entry's word at `offset` is 0, or not there.
    pub(super) fn is_zero(&self, index: usize, offset: usize) -> bool {
        let word = self.word(index, offset);
        word.is_none_or(|word| word.load(Ordering::Acquire) == 0)
    }

    /// Takes an entry out, whatever it holds, so that zeros are left; `None` if there is none at this index.
    ///
    /// No reference is made to what the kernel half writes to as well: not even to a half of the table that it has left.
    pub(super) fn take_all(&self, index: usize) -> Option<T> {
        if self.n_entries <= index {
            return None;
        }
        // SAFETY: the entry lies inside the mapping; any bytes are a `T`, zeros too.
        unsafe {
            let entry = self.start.as_ptr().add(index);
            let taken = entry.read_volatile();
            entry.write_volatile(T::new_zeroed());
            Some(taken)
        }
    }

    /// The word at `offset` of an entry, which the kernel half may access at the same time.
    pub(super) fn word(&self, index: usize, offset: usize) -> Option<&AtomicU64> {
        let is_inside =
            offset.is_multiple_of(8) && offset + 8 <= size_of::<T>() && index < self.n_entries;
        // SAFETY: the word lies inside an entry, and is aligned as the mapping is.
        is_inside.then(|| unsafe {
            AtomicU64::from_ptr(self.start.as_ptr().add(index).byte_add(offset).cast())
        })
    }
}

impl<T> Drop for Memory<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nothing borrows from it any more.
        let _gone = unsafe { munmap(self.start.cast(), self.n_bytes.get()) };
    }
}

// SAFETY: the mapping belongs to the process, not to a thread.
unsafe impl<T: Send> Send for Memory<T> {}
