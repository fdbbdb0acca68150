//! Hosts in network namespaces, and their traffic with one another.
//!
//! Nothing here has a name outside its process: a namespace lives as long as a file descriptor or a thread holds it, so
//! a lab is gone when its process ends, however it ends. Nothing here knows the auditor.

pub mod capture;
pub mod cluster;
pub mod conversation;
pub mod jetstream;
pub mod namespace;
pub mod process;
pub mod raw;
pub mod script;
pub mod usage;

pub use capture::Capture;
pub use cluster::Cluster;
pub use namespace::Namespace;
pub use script::{Expected, Step};
