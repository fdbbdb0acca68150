//! Reads what the sentences above a table say of all its rows: `The following ports on the core must be open to the agents:`.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    among::among,
    introduction::{Introduction, says_optional},
    item::excuses,
    port_phrase::{Evidence, PortPhrase, port_phrases},
    stance::Stance,
    words::words,
};
use crate::{
    document::{
        cell::condition,
        names::Names,
        row::Direction,
        section,
        text::{fold, regex, sentences, unbracket},
    },
    transport::Transport,
};

/// What holds for the rows of a table.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::document) struct AboveTable {
    pub(in crate::document) client: Option<String>,
    /// Who connects to what the rows list, be it known for a machine or not.
    pub(in crate::document) asker: Option<String>,
    /// One must not ask the other: "Block the tills from reaching the store on these ports:"
    pub(in crate::document) is_forbidden: bool,
    /// The machines that what follows goes out of, to nobody that is named: "The tills need outbound access on these ports:"
    pub(in crate::document) sender: Option<String>,
    /// The machines that are asked, or whose ports these are.
    pub(in crate::document) server: Option<String>,
    /// Two that talk to each other: "communication between the Gate server and the Store".
    pub(in crate::document) between: Option<(String, String)>,
    /// Many that talk to each other: "between all nodes of the cluster".
    pub(in crate::document) among: Option<String>,
    pub(in crate::document) transport: Option<Transport>,
    /// "If the proxy is used, it requires:", "They are only needed when mail is sent."
    pub(in crate::document) condition: Option<String>,
    /// "These ports are optional."
    pub(in crate::document) is_optional: bool,
    /// The ports that one phrase names for all rows: `... access to these hosts on port 443/tcp:`
    pub(in crate::document) ports: Option<String>,
}

impl AboveTable {
    /// Reads the sentences of a paragraph that speak of what follows.
    pub(in crate::document) fn of(paragraph: &str, names: &Names) -> Self {
        let mut above = Self::default();
        let mut spoke_of_rows = false;
        for sentence in sentences(paragraph) {
            let goes_on = goes_on(sentence, spoke_of_rows);
            spoke_of_rows |= speaks_of_rows(sentence);
            if !speaks_of_rows(sentence) && !goes_on {
                continue;
            }
            let read = Introduction::of(sentence, names).without_places();
            above.say_when(sentence, &read);
            if !speaks_of_rows(sentence) {
                continue;
            }
            // What is denied names nobody who may ask: "The store does not connect to the tills on these ports."
            if read.stance != Stance::Wanted && read.ends.n_known() == 2 && !read.ends.is_mutual {
                above.is_forbidden |= read.stance == Stance::Forbidden;
                if read.stance != Stance::Forbidden {
                    continue;
                }
            }
            if let [only] = port_phrases(&words(sentence), Evidence::Stated).as_slice()
                && let Some(ports) = shown(only)
                && read.stance == Stance::Wanted
            {
                above.ports = Some(ports);
            }
            let many =
                read.ends.client.as_ref().filter(|client| {
                    read.ends.is_mutual && read.ends.server.as_ref() == Some(*client)
                });
            above.among = among(sentence, names)
                .or_else(|| many.cloned())
                .or(above.among);
            let is_name = |name: &String| {
                name.starts_with(char::is_uppercase) && section::is_noun_phrase(name, names)
                    || section::names_machines(name, names)
                    || section::only_asks(name)
            };
            above.asker = needing_access(sentence)
                .filter(is_name)
                .or_else(|| reaching(sentence).filter(is_name))
                .or(above.asker);
            if read.ends.is_mutual
                && read.ends.client != read.ends.server
                && let (Some(one), Some(other)) = (&read.ends.client, &read.ends.server)
            {
                above.between = Some((one.clone(), other.clone()));
            }
            if let Some(sender) = needing_accesses(sentence, names) {
                above.sender = Some(sender);
                continue;
            }
            if read.direction == Some(Direction::Outbound) {
                above.asker = section::needing(sentence, names).or(above.asker);
            }
            if read.ends.is_mutual {
                continue;
            }
            let is_outgoing = read.direction == Some(Direction::Outbound);
            // What goes out of a machine is asked elsewhere.
            if is_outgoing && read.ends.server.is_none() {
                let sender = read
                    .ends
                    .client
                    .or(read.machine)
                    .or_else(|| section::owner(sentence, names))
                    .filter(is_name_of_machine(names));
                above.sender = sender.or(above.sender);
                continue;
            }
            let asker = read.ends.client.as_ref().filter(|name| is_name(name));
            above.asker = asker
                .filter(|_| read.ends.server.is_none())
                .cloned()
                .or(above.asker);
            // A sentence that names both ends leaves no doubt that they are machines.
            let names_both =
                read.ends.n_known() == 2 || read.ends.client.is_some() && read.machine.is_some();
            let is_machine = |name: &String| names_both || section::names_machines(name, names);
            above.client = read.ends.client.filter(is_machine).or(above.client);
            above.server = read
                .ends
                .server
                .or(read.machine)
                .filter(is_machine)
                // What is called a client asks, and serves nobody.
                .filter(|server| !server.to_lowercase().contains("client"))
                .or(above.server)
                .or_else(|| section::owner(sentence, names).filter(|_| above.client.is_none()));
            above.transport = match read.transports.as_slice() {
                [only] => Some(*only),
                _ => above.transport,
            };
        }
        above
    }
}

