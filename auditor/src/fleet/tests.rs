//! Verdicts on fleets, with what is expected of them written by hand.

use std::{collections::BTreeSet, path::Path};

use auditor_common::{Direction, Evidence};
use jiff::{SignedDuration, Timestamp};

use super::{
    course::{Course, Doubt},
    message::{ConfigurationDigest, FlowState, GapState, HostState, ShardState, Writer},
    shard::{SHARDS, shards},
    state::{FleetState, HostRecord},
    verdict::{FleetVerdict, Overview, Question},
};
use crate::{
    audit::{Policy, RuleVerdict, Severity},
    deployment::Deployment,
    matrix::Matrix,
    observed::{DirectionCounters, Endpoints, Flow, Listener, Remembered},
    report::schema::Part,
    transport::Transport,
};

mod shown;

const MATRIX: &str = r#"
name = "Shop"
[[rule]]
id = "web"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "80"
presence = "required"
[[rule]]
id = "name"
client = ["user"]
server = ["web"]
transport = "udp"
ports = "53"
[[rule]]
id = "store"
client = ["web"]
server = ["store"]
transport = "tcp"
ports = "5432"
"#;

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
[roles]
user = ["10.0.0.1", "10.0.0.4"]
web = ["10.0.0.2"]
store = ["10.0.0.3"]
virtual = ["10.0.9.9"]
"#;

/// Now, and the length of the window: it began at 9,400.
const NOW: i64 = 10_000;
const WINDOW: i64 = 600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A fleet of these hosts: `user` is 10.0.0.1, `web` 10.0.0.2, `store` 10.0.0.3, `other` 10.0.0.4, which is a user as well.
struct Scene(FleetState);

impl Scene {
    fn new() -> Self {
        let mut scene = Self(FleetState::default());
        for (name, address) in [
            ("user", "10.0.0.1"),
            ("web", "10.0.0.2"),
            ("store", "10.0.0.3"),
            ("other", "10.0.0.4"),
        ] {
            scene.host(name, address);
        }
        scene
    }

    fn host(&mut self, name: &str, address: &str) {
        let state = HostState {
            writer: Writer {
                name: name.to_owned(),
                machine: name.to_owned(),
            },
            version: "1".to_owned(),
            kernel: "6".to_owned(),
            at: at(NOW - 1),
            every: SignedDuration::from_secs(10),
            since: at(0),
            window: SignedDuration::from_secs(WINDOW),
            addresses: [address.parse().unwrap(), "127.0.0.1".parse().unwrap()].into(),
            networks: BTreeSet::new(),
            roles: Vec::new(),
            interfaces: vec!["eth0".to_owned()],
            unwatched: BTreeSet::new(),
            configuration: ConfigurationDigest::default(),
            gaps: Vec::new(),
            hidden: BTreeSet::new(),
            idle: BTreeSet::new(),
            listeners: BTreeSet::new(),
            flows_left_out: 0,
        };
        let record = HostRecord {
            host: Some((state, at(NOW - 1))),
            ..HostRecord::default()
        };
        self.0.hosts.insert(name.to_owned(), record);
    }

    /// Changes what a host says of itself.
    fn with(mut self, name: &str, change: impl FnOnce(&mut HostState)) -> Self {
        let record = self.0.hosts.get_mut(name).unwrap();
        change(&mut record.host.as_mut().unwrap().0);
        self
    }

    /// A host that spoke last at this second.
    fn spoke(mut self, name: &str, second: i64) -> Self {
        let record = self.0.hosts.get_mut(name).unwrap();
        let (state, stored) = record.host.as_mut().unwrap();
        state.at = at(second);
        *stored = at(second);
        self
    }

    /// A host without a watch.
    fn without(mut self, name: &str) -> Self {
        self.0.hosts.remove(name);
        self
    }

    fn sees(mut self, name: &str, seen: &Seen) -> Self {
        let flow = seen.state();
        for shard in shards(&flow.flow) {
            let record = self.0.hosts.get_mut(name).unwrap();
            let writer = record.host.as_ref().unwrap().0.writer.clone();
            let state = record.shards.entry(shard).or_insert_with(|| ShardState {
                writer,
                shard,
                at: at(NOW - 1),
                flows: Vec::new(),
            });
            state.flows.push(flow.clone());
        }
        self
    }

