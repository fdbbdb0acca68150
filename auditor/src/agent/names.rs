//! Host names to addresses: looked up at the start, and again whenever the time to live of their answer is over.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, ToSocketAddrs as _},
    os::unix::fs::MetadataExt as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use hickory_resolver::{TokioResolver, config::LookupIpStrategy, net::NetError};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::clock;
use crate::deployment::{Deployment, RoleEntry};

/// Bounds of the time to live after which a name is looked up again: a server may say 0 or a year, and `/etc/hosts` says
/// nothing.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(1);
const LONGEST_LIFETIME: Duration = Duration::from_mins(5);
/// How soon a failed look-up is repeated.
const RETRY: Duration = Duration::from_secs(10);
/// Bound: the addresses kept that a name had once. A name whose answers rotate has ever new ones.
const MOST_FORMER: usize = 1024;
/// How often to look whether the files changed by which this host has names.
const LOOK_AT_FILES: Duration = Duration::from_secs(1);
/// How long one look-up may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The host names of a deployment and their addresses, kept up to date as long as this lives.
pub(crate) struct HostNames {
    names: BTreeSet<String>,
    known: Arc<Mutex<BTreeMap<String, Known>>>,
    refreshing: JoinHandle<()>,
}

/// What is known of a name.
#[derive(Clone, Debug)]
struct Known {
    /// Each address that the name ever had, and when it lost it; `None` for its current addresses.
    addresses: BTreeMap<IpAddr, Option<Instant>>,
    /// Why the last look-up failed, if it did.
    problem: Option<String>,
    due: Instant,
}

impl Known {
    /// Forgets the addresses that it lost first, if there are too many.
    fn forget(&mut self) {
        let mut lost: Vec<Instant> = self.addresses.values().flatten().copied().collect();
        if MOST_FORMER < lost.len() {
            lost.sort_unstable();
            let first = lost.len() - MOST_FORMER;
            let before = lost.get(first).copied();
            self.addresses
                .retain(|_, lost| lost.is_none() || before <= *lost);
        }
    }
}

impl HostNames {
    /// Looks up the names of a deployment concurrently, and keeps refreshing them in the background.
    pub(crate) async fn look_up(deployment: Option<&Deployment>) -> Self {
        let names = deployment.map(names).unwrap_or_default();
        let known = Arc::new(Mutex::new(BTreeMap::new()));
        look_up(&known, names.clone()).await;
        let refreshing = tokio::spawn(refresh(Arc::clone(&known), names.clone()));
        Self {
            names,
            known,
            refreshing,
        }
    }

    /// The names of another deployment: known answers are kept, and the other names are looked up in the background.
    pub(crate) fn renewed(&self, deployment: Option<&Deployment>) -> Self {
        let names = deployment.map(names).unwrap_or_default();
        let mut known = lock(&self.known).clone();
        known.retain(|name, _| names.contains(name));
        let new = names.iter().filter(|name| !known.contains_key(*name));
        let new: BTreeSet<String> = new.cloned().collect();
        let known = Arc::new(Mutex::new(known));
        let shared = Arc::clone(&known);
        let all = names.clone();
        let refreshing = tokio::spawn(async move {
            look_up(&shared, new).await;
            refresh(shared, all).await;
        });
        Self {
            names,
            known,
            refreshing,
        }
    }

    /// Whether every name was looked up, with addresses or without.
    pub(crate) fn are_looked_up(&self) -> bool {
        let known = lock(&self.known);
        self.names.iter().all(|name| known.contains_key(name))
    }

    /// A look-up for policies: it returns the current addresses of a name, and those that it lost no longer than `age` ago.
    pub(crate) fn of_age(&self, age: Duration) -> impl FnMut(&str) -> Result<Vec<IpAddr>, String> {
        move |name| self.addresses(name, age)
    }

