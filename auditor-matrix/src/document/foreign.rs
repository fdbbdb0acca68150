//! Reads the few frames in which sentences of other languages say who connects to whom, as English ones: `de A vers B`, `A
//! verbindet sich über TCP-Port 22 mit B`. The names in them stay as they are.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

use super::text::regex;

/// A frame, and how English says it.
struct Frame {
    pattern: Regex,
    english: &'static str,
}

/// What may stand before the first name: nothing, or ports and a mark.
const LEAD: &str = r"(?P<lead>^|[:：–—]\s*|[\d)]\s+)";
/// A name, or a list of them.
const NAME: &str = r"(?P<a>[^:：;；。]{1,80}?)";

static FRAMES: LazyLock<Vec<Frame>> = LazyLock::new(|| {
    let pairs = [
        r"(?:von|vom)\s+(?:der |dem |den )?NAME\s+(?:nach|zu|zum|zur)\s+",
        r"(?:de|du|des|depuis)\s+(?:la |le |les |l’|l')?NAME\s+(?:vers|à|au|aux)\s+(?:la |le |les |l’|l')?",
        r"(?:de|del|desde)\s+(?:el |la |los |las )?NAME\s+(?:hacia|al?)\s+(?:el |la |los |las )?",
        r"(?:do|da|dos|das|de)\s+NAME\s+para\s+(?:[oa]s? )?",
        r"(?:dal?|dalla|dai)\s+NAME\s+(?:verso|al?|alla)\s+",
        r"van\s+(?:de |het )?NAME\s+naar\s+(?:de |het )?",
        r"(?:от|из|с)\s+NAME\s+(?:к|в|на|до)\s+",
        r"[从從自由]\s*NAME\s*[到至]\s*",
    ];
    let pairs = pairs.into_iter().map(|pair| Frame {
        pattern: regex(&format!("(?i){LEAD}{}", pair.replace("NAME", NAME))),
        english: "${lead}from ${a} to ",
    });
    let connections = [
        r"^NAME\s+se connecte(?:nt)? (?:à|au|aux) (?P<b>.+?) (?:sur|par|via) (?:le |les )?ports? (?P<p>.+)$",
        r"^NAME\s+se conectan? (?:al?|con) (?P<b>.+?) (?:por|en|a través de|mediante) (?:el |los )?puertos? (?P<p>.+)$",
        r"^NAME\s+(?:se conectam?|conectam?-se) (?:ao?s?|com) (?P<b>.+?) (?:na|nas|pela|pelas|por) portas? (?P<p>.+)$",
        r"^NAME\s+si connett(?:e|ono) (?:al?|alla|con) (?P<b>.+?) (?:sulla|sulle|tramite la) port[ae] (?P<p>.+)$",
        r"^NAME\s+(?:verbinde[tn] sich|baue?[tn] eine Verbindung) über (?P<p>.+?) (?:mit|zu|zum) (?P<b>.+)$",
        r"^NAME\s+(?:verbinde[tn] sich) mit (?P<b>.+?) (?:über|auf) (?P<p>.+)$",
        r"^NAME\s+подключа[ею]тся к (?P<b>.+?) (?:по|через) порт[уы]? (?P<p>.+)$",
        r"^NAME\s*(?:通过|通過|经由)\s*(?P<p>.+?)\s*(?:连接到|连接|連接到|連接|访问)\s*(?P<b>.+)$",
        r"^NAME\s*(?:は|が)\s*(?P<p>[^で]+?)\s*で\s*(?P<b>.+?)\s*に接続.*$",
    ];
    let connections = connections.into_iter().map(|connection| Frame {
        pattern: regex(&format!("(?i){}", connection.replace("NAME", NAME))),
        english: "${a} connects to ${b} on port ${p}",
    });
    pairs.chain(connections).collect()
});

