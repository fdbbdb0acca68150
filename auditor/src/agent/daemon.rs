//! What a watch does besides counting: judges the traffic, remembers it, and reports what changed.

pub(super) mod journal;
mod judge;
mod judge_thread;
mod reload;

use std::sync::Arc;

use self::{
    judge::{Judge, Turn},
    judge_thread::JudgeThread,
    reload::{Current, Next, Reload},
};
use super::{
    beginning::Beginning,
    configuration::Configuration,
    follower::Follower,
    http::Published,
    names::HostNames,
    publisher,
    schedule::Schedule,
    session::{Pause, Session},
    settings::WatchSettings,
    state::State,
    threads::ThreadSpawner,
};
use crate::{
    observed::Window,
    output::{say, warn},
};

/// How often, in turns, flows that are over move from the ledger to the history, and old ones are forgotten.
const RETIRE_TURNS: u64 = 30;

/// After how many turns in time it is said again that one is late.
const LATE_TURNS: u64 = 60;

/// The state of a watch besides its session: what traffic is compared with, and who compares.
pub(crate) struct Daemon {
    settings: WatchSettings,
    configuration: Arc<Configuration>,
    names: HostNames,
    reload: Reload,
    /// What follows what is pushed to the fleet, if that is taken.
    follower: Option<Follower>,
    threads: ThreadSpawner,
    judge: JudgeThread,
    /// The turn in which it was last said that judging takes longer than there is between two turns.
    said_late: Option<u64>,
    n_turns: u64,
}

impl Daemon {
    /// Continues from the state on disk.
    pub(crate) fn resume(
        settings: WatchSettings,
        beginning: Beginning,
        names: HostNames,
        state: State,
        session: &mut Session,
        threads: &ThreadSpawner,
        published: Published,
    ) -> Self {
        let Beginning {
            configuration,
            source,
            follower,
        } = beginning;
        let reload = Reload::new(&configuration, source);
        let configuration = Arc::new(configuration);
        let judge = Judge::resume(
            settings.clone(),
            Arc::clone(&configuration),
            state,
            (session.clock.now(), &session.facts.host.name),
            threads.clone(),
            published,
        );
        session.remember(judge.sides());
        Self {
            settings,
            configuration,
            names,
            reload,
            follower,
            threads: threads.clone(),
            judge: JudgeThread::begin(threads, judge),
            said_late: None,
            n_turns: 0,
        }
    }

    /// Runs until a signal stops it. A turn that fails is said, and the next one is tried.
    ///
    /// # Errors
    ///
    /// The last turn fails, or nothing judges any more.
    pub(crate) async fn run(mut self, mut session: Session) -> anyhow::Result<()> {
        let mut schedule = Schedule::for_turns(self.settings.every.unsigned_abs());
        // What is attached counts from now on, and where nothing is yet, it waits.
        let status = session.in_words();
        session.service_manager.ready(&status);
        self.invite(&mut session);
        loop {
            match session.run(&mut schedule).await {
                Pause::Turn => self.turn(&mut session, &mut schedule)?,
                Pause::Reload => {
                    session.service_manager.reloads();
                    self.read_again(&session);
                    self.take_over(&mut session);
                }
                Pause::End => break,
            }
            self.tell_service_manager(&mut session);
        }
        session.service_manager.stops();
        // What was counted since the last turn is judged and saved as well.
        session.drain();
        session.attribution.poll();
        let last = self.take(&mut session)?;
        self.judge.finish(Turn {
            is_last: true,
            ..last
        })
    }

    /// Has what was counted judged, once what was counted before is.
    fn turn(&mut self, session: &mut Session, schedule: &mut Schedule) -> anyhow::Result<()> {
        if !self.judge.is_idle()? {
            let said = self.said_late.replace(self.n_turns);
            if said.is_none_or(|turn| turn + LATE_TURNS < self.n_turns) {
                warn(
                    "auditor: a turn is not judged yet and the next one is due; counting goes on, and it is judged once that is done",
                );
            }
            schedule.turn_soon();
            return Ok(());
        }
        match self.take(session) {
            Ok(turn) => self.judge.judge(turn),
            Err(error) => {
                warn(&format!(
                    "auditor: nothing can be judged now: {error:#}; it is tried again"
                ));
                Ok(())
            }
        }
    }

