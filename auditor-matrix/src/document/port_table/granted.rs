//! Grants among the words on what a port is for, each with ends and a condition of its own: `ALLOW connections from tills to the
//! Orders port (if the relay is down)`, `Allow the cluster port across all stores`.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::spoken_ends;
use crate::document::{
    cell,
    names::Names,
    section,
    text::{fold, regex},
};

/// Who may ask whom, as one grant says it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Grant {
    pub(super) source: String,
    /// Nobody where the port itself is named, be it by what is spoken there: it is that of the machine that the row is about.
    pub(super) destination: Option<String>,
    pub(super) condition: Option<String>,
}

/// All grants of a text, and what it says beside them.
#[derive(Debug, Default)]
pub(super) struct Granted {
    pub(super) grants: Vec<Grant>,
    pub(super) rest: String,
}

/// A name, with a plural in brackets or without.
const NAME: &str = r"[\w/&-]+(?:\(s\))?(?:\ [\w/&-]+(?:\(s\))?){0,4}?";

static GRANT: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?x)(?:^|[\ ])(?:(?i:allow|enable|permit|accept|grant)s?)\ (?:
        (?:[\w-]+\ ){{0,2}}?(?i:connections?|traffic|access|communications?|requests?)\ (?:coming\ )?from\ (?:the\ |all\ |any\ )*(?P<from>{NAME})\ to\ (?:the\ |its\ |this\ )?(?P<port>(?:{NAME}\ )?)ports?\b
        |(?:[\w-]+\ ){{0,5}}?(?i:ports?|connections?|traffic|access|communications?)\ (?:across|among|amongst|between)\ (?:the\ |all\ )*(?P<among>{NAME})
        )(?P<tail>(?:\ (?:if|when|unless|for|of|on|at|in|to)\b[^.,;()]*|\ \([^()]*\))*)(?:[.,;]|$)"
    ))
});

/// The grants of a text. `None` if it has none, or one of them is not wholly understood.
pub(super) fn read(text: &str, names: &Names) -> Option<Granted> {
    let mut granted = Granted::default();
    let mut end = 0;
    for found in GRANT.captures_iter(text) {
        let whole = found.get(0)?;
        granted.grants.push(grant(&found, names)?);
        granted.rest.push_str(text.get(end..whole.start())?);
        granted.rest.push(' ');
        end = whole.end();
    }
    granted.rest.push_str(text.get(end..)?);
    granted.rest = fold(granted.rest.trim_matches([' ', ',']));
    // Another that does not fit is not what this says alone.
    let says_more = LEAD.is_match(&granted.rest);
    (!granted.grants.is_empty() && !says_more).then_some(granted)
}

static LEAD: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)\b(?:allow|enable|permit|accept)s? [^.,;]*\b(?:from|across|among|between)\b")
});

fn grant(found: &Captures<'_>, names: &Names) -> Option<Grant> {
    let name = |group: &str| Some(found.name(group)?.as_str().trim().replace("(s)", "s"));
    let tail = found.name("tail").map_or("", |tail| tail.as_str());
    if let Some(among) = name("among") {
        let is_one = !among.contains(" and ") && is_end(&among, names);
        let (condition, place) = tail_of(tail, names)?;
        return (is_one && place.is_none()).then(|| Grant {
            source: among.clone(),
            destination: Some(among),
            condition,
        });
    }
    let source = name("from").filter(|from| is_end(from, names))?;
    let port = name("port").unwrap_or_default();
    // The number may be of another port than the row's.
    if port.contains(|c: char| c.is_ascii_digit()) || tail.starts_with(char::is_numeric) {
        return None;
    }
    let (condition, place) = tail_of(tail, names)?;
    // `the database port`: a kind tells which port it is, and a name whose.
    let named = Some(port).filter(|port| names.contains(port));
    Some(Grant {
        source,
        destination: place.or(named),
        condition,
    })
}

fn is_end(name: &str, names: &Names) -> bool {
    spoken_ends::is_name(name, names) || section::only_asks(name)
}

/// What stands behind a grant: when it holds, and on which machine the port is. `None` where it says something else.
fn tail_of(tail: &str, names: &Names) -> Option<(Option<String>, Option<String>)> {
    let (mut condition, mut place) = (None, None);
    for part in tail.split_inclusive(')').flat_map(|part| part.split(" (")) {
        let is_bracket = part.ends_with(')');
        let part = part.trim().trim_end_matches(')');
        if part.is_empty() {
            continue;
        }
        if part.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (lead, words) = part.split_once(' ').unwrap_or(("", part));
        let bare = words.trim_start_matches("the ").trim_start_matches("all ");
        match lead.to_lowercase().as_str() {
            "if" | "when" | "unless" | "in" => condition = Some(part.to_owned()),
            "for" if section::names_machines(bare, names) => condition = Some(part.to_owned()),
            // What it is for.
            "for" | "to" if !is_bracket => {}
            "of" | "on" | "at" if is_end(bare, names) => place = Some(bare.replace("(s)", "s")),
            _ if is_bracket && cell::stated(&part.to_lowercase()).is_none() => {
                condition = Some(part.to_owned());
            }
            _ if is_bracket => {}
            _ => return None,
        }
    }
    Some((condition, place))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::document::names::Names;

    #[test]
    fn grants_in_words() {
        let mut names = Names::default();
        names.add("Store");
        let check = |text: &str, expected: &[&str]| {
            let found = read(text, &names).map(|granted| granted.grants);
            let shown: Vec<String> = found
                .unwrap_or_default()
                .into_iter()
                .map(|grant| {
                    let server = grant.destination.as_deref().unwrap_or("-").to_owned();
                    let when = grant
                        .condition
                        .map_or(String::new(), |when| format!(" [{when}]"));
                    format!("{} > {server}{when}", grant.source)
                })
                .collect();
            assert_eq!(shown, expected, "{text}");
        };
        check(
            "Mesh, ALLOW connections from till(s) to Orders port (unrelayed tills)",
            &[] as &[&str],
        );
        check(
            "Mesh, ALLOW connections from till server(s) to Orders port (unrelayed servers), ALLOW connections from relay node(s) to Orders port if relayed",
            &[
                "till servers > - [unrelayed servers]",
                "relay nodes > - [if relayed]",
            ],
        );
        check(
            "Allows traffic from Gate to the Store port.",
            &["Gate > Store"],
        );
        check(
            "Permit access from Gate to its port for orders",
            &["Gate > -"],
        );
        check(
            "Permit access from Gate to ports on the Store",
            &["Gate > Store"],
        );
        check(
            "Enable requests from gate servers to the database port for relayed nodes",
            &["gate servers > - [for relayed nodes]"],
        );
        check(
            "Allow the cluster port across all servers for replication",
            &["servers > servers"],
        );
        // A port of another number, two that are between, and a second grant that does not fit.
        check("Allow traffic from Gate to port 8080", &[]);
        check("Allow traffic between Gate and Store", &[]);
        check(
            "Allow traffic from Gate to the Store port, allow traffic from Tills as needed",
            &[],
        );
        check("Allow users to log in", &[]);
    }
}
