//! Reads existing lists of hosts into roles: hosts files, and Ansible inventories as INI or YAML.

mod hosts;
mod ini;
mod yaml;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use ipnet::IpNet;

use super::RoleEntry;
use crate::role::Role;

/// Groups of hosts, as a file has them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Inventory {
    pub groups: BTreeMap<String, Group>,
    /// Addresses of hosts, by name.
    pub addresses: BTreeMap<String, BTreeSet<IpAddr>>,
    /// What was not understood.
    pub problems: Vec<Problem>,
}

/// One group.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Group {
    pub hosts: BTreeSet<String>,
    /// Groups that are part of it.
    pub children: BTreeSet<String>,
}

/// A line that was not understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    pub line: usize,
    pub text: String,
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}: {}", self.line, self.text, self.reason)
    }
}

/// The format of a list of hosts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// As `/etc/hosts`: an address and the names of a host on each line (hosts(5)).
    Hosts,
    /// An Ansible inventory with groups in brackets.
    Ini,
    /// An Ansible inventory as a tree.
    Yaml,
}

impl Form {
    /// Recognises the format by the first line that is neither empty nor a comment.
    pub fn of(text: &str) -> Self {
        let mut lines = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty() && !line.trim_start().starts_with(['#', ';']));
        let Some(first) = lines.next() else {
            return Self::Hosts;
        };
        let word = first.split_whitespace().next().unwrap_or_default();
        // In an Ansible inventory an address is alone on its line, or variables follow it: a host without a group.
        if address_of(word).is_some()
            && first
                .split_whitespace()
                .nth(1)
                .is_some_and(|next| !next.contains('='))
        {
            Self::Hosts
        } else if first == "---" || first.ends_with(':') {
            Self::Yaml
        } else {
            Self::Ini
        }
    }
}

impl Inventory {
    /// Reads a list of hosts.
    pub fn read(text: &str, form: Form) -> Self {
        match form {
            Form::Hosts => hosts::read(text),
            Form::Ini => ini::read(text),
            Form::Yaml => yaml::read(text),
        }
    }

    /// Adds the groups, addresses and problems of another file.
    pub fn extend(&mut self, more: Self) {
        for (name, group) in more.groups {
            let known = self.groups.entry(name).or_default();
            known.hosts.extend(group.hosts);
            known.children.extend(group.children);
        }
        for (name, addresses) in more.addresses {
            self.addresses.entry(name).or_default().extend(addresses);
        }
    }

    fn group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.to_owned()).or_default()
    }

    fn problem(&mut self, line: usize, text: &str, reason: impl Into<String>) {
        self.problems.push(Problem {
            line,
            text: text.to_owned(),
            reason: reason.into(),
        });
    }

    /// The role entries of each group: its children, and the addresses of its hosts. A host without an address is entered by
    /// name, for a resolver; if a deployment would read that name as something else, such as a role where it has no dot, it is in
    /// the second list instead.
    pub fn roles(&self) -> (BTreeMap<&str, Vec<String>>, BTreeSet<&str>) {
        let mut roles = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for (name, group) in &self.groups {
            // What a deployment would take for something else than a role stands there by its hosts.
            let (children, hosts) = self.parts(name, group);
            let mut entries: Vec<String> = children.into_iter().cloned().collect();
            let mut addresses = BTreeSet::new();
            let mut names = Vec::new();
            for host in hosts {
                match (self.addresses.get(host), address_of(host)) {
                    (Some(known), _) => addresses.extend(known),
                    (None, Some(address)) => {
                        addresses.insert(address);
                    }
                    (None, None) if is_entry(host) => names.push(host.clone()),
                    (None, None) => {
                        unknown.insert(host.as_str());
                    }
                }
            }
            entries.extend(addresses.iter().map(ToString::to_string));
            entries.extend(names);
            roles.insert(name.as_str(), entries);
        }
        (roles, unknown)
    }

    /// The groups of a group that a deployment can name as roles, and its hosts with those of the other groups.
    fn parts<'a>(
        &'a self,
        name: &'a str,
        group: &'a Group,
    ) -> (BTreeSet<&'a String>, BTreeSet<&'a String>) {
        let mut seen = BTreeSet::from([name]);
        let (mut children, mut hosts) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            hosts.extend(&group.hosts);
            for child in &group.children {
                if RoleEntry::parse(child) == Ok(RoleEntry::Role(Role::new(child))) {
                    children.insert(child);
                } else if seen.insert(child) {
                    open.extend(self.groups.get(child));
                }
            }
        }
        (children, hosts)
    }
}

