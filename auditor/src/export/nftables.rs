//! The rules of some roles as chains for `nft -f`.
//!
//! The chains are attached to no hook, so they take effect only where a base chain jumps to them. They accept what the rules
//! allow, and drop nothing but what the matrix forbids.

use std::fmt::{self, Write as _};

use super::{Direction, Exported, LeftOut, Peer, Scope, is_forbidden, leave_out, name};
use crate::{
    address::AddressSet,
    matrix::{Rule, RulePorts},
    port::PortRange,
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
    sets(scope, rules, out)?;
    for (direction, chain) in [
        (Direction::Ingress, "documented_in"),
        (Direction::Egress, "documented_out"),
    ] {
        writeln!(out, "\tchain {chain} {{")?;
        // Forbidding rules come first, so that they hold even if another rule allows the traffic.
        let (forbidden, allowed): (Vec<&Rule>, Vec<&Rule>) =
            rules.iter().partition(|rule| is_forbidden(rule));
        for rule in forbidden.iter().chain(&allowed) {
            let (own, peers) = match direction {
                Direction::Ingress => (&rule.server, &rule.client),
                Direction::Egress => (&rule.client, &rule.server),
            };
            let takes_part = own.iter().any(|role| scope.roles.covers(role, scope.own));
            if takes_part {
                statements(scope, rule, direction, peers, out, left_out)?;
            }
        }
        writeln!(out, "\t}}")?;
    }
    writeln!(out, "}}")
}

/// A set for each role with addresses and each version of IP.
fn sets(scope: &Scope<'_>, rules: &[&Rule], out: &mut String) -> fmt::Result {
    let mut roles: Vec<&Role> = rules
        .iter()
        .flat_map(|rule| rule.client.iter().chain(&rule.server))
        .collect();
    roles.sort();
    roles.dedup();
    for role in roles {
        let Peer::Addresses(set) = scope.peer(role) else {
            continue;
        };
        for (version, kind) in [(4, "ipv4_addr"), (6, "ipv6_addr")] {
            let elements = elements(set, version);
            if !elements.is_empty() {
                writeln!(
                    out,
                    "\tset {} {{\n\t\ttype {kind}\n\t\tflags interval\n\t\telements = {{ {} }}\n\t}}",
                    set_name(role, version),
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

fn set_name(role: &Role, version: u8) -> String {
    format!("role_{}_{version}", name(role.name()).replace('-', "_"))
}

fn statements(
    scope: &Scope<'_>,
    rule: &Rule,
    direction: Direction,
    peers: &[Role],
    out: &mut String,
    left_out: &mut Vec<LeftOut>,
) -> fmt::Result {
    let verdict = if is_forbidden(rule) { "drop" } else { "accept" };
    let Some(service) = service(rule) else {
        leave_out(left_out, rule, "it names no port");
        return Ok(());
    };
    let comment = line(&rule.id);
    if rule.loopback {
        let interface = if direction == Direction::Ingress {
            "iif"
        } else {
            "oif"
        };
        return writeln!(
            out,
            "\t\t{interface} lo {service} {verdict} comment \"{comment}\""
        );
    }
    let end = if direction == Direction::Ingress {
        "saddr"
    } else {
        "daddr"
    };
    for role in peers {
        match scope.peer(role) {
            Peer::Any => {
                writeln!(out, "\t\t{service} {verdict} comment \"{comment}\"")?;
            }
            Peer::Addresses(set) => {
                for (version, ip) in [(4, "ip"), (6, "ip6")] {
                    if !elements(set, version).is_empty() {
                        writeln!(
                            out,
                            "\t\t{ip} {end} @{} {service} {verdict} comment \"{comment}\"",
                            set_name(role, version)
                        )?;
                    }
                }
            }
            Peer::Unknown => leave_out(
                left_out,
                rule,
                &format!("the deployment gives `{}` no address", role.name()),
            ),
        }
    }
    Ok(())
}

/// The part of a statement that names transport and server's ports.
fn service(rule: &Rule) -> Option<String> {
    let ranges = match (&rule.ports, rule.transport) {
        (_, Transport::Icmp) => return Some("meta l4proto { icmp, ipv6-icmp }".to_owned()),
        (RulePorts::Set(set), _) => set.ranges().to_vec(),
        (RulePorts::Ephemeral, _) => vec![PortRange::EPHEMERAL],
        (RulePorts::None, _) => return None,
    };
    let ports: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    Some(format!(
        "{} dport {{ {} }}",
        rule.transport.name(),
        ports.join(", ")
    ))
}

/// Text for a comment: one line, without characters that would end the comment.
fn line(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() && *c != '"' && *c != '\\')
        .take(LONGEST_COMMENT)
        .filter(char::is_ascii)
        .collect()
}