    /// The current addresses of a name, and those that it lost no longer than `age` ago.
    ///
    /// # Errors
    ///
    /// Why the name has no address.
    fn addresses(&self, name: &str, age: Duration) -> Result<Vec<IpAddr>, String> {
        let known = lock(&self.known);
        let Some(known) = known.get(name) else {
            return Err("it was not looked up".to_owned());
        };
        let now = clock::monotonic();
        let addresses: Vec<IpAddr> = known
            .addresses
            .iter()
            .filter(|(_, lost)| lost.is_none_or(|lost| now.duration_since(lost) <= age))
            .map(|(address, _)| *address)
            .collect();
        match &known.problem {
            Some(problem) if addresses.is_empty() => Err(problem.clone()),
            Some(_) | None => Ok(addresses),
        }
    }
}

/// Looks a name up with the system's resolver, once.
pub(crate) fn system_lookup(name: &str) -> Result<Vec<IpAddr>, String> {
    let found: BTreeSet<IpAddr> = (name, 0)
        .to_socket_addrs()
        .map_err(|error| {
            let said = error.to_string();
            // The system's own words come after those of the standard library.
            let own = said.rsplit_once("information: ");
            own.map_or(said.clone(), |(_, own)| own.to_owned())
        })?
        .map(|address| address.ip())
        .collect();
    Ok(found.into_iter().collect())
}

fn lock(known: &Mutex<BTreeMap<String, Known>>) -> MutexGuard<'_, BTreeMap<String, Known>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for HostNames {
    fn drop(&mut self) {
        self.refreshing.abort();
    }
}

/// The host names of a deployment.
fn names(deployment: &Deployment) -> BTreeSet<String> {
    let exceptions = deployment
        .exceptions
        .iter()
        .flat_map(|exception| [&exception.client, &exception.server]);
    let entries = deployment.roles.values().flatten();
    entries
        .chain(exceptions.flatten())
        .filter_map(|entry| match entry {
            RoleEntry::Host(name) => Some(name.clone()),
            RoleEntry::Any | RoleEntry::Net(_) | RoleEntry::Range(..) | RoleEntry::Role(_) => None,
        })
        .collect()
}

async fn refresh(known: Arc<Mutex<BTreeMap<String, Known>>>, names: BTreeSet<String>) {
    let mut files = Files::look();
    loop {
        let next = {
            let known = lock(&known);
            known.values().map(|known| known.due).min()
        };
        let Some(next) = next else {
            return;
        };
        tokio::time::sleep_until(next.min(clock::monotonic() + LOOK_AT_FILES)).await;
        let read = Files::look();
        let is_changed = read != files;
        files = read;
        let due = {
            let known = lock(&known);
            let now = clock::monotonic();
            let is_due = |name: &&String| {
                is_changed || known.get(*name).is_none_or(|known| known.due <= now)
            };
            names.iter().filter(is_due).cloned().collect()
        };
        look_up(&known, due).await;
    }
}

/// The files by which this host has names, as they were when they were looked at: what they say has no time to live, and holds until
/// they change.
#[derive(Eq, PartialEq)]
struct Files([Option<(u64, i64, i64, u64)>; 2]);

impl Files {
    fn look() -> Self {
        // Another file in its place has another inode; a mount over it, another device, is looked at as it is.
        let look = |path: &str| {
            let file = std::fs::metadata(path).ok()?;
            Some((file.ino(), file.mtime(), file.mtime_nsec(), file.size()))
        };
        Self(["/etc/hosts", "/etc/resolv.conf"].map(look))
    }
}

