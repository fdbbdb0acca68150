//! Characters that no reader sees, or that do something else than being read.

/// Whether a character is not seen, moves what is seen, or is a command: controls, format characters (bidirectional ones among
/// them), characters of no width, separators of lines, and code points that are no characters.
pub const fn is_hidden(c: char) -> bool {
    matches!(c,
        // Cc
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Cf, Zl, Zp and Default_Ignorable_Code_Point (UAX #44)
        | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        // Noncharacters
        | '\u{fdd0}'..='\u{fdef}'
    ) || (c as u32) & 0xfffe == 0xfffe
}
