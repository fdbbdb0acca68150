//! What is hidden, and that no form shows it.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::{data, is_hidden, json, line, lines, metrics, text, toml};

/// Names of others, with what is hidden among what means something to a form.
pub(crate) fn foreign() -> impl Strategy<Value = String> {
    let hidden = select(vec![
        '\u{202a}',
        '\u{202b}',
        '\u{202c}',
        '\u{202d}',
        '\u{202e}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{2069}',
        '\u{200e}',
        '\u{200f}',
        '\u{61c}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{2060}',
        '\u{feff}',
        '\u{ad}',
        '\u{2028}',
        '\u{2029}',
        '\u{1b}',
        '\u{9b}',
        '\u{7}',
        '\0',
        '\r',
        '\u{85}',
        '\u{fe0f}',
        '\u{e0041}',
        '\u{1d173}',
        '\u{ffff}',
        '\u{3164}',
    ]);
    let other = select(
        "ab1 .-=+@<>&\"'\\`|*_[]{}\n\täа"
            .chars()
            .collect::<Vec<_>>(),
    );
    proptest::collection::vec(prop_oneof![hidden, other], 0..12)
        .prop_map(|characters| characters.into_iter().collect())
}

/// Fails if a form shows something hidden, beside its own line breaks and tabs.
#[track_caller]
pub(crate) fn assert_shown(form: &str, text: &str) {
    let found = text
        .chars()
        .find(|c| is_hidden(*c) && !matches!(c, '\n' | '\t'));
    assert_eq!(found, None, "{form}: {}", text.escape_debug());
}

#[test]
fn what_is_hidden_is_what_unicode_says() {
    let hidden = regex::Regex::new(
        r"^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]$",
    );
    let hidden = hidden.unwrap_or_else(|_| {
        regex::Regex::new(r"^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]$").unwrap()
    });
    let mut buffer = [0; 4];
    for c in '\0'..=char::MAX {
        let number = u32::from(c);
        let is_no_character = number & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&number);
        let expected = is_no_character || hidden.is_match(c.encode_utf8(&mut buffer));
        assert_eq!(is_hidden(c), expected, "{}", c.escape_unicode());
    }
}

#[test]
fn as_what_it_is() {
    assert_eq!(
        line("a\u{202e}b\u{1b}[31m\nc\u{200b}"),
        "a\\u{202e}b\\u{1b}[31m\\nc\\u{200b}"
    );
    assert_eq!(lines("a\t\u{202e}\nb\r\n"), "a\t\\u{202e}\nb\\r\n");
    assert_eq!(text("<\u{2066}>"), "&lt;\\u{2066}&gt;");
    assert_eq!(json("\"\u{202e}\u{e0041}\""), "\"\\u202e\\udb40\\udc41\"");
    assert_eq!(toml("\"\u{202e}\u{e0041}\""), "\"\\u202E\\U000E0041\"");
    assert_eq!(metrics("{rule=\"\u{202e}\"}"), "{rule=\"\\\\u{202e}\"}");
    assert!(matches!(
        line("Ägypten, 東京, агент"),
        std::borrow::Cow::Borrowed(_)
    ));
}

proptest! {
    #[test]
    fn nothing_hidden_is_left(name in foreign()) {
        assert_shown("line", &line(&name));
        prop_assert!(!line(&name).contains(['\n', '\t']));
        assert_shown("lines", &lines(&name));
        assert_shown("markup", &text(&name));
        let value = json!({ "name": name });
        let written = value.to_string();
        assert_shown("JSON", &json(&written));
        assert_shown("data", &data(&value));
        // JSON says the same, and so does TOML.
        prop_assert_eq!(serde_json::from_str::<Value>(&json(&written)).unwrap(), value);
        let table = ::toml::Table::from_iter([(name.clone(), ::toml::Value::from(name.clone()))]);
        let written = format!("# {}\n{table}", line(&name));
        assert_shown("TOML", &toml(&written));
        let read: ::toml::Table = ::toml::from_str(&toml(&written)).unwrap();
        prop_assert_eq!(read, table);
    }
}
