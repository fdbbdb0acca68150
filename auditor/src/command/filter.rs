//! Options that say which part of flows and rules is wanted.

use clap::{Args, ValueEnum};

use crate::report::{
    Choice, EndFilter, Filter, PortFilter, ProcessFilter, RoleFilter, Sort, VerdictFilter,
};

/// Which flows and rules are shown.
#[derive(Args, Clone, Debug)]
pub(super) struct FilterOptions {
    #[command(flatten)]
    flows: FlowFilterOptions,
    /// Only these verdicts or severities, such as unexpected,missing or violation; '!fine' takes all others
    #[arg(long, value_name = "VERDICT", help_heading = "What is shown")]
    verdict: Option<Choice<VerdictFilter>>,
    /// Each flow by itself, also those that are alike, and all of them
    #[arg(long, help_heading = "What is shown")]
    pub(super) all: bool,
}

/// Which flows are shown.
#[derive(Args, Clone, Debug)]
pub(super) struct FlowFilterOptions {
    /// Only flows of these clients: addresses, networks, roles, or no-role for those in none; '!10.0.0.0/8,web' takes all others
    #[arg(long, value_name = "WHO", help_heading = "What is shown")]
    client: Option<Choice<EndFilter>>,
    /// Only flows to these servers, named as clients are
    #[arg(long, value_name = "WHO", help_heading = "What is shown")]
    server: Option<Choice<EndFilter>>,
    /// Only these ports of servers, such as 443, 8000-8010,443 or tcp/443,udp/53; '!22' takes all others
    #[arg(long, value_name = "PORTS", help_heading = "What is shown")]
    port: Option<Choice<PortFilter>>,
    /// Only what a process of this host has a part in: a part of its name; '!sshd' takes all else
    #[arg(long, value_name = "NAME", help_heading = "What is shown")]
    process: Option<Choice<ProcessFilter>>,
    /// Only so many, of flows and of rules
    #[arg(long, value_name = "N", help_heading = "What is shown")]
    top: Option<usize>,
    /// In which order
    #[arg(long, value_enum, help_heading = "What is shown")]
    sort: Option<Order>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Order {
    /// Most bytes first
    Bytes,
    /// Most packets first
    Packets,
    /// Seen last first
    Last,
    /// Seen first first
    First,
    /// Lowest port first
    Port,
}

impl FilterOptions {
    /// What is wanted; `role` is the role that one end must have.
    pub(super) fn filter(&self, role: Option<&Choice<RoleFilter>>) -> Filter {
        Filter {
            verdict: self.verdict.clone(),
            role: role.cloned(),
            ..self.flows.filter()
        }
    }
}

impl FlowFilterOptions {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            client: self.client.clone(),
            server: self.server.clone(),
            ports: self.port.clone(),
            verdict: None,
            role: None,
            process: self.process.clone(),
            sort: self.sort.map(|order| match order {
                Order::Bytes => Sort::Bytes,
                Order::Packets => Sort::Packets,
                Order::Last => Sort::Last,
                Order::First => Sort::First,
                Order::Port => Sort::Port,
            }),
            top: self.top,
        }
    }
}
