//! Reads included files in the place of what includes them.

use super::Format;
use crate::document::{
    block::{Block, Content},
    includes::Origin,
};

/// A file that is at hand.
pub(super) struct Included<'a> {
    pub(super) text: String,
    pub(super) origin: Origin<'a>,
    /// Its path as it was found.
    path: String,
}

impl<'a> Included<'a> {
    /// Finds a file by the path that a page gives: as it is written, without what points into it, or with the ending that
    /// pages leave out.
    pub(super) fn find(origin: &Origin<'a>, path: &str) -> Option<Self> {
        let bare = path.split(['#', '?']).next().unwrap_or(path);
        let candidates = [
            path.to_owned(),
            bare.to_owned(),
            // `file.md:section` and `file.md:1:9`.
            bare.split(':').next().unwrap_or(bare).to_owned(),
            format!("{bare}.md"),
        ];
        candidates.into_iter().find_map(|path| {
            let (text, origin) = origin.include(&path)?;
            Some(Self { text, origin, path })
        })
    }
}

/// What is said of a file that is not at hand.
pub(super) fn not_at_hand(path: &str) -> String {
    format!("the included file `{path}` is not at hand")
}

/// The blocks of an included file, all on the line that includes it. `format` is that of the page, in which files with an
/// unknown ending are read; `source` is the text that includes it.
pub(super) fn included(
    origin: &Origin<'_>,
    line: usize,
    path: &str,
    format: Format,
    source: &str,
) -> Vec<Block> {
    if is_picture(path) {
        return Vec::new();
    }
    let file = Included::find(origin, path);
    let Some(file) = file else {
        return vec![Block {
            line,
            content: Content::Unread {
                what: not_at_hand(path),
                text: source.to_owned(),
            },
        }];
    };
    let ending = file
        .path
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    let format = match Format::of_name(&file.path) {
        Some(known) => known,
        None if matches!(
            ending.as_str(),
            "" | "txt" | "inc" | "in" | "tpl" | "liquid" | "j2"
        ) || ending.contains('/') =>
        {
            format
        }
        None => {
            let text = file.text.trim_end().to_owned();
            return vec![Block {
                line,
                content: Content::Code {
                    language: ending,
                    text,
                },
            }];
        }
    };
    at_line(format.blocks(&file.text, &file.origin), line)
}

/// The blocks, all of them and their rows on one line.
pub(super) fn at_line(mut blocks: Vec<Block>, line: usize) -> Vec<Block> {
    // The title of an included page is not the page's.
    blocks.retain(|block| !matches!(block.content, Content::Title(_)));
    for block in &mut blocks {
        block.line = line;
        if let Content::Table(rows) = &mut block.content {
            rows.move_down(|_| line);
        }
    }
    blocks
}

fn is_picture(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    ["png", "svg", "jpg", "jpeg", "gif", "webp", "mp4"]
        .iter()
        .any(|picture| ending.eq_ignore_ascii_case(picture))
}
