//! Columns of marks for who reaches a port: `Internal access | External access`, `LAN | WAN`.

use crate::document::column;

/// Whether those who ask are inside or outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reach {
    Inside,
    Outside,
}

/// From where a heading says that a port is reached, and what those who ask are called.
pub(super) fn reach(heading: &str) -> Option<(Reach, String)> {
    let words = column::words(heading);
    let mut found = None;
    for word in words.split(' ') {
        let side = match word {
            "internal" | "internally" | "private" | "intranet" | "lan" | "inside" => Reach::Inside,
            "external" | "externally" | "public" | "publicly" | "internet" | "wan" | "outside" => {
                Reach::Outside
            }
            "access" | "accessible" | "reachable" | "exposed" | "exposure" | "open" | "from"
            | "to" | "the" | "network" | "networks" | "allowed" | "traffic" => continue,
            _ => return None,
        };
        if found.is_some() {
            return None;
        }
        found = Some((side, word));
    }
    let (side, word) = found?;
    let name = match word {
        "internally" => "internal",
        "externally" => "external",
        "publicly" => "public",
        other => other,
    };
    let mut letters = name.chars();
    let first = letters.next()?.to_uppercase();
    Some((side, first.chain(letters).collect()))
}

#[cfg(test)]
mod tests {
    use super::{Reach, reach};

    #[test]
    fn headings() {
        let check = |heading: &str, expected| assert_eq!(reach(heading), expected, "{heading}");
        check(
            "Internal Access",
            Some((Reach::Inside, "Internal".to_owned())),
        );
        check(
            "Publicly accessible?",
            Some((Reach::Outside, "Public".to_owned())),
        );
        check(
            "From the internet",
            Some((Reach::Outside, "Internet".to_owned())),
        );
        check("Internal port", None);
        check("External store", None);
        check("Internal / external", None);
        check("Access", None);
    }
}
