//! The form of what is pushed to all hosts: its serialised shape is defined here alone.
//!
//! A mark with the version, the SHA-256 of the content, and the content: compressed JSON. Whoever may write it may write anything,
//! so its size is bounded before and after decompression, and it is taken as a whole or not at all.

use std::io::{Read as _, Write as _};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::super::pushed::{NamedText, PushedConfiguration};
use crate::digits::hexadecimal;

/// The version: it grows whenever a host of an older version would not understand all of it.
pub const PUSHED_VERSION: u8 = 1;
/// What it begins with, before the version.
const MARK: [u8; 3] = *b"AUC";
const DIGEST: usize = 32;
/// NATS itself takes no more in one message unless it is told to, and that has headers.
pub(crate) const MOST_PUSHED: usize = 1_000_000;
/// Reading it takes some times as much.
const MOST_CONTENT: usize = 4 << 20;
const MOST_MATRICES: usize = 64;
const LONGEST_NAME: usize = 1024;

/// What was pushed and is not understood.
#[derive(Debug, Error)]
pub enum PushedError {
    #[error("it is {0} bytes long, and at most {MOST_PUSHED} are read")]
    Long(usize),
    #[error("it is no configuration of an auditor")]
    Mark,
    #[error(
        "it is of version {0}, and this auditor reads version {PUSHED_VERSION}: use one of the version that pushed it"
    )]
    Version(u8),
    #[error("it cannot be decompressed")]
    Compression(#[source] std::io::Error),
    #[error("it is more than {MOST_CONTENT} bytes when decompressed")]
    Bomb,
    #[error("its content is not the one that its digest is of")]
    Digest,
    #[error("it does not say what it should")]
    Shape(#[source] serde_json::Error),
    #[error(transparent)]
    Bounds(#[from] PushedBounds),
}

/// More than is pushed at a time.
#[derive(Debug, Error)]
pub enum PushedBounds {
    #[error("it has {0} matrices, and at most {MOST_MATRICES} are pushed")]
    Matrices(usize),
    #[error("the name of a file is {0} bytes long, and at most {LONGEST_NAME} are pushed")]
    Name(usize),
}

/// What can't be pushed.
#[derive(Debug, Error)]
pub enum PushError {
    #[error(transparent)]
    Bounds(#[from] PushedBounds),
    #[error("deployment and matrices are {0} bytes, and at most {MOST_CONTENT} are pushed")]
    Content(usize),
    #[error(
        "deployment and matrices are {0} bytes when compressed, and at most {MOST_PUSHED} are pushed"
    )]
    Long(usize),
    #[error("it cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("it cannot be compressed")]
    Compression(#[source] std::io::Error),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PushedFile {
    deployment: TextFile,
    matrices: Vec<TextFile>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TextFile {
    name: String,
    text: String,
}

/// Writes what is to be pushed; returns it with the SHA-256 of its content.
///
/// # Errors
///
/// It is too long.
pub fn write_pushed(configuration: &PushedConfiguration) -> Result<(Vec<u8>, String), PushError> {
    check(configuration)?;
    let file = |one: &NamedText| TextFile {
        name: one.name.clone(),
        text: one.text.clone(),
    };
    let content = serde_json::to_vec(&PushedFile {
        deployment: file(&configuration.deployment),
        matrices: configuration.matrices.iter().map(file).collect(),
    })
    .map_err(PushError::Json)?;
    if MOST_CONTENT < content.len() {
        return Err(PushError::Content(content.len()));
    }
    let bytes = packed_pushed(&content)?;
    if MOST_PUSHED < bytes.len() {
        return Err(PushError::Long(bytes.len()));
    }
    Ok((bytes, hexadecimal(&Sha256::digest(&content))))
}

/// A value with this content, whatever it is.
pub(crate) fn packed_pushed(content: &[u8]) -> Result<Vec<u8>, PushError> {
    let mut bytes = MARK.to_vec();
    bytes.push(PUSHED_VERSION);
    bytes.extend_from_slice(&Sha256::digest(content));
    let mut encoder = ZlibEncoder::new(bytes, Compression::default());
    encoder
        .write_all(content)
        .and_then(|()| encoder.finish())
        .map_err(PushError::Compression)
}

/// Reads what was pushed, with the SHA-256 of its content.
///
/// # Errors
///
/// It is of another version, garbage, or beyond a bound.
pub fn read_pushed(bytes: &[u8]) -> Result<(PushedConfiguration, String), PushedError> {
    if MOST_PUSHED < bytes.len() {
        return Err(PushedError::Long(bytes.len()));
    }
    let rest = bytes.strip_prefix(&MARK).ok_or(PushedError::Mark)?;
    let (version, rest) = rest.split_first().ok_or(PushedError::Mark)?;
    if *version != PUSHED_VERSION {
        return Err(PushedError::Version(*version));
    }
    let (digest, compressed) = rest.split_at_checked(DIGEST).ok_or(PushedError::Mark)?;
    let mut content = Vec::new();
    ZlibDecoder::new(compressed)
        .take(MOST_CONTENT as u64 + 1)
        .read_to_end(&mut content)
        .map_err(PushedError::Compression)?;
    if MOST_CONTENT < content.len() {
        return Err(PushedError::Bomb);
    }
    if Sha256::digest(&content).as_slice() != digest {
        return Err(PushedError::Digest);
    }
    let file: PushedFile = serde_json::from_slice(&content).map_err(PushedError::Shape)?;
    let text = |file: TextFile| NamedText {
        name: file.name,
        text: file.text,
    };
    let configuration = PushedConfiguration {
        deployment: text(file.deployment),
        matrices: file.matrices.into_iter().map(text).collect(),
    };
    check(&configuration)?;
    Ok((configuration, hexadecimal(digest)))
}

fn check(configuration: &PushedConfiguration) -> Result<(), PushedBounds> {
    let matrices = &configuration.matrices;
    if MOST_MATRICES < matrices.len() {
        return Err(PushedBounds::Matrices(matrices.len()));
    }
    let names = [&configuration.deployment].into_iter().chain(matrices);
    match names.map(|one| one.name.len()).max() {
        Some(longest) if LONGEST_NAME < longest => Err(PushedBounds::Name(longest)),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        LONGEST_NAME, MOST_CONTENT, MOST_MATRICES, MOST_PUSHED, NamedText, PushedConfiguration,
        packed_pushed, read_pushed, write_pushed,
    };

    fn named(name: &str, text: &str) -> NamedText {
        NamedText {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    fn configuration() -> PushedConfiguration {
        PushedConfiguration {
            deployment: named("auditor.toml", "matrix = \"m.toml\"\n"),
            matrices: vec![named("m.toml", "name = \"Shop\"\n")],
        }
    }

    /// Any content, with its own digest.
    fn value(version: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = packed_pushed(content).unwrap();
        bytes[3] = version;
        bytes
    }

    fn problem(bytes: &[u8]) -> String {
        let error = anyhow::Error::from(read_pushed(bytes).unwrap_err());
        format!("{error:#}")
    }

    #[test]
    fn what_is_written_is_read_back_with_its_digest() {
        let (bytes, digest) = write_pushed(&configuration()).unwrap();
        let (read, again) = read_pushed(&bytes).unwrap();
        assert_eq!((read, again), (configuration(), digest.clone()));
        // Equal content has an equal digest, and another one another.
        let other = PushedConfiguration {
            matrices: Vec::new(),
            ..configuration()
        };
        assert_eq!(write_pushed(&configuration()).unwrap().1, digest);
        assert_ne!(write_pushed(&other).unwrap().1, digest);
    }

    #[test]
    fn every_part_and_every_change_of_it_is_refused() {
        let (bytes, _) = write_pushed(&configuration()).unwrap();
        for end in 0..bytes.len() {
            assert!(read_pushed(&bytes[..end]).is_err(), "{end}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            if let Ok((read, _)) = read_pushed(&changed) {
                // Bits of the compressed form that stand for nothing.
                assert_eq!(read, configuration(), "{at}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (bytes, expected) in [
            (b"".to_vec(), "it is no configuration of an auditor"),
            (b"AUD\x01".to_vec(), "it is no configuration of an auditor"),
            (b"AUC".to_vec(), "it is no configuration of an auditor"),
            (
                b"AUC\x01short".to_vec(),
                "it is no configuration of an auditor",
            ),
            (
                value(2, b"later"),
                "it is of version 2, and this auditor reads version 1: use one of the version that pushed it",
            ),
            (
                vec![b'A'; MOST_PUSHED + 1],
                "it is 1000001 bytes long, and at most 1000000 are read",
            ),
            (
                value(1, &vec![b' '; MOST_CONTENT + 1]),
                "it is more than 4194304 bytes when decompressed",
            ),
            (
                value(1, b"{}"),
                "it does not say what it should: missing field `deployment`",
            ),
            (
                value(
                    1,
                    br#"{"deployment":{"name":"a","text":""},"matrices":[],"listen":"0.0.0.0"}"#,
                ),
                "it does not say what it should: unknown field `listen`",
            ),
        ] {
            let problem = problem(&bytes);
            assert!(problem.starts_with(expected), "{problem}");
        }
        let mut forged = value(1, b"{}");
        forged[4] ^= 1;
        assert_eq!(
            problem(&forged),
            "its content is not the one that its digest is of"
        );
        let many = PushedConfiguration {
            matrices: vec![named("m", ""); MOST_MATRICES + 1],
            ..configuration()
        };
        assert_eq!(
            write_pushed(&many).unwrap_err().to_string(),
            "it has 65 matrices, and at most 64 are pushed"
        );
        let long = PushedConfiguration {
            deployment: named(&"n".repeat(LONGEST_NAME + 1), ""),
            ..configuration()
        };
        assert!(write_pushed(&long).is_err());
        let large = PushedConfiguration {
            deployment: named("a", &"x".repeat(MOST_CONTENT)),
            ..configuration()
        };
        let problem = write_pushed(&large).unwrap_err().to_string();
        assert!(
            problem.contains("and at most 4194304 are pushed"),
            "{problem}"
        );
        // What hardly shrinks: digits that nobody can foretell.
        let mut state = 1_u64;
        let noise: String = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("{:08x}", state >> 32)
        })
        .take(300_000)
        .collect();
        let noisy = PushedConfiguration {
            deployment: named("a", &noise),
            ..configuration()
        };
        let problem = write_pushed(&noisy).unwrap_err().to_string();
        assert!(
            problem.contains("when compressed, and at most 1000000 are pushed"),
            "{problem}"
        );
    }
}
