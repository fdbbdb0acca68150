//! Pairs a list of ports with a list of protocols of the same length: `443, 53` beside `TCP, UDP`.

use crate::document::cell;

/// Each port with its protocol, if both cells are lists with the same separators and as many parts, and the protocols are
/// not all the same. `TCP/UDP` is no list: it says that both are meant.
pub(super) fn paired(ports: &str, protocols: &str) -> Option<Vec<(String, Option<String>)>> {
    [',', ';'].into_iter().find_map(|separator| {
        let parts = |text: &str| -> Vec<String> {
            text.split(separator)
                .map(|part| part.trim().to_owned())
                .collect()
        };
        let (ports, protocols) = (parts(ports), parts(protocols));
        let are_lists = 1 < ports.len()
            && ports.len() == protocols.len()
            && ports
                .iter()
                .all(|part| part.contains(|c: char| c.is_ascii_digit()))
            && protocols.iter().all(|part| {
                cell::transports(part).is_some_and(|named| named.transports.len() == 1)
            });
        are_lists.then(|| {
            ports
                .into_iter()
                .zip(protocols.into_iter().map(Some))
                .collect()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::paired;

    #[test]
    fn lists_of_equal_length() {
        let pair = |port: &str, protocol: &str| (port.to_owned(), Some(protocol.to_owned()));
        assert_eq!(
            paired("443, 53", "TCP, UDP"),
            Some(vec![pair("443", "TCP"), pair("53", "UDP")])
        );
        assert_eq!(
            paired("1; 2", "udp; udp"),
            Some(vec![pair("1", "udp"), pair("2", "udp")])
        );
        assert_eq!(paired("443", "TCP, UDP"), None);
        assert_eq!(paired("80/443", "TCP/UDP"), None);
        assert_eq!(paired("80, 443, 22", "TCP, UDP"), None);
    }
}
