//! For whom a port is open, as the words behind `for` say it: `SSH (22/tcp) for administrators`, `8765 for the store server`.

use crate::document::{
    names::Names,
    section::{names_machines, only_asks},
};

/// Those for whom an item's ports are open, where all of them are people or machines, of which there are many: these ask. One
/// machine, as in `for the store server`, is whose port it is.
pub(in crate::document::prose) fn askers(text: &str, names: &Names) -> Vec<String> {
    let Some(all) = behind_for(text) else {
        return Vec::new();
    };
    let parts: Vec<&str> = all
        .split(',')
        .flat_map(|part| part.split(" and "))
        .map(|part| bare(part.trim()))
        .filter(|part| !part.is_empty())
        .collect();
    if parts.iter().all(|part| asks(part, names)) {
        parts.into_iter().map(str::to_owned).collect()
    } else {
        Vec::new()
    }
}

/// The one machine whose port it is: `8765 for the store server`.
pub(in crate::document::prose) fn machine(text: &str, names: &Names) -> Option<String> {
    let name = bare(behind_for(text)?.strip_prefix("the ")?);
    let is_one = !name.ends_with('s') && !name.contains([',', ';']) && !name.contains(" and ");
    let is_machine =
        name.split(' ').count() <= MOST_WORDS && names_machines(name, names) && !only_asks(name);
    (is_one && is_machine).then(|| name.to_owned())
}

/// The words behind the last `for`, up to a bracket or the end of the sentence.
fn behind_for(text: &str) -> Option<&str> {
    let (before, _) = text.rsplit_once(" for ")?;
    // `for administrators and for the plugin`
    let start = before
        .rfind(" for ")
        .filter(|start| {
            text.get(start + 5..before.len())
                .is_some_and(|between| between.ends_with(" and"))
        })
        .unwrap_or(before.len());
    let behind = text.get(start + 5..)?;
    let end = [" (", ". ", ";"]
        .iter()
        .filter_map(|mark| behind.find(mark))
        .min();
    let behind = end.and_then(|end| behind.get(..end)).unwrap_or(behind);
    Some(behind.trim_end_matches(['.', ' ']))
}

fn bare(name: &str) -> &str {
    ["for ", "the the ", "the ", "all ", "your "]
        .iter()
        .fold(name, |name, lead| name.strip_prefix(lead).unwrap_or(name))
}

fn asks(name: &str, names: &Names) -> bool {
    let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
    let is_program = name.contains(' ')
        && name.contains(char::is_uppercase)
        && matches!(
            last.as_str(),
            "plugin" | "plugins" | "app" | "apps" | "agent" | "agents"
        );
    let is_server = matches!(
        last.as_str(),
        "servers" | "databases" | "consoles" | "registries" | "listeners"
    );
    name.split(' ').count() <= MOST_WORDS
        && (only_asks(name)
            || is_program
            || last.ends_with('s') && !is_server && names_machines(name, names))
}

/// Longer names are descriptions.
const MOST_WORDS: usize = 4;

#[cfg(test)]
mod tests {
    use super::{askers, machine};
    use crate::document::names::Names;

    #[test]
    fn for_whom() {
        let names = Names::default();
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(askers(text, &names), expected, "{text}");
        };
        check("SSH (22/tcp) for administrators", &["administrators"]);
        check(
            "HTTPS (443/tcp) for administrators and for the Cloud Till plugin",
            &["administrators", "Cloud Till plugin"],
        );
        check("443/tcp for agents (optional)", &["agents"]);
        check("22/tcp for SSH", &[]);
        check("443/tcp for the web interface", &[]);
        check("443/tcp for the management console", &[]);
        check("5353/udp for discovery", &[]);
        check("80/tcp for web servers", &[]);
        let own = |text: &str| machine(text, &names);
        assert_eq!(
            own("8765/tcp for the store server").as_deref(),
            Some("store server")
        );
        assert_eq!(own("8765/tcp for the agents"), None);
        assert_eq!(own("8765/tcp for broadcasts to the store server"), None);
    }
}
