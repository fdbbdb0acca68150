//! The rules of some roles as chains for `nft -f`.
//!
//! The chains are attached to no hook, so they take effect only where a base chain jumps to them. They accept what the rules
//! allow, and drop nothing but what the matrix forbids.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::{Direction, Exported, LeftOut, Peer, Scope, distinct, leave_out};
use crate::{
    address::AddressSet,
    hidden::is_hidden,
    matrix::{Rule, first_match},
    role::Role,
    transport::Transport,
};

/// nft allows 128 bytes in a comment, its terminator included.
const LONGEST_COMMENT: usize = 120;

pub(super) fn export(scope: &Scope<'_>) -> Exported {
    let mut exported = Exported::default();
    let rules = scope.applying(&mut exported.left_out);
    let mut left_out = Vec::new();
    // Writing to memory does not fail.
    let written = table(scope, &rules, &mut exported.text, &mut left_out);
    debug_assert!(written.is_ok(), "memory takes every text");
    exported.left_out.extend(left_out);
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
    out: &mut String,
    left_out: &mut Vec<LeftOut>,
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
    for (direction, chain) in [
        (Direction::Ingress, "documented_in"),
        (Direction::Egress, "documented_out"),
    ] {
        writeln!(out, "\tchain {chain} {{")?;
        // A packet leaves the chain at its first match.
        for rule in first_match(rules.to_vec(), |rule| rule.presence) {
            let (own, peers) = match direction {
                Direction::Ingress => (&rule.server, &rule.client),
                Direction::Egress => (&rule.client, &rule.server),
            };
            let takes_part = own.iter().any(|role| scope.roles.covers(role, scope.own));
            if takes_part {
                let part = Part {
                    scope,
                    names: &names,
                    rule,
                    direction,
                };
                part.statements(peers, out, left_out)?;
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

/// A rule's part in one chain.
struct Part<'a> {
    scope: &'a Scope<'a>,
    names: &'a BTreeMap<&'a Role, String>,
    rule: &'a Rule,
    direction: Direction,
}

impl Part<'_> {
    fn statements(
        &self,
        peers: &[Role],
        out: &mut String,
        left_out: &mut Vec<LeftOut>,
    ) -> fmt::Result {
        let Self { scope, rule, .. } = self;
        let forbids = rule.presence.forbids();
        let verdict = if forbids { "drop" } else { "accept" };
        let mut leave_out = |reason: String| {
            let more = if forbids {
                ", so what it forbids passes where another rule allows it"
            } else {
                ""
            };
            leave_out(left_out, rule, &format!("{reason}{more}"));
        };
        let [Some(service_4), Some(service_6)] = [4, 6].map(|version| service(rule, version))
        else {
            leave_out("it names no port".to_owned());
            return Ok(());
        };
        // Where a service reads alike in both versions, one statement is enough.
        let services = if service_4 == service_6 {
            vec![&service_4]
        } else {
            vec![&service_4, &service_6]
        };
        let comment = line(&rule.id);
        if rule.loopback {
            let interface = match self.direction {
                Direction::Ingress => "iif",
                Direction::Egress => "oif",
            };
            for service in services {
                writeln!(
                    out,
                    "\t\t{interface} lo {service} {verdict} comment \"{comment}\""
                )?;
            }
            return Ok(());
        }
        let end = match self.direction {
            Direction::Ingress => "saddr",
            Direction::Egress => "daddr",
        };
        for role in peers {
            match scope.peer(role) {
                Peer::Any => {
                    for service in &services {
                        writeln!(out, "\t\t{service} {verdict} comment \"{comment}\"")?;
                    }
                }
                Peer::Addresses(set) => {
                    let name = self.names.get(role).map_or("", String::as_str);
                    for (version, ip, service) in [(4, "ip", &service_4), (6, "ip6", &service_6)] {
                        if !elements(set, version).is_empty() {
                            writeln!(
                                out,
                                "\t\t{ip} {end} @{} {service} {verdict} comment \"{comment}\"",
                                set_name(name, version)
                            )?;
                        }
                    }
                }
                Peer::Unknown => {
                    leave_out(format!("the deployment gives `{}` no address", role.name()));
                }
            }
        }
        Ok(())
    }
}

/// The part of a statement that names transport and server's ports; of ICMP that is the echo, as in an audit.
fn service(rule: &Rule, version: u8) -> Option<String> {
    let set = match (rule.ports.set(), rule.transport) {
        (_, Transport::Icmp) if version == 4 => return Some("icmp type echo-request".to_owned()),
        (_, Transport::Icmp) => return Some("icmpv6 type echo-request".to_owned()),
        (set, _) => set?,
    };
    let ports: Vec<String> = set.ranges().iter().map(ToString::to_string).collect();
    Some(format!(
        "{} dport {{ {} }}",
        rule.transport.name(),
        ports.join(", ")
    ))
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
