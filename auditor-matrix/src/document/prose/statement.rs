//! What a sentence or an item of a list says.

use crate::{
    document::row::{Direction, PortGroup},
    transport::Transport,
};

/// What a sentence says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Statement {
    pub(super) ports: Vec<PortGroup>,
    pub(super) transports: Vec<Transport>,
    pub(super) direction: Option<Direction>,
    pub(super) source: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) service: Option<String>,
    pub(super) required: Option<bool>,
    pub(super) condition: Option<String>,
    /// The ports are assigned dynamically.
    pub(super) ephemeral: bool,
    /// The traffic does not take place.
    pub(super) forbidden: bool,
}
