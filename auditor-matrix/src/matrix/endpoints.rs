//! Turns the endpoints of a row into client and server roles. Only here is a viewpoint, inbound or outbound, resolved.

mod named_host;
mod remark;
mod urls;
mod variables;

pub(super) use self::remark::{EndpointProblem, EndpointRemark};
use self::{
    named_host::with_named_host,
    urls::{hosts_of_urls, is_of_any_host, is_of_own_host},
    variables::with_variables_named,
};
use super::page_names::PageNames;
use crate::{
    document::{
        Basis, Direction, End, OwnKind, Profile, Row, RowOrigin, are_hosts, is_own_machine,
        only_asks, own_kind,
    },
    role::Role,
    transport::Transport,
};

/// What is known of the whole page.
pub(super) struct Page<'a> {
    /// The role that the page is about, if its rows name exactly one.
    pub(super) role: Option<&'a End>,
    /// The product whose ports the page tells.
    pub(super) product: Option<&'a str>,
    pub(super) names: &'a PageNames,
}

impl Page<'_> {
    /// What the machines are called that the page is about and no row names.
    fn own_machines(&self) -> &str {
        self.product.unwrap_or(HOSTS)
    }
}

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

/// Role names for endpoints that a table leaves out. No host has such a role until the deployment assigns it, so the rule
/// never allows more than the page states.
const CLIENTS: &str = "clients";
const SERVERS: &str = "servers";
const HOSTS: &str = "hosts";
pub(super) const UNNAMED_ROLES: [&str; 3] = [CLIENTS, SERVERS, HOSTS];

/// A text of more words is a description, no name of a role.
const ROLE_WORDS: usize = 4;