/// Whether a deployment reads it as a host or as a network, which some enter as one.
fn is_entry(text: &str) -> bool {
    match RoleEntry::parse(text) {
        Ok(RoleEntry::Host(_) | RoleEntry::Net(_) | RoleEntry::Range(..)) => true,
        Ok(RoleEntry::Any | RoleEntry::Role(_)) | Err(_) => false,
    }
}

/// A host or a pattern without the port behind it, which is for Ansible's own connection, and an address without its brackets.
fn without_port(pattern: &str) -> &str {
    if let Some((address, port)) = pattern
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        && address_of(address).is_some()
        && is_port(port)
    {
        return address;
    }
    match pattern.rsplit_once(':') {
        // The colons of an address in IPv6, and that of a range in brackets, are before no port.
        Some((name, port))
            if !port.is_empty()
                && port.parse::<u16>().is_ok()
                && name.matches('[').count() == name.matches(']').count()
                && !name.rsplit(']').next().unwrap_or(name).contains(':') =>
        {
            name
        }
        Some(_) | None => pattern,
    }
}

/// Whether nothing stands there, or a colon and a port.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok())
}

/// The address of a host, beside which lists of hosts may have a scope such as `%eth0`, which means nothing on other hosts, or the mask
/// of its network, or brackets around it: it is the host's address all the same.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let text = bare.unwrap_or(text);
    let (address, mask) = text
        .split_once('/')
        .map_or((text, None), |(address, mask)| (address, Some(mask)));
    let address: IpAddr = address.split('%').next()?.parse().ok()?;
    let Some(mask) = mask else {
        return Some(address.to_canonical());
    };
    let network = IpNet::new(address, mask.parse().ok()?).ok()?;
    // What has no bits of a host is a network.
    let is_host = network.prefix_len() == network.max_prefix_len() || network.trunc() != network;
    is_host.then(|| address.to_canonical())
}

/// The hosts that a pattern such as `web[01:12].example.com` or `db-[a:c]` stands for.
///
/// # Errors
///
/// What is wrong with the pattern.
fn hosts_of(pattern: &str) -> Result<Vec<String>, String> {
    let Some((before, rest)) = pattern.split_once('[') else {
        return Ok(vec![pattern.to_owned()]);
    };
    let (range, after) = rest
        .split_once(']')
        .ok_or_else(|| "a bracket is not closed".to_owned())?;
    let parts: Vec<&str> = range.split(':').collect();
    let (first, last, step) = match parts.as_slice() {
        [first, last] => (*first, *last, 1),
        [first, last, step] => {
            let step: usize = step
                .parse()
                .map_err(|_problem| format!("`{step}` is no number"))?;
            (*first, *last, step)
        }
        _ => {
            return Err(format!(
                "`[{range}]` is no range: expected [01:12] or [a:f]"
            ));
        }
    };
    let middles = members(first, last, step)
        .ok_or_else(|| format!("`[{range}]` is no range: expected [01:12] or [a:f]"))?;
    let mut all = Vec::new();
    for rest in hosts_of(after)? {
        for middle in &middles {
            all.push(format!("{before}{middle}{rest}"));
            if MOST_HOSTS as usize <= all.len() {
                return Err(format!("it stands for more than {MOST_HOSTS} hosts"));
            }
        }
    }
    all.sort();
    Ok(all)
}

/// A pattern for more hosts than this is taken for a mistake.
const MOST_HOSTS: u32 = 65_536;

fn members(first: &str, last: &str, step: usize) -> Option<Vec<String>> {
    if step == 0 {
        return None;
    }
    let letter = |text: &str| {
        let mut letters = text.chars();
        letters
            .next()
            .filter(|c| c.is_ascii_alphabetic() && letters.next().is_none())
    };
    if let (Some(first), Some(last)) = (letter(first), letter(last)) {
        return Some((first..=last).step_by(step).map(String::from).collect());
    }
    let (from, to): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    if to < from || MOST_HOSTS < to - from {
        return None;
    }
    // The first number, with its leading zeros, gives the width of all.
    let width = first.len();
    let number = |n: u32| format!("{n:0width$}");
    Some((from..=to).step_by(step).map(number).collect())
}

#[cfg(test)]
mod tests;
