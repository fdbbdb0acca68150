//! `auditor watch`: audits for ever, remembers, and says what changes.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::options::{CaptureOptions, ComparisonOptions, token};
use crate::{
    agent::{
        allocator,
        beginning::{self, Watcher},
        clock,
        configuration::Configuration,
        confinement::{self, Programs},
        daemon::Daemon,
        host::HostFacts,
        http::{self, HttpSettings, Place, Published, SOCKET, Tls},
        names::HostNames,
        session::Session,
        settings::{
            CaptureSettings, EventFormat, KEEP_FLOWS, Lifetime, REPORT_FLOWS, WatchSettings,
        },
        state::{self, State},
        threads::ThreadSpawner,
    },
    exit::Exit,
    length::length,
    output::say,
};

/// Watch for ever: remember what was seen, and say when a verdict changes.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor watch /etc/auditor/auditor.toml --every 10s")]
pub struct WatchCommand {
    #[command(flatten)]
    policy: ComparisonOptions,
    /// An interface to watch, or a pattern such as 'veth*'; without it, those of the deployment or every physical one that
    /// is up. What comes later is watched as well. May be repeated
    #[arg(short, long, value_name = "IFACE")]
    interface: Vec<String>,
    /// In how long a rule's traffic must be seen, unless the rule says so itself, and how long an unexpected flow is
    /// complained of; without it, the deployment's window or 10m
    #[arg(long, value_name = "TIME", value_parser = length)]
    window: Option<SignedDuration>,
    /// How often what was seen is judged and saved
    #[arg(long, value_name = "TIME", value_parser = length, default_value = "10s")]
    every: SignedDuration,
    /// Where to keep what was seen
    #[arg(long, value_name = "DIRECTORY", default_value = state::DIRECTORY)]
    state: PathBuf,
    /// How long to remember what was seen; rules that ask for longer are asked for so long
    #[arg(long, value_name = "TIME", value_parser = length, default_value = "31d")]
    keep: SignedDuration,
    /// How many flows to remember; of more, those that were seen last
    #[arg(long, value_name = "N", default_value_t = KEEP_FLOWS)]
    keep_flows: usize,
    /// How many flows the report lists one by one; it counts the others by port and verdict, the least grave first
    #[arg(long, value_name = "N", default_value_t = REPORT_FLOWS)]
    report_flows: usize,
    #[command(flatten)]
    http: HttpOptions,
    /// Write metrics to this file as well after each turn, for the textfile collector of Prometheus' node exporter, which reads
    /// files that end in .prom
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
    /// How events are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    capture: CaptureOptions,
}

/// Where to listen, and who may ask.
#[derive(Args, Debug)]
pub(super) struct HttpOptions {
    /// Where to show metrics (/metrics), the report (/report, and / as a page) and whether all is well (/healthz): a socket
    /// that its owner alone can open, as unix:PATH; an address, with a token, and beyond the loopback with TLS; or `none`
    #[arg(long, value_name = "PLACE", default_value_t = format!("unix:{SOCKET}"))]
    listen: String,
    /// The certificate chain to show there, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A file with the token that whoever asks has to know: as a bearer token, or as the password of any user
    #[arg(long, value_name = "FILE", conflicts_with = "token_env")]
    token_file: Option<PathBuf>,
    /// A variable of the environment with that token
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    /// A line for people
    Text,
    /// A JSON object a line
    Jsonl,
}

impl WatchCommand {
    fn settings(&self) -> WatchSettings {
        WatchSettings {
            sources: self.policy.sources(),
            interfaces: self.interface.clone(),
            window: self.window,
            every: self.every,
            keep: self.keep,
            keep_flows: self.keep_flows,
            report_flows: self.report_flows,
            event_format: self.format.events(),
            metrics_file: self.metrics_file.clone(),
            capture: CaptureSettings {
                conversations: self.keep_flows,
                ..self.capture.settings()
            },
        }
    }
}

impl Format {
    pub(super) const fn events(self) -> EventFormat {
        match self {
            Self::Text => EventFormat::Text,
            Self::Jsonl => EventFormat::Jsonl,
        }
    }
}

impl HttpOptions {
    /// `None` if nothing is to be served.
    ///
    /// # Errors
    ///
    /// The text is no place, or one that others could reach without what they need there.
    pub(super) fn settings(&self) -> anyhow::Result<Option<HttpSettings>> {
        let listen = &self.listen;
        if listen == "none" {
            return Ok(None);
        }
        let place = match listen.strip_prefix("unix:") {
            Some(path) => Place::Socket(PathBuf::from(path)),
            None => Place::Address(listen.parse().with_context(|| {
                format!(
                    "--listen {listen}: expected unix:{SOCKET}, an address such as 127.0.0.1:9719, or none"
                )
            })?),
        };
        let token = token(self.token_file.as_ref(), self.token_env.as_ref());
        let tls = self.tls_cert.clone().zip(self.tls_key.clone());
        let tls = tls.map(|(certificate, key)| Tls { certificate, key });
        HttpSettings::new(place, token, tls).map(Some)
    }
}

/// Watches until a signal stops it.
///
/// # Errors
///
/// Unreadable or wrong files, missing privileges, interfaces that can't be watched, or a refusal by the kernel.
pub fn run(command: &WatchCommand) -> anyhow::Result<Exit> {
    allocator::keep_little();
    let settings = command.settings();
    let configuration = Configuration::read_own(&settings.sources)?;
    // Before another network namespace is entered: HTTP clients and sinks are in this one.
    let published = match command.http.settings()? {
        Some(http) => http::serve(&http)?,
        None => Published::default(),
    };
    let threads = ThreadSpawner::begin();
    let runtime = settings.capture.runtime()?;
    runtime.block_on(watch(command, settings, configuration, threads, published))
}

async fn watch(
    command: &WatchCommand,
    settings: WatchSettings,
    own: Configuration,
    threads: ThreadSpawner,
    published: Published,
) -> anyhow::Result<Exit> {
    let tc = settings.capture.tc;
    let facts = HostFacts::read(settings.capture.network_namespace.clone()).await?;
    let watcher = Watcher {
        files: &settings.sources,
        state: &command.state,
        threads: &threads,
        host: Some(&facts.host.name),
        // Reports invalid roles before anything is attached, whatever the addresses of names are.
        check: &|configuration| configuration.check(&facts.host, &mut |_| Ok(Vec::new())),
    };
    let Some(beginning) = beginning::begin(own, &watcher).await? else {
        return Ok(Exit::Clean);
    };
    let configuration = &beginning.configuration;
    if let Some(pushed) = configuration.pushed() {
        say(&format!("auditor: compares with {}", pushed.text()));
    }
    let names = HostNames::look_up(configuration.deployment.as_ref()).await;
    let state = State::open(&command.state, clock::wall())?;
    let mut session = Session::attach(
        facts,
        &configuration.matrices,
        &configuration.interfaces(&settings.interfaces),
        &settings.capture,
        configuration.processes(),
        Lifetime::Daemon,
    )?;
    let daemon = Daemon::resume(
        settings,
        beginning,
        names,
        state,
        &mut session,
        &threads,
        published,
    );
    confinement::begin(if tc.has_links() {
        Programs::None
    } else {
        Programs::Guard
    });
    daemon.run(session).await?;
    // Being stopped is no failure, and findings were already reported as events.
    Ok(Exit::Clean)
}
