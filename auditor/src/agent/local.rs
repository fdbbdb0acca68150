//! Asks which addresses beside those of its interfaces this host takes packets for.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use super::clock;
use crate::{
    capture::route::{self, LocalRoute, TableRule},
    observed::{self, Reached},
};

/// Of its time, a look may take one part in so many: with a million routes the kernel needs a while to find the local ones.
const SHARE: u32 = 100;
/// The tables that every host's rules name (linux/rtnetlink.h): default, main, local.
const DEFAULT_TABLES: [u32; 3] = [253, 254, 255];

/// What the routing tables said lately.
#[derive(Debug, Default)]
pub(crate) struct LocalRoutes {
    routes: [BTreeSet<observed::LocalRoute>; 2],
    /// When they are asked again.
    due: Option<Instant>,
}

impl LocalRoutes {
    /// The local routes as they are, or were lately. What can't be asked now stays as it was.
    pub(crate) fn look(&mut self) -> impl Iterator<Item = observed::LocalRoute> + '_ {
        let now = clock::monotonic();
        if self.due.is_none_or(|due| due <= now) {
            for (known, is_ipv4) in self.routes.iter_mut().zip([true, false]) {
                if let Ok(routes) = route::local_routes(is_ipv4) {
                    // A kernel without policy routing has the rules of every host.
                    let rules = route::table_rules(is_ipv4).unwrap_or_else(|_| default_rules());
                    *known = reached(&routes, &rules).collect();
                }
            }
            self.due = Some(now + clock::since(now).saturating_mul(SHARE).min(MOST));
        }
        self.routes.iter().flatten().copied()
    }
}

/// However long a look takes, the next one comes no later.
const MOST: Duration = Duration::from_mins(1);

fn default_rules() -> Vec<TableRule> {
    let rule = |table| TableRule {
        table: Some(table),
        to: None,
        is_conditional: false,
    };
    DEFAULT_TABLES.map(rule).into()
}

/// Which packets come to each route; routes in tables that no rule names come to nothing.
fn reached<'a>(
    routes: &'a [LocalRoute],
    rules: &'a [TableRule],
) -> impl Iterator<Item = observed::LocalRoute> + 'a {
    routes.iter().filter_map(|route| {
        let network = route.network;
        let of_table = rules.iter().filter(|rule| rule.table == Some(route.table));
        let mut of_table = of_table.peekable();
        if of_table.peek().is_none() {
            // A VRF's table is not named by any rule.
            let has_vrf = rules.iter().any(|rule| rule.table.is_none());
            return has_vrf.then_some(observed::LocalRoute {
                network,
                reached: Reached::BySome,
            });
        }
        let is_for_all = |rule: &TableRule| {
            !rule.is_conditional && rule.to.is_none_or(|to| to.contains(&network))
        };
        Some(observed::LocalRoute {
            network,
            reached: if of_table.any(is_for_all) {
                Reached::ByAll
            } else {
                Reached::BySome
            },
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{LocalRoute, TableRule, default_rules, reached};
    use crate::observed::Reached;

    #[test]
    fn a_route_counts_if_a_rule_leads_to_it() {
        let route = |network: &str, table| LocalRoute {
            network: network.parse().unwrap(),
            table,
        };
        let rule = |table, to: Option<&str>, is_conditional| TableRule {
            table,
            to: to.map(|to| to.parse().unwrap()),
            is_conditional,
        };
        let mut rules = default_rules();
        rules.extend([
            // As for a transparent proxy: packets with a mark.
            rule(Some(100), None, true),
            rule(Some(101), Some("10.6.0.0/16"), false),
            rule(Some(101), None, true),
        ]);
        let check = |network: &str, table, expected: Option<Reached>| {
            let routes = [route(network, table)];
            let found: Vec<Reached> = reached(&routes, &rules).map(|one| one.reached).collect();
            assert_eq!(found, Vec::from_iter(expected), "{network} {table}");
        };
        check("10.5.0.0/24", 255, Some(Reached::ByAll));
        check("fd05::/64", 254, Some(Reached::ByAll));
        check("0.0.0.0/0", 100, Some(Reached::BySome));
        check("10.6.7.0/24", 101, Some(Reached::ByAll));
        check("10.7.0.0/24", 101, Some(Reached::BySome));
        check("10.7.0.0/24", 102, None);
        rules.push(rule(None, None, true));
        let routes = [route("10.7.0.0/24", 102)];
        let found: Vec<Reached> = reached(&routes, &rules).map(|one| one.reached).collect();
        assert_eq!(found, [Reached::BySome]);
    }
}
