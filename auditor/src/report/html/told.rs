//! Sentences of a report as text of the page.

use std::net::IpAddr;

use crate::escape::text;

/// Longer words may be broken, or they would not fit a phone.
const MOST_WHOLE: usize = 39;
/// The same of what is to be typed, whose letters are wider.
const MOST_WHOLE_CODE: usize = 34;

/// A sentence, escaped. No line breaks within an address, a port or an arrow, moments are elements of their own, which the
/// page's script shows in the reader's zone, and what is to be typed is code.
pub fn told(sentence: &str) -> String {
    let parts: Vec<&str> = sentence.split('`').collect();
    // A lone one is nobody's quotation mark.
    if parts.len().is_multiple_of(2) {
        return words(sentence);
    }
    let told = |(at, part): (usize, &&str)| match at % 2 {
        0 => words(part),
        _ if part.chars().count() <= MOST_WHOLE_CODE => {
            format!("<code class=\"whole\">{}</code>", text(part))
        }
        _ => format!("<code>{}</code>", text(part)),
    };
    parts.iter().enumerate().map(told).collect()
}

fn words(sentence: &str) -> String {
    let words: Vec<String> = sentence.split(' ').map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let inner = word.trim_start_matches('(');
    let (before, _) = word.split_at(word.len() - inner.len());
    // An address may end with colons, a word before a colon does not.
    let ends: [&[char]; 2] = [&[')', ',', ';'], &[')', ',', ';', '.', ':']];
    for end in ends {
        let core = inner.trim_end_matches(end);
        let (_, after) = inner.split_at(core.len());
        let (before, core, after) = (text(before), core, text(after));
        if is_moment(core) {
            let shown = core.replace('T', " ").replace('Z', " UTC");
            return format!("{before}<time datetime=\"{core}\">{shown}</time>{after}");
        }
        if is_whole(core) {
            return format!("{before}{}{after}", whole(core));
        }
        if let Some(pieces) = pieces(core) {
            let pieces: Vec<String> = pieces.into_iter().map(whole).collect();
            return format!("{before}{}{after}", pieces.join("<wbr>"));
        }
    }
    text(word)
}

fn whole(text_of_one: &str) -> String {
    format!("<span class=\"whole\">{}</span>", text(text_of_one))
}

/// What is longer than a line may be: a list of ports, which may be broken behind its commas, or a range of addresses.
fn pieces(word: &str) -> Option<Vec<&str>> {
    if let Some((first, last)) = word.split_once('-')
        && [first, last]
            .iter()
            .all(|end| end.parse::<IpAddr>().is_ok())
    {
        let (first, last) = word.split_at(first.len() + "-".len());
        return Some(vec![first, last]);
    }
    let ports = word.split_once('/').map_or(word, |(_, ports)| ports);
    let is_ports = ports.contains(',')
        && ports.starts_with(|c: char| c.is_ascii_digit())
        && ports
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '-' | ','));
    is_ports.then(|| word.split_inclusive(',').collect())
}

/// `2026-11-27T21:55:57Z`.
fn is_moment(word: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:ddZ";
    word.len() == form.len()
        && word
            .chars()
            .zip(form.chars())
            .all(|(c, of_form)| match of_form {
                'd' => c.is_ascii_digit(),
                other => c == other,
            })
}

/// `10.0.0.1`, `fd00::1`, `10.0.0.0/8`, `tcp/8000-8010`, `->`.
fn is_whole(word: &str) -> bool {
    if MOST_WHOLE < word.chars().count() {
        return false;
    }
    let is_service = || {
        word.split_once('/').is_some_and(|(before, after)| {
            let is_number = |c: char| c.is_ascii_digit();
            !before.is_empty() && after.starts_with(is_number) && after.ends_with(is_number)
        })
    };
    let is_range = || {
        let is_end = |c: char| c.is_ascii_digit();
        word.starts_with(is_end)
            && word.ends_with(is_end)
            && word
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '-' | ',' | '.'))
    };
    word == "->" || word.parse::<IpAddr>().is_ok() || is_service() || is_range()
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn what_stays_whole() {
        let whole = |inner: &str| format!("<span class=\"whole\">{inner}</span>");
        for (sentence, expected) in [
            ("nothing to see", "nothing to see".to_owned()),
            ("a -> b", format!("a {} b", whole("-&gt;"))),
            ("(10.0.0.1),", format!("({}),", whole("10.0.0.1"))),
            ("fd00::, asked", format!("{}, asked", whole("fd00::"))),
            ("tcp/1-1024: no", format!("{}: no", whole("tcp/1-1024"))),
            ("and/or", "and/or".to_owned()),
            ("80-90,443 was", format!("{} was", whole("80-90,443"))),
            (
                "see `auditor learn`",
                "see <code class=\"whole\">auditor learn</code>".to_owned(),
            ),
            ("a ` lone", "a ` lone".to_owned()),
            (
                "last 2026-11-27T21:55:57Z;",
                "last <time datetime=\"2026-11-27T21:55:57Z\">2026-11-27 21:55:57 UTC</time>;"
                    .to_owned(),
            ),
            ("<img/1>", "&lt;img/1&gt;".to_owned()),
        ] {
            let shown = told(sentence);
            if sentence.starts_with('<') {
                assert!(!shown.contains("<img"), "{shown}");
            } else {
                assert_eq!(shown, expected);
            }
        }
        // What does not fit a phone may be broken, and not within a port or an address.
        let long = format!("tcp/{}", ["80-90"; 10].join(","));
        let pieces = [
            whole("tcp/80-90,"),
            vec![whole("80-90,"); 8].join("<wbr>"),
            whole("80-90"),
        ];
        assert_eq!(told(&long), pieces.join("<wbr>"));
        let address = |n: u16| format!("2001:db8:aaaa:bbbb:cccc:dddd:eeee:{n}");
        assert_eq!(
            told(&format!("{}-{}", address(1), address(9))),
            [whole(&format!("{}-", address(1))), whole(&address(9))].join("<wbr>")
        );
    }
}