impl AboveTable {
    /// Adds when or whether the rows hold, as a sentence on them says it.
    fn say_when(&mut self, sentence: &str, read: &Introduction) {
        // "This is not required if the inner store is used": what is excused need not be there.
        if excuses(sentence)
            || says_optional(sentence.trim_end_matches(['.', ':']))
            || may_be_needed(sentence)
        {
            self.is_optional = true;
            return;
        }
        if read.stance != Stance::Wanted || only_describes(sentence) {
            return;
        }
        let condition = read.condition.clone().or_else(|| condition(sentence).0);
        let condition = condition
            .filter(|condition| !is_empty(condition) && !is_of_other_ports(sentence, condition));
        let leads = sentence.trim_end().ends_with(':');
        let holds = |condition: &String| {
            !is_of_hindrance(condition)
                && (leads || !is_of_reader(condition) && asks_for_traffic(sentence, condition))
        };
        let Some(condition) = condition.filter(holds) else {
            return;
        };
        self.condition = Some(match self.condition.take() {
            Some(before) if before != condition => format!("{before}; {condition}"),
            _ => condition,
        });
    }
}

/// Whether a sentence says that more ports may be needed, and need not: `The additional ports below may also need to be opened.` What the
/// reader may need to do depends on his firewall alone.
fn may_be_needed(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let Some((subject, rest)) = [" may ", " might ", " could "]
        .iter()
        .find_map(|modal| lower.split_once(modal))
    else {
        return false;
    };
    let is_of_more = [
        "additional",
        "other ports",
        "further",
        "more ports",
        "extra",
    ]
    .iter()
    .any(|word| subject.contains(word));
    let is_of_reader = subject
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| matches!(word, "you" | "we" | "administrators"));
    let needs = rest.split(' ').take(MODAL_WITHIN).any(|word| {
        ["need", "requir", "necessary", "have"]
            .iter()
            .any(|stem| word.starts_with(stem))
    });
    needs && !is_of_reader && (is_of_more || lower.contains("depending on your"))
}

/// What may be stands within so many words.
const MODAL_WITHIN: usize = 4;

/// Whether a sentence goes on about the rows of which the one before it spoke, or says without a subject when they hold: `Only required
/// when mail is sent.`
fn goes_on(sentence: &str, spoke_of_rows: bool) -> bool {
    let lower = sentence.to_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| lower.starts_with(start));
    begins(&[
        "only required",
        "only needed",
        "only used",
        "only necessary",
        "only applicable",
        "only relevant",
        "only for",
        "only if",
        "only when",
        "required if",
        "required when",
        "required only",
        "needed if",
        "needed when",
        "needed only",
        "optional",
        "not required",
        "not needed",
    ]) || spoke_of_rows && begins(&["they are ", "it is ", "this is ", "these are "])
}

