//! Which parts of a command line are shown.
//!
//! Passwords and tokens stand on command lines, and no list of options knows them all. So it is not what looks secret that is
//! masked: only what cannot be a secret is shown. That is the program, the names of options, and of values paths, addresses and
//! short numbers, unless their option's name says that they are secret.

use std::net::{IpAddr, SocketAddr};

/// What stands for a value that is not shown.
const MASK: &str = "***";
/// Longer command lines are cut.
const MOST: usize = 512;
/// Parts of the names of options whose values are not shown, whatever they look like.
const SECRET: [&str; 14] = [
    "pass", "pwd", "pw", "secret", "token", "key", "auth", "cred", "pin", "salt", "seed", "sign",
    "cookie", "private",
];
/// Longer parts of a name or a path look random.
const MOST_PART: usize = 32;

/// The arguments of a process as they are shown, joined with spaces.
pub fn shown(arguments: &[&str]) -> String {
    let mut shown: Vec<String> = Vec::new();
    let Some((program, arguments)) = arguments.split_first() else {
        return String::new();
    };
    // Some programs write a title over their arguments: `nginx: worker process`, `sshd: root@pts/0`.
    let mut title = program.split_whitespace();
    shown.extend(title.next().map(name));
    let title: Vec<&str> = title.collect();
    let is_title = !title.is_empty();
    let mut of = if is_title { Of::Title } else { Of::Program };
    for argument in title.iter().chain(arguments) {
        let (text, next) = one(argument, of);
        // A run of masked words is one.
        if text != MASK || shown.last().is_none_or(|last| last != MASK) {
            shown.push(text);
        }
        of = match (next, is_title) {
            (Of::Nothing, true) => Of::Title,
            (next, _) => next,
        };
    }
    let text = shown.join(" ");
    text.chars().take(MOST).collect()
}

/// What an argument stands behind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Of<'a> {
    /// The program: a word here is a verb, such as `server` or `agent`.
    Program,
    /// A program's title, which it wrote for people.
    Title,
    Option(&'a str),
    Nothing,
}

/// An argument as it is shown, and what the next one stands behind.
fn one<'a>(argument: &'a str, of: Of<'_>) -> (String, Of<'a>) {
    let is_option = argument.starts_with('-') && 1 < argument.len();
    if let Some((name, value)) = argument.split_once('=')
        && (is_option && is_name(name) || is_variable(name) && !value.is_empty())
    {
        return (format!("{name}={}", value_of(name, value)), Of::Nothing);
    }
    if is_option && is_name(argument) {
        let is_long = argument.starts_with("--");
        // A value may follow a short option without a space: `-phunter2`. Two letters may be options together.
        return if is_long
            || argument.len() <= 3 && argument.bytes().all(|byte| !byte.is_ascii_digit())
        {
            (argument.to_owned(), Of::Option(argument))
        } else if argument.get(1..).is_some_and(is_word) && argument.len() <= MOST_SHORT {
            // `-server`, `-config`: programs in Go and Java write long options with one dash; a password may look so too, but
            // only behind an option that takes one at once.
            match argument.get(1..2) {
                Some("p" | "P" | "u" | "U" | "k" | "a" | "s") => (
                    format!("{}{MASK}", argument.get(..2).unwrap_or("-")),
                    Of::Nothing,
                ),
                _ => (argument.to_owned(), Of::Option(argument)),
            }
        } else {
            (
                format!("{}{MASK}", argument.get(..2).unwrap_or("-")),
                Of::Nothing,
            )
        };
    }
    if is_option {
        return (MASK.to_owned(), Of::Nothing);
    }
    let text = match of {
        Of::Program | Of::Title if is_word(argument.trim_end_matches([':', ';', ','])) => {
            argument.to_owned()
        }
        Of::Option(name) => value_of(name, argument),
        Of::Program | Of::Title | Of::Nothing => value(argument),
    };
    (text, Of::Nothing)
}

/// Options with one dash are not longer.
const MOST_SHORT: usize = 20;

fn value_of(name: &str, text: &str) -> String {
    let lower = name.to_lowercase();
    if text.is_empty() {
        String::new()
    } else if name == "-a" || SECRET.iter().any(|part| lower.contains(part)) {
        MASK.to_owned()
    } else {
        value(text)
    }
}

