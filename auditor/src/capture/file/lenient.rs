//! What of a stream can be read.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
};

/// A stream that ends where its source can't be read any further: what stands before that is read all the same.
pub(super) struct Lenient<R> {
    source: R,
    problem: Problem,
}

/// Why a stream ended before its end, if it did.
#[derive(Clone, Default)]
pub(super) struct Problem(Arc<Mutex<Option<io::Error>>>);

impl Problem {
    pub(super) fn taken(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<R> Lenient<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            problem: Problem::default(),
        }
    }

    pub(super) fn problem(&self) -> Problem {
        self.problem.clone()
    }
}

impl<R: Read> Read for Lenient<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.source.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                *self
                    .problem
                    .0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some(error);
                Ok(0)
            }
            read => read,
        }
    }
}
