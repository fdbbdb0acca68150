//! The formats that documents come in, and how one is told from another.

use std::{path::Path, str::FromStr};

use thiserror::Error;

/// How a document is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    Markdown,
    Html,
    AsciiDoc,
    ReStructuredText,
    /// Comma, semicolon or tab separated.
    Csv,
}

/// A format that nobody knows.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{name}` is not a format that can be read: choose markdown, html, asciidoc, rst or csv")]
pub struct UnknownFormat {
    name: String,
}

impl Format {
    /// Tells the format from the file's extension, then from its first characters. Markdown may hold HTML, so what is
    /// not plainly an HTML page is Markdown.
    pub fn detect(path: &Path, bytes: &[u8]) -> Self {
        let extension = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdx" | "mkd" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "adoc" | "asciidoc" | "asc" => Self::AsciiDoc,
            "rst" | "rest" => Self::ReStructuredText,
            "csv" | "tsv" => Self::Csv,
            _ => {
                let start: Vec<u8> = bytes
                    .iter()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .take(14)
                    .map(u8::to_ascii_lowercase)
                    .collect();
                if start.starts_with(b"<!doctypehtml") || start.starts_with(b"<html") {
                    Self::Html
                } else {
                    Self::Markdown
                }
            }
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "markdown" | "md" => Ok(Self::Markdown),
            "html" => Ok(Self::Html),
            "asciidoc" | "adoc" => Ok(Self::AsciiDoc),
            "rst" | "restructuredtext" => Ok(Self::ReStructuredText),
            "csv" | "tsv" => Ok(Self::Csv),
            _ => Err(UnknownFormat {
                name: name.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Format;

    #[test]
    fn formats() {
        check("a.md", "<html>", Format::Markdown);
        check("a.HTM", "| Port |", Format::Html);
        check("a", "\n <!DOCTYPE html>", Format::Html);
        check("a.txt", "# Ports", Format::Markdown);
        assert!("docx".parse::<Format>().is_err());
    }

    #[track_caller]
    fn check(path: &str, text: &str, format: Format) {
        assert_eq!(Format::detect(Path::new(path), text.as_bytes()), format);
    }
}