/// A port in any of the languages of the frames, and `optional`.
static PORT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)[- ]?(?:\bports?\b|\bpuertos?|\bportas?\b|\bporte\b|портов|порты?|端口|连接埠|連接埠|ポート|포트)[- ]?",
    )
});
static OPTIONAL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:facultatif|facultative|optionnel|optionnelle|opcional|opzionale|optioneel|необязательно)\b|可选|可選|任意|선택",
    )
});

/// The text in English words, if it is in a frame of another language.
pub(super) fn in_english(text: &str) -> Option<String> {
    if !text.contains(|c: char| c.is_ascii_digit()) || MOST_LENGTH < text.len() {
        return None;
    }
    let text = text.trim_end_matches(['。', '.']);
    let frame = FRAMES.iter().find(|frame| frame.pattern.is_match(text))?;
    let english = frame.pattern.replace(text, |found: &Captures<'_>| {
        let mut expanded = String::new();
        found.expand(frame.english, &mut expanded);
        // `port TCP-Port 22`: one word is enough.
        match expanded.split_once(" on port ") {
            Some((ends, port)) => format!("{ends} on port {}", PORT.replace_all(port, " ").trim()),
            None => expanded,
        }
    });
    let english: Cow<'_, str> = OPTIONAL.replace_all(&english, "optional");
    let plain: String = english
        .chars()
        .map(|character| match character {
            '（' => '(',
            '）' => ')',
            '：' => ':',
            '，' | '、' => ',',
            other => other,
        })
        .collect();
    let spaced = plain
        .replace('(', " (")
        .replace(':', ": ")
        .replace("  ", " ");
    Some(with_purpose(spaced))
}

/// The text with what stands in brackets at its end as what its ports are for: `to Store (Bestellungen)`.
fn with_purpose(text: String) -> String {
    let Some((before, purpose)) = text.strip_suffix(')').and_then(last_bracket) else {
        return text;
    };
    let (purpose, optional) = match purpose.split_once(" (optional") {
        Some((purpose, _)) => (purpose, " (optional)"),
        None => (purpose, ""),
    };
    if purpose.contains("optional") || !purpose.contains(char::is_alphabetic) {
        return text;
    }
    format!("{before} for {purpose}{optional}")
}

/// What stands before the last bracket of the outermost ones, and in it.
fn last_bracket(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    let (open, _) = text.char_indices().rev().find(|(_, character)| {
        match character {
            ')' => depth += 1,
            '(' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some((text.get(..open)?.trim_end(), text.get(open + 1..)?))
}

/// A longer text is no line of a list and no sentence.
const MOST_LENGTH: usize = 400;

#[cfg(test)]
mod tests {
    use super::in_english;

    #[track_caller]
    fn check(text: &str, english: &str) {
        assert_eq!(in_english(text).as_deref(), Some(english), "{text}");
    }

    #[test]
    fn frames() {
        check(
            "8100/tcp: von Kasse nach Lager",
            "8100/tcp: from Kasse to Lager",
        );
        check(
            "8100/udp : de Caisse vers Dépôt (facultatif)",
            "8100/udp : from Caisse to Dépôt (optional)",
        );
        check(
            "TCP 8100：从 Till 到 Store（网页）",
            "TCP 8100: from Till to Store for 网页",
        );
        check(
            "Till verbindet sich über TCP-Port 8100 mit Store.",
            "Till connects to Store on port TCP 8100",
        );
        check(
            "Till se conecta a Store por el puerto TCP 8100.",
            "Till connects to Store on port TCP 8100",
        );
        check(
            "Till 通过 TCP 端口 8100 连接 Store。",
            "Till connects to Store on port TCP 8100",
        );
    }

    #[test]
    fn english_stays() {
        for text in [
            "8100/tcp: from the till to the store",
            "Do not open 8100 to a host",
            "TCP 8100: de facto standard",
            "The till connects to a store on port 8100.",
        ] {
            assert_eq!(in_english(text), None, "{text}");
        }
    }
}