/// Whether a sentence tells what a table holds, so that a condition in it is of what it tells: `This table lists the ports that hosts
/// need when they run the agent.`
fn only_describes(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let mut words = lower.split(' ').skip_while(|word| {
        matches!(
            *word,
            "the" | "this" | "these" | "following" | "next" | "below"
        )
    });
    let is_list = words
        .next()
        .is_some_and(|noun| matches!(noun, "table" | "tables" | "list" | "section" | "page"));
    let describes = words.take(3).any(|word| {
        [
            "list", "show", "describ", "contain", "summari", "outlin", "detail", "provid",
            "identif",
        ]
        .iter()
        .any(|stem| word.starts_with(stem))
    });
    is_list && describes && !sentence.trim_end().ends_with(':')
}

/// Whether a condition names no state: `if needed`, `where applicable`.
fn is_empty(condition: &str) -> bool {
    let lower = condition.to_lowercase();
    lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| {
            matches!(
                word,
                "if" | "when"
                    | "where"
                    | "as"
                    | "only"
                    | "or"
                    | "and"
                    | "needed"
                    | "required"
                    | "necessary"
                    | "applicable"
                    | "appropriate"
                    | "desired"
                    | "possible"
                    | "relevant"
                    | "this"
                    | "is"
                    | "it"
                    | "so"
            )
        })
}

/// Whether the clause of a condition speaks of other ports than those that follow: `...; other ports can be used if the site asks for them.`
fn is_of_other_ports(sentence: &str, condition: &str) -> bool {
    let Some(at) = sentence.find(condition) else {
        return false;
    };
    let before = sentence.get(..at).unwrap_or_default().to_lowercase();
    let clause = before.rsplit([';', ':']).next().unwrap_or_default();
    [
        "other port",
        "another port",
        "different port",
        "alternative port",
        "alternate port",
        "custom port",
    ]
    .iter()
    .any(|words| clause.contains(words))
}

