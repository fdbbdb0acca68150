//! A first line in bold that is the title of its paragraph, where no empty line keeps them apart.

/// What is known of such a line of a paragraph that is being read; `usize` is the length of its text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum TitleLine {
    #[default]
    None,
    Bold,
    BoldUpTo(usize),
    /// The line ended with what is bold.
    Whole,
}

impl TitleLine {
    /// Bold text begins behind `text`.
    pub(super) fn begin(&mut self, text: &str) {
        *self = if text.is_empty() {
            Self::Bold
        } else {
            Self::None
        };
    }

    pub(super) fn end(&mut self, text: &str) {
        *self = match self {
            Self::Bold => Self::BoldUpTo(text.len()),
            Self::None | Self::BoldUpTo(_) | Self::Whole => Self::None,
        };
    }

    /// A line of the paragraph ends behind `text`.
    pub(super) fn end_line(&mut self, text: &str) {
        let is_sentence = text.trim_end().ends_with(['.', ',', ';']);
        *self = match self {
            Self::BoldUpTo(length) if text.trim_end().len() == *length && !is_sentence => {
                Self::Whole
            }
            Self::None | Self::Bold | Self::BoldUpTo(_) | Self::Whole => Self::None,
        };
    }

    /// Whether the line is a title above `text`: what goes on with a sentence begins in lower case.
    pub(super) fn is_above(&mut self, text: &str) -> bool {
        let is_whole = *self == Self::Whole;
        if is_whole {
            *self = Self::None;
        }
        is_whole && text.starts_with(char::is_uppercase)
    }
}
