//! Cuts a sentence into words, numbers and marks, each with its place in the sentence.

mod other_numbers;

/// What a piece of a sentence is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Letters, also with digits behind them, or the name of a host.
    Word,
    /// Digits and nothing else.
    Number,
    /// What has digits and is no number: a version, an address, a size, a URL.
    Mixed,
    Slash,
    Dash,
    Comma,
    Stop,
    Colon,
    Semicolon,
    Open,
    Close,
    Arrow(Arrow),
    Other,
}

/// The way that an arrow points.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Arrow {
    Right,
    Left,
    Mutual,
}

/// A piece of a sentence.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) lower: String,
    /// The byte offsets in the sentence.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// Nothing stands between it and the piece before it.
    pub(super) is_glued: bool,
}

impl Word<'_> {
    pub(super) fn is(&self, lower: &str) -> bool {
        self.lower == lower
    }

    pub(super) fn is_any(&self, lower: &[&str]) -> bool {
        lower.contains(&self.lower.as_str())
    }

    pub(super) fn is_capitalised(&self) -> bool {
        self.text.starts_with(char::is_uppercase)
    }

    /// Whether it ends a clause, or a part of one.
    pub(super) const fn is_mark(&self) -> bool {
        !matches!(self.kind, Kind::Word | Kind::Number | Kind::Mixed)
    }
}

/// The pieces of a sentence, in order.
pub(super) fn words(sentence: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut at = 0;
    while let Some(rest) = sentence.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        if 0 < blank {
            at += blank;
            continue;
        }
        let (length, kind) = piece(rest);
        let end = at + length.max(1);
        let Some(text) = sentence.get(at..end) else {
            break;
        };
        words.push(Word {
            text,
            lower: text.to_lowercase(),
            start: at,
            end,
            kind,
            is_glued: words.last().is_some_and(|last| last.end == at),
        });
        at = end;
    }
    other_numbers::mark(&mut words);
    words
}

/// The length and the kind of the piece at the start of a text.
fn piece(text: &str) -> (usize, Kind) {
    if let Some(arrow) = arrow(text) {
        return arrow;
    }
    let Some(first) = text.chars().next() else {
        return (0, Kind::Other);
    };
    // `*.example.com`
    let wildcard = text
        .strip_prefix("*.")
        .filter(|host| host.starts_with(char::is_alphanumeric));
    if let Some(host) = wildcard {
        return (2 + run(host), Kind::Word);
    }
    if let Some(length) = variable(text) {
        return (length, Kind::Word);
    }
    if !(first.is_alphanumeric() || is_placeholder(text)) {
        let kind = match first {
            '/' => Kind::Slash,
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '~' => Kind::Dash,
            ',' => Kind::Comma,
            '.' | '!' | '?' => Kind::Stop,
            ':' | '=' => Kind::Colon,
            ';' => Kind::Semicolon,
            '(' | '[' | '{' => Kind::Open,
            ')' | ']' | '}' => Kind::Close,
            _ => Kind::Other,
        };
        return (first.len_utf8(), kind);
    }
    let length = run(text);
    let whole = text.get(..length).unwrap_or_default();
    let kind = if whole.bytes().all(|byte| byte.is_ascii_digit()) {
        Kind::Number
    } else if first.is_alphabetic() && !whole.contains("://") {
        Kind::Word
    } else {
        Kind::Mixed
    };
    (length, kind)
}

/// The length of the word at the start of a text: a mark belongs to it where it stands between two letters or digits and
/// does not separate two numbers, or a number and a transport.
fn run(text: &str) -> usize {
    let mut end = 0;
    let mut characters = text.char_indices().peekable();
    let mut is_url = false;
    while let Some((index, character)) = characters.next() {
        let so_far = text.get(..index).unwrap_or_default();
        let next = characters.peek().map(|(_, next)| *next);
        let goes_on = if character.is_alphanumeric() {
            true
        } else if text
            .get(index..)
            .is_some_and(|rest| rest.starts_with("://"))
        {
            is_url = true;
            true
        } else if is_url {
            !character.is_whitespace()
                && !matches!(character, ')' | ',' | ';' | '>' | '"' | '\'' | '|')
                && (next.is_some_and(|next| !next.is_whitespace()) || character == '/')
        } else {
            joins(character, so_far, text, index, next)
        };
        if !goes_on {
            break;
        }
        end = index + character.len_utf8();
    }
    end
}