    fn policy(&self) -> Policy {
        let matrix = Matrix::parse(Path::new("m.toml"), MATRIX).unwrap();
        let deployment = Deployment::parse(Path::new("a.toml"), DEPLOYMENT).unwrap();
        let host = &self.overview().observed.host;
        Policy::new(&[matrix], Some(&deployment), &[], host, &mut |_| {
            Ok(Vec::new())
        })
        .unwrap()
    }

    fn overview(&self) -> Overview<'_> {
        Overview::of(&self.0, question(&ConfigurationDigest::default()))
    }

    fn verdict(&self) -> FleetVerdict<'_> {
        self.overview().judge(&self.policy())
    }

    /// The verdict on a rule, and its severity.
    fn rule(&self, id: &str) -> (RuleVerdict, Severity) {
        let policy = self.policy();
        let at = policy.rules.iter().position(|rule| rule.label == id);
        let finding = &self.verdict().audit.rules[at.unwrap()];
        (finding.verdict, finding.severity)
    }

    /// The only conversation's course.
    fn course(&self) -> Course {
        let verdict = self.verdict();
        assert_eq!(verdict.courses.len(), 1, "{:#?}", verdict.conversations);
        verdict.courses[0].clone()
    }
}

fn question(configuration: &ConfigurationDigest) -> Question<'_> {
    Question {
        now: at(NOW),
        window: SignedDuration::from_secs(WINDOW),
        heard_since: None,
        configuration,
        pushed: None,
    }
}

/// A flow as one host saw it: who, the packets each way, whether the client's left it, and when what was.
#[derive(Clone, Copy)]
struct Seen {
    text: &'static str,
    packets: [u64; 2],
    client_is_here: bool,
    asked: Option<i64>,
    said: Option<i64>,
    answered: Option<i64>,
    refused: Option<i64>,
    real: Option<(&'static str, &'static str, u16)>,
    evidence: Evidence,
    client_port: Option<u16>,
}

/// The user's request to the web server, and no answer, as the user's host sees it.
const ASKED: Seen = Seen {
    text: "10.0.0.1 10.0.0.2 tcp 80",
    packets: [3, 0],
    client_is_here: true,
    asked: Some(9_900),
    said: None,
    answered: None,
    refused: None,
    real: None,
    evidence: Evidence::Handshake,
    client_port: None,
};

/// The same as the web server's host sees it.
const HEARD: Seen = Seen {
    client_is_here: false,
    ..ASKED
};

/// A conversation that went well, as the user's host sees it.
const GOT: Seen = Seen {
    packets: [9, 9],
    said: Some(9_900),
    answered: Some(9_900),
    ..ASKED
};

/// The same as the web server's host sees it.
const GAVE: Seen = Seen {
    client_is_here: false,
    ..GOT
};

impl Seen {
    fn state(&self) -> FlowState {
        let parts: Vec<&str> = self.text.split(' ').collect();
        let [to_server, to_client] = self.packets.map(|packets| DirectionCounters {
            fragments: 0,
            packets,
            bytes: packets * 100,
            resets: 0,
            flags: 0,
        });
        let flow = Flow {
            client: parts[0].parse().unwrap(),
            server: parts[1].parse().unwrap(),
            protocol: if parts[2] == "tcp" { 6 } else { 17 },
            port: parts[3].parse().unwrap(),
            interface: "eth0".to_owned(),
            tunnel: None,
            to_server,
            to_client,
            requests: if to_client.packets == 0 {
                to_server.packets
            } else {
                1
            },
            replies: 1.min(to_client.packets),
            refusals: 0,
            is_unreachable: false,
            first: at(9_800),
            last: at(self.asked.max(self.said).unwrap_or(9_800)),
            evidence: self.evidence,
            client_direction: Some(if self.client_is_here {
                Direction::Egress
            } else {
                Direction::Ingress
            }),
            client_port: self.client_port,
            translated: self
                .real
                .map(|(client, server, port)| Endpoints {
                    client: client.parse().unwrap(),
                    server: server.parse().unwrap(),
                    port,
                })
                .into_iter()
                .collect(),
            remembered: Some(Remembered {
                answered: self.answered.map(at),
                refused: self.refused.map(at),
                one_way: None,
                accepted: None,
            }),
        };
        FlowState {
            flow,
            asked: self.asked.map(at),
            said: self.said.map(at),
            processes: Vec::new(),
        }
    }
}

