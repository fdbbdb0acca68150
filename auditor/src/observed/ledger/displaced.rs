//! Questions that are no longer known by their addresses, since they made room or found none: what answers them looks as if this
//! host had begun.

use std::collections::HashMap;

use auditor_common::{
    ConversationKey, ConversationRecord, PackedPorts, port::protocol, side::has_ports,
};

use super::{
    own::is_two_way,
    sides::{Client, here},
};

/// For so many epochs a question may be answered: who has waited five seconds asks again (resolv.conf(5)).
const WAIT: u64 = 50;

/// When questions went, as far as they may still be answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Displaced {
    /// The last one that the ledger kept no more, by its protocol and this host's port.
    asked: HashMap<(u8, u16), u64>,
    /// The last time at which the kernel half had no place for some.
    uncounted: Option<u64>,
    /// What this host began, as far as this drain knows.
    begun: Vec<ConversationKey>,
    /// The latest epoch.
    now: u64,
}

impl Displaced {
    /// Takes in that a conversation is not known any more.
    pub(super) fn note(&mut self, key: &ConversationKey, record: &ConversationRecord) {
        let ports = PackedPorts(key.ports);
        let here = here(ports);
        if is_of_datagrams(key) && 0 < here.other().told(record) {
            let last = self
                .asked
                .entry((ports.protocol(), here.port(ports)))
                .or_default();
            *last = record.last.max(*last);
        }
    }

    /// Whether a conversation that is new, and that this host seems to have begun, may answer one that is not known any more.
    pub(super) fn may_be_answer(
        &mut self,
        key: &ConversationKey,
        record: &ConversationRecord,
    ) -> bool {
        self.now = self.now.max(record.last);
        let ports = PackedPorts(key.ports);
        let here = here(ports);
        if ports.is_server_known()
            || !is_of_datagrams(key)
            || here.told(record) == 0
            || Client::first_sender(record) != here
        {
            return false;
        }
        let asked = self.asked.get(&(ports.protocol(), here.port(ports)));
        let may_answer = [asked, self.uncounted.as_ref()]
            .into_iter()
            .flatten()
            .any(|last| record.first <= last + WAIT);
        if !may_answer {
            self.begun.push(*key);
        }
        may_answer
    }

    /// Ends a drain. Returns the conversations that may be answers after all, where the kernel half had no place for some packets
    /// since the last one.
    pub(super) fn end_drain(&mut self, is_some_uncounted: bool) -> Vec<ConversationKey> {
        let now = self.now;
        self.asked.retain(|_, last| now <= *last + WAIT);
        let begun = std::mem::take(&mut self.begun);
        if is_some_uncounted {
            self.uncounted = Some(now);
            begun
        } else {
            Vec::new()
        }
    }
}

/// Whether who began is told by the first packet alone, and on a link, where what comes in and what leaves are told apart.
fn is_of_datagrams(key: &ConversationKey) -> bool {
    let number = PackedPorts(key.ports).protocol();
    has_ports(number)
        && !matches!(number, protocol::TCP | protocol::SCTP)
        && !is_two_way(key.interface)
}

#[cfg(test)]
mod tests {
    use auditor_common::{
        ConversationKey, ConversationRecord, Evidence, KeptPorts, PackedPorts, flow::opening,
        packet::mapped, port::protocol::UDP,
    };

    use super::{
        super::{Knowledge, Ledger, LocalNetworks, Passes, RememberedSides},
        WAIT,
    };
    use crate::port::PortRange;

