//! What the kernel half and the user half share: packets to endpoints, endpoints to a flow's key, and the layout of
//! the maps between them.
//!
//! Everything here is compiled twice, for the kernel and for the host, so host tests run the kernel's very code.
#![no_std]

mod direction;
pub mod flow;
pub mod lost;
pub mod mode;
pub mod packet;
pub mod port;
pub mod side;
pub mod tally;

pub use direction::Direction;
pub use flow::{
    Bucket4, Bucket6, BucketRecord, ConversationKey, ConversationRecord, Half, Header, KeptPorts,
    MOST_CPUS, PackedPorts, State,
};
pub use packet::{Bytes, Packet, Part};
pub use port::PortKind;
pub use side::{Evidence, PortKnowledge, Server};
pub use tally::{Reason, Tally, Totals};