/// A value as it is shown: lists part by part.
fn value(text: &str) -> String {
    let parts: Vec<String> = text.split(',').map(part).collect();
    if parts.iter().all(|part| part == MASK) {
        MASK.to_owned()
    } else {
        parts.join(",")
    }
}

fn part(text: &str) -> String {
    if let Some((scheme, rest)) = text.split_once("://") {
        return url(scheme, rest);
    }
    let is_number =
        text.len() <= 5 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_shown = is_number || is_address(text) || is_path(text) || is_dotted(text);
    if is_shown { text } else { MASK }.to_owned()
}

/// Of a URL the scheme and the host, without user, password, path and query.
fn url(scheme: &str, rest: &str) -> String {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, host) = match authority.rsplit_once('@') {
        Some((_, host)) => ("***@", host),
        None => ("", authority),
    };
    // A password with a slash or a second `@` in it makes it uncertain where the host begins.
    let is_clear = !path.contains('@') && authority.matches('@').count() < 2 && is_host(host);
    if !scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
        || !is_clear
    {
        return MASK.to_owned();
    }
    let path = if path.is_empty() || path == "/" {
        path
    } else {
        "/***"
    };
    format!("{scheme}://{user}{host}{path}")
}

fn is_host(text: &str) -> bool {
    let (name, port) = text.rsplit_once(':').unwrap_or((text, ""));
    is_address(text)
        || port.bytes().all(|byte| byte.is_ascii_digit())
            && !name.is_empty()
            && name.split('.').all(|part| {
                is_part(part)
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
}

/// An address, with a port or the length of a prefix.
fn is_address(text: &str) -> bool {
    let text = text
        .strip_prefix(':')
        .map_or_else(|| text.to_owned(), |port| format!("0.0.0.0:{port}"));
    text.parse::<IpAddr>().is_ok()
        || text.parse::<SocketAddr>().is_ok()
        || text.parse::<ipnet::IpNet>().is_ok()
}

/// A path from the root or from here, or one with several parts whose last one has an ending.
fn is_path(text: &str) -> bool {
    let rest = ["/", "./", "../", "~/"]
        .iter()
        .find_map(|start| text.strip_prefix(start));
    // Text in base64 may begin with a slash, and seldom has a second one.
    rest.is_some_and(|rest| {
        rest.split('/').all(is_part) && (rest.contains(['/', '.']) || is_word(rest))
    })
}

/// A name of words with dots between them: a class, a module, a file, a host.
fn is_dotted(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    2 <= parts.len()
        && parts.iter().all(|part| {
            is_part(part)
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte))
        })
}

/// The part of a path or of a name, which looks like no random text: that is long, or mixes digits with both cases of letters.
fn is_part(text: &str) -> bool {
    text.len() <= MOST_PART
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte))
        && !is_mixed(text)
}

