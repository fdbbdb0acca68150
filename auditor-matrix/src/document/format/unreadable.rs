//! Formats that are recognised and not read.

use std::path::Path;

use thiserror::Error;

/// A file in a format that is no page's: what it is, and what to export instead.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("is {what}, which is not read; {instead}")]
pub struct UnreadableFormat {
    what: &'static str,
    instead: &'static str,
}

/// The first bytes of such formats. The first that fits is it.
const FORMATS: &[(&[u8], &str, &str)] = &[
    (b"%PDF", "a PDF", AS_PAGE),
    (b"{\\rtf", "an RTF document", AS_PAGE),
    (
        b"\xd0\xcf\x11\xe0",
        "a document of an old Office program",
        "save it as .xlsx, or as a web page",
    ),
    (b"\x89PNG", "a picture", AS_TEXT),
    (b"\xff\xd8\xff", "a picture", AS_TEXT),
    (b"GIF8", "a picture", AS_TEXT),
    (b"RIFF", "a picture or a recording", AS_TEXT),
    (b"\x1f\x8b", "compressed (gzip)", UNPACK),
    (b"BZh", "compressed (bzip2)", UNPACK),
    (b"\xfd7zXZ", "compressed (xz)", UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd)", UNPACK),
    (b"7z\xbc\xaf", "a 7z archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"SQLite format 3", "a database", "export its table as CSV"),
    (b"\x7fELF", "a program", AS_TEXT),
    (b"PK\x03\x04", "an archive or a document (ZIP)", UNPACK),
];

const AS_PAGE: &str = "save the page that it was made of as HTML, or its tables as CSV";
const AS_TEXT: &str = "write its table as CSV";
const UNPACK: &str = "unpack it, and give the page in it";

/// Recognises what is no page, by the first bytes and the extension.
pub(super) fn unreadable(path: &Path, bytes: &[u8]) -> Option<UnreadableFormat> {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let (_, mut what, mut instead) = FORMATS
        .iter()
        .find(|(start, ..)| bytes.starts_with(start))
        .copied()
        .or_else(|| is_binary(bytes).then_some((b"".as_slice(), "no text", AS_PAGE)))?;
    if bytes.starts_with(b"PK") {
        let document = match extension.as_str() {
            "docx" | "docm" | "dotx" => Some("a Word document"),
            "odt" => Some("an OpenDocument text"),
            "pptx" | "odp" => Some("a presentation"),
            "epub" => Some("a book (EPUB)"),
            "xlsb" => Some("a binary spreadsheet"),
            _ => None,
        };
        if let Some(document) = document {
            what = document;
            instead = "save it as a web page (HTML), or its tables as .xlsx or CSV";
        }
    }
    Some(UnreadableFormat { what, instead })
}

/// Whether the start has many zero bytes and is no UTF-16, where every second byte is one.
fn is_binary(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return false;
    }
    let zeros = |parity: usize| {
        let bytes = start.iter().skip(parity).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    start.len() / 16 < even.min(odd) || start.starts_with(b"\0") && 0 < even.min(odd)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::unreadable;

    #[test]
    fn sentences_name_the_format_and_a_way() {
        let said =
            |name: &str, bytes: &[u8]| unreadable(Path::new(name), bytes).map(|no| no.to_string());
        insta::assert_snapshot!(
            said("a.pdf", b"%PDF-1.7").unwrap(),
            @"is a PDF, which is not read; save the page that it was made of as HTML, or its tables as CSV"
        );
        assert!(
            said("a.docx", b"PK\x03\x04")
                .unwrap()
                .contains("a Word document")
        );
        assert!(said("a", b"PK\x03\x04").unwrap().contains("ZIP"));
        assert!(
            said("a", &[1, 0, 0, 0, 2, 0, 0, 0].repeat(20))
                .unwrap()
                .contains("no text")
        );
        assert_eq!(said("a.md", b"# Ports"), None);
        assert_eq!(said("a.md", b"| \0P\0o\0r\0t\0"), None);
        assert_eq!(said("a.md", b""), None);
    }
}
