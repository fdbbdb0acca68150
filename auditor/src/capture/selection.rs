//! Selects the interfaces to watch: those with given names, those that match a pattern, or every physical one.

use glob::{Pattern, PatternError};
use thiserror::Error;

use super::interface::Interface;

/// The interfaces that are wanted, by names and patterns. Without either, every physical interface.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    names: Vec<String>,
    patterns: Vec<Pattern>,
}

/// Why an interface is watched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// It was named, or it is hardware: without it, traffic that should be seen is missed.
    Required,
    /// A pattern matches it, and it is virtual: it may come and go, for example with a container.
    Transient,
}

/// Why the wanted interfaces can't be watched.
#[derive(Debug, Error)]
pub enum SelectionError {
    #[error("`{pattern}` is no pattern: expected a name, or a name with *, ? or [...] in it")]
    Pattern {
        pattern: String,
        source: PatternError,
    },
    #[error("no interface is named `{name}`: this host has {known}")]
    Unknown { name: String, known: String },
    #[error("no interface matches `{pattern}`: this host has {known}")]
    NoneMatches { pattern: String, known: String },
    #[error("no physical interface is up: name one with -i, this host has {known}")]
    NonePhysical { known: String },
    #[error("interface {name} has no Ethernet header: choose one that has, this host has {known}")]
    NotEthernet { name: String, known: String },
}

impl Selection {
    /// Reads names and shell patterns: `eth*`, `ens?`, `veth[0-9]*`; `*` matches every interface.
    ///
    /// # Errors
    ///
    /// A pattern is invalid.
    pub fn parse(patterns: &[String]) -> Result<Self, SelectionError> {
        let mut selection = Self::default();
        for text in patterns {
            if text.contains(['*', '?', '[']) {
                let pattern = Pattern::new(text).map_err(|source| SelectionError::Pattern {
                    pattern: text.clone(),
                    source,
                })?;
                selection.patterns.push(pattern);
            } else {
                selection.names.push(text.clone());
            }
        }
        Ok(selection)
    }

    /// Whether and why an interface should be watched. One that is named or matched is watched even while it is down, so
    /// that nothing is missed once it is up; hardware that is selected by default, only once it is up.
    pub fn wants(&self, interface: &Interface) -> Option<Wanted> {
        interface.is_ethernet.then(|| self.selects(interface))?
    }

    /// Whether an interface that is up should be watched, but can't be, since its frames have no Ethernet header.
    pub fn would_want(&self, interface: &Interface) -> bool {
        !interface.is_ethernet && interface.is_up && self.selects(interface).is_some()
    }

    fn selects(&self, interface: &Interface) -> Option<Wanted> {
        if self.names.contains(&interface.name) {
            return Some(Wanted::Required);
        }
        let matches = |pattern: &Pattern| pattern.matches(&interface.name);
        if self.patterns.iter().any(matches) {
            let is_hardware = interface.kind.is_none() && !interface.is_loopback;
            return Some(if is_hardware {
                Wanted::Required
            } else {
                Wanted::Transient
            });
        }
        let is_default = self.names.is_empty()
            && self.patterns.is_empty()
            && interface.is_up
            && interface.kind.is_none()
            && !interface.is_loopback;
        is_default.then_some(Wanted::Required)
    }