async fn look_up(known: &Mutex<BTreeMap<String, Known>>, names: BTreeSet<String>) {
    if names.is_empty() {
        return;
    }
    // Built anew each time, since the system's resolver configuration may have changed.
    let resolver = resolver();
    let found = join_all(names.iter().map(|name| addresses(resolver.as_ref(), name))).await;
    let now = clock::monotonic();
    let mut known = lock(known);
    for (name, found) in names.into_iter().zip(found) {
        let entry = known.entry(name).or_insert_with(|| Known {
            addresses: BTreeMap::new(),
            problem: None,
            due: now,
        });
        match found {
            Ok((addresses, lifetime)) => {
                for lost in entry.addresses.values_mut() {
                    lost.get_or_insert(now);
                }
                for address in addresses {
                    entry.addresses.insert(address.to_canonical(), None);
                }
                entry.forget();
                entry.problem = None;
                entry.due = now + lifetime.clamp(SHORTEST_LIFETIME, LONGEST_LIFETIME);
            }
            Err(Failure { problem, is_answer }) => {
                if is_answer {
                    for lost in entry.addresses.values_mut() {
                        lost.get_or_insert(now);
                    }
                }
                entry.problem = Some(problem);
                entry.due = now + RETRY;
            }
        }
    }
}

fn resolver() -> Result<TokioResolver, NetError> {
    let mut builder = TokioResolver::builder_tokio()?;
    let options = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // No cache in the resolver: this module keeps the addresses, including former ones.
    options.cache_size = 0;
    builder.build()
}

/// Why a look-up gave no address.
struct Failure {
    problem: String,
    /// The answer is that the name has none; else there was no answer, and the last one still holds.
    is_answer: bool,
}

impl Failure {
    const fn silence(problem: String) -> Self {
        Self {
            problem,
            is_answer: false,
        }
    }
}

/// The addresses of a name, and how long they may be used.
async fn addresses(
    resolver: Result<&TokioResolver, &NetError>,
    name: &str,
) -> Result<(Vec<IpAddr>, Duration), Failure> {
    let resolver = resolver.map_err(|problem| Failure::silence(problem.to_string()))?;
    // The trailing dot makes the name absolute, so the host's search domains are not tried.
    let full = format!("{}.", name.trim_end_matches('.'));
    let Ok(found) = timeout(TIMEOUT, resolver.lookup_ip(full)).await else {
        let problem = format!("no answer within {} s", TIMEOUT.as_secs());
        return Err(Failure::silence(problem));
    };
    let found = found.map_err(|problem| Failure {
        is_answer: problem.is_nx_domain(),
        problem: said(&problem),
    })?;
    let lifetime = found
        .valid_until()
        .saturating_duration_since(clock::monotonic().into_std());
    let addresses: Vec<IpAddr> = found.iter().collect();
    if addresses.is_empty() {
        return Err(Failure {
            problem: NO_RECORD.to_owned(),
            is_answer: true,
        });
    }
    Ok((addresses, lifetime))
}

/// Why a look-up failed, for people: the resolver's own words are those of its types.
fn said(problem: &NetError) -> String {
    if problem.is_nx_domain() {
        return NO_NAME.to_owned();
    }
    if problem.is_no_records_found() {
        return NO_RECORD.to_owned();
    }
    if matches!(problem, NetError::NoConnections) {
        return NO_SERVER.to_owned();
    }
    problem.to_string()
}

const NO_NAME: &str = "there is no such name";
const NO_SERVER: &str = "no name server can be reached";
const NO_RECORD: &str = "the name is known, and has none";

#[cfg(test)]
mod tests {
    use hickory_resolver::{
        net::{DnsError, NetError, NoRecords},
        proto::{
            op::{Query, ResponseCode},
            rr::{Name, RecordType},
        },
    };

    use super::{NO_NAME, NO_RECORD, NO_SERVER, said};

    #[test]
    fn a_name_without_an_address_is_told_in_words() {
        let name = Name::from_ascii("db.example.").unwrap();
        let found = |code| {
            let query = Query::query(name.clone(), RecordType::A);
            said(&NetError::from(DnsError::NoRecordsFound(NoRecords::new(
                query, code,
            ))))
        };
        assert_eq!(found(ResponseCode::NXDomain), NO_NAME);
        assert_eq!(found(ResponseCode::NoError), NO_RECORD);
        assert_eq!(said(&NetError::NoConnections), NO_SERVER);
    }
}
