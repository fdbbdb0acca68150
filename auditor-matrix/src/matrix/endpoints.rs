//! Turns the endpoints of a row into client and server roles. Only here is a viewpoint, inbound or outbound, resolved.

use thiserror::Error;

use crate::{
    document::{Direction, Profile, Row, RowOrigin},
    role::Role,
    transport::Transport,
};

/// The client and server roles of one row.
pub(super) struct RowEndpoints {
    pub(super) client: Vec<Role>,
    pub(super) server: Vec<Role>,
    pub(super) loopback: bool,
}

impl RowEndpoints {
    /// The same endpoints, with the names that a profile gives to roles.
    pub(super) fn renamed(mut self, profile: &Profile) -> Self {
        for roles in [&mut self.client, &mut self.server] {
            let mut renamed: Vec<Role> = Vec::new();
            for role in roles.drain(..) {
                let role = profile.role(role.name()).map_or(role, Role::new);
                if !renamed.contains(&role) {
                    renamed.push(role);
                }
            }
            *roles = renamed;
        }
        self
    }
}

/// Why no rule can be made of a row.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(super) enum EndpointProblem {
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
    #[error("names an end that is no role, so no rule was made of it; add one by hand")]
    NoRole,
}

/// What the user should check in the rules of a row. The variants' order is the order in which they are shown.
#[derive(Clone, Copy, Debug, Eq, Error, Ord, PartialEq, PartialOrd)]
pub(super) enum EndpointRemark {
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
}

/// Role names for endpoints that a table leaves out. No host has such a role until the deployment assigns it, so the rule
/// never allows more than the page states.
const CLIENTS: &str = "clients";
const SERVERS: &str = "servers";
const HOSTS: &str = "hosts";
pub(super) const UNNAMED_ROLES: [&str; 3] = [CLIENTS, SERVERS, HOSTS];

/// A text of more words is a description, no name of a role.
const ROLE_WORDS: usize = 4;

/// The client and server roles of a row, once for each direction if either endpoint may open conversations; and a remark if
/// an endpoint was left out or corrected.
pub(super) fn row_endpoints(
    row: &Row,
    page_role: Option<&str>,
) -> Result<(Vec<RowEndpoints>, Option<EndpointRemark>), EndpointProblem> {
    let own = row.role.as_deref().or(page_role);
    // A sentence may refer to the page's machines by a general term.
    let own_word = [
        "the cluster",
        "cluster",
        "the system",
        "the nodes",
        "all instances",
    ];
    let endpoint = |text: Option<&str>| {
        text.map(|text| match own {
            Some(own)
                if row.origin == RowOrigin::Note
                    && own_word.contains(&text.to_lowercase().as_str()) =>
            {
                own.to_owned()
            }
            Some(_) | None => text.to_owned(),
        })
    };
    let (source, destination) = (
        endpoint(row.source.as_deref()),
        endpoint(row.destination.as_deref()),
    );
    let own = own.map(str::to_owned);
    let (client, server) = match row.direction {
        Some(Direction::Inbound) => (source, destination.or(own)),
        Some(Direction::Outbound) => (source.or(own), destination),
        // A single peer column gives the same text as source and destination, so the other endpoint is the row's own
        // machine. Two columns name client and server.
        Some(Direction::Both)
            if row.is_peer
                && source == destination
                && source != own
                && row.role.as_deref() != source.as_deref() =>
        {
            (source, own)
        }
        Some(Direction::Both) => (source, destination),
        None => match (&source, &destination, row.origin) {
            // "Port 123 is open for communication with NTP": the page's machines are the clients, the service is the server.
            (None, None, RowOrigin::Note) => {
                let is_name = |service: &String| service.split(' ').count() <= ROLE_WORDS;
                (own, row.text.service().map(str::to_owned).filter(is_name))
            }
            // Without direction and endpoints the row's own machines are the server, and the client is left out.
            (None, None, RowOrigin::Table) => (None, own),
            _ => (source, destination),
        },
    };
    if row.ports.is_empty()
        && !row.ephemeral
        && !row.forbidden
        && !row.transport.contains(&Transport::Icmp)
    {
        return Err(EndpointProblem::NoPort);
    }
    let (client, server, remark) = match row.origin {
        RowOrigin::Table => with_unnamed_roles(row, client, server),
        RowOrigin::Note => (client, server, None),
    };
    let Some(client) = client else {
        return Err(EndpointProblem::NoClient);
    };
    let Some(server) = server else {
        return Err(EndpointProblem::NoServer);
    };
    let nobody = |text: &str| text.eq_ignore_ascii_case("none") || text.eq_ignore_ascii_case("n/a");
    if nobody(&client) || nobody(&server) {
        return Err(EndpointProblem::Nobody);
    }
    let loopback = is_localhost(&client) && is_localhost(&server);
    let mut endpoints = RowEndpoints {
        client: roles(&client, row, page_role),
        server: roles(&server, row, page_role),
        loopback,
    };
    let mut remark = remark;
    // Outbound traffic goes to other machines. If every server is also a client, as in "All nodes and the relay" to "All
    // nodes", the page has them swapped, and the remaining clients are the servers.
    let others: Vec<Role> = endpoints
        .client
        .iter()
        .filter(|role| !endpoints.server.contains(role))
        .cloned()
        .collect();
    let is_within = endpoints
        .server
        .iter()
        .all(|role| endpoints.client.contains(role));
    if row.direction == Some(Direction::Outbound) && is_within && !others.is_empty() && !loopback {
        endpoints.client = std::mem::replace(&mut endpoints.server, others);
        remark = Some(EndpointRemark::ServerAmongClients);
    }
    if loopback {
        // Both endpoints are the same machine, which one of the two cells may name more exactly, in brackets.
        let named = if client.contains('(') && !server.contains('(') {
            &endpoints.client
        } else {
            &endpoints.server
        }
        .clone();
        endpoints.client.clone_from(&named);
        endpoints.server = named;
    }
    if endpoints.client.is_empty() || endpoints.server.is_empty() {
        return Err(EndpointProblem::NoRole);
    }
    let reversed = RowEndpoints {
        client: endpoints.server.clone(),
        server: endpoints.client.clone(),
        loopback,
    };
    let is_mutual = row.direction == Some(Direction::Both) && endpoints.client != endpoints.server;
    let both = if is_mutual {
        vec![endpoints, reversed]
    } else {
        vec![endpoints]
    };
    Ok((both, remark))
}

