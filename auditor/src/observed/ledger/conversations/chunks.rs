//! A list that grows by fixed-size pieces, so that growing moves no values and leaves no freed memory behind.

/// Values in a piece: enough that the allocator returns each freed piece to the system.
const PIECE: usize = 4096;

#[derive(Clone, Debug)]
pub(super) struct Chunks<T> {
    /// All but the last are full.
    pieces: Vec<Vec<T>>,
}

impl<T: Copy> Chunks<T> {
    pub(super) fn push(&mut self, value: T) {
        if self.len().is_multiple_of(PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(last) = self.pieces.last_mut() {
            last.push(value);
        }
    }

    /// Removes the last value.
    pub(super) fn pop(&mut self) -> Option<T> {
        let last = self.pieces.last_mut()?;
        let value = last.pop();
        if last.is_empty() {
            self.pieces.pop();
        }
        value
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.pieces.get(index / PIECE)?.get(index % PIECE)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.pieces.get_mut(index / PIECE)?.get_mut(index % PIECE)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// Keeps the values for which `keeps` is true, in order.
    pub(super) fn retain(&mut self, mut keeps: impl FnMut(&T) -> bool) {
        let mut n_kept = 0;
        for index in 0..self.len() {
            let Some(value) = self.get(index).copied() else {
                break;
            };
            if keeps(&value) {
                if let Some(slot) = self.get_mut(n_kept) {
                    *slot = value;
                }
                n_kept += 1;
            }
        }
        self.pieces.truncate(n_kept.div_ceil(PIECE));
        if let Some(last) = self.pieces.last_mut() {
            last.truncate(n_kept - (n_kept - 1) / PIECE * PIECE);
        }
    }
}

impl<T> Chunks<T> {
    pub(super) const fn len(&self) -> usize {
        match self.pieces.as_slice() {
            [] => 0,
            [full @ .., last] => full.len() * PIECE + last.len(),
        }
    }
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunks, PIECE};

    #[test]
    fn what_is_kept_is_together() {
        for n in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            for every in [1, 2, PIECE, usize::MAX] {
                let mut chunks = Chunks::default();
                let mut list: Vec<usize> = (0..n).collect();
                for value in &list {
                    chunks.push(*value);
                }
                assert_eq!(chunks.len(), n);
                let keeps = |value: &usize| value % every == every - 1;
                chunks.retain(keeps);
                list.retain(keeps);
                chunks.push(7);
                list.push(7);
                assert_eq!(chunks.len(), list.len());
                assert!(chunks.iter().eq(&list));
                for (index, value) in list.iter().enumerate() {
                    assert_eq!(chunks.get(index), Some(value));
                    assert_eq!(chunks.get_mut(index).copied(), Some(*value));
                }
                assert_eq!(chunks.get(list.len()), None);
                for _ in 0..2 {
                    assert_eq!(chunks.pop(), list.pop());
                    assert_eq!(chunks.len(), list.len());
                }
                chunks.push(8);
                list.push(8);
                assert!(chunks.iter().eq(&list));
            }
        }
    }
}
