//! Publishes what this host saw to its fleet, on a thread of its own: neither counting nor judging waits for a server.

mod claim;
mod rival;
mod statement;

use std::time::Duration;

use tokio::{
    sync::mpsc::{self, Receiver, Sender, error::TrySendError},
    time::Instant,
};

pub(crate) use self::statement::{Seen, Statement, machine, published_name};
use self::{
    claim::{Claim, Next},
    rival::Rival,
};
use super::{
    clock,
    confinement::Files,
    nats::{Nats, PublishProblem},
    threads::ThreadSpawner,
};
use crate::{
    deployment::FleetSection,
    fleet::{
        message::{HostState, ShardState},
        publication::Publication,
        state::{flows_subject, host_subject, rival_subject},
        wire,
    },
    output::{say, warn},
};

/// What a host says after each turn goes here; what was not published yet gives way to what is newer.
pub(crate) struct Publisher {
    section: FleetSection,
    statements: Sender<Statement>,
}

impl Publisher {
    pub(crate) fn begin(threads: &ThreadSpawner, section: &FleetSection) -> Self {
        let (statements, due) = mpsc::channel(1);
        let own = section.clone();
        threads.spawn(Files::Changing(Vec::new()), move || match runtime() {
            Ok(runtime) => runtime.block_on(run(own, due)),
            Err(error) => warn(&format!("auditor: nothing is published: {error}")),
        });
        Self {
            section: section.clone(),
            statements,
        }
    }

    /// Whether it publishes as a section says.
    pub(crate) fn is_of(&self, section: Option<&FleetSection>) -> bool {
        section == Some(&self.section)
    }

    /// Publishes what this host says, unless what it said before is still being published: the next turn says it again.
    pub(crate) fn publish(&self, statement: Statement) {
        match self.statements.try_send(statement) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Closed(_)) => {}
        }
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// How long to wait before servers are tried again that could not be reached.
const RETRY: Duration = Duration::from_secs(5);

/// Who comes second to a name waits for so many times to speak of the first before he tries again.
const SECOND_WAITS: u32 = 3;

async fn run(section: FleetSection, mut due: Receiver<Statement>) {
    let mut line = Line {
        section,
        nats: None,
        publication: Publication::default(),
        claim: Claim::Unknown,
        last: None,
        tried: None,
        is_failing: false,
        said_rival: false,
        rival: Rival::default(),
        looked: None,
        said_second: false,
    };
    while let Some(statement) = due.recv().await {
        line.publish(statement).await;
    }
}

/// What is between this host and its servers.
struct Line {
    section: FleetSection,
    nats: Option<Nats>,
    publication: Publication,
    claim: Claim,
    /// When it last published.
    last: Option<Instant>,
    /// When the servers were last tried in vain.
    tried: Option<Instant>,
    is_failing: bool,
    said_rival: bool,
    rival: Rival,
    /// When it was last looked whether another machine wants the name.
    looked: Option<Instant>,
    said_second: bool,
}

impl Line {
    async fn publish(&mut self, statement: Statement) {
        let is_early = |at: Option<Instant>, wait: Duration| {
            // Turns are not exactly as far apart as they are meant to be.
            at.is_some_and(|at| clock::since(at) + wait / 10 < wait)
        };
        let every = self.section.every.unsigned_abs();
        if is_early(self.last, every) || is_early(self.tried, RETRY.min(every)) {
            return;
        }
        self.tried = None;
        match self.round(statement).await {
            Ok(()) => {
                self.last = Some(clock::monotonic());
                if std::mem::take(&mut self.is_failing) {
                    say(
                        "auditor: the fleet's servers can be reached again, and know what this host saw meanwhile",
                    );
                }
            }
            Err(problem) => {
                self.tried = Some(clock::monotonic());
                if !std::mem::replace(&mut self.is_failing, true) {
                    warn(&format!(
                        "auditor: this host can't publish to its fleet: {problem}; the watch goes on, and it is tried again"
                    ));
                }
            }
        }
    }

