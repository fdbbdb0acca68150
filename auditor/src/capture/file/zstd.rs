//! Streams of zstd frames.

use std::io::{self, BufRead as _, BufReader, Read};

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

/// Decompresses frames that follow one another, as if they had been one (RFC 8878, section 3.1), and skips those that hold no
/// data (section 3.1.2).
pub(super) struct Frames<R> {
    source: BufReader<R>,
    decoder: FrameDecoder,
    /// Whether the decoder is inside a frame.
    is_inside: bool,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source: BufReader::new(source),
            decoder: FrameDecoder::new(),
            is_inside: false,
        }
    }

    /// Checks that the content of the frame that was read is the one that was written.
    fn check(&self) -> io::Result<()> {
        let written = self.decoder.get_checksum_from_data();
        if written.is_none() || written == self.decoder.get_calculated_checksum() {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the checksum of its content is another one",
        ))
    }

    /// Reads the header of the next frame that holds data. False at the end of the source.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {
                    self.is_inside = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let mut skipped = self.source.by_ref().take(length.into());
                    if io::copy(&mut skipped, &mut io::sink())? < length.into() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(problem) => return Err(io::Error::other(problem)),
            }
        }
        Ok(false)
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_inside {
                while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                    let one = BlockDecodingStrategy::UptoBlocks(1);
                    self.decoder
                        .decode_blocks(&mut self.source, one)
                        .map_err(io::Error::other)?;
                }
                let n_read = self.decoder.read(buffer)?;
                if 0 < n_read || buffer.is_empty() {
                    return Ok(n_read);
                }
                self.is_inside = false;
                self.check()?;
            }
            if !self.begin()? {
                return Ok(0);
            }
        }
    }
}
