//! Lists of hosts below a line that names their port, from the first item to their rows.

use std::sync::Arc;

use super::{
    List, Prose,
    host_list::{Host, HostList},
    list::ListItem,
    statement_row::{Place, doubt_message},
};
use crate::document::{context::Context, interner::Interner, problem::Severity, text::is_host};

impl Prose {
    /// Keeps an item of a list below a line that would say it of hosts.
    pub(super) fn add_host(
        &mut self,
        item: &ListItem,
        file: &Arc<str>,
        context: &Arc<Context>,
    ) -> bool {
        if let Some(list) = &mut self.list {
            let goes_on = list.hosts.is_some() && list.context.section == context.section;
            if goes_on {
                list.items.push(item.clone());
            }
            return goes_on;
        }
        let is_here = |above: &&super::HeldSentence| above.context.section == context.section;
        let above = self.above.as_ref().filter(is_here);
        let before = self
            .hosts_below
            .as_ref()
            .filter(|(section, _)| *section == context.section)
            .map(|(_, hosts)| hosts);
        // Whoever lists something else below such a line begins with something else.
        let of_urls = |line: &str| {
            HostList::of_urls(line, &self.names)
                .filter(|list| Host::below(list, &item.text).is_some())
        };
        let below_line = above.and_then(|above| {
            HostList::below(&above.text, &self.names, before).or_else(|| of_urls(&above.text))
        });
        let heading = context
            .section
            .as_deref()
            .and_then(|section| section.rsplit(" / ").next());
        // A heading says of what stands next to it, and of nothing behind other text.
        let is_first = self.begun != context.section;
        let below_heading = || of_urls(heading.filter(|_| is_first)?);
        let Some(hosts) = below_line.or_else(below_heading) else {
            return false;
        };
        self.list = Some(List {
            items: vec![item.clone()],
            introduction: self.above.take(),
            context: Arc::clone(context),
            file: Arc::clone(file),
            is_of_paragraphs: false,
            hosts: Some(hosts),
        });
        true
    }

    /// Reads a list below a line that would say it of hosts, if most of its items are some.
    pub(super) fn end_hosts(&mut self, list: &mut List, interner: &mut Interner) -> bool {
        let Some(hosts) = list.hosts.take() else {
            return false;
        };
        let are_hosts = list
            .items
            .iter()
            .filter(|item| Host::below(&hosts, &item.text).is_some());
        if 2 * are_hosts.count() <= list.items.len() {
            let bare = list.items.extract_if(.., |item| is_host(&item.text));
            let of_section = self.hosts.entry(list.context.section.clone()).or_default();
            of_section.extend(bare.map(|item| item.text));
            return false;
        }
        for item in &list.items {
            let place = Place {
                file: &list.file,
                line: item.line,
                context: &list.context,
                machine: None,
            };
            let Some(host) = Host::below(&hosts, &item.text) else {
                let names_host = Host::of(&item.text).is_some();
                let message = if names_host { NO_PORT } else { NO_HOST };
                self.problems
                    .push(place.problem(Severity::Remark, &item.text, message));
                continue;
            };
            if hosts.takes_up {
                self.problems
                    .push(place.problem(Severity::Remark, &item.text, TAKES_UP));
            }
            for statement in hosts.statements(host) {
                if let Some(doubt) = statement.doubt {
                    let (severity, message) = doubt_message(doubt);
                    self.problems
                        .push(place.problem(severity, &item.text, message));
                    continue;
                }
                let mut row = place.row(&item.text, statement);
                interner.intern(&mut row);
                self.rows.push(row);
            }
        }
        if let Some(above) = &list.introduction {
            let ports = hosts.ports().map(|range| (above.line, range));
            self.named_above.extend(ports);
        }
        self.hosts_below = Some((list.context.section.clone(), hosts));
        true
    }
}

const NO_HOST: &str = "the line above names the port of hosts, and which one this is was not understood, so no rule was made of it; add one by hand";
const NO_PORT: &str = "access to this host is asked for, and no port of it is named, so no rule was made of it; add one by hand";
const TAKES_UP: &str = "the line above this list names no port, so the ports of the list before it were taken; check its rule";