    /// Checks that the wanted interfaces can be watched from the start.
    ///
    /// # Errors
    ///
    /// A name that no interface has, an interface whose frames can't be read, or nothing at all to watch.
    pub fn check(&self, all: &[Interface]) -> Result<(), SelectionError> {
        let known = || {
            all.iter()
                .map(|interface| interface.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        for name in &self.names {
            let named = all.iter().find(|interface| interface.name == *name);
            match named {
                Some(interface) if interface.is_ethernet => {}
                Some(_) => {
                    return Err(SelectionError::NotEthernet {
                        name: name.clone(),
                        known: known(),
                    });
                }
                None => {
                    return Err(SelectionError::Unknown {
                        name: name.clone(),
                        known: known(),
                    });
                }
            }
        }
        if all.iter().any(|interface| self.wants(interface).is_some()) {
            return Ok(());
        }
        Err(match self.patterns.first() {
            Some(pattern) => SelectionError::NoneMatches {
                pattern: pattern.as_str().to_owned(),
                known: known(),
            },
            None => SelectionError::NonePhysical { known: known() },
        })
    }

    /// Names that none of these interfaces has.
    pub fn absent<'a>(&'a self, all: &'a [Interface]) -> impl Iterator<Item = &'a str> {
        let names = self.names.iter().map(String::as_str);
        names.filter(|name| !all.iter().any(|one| one.name == *name))
    }

    /// Patterns that match none of these interfaces yet, but may match one that appears later.
    pub fn waiting<'a>(&'a self, all: &'a [Interface]) -> impl Iterator<Item = &'a str> {
        self.patterns
            .iter()
            .filter(|pattern| {
                let matches = |one: &Interface| one.is_ethernet && pattern.matches(&one.name);
                !all.iter().any(matches)
            })
            .map(Pattern::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::{Selection, Wanted};
    use crate::capture::Interface;

    fn interface(name: &str, kind: Option<&str>, is_up: bool) -> Interface {
        Interface {
            index: 2,
            name: name.to_owned(),
            kind: kind.map(str::to_owned),
            is_ethernet: kind != Some("tun"),
            is_loopback: name == "lo",
            is_up,
            xdp_programs: Vec::new(),
            n_vlans: 0,
            addresses: Vec::new(),
            networks: Vec::new(),
            mac: None,
            promiscuity: 0,
            packets: [0; 2],
            lower: None,
            controller: None,
        }
    }

    fn selection(patterns: &[&str]) -> Selection {
        let patterns: Vec<String> = patterns.iter().map(|name| (*name).to_owned()).collect();
        Selection::parse(&patterns).unwrap()
    }

    #[test]
    fn what_is_wanted() {
        let all = [
            interface("lo", None, true),
            interface("eth0", None, true),
            interface("eth1", None, false),
            interface("veth7", Some("veth"), true),
            interface("tun0", Some("tun"), true),
        ];
        let wanted = |patterns: &[&str]| -> Vec<(String, Wanted)> {
            let selection = selection(patterns);
            all.iter()
                .filter_map(|one| Some((one.name.clone(), selection.wants(one)?)))
                .collect()
        };
        let required = |name: &str| (name.to_owned(), Wanted::Required);
        let while_there = |name: &str| (name.to_owned(), Wanted::Transient);
        assert_eq!(wanted(&[]), [required("eth0")]);
        assert_eq!(wanted(&["eth1"]), [required("eth1")]);
        assert_eq!(
            wanted(&["*"]),
            [
                while_there("lo"),
                required("eth0"),
                required("eth1"),
                while_there("veth7")
            ]
        );
        assert_eq!(
            wanted(&["lo", "veth[0-9]"]),
            [required("lo"), while_there("veth7")]
        );
        let problem =
            |patterns: &[&str]| selection(patterns).check(&all).map_err(|e| e.to_string());
        assert_eq!(problem(&["eth?", "lo"]), Ok(()));
        assert_eq!(
            problem(&["eth9"]),
            Err(
                "no interface is named `eth9`: this host has lo, eth0, eth1, veth7, tun0"
                    .to_owned()
            )
        );
        assert_eq!(
            problem(&["br*"]),
            Err("no interface matches `br*`: this host has lo, eth0, eth1, veth7, tun0".to_owned())
        );
        assert_eq!(problem(&["eth0", "br*"]), Ok(()));
        let waits = selection(&["eth0", "br*"]);
        assert_eq!(waits.waiting(&all).collect::<Vec<_>>(), ["br*"]);
        assert!(
            problem(&["tun0"])
                .unwrap_err()
                .contains("no Ethernet header")
        );
        assert!(Selection::parse(&["eth[".to_owned()]).is_err());
    }
}