const NEVER_ARRIVED: Course = Course::NeverArrived {
    client: 2,
    server: 3,
};

#[test]
fn hosts_are_in_the_order_of_their_names() {
    let scene = Scene::new();
    let names: Vec<&str> = scene
        .overview()
        .hosts
        .iter()
        .map(|host| host.name)
        .collect();
    assert_eq!(names, ["other", "store", "user", "web"]);
}

#[test]
fn what_both_ends_saw_is_one_conversation() {
    let scene = Scene::new().sees("user", &GOT).sees("web", &GAVE);
    assert_eq!(scene.rule("web"), (RuleVerdict::Observed, Severity::Fine));
    assert_eq!(scene.course(), Course::Answered);
    let verdict = scene.verdict();
    let view = &verdict.rules[0];
    assert_eq!(view.seen, [2, 3].into());
    // The other user never asked.
    assert_eq!(view.missing, [(0, Part::Client)]);
    assert_eq!(scene.rule("store").0, RuleVerdict::Missing);
}

#[test]
fn the_place_of_the_loss() {
    // The client asked, the server's host never heard it.
    let scene = Scene::new().sees("user", &ASKED);
    assert_eq!(scene.course(), NEVER_ARRIVED);
    assert_eq!(
        scene.rule("web"),
        (RuleVerdict::Unanswered, Severity::Violation)
    );
    // It arrived, and nothing left the server's host.
    let scene = Scene::new().sees("user", &ASKED).sees("web", &HEARD);
    let unanswered = Course::Unanswered {
        server: 3,
        listening: Some(false),
    };
    assert_eq!(scene.course(), unanswered);
    let listens = |state: &mut HostState| {
        state.listeners.insert(Listener {
            transport: Transport::Tcp,
            port: 80,
            address: "0.0.0.0".parse().unwrap(),
            device: 0,
        });
    };
    let unanswered = Course::Unanswered {
        server: 3,
        listening: Some(true),
    };
    assert_eq!(scene.with("web", listens).course(), unanswered);
    // The server accepted, the client never got it.
    let accepted = Seen {
        packets: [3, 3],
        said: Some(9_900),
        ..HEARD
    };
    let lost = Course::AnswerLost {
        client: 2,
        server: 3,
    };
    let scene = Scene::new().sees("user", &ASKED).sees("web", &accepted);
    assert_eq!(scene.course(), lost);
    assert_eq!(scene.rule("web").0, RuleVerdict::Unanswered);
    // A datagram, whose server's host alone saw an answer.
    let udp = |seen: Seen| Seen {
        text: "10.0.0.1 10.0.0.2 udp 53",
        ..seen
    };
    let scene = Scene::new()
        .sees("user", &udp(ASKED))
        .sees("web", &udp(GAVE));
    assert_eq!(scene.course(), lost);
    assert_eq!(scene.rule("name").0, RuleVerdict::Unanswered);
}

#[test]
fn who_refused() {
    let refused = |seen: Seen| Seen {
        refused: Some(9_900),
        ..seen
    };
    let scene = Scene::new()
        .sees("user", &refused(ASKED))
        .sees("web", &refused(HEARD));
    let by_server = Course::RefusedByServer {
        server: 3,
        listening: Some(false),
    };
    assert_eq!(scene.course(), by_server);
    assert_eq!(scene.rule("web").0, RuleVerdict::Refused);
    // The server's host never heard what is refused.
    let scene = Scene::new().sees("user", &refused(ASKED));
    let on_the_way = Course::RefusedOnTheWay {
        client: 2,
        server: 3,
    };
    assert_eq!(scene.course(), on_the_way);
}

