//! The configuration of a watch, read again: all of it is in use, or none.

use super::{
    super::{configuration::Configuration, names::HostNames, outbox::Outbox, session::Session},
    Daemon,
};
use crate::{capture::Selection, output::say};

impl Daemon {
    /// Reads all files again. If one of them is wrong, everything stays what it was, and that is said.
    pub(super) fn reload(&mut self, session: &mut Session) {
        self.files = self.configuration.files();
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
        let configuration = Configuration::read(&self.settings.sources)?;
        Selection::parse(&configuration.interfaces(&self.settings.interfaces))?;
        // Roles and matrices must fit each other, whatever addresses names have.
        configuration.check(&session.facts.host, &mut |_| Ok(Vec::new()))?;
        let names = self.names.renewed(configuration.deployment.as_ref());
        Ok((configuration, names))
    }

    /// Takes what was read over, once every name in it was looked up: until then a role would have no address, and its
    /// traffic would be nobody's.
    pub(super) fn take_over(&mut self, session: &mut Session) {
        let Some((configuration, names)) = self.next.take_if(|(_, names)| names.are_looked_up())
        else {
            return;
        };
        let Ok(selection) = Selection::parse(&configuration.interfaces(&self.settings.interfaces))
        else {
            return;
        };
        session.document(&configuration.matrices);
        session.select(selection);
        if !configuration.has_sinks_of(&self.configuration) {
            let database = self.journal.state().database();
            let host = &session.facts.host.name;
            self.outbox = Outbox::begin(&self.threads, &configuration.sinks, &database, host);
        }
        self.files = configuration.files();
        self.names = names;
        self.configuration = configuration;
        say("auditor: the configuration was read again, and is in use");
    }
}