/// Whether digits and letters of both cases are in it.
fn is_mixed(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

/// A word in small letters, as a verb is.
fn is_word(text: &str) -> bool {
    (1..=MOST_SHORT).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_')
}

/// The name of an option or of a variable. A value may follow an option without anything between them, so a name does not look
/// random as a whole.
fn is_name(text: &str) -> bool {
    let name = text.trim_start_matches('-');
    let is_plain = |part: &str| is_part(part) && !part.contains(['@', '+']);
    !name.is_empty()
        && name.len() <= 64
        && !is_mixed(name)
        && name.split(['-', '_', '.']).all(is_plain)
}

/// The name of a variable, `KEY` or `key`: in letters of one case, as text in base64 with its `=` hardly is.
fn is_variable(text: &str) -> bool {
    let is_any = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    !text.starts_with('-')
        && is_name(text)
        && !(is_any(u8::is_ascii_uppercase) && is_any(u8::is_ascii_lowercase))
}

/// A program: its path, or its name.
fn name(text: &str) -> String {
    let end = text.trim_end_matches(':');
    let is_shown = end.split('/').all(|part| part.len() <= 64)
        && end.bytes().all(|byte| byte.is_ascii_graphic());
    if is_shown { text } else { MASK }.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::shown;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let arguments: Vec<&str> = line.split('|').collect();
        assert_eq!(shown(&arguments), expected, "{line}");
    }

    #[test]
    fn what_may_be_secret_is_masked() {
        check(
            "srv|--password=hunter2hunter2|--token|tok3n|--listen=8080",
            "srv --password=*** --token *** --listen=8080",
        );
        check(
            "srv|--password=8080|--pin|1234|--tls-key|/etc/x.pem",
            "srv --password=*** --pin *** --tls-key ***",
        );
        check("mysql|-phunter2|-u|root", "mysql -p*** -u ***");
        check("mysql|-phunter", "mysql -p***");
        check("redis-cli|-a|hunter", "redis-cli -a ***");
        check("sh|-c|PGPASSWORD=x exec /bin/y", "sh -c PGPASSWORD=***");
        check("python3|-c|import os", "python3 -c ***");
        check(
            "env|API_KEY=abc|PATH=/bin:/usr/bin|srv",
            "env API_KEY=*** PATH=*** ***",
        );
        check(
            "java|-Djavax.net.ssl.keyStorePassword=changeit|-Dport=80",
            "java -Djavax.net.ssl.keyStorePassword=*** -Dport=80",
        );
        check(
            "java|-Xmx4g|-cp|/opt/a.jar|org.apache.kafka.Kafka|/etc/kafka.properties",
            "java *** -cp /opt/a.jar org.apache.kafka.Kafka /etc/kafka.properties",
        );
        check(
            "psql|postgres://u:p@db.example.com:5432/x",
            "psql postgres://***@db.example.com:5432/***",
        );
        check("psql|postgres://u:p@ss/word@db/x", "psql ***");
        check("psql|postgres://u:p@ss@db/x", "psql ***");
        check(
            "curl|https://hooks.example.com/services/T0/B0/abc",
            "curl https://hooks.example.com/***",
        );
        check("curl|-H|Authorization: Bearer abc.def.ghi", "curl -H ***");
        check(
            "srv|eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4",
            "srv ***",
        );
        check("srv|/9j4AAQSkZJRgABAQ", "srv ***");
        check("srv|SGVsbG8=|--passwordHunter2|--x2SGVsbG8", "srv ***");
        check("redis-cli|-a|12345", "redis-cli -a ***");
        check("htpasswd|add|hunter|two", "htpasswd add ***");
        check("srv|--customer|acme-holding", "srv --customer ***");
    }

    #[test]
    fn what_says_which_service_it_is_stays() {
        check("/usr/sbin/nginx|-g|daemon off;", "/usr/sbin/nginx -g ***");
        check("nginx: worker process", "nginx: worker process");
        check(
            "nginx: master process /usr/sbin/nginx",
            "nginx: master process /usr/sbin/nginx",
        );
        check(
            "vault|server|-config=/etc/vault.hcl",
            "vault server -config=/etc/vault.hcl",
        );
        check(
            "etcd|--listen-client-urls|http://10.0.0.1:2379,http://127.0.0.1:2379",
            "etcd --listen-client-urls http://10.0.0.1:2379,http://127.0.0.1:2379",
        );
        check("sleep|60", "sleep 60");
        check("python3|-m|http.server|8000", "python3 -m http.server 8000");
        check(
            "srv|--bind|[::]:53|--net|10.0.0.0/8|--addr|:9090",
            "srv --bind [::]:53 --net 10.0.0.0/8 --addr :9090",
        );
        check("", "");
    }

    proptest! {
        #[test]
        fn a_random_secret_is_nowhere(
            secret in "[A-Za-z0-9+_-]{12,40}",
            option in prop::sample::select(&["--password", "--x", "-p", "-Dx", "KEY", "--url", "-a"][..]),
            how in 0..4,
        ) {
            // What happens to be a word, a number or a path is no random text.
            prop_assume!(secret.bytes().any(|byte| byte.is_ascii_digit()));
            prop_assume!(secret.bytes().any(|byte| byte.is_ascii_uppercase()));
            prop_assume!(secret.bytes().any(|byte| byte.is_ascii_lowercase()));
            let line = match how {
                0 => vec!["srv".to_owned(), format!("{option}={secret}")],
                1 => vec!["srv".to_owned(), option.to_owned(), secret.clone()],
                2 => vec!["srv".to_owned(), format!("{option}{secret}")],
                _ => vec!["srv".to_owned(), "run".to_owned(), secret.clone()],
            };
            let arguments: Vec<&str> = line.iter().map(String::as_str).collect();
            prop_assert!(!shown(&arguments).contains(&secret), "{:?} {}", arguments, shown(&arguments));
        }
    }
}
