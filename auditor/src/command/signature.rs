//! Options of `auditor report` that sign reports and check signatures.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::{
    agent::clock,
    output::{Readers, say, write},
    private_file,
    report::signature::{self, AllowedSigners, NAMESPACE, Signed},
};

/// Who signs, and who may have signed.
#[derive(Args, Debug)]
pub(super) struct SignatureOptions {
    /// Sign with this private key of OpenSSH: the file that --output names, or else the report as it is; the signature is written
    /// beside it, with .sig at its end
    #[arg(long, value_name = "KEY", conflicts_with_all = ["schema", "verify"], help_heading = "Signatures")]
    sign_key: Option<PathBuf>,
    /// Check a signature as well: who may sign, in the form of ssh-keygen's allowed signers
    #[arg(
        long,
        value_name = "FILE",
        requires = "verify",
        help_heading = "Signatures"
    )]
    signers: Option<PathBuf>,
    /// The signature, if it is not beside the report
    #[arg(
        long,
        value_name = "FILE",
        requires = "signers",
        help_heading = "Signatures"
    )]
    signature: Option<PathBuf>,
    /// Who must have signed; else any of those who may
    #[arg(
        long,
        value_name = "WHO",
        requires = "signers",
        help_heading = "Signatures"
    )]
    signer: Option<String>,
}

impl SignatureOptions {
    /// Whether something is to be signed.
    pub(super) const fn signs(&self) -> bool {
        self.sign_key.is_some()
    }

    /// Signs a file, if that is wanted, and writes the signature beside it.
    ///
    /// # Errors
    ///
    /// A key that can't be read or signs nothing here, or a signature that can't be written.
    pub(super) fn sign(&self, path: &Path) -> anyhow::Result<()> {
        let Some(key) = &self.sign_key else {
            return Ok(());
        };
        if path == Path::new("-") {
            bail!(
                "what comes by standard input has no file to sign: name a file, or where to write with --output"
            );
        }
        let secret = private_file::read_secret(key)
            .with_context(|| format!("cannot read the key {}", key.display()))?;
        let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let signature = signature::sign(&secret, &content)
            .with_context(|| format!("{} signs nothing", key.display()))?;
        let beside = beside(path);
        // Whoever may read a report may check it.
        write(Some(&beside), &signature, Readers::Mask)?;
        say(&format!(
            "auditor: signed {0} in {1}; to check it: auditor report --verify {0} --signers FILE, or ssh-keygen -Y verify -n {NAMESPACE} -f FILE -I WHO -s {1} < {0}",
            path.display(),
            beside.display()
        ));
        Ok(())
    }

    /// Checks the signature of a file, if that is wanted, and says who made it.
    ///
    /// # Errors
    ///
    /// Files that can't be read, or a signature that is not this content's or of nobody who may sign.
    pub(super) fn verify(&self, path: &Path, content: &[u8]) -> anyhow::Result<Option<Signed>> {
        let Some(signers) = &self.signers else {
            return Ok(None);
        };
        let text = fs::read_to_string(signers)
            .with_context(|| format!("cannot read {}", signers.display()))?;
        let allowed =
            AllowedSigners::parse(&text).with_context(|| signers.display().to_string())?;
        let beside = self.signature.clone().unwrap_or_else(|| beside(path));
        let signature = fs::read(&beside).with_context(|| {
            format!(
                "cannot read the signature {}: expected it beside the report, or --signature",
                beside.display()
            )
        })?;
        let signed = signature::verify(
            &signature,
            content,
            &allowed,
            self.signer.as_deref(),
            clock::wall(),
        )
        .with_context(|| {
            format!(
                "the signature {} proves nothing of {}",
                beside.display(),
                path.display()
            )
        })?;
        Ok(Some(signed))
    }
}

/// Where `ssh-keygen -Y sign` writes the signature of a file as well.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".sig");
    name.into()
}
