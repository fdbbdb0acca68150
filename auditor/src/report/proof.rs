//! What a flow rests on: by how much of it somebody outside could have made it up.

use auditor_common::port::protocol;

/// What a flow rests on, in the order in which flows are told and listed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FlowProof {
    /// A connection that went on after its handshake, which takes the packets of both sides.
    Established,
    /// This host asked.
    Asked,
    /// Anybody can send all that was seen, or have this host answer to an address that is not his.
    Unproven,
}

impl FlowProof {
    /// Of a flow of this protocol, established or not, whose client is this host or another.
    pub const fn of(protocol: u8, is_established: bool, is_client_own: bool) -> Self {
        if matches!(protocol, protocol::TCP | protocol::SCTP) && is_established {
            Self::Established
        } else if is_client_own {
            Self::Asked
        } else {
            Self::Unproven
        }
    }
}
