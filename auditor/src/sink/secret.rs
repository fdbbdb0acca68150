//! Secrets: where they are stored, never their values.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::delivery::SinkError;
use crate::private_file;

/// Where a secret is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Secret {
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
}

/// Two locations for one secret.
#[derive(Debug, Error)]
#[error("both `{name}_file` and `{name}_env` say where the {name} stands: leave one out")]
pub(super) struct TwoSecrets {
    name: &'static str,
}

impl Secret {
    /// The secret that a sink's field `name_file` or `name_env` points to, if either is set.
    pub(super) fn of(
        name: &'static str,
        file: Option<String>,
        variable: Option<String>,
        directory: &Path,
    ) -> Result<Option<Self>, TwoSecrets> {
        match (file, variable) {
            (Some(path), None) => Ok(Some(Self::File(directory.join(path)))),
            (None, Some(variable)) => Ok(Some(Self::Variable(variable))),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(TwoSecrets { name }),
        }
    }

    /// Its current value; read each time, because secrets are changed.
    pub(crate) fn reveal(&self) -> Result<Vec<u8>, SinkError> {
        let bytes = match self {
            Self::File(path) => {
                private_file::read_secret(path).map_err(|error| SinkError::Secret {
                    path: path.clone(),
                    error,
                })?
            }
            Self::Variable(name) => std::env::var_os(name)
                .ok_or_else(|| SinkError::Variable { name: name.clone() })?
                .into_encoded_bytes(),
        };
        Ok(bytes.trim_ascii().to_owned())
    }
}
