//! What servers call the formats of pages.

use crate::document::Format;

/// What is asked for, best first.
pub(super) const ACCEPT: &str =
    "text/html, application/xhtml+xml, text/markdown, text/csv, text/plain;q=0.9, */*;q=0.1";
/// What is understood, as an error lists it.
pub(super) const EXPECTED: &str =
    "text/html, text/markdown, text/asciidoc, text/x-rst, text/csv or text/plain";

/// What a server says of a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum MediaType {
    Known(Format),
    /// Text or bytes of some kind: the address's ending or the content tells.
    Open,
    Other(String),
}

/// Reads a `Content-Type`.
pub(super) fn format(content_type: &str) -> MediaType {
    let media_type = content_type.split(';').next().unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    MediaType::Known(match media_type.as_str() {
        "text/html" | "application/xhtml+xml" => Format::Html,
        "text/markdown" | "text/x-markdown" => Format::Markdown,
        "text/asciidoc" | "text/x-asciidoc" => Format::AsciiDoc,
        "text/x-rst" | "text/prs.fallenstein.rst" => Format::ReStructuredText,
        "text/csv" | "text/tab-separated-values" => Format::Csv,
        "" | "text/plain" | "application/octet-stream" => return MediaType::Open,
        _ => return MediaType::Other(media_type),
    })
}

#[cfg(test)]
mod tests {
    use super::{EXPECTED, MediaType, format};
    use crate::document::Format;

    #[test]
    fn media_types() {
        assert_eq!(
            format("Text/HTML; charset=utf-8"),
            MediaType::Known(Format::Html)
        );
        assert_eq!(format("text/plain"), MediaType::Open);
        assert_eq!(
            format("application/pdf"),
            MediaType::Other("application/pdf".to_owned())
        );
        for named in EXPECTED.replace(" or ", ", ").split(", ") {
            assert!(!matches!(format(named), MediaType::Other(_)), "{named}");
        }
    }
}