    /// Publishes what is due.
    async fn round(&mut self, statement: Statement) -> Result<(), String> {
        if self.nats.is_none() {
            let nats = Nats::connect(&self.section, Some(&statement.host.writer.name))
                .await
                .map_err(|error| {
                    let error = anyhow::Error::from(error);
                    format!("{error:#}")
                })?;
            // Who may not make a stream publishes to the one that is there.
            let _absent = nats.make_stream().await;
            self.nats = Some(nats);
        }
        let Some(nats) = self.nats.as_ref() else {
            return Ok(());
        };
        if !nats.is_connected() {
            return Err("no server answers".to_owned());
        }
        let Statement { mut host, turn } = statement;
        let due = self.publication.take(turn, &host.writer);
        host.flows_left_out = due.n_left_out;
        if !self.claim.is_mine() {
            let wait = SECOND_WAITS * self.section.every.unsigned_abs();
            let last = match self.claim.next(clock::monotonic(), wait) {
                Next::Publish(last) => last,
                // Not yet: whoever published last may be alive.
                Next::Wait => return Ok(()),
            };
            // Until its flows are there, it has seen nothing that counts.
            let mut beginning = host.clone();
            beginning.flows_left_out = u64::MAX;
            self.say_host(&beginning, last).await?;
            if !self.claim.is_mine() {
                return Ok(());
            }
        }
        for shard in due.shards {
            self.say_shard(shard).await?;
        }
        let last = self.claim.last();
        self.say_host(&host, last).await?;
        self.look_for_rival(&host).await;
        Ok(())
    }

    /// Looks now and then whether another machine wants this host's name, which says so more often.
    async fn look_for_rival(&mut self, host: &HostState) {
        let wait = (SECOND_WAITS + 1) * self.section.every.unsigned_abs();
        let is_early = self.looked.is_some_and(|at| clock::since(at) < wait);
        if !self.claim.is_mine() || is_early {
            return;
        }
        let (Some(nats), Ok(payload)) = (&self.nats, wire::write_host(host)) else {
            return;
        };
        self.looked = Some(clock::monotonic());
        let name = &host.writer.name;
        let last = Some(self.rival.last());
        match nats.publish(rival_subject(name), payload, last).await {
            Ok(number) => {
                self.rival.taken(number);
                if std::mem::take(&mut self.said_second) {
                    say(&format!(
                        "auditor: no other machine wants to publish as {name} any more"
                    ));
                }
            }
            Err(PublishProblem::NotLast(number)) => {
                if self.rival.refused(number) && !std::mem::replace(&mut self.said_second, true) {
                    warn(&format!(
                        "auditor: another machine wants to publish as {name}, as this one does: give one of them another name in [fleet]"
                    ));
                }
            }
            // What it may do is enough to publish its state.
            Err(PublishProblem::NoStream | PublishProblem::Other(_)) => self.rival.doubt(),
        }
    }

    async fn say_shard(&mut self, shard: ShardState) -> Result<(), String> {
        let Some(nats) = &self.nats else {
            return Ok(());
        };
        let subject = flows_subject(shard.shard, &shard.writer.name);
        let payload = wire::write_shard(&shard).map_err(|error| error.to_string())?;
        match nats.publish(subject, payload, None).await {
            Ok(_number) => {
                self.publication.published(shard);
                Ok(())
            }
            Err(problem) => Err(self.failed(problem).await),
        }
    }

    /// Says how this host is, if the last message of it has this number.
    async fn say_host(&mut self, host: &HostState, last: u64) -> Result<(), String> {
        let Some(nats) = &self.nats else {
            return Ok(());
        };
        let payload = wire::write_host(host).map_err(|error| error.to_string())?;
        let subject = host_subject(&host.writer.name);
        match nats.publish(subject, payload.clone(), Some(last)).await {
            Ok(number) => {
                self.claim = Claim::Mine(number);
                if std::mem::take(&mut self.said_rival) {
                    say(&format!(
                        "auditor: no other machine publishes as {} any more, and this one does",
                        host.writer.name
                    ));
                }
                Ok(())
            }
            Err(PublishProblem::NotLast(number)) => {
                if number == 0 {
                    // Somebody deleted what was there.
                    self.publication.forget_published();
                }
                if self.claim.refused(number, clock::monotonic()) {
                    self.say_rival(host, payload).await;
                }
                Ok(())
            }
            Err(problem) => {
                self.claim.doubt();
                Err(self.failed(problem).await)
            }
        }
    }

    /// Another machine publishes under this host's name.
    async fn say_rival(&mut self, host: &HostState, payload: Vec<u8>) {
        let name = &host.writer.name;
        if let Some(nats) = &self.nats {
            // Whoever reads the fleet says it as well; one that cannot be told so knows it from here.
            let _untold = nats.publish(rival_subject(name), payload, None).await;
        }
        // It may have published flows under this name.
        self.publication.forget_published();
        if !std::mem::replace(&mut self.said_rival, true) {
            warn(&format!(
                "auditor: another machine publishes as {name}, so this one does not: give one of them another name in [fleet]"
            ));
        }
    }

    async fn failed(&mut self, problem: PublishProblem) -> String {
        if let PublishProblem::NoStream = problem {
            self.publication.forget_published();
            if let Some(nats) = &self.nats
                && let Err(error) = nats.make_stream().await
            {
                return format!("{problem}, and it can't be made: {error}");
            }
        }
        problem.to_string()
    }
}