/// Whether a condition says that something stands in the way of traffic: whoever reads a page of ports has a firewall.
fn is_of_hindrance(condition: &str) -> bool {
    let lower = condition.to_lowercase();
    [
        "firewall",
        "restrict",
        "filter",
        "block",
        "necessary",
        "applicable",
        "possible",
        "you want to open",
        "security group",
        "network policy",
        "network policies",
        "default port",
        "already in use",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// Whether a condition is of what the reader wants or runs into, and of no state of the deployment: `If you have questions`, `If you
/// want to change these ports`.
fn is_of_reader(condition: &str) -> bool {
    let lower = condition.to_lowercase();
    let begins = |word: &str| {
        [
            "question",
            "problem",
            "issue",
            "chang",
            "modif",
            "customi",
            "plan",
            "prefer",
            "want",
            "wish",
            "conflict",
            "fail",
            "error",
            "unable",
            "cannot",
            "trouble",
            "doubt",
            "design",
            "assum",
            "closed",
            "unreachable",
            "unavailable",
            "occupied",
            "see",
            "refer",
        ]
        .iter()
        .any(|stem| word.starts_with(stem))
    };
    // What holds even if something is so holds always.
    lower.starts_with("even ")
        || lower.contains("in use")
        || lower.contains("any of")
        || lower.contains("you need")
        || lower.contains("would like")
        || lower.split(|c: char| !c.is_alphanumeric()).any(begins)
}

/// Whether what a sentence says beside its condition asks for traffic: `..., open the following ports`.
fn asks_for_traffic(sentence: &str, condition: &str) -> bool {
    let rest = sentence.replacen(condition, " ", 1).to_lowercase();
    // "They are only needed when mail is sent": the condition says what of.
    let says_needed = ["need", "requir", "only"]
        .iter()
        .any(|word| condition.to_lowercase().contains(word));
    says_needed
        || rest.split(|c: char| !c.is_alphanumeric()).any(|word| {
            [
                "open",
                "allow",
                "requir",
                "need",
                "must",
                "permit",
                "access",
                "listen",
                "expos",
                "used",
                "enabl",
                "reach",
                "connect",
                "appl",
                "necessary",
                "unblock",
                "forward",
            ]
            .iter()
            .any(|stem| word.starts_with(stem))
        })
}

/// Who is said to need the accesses that are listed: "The following accesses are additionally required for the manager."
fn needing_accesses(sentence: &str, names: &Names) -> Option<String> {
    let lower = sentence.to_lowercase();
    let verb = [" are ", " is ", " must be "]
        .iter()
        .find_map(|verb| Some((lower.find(verb)?, verb.len())))?;
    let subject = lower.get(..verb.0)?;
    let is_of_others = subject.split(' ').any(|word| {
        matches!(
            word.trim_end_matches('s'),
            "accesse"
                | "acces"
                | "destination"
                | "host"
                | "site"
                | "url"
                | "domain"
                | "endpoint"
                | "address"
                | "addresse"
                | "connection"
                | "hostname"
                | "website"
        )
    });
    let rest = lower.get(verb.0 + verb.1..)?;
    let joint = [" for ", " by ", " from "]
        .iter()
        .filter_map(|joint| Some((rest.find(joint)?, joint.len())))
        .min()?;
    let needs = rest.get(..joint.0)?.split(' ').any(|word| {
        matches!(
            word,
            "required" | "needed" | "necessary" | "used" | "contacted" | "accessed" | "reached"
        )
    });
    let start = verb.0 + verb.1 + joint.0 + joint.1;
    let behind = sentence.get(start..)?;
    let end = [",", ".", ":", " when ", " if ", " to ", " in ", " on "]
        .iter()
        .filter_map(|stop| behind.find(stop))
        .min()
        .unwrap_or(behind.len());
    let name = behind.get(..end)?.trim();
    let name = ["the ", "each ", "every ", "all ", "a ", "an ", "your "]
        .iter()
        .find_map(|article| name.strip_prefix(article))
        .unwrap_or(name);
    let is_name = section::names_machines(name, names)
        || section::only_asks(name)
        || section::is_noun_phrase(name, names) && !name.contains("ing ") && !name.ends_with("ing");
    (is_of_others && needs && !name.is_empty() && is_name).then(|| name.to_owned())
}

fn is_name_of_machine(names: &Names) -> impl Fn(&String) -> bool + '_ {
    move |name| section::names_machines(name, names) || section::is_noun_phrase(name, names)
}

/// Who needs access to what follows: `The gateway needs outbound access to these hosts:`
fn needing_access(sentence: &str) -> Option<String> {
    let (subject, rest) = [" needs ", " need ", " requires ", " require "]
        .iter()
        .find_map(|verb| sentence.split_once(verb))?;
    let goes_out = ["outbound", "access to", "to reach", "to connect"]
        .iter()
        .any(|out| rest.contains(out));
    let subject = ["The ", "All ", "Each "]
        .iter()
        .find_map(|article| subject.strip_prefix(article))
        .unwrap_or(subject);
    goes_out.then(|| subject.to_owned())
}

/// Behind what stands below, who asks there: `the addresses that the Worker needs to reach`, `connections which the Worker makes`.
static REACHING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)\b(?:connections|addresses|hosts|hostnames|endpoints|domains|urls|sites|services|destinations|systems|servers)
            \ (?:(?:that|which|to\ which|with\ which)\ )?(?:(?:the|your|each|every|all|an?)\ )?
            (?P<who>[a-z][\w./-]*(?:\ [\w./-]+){0,3}?)
            \ (?:needs?\ to\ |must\ (?:be\ able\ to\ )?|has\ to\ |have\ to\ |should\ (?:be\ able\ to\ )?|will\ |can\ )?
            (?:reach(?:es)?|access(?:es)?|connects?|contacts?|makes?|opens?|initiates?|establish(?:es)?|calls?|quer(?:y|ies)|talks?|communicates?)\b",
    )
});

/// Who is let out to what stands below: `allow the Worker to reach these addresses`.
static LET_OUT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)\b(?:allow|let|permit|enable)\ (?:(?:the|your|each|every|all|an?)\ )?(?P<who>[a-z][\w./-]*(?:\ [\w./-]+){0,3}?)
            \ (?:to\ )?(?:reach|access|connect|contact|communicate|talk|make|initiate)\b",
    )
});

/// `the ports that you must open for the Worker (of the site) to access what it needs`
static OPEN_FOR: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)\bports?\ (?:[\w-]+\ ){0,6}?(?:for|by)\ (?:(?:the|your|each|every|all|an?)\ )?(?P<who>[a-z][\w./-]*(?:\ \(?[\w./-]+\)?){0,7}?)
            \ to\ (?:be\ able\ to\ )?(?:reach|access|connect|contact|communicate)\b",
    )
});