/// The client and server roles of a row, once for each direction if either endpoint may open conversations, and once more if
/// one of the clients is the server itself; and a remark if an endpoint was left out or corrected.
pub(super) fn row_endpoints(
    row: &Row,
    page: &Page<'_>,
) -> Result<(Vec<RowEndpoints>, Vec<EndpointRemark>), EndpointProblem> {
    // A page that names one machine describes its viewpoint, inbound or outbound; a table without a viewpoint need not be
    // about it.
    let has_viewpoint = row.direction.is_some() || row.origin == RowOrigin::Note;
    let own = row
        .role
        .as_ref()
        .or_else(|| page.role.filter(|_| has_viewpoint));
    // A sentence may refer to the page's machines by a general term.
    let own_word = [
        "the cluster",
        "cluster",
        "the system",
        "the nodes",
        "all instances",
    ];
    let endpoint = |end: Option<&End>| {
        end.map(|end| match own {
            Some(own)
                if row.origin != RowOrigin::Table
                    && own_word.contains(&end.to_lowercase().as_str()) =>
            {
                own.clone()
            }
            Some(_) | None => end.clone(),
        })
    };
    let (source, destination) = (
        endpoint(row.source.as_ref()),
        endpoint(row.destination.as_ref()),
    );
    let (source, destination) = without_self(source, destination, own);
    let ends = (source, destination, row.direction);
    let (source, destination, direction) = match row.origin {
        RowOrigin::Table | RowOrigin::Item => with_named_host(row, ends, own, page.own_machines()),
        RowOrigin::Note => ends,
    };
    let own = own.cloned();
    // `https://<server>:8443` is asked at the row's own machine, whatever that is called.
    let (destination, direction) = match destination {
        Some(url) if is_of_any_host(&url) => {
            let is_name = |service: &&str| service.split(' ').count() <= ROLE_WORDS;
            let service = row.text.service().filter(is_name);
            let named = || service.map(|name| End::new(name, Basis::Purpose));
            (own.clone().or_else(named), None)
        }
        // What is shown at the own machine is asked there alone, as far as the page says.
        Some(url) if is_of_own_host(&url) => (Some(End::given("localhost")), direction),
        destination => (destination, direction),
    };
    let (client, server) = match direction {
        // Nor does what comes in come from itself, where only the page as a whole names the machine.
        Some(Direction::Inbound)
            if destination.is_none()
                && row.role.is_none()
                && source.is_some()
                && own.as_deref() == source.as_deref() =>
        {
            (source, None)
        }
        Some(Direction::Inbound) => (source, destination.or(own)),
        // What goes out of a machine does not go to itself: who asks is said nowhere.
        Some(Direction::Outbound)
            if source.is_none()
                && destination.is_some()
                && own.as_deref() == destination.as_deref() =>
        {
            (None, destination)
        }
        Some(Direction::Outbound) => (source.or(own), destination),
        // A single peer column gives the same text as source and destination, so the other endpoint is the row's own
        // machine. Two columns name client and server.
        Some(Direction::Both)
            if row.is_peer
                && source.as_deref() == destination.as_deref()
                && source.as_deref() != own.as_deref()
                && row.role.as_deref() != source.as_deref() =>
        {
            (source, own)
        }
        // Neither end is named: the row's own machine is one of them, either way.
        Some(Direction::Both) if source.is_none() && destination.is_none() => (None, own),
        Some(Direction::Both) => (source, destination),
        None => match (&source, &destination, row.origin) {
            // "Port 123 is open for communication with NTP": the page's machines are the clients, the service is the server.
            (None, None, RowOrigin::Item | RowOrigin::Note) if row.is_peer => {
                let is_name = |service: &&str| service.split(' ').count() <= ROLE_WORDS;
                let service = row.text.service().filter(is_name);
                (own, service.map(|name| End::new(name, Basis::Purpose)))
            }
            // Without direction and endpoints the row's own machines are the server, and the client is left out.
            // Machines that are called clients open the conversations.
            (None, None, RowOrigin::Table | RowOrigin::Item)
                if own.as_deref().is_some_and(is_client) =>
            {
                (own, None)
            }
            (None, None, RowOrigin::Table | RowOrigin::Item) => (None, own),
            _ => (source, destination),
        },
    };
    // "... is used for streaming to users": who only asks is asked by nobody, where nothing but words makes it the server.
    let is_guess = |end: &End| matches!(end.basis, Basis::Purpose | Basis::Sentence);
    let (client, server) = match (client, server) {
        (None, Some(people)) if is_guess(&people) && only_asks(&people) => {
            (Some(people), row.role.clone())
        }
        // `The Gate uses: port 80 is used for streaming to clients`: the row's own machine is asked by them.
        (Some(own), Some(people))
            if row.origin == RowOrigin::Item
                && row.source.is_none()
                && is_guess(&people)
                && only_asks(&people)
                && !only_asks(&own) =>
        {
            (Some(people), Some(own))
        }
        ends => ends,
    };
    if row.ports.is_empty()
        && !row.ephemeral
        && !row.forbidden
        && !row.transport.contains(&Transport::Icmp)
    {
        return Err(EndpointProblem::NoPort);
    }
    let (client, server, mut remarks) = match row.origin {
        RowOrigin::Table | RowOrigin::Item => {
            // What goes out for a service of networks goes to whoever offers it: `NTP` to an NTP server.
            let offered = row
                .text
                .service()
                .filter(|_| direction == Some(Direction::Outbound))
                .and_then(network_service)
                .map(|name| End::new(name, Basis::Purpose));
            let ends = (client, server.or(offered));
            let ends = with_own_kind(row, direction, ends, page);
            with_unnamed_roles(direction, ends, page)
        }
        RowOrigin::Note => (client, server, Vec::new()),
    };
    let Some(client) = client else {
        return Err(EndpointProblem::NoClient);
    };
    let Some(server) = server else {
        return Err(EndpointProblem::NoServer);
    };
    let basis = client.basis.max(server.basis);
    let nobody = |text: &str| text.eq_ignore_ascii_case("none") || text.eq_ignore_ascii_case("n/a");
    if nobody(&client) || nobody(&server) {
        return Err(EndpointProblem::Nobody);
    }
    let is_number = |end: &End| end.bytes().all(|byte| byte.is_ascii_digit());
    if is_number(&client) || is_number(&server) {
        return Err(EndpointProblem::NoRole);
    }
    remarks.extend(EndpointRemark::of(basis));
    let mut without_variable = |end: &End| match with_variables_named(end) {
        Some(named) => {
            if end.contains('{') {
                let text = end.to_string();
                remarks.push(EndpointRemark::Variable { text });
            }
            Ok(named)
        }
        None => Err(EndpointProblem::Variable {
            text: end.to_string(),
        }),
    };
    let (client, server) = (with_braces(client), with_braces(server));
    let (client, server) = (without_variable(&client)?, without_variable(&server)?);
    // `Self, Core`: the machine itself is one of several, and only with it both ends are one machine.
    let with_self = (
        is_self_among_others(&client, page),
        is_self_among_others(&server, page),
    );
    let are_own = (
        is_own_machine(&client) && !with_self.0,
        is_own_machine(&server) && !with_self.1,
    );
    let loopback = row.loopback || are_own.0 || are_own.1;
    // `localhost` to `localhost` names no machine: who it is its section says, if anything.
    let is_bracketed = bracketed(&client).or(bracketed(&server)).is_some();
    if are_own == (true, true) && !is_bracketed {
        remarks.extend(match (&row.role, page.role) {
            (Some(role), _) => EndpointRemark::of(role.basis),
            (None, Some(_)) => Some(EndpointRemark::Title),
            (None, None) => Some(match page.product {
                Some(name) => EndpointRemark::Product {
                    name: name.to_owned(),
                },
                None => EndpointRemark::UnnamedBoth,
            }),
        });
    }
    let mut endpoints = if loopback {
        // Both ends are the same machine, which one of the two may name, be it in brackets.
        let named = match are_own {
            (true, true) => bracketed(&client)
                .or(bracketed(&server))
                .or(row.role.as_deref())
                .or(page.role.map(|role| &**role))
                .unwrap_or(page.own_machines())
                .to_owned(),
            (true, false) if server != SERVERS && server != CLIENTS => server.clone(),
            (false, true) if client != CLIENTS && client != SERVERS => client.clone(),
            (true, false) | (false, true) => page.own_machines().to_owned(),
            (false, false) if server != SERVERS => server.clone(),
            (false, false) => client.clone(),
        };
        // Whoever is one of its ends is the other one too.
        if !UNNAMED_ROLES.contains(&named.as_str()) {
            let is_unnamed = |remark: &EndpointRemark| {
                matches!(
                    remark,
                    EndpointRemark::UnnamedClient | EndpointRemark::UnnamedServer
                )
            };
            remarks.retain(|remark| !is_unnamed(remark));
        }
        let roles = roles(&named, "", page);
        RowEndpoints {
            client: roles.clone(),
            server: roles,
            loopback,
        }
    } else {
        RowEndpoints {
            client: roles(&client, &server, page),
            server: roles(&server, &client, page),
            loopback,
        }
    };
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
    if direction == Some(Direction::Outbound) && is_within && !others.is_empty() && !loopback {
        endpoints.client = std::mem::replace(&mut endpoints.server, others);
        remarks.push(EndpointRemark::ServerAmongClients);
    }
    let mut ends = endpoints.client.iter().chain(&endpoints.server);
    if let Some(one) = ends.find(|role| page.names.may_be_several(role.name())) {
        let text = one.name().to_owned();
        remarks.push(EndpointRemark::OneName { text });
    }
    if endpoints.client.is_empty() || endpoints.server.is_empty() {
        return Err(EndpointProblem::NoRole);
    }
    let itself = match with_self {
        _ if loopback => None,
        (true, _) => Some(endpoints.server.clone()),
        (false, true) => Some(endpoints.client.clone()),
        (false, false) => None,
    };
    // Who is asked there is another one than who asks here.
    let is_nobody = |roles: &[Role]| matches!(roles, [only] if only.name() == CLIENTS);
    let reversed = RowEndpoints {
        client: endpoints.server.clone(),
        server: if is_nobody(&endpoints.client) {
            vec![Role::new(SERVERS)]
        } else {
            endpoints.client.clone()
        },
        loopback,
    };
    let is_mutual = direction == Some(Direction::Both) && endpoints.client != endpoints.server;
    let mut all = vec![endpoints];
    all.extend(is_mutual.then_some(reversed));
    all.extend(itself.map(|roles| RowEndpoints {
        client: roles.clone(),
        server: roles,
        loopback: true,
    }));
    Ok((all, remarks))
}

