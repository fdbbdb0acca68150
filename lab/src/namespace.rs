//! A network namespace without a name.

use std::{
    fs::File,
    os::fd::AsRawFd as _,
    path::PathBuf,
    process::{Command, id},
    thread,
};

use anyhow::{Context as _, anyhow, bail};
use nix::{
    sched::{CloneFlags, setns, unshare},
    unistd::sethostname,
};

/// A network namespace, which the kernel removes when this value is dropped and nothing runs inside any more.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    network: File,
    /// The UTS namespace, which gives the host a name of its own.
    uts: File,
}

impl Namespace {
    /// Makes a namespace with its loopback up and a host name of its own; nothing outside knows that name.
    ///
    /// # Errors
    ///
    /// No root, or no `ip` command.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let hostname = name.to_owned();
        let made = thread::spawn(move || -> anyhow::Result<(File, File)> {
            unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWUTS)
                .context("cannot make a network namespace: run this as root")?;
            sethostname(&hostname).context("cannot name the namespace's host")?;
            // These paths name the new namespaces only for the thread that is inside of them.
            let open = |kind| {
                File::open(format!("/proc/thread-self/ns/{kind}"))
                    .context("cannot open the namespace")
            };
            Ok((open("net")?, open("uts")?))
        });
        let (network, uts) = made
            .join()
            .map_err(|_panic| anyhow!("the thread that makes a namespace panicked"))??;
        let namespace = Self {
            name: name.to_owned(),
            network,
            uts,
        };
        // Duplicate address detection would hold addresses back for a second.
        for setting in ["all", "default"] {
            namespace.set(&format!("net/ipv6/conf/{setting}/accept_dad"), "0")?;
        }
        namespace.run("ip link set lo up")?;
        Ok(namespace)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// A path by which another process can name the namespace while this one lives.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/fd/{}", id(), self.network.as_raw_fd()))
    }

    /// Runs `work` on a thread inside the namespace; everything that it opens or starts stays inside.
    ///
    /// # Errors
    ///
    /// The namespace can't be entered, or what `work` returns.
    pub fn enter<T: Send>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send,
    ) -> anyhow::Result<T> {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                let entered = setns(&self.network, CloneFlags::CLONE_NEWNET)
                    .and_then(|()| setns(&self.uts, CloneFlags::CLONE_NEWUTS));
                entered.with_context(|| format!("cannot enter {}", self.name))?;
                work()
            });
            inside
                .join()
                .unwrap_or_else(|_| Err(anyhow!("the work in {} panicked", self.name)))
        })
    }

    /// Starts a thread inside the namespace that outlives this call.
    ///
    /// # Errors
    ///
    /// The namespace's file can't be duplicated.
    pub fn spawn(
        &self,
        work: impl FnOnce() + Send + 'static,
    ) -> anyhow::Result<thread::JoinHandle<()>> {
        let file = self
            .network
            .try_clone()
            .context("cannot hold the namespace")?;
        Ok(thread::spawn(move || {
            if setns(file, CloneFlags::CLONE_NEWNET).is_ok() {
                work();
            }
        }))
    }

    /// Runs a command line, split at white space, and returns what it prints.
    ///
    /// # Errors
    ///
    /// The command is missing or fails; what it said is in the error.
    pub fn run(&self, line: &str) -> anyhow::Result<String> {
        self.enter(|| {
            let mut words = line.split_whitespace();
            let program = words.next().unwrap_or_default();
            let output = Command::new(program)
                .args(words)
                .output()
                .with_context(|| {
                    format!(
                        "cannot run `{program}`: install it, `cargo xtask setup` names its package"
                    )
                })?;
            if !output.status.success() {
                bail!(
                    "`{line}` in {}: {}",
                    self.name,
                    String::from_utf8_lossy(&output.stderr).trim()
                );
            }
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        })
    }

    /// Sets a kernel parameter of the namespace, such as `net/ipv4/ip_forward`.
    ///
    /// # Errors
    ///
    /// The parameter does not exist.
    pub fn set(&self, parameter: &str, value: &str) -> anyhow::Result<()> {
        self.enter(|| {
            let path = PathBuf::from("/proc/sys").join(parameter);
            std::fs::write(&path, value).with_context(|| format!("cannot write {}", path.display()))
        })
    }
}

/// Connects two namespaces by a veth pair: an interface in each.
///
/// # Errors
///
/// What `ip` says.
pub fn connect(
    one: &Namespace,
    one_name: &str,
    other: &Namespace,
    other_name: &str,
) -> anyhow::Result<()> {
    let path = other.path();
    one.run(&format!(
        "ip link add {one_name} type veth peer name {other_name} netns {}",
        path.display()
    ))?;
    one.run(&format!("ip link set {one_name} up"))?;
    other.run(&format!("ip link set {other_name} up"))?;
    Ok(())
}

/// Two hosts connected by a veth pair: `one` has 10.78.0.1 on its `eth0`, `other` has 10.78.0.2.
///
/// # Errors
///
/// No root, or what `ip` says.
pub fn pair() -> anyhow::Result<(Namespace, Namespace)> {
    let (one, other) = (Namespace::new("one")?, Namespace::new("other")?);
    connect(&one, "eth0", &other, "eth0")?;
    one.run("ip address add 10.78.0.1/24 dev eth0")?;
    other.run("ip address add 10.78.0.2/24 dev eth0")?;
    Ok((one, other))
}
