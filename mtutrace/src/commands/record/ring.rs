//! The last minute of a recording, in memory: pieces that can each be read by itself.
use std::collections::VecDeque;

/// A part of the span after which another piece begins: so much more than the span is kept at most.
const PIECES: u64 = 6;

#[derive(Debug)]
struct Piece {
    start_ns: u64,
    blocks: Vec<u8>,
}

/// Pieces, the oldest first.
#[derive(Debug)]
pub(super) struct Pieces {
    all: VecDeque<Piece>,
    span_ns: u64,
    memory: usize,
}

impl Pieces {
    /// For so many nanoseconds, in so many bytes.
    pub(super) fn new(span_ns: u64, memory: usize) -> Pieces {
        Pieces { all: VecDeque::new(), span_ns, memory }
    }

    /// Whether another piece is to begin.
    pub(super) fn is_due(&self, at_ns: u64) -> bool {
        let Some(last) = self.all.back() else { return true };
        let old = at_ns.saturating_sub(last.start_ns) >= self.span_ns / PIECES;
        old || last.blocks.len() >= self.memory / usize::try_from(PIECES).unwrap_or(1)
    }

    /// Begins a piece with what it takes to read it, and forgets what is too old.
    pub(super) fn begin(&mut self, at_ns: u64, blocks: Vec<u8>) {
        self.all.push_back(Piece { start_ns: at_ns, blocks });
        // The span counts from where the second piece begins: the first one may be needed for a part of it.
        while self.all.get(1).is_some_and(|next| at_ns.saturating_sub(next.start_ns) >= self.span_ns) {
            self.all.pop_front();
        }
        self.shrink();
    }

    /// Appends blocks to the last piece.
    pub(super) fn push(&mut self, blocks: &[u8]) {
        if let Some(last) = self.all.back_mut() {
            last.blocks.extend_from_slice(blocks);
        }
        self.shrink();
    }

    /// Everything that is kept, which is kept no more.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Vec<u8>> {
        std::mem::take(&mut self.all).into_iter().map(|piece| piece.blocks)
    }

    fn shrink(&mut self) {
        while self.all.len() > 1
            && self.all.iter().map(|piece| piece.blocks.len()).sum::<usize>() > self.memory
        {
            self.all.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(pieces: &mut Pieces) -> Vec<u8> {
        pieces.take().flatten().collect()
    }

    #[test]
    fn what_is_older_than_the_span_is_forgotten_and_no_more() {
        let mut pieces = Pieces::new(60, 1000);
        for at in 0..=125u8 {
            if pieces.is_due(at.into()) {
                pieces.begin(at.into(), vec![at]);
            } else {
                pieces.push(&[at]);
            }
        }
        let all = kept(&mut pieces);
        assert_eq!((all.first(), all.last()), (Some(&60), Some(&125)), "{all:?}");
        assert!(kept(&mut pieces).is_empty() && pieces.is_due(126));
    }

    #[test]
    fn memory_is_bounded_by_whole_pieces() {
        let mut pieces = Pieces::new(60, 600);
        for at in 0..50u8 {
            if pieces.is_due(at.into()) {
                pieces.begin(at.into(), vec![at; 50]);
            } else {
                pieces.push(&[at; 50]);
            }
            assert!(pieces.all.iter().map(|piece| piece.blocks.len()).sum::<usize>() <= 600);
        }
        assert!(kept(&mut pieces).len() > 400);
    }
}
