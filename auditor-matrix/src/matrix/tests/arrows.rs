//! Arrows stand between ends, wherever they are.

use super::marked_ends::{check, derived};
use crate::document::Format;

#[test]
fn arrows_in_headings() {
    let page = "## Till `-->` Mirror, both old and new\n\n| Description | UDP | TCP |\n|--|--|--|\n\
                | RPC mapper | -- | 8100 |\n| RPC | -- | DYNAMIC <sup>Note 6</sup> |\n| Sync | -- | 8101 <sup>Note 2 may differ</sup> |\n\n\
                ## Desk ⇄ Ledger (old)\n\n- Orders: TCP 8102\n";
    let found = derived(page, Format::Markdown);
    check(
        &found,
        &[
            "till -> mirror tcp/8100",
            "till -> mirror tcp/ephemeral",
            "till -> mirror tcp/8101",
            "desk -> ledger tcp/8102",
            "ledger -> desk tcp/8102",
        ],
    );
}
