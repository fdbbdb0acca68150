//! The rules of some roles as chains for `nft -f`.
//!
//! The chains are attached to no hook, so they take effect only where a base chain jumps to them. They accept what the rules
//! allow at the addresses of their roles, and drop nothing but what the matrix forbids.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::{
    Direction, Exported, Peer, Scope,
    chain::{Chain, End, Service, Statement, Where, chains},
    distinct,
};
use crate::{address::AddressSet, hidden::is_hidden, matrix::Rule, role::Role};

/// nft allows 128 bytes in a comment, its terminator included.
const LONGEST_COMMENT: usize = 120;

pub(super) fn export(scope: &Scope<'_>) -> Exported {
    let mut exported = Exported::default();
    let rules = scope.applying(&mut exported.left_out);
    let chains = chains(scope, &rules, &mut exported.left_out);
    // Writing to memory does not fail.
    let written = table(scope, &rules, &chains, &mut exported.text);
    debug_assert!(written.is_ok(), "memory takes every text");
    exported
}

/// The commands that put the chains to use. They use the same table, since a jump can't lead to another one (nft(8)).
const USE: [&str; 3] = [
    "nft 'add chain inet auditor input { type filter hook input priority filter; policy accept; }'",
    "nft add rule inet auditor input ct state established,related accept",
    "nft add rule inet auditor input jump documented_in",
];

fn table(
    scope: &Scope<'_>,
    rules: &[&Rule],
    chains: &[Chain<'_>],
    out: &mut String,
) -> fmt::Result {
    let own: Vec<&str> = scope.own.iter().map(Role::name).collect();
    let names: Vec<&str> = scope
        .matrices
        .iter()
        .map(|matrix| matrix.name.as_str())
        .collect();
    writeln!(
        out,
        "# {}, for {}",
        line(&names.join(", ")),
        line(&own.join(", "))
    )?;
    writeln!(
        out,
        "# Nothing passes through these chains until a base chain of the same table jumps to them:"
    )?;
    for command in USE {
        writeln!(out, "#   {command}")?;
    }
    writeln!(out, "table inet auditor {{")?;
    let roles = rules
        .iter()
        .flat_map(|rule| rule.client.iter().chain(&rule.server));
    let names = distinct(roles);
    sets(scope, &names, out)?;
    for chain in chains {
        let name = match chain.direction {
            Direction::Ingress => "documented_in",
            Direction::Egress => "documented_out",
        };
        writeln!(out, "\tchain {name} {{")?;
        for statement in &chain.statements {
            for matched in matched(statement, chain.direction, &names) {
                let verdict = if statement.rule.presence.forbids() {
                    "drop"
                } else {
                    "accept"
                };
                let comment = line(&statement.rule.id);
                writeln!(out, "\t\t{matched} {verdict} comment \"{comment}\"")?;
            }
        }
        writeln!(out, "\t}}")?;
    }
    writeln!(out, "}}")
}

/// A set for each role with addresses and each version of IP.
fn sets(scope: &Scope<'_>, names: &BTreeMap<&Role, String>, out: &mut String) -> fmt::Result {
    for (role, name) in names {
        let Peer::Addresses(set) = scope.peer(role) else {
            continue;
        };
        for (version, kind) in [(4, "ipv4_addr"), (6, "ipv6_addr")] {
            let elements = elements(set, version);
            if !elements.is_empty() {
                writeln!(
                    out,
                    "\tset {} {{\n\t\ttype {kind}\n\t\tflags interval\n\t\telements = {{ {} }}\n\t}}",
                    set_name(name, version),
                    elements.join(", ")
                )?;
            }
        }
    }
    Ok(())
}

fn elements(set: &AddressSet, version: u8) -> Vec<String> {
    set.ranges()
        .filter(|(first, _)| first.is_ipv4() == (version == 4))
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect()
}

fn set_name(name: &str, version: u8) -> String {
    format!("role_{}_{version}", name.replace('-', "_"))
}

/// What a statement matches, once for each version of IP where that makes a difference.
fn matched(
    statement: &Statement<'_>,
    direction: Direction,
    names: &BTreeMap<&Role, String>,
) -> Vec<String> {
    let services = [4, 6].map(|version| service(statement, version));
    let [service_4, service_6] = &services;
    // Where a service reads alike in both versions, and no address is named, one statement is enough.
    let alike = || {
        let mut alike = vec![service_4.clone()];
        alike.extend((service_4 != service_6).then(|| service_6.clone()));
        alike
    };
    let (own, peer) = match &statement.at {
        Where::Loopback => {
            let interface = match direction {
                Direction::Ingress => "iif",
                Direction::Egress => "oif",
            };
            let all = alike().into_iter();
            return all
                .map(|service| format!("{interface} lo {service}"))
                .collect();
        }
        Where::Between {
            own: End::Any,
            peer: End::Any,
        } => return alike(),
        Where::Between { own, peer } => (own, peer),
    };
    let (source, destination) = match direction {
        Direction::Ingress => (peer, own),
        Direction::Egress => (own, peer),
    };
    let versions = [(4, "ip", service_4), (6, "ip6", service_6)].into_iter();
    versions
        .filter_map(|(version, ip, service)| {
            let end = |field: &str, end: &End<'_>| match end {
                End::Any => Some(String::new()),
                End::Role(role, set) => {
                    let has_any = if version == 4 {
                        set.has_ipv4()
                    } else {
                        set.has_ipv6()
                    };
                    let name = names.get(role).map_or("", String::as_str);
                    has_any.then(|| format!("{ip} {field} @{} ", set_name(name, version)))
                }
            };
            let (source, destination) = (end("saddr", source)?, end("daddr", destination)?);
            Some(format!("{source}{destination}{service}"))
        })
        .collect()
}

/// The part of a statement that names transport and server's ports.
fn service(statement: &Statement<'_>, version: u8) -> String {
    let ports = match &statement.service {
        Service::Echo if version == 4 => return "icmp type echo-request".to_owned(),
        Service::Echo => return "icmpv6 type echo-request".to_owned(),
        Service::Ports(ports) => ports,
    };
    let ports: Vec<String> = ports.ranges().iter().map(ToString::to_string).collect();
    format!(
        "{} dport {{ {} }}",
        statement.rule.transport.name(),
        ports.join(", ")
    )
}

/// Text for a comment: one line, without characters that would end the comment.
fn line(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| *c != '"' && *c != '\\') {
        if is_hidden(c) {
            // A backslash would be one of nft's.
            let _written = write!(out, "<U+{:04X}>", u32::from(c));
        } else if c.is_ascii() {
            out.push(c);
        }
    }
    out.chars().take(LONGEST_COMMENT).collect()
}
