//! Words that stand where verbs and subjects stand, and are none.

/// `The table below gives`: what a page says of itself.
pub(super) fn is_of_page(lower: &str) -> bool {
    matches!(
        lower,
        "below"
            | "above"
            | "figure"
            | "diagram"
            | "image"
            | "chart"
            | "picture"
            | "chapter"
            | "topic"
            | "article"
            | "column"
            | "row"
    )
}

/// Words that stand where verbs stand and say nothing of who asks whom.
pub(super) fn is_no_verb(lower: &str) -> bool {
    matches!(
        lower,
        "including"
            | "following"
            | "depending"
            | "according"
            | "regarding"
            | "concerning"
            | "excluding"
            | "having"
            | "based"
            | "provided"
            | "followed"
            | "offered"
            | "hosted"
            | "supported"
            | "owned"
            | "created"
            | "defined"
            | "determined"
            | "specified"
            | "caused"
            | "generated"
            | "assigned"
            | "started"
            | "launched"
            | "installed"
            | "configured"
            | "developed"
            | "maintained"
            | "protected"
            | "replaced"
            | "occupied"
            | "reserved"
            | "terminated"
            | "handled"
            | "processed"
            | "run"
            | "see"
            | "set"
            | "note"
    )
}