fn joins(mark: char, so_far: &str, text: &str, index: usize, next: Option<char>) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let behind: &str = text
        .get(index + mark.len_utf8()..)
        .unwrap_or_default()
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    match mark {
        '-' | '\u{2010}' | '\u{2011}' => {
            let separates = is_number(so_far) && is_number(behind)
                || is_transport(so_far)
                || is_number(so_far) && is_transport(behind);
            next.is_some_and(char::is_alphanumeric) && !separates
        }
        // "the users' browsers"
        '\'' | '\u{2019}' if so_far.ends_with('s') && next == Some(' ') => true,
        '.' | '_' | '\'' | '\u{2019}' | '@' => next.is_some_and(char::is_alphanumeric),
        // Placeholders of digits: `32##`, `5<NN>13`, `80**`.
        '#' | '*' | '<' | '>' | '$' | '{' | '}' => {
            so_far.contains(|c: char| c.is_ascii_digit())
                && (is_number(so_far) || so_far.contains(['<', '{', '#']))
                && !text
                    .get(index..)
                    .is_some_and(|rest| rest.starts_with("=>") || rest.starts_with("->"))
                && (next.is_some_and(|next| next.is_alphanumeric() || "#*<>{}".contains(next))
                    || matches!(mark, '#' | '>' | '}'))
        }
        '+' | '%' => is_number(so_far.trim_end_matches(['k', 'K'])),
        // The length of a prefix belongs to its address.
        '/' => {
            so_far.matches('.').count() == 3
                && so_far.chars().all(|c| c.is_ascii_digit() || c == '.')
                && next.is_some_and(|next| next.is_ascii_digit())
        }
        _ => false,
    }
}

/// Variables such as `$PORT` and `${PORT}` are words that name no machine.
fn is_placeholder(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next() == Some('$') && characters.next().is_some_and(char::is_alphabetic)
}

/// The length of a template's variable: `{server}` stands for a name.
fn variable(text: &str) -> Option<usize> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = 2 < name.len()
        && name.starts_with(char::is_alphabetic)
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    is_name.then_some(name.len() + 2)
}

fn is_transport(text: &str) -> bool {
    ["tcp", "udp", "sctp"]
        .iter()
        .any(|name| text.eq_ignore_ascii_case(name))
}

fn arrow(text: &str) -> Option<(usize, Kind)> {
    let kind = |arrow| Kind::Arrow(arrow);
    let first = text.chars().next()?;
    let drawn = match first {
        '\u{2192}' | '\u{21d2}' | '\u{27f6}' | '\u{27f9}' | '\u{2794}' | '\u{279c}' => {
            Some(Arrow::Right)
        }
        '\u{2190}' | '\u{21d0}' | '\u{27f5}' | '\u{27f8}' => Some(Arrow::Left),
        '\u{2194}' | '\u{21c4}' | '\u{21c6}' | '\u{21cb}' | '\u{21cc}' | '\u{21d4}'
        | '\u{27f7}' | '\u{27fa}' => Some(Arrow::Mutual),
        _ => None,
    };
    if let Some(arrow) = drawn {
        return Some((first.len_utf8(), kind(arrow)));
    }
    let shaft = |text: &str| text.len() - text.trim_start_matches(['-', '=']).len();
    if let Some(rest) = text.strip_prefix('<') {
        let length = shaft(rest);
        if length == 0 {
            return None;
        }
        let is_mutual = rest.get(length..).is_some_and(|rest| rest.starts_with('>'));
        return Some(if is_mutual {
            (length + 2, kind(Arrow::Mutual))
        } else {
            (length + 1, kind(Arrow::Left))
        });
    }
    let length = shaft(text);
    (0 < length && text.get(length..).is_some_and(|rest| rest.starts_with('>')))
        .then_some((length + 1, kind(Arrow::Right)))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn pieces_of_sentences() {
        let check = |sentence: &str, expected: &str| {
            let pieces: Vec<String> = words(sentence)
                .iter()
                .map(|word| format!("{}{}", if word.is_glued { "+" } else { "" }, word.text))
                .collect();
            assert_eq!(pieces.join(" "), expected, "{sentence}");
        };
        check("Ports 80,443/tcp.", "Ports 80 +, +443 +/ +tcp +.");
        check("TCP-443 and 53-udp", "TCP +- +443 and 53 +- +udp");
        check("8000-8010 on v4.5.1", "8000 +- +8010 on v4.5.1");
        check(
            "10.0.0.0/8 to db.example.com.",
            "10.0.0.0/8 to db.example.com +.",
        );
        check("A -> B<->C \u{2192} D", "A -> B +<-> +C \u{2192} D");
        check("80 => redirect", "80 => redirect");
        check(
            "open 32## and 5<NN>13, 20K+",
            "open 32## and 5<NN>13 +, 20K+",
        );
        check(
            "https://x.example:8443/a, then",
            "https://x.example:8443/a +, then",
        );
        check("the store's pull-through", "the store's pull-through");
        check("\u{e9}\u{301}\u{1f980}", "\u{e9} +\u{301} +\u{1f980}");
    }
}
