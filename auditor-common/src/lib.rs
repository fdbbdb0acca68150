//! What the kernel half and user space share: parsing a packet's endpoints, deriving a flow's key from them, and the layout
//! of the maps.
//!
//! Everything here is compiled twice, for the kernel and for user space, so tests on the host run the kernel half's code.
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
    MOST_CPUS, PackedPorts, SharedBucket, SharedGroup, SharedHalf, SharedOpening, State,
};
pub use packet::{Bytes, Packet, Part};
pub use port::PortKind;
pub use side::{Evidence, PortKnowledge, Server};
pub use tally::{Reason, Tally, Totals};
