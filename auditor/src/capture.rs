//! Packets to flows: the only user of aya. Loads the programs, attaches them, reads the maps.

mod attach;
pub mod guard;
pub mod hook;
pub mod interface;
pub mod listener;
pub mod privilege;
mod program;

pub use attach::Attached;
pub use hook::{Choice, Ingress, Tc};
pub use interface::{Interface, Interfaces};
pub use program::{Capture, CaptureError, Counted, Settings};
