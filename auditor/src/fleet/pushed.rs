//! What is pushed to all hosts of a fleet: what they are to compare their traffic with.

/// A deployment and its matrices, as text: a host reads them as it reads files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PushedConfiguration {
    /// Without what is each host's own.
    pub deployment: NamedText,
    /// In the order in which the deployment names them.
    pub matrices: Vec<NamedText>,
}

/// What a file holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamedText {
    /// What the file is called where it was pushed; no host opens it.
    pub name: String,
    pub text: String,
}

/// Which of all that was ever pushed it is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct PushedDigest {
    /// The servers' number: of two the higher one was pushed later.
    pub revision: u64,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
}