/// `{api,tunnel}.example.com` are two hosts.
fn with_braces(end: End) -> End {
    let whole = |end: &End| -> Option<String> {
        let (before, rest) = end.split_once('{')?;
        let (inside, behind) = rest.split_once('}')?;
        let is_part = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
        };
        let is_host = |text: &str| text.is_empty() || is_part(text);
        let is_list = inside.contains(',') && inside.split(',').all(|part| is_part(part.trim()));
        let is_one = is_host(before) && is_host(behind) && behind.contains('.');
        (is_list && is_one).then(|| {
            let hosts: Vec<String> = inside
                .split(',')
                .map(|part| format!("{before}{}{behind}", part.trim()))
                .collect();
            hosts.join(", ")
        })
    };
    match whole(&end) {
        Some(hosts) => End::new(hosts, end.basis),
        None => end,
    }
}

/// `Self` at one end stands for the machines of the row, if the other end names others.
fn without_self(
    source: Option<End>,
    destination: Option<End>,
    own: Option<&End>,
) -> (Option<End>, Option<End>) {
    let is_self = |end: &str| end.eq_ignore_ascii_case("self");
    let is_other =
        |end: &str| !is_own_machine(end) && !own.is_some_and(|own| own.eq_ignore_ascii_case(end));
    let stands_for = || Some(own.cloned().unwrap_or_else(|| End::given(HOSTS)));
    match (source, destination) {
        (Some(source), Some(destination)) if is_self(&source) && is_other(&destination) => {
            (stands_for(), Some(destination))
        }
        (Some(source), Some(destination)) if is_self(&destination) && is_other(&source) => {
            (Some(source), stands_for())
        }
        ends => ends,
    }
}

