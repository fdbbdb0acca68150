//! The configuration of a watch, read again: all of it is in use, or none.

use super::{
    daemon::Daemon, judge::Configuration, names::HostNames, outbox::Outbox, session::Session,
};
use crate::{capture::Selection, output::say};

impl Daemon<'_> {
    /// Reads all files again. If one of them is wrong, everything stays what it was, and that is said.
    pub(crate) fn read_again(&mut self, session: &mut Session) {
        self.files = self.plan.files();
        match self.read(session) {
            Ok(next) => {
                self.is_misconfigured = false;
                self.next = Some(next);
                self.take_over(session);
            }
            Err(error) => {
                self.is_misconfigured = true;
                say(&format!(
                    "auditor: {error:#}; the configuration stays what it was, all of it"
                ));
            }
        }
    }

    fn read(&self, session: &Session) -> anyhow::Result<(Configuration, HostNames)> {
        let plan = Configuration::read(&self.command.basis)?;
        Selection::parse(&plan.interfaces(&self.command.interface))?;
        // Roles and matrices must fit each other, whatever addresses names have.
        plan.policy(&session.host, &mut |_| Ok(Vec::new()))?;
        let names = self.names.renewed(plan.deployment.as_ref());
        Ok((plan, names))
    }

    /// Takes what was read over, once every name in it was looked up: until then a role would have no address, and its
    /// traffic would be nobody's.
    pub(crate) fn take_over(&mut self, session: &mut Session) {
        let Some((plan, names)) = self.next.take_if(|(_, names)| names.are_looked_up()) else {
            return;
        };
        let Ok(selection) = Selection::parse(&plan.interfaces(&self.command.interface)) else {
            return;
        };
        session.document(&plan.matrices);
        session.follow.select(selection);
        if plan.sinks() != self.plan.sinks() {
            let database = self.state.database();
            let host = &session.host.name;
            self.deliveries = Outbox::begin(&self.outside, plan.sinks(), &database, host);
        }
        self.files = plan.files();
        self.names = names;
        self.plan = plan;
        say("auditor: the configuration was read again, and is in use");
    }
}
