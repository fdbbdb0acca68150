//! Detached signatures of reports, in the format of OpenSSH (`PROTOCOL.sshsig`), which `ssh-keygen -Y` makes and checks as well.

mod signers;

use jiff::Timestamp;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};
use thiserror::Error;

pub use signers::{AllowedSigners, SignersError, SignersProblem};

/// What such signatures are made for, so that none of something else is taken for one of a report: the namespace, as
/// `ssh-keygen -Y sign -n` has it.
pub const NAMESPACE: &str = "auditor-report";

/// Why a key signs nothing here.
#[derive(Debug, Error)]
pub enum SignError {
    #[error("expected a private key as `ssh-keygen -t ed25519` writes it")]
    Unreadable(#[source] ssh_key::Error),
    #[error(
        "the key is encrypted, and no passphrase is asked for here: sign with `ssh-keygen -Y sign -n {NAMESPACE} -f KEY REPORT`, which asks for it or uses ssh-agent; the signature is the same"
    )]
    Encrypted,
    #[error(
        "the key stays in hardware ({0}), which is not spoken to here: sign with `ssh-keygen -Y sign -n {NAMESPACE} -f KEY REPORT`; the signature is the same"
    )]
    Hardware(String),
    #[error(
        "a key of the kind {0} signs nothing here: expected ed25519, or ECDSA over nistp256 or nistp384"
    )]
    Kind(String),
    #[error("cannot sign")]
    Failed(#[source] ssh_key::Error),
}

/// Why a signature proves nothing of who wrote a report.
#[derive(Debug, Error)]
pub enum VerifyError {
    #[error(
        "expected a signature as `auditor report --sign-key` and `ssh-keygen -Y sign` write it"
    )]
    Unreadable(#[source] ssh_key::Error),
    #[error("it has bytes that no signature has: it was altered")]
    Padded,
    #[error("it is of version {0} of the format: expected 1")]
    Version(u32),
    #[error("it was made for `{0}`: expected the namespace `{NAMESPACE}`")]
    Namespace(String),
    #[error(
        "a key of the kind {0} is not checked here: `ssh-keygen -Y verify -n {NAMESPACE}` does"
    )]
    Kind(String),
    #[error("it was made by {fingerprint}, and no allowed signer has that key now")]
    Stranger {
        fingerprint: String,
        #[source]
        why: Option<NotNow>,
    },
    #[error("it was made by {by}, and not by `{wanted}`")]
    Other { by: String, wanted: String },
    #[error("it is not that of this content, which was altered, or signed by nobody")]
    Altered,
}

/// Why a line that has the key allows it nothing.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum NotNow {
    #[error("a line for it is that of an authority of certificates, which are not checked here")]
    Authority,
    #[error("a line for it allows other namespaces")]
    Namespaces,
    #[error("a line for it holds at another time")]
    Time,
}

/// Who signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signed {
    /// As the line of the allowed signers calls him: `alice@example.com`.
    pub principals: String,
    /// Of his key: `SHA256:...`.
    pub fingerprint: String,
}

/// Signs content by a private key in OpenSSH's format; the signature is armoured text.
///
/// # Errors
///
/// It is no such key, it is encrypted or stays in hardware, or its kind signs nothing here.
pub fn sign(key: &[u8], content: &[u8]) -> Result<String, SignError> {
    let key = PrivateKey::from_openssh(key).map_err(SignError::Unreadable)?;
    let kind = key.algorithm();
    if is_hardware(&kind) {
        return Err(SignError::Hardware(kind.to_string()));
    }
    if !is_known(&kind) {
        return Err(SignError::Kind(kind.to_string()));
    }
    if key.is_encrypted() {
        return Err(SignError::Encrypted);
    }
    let signed = key.sign(NAMESPACE, HashAlg::Sha512, content);
    let text = signed.and_then(|signature| signature.to_pem(LineEnding::LF));
    text.map_err(SignError::Failed)
}

/// Checks a signature of content, and says who made it. `now` decides which lines of the signers hold; `wanted` is who must have
/// made it, if that is to be checked.
///
/// # Errors
///
/// The signature is of another content, or of nobody who may sign reports now.
pub fn verify(
    signature: &[u8],
    content: &[u8],
    signers: &AllowedSigners,
    wanted: Option<&str>,
    now: Timestamp,
) -> Result<Signed, VerifyError> {
    let text = signature;
    let signature = SshSig::from_pem(text).map_err(VerifyError::Unreadable)?;
    // What frames its parts is not signed, and is read with leniency.
    let anew = signature
        .to_pem(LineEnding::LF)
        .map_err(VerifyError::Unreadable)?;
    let written = |text: &[u8]| -> Vec<u8> {
        let bytes = text.iter().copied();
        bytes.filter(|byte| !byte.is_ascii_whitespace()).collect()
    };
    if written(text) != written(anew.as_bytes()) {
        return Err(VerifyError::Padded);
    }
    // The version is not signed, so another one would go unnoticed.
    if signature.version() != SshSig::VERSION {
        return Err(VerifyError::Version(signature.version()));
    }
    if signature.namespace() != NAMESPACE {
        return Err(VerifyError::Namespace(signature.namespace().to_owned()));
    }
    let key = PublicKey::from(signature.public_key().clone());
    let kind = key.algorithm();
    if !is_known(&kind) && !is_hardware(&kind) {
        return Err(VerifyError::Kind(kind.to_string()));
    }
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    // First what cannot be talked out of: whether it is that of this content.
    key.verify(NAMESPACE, content, &signature)
        .map_err(|_mismatch| VerifyError::Altered)?;
    let by = signers
        .with(key.key_data(), NAMESPACE, now)
        .map_err(|why| VerifyError::Stranger {
            fingerprint: fingerprint.clone(),
            why,
        })?;
    let principals = match wanted {
        None => by.join("; "),
        Some(wanted) => by
            .iter()
            .find(|principals| signers::matches(principals, wanted))
            .map(|_line| wanted.to_owned())
            .ok_or_else(|| VerifyError::Other {
                by: by.join("; "),
                wanted: wanted.to_owned(),
            })?,
    };
    Ok(Signed {
        principals,
        fingerprint,
    })
}

const fn is_hardware(kind: &Algorithm) -> bool {
    matches!(kind, Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256)
}

/// RSA is left out: what is known to implement it leaks keys to who measures time (RUSTSEC-2023-0071).
const fn is_known(kind: &Algorithm) -> bool {
    matches!(
        kind,
        Algorithm::Ed25519
            | Algorithm::Ecdsa {
                curve: EcdsaCurve::NistP256 | EcdsaCurve::NistP384
            }
    )
}

#[cfg(test)]
mod tests;
