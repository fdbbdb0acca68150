//! Reads a cell that lists ports with what each is for, be it behind sentences: `Open these ports. 7000 - Store, 7100 - Index`.

use super::text::sentences;

/// An item of such a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct PortItem {
    pub(super) ports: String,
    pub(super) service: String,
}

/// The items of a cell, in its order; none if it lists no ports.
pub(super) fn items(cell: &str) -> Vec<PortItem> {
    if let Some(item) = bracketed(cell) {
        return vec![item];
    }
    let mut items: Vec<PortItem> = Vec::new();
    for sentence in sentences(cell) {
        // What stands behind a comma goes on with an item, until it begins like a sentence of its own.
        let mut goes_on = false;
        for part in sentence.split(", ") {
            if let Some(item) = item(part) {
                items.push(item);
                goes_on = true;
                continue;
            }
            goes_on &= !part.starts_with(char::is_uppercase)
                && !part.contains(|c: char| c.is_ascii_digit());
            if goes_on && let Some(last) = items.last_mut() {
                last.service.push_str(", ");
                last.service.push_str(part.trim_end_matches('.'));
            }
        }
    }
    items
}

/// `Keys (8200/tcp)`: what the ports are for, and the ports in brackets behind it.
fn bracketed(cell: &str) -> Option<PortItem> {
    let (service, ports) = cell.trim().strip_suffix(')')?.rsplit_once('(')?;
    let (service, ports) = (service.trim(), ports.trim());
    let is_service = service.starts_with(char::is_alphabetic)
        && !service.contains(|c: char| c.is_ascii_digit() || c == '(');
    (is_service && are_ports(ports)).then(|| PortItem {
        ports: ports.to_owned(),
        service: service.to_owned(),
    })
}

/// Whether a text is numbers and transports and begins with a number.
fn are_ports(ports: &str) -> bool {
    ports.starts_with(|c: char| c.is_ascii_digit())
        && ports
            .split(['/', '-', '\u{2013}', ',', ' '])
            .filter(|word| !word.is_empty())
            .all(|word| {
                word.parse::<u16>().is_ok()
                    || matches!(word.to_lowercase().as_str(), "tcp" | "udp" | "sctp")
            })
}

/// `7000/7100 - Store`, `443: web`.
fn item(text: &str) -> Option<PortItem> {
    let (ports, service) = DASHES
        .iter()
        .filter_map(|dash| text.split_once(dash))
        .min_by_key(|(before, _)| before.len())?;
    let (ports, service) = (ports.trim(), service.trim().trim_end_matches(['.', ';']));
    (are_ports(ports) && service.starts_with(char::is_alphabetic)).then(|| PortItem {
        ports: ports.to_owned(),
        service: service.to_owned(),
    })
}

const DASHES: &[&str] = &[" - ", " \u{2013} ", " \u{2014} ", ": "];

#[cfg(test)]
mod tests {
    use super::items;

    #[track_caller]
    fn check(cell: &str, expected: &[(&str, &str)]) {
        let items = items(cell);
        let found: Vec<(&str, &str)> = items
            .iter()
            .map(|item| (item.ports.as_str(), item.service.as_str()))
            .collect();
        assert_eq!(found, expected, "{cell}");
    }

    #[test]
    fn lists_in_cells() {
        check(
            "Open these ports, so that the shop works. 7000 - Store HTTP(S), 7100/7200 - Index, for searches, 53/udp - DNS",
            &[
                ("7000", "Store HTTP(S)"),
                ("7100/7200", "Index, for searches"),
                ("53/udp", "DNS"),
            ],
        );
        check(
            "9090: metrics, Port 5432 serves the machine itself, and no other.",
            &[("9090", "metrics")],
        );
        check("Open port 443.", &[]);
        check("8000 - 8010", &[]);
    }
}
