//! The digest of a report: the last field of its JSON, over every byte that stands before it, so that a byte that somebody
//! changed is found.

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::digits::hexadecimal;

/// Where the field begins, and what ends a report.
const FIELD: &str = ",\n  \"digest\": \"sha256:";
const END: &str = "\n}\n";

/// Why a report is not what was written.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum DigestError {
    #[error(
        "it has no digest at its end: an earlier auditor wrote it, or it was cut off or written anew by something else"
    )]
    Absent,
    #[error("it was altered: its digest is {said}, and that of its content {found}")]
    Altered { said: String, found: String },
}

/// The text of a report with its digest; a text that does not end as reports do stays as it is.
pub(super) fn sealed(mut text: String) -> String {
    if let Some(content) = text.strip_suffix(END) {
        let digest = digest(content);
        text.truncate(content.len());
        text.push_str(FIELD);
        text.push_str(&digest);
        text.push('"');
        text.push_str(END);
    }
    text
}

fn digest(content: &str) -> String {
    hexadecimal(&Sha256::digest(content))
}

/// Checks that a text is one that an auditor wrote, to the byte, and returns its digest.
///
/// # Errors
///
/// It has no digest, or one of another text.
pub fn check(text: &str) -> Result<&str, DigestError> {
    let parts = text
        .strip_suffix(END)
        .and_then(|text| text.strip_suffix('"'))
        .and_then(|text| text.rsplit_once(FIELD));
    let (content, said) = parts.ok_or(DigestError::Absent)?;
    let found = digest(content);
    if said == found {
        Ok(said)
    } else {
        Err(DigestError::Altered {
            said: said.to_owned(),
            found,
        })
    }
}

#[cfg(test)]
mod tests;
