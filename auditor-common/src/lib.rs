//! What the kernel half and the user half share: packets to endpoints, endpoints to a flow's key, and the layout of
//! the maps between them.
//!
//! Everything here is compiled twice, for the kernel and for the host, so host tests run the kernel's very code.
#![no_std]

pub mod flow;
pub mod lost;
pub mod mode;
pub mod packet;
pub mod port;
pub mod side;
pub mod tally;

pub use flow::{
    Half, Header, Kind, MOST_CPUS, Place4, Place6, Ports, Record, SharedKey, SharedRecord, State,
};
pub use packet::{Bytes, Packet, Part, Skip};
pub use port::PortKind;
pub use side::{Evidence, Known, Server};
pub use tally::{Slot, Tally};
