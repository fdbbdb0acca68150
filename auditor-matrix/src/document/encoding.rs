//! Decodes bytes into text, in whichever encoding they were saved.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::format::visible;

/// A page's text, and a remark for the user if the encoding was guessed or text was lost.
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) remark: Option<&'static str>,
}

/// Reads UTF-8; UTF-16, recognised by its byte order mark or its zero bytes; and otherwise Windows-1252, in which every byte
/// is a character and in which most pages that are not UTF-8 are saved.
pub(super) fn decode(bytes: &[u8]) -> Decoded<'_> {
    let encoding = Encoding::for_bom(bytes).map_or_else(|| guess(bytes), |(encoding, _)| encoding);
    let (text, _, is_damaged) = encoding.decode(bytes);
    let has_zeros = text.contains('\0');
    let remark = if is_damaged {
        Some("holds bytes that are no text; they were replaced")
    } else if has_zeros {
        Some("holds zero bytes; they were left out")
    } else if encoding == WINDOWS_1252 {
        Some(
            "is not valid UTF-8 and was read as Windows-1252; save it as UTF-8 if names look wrong",
        )
    } else {
        None
    };
    Decoded {
        text: with_line_feeds(visible(text)),
        remark,
    }
}

/// The text with one kind of line ends, so that a page means the same whoever saved it: in every format a carriage return ends a line
/// as a line feed does, and both together end one (`CommonMark` 0.31, 2.1; RFC 4180).
fn with_line_feeds(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    }
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let start = bytes.get(..bytes.len().min(SAMPLE)).unwrap_or_default();
    let n_zeros = |parity: usize| {
        let bytes = start.iter().skip(parity).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    // In UTF-16 a Latin letter has a zero byte: the second in little endian, the first in big endian.
    let most = start.len() / 4;
    if 0 < most && most < n_zeros(1) && n_zeros(0) == 0 {
        UTF_16LE
    } else if 0 < most && most < n_zeros(0) && n_zeros(1) == 0 {
        UTF_16BE
    } else if std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

/// Bytes from which the encoding of a page is guessed.
const SAMPLE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn encodings() {
        let wide = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(order).collect()
        };
        check("B\u{fc}ro".as_bytes(), "B\u{fc}ro", false);
        check(b"B\xfcro", "B\u{fc}ro", true);
        check(&wide("| Port |", u16::to_le_bytes), "| Port |", false);
        check(&wide("| Port |", u16::to_be_bytes), "| Port |", false);
        check(
            &wide("\u{feff}B\u{fc}ro", u16::to_be_bytes),
            "B\u{fc}ro",
            false,
        );
        check(b"\xef\xbb\xbfa", "a", false);
        check(b"Po\0rt", "Port", true);
        check(b"a\r\nb\rc\nd\r\n\re", "a\nb\nc\nd\n\ne", false);
        check(b"", "", false);
    }

    #[track_caller]
    fn check(bytes: &[u8], text: &str, remarked: bool) {
        let decoded = decode(bytes);
        assert_eq!(decoded.text, text);
        assert_eq!(decoded.remark.is_some(), remarked, "{text}");
    }
}
