//! Fields of a record that is written as a list: `Source: agents`, `Protocol: TCP`.

use super::{
    clause::Ends, introduction::Introduction, port_phrase::transport, statement::Statement,
    words::words,
};
use crate::{
    document::{end::Basis, text::fold},
    transport::Transport,
};

/// A field of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Field {
    Client(String),
    Server(String),
    Transports(Vec<Transport>),
    Service(String),
}

/// Reads `key: value`; `None` if the key is none of a record of ports.
pub(super) fn field(text: &str) -> Option<Field> {
    let (key, value) = text.split_once(':')?;
    let value = fold(value.trim().trim_end_matches('.'));
    if value.is_empty() || MOST_VALUE < value.split(' ').count() {
        return None;
    }
    Some(match fold(key).to_lowercase().as_str() {
        "source" | "from" | "client" | "clients" | "sources" | "initiator" | "initiated by" => {
            Field::Client(value)
        }
        "destination" | "to" | "server" | "target" | "destinations" | "listener" | "endpoint"
        | "endpoints" | "host" | "hosts" | "hostname" | "domain" | "domains" | "fqdn" | "url" => {
            Field::Server(value)
        }
        "protocol" | "transport" | "transports" | "protocols" | "layer 4" => {
            let named: Vec<Transport> = words(&value).iter().filter_map(transport).collect();
            if named.is_empty() {
                return None;
            }
            Field::Transports(named)
        }
        "service" | "purpose" | "description" | "use" | "usage" | "used for" | "component" => {
            Field::Service(value)
        }
        _ => return None,
    })
}

const MOST_VALUE: usize = 12;

impl Field {
    pub(super) fn apply(&self, statement: &mut Statement) {
        match self {
            Self::Client(client) => {
                statement.source = Some(client.clone());
                statement.basis = Basis::Given;
            }
            Self::Server(server) => {
                statement.destination = Some(server.clone());
                statement.basis = Basis::Given;
            }
            Self::Transports(transports) => statement.transports.clone_from(transports),
            Self::Service(service) => statement.service = Some(service.clone()),
        }
    }

    /// What the field says of a port that follows it.
    pub(super) fn into_introduction(self) -> Introduction {
        let mut introduction = Introduction::default();
        match self {
            Self::Client(client) => {
                introduction.ends = Ends {
                    client: Some(client),
                    basis: Basis::Given,
                    ..Ends::default()
                };
            }
            Self::Server(server) => {
                introduction.ends = Ends {
                    server: Some(server),
                    basis: Basis::Given,
                    ..Ends::default()
                };
            }
            Self::Transports(transports) => introduction.transports = transports,
            Self::Service(service) => introduction.service = Some(service),
        }
        introduction
    }
}
