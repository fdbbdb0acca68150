//! A port that is one number in one case and another number in the other: `8443 if TLS is enabled and 8080 if not`.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::text::regex;

static EITHER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^(?P<head>.*?)\b(?P<first>\d{2,5}(?:/(?:tcp|udp))?)\ (?P<joint>if|when|where|with)\ (?P<when>[^,;.\d]{2,80}?),?
        \ (?:and|or|but)\ (?:(?:on|to|at|it|is|uses|use|the|port)\ ){0,3}
        (?P<second>\d{2,5}(?:/(?:tcp|udp))?)\ (?P<other>(?:if|when|where|with|without)\ [^,;.\d]{2,80}?|otherwise|if\ not|without|in\ (?:all|any|every)\ other\ cases?)\.?$",
    )
});

/// `at port TCP/80 (HTTP), or TCP/443 (HTTPS) if TLS is enabled`: the condition is that of the other value alone.
static OR_IF: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^(?P<head>.*?)\b(?P<first>(?:(?:tcp|udp)[/\ ])?\d{2,5}(?:/(?:tcp|udp))?(?:\ \([^()]{1,30}\))?),?\ or\ (?:(?:on|to|at|port)\ ){0,2}
        (?P<second>(?:(?:tcp|udp)[/\ ])?\d{2,5}(?:/(?:tcp|udp))?(?:\ \([^()]{1,30}\))?)\ (?P<when>(?:if|when)\ [^,;.\d]{2,80}?)\.?$",
    )
});

/// The two sentences that say the same apart, each of one case; `None` if there are no two.
pub(super) fn apart(sentence: &str) -> Option<[String; 2]> {
    if MOST_LENGTH < sentence.len() {
        return None;
    }
    if let Some(found) = OR_IF.captures(sentence) {
        let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
        let (head, when) = (part("head"), part("when"));
        let case = when.split_once(' ').map_or(when, |(_, case)| case);
        return Some([
            format!("{head}{} unless {case}.", part("first")),
            format!("{head}{} {when}.", part("second")),
        ]);
    }
    let found = EITHER.captures(sentence)?;
    let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
    let (head, joint, when) = (part("head"), part("joint"), part("when"));
    let other = part("other");
    let names_case = other.contains(' ')
        && !other.eq_ignore_ascii_case("if not")
        && !other.to_lowercase().starts_with("in ");
    // `with TLS` is a condition only beside what holds without it.
    let case = if joint.eq_ignore_ascii_case("with") {
        format!("when {when} is used")
    } else {
        format!("{joint} {when}")
    };
    let other = match joint.to_lowercase().as_str() {
        _ if names_case => other.to_owned(),
        "with" => format!("unless {when} is used"),
        _ => format!("unless {when}"),
    };
    Some([
        format!("{head}{} {case}.", part("first")),
        format!("{head}{} {other}.", part("second")),
    ])
}

/// A longer sentence says more than that.
const MOST_LENGTH: usize = 400;

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn values_of_two_cases() {
        let check = |sentence: &str, one: &str, other: &str| {
            assert_eq!(
                apart(sentence),
                Some([one.to_owned(), other.to_owned()]),
                "{sentence}"
            );
        };
        check(
            "The Gate listens on port 8443 if TLS is enabled and 8080 if not.",
            "The Gate listens on port 8443 if TLS is enabled.",
            "The Gate listens on port 8080 unless TLS is enabled.",
        );
        check(
            "Tills reach it on 8443/tcp with TLS, or on 8080/tcp without.",
            "Tills reach it on 8443/tcp when TLS is used.",
            "Tills reach it on 8080/tcp unless TLS is used.",
        );
        check(
            "From the tills to the Gate at port TCP/80 (HTTP), or TCP/443 (HTTPS) if SSL is enabled.",
            "From the tills to the Gate at port TCP/80 (HTTP) unless SSL is enabled.",
            "From the tills to the Gate at port TCP/443 (HTTPS) if SSL is enabled.",
        );
        check(
            "It is 5671 when the bus is encrypted, and port 5672 when it is plain.",
            "It is 5671 when the bus is encrypted.",
            "It is 5672 when it is plain.",
        );
        for sentence in [
            "Open 8443 if TLS is enabled and restart it.",
            "Ports 8443 and 8080 are needed if TLS is enabled.",
            "Allow 10 if 5 are used and 20 if not.",
        ] {
            assert_eq!(apart(sentence), None, "{sentence}");
        }
    }
}
