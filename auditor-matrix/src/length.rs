//! Lengths of time, as files and flags write them.

use jiff::SignedDuration;
use thiserror::Error;

/// A text that is no length of time.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{text}` is no length of time: expected something like 30s, 10m, 1h30m or 7d")]
pub struct LengthProblem {
    text: String,
}

/// Reads a length of time: `30s`, `10m`, `1h30m`, `24h`.
///
/// # Errors
///
/// A sentence that says what was expected.
pub fn length(text: &str) -> Result<SignedDuration, LengthProblem> {
    let problem = || LengthProblem {
        text: text.to_owned(),
    };
    let days = text.trim().strip_suffix('d').map(str::parse::<i64>);
    let length = match days {
        Some(Ok(days)) => days
            .checked_mul(24 * 3600)
            .map(SignedDuration::from_secs)
            .ok_or_else(problem)?,
        Some(Err(_)) | None => text.parse().map_err(|_problem: jiff::Error| problem())?,
    };
    if length.is_positive() {
        Ok(length)
    } else {
        Err(problem())
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::length;

    #[test]
    fn texts() {
        for (text, seconds) in [("30s", 30), ("10m", 600), ("1h30m", 5400), ("7d", 604_800)] {
            assert_eq!(length(text), Ok(SignedDuration::from_secs(seconds)));
        }
    }

    #[test]
    fn problems() {
        for text in ["", "0s", "-1h", "d", "-3d", "99999999999999999d", "soon"] {
            insta::allow_duplicates! {
                let problem = length(text).unwrap_err().to_string().replace(&format!("`{text}`"), "TEXT");
                insta::assert_snapshot!(problem, @"TEXT is no length of time: expected something like 30s, 10m, 1h30m or 7d");
            }
        }
    }
}