/// Whether machines are clients by their name: `SQL clients`, `Browser`.
fn is_client(name: &str) -> bool {
    name.rsplit(' ').next().is_some_and(|last| {
        matches!(
            last.to_lowercase().as_str(),
            "client" | "clients" | "browser" | "browsers" | "user" | "users"
        )
    })
}

/// Has a machine asked by others of its kind, where nobody is named who asks it and what its port is for says so.
fn with_own_kind(
    row: &Row,
    direction: Option<Direction>,
    (client, server): (Option<End>, Option<End>),
    page: &Page<'_>,
) -> (Option<End>, Option<End>) {
    // What is forbidden to whoever is not named need not be forbidden to its own kind.
    if client.is_some()
        || row.forbidden
        || direction == Some(Direction::Outbound)
        || server.as_deref().is_some_and(only_asks)
    {
        return (client, server);
    }
    let texts = [row.text.service(), row.text.notes()];
    let texts: Vec<&str> = texts.into_iter().flatten().collect();
    let machine = server.as_deref().unwrap_or(page.own_machines());
    let Some(kind) = own_kind(&texts.join(". "), machine) else {
        return (client, server);
    };
    let own = server.unwrap_or_else(|| End::new(page.own_machines(), Basis::Purpose));
    let client = match kind {
        OwnKind::Only => own.name.to_string(),
        OwnKind::AndOthers => format!("{}, {CLIENTS}", own.name),
    };
    (Some(End::new(client, Basis::Purpose)), Some(own))
}

