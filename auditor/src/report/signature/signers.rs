//! Who may sign, as a file in the form of OpenSSH says it (`ssh-keygen(1)`, ALLOWED SIGNERS).

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use ssh_key::{PublicKey, public::KeyData};
use thiserror::Error;

use super::NotNow;

/// The lines of a file of allowed signers.
#[derive(Clone, Debug, Default)]
pub struct AllowedSigners(Vec<Line>);

/// Whom a line allows what.
#[derive(Clone, Debug)]
struct Line {
    /// Patterns, separated by commas.
    principals: String,
    key: PublicKey,
    is_authority: bool,
    /// Patterns of namespaces, separated by commas; any where there are none.
    namespaces: Option<String>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

/// A line that is none of allowed signers.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("line {line}: {problem}")]
pub struct SignersError {
    line: usize,
    problem: SignersProblem,
}

/// What is wrong with such a line.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum SignersProblem {
    #[error(
        "expected who may sign, options if there are any, and a key, as `alice@example.com ssh-ed25519 AAAA...`"
    )]
    Fields,
    #[error("`{0}` is no key that is read here")]
    Key(String),
    #[error(
        "`{0}` is no option: expected cert-authority, namespaces=\"...\", valid-after=\"...\" or valid-before=\"...\""
    )]
    Option(String),
    #[error("`{0}` is no time in UTC: expected YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ")]
    Time(String),
}

impl AllowedSigners {
    /// Reads the text of such a file. Times must be in UTC: which zone another one means depends on the machine.
    ///
    /// # Errors
    ///
    /// The first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, SignersError> {
        let mut lines = Vec::new();
        for (at, text) in text.lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let line = Line::parse(text).map_err(|problem| SignersError {
                line: at + 1,
                problem,
            })?;
            lines.push(line);
        }
        Ok(Self(lines))
    }

    /// The principals of the lines that allow a key to sign in a namespace at a time; or why none of those that have it does.
    pub(super) fn with(
        &self,
        key: &KeyData,
        namespace: &str,
        now: Timestamp,
    ) -> Result<Vec<String>, Option<NotNow>> {
        let mut why = None;
        let mut found = Vec::new();
        for line in self.0.iter().filter(|line| line.key.key_data() == key) {
            match line.refuses(namespace, now) {
                None => found.push(line.principals.clone()),
                Some(reason) => why = Some(reason),
            }
        }
        if found.is_empty() {
            Err(why)
        } else {
            Ok(found)
        }
    }
}

impl Line {
    fn parse(text: &str) -> Result<Self, SignersProblem> {
        let fields = fields(text);
        let (principals, rest) = fields.split_first().ok_or(SignersProblem::Fields)?;
        let key = |fields: &[String]| match fields {
            [kind, data, ..] => PublicKey::from_openssh(&format!("{kind} {data}")).ok(),
            [] | [_] => None,
        };
        let line = |key: PublicKey| Self {
            principals: unquoted(principals),
            key,
            is_authority: false,
            namespaces: None,
            after: None,
            before: None,
        };
        if let Some(key) = key(rest) {
            return Ok(line(key));
        }
        let (options, rest) = rest.split_first().ok_or(SignersProblem::Fields)?;
        let is_option = |text: &str| {
            let name = text.split('=').next().unwrap_or(text).to_lowercase();
            OPTIONS.contains(&name.as_str())
        };
        let options = split(options, ',');
        let Some(first) = options.first() else {
            return Err(SignersProblem::Fields);
        };
        let Some(key) = key(rest) else {
            return Err(match rest.first() {
                // It begins with the key, or with what is to be one.
                _ if !is_option(first) => SignersProblem::Key(first.clone()),
                Some(kind) => SignersProblem::Key(kind.clone()),
                None => SignersProblem::Fields,
            });
        };
        let mut line = line(key);
        for option in options {
            line.set(&option)?;
        }
        Ok(line)
    }

    fn set(&mut self, option: &str) -> Result<(), SignersProblem> {
        let unknown = || SignersProblem::Option(option.to_owned());
        let (name, value) = match option.split_once('=') {
            None => (option, None),
            Some((name, value)) => (name, Some(unquoted(value))),
        };
        match (name.to_lowercase().as_str(), value) {
            ("cert-authority", None) => self.is_authority = true,
            ("namespaces", Some(namespaces)) => self.namespaces = Some(namespaces),
            ("valid-after", Some(time)) => self.after = Some(instant(&time)?),
            ("valid-before", Some(time)) => self.before = Some(instant(&time)?),
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// Why it does not allow its key to sign in a namespace at a time.
    fn refuses(&self, namespace: &str, now: Timestamp) -> Option<NotNow> {
        let is_namespace = self
            .namespaces
            .as_ref()
            .is_none_or(|patterns| matches(patterns, namespace));
        let is_now = self.after.is_none_or(|after| after <= now)
            && self.before.is_none_or(|before| now <= before);
        if self.is_authority {
            Some(NotNow::Authority)
        } else if !is_namespace {
            Some(NotNow::Namespaces)
        } else if !is_now {
            Some(NotNow::Time)
        } else {
            None
        }
    }
}

const OPTIONS: [&str; 4] = [
    "cert-authority",
    "namespaces",
    "valid-after",
    "valid-before",
];

/// Reads `20270131Z`, `202701311200Z` or `20270131120000Z`.
fn instant(text: &str) -> Result<Timestamp, SignersProblem> {
    let problem = || SignersProblem::Time(text.to_owned());
    let digits = text.strip_suffix(['Z', 'z']).ok_or_else(problem)?;
    let form = match digits.len() {
        8 => format!("{digits}000000"),
        12 => format!("{digits}00"),
        14 => digits.to_owned(),
        _ => return Err(problem()),
    };
    if !form.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(problem());
    }
    let time = DateTime::strptime("%Y%m%d%H%M%S", &form);
    let zoned = time.and_then(|time| time.to_zoned(TimeZone::UTC));
    zoned
        .map(|zoned| zoned.timestamp())
        .map_err(|_error| problem())
}

/// Whether a list of patterns has one that fits, and none with `!` before it that does. `*` stands for any text, `?` for one
/// character (`ssh_config(5)`, PATTERNS).
pub(super) fn matches(patterns: &str, text: &str) -> bool {
    let mut is_found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits(pattern, text) => return false,
            Some(_) => {}
            None => is_found |= fits(pattern, text),
        }
    }
    is_found
}

/// Whether a pattern fits. Linear in both but for the last `*`, from which alone it goes on anew.
fn fits(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut star = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some('*') => {
                star = Some((at_pattern, at_text));
                at_pattern += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(at_text) => {
                at_pattern += 1;
                at_text += 1;
            }
            Some(_) | None => {
                let Some((of_pattern, of_text)) = star else {
                    return false;
                };
                star = Some((of_pattern, of_text + 1));
                at_pattern = of_pattern + 1;
                at_text = of_text + 1;
            }
        }
    }
    pattern.iter().skip(at_pattern).all(|c| *c == '*')
}

/// The fields of a line, at white space outside quotes.
fn fields(text: &str) -> Vec<String> {
    let text = text.replace('\t', " ");
    let fields = split(&text, ' ').into_iter();
    fields.filter(|field| !field.is_empty()).collect()
}

/// Splits at a character outside quotes; what is quoted keeps its quotes.
fn split(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in text.chars() {
        if c == at && !is_quoted {
            parts.push(String::new());
            continue;
        }
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).replace("\\\"", "\"")
}