/// Gives an endpoint that a table leaves out a role name, whose addresses the deployment has to give.
fn with_unnamed_roles(
    row: &Row,
    client: Option<String>,
    server: Option<String>,
) -> (Option<String>, Option<String>, Option<EndpointRemark>) {
    let is_outbound = row.direction == Some(Direction::Outbound);
    let (own, other) = if is_outbound {
        (HOSTS, SERVERS)
    } else {
        (CLIENTS, HOSTS)
    };
    let remark = match (&client, &server) {
        (Some(_), Some(_)) => None,
        (None, Some(_)) => Some(EndpointRemark::UnnamedClient),
        (Some(_), None) => Some(EndpointRemark::UnnamedServer),
        (None, None) => Some(EndpointRemark::UnnamedBoth),
    };
    (
        client.or_else(|| Some(own.to_owned())),
        server.or_else(|| Some(other.to_owned())),
        remark,
    )
}

fn is_localhost(text: &str) -> bool {
    text.to_lowercase().starts_with("localhost")
}

/// The roles that a cell names: `agent/master` is two.
fn roles(text: &str, row: &Row, page_role: Option<&str>) -> Vec<Role> {
    if is_localhost(text) {
        let bracketed = text
            .split(['(', ')'])
            .nth(1)
            .map(str::trim)
            .filter(|name| !name.is_empty());
        return bracketed
            .or(row.role.as_deref())
            .into_iter()
            .map(Role::new)
            .collect();
    }
    let mut outside = String::new();
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => outside.push(character),
            _ => {}
        }
    }
    if outside.contains("://") {
        let host = outside
            .split("://")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        return host.map(Role::new).into_iter().collect();
    }
    let outside = outside
        .replace(" and ", "/")
        .replace(" or ", "/")
        .replace([',', ';', '&'], "/");
    let mut roles: Vec<Role> = Vec::new();
    for part in outside.split('/') {
        let part = plain(part);
        // `self` stands for the machines that the row is about.
        let own = row
            .role
            .as_deref()
            .or(page_role)
            .filter(|_| part.eq_ignore_ascii_case("self"));
        let role = Role::new(own.unwrap_or(part));
        if !role.name().is_empty() && !roles.contains(&role) {
            roles.push(role);
        }
    }
    roles
}

/// A role's name without the words that are no part of it: `the`, `your`, `IP address`.
fn plain(part: &str) -> &str {
    let part = part.trim();
    let part = ["Your ", "your ", "The ", "the "]
        .iter()
        .find_map(|lead| part.strip_prefix(lead))
        .unwrap_or(part);
    part.strip_suffix(" IP address").unwrap_or(part)
}