#[test]
fn what_both_ends_do_not_prove_is_not_known() {
    let gap = |state: &mut HostState| {
        state.gaps.push(GapState {
            from: at(9_700),
            until: Some(at(9_750)),
            hides: true,
            text: "it slept".to_owned(),
        });
    };
    for (what, scene, doubt) in [
        (
            "the server's host has a gap",
            Scene::new().sees("user", &ASKED).with("web", gap),
            Doubt::Sight(3),
        ),
        (
            "an interface of the server's host is not watched",
            Scene::new().sees("user", &ASKED).with("web", |state| {
                state.unwatched.insert("eth1".to_owned());
            }),
            Doubt::Sight(3),
        ),
        (
            "the server's host leaves out flows",
            Scene::new()
                .sees("user", &ASKED)
                .with("web", |state| state.flows_left_out = 1),
            Doubt::Sight(3),
        ),
        (
            "the server's host began to watch after that",
            Scene::new()
                .sees("user", &ASKED)
                .with("web", |state| state.since = at(9_950)),
            Doubt::Sight(3),
        ),
        (
            "the server's host fell silent before that",
            Scene::new().sees("user", &ASKED).spoke("web", 9_890),
            Doubt::Time,
        ),
        (
            "it has not had the time to say so",
            Scene::new().sees(
                "user",
                &Seen {
                    asked: Some(NOW - 2),
                    ..ASKED
                },
            ),
            Doubt::Time,
        ),
        (
            "the server's host does not watch",
            Scene::new().sees("user", &ASKED).without("web"),
            Doubt::Server("10.0.0.2".parse().unwrap()),
        ),
        (
            "the client's host does not watch, and the answer is lost or not",
            Scene::new()
                .sees(
                    "web",
                    &Seen {
                        packets: [3, 3],
                        said: Some(9_900),
                        ..HEARD
                    },
                )
                .without("user"),
            Doubt::Client("10.0.0.1".parse().unwrap()),
        ),
        (
            "the server's host heard it shortly before the window",
            Scene::new().sees("user", &ASKED).sees(
                "web",
                &Seen {
                    asked: Some(9_395),
                    ..HEARD
                },
            ),
            Doubt::Time,
        ),
        (
            "the client's host may have missed the answer",
            Scene::new()
                .sees("user", &ASKED)
                .sees(
                    "web",
                    &Seen {
                        packets: [3, 3],
                        said: Some(9_900),
                        ..HEARD
                    },
                )
                .with("user", gap),
            Doubt::Sight(2),
        ),
    ] {
        assert_eq!(scene.course(), Course::Unknown(doubt), "{what}");
    }
    // A gap of the client's host may have hidden the answer; one of the server's did not.
    let scene = || Scene::new().sees("user", &ASKED);
    let unassessed = (RuleVerdict::Unassessed, Severity::Warning);
    assert_eq!(scene().with("user", gap).rule("web"), unassessed);
    assert_eq!(
        scene().with("web", gap).rule("web").0,
        RuleVerdict::Unanswered
    );
}

#[test]
fn a_silent_host_leaves_its_rules_unassessed() {
    let scene = Scene::new().sees("user", &GOT).sees("web", &GAVE);
    assert_eq!(scene.rule("store").0, RuleVerdict::Missing);
    let scene = scene.spoke("store", NOW - 31);
    assert!(scene.overview().hosts[1].is_silent);
    assert_eq!(scene.rule("store").0, RuleVerdict::Unassessed);
    assert_eq!(scene.verdict().rules[2].hiding.members, [1]);
    // What was seen before is not unseen.
    assert_eq!(scene.rule("web").0, RuleVerdict::Observed);
    let scene = Scene::new().spoke("store", NOW - 29);
    assert!(!scene.overview().hosts[1].is_silent);
    assert_eq!(scene.rule("store").0, RuleVerdict::Missing);
}