/// Gives an endpoint that a table leaves out a role name, whose addresses the deployment has to give: the product's, if it is the
/// machines that the page is about.
fn with_unnamed_roles(
    direction: Option<Direction>,
    ends: (Option<End>, Option<End>),
    page: &Page<'_>,
) -> (Option<End>, Option<End>, Vec<EndpointRemark>) {
    // `Ledger server`: where the page has a machine of the product, the other end is none of its. A host called `ledger-updates` may be
    // the vendor's.
    let is_of_product = |end: &Option<End>| {
        end.as_deref()
            .filter(|end| !are_hosts(end))
            .is_some_and(|end| {
                page.product
                    .is_some_and(|product| has_words(&end.to_lowercase(), &product.to_lowercase()))
            })
    };
    let own = if is_of_product(&ends.0) || is_of_product(&ends.1) {
        HOSTS
    } else {
        page.own_machines()
    };
    let (for_client, for_server) = if direction == Some(Direction::Outbound) {
        (own, SERVERS)
    } else {
        (CLIENTS, own)
    };
    let named_for = |for_end: &str| page.product.filter(|product| *product == for_end);
    let left = (
        ends.0.is_none().then(|| named_for(for_client)),
        ends.1.is_none().then(|| named_for(for_server)),
    );
    let product = left.0.flatten().or(left.1.flatten());
    let mut remarks: Vec<EndpointRemark> = product
        .map(|name| EndpointRemark::Product {
            name: name.to_owned(),
        })
        .into_iter()
        .collect();
    remarks.extend(match left {
        (Some(None), Some(None)) => Some(EndpointRemark::UnnamedBoth),
        (Some(None), _) => Some(EndpointRemark::UnnamedClient),
        (_, Some(None)) => Some(EndpointRemark::UnnamedServer),
        (_, _) => None,
    });
    let client = ends.0.unwrap_or_else(|| End::given(for_client));
    let server = ends.1.unwrap_or_else(|| End::given(for_server));
    (Some(client), Some(server), remarks)
}

/// Whether a name has others in it as words of their own: a host of the product's domain is none of its machines.
fn has_words(name: &str, words: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '@');
    name.match_indices(words).any(|(at, _)| {
        let before = name.get(..at).unwrap_or_default();
        let behind = name.get(at + words.len()..).unwrap_or_default();
        !before.ends_with(joins) && !behind.starts_with(joins)
    })
}

/// The server that offers a service of networks, where a service is called by its protocol alone: `NTP`, `DNS queries`.
fn network_service(service: &str) -> Option<String> {
    let mut words = service
        .split([' ', '/'])
        .filter(|word| !word.is_empty())
        .peekable();
    let protocol = *words.peek()?;
    let is_offered = matches!(
        protocol.to_lowercase().as_str(),
        "dns"
            | "ntp"
            | "sntp"
            | "ldap"
            | "ldaps"
            | "kerberos"
            | "radius"
            | "tacacs+"
            | "dhcp"
            | "syslog"
            | "smtp"
            | "smtps"
    );
    let says_no_more = words.skip(1).all(|word| {
        matches!(
            word.to_lowercase().as_str(),
            "queries"
                | "query"
                | "requests"
                | "lookups"
                | "lookup"
                | "resolution"
                | "traffic"
                | "protocol"
                | "service"
                | "services"
                | "synchronization"
                | "time"
                | "authentication"
        )
    });
    (is_offered && says_no_more).then(|| format!("{protocol} server"))
}

/// Whether a list names the other end's own machine beside others.
fn is_self_among_others(text: &str, page: &Page<'_>) -> bool {
    let parts = page.names.split(text);
    parts.iter().any(|part| is_own_machine(part)) && !parts.iter().all(|part| is_own_machine(part))
}

/// The roles that a cell names, without the other end's own machine beside others: `agent/master` is two, if both stand by themselves elsewhere on the page.
fn roles(text: &str, other_end: &str, page: &Page<'_>) -> Vec<Role> {
    if let Some(hosts) = hosts_of_urls(text) {
        return hosts;
    }
    // An asterisk stands for anybody, and so do all addresses.
    if matches!(text.trim(), "*" | "0.0.0.0" | "0.0.0.0/0" | "::/0") {
        return vec![Role::new("any")];
    }
    let mut roles: Vec<Role> = Vec::new();
    let parts = page.names.split(text);
    let is_list = 1 < parts.len();
    for part in parts {
        if is_list && is_own_machine(&part) {
            continue;
        }
        let role = Role::new(&page.names.unquantified(&part, other_end));
        if !role.name().is_empty() && !roles.contains(&role) {
            roles.push(role);
        }
    }
    roles
}

/// The name in the brackets of `localhost (master)`.
fn bracketed(text: &str) -> Option<&str> {
    text.split(['(', ')'])
        .nth(1)
        .map(str::trim)
        .filter(|name| !name.is_empty())
}