/// `connections between the Worker and each of the destinations listed below`
static BETWEEN_LISTED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)\bbetween\ (?:(?:the|your|each|every|all|an?)\ )?(?P<who>[a-z][\w./-]*(?:\ [\w./-]+){0,3}?)
            \ and\ (?:(?:each|all|any)\ of\ )?(?:the\ )?(?:following\ )?
            (?:hosts?|endpoints?|sites?|services?|destinations?|systems?|servers?|addresses)\b(?:\ (?:that\ are\ )?(?:listed|below))*",
    )
});

/// Who asks at what stands below, as a sentence says that is about that.
fn reaching(sentence: &str) -> Option<String> {
    let found = REACHING
        .captures(sentence)
        .or_else(|| LET_OUT.captures(sentence))
        .or_else(|| OPEN_FOR.captures(sentence))
        .or_else(|| {
            BETWEEN_LISTED
                .captures(sentence)
                .filter(|_| speaks_of_rows(sentence))
        })?;
    let (who, _) = unbracket(found.name("who")?.as_str());
    Some(fold(&who))
}

/// The ports of a phrase as a cell has them; `None` if it names none.
fn shown(phrase: &PortPhrase) -> Option<String> {
    let ranges = phrase.ports.iter().flat_map(|group| &group.ranges);
    let ranges: Vec<String> = ranges.map(ToString::to_string).collect();
    let transport = match phrase.transports.as_slice() {
        [only] => format!("{} ", only.name()),
        _ => String::new(),
    };
    (!ranges.is_empty()).then(|| format!("{transport}{}", ranges.join(", ")))
}

/// The numbers of the ports that a sentence gives itself.
pub(in crate::document) fn numbered_ports(sentence: &str) -> Vec<String> {
    if !sentence.contains(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    port_phrases(&words(sentence), Evidence::Section)
        .iter()
        .flat_map(|phrase| &phrase.ports)
        .flat_map(|group| &group.ranges)
        .map(|range| range.first().to_string())
        .collect()
}

/// Whether a sentence speaks of the rows below it.
pub(in crate::document) fn speaks_of_rows(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    sentence.trim_end().ends_with(':')
        || ["following", "below", "these ", "this table", "this list"]
            .iter()
            .any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::AboveTable;
    use crate::document::names::Names;

    #[track_caller]
    fn check(paragraph: &str, client: Option<&str>, server: Option<&str>) {
        let above = AboveTable::of(paragraph, &Names::default());
        assert_eq!(
            (above.client.as_deref(), above.server.as_deref()),
            (client, server),
            "{paragraph}"
        );
    }

    #[test]
    fn sentences_above_tables() {
        check(
            "The following ports must be open on the Core server:",
            None,
            Some("Core server"),
        );
        check(
            "Agents must be able to reach the gateway on these ports:",
            Some("Agents"),
            Some("gateway"),
        );
        check(
            "The following ports on the shop server must be accessible to the hosts in the monitoring.",
            Some("hosts in the monitoring"),
            Some("shop server"),
        );
        check(
            "The following ports on the shop server must be accessible by the remote tills.",
            Some("remote tills"),
            Some("shop server"),
        );
        check("Agents connect to the gateway.", None, None);
        check("The table below lists all ports.", None, None);
        let between = |paragraph: &str| {
            let above = AboveTable::of(paragraph, &Names::default());
            above.between.map(|(one, other)| format!("{one} | {other}"))
        };
        assert_eq!(
            between("This table describes the ports that are required for communication between the Gate server and the on-premises Store.").as_deref(),
            Some("Gate server | on-premises Store")
        );
        // Nobody connects to people.
        check(
            "These ports are needed between users and the Gate servers.",
            Some("users"),
            Some("Gate servers"),
        );
        let among = |paragraph: &str| AboveTable::of(paragraph, &Names::default()).among;
        assert_eq!(
            among("The following ports must be opened between all Linux nodes in the till cluster, whether or not it is used.").as_deref(),
            Some("Linux nodes in the till cluster")
        );
        assert_eq!(
            among("Open these ports among the store servers:").as_deref(),
            Some("store servers")
        );
        assert_eq!(
            among("These ports are needed between users and the Gate servers."),
            None
        );
        assert_eq!(
            among("These ports are needed between the Gate and store servers."),
            None
        );
        assert_eq!(among("These differ between releases:"), None);
    }
}