#[test]
fn what_may_hide_a_rule() {
    let store = |scene: Scene| scene.rule("store").0;
    let hidden = |state: &mut HostState| {
        state.hidden.insert("store".to_owned());
    };
    assert_eq!(
        store(Scene::new().with("web", hidden)),
        RuleVerdict::Unassessed
    );
    // Of a host on neither side.
    assert_eq!(
        store(Scene::new().with("user", hidden)),
        RuleVerdict::Missing
    );
    // One end of it watches.
    assert_eq!(store(Scene::new().without("store")), RuleVerdict::Missing);
    // Nobody does.
    let nobody = Scene::new().without("store").without("web");
    assert_eq!(store(nobody), RuleVerdict::Elsewhere);
    // Of two users one does not watch, and nor does the server.
    let scene = Scene::new().without("other").without("web");
    assert_eq!(scene.rule("web").0, RuleVerdict::Unassessed);
    let pair = ("10.0.0.4".parse().unwrap(), "10.0.0.2".parse().unwrap());
    assert_eq!(scene.verdict().rules[0].hiding.unwatched, Some(pair));
    let idle = Scene::new().with("store", |state| {
        state.idle.insert("store".to_owned());
    });
    assert_eq!(store(idle), RuleVerdict::Idle);
    // Another matrix: its flows count, and its word on rules does not.
    let other = |state: &mut HostState| {
        state.configuration.deployment = Some("other".to_owned());
        state.hidden.insert("store".to_owned());
    };
    let scene = Scene::new().with("web", other);
    assert_eq!(scene.overview().hosts[3].differs, ["the deployment"]);
    assert_eq!(store(scene), RuleVerdict::Missing);
    // For three times its time it may not have heard what was pushed.
    for (pushed, is_taking_over) in [
        (None, false),
        (Some(NOW - 29), true),
        (Some(NOW - 30), false),
    ] {
        let scene = Scene::new().with("web", other);
        let configuration = ConfigurationDigest::default();
        let question = Question {
            pushed: pushed.map(at),
            ..question(&configuration)
        };
        let overview = Overview::of(&scene.0, question);
        assert_eq!(
            overview.hosts[3].is_taking_over, is_taking_over,
            "{pushed:?}"
        );
    }
    let scene = Scene::new().with("web", |state| {
        other(state);
        state.since = at(9_500);
    });
    assert_eq!(store(scene), RuleVerdict::Unassessed);
}

#[test]
fn two_hosts_that_contradict_each_other() {
    let scene = Scene::new().sees("user", &GOT);
    let contradiction = Course::Contradiction {
        client: 2,
        server: 3,
    };
    assert_eq!(scene.course(), contradiction);
    // The server's host was asked, and the client's host never did.
    let asked = Scene::new().sees("web", &GAVE);
    let by_other = Course::AskedByOther {
        client: 2,
        server: 3,
    };
    assert_eq!(asked.course(), by_other);
    let later = |state: &mut HostState| state.since = at(9_950);
    assert_eq!(asked.with("user", later).course(), Course::Answered);
    // A host that may not have seen it does not contradict.
    let scene = scene.with("web", |state| state.since = at(9_950));
    assert_eq!(scene.course(), Course::Answered);
}

#[test]
fn a_translated_conversation_is_one_finding_that_arrives_otherwise() {
    let asked = Seen {
        text: "10.0.0.1 10.0.9.9 tcp 8080",
        ..ASKED
    };
    let translated = Seen {
        real: Some(("10.0.0.1", "10.0.0.2", 80)),
        client_is_here: false,
        ..asked
    };
    let mut scene = Scene::new();
    scene.host("router", "10.0.8.8");
    let scene = scene
        .sees("user", &asked)
        .sees("router", &translated)
        .sees("web", &HEARD);
    let verdict = scene.verdict();
    let courses: Vec<&Course> = verdict.courses.iter().collect();
    let of = |server: &str| {
        let at = verdict
            .conversations
            .iter()
            .position(|one| one.flow.server.to_string() == server);
        courses[at.unwrap()]
    };
    assert_eq!(of("10.0.9.9"), &Course::ArrivesOtherwise { by: vec![1] });
    assert_eq!(
        of("10.0.0.2"),
        &Course::Unanswered {
            server: 4,
            listening: Some(false)
        }
    );
    // By its real endpoints it is documented.
    assert!(
        verdict
            .audit
            .flows
            .iter()
            .all(|finding| finding.severity == Severity::Fine)
    );
}