    const HERE: [u8; 16] = mapped([10, 0, 0, 1]);
    const SERVICE: u16 = 5300;
    /// A port that clients of this host take, to which a socket is bound as well.
    const OWN: u16 = 45_000;

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(64);
        let address = "10.0.0.1".parse().unwrap();
        let (local, passes) = (LocalNetworks::default(), Passes::default());
        ledger.own(&[address].into(), &[].into(), &local, passes);
        ledger
    }

    /// A conversation between a port of this host and one of a host somewhere.
    fn key(host: u8, own: u16, other: u16) -> ConversationKey {
        let ports = PackedPorts::new(KeptPorts::Both, UDP, own, other);
        ConversationKey {
            addresses: [HERE, mapped([11, 0, 0, host])],
            ports: ports.first_leaving(true).0,
            interface: 2,
        }
    }

    fn record(packets: [u64; 2], opening: u8, at: u64) -> ConversationRecord {
        ConversationRecord {
            packets,
            bytes: packets.map(|packets| packets * 100),
            opening: opening.into(),
            first: at,
            last: at,
            ..ConversationRecord::default()
        }
    }

    fn asked(at: u64) -> ConversationRecord {
        record([0, 1], opening::STARTED_BY_SECOND, at)
    }

    fn sent(at: u64) -> ConversationRecord {
        record([1, 0], 0, at)
    }

    /// The services that are asked, each with whether it is of this host, and by which evidence; of how many flows each.
    fn services(ledger: &Ledger) -> Vec<(bool, u16, Option<Evidence>, usize)> {
        let flows = ledger.flows(&Knowledge {
            is_documented: &|_, _| false,
            listens: Some(&|_, _, port| [SERVICE, OWN].contains(&port)),
            ephemeral: PortRange::EPHEMERAL,
            remembered: &RememberedSides::default(),
            sees_all_sent: true,
            joins_expected: true,
        });
        let mut services: Vec<(bool, u16, Option<Evidence>, usize)> = Vec::new();
        for (key, record) in flows.flows {
            let evidence = Evidence::from_number(record.counts.evidence);
            let (is_here, port) = (key.server == HERE, key.port);
            match services
                .iter_mut()
                .find(|one| (one.0, one.1, one.2) == (is_here, port, evidence))
            {
                Some((.., n_flows)) => *n_flows += 1,
                None => services.push((is_here, port, evidence, 1)),
            }
        }
        services.sort_by_key(|one| (one.0, one.1));
        services
    }

    #[test]
    fn what_answers_a_question_that_made_room_is_an_answer() {
        let mut ledger = ledger();
        for host in 0..60 {
            ledger.add(&key(host, SERVICE, 2730), &asked(10));
            ledger.add(&key(host, OWN, 2731), &asked(10));
        }
        ledger.end_drain(false);
        for host in 0..60 {
            ledger.add(&key(host, SERVICE, 2730), &sent(11));
        }
        // Whoever was asked may have asked again before the next drain.
        ledger.add(&key(99, SERVICE, 2730), &record([1, 1], 0, 11));
        // This host asks from a client's port all the same.
        ledger.add(&key(100, OWN, 6667), &sent(11));
        ledger.end_drain(false);
        let services = services(&ledger);
        let of_others: Vec<_> = services.iter().filter(|one| !one.0).collect();
        assert_eq!(of_others, [&(false, 6667, Some(Evidence::FirstSender), 1)]);
        let is_answered = (true, SERVICE, Some(Evidence::Listener));
        let answered = services
            .iter()
            .find(|one| (one.0, one.1, one.2) == is_answered);
        assert!(
            answered.is_some_and(|(.., n_flows)| 1 < *n_flows),
            "{services:?}"
        );
        // Answers, which anybody can ask for, take no places of what this host asks.
        assert!(ledger.lost().is_empty(), "{:?}", ledger.lost());
    }

    #[test]
    fn where_questions_find_no_place_who_began_is_not_known() {
        let here = (true, SERVICE, Some(Evidence::Listener), 1);
        let there = (false, 2730, Some(Evidence::FirstSender), 1);
        let after = |is_some_uncounted: [bool; 2], epochs: u64| {
            let mut ledger = ledger();
            ledger.add(&key(200, SERVICE, 2730), &asked(10));
            ledger.end_drain(is_some_uncounted[0]);
            ledger.add(&key(1, SERVICE, 2730), &sent(10 + epochs));
            ledger.end_drain(is_some_uncounted[1]);
            let all = services(&ledger);
            let first = [here, there].into_iter().find(|one| {
                // The one that was asked is beside it.
                all.iter()
                    .any(|known| (known.0, known.1, known.2) == (one.0, one.1, one.2))
            });
            first.map(|one| one.0)
        };
        assert_eq!(after([false, false], 1), Some(false));
        assert_eq!(after([false, true], 1), Some(true));
        assert_eq!(after([true, false], WAIT), Some(true));
        assert_eq!(after([true, false], WAIT + 1), Some(false));
    }
}
