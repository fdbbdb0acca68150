//! Writes the problems of a policy as sentences.

use std::{fmt, net::IpAddr};

use super::{PolicyProblem, RuleNames, Unaddressed};
use crate::{matrix::toml_key, role::Role};

impl fmt::Display for RuleNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.n_rules == 1 { "rule" } else { "rules" };
        write!(f, "{noun} {}", self.first.join(", "))?;
        match self.n_rules - self.first.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostWithoutRole { addresses } => {
                let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
                let addresses = match addresses.as_slice() {
                    [] => "this host has no address yet".to_owned(),
                    [one] => format!("its address {one} is in no role"),
                    several => format!("none of its addresses {} is in a role", several.join(", ")),
                };
                write!(
                    f,
                    "this host plays no role, so no rule is about it: {addresses} under [roles]; add it there, or name its role with --role"
                )
            }
            Self::HostWithoutRule { roles } => {
                let roles: Vec<&str> = roles.iter().map(Role::name).collect();
                write!(
                    f,
                    "no rule that holds here is about this host, which is {}",
                    roles.join(", ")
                )
            }
            Self::RoleWithoutAddress {
                role,
                rules,
                why,
                nearest,
                parts,
                is_ours: _,
            } => {
                let how = match why {
                    Unaddressed::Undefined => "is not under [roles]",
                    Unaddressed::Empty => "has no address under [roles]",
                    Unaddressed::Names => {
                        "has only host names under [roles], of which none has an address"
                    }
                };
                write!(f, "role `{role}` {how}")?;
                if let Some(nearest) = nearest {
                    write!(f, " (is `{nearest}` meant, which no rule knows?)")?;
                } else if !parts.is_empty() {
                    let parts: Vec<&str> = parts.iter().map(Role::name).collect();
                    let parts = toml::Value::from(parts);
                    write!(f, " (perhaps it is {} = {parts})", toml_key(role.name()))?;
                }
                write!(f, "; {rules} cannot be judged")
            }
            Self::RoleOfNoRule { role, nearest } => {
                write!(f, "role `{role}` is in no rule and in no exception")?;
                nearest
                    .as_ref()
                    .map_or(Ok(()), |nearest| write!(f, " (is `{nearest}` meant?)"))
            }
            Self::ConditionOfNoRule { condition, nearest } => {
                write!(f, "condition `{condition}` is in no rule")?;
                nearest.as_ref().map_or(Ok(()), |nearest| {
                    write!(f, " (is `{nearest}` meant, which is not set?)")
                })
            }
            Self::ConditionNotSet { condition, rules } => write!(
                f,
                "condition `{condition}` is not under [conditions], so it is taken as not holding: {rules}"
            ),
            Self::ExceptionEnded { reason, until } => {
                write!(
                    f,
                    "exception `{reason}` ended on {until} and covers nothing"
                )
            }
            Self::ExceptionEnds { reason, until } => {
                write!(f, "exception `{reason}` ends on {until}")
            }
            Self::ExceptionWithoutAddress { reason, end } => write!(
                f,
                "exception `{reason}` covers nothing: its {end} has no address"
            ),
            Self::RuleOfOneHost { rules, address } => write!(
                f,
                "client and server are the same host, {address}, so no traffic of it passes a network: {rules}"
            ),
            Self::RuleOfTwoFamilies { rules } => write!(
                f,
                "the clients have addresses of one family only, the servers of the other, so nothing can match: {rules}"
            ),
            Self::RuleForbidden { rules, by } => write!(
                f,
                "rule {by} forbids all that is allowed here, so nothing of it is ever documented: {rules}"
            ),
            Self::RuleOfGroups { rules } => write!(
                f,
                "the clients are groups or broadcast addresses, which never ask, so nothing can match: {rules}"
            ),
            Self::RuleOfLoopback { rules } => write!(
                f,
                "clients or servers are on the loopback alone, so no traffic of it passes a network; with loopback = true it would be about what stays in a host: {rules}"
            ),
            Self::ExceptionOfTwoFamilies { reason } => write!(
                f,
                "exception `{reason}` covers nothing: its client has addresses of one family only, its server of the other"
            ),
            Self::ExceptionDocumented { reason, rule } => write!(
                f,
                "exception `{reason}` covers nothing: rule {rule} allows all of it"
            ),
            Self::ExceptionRepeated { reason, other } => write!(
                f,
                "exception `{reason}` covers nothing that exception `{other}` does not cover as long"
            ),
            Self::NameWithoutAddress { name, problem } => {
                write!(f, "host name {name} has no address: {problem}")
            }
        }
    }
}