#[test]
fn clocks_that_are_apart_by_a_minute_change_nothing() {
    let minute = |seen: Seen| Seen {
        asked: seen.asked.map(|at| at + 60),
        said: seen.said.map(|at| at + 60),
        answered: seen.answered.map(|at| at + 60),
        ..seen
    };
    let ahead = |state: &mut HostState| state.at = at(NOW + 59);
    let scene = Scene::new()
        .sees("user", &ASKED)
        .sees("web", &minute(HEARD))
        .with("web", ahead);
    assert!(!scene.overview().hosts[3].is_silent);
    let unanswered = Course::Unanswered {
        server: 3,
        listening: Some(false),
    };
    assert_eq!(scene.course(), unanswered);
    let verdict = scene.verdict();
    assert_eq!(verdict.conversations[0].flow.last, at(9_900));
    let scene = Scene::new().sees("user", &ASKED).with("web", ahead);
    assert_eq!(scene.course(), NEVER_ARRIVED);
}

#[test]
fn addresses_that_several_hosts_have_are_not_one_host() {
    let bridge = |state: &mut HostState| {
        state.addresses.insert("172.17.0.1".parse().unwrap());
    };
    let inside = Seen {
        text: "172.17.0.1 172.17.0.2 tcp 80",
        ..GOT
    };
    let scene = Scene::new()
        .with("user", bridge)
        .with("other", bridge)
        .sees("user", &inside)
        .sees("other", &inside);
    let verdict = scene.verdict();
    let interfaces: Vec<&str> = verdict
        .conversations
        .iter()
        .map(|one| one.flow.interface.as_str())
        .collect();
    assert_eq!(interfaces, ["other", "user"]);
}

#[test]
fn a_guess_gives_way_to_who_knows() {
    let guess = Seen {
        text: "10.0.0.2 10.0.0.1 udp 40000",
        evidence: Evidence::FirstSender,
        client_port: Some(53),
        client_is_here: true,
        ..GOT
    };
    let known = Seen {
        text: "10.0.0.1 10.0.0.2 udp 53",
        ..GOT
    };
    let scene = Scene::new().sees("web", &guess).sees("user", &known);
    let verdict = scene.verdict();
    assert_eq!(verdict.conversations.len(), 1);
    assert_eq!(verdict.conversations[0].turned_by, [3]);
    assert_eq!(scene.rule("name").0, RuleVerdict::Observed);
}

#[test]
fn packets_that_were_lost_on_the_way() {
    let over = |seen: Seen, packets| Seen {
        packets,
        asked: Some(9_800),
        said: Some(9_800),
        answered: Some(9_800),
        ..seen
    };
    let scene = |sent, received| {
        Scene::new()
            .sees("user", &over(GOT, sent))
            .sees("web", &over(GAVE, received))
    };
    let loss = |scene: &Scene| scene.verdict().losses[0].map(|it| (it.to_server, it.to_client));
    assert_eq!(
        loss(&scene([100, 90], [80, 95])),
        Some(((20, 100), (5, 95)))
    );
    assert_eq!(loss(&scene([100, 90], [100, 90])), None);
    // More came than was sent: no loss explains that.
    assert_eq!(loss(&scene([100, 90], [101, 95])), None);
    // It goes on.
    let scene = Scene::new().sees("user", &GOT).sees("web", &GAVE);
    assert_eq!(loss(&scene), None);
}

#[test]
fn an_undocumented_flow_is_one_finding() {
    let unknown = |seen: Seen| Seen {
        text: "10.0.0.1 10.0.0.2 tcp 22",
        ..seen
    };
    let scene = Scene::new()
        .sees("user", &unknown(GOT))
        .sees("web", &unknown(GAVE));
    let verdict = scene.verdict();
    assert_eq!(verdict.audit.flows.len(), 1);
    assert_eq!(verdict.audit.flows[0].severity, Severity::Violation);
    assert_eq!(verdict.conversations[0].sightings.len(), 2);
    assert_eq!(usize::from(SHARDS), 64);
}
