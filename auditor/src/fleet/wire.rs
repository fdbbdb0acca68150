//! Messages to bytes and back: a mark with the version, and compressed JSON.
//!
//! A message of another host is as foreign as a vendor's page: whoever may publish may publish anything. So its size is bounded
//! before and after decompression (deflate, whose window of 32 KiB bounds what decompressing takes), and so is everything that
//! it counts or names.

mod bounds;
mod flow;
mod host;
mod pushed;

use std::io::{Read as _, Write as _};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

use self::{flow::ShardFile, host::HostFile};
use super::message::{HostState, ShardState};

pub use self::bounds::OutOfBounds;
pub(crate) use self::bounds::{MOST_FLOWS, MOST_LISTENERS, MOST_PROCESSES, MOST_RULES, shortened};
pub(crate) use self::pushed::packed_pushed;
pub use self::pushed::{
    PUSHED_VERSION, PushError, PushedBounds, PushedError, read_pushed, write_pushed,
};

/// The version of both messages: it grows when a field changes its meaning or goes away. One that is added changes nothing.
pub const VERSION: u8 = 1;
/// What a message begins with, before the version.
const MARK: [u8; 3] = *b"AUD";
/// NATS itself takes no more in one message unless it is told to.
const MOST_COMPRESSED: usize = 1 << 20;
const MOST_BYTES: u64 = 16 << 20;

/// A message that is not understood.
#[derive(Debug, Error)]
pub enum WireError {
    #[error("it is {0} bytes long, and at most {MOST_COMPRESSED} are read")]
    Long(usize),
    #[error("it is no message of an auditor")]
    Mark,
    #[error(
        "it is a message of version {0}, and this auditor reads version {VERSION}: use one of the version that wrote it"
    )]
    Version(u8),
    #[error("it cannot be decompressed")]
    Compression(#[source] std::io::Error),
    #[error("it is more than {MOST_BYTES} bytes when decompressed")]
    Bomb,
    #[error("it does not say what it should")]
    Shape(#[source] serde_json::Error),
    #[error(transparent)]
    Bounds(#[from] OutOfBounds),
}

/// A message that cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    #[error("it cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("it cannot be compressed")]
    Compression(#[source] std::io::Error),
    #[error("it would be {0} bytes long, and at most {MOST_COMPRESSED} are read")]
    Long(usize),
}

/// Writes the state of a host.
///
/// # Errors
///
/// It is too long.
pub fn write_host(state: &HostState) -> Result<Vec<u8>, WriteError> {
    write(&HostFile::from(state))
}

/// Writes the flows of a shard.
///
/// # Errors
///
/// It is too long.
pub fn write_shard(state: &ShardState) -> Result<Vec<u8>, WriteError> {
    write(&ShardFile::from(state))
}

/// Reads the state of a host.
///
/// # Errors
///
/// It is of another version, garbage, or beyond a bound.
pub fn read_host(bytes: &[u8]) -> Result<HostState, WireError> {
    Ok(read::<HostFile>(bytes)?.checked()?)
}

/// Reads the flows of a shard.
///
/// # Errors
///
/// It is of another version, garbage, or beyond a bound.
pub fn read_shard(bytes: &[u8]) -> Result<ShardState, WireError> {
    Ok(read::<ShardFile>(bytes)?.checked()?)
}

fn write<T: Serialize>(file: &T) -> Result<Vec<u8>, WriteError> {
    packed(&serde_json::to_vec(file).map_err(WriteError::Json)?)
}

/// A message that says this, whatever it is.
pub(crate) fn packed(json: &[u8]) -> Result<Vec<u8>, WriteError> {
    let mut bytes = MARK.to_vec();
    bytes.push(VERSION);
    let mut encoder = ZlibEncoder::new(bytes, Compression::fast());
    encoder
        .write_all(json)
        .and_then(|()| encoder.finish())
        .map_err(WriteError::Compression)
        .and_then(|bytes| {
            if bytes.len() <= MOST_COMPRESSED {
                Ok(bytes)
            } else {
                Err(WriteError::Long(bytes.len()))
            }
        })
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    if MOST_COMPRESSED < bytes.len() {
        return Err(WireError::Long(bytes.len()));
    }
    let rest = bytes.strip_prefix(&MARK).ok_or(WireError::Mark)?;
    let (version, compressed) = rest.split_first().ok_or(WireError::Mark)?;
    if *version != VERSION {
        return Err(WireError::Version(*version));
    }
    let mut json = Vec::new();
    ZlibDecoder::new(compressed)
        .take(MOST_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(WireError::Compression)?;
    if MOST_BYTES < json.len() as u64 {
        return Err(WireError::Bomb);
    }
    serde_json::from_slice(&json).map_err(WireError::Shape)
}

/// A moment in microseconds since 1970: what is finer is not kept.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(transparent)]
struct Micros(i64);

impl From<jiff::Timestamp> for Micros {
    fn from(moment: jiff::Timestamp) -> Self {
        Self(moment.as_microsecond())
    }
}

impl Micros {
    fn moment(self, field: &'static str) -> Result<jiff::Timestamp, OutOfBounds> {
        jiff::Timestamp::from_microsecond(self.0).map_err(|_beyond| OutOfBounds::Moment { field })
    }
}

#[cfg(test)]
mod tests;