    /// What was counted so far, and what it is to be compared with.
    fn take(&mut self, session: &mut Session) -> anyhow::Result<Turn> {
        let now = session.clock.now();
        self.n_turns += 1;
        if self.reload.is_due(&self.configuration) {
            self.read_again(session);
        }
        self.follow_pushed(session);
        self.take_over(session);
        let window = self.configuration.window(self.settings.window);
        session.remember_for(window);
        let policy = self.configuration.policy(
            &session.facts.host,
            &mut self.names.of_age(window.unsigned_abs()),
        )?;
        session.invite(&policy);
        session.find_ways(&policy);
        let start = now.checked_sub(window).unwrap_or(now);
        let observed = session.counted_so_far(Window {
            start,
            end: now,
            planned: window,
            since: start,
        });
        let is_retiring = self.n_turns.is_multiple_of(RETIRE_TURNS);
        let retired = is_retiring.then(|| session.retire());
        // Gaps that have ended are kept by the history from now on.
        session.gaps.retain(|gap| gap.until.is_none());
        Ok(Turn {
            configuration: Arc::clone(&self.configuration),
            policy,
            observed,
            retired,
            drains: session.take_drains(),
            is_configured: self.reload.trouble().is_none(),
            is_last: false,
        })
    }

    /// Has the session know what rules let others ask before the first turn. Where that can't be said yet, the turn says why.
    fn invite(&mut self, session: &mut Session) {
        let mut lookup = self.names.of_age(self.settings.every.unsigned_abs());
        if let Ok(policy) = self.configuration.policy(&session.facts.host, &mut lookup) {
            session.invite(&policy);
        }
    }

    /// Says what this watch does and has found, and that files are read again where they are.
    fn tell_service_manager(&self, session: &mut Session) {
        let mut status = session.in_words();
        if let Some(found) = self.judge.found() {
            status = format!("{status}; {found}");
        }
        if let Some(trouble) = self.reload.trouble() {
            status = format!("{status}; {trouble}");
        }
        if !self.reload.is_pending() {
            session.service_manager.ready(&status);
        }
        session.service_manager.does(&status);
    }

    fn read_again(&mut self, session: &Session) {
        self.reload.read(&Current {
            settings: &self.settings,
            configuration: &self.configuration,
            names: &self.names,
            host: &session.facts.host,
        });
    }

    /// Reads what is pushed to the fleet, where that is taken and is something else than before.
    fn follow_pushed(&mut self, session: &Session) {
        let host = &session.facts.host;
        let Some(section) = self.reload.followed(&self.configuration) else {
            self.follower = None;
            return;
        };
        let follower = self.follower.take().filter(|one| one.is_of(section));
        let follower = follower.unwrap_or_else(|| {
            let name = publisher::published_name(section, &host.name);
            Follower::begin(&self.threads, section, Some(name))
        });
        if let Some(last) = self.follower.insert(follower).news() {
            let current = Current {
                settings: &self.settings,
                configuration: &self.configuration,
                names: &self.names,
                host,
            };
            self.reload.take_pushed(&last, &current);
        }
    }

    /// Switches to the configuration that was read again, once its host names are looked up.
    fn take_over(&mut self, session: &mut Session) {
        let Some(Next {
            configuration,
            names,
            selection,
        }) = self.reload.take()
        else {
            return;
        };
        session.document(&configuration.matrices);
        session.select(selection);
        session.attribution.want(configuration.processes());
        self.names = names;
        match configuration.pushed() {
            Some(pushed) => say(&format!(
                "auditor: the configuration was read again, and is in use: {}",
                pushed.text()
            )),
            None => say("auditor: the configuration was read again, and is in use"),
        }
        self.configuration = Arc::new(configuration);
    }
}
