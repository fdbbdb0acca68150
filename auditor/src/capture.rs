//! Packets to flows: the only user of aya. Loads the programs, attaches them, reads the maps.

mod attach;
pub mod conntrack;
pub mod descriptors;
mod dump;
mod error;
pub mod file;
mod filter;
mod foreign;
pub mod forwarding;
pub mod guard;
pub mod hook;
pub mod interface;
mod leftover;
pub mod listener;
mod maps;
mod memory;
pub mod namespace;
pub mod privilege;
pub mod process;
mod program;
pub mod replay;
pub mod route;
mod selection;
pub mod sockets;
mod syscall;
mod table;
mod wait;

pub use attach::{Attached, Look, others};
pub use error::CaptureError;
pub use hook::{Choice, Ingress, Tc};
pub use interface::{Interface, Interfaces};
pub use leftover::Leftover;
pub use program::{Capture, Settings};
pub use selection::{Selection, SelectionError, Wanted};
pub use table::{Found, Sizes, Table, Take};
pub use wait::{Maps, Wait};
