//! What is said of a row's ends: why it has no rule, and what to check in one.

use thiserror::Error;

use crate::document::Basis;

/// Why no rule can be made of a row.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(in crate::matrix) enum EndpointProblem {
    #[error(
        "names a connection without a port, so no rule was made of it; add one by hand if you know its port"
    )]
    NoPort,
    #[error("names no client, so no rule was made of it; add one by hand")]
    NoClient,
    #[error("names no server, so no rule was made of it; add one by hand")]
    NoServer,
    #[error("names nobody at one end, so no rule was made of it")]
    Nobody,
    #[error(
        "names an end, `{text}`, by a variable whose value the page does not give, so no rule was made of it; add one by hand"
    )]
    Variable { text: String },
    #[error("names an end that is no role, so no rule was made of it; add one by hand")]
    NoRole,
}

/// What the user should check in the rules of a row. The variants' order is the order in which they are shown.
#[derive(Clone, Debug, Eq, Error, Ord, PartialEq, PartialOrd)]
pub(in crate::matrix) enum EndpointRemark {
    #[error(
        "names for outbound traffic a server that is one of its clients: the rule has the other ends for servers; check it"
    )]
    ServerAmongClients,
    #[error(
        "names neither client nor server: its rule has the roles `clients`, `hosts` or `servers` for them; say in the deployment who they are"
    )]
    UnnamedBoth,
    #[error(
        "names no client: its rule has the role `clients` for it, or `hosts` where it is the machines of the page; say in the deployment who they are"
    )]
    UnnamedClient,
    #[error(
        "names no server: its rule has the role `hosts` for the machines of the page, or `servers`; say in the deployment who they are"
    )]
    UnnamedServer,
    #[error(
        "names no machine for an end: `{name}`, whose ports the page tells, was taken for it; check it"
    )]
    Product { name: String },
    #[error(
        "names an end, `{text}`, by a variable whose value the page does not give: its role is called so; rename it"
    )]
    Variable { text: String },
    #[error("names an end, `{text}`, that was taken for one name and may be several; check it")]
    OneName { text: String },
    #[error("leaves an end to a heading above, whose words were taken for its name; check it")]
    Title,
    #[error("leaves the cell of an end empty, for which the one above it was taken; check it")]
    CellAbove,
    #[error(
        "names its ends in words on what its port is for, and who asks whom was read from these; check it"
    )]
    Purpose,
    #[error("names its ends in a sentence, and who asks whom was read from its grammar; check it")]
    Sentence,
}

impl EndpointRemark {
    /// What there is to check in ends that rest on this.
    pub(super) const fn of(basis: Basis) -> Option<Self> {
        match basis {
            Basis::Given | Basis::Heading => None,
            Basis::Title => Some(Self::Title),
            Basis::CellAbove => Some(Self::CellAbove),
            Basis::Purpose => Some(Self::Purpose),
            Basis::Sentence => Some(Self::Sentence),
        }
    }
}
