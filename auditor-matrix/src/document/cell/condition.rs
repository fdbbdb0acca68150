//! The sentences of a cell that say when its row holds.

use super::statements;

/// Splits notes into the sentences that state a condition of the row, and the rest.
pub(in crate::document) fn condition(notes: &str) -> (Option<String>, Option<String>) {
    let (mut conditions, mut rest) = (Vec::new(), Vec::new());
    for sentence in statements(notes) {
        if is_condition(sentence) {
            let (mark, stated) = optional_mark(sentence);
            rest.extend(mark);
            conditions.push(without_label(stated));
        } else if let Some(tail) = condition_at_end(sentence) {
            conditions.push(tail);
            rest.push(sentence);
        } else {
            rest.push(sentence);
        }
    }
    let join = |parts: Vec<&str>| (!parts.is_empty()).then(|| parts.join(" "));
    (join(conditions), join(rest))
}

/// Whether a text, or a clause of it, says nothing but under which condition something holds.
pub(in crate::document) fn states_condition(text: &str) -> bool {
    statements(text).into_iter().any(is_condition)
}

/// A sentence without the mark before it that says that it is optional: `(Optional) Needed if mail is sent`.
fn optional_mark(sentence: &str) -> (Option<&str>, &str) {
    ["(optional)", "[optional]", "optional:"]
        .iter()
        .find(|mark| {
            let start = sentence.get(..mark.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(mark))
        })
        .and_then(|mark| sentence.split_at_checked(mark.len()))
        .map_or((None, sentence), |(mark, rest)| {
            (Some(mark), rest.trim_start())
        })
}

/// Whether words that were not read as a condition may state one all the same.
pub(in crate::document) fn may_be_conditional(text: &str) -> bool {
    statements(text).into_iter().any(|sentence| {
        let lower = format!(" {} ", sentence.to_lowercase());
        let joins = [
            " if ",
            " unless ",
            " only when ",
            " only for ",
            " in case ",
            " provided that ",
            " depending on ",
        ];
        joins.iter().any(|joint| lower.contains(joint))
            && !is_of_closing(lower.trim())
            && !lower.contains(" if any ")
    })
}

/// The condition at the end of a few words: `Web interface when TLS is enabled`. Only a state of the deployment is one, and not
/// what happens now and then: `when a job is started`.
fn condition_at_end(sentence: &str) -> Option<&str> {
    let lower = sentence.to_ascii_lowercase();
    // `... and required only if mail is sent` says it of the row, whatever stands before.
    let only = [" only if ", " only when "]
        .iter()
        .find_map(|joint| lower.find(joint))
        .filter(|at| {
            let before = lower.get(..*at).unwrap_or_default();
            let says = ["required", "needed", "used", "necessary", "open", "opened"];
            says.iter().any(|word| before.ends_with(word))
        });
    if let Some(at) = only {
        let tail = sentence.get(at..)?.trim().trim_end_matches(['.', ';', ')']);
        return (names_state(tail) && tail.split(' ').count() <= MOST_TAIL_WORDS).then_some(tail);
    }
    let at = [" when ", " if ", " where ", " in case ", " provided "]
        .iter()
        .filter_map(|word| lower.find(word))
        .min()?;
    let tail = sentence.get(at..)?.trim().trim_end_matches(['.', ';', ')']);
    let is_state = ends_in_state(tail);
    let head = sentence.get(..at)?.trim_end_matches(',');
    // `Login when using Kerberos`: which of the ways to use it is set up.
    let lower_tail = tail.to_ascii_lowercase();
    let is_choice = ["when using ", "if using "]
        .iter()
        .any(|start| lower_tail.starts_with(start));
    // `..., not required with certificates` adds to it.
    let tail = if is_choice {
        tail.split(',').next().unwrap_or(tail)
    } else {
        tail
    };
    let is_state = is_state || is_choice;
    let is_whole = !head.contains(['(', ',']) && !tells_of_others(head);
    let is_short = sentence.split(' ').count() <= MOST_CONDITION_WORDS
        && tail.split(' ').count() <= MOST_TAIL_WORDS;
    (is_state && is_whole && is_short).then_some(tail)
}

/// Whether a clause ends with the state that a part of the deployment is in: `the mirror is enabled`, `mirrors are in use`.
pub(in crate::document) fn ends_in_state(clause: &str) -> bool {
    let lower = clause.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let is_verb = |word: &&str| matches!(*word, "is" | "are" | "has" | "have" | "been" | "being");
    let is_state = |word: &str| {
        matches!(
            word,
            "used"
                | "enabled"
                | "configured"
                | "installed"
                | "deployed"
                | "activated"
                | "disabled"
                | "active"
                | "present"
                | "on"
                | "required"
                | "needed"
                | "desired"
                | "selected"
                | "chosen"
                | "licensed"
        )
    };
    let names_what = |before: &[&str]| {
        // `the mirror is not used`
        let before = before.strip_suffix(&["not"]).unwrap_or(before);
        2 < before.len() && before.last().is_some_and(is_verb)
    };
    match words.as_slice() {
        [before @ .., "in", "use" | "place"]
        | [before @ .., "turned" | "switched", "on" | "off"] => names_what(before),
        [before @ .., last] => is_state(last) && names_what(before),
        [] => false,
    }
}

/// A text in lower case whose other words for `if` are that: `in case mail is sent`, `where mail is sent`.
fn with_if(lower: &str) -> String {
    let starts = [
        "in case that ",
        "in the case that ",
        "in the event that ",
        "in case ",
        "provided that ",
        "assuming that ",
        "as long as ",
    ];
    let is_of = |rest: &str| rest.starts_with("of ");
    let replaced = starts
        .iter()
        .find_map(|start| lower.strip_prefix(start))
        .filter(|rest| !is_of(rest))
        .or_else(|| {
            lower
                .strip_prefix("where ")
                .filter(|rest| ends_in_state(&format!("if {rest}")))
        });
    replaced.map_or_else(|| lower.to_owned(), |rest| format!("if {rest}"))
}

/// Whether words before a condition are a sentence about something else than the row: `All requests are redirected to HTTPS`.
fn tells_of_others(head: &str) -> bool {
    let lower = head.to_ascii_lowercase();
    let mut words = lower.split(' ').filter(|word| !word.is_empty());
    let is_verb = |word: &str| matches!(word, "is" | "are" | "will" | "can" | "may" | "must");
    let is_of_row = words.next().is_some_and(|first| {
        is_verb(first)
            || matches!(
                first,
                "this" | "the" | "it" | "port" | "required" | "used" | "needed" | "only"
            )
    });
    !is_of_row && words.any(is_verb)
}

/// Whether a condition says more than that something is needed: `only when needed` names no state.
fn names_state(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .skip_while(|word| !matches!(*word, "if" | "when"))
        .skip(1)
        .peekable();
    let is_stated = words.peek().is_some();
    !is_stated
        || words.any(|word| {
            !matches!(
                word,
                "needed" | "required" | "necessary" | "applicable" | "desired"
            )
        })
}

/// A longer sentence says more than what a port is for and when.
const MOST_CONDITION_WORDS: usize = 20;

/// A longer condition says more than which state the deployment is in.
const MOST_TAIL_WORDS: usize = 9;

/// Whether a sentence says nothing but under which condition its row holds: `If mail is sent`, `Only applies if the store is
/// remote`, `This port is required when TLS is used`.
fn is_condition(sentence: &str) -> bool {
    let lower = with_if(&without_label(optional_mark(sentence).1).to_lowercase());
    if tells_what_else(&lower) || is_of_closing(&lower) || !names_state(&lower) {
        return false;
    }
    if is_temporary(&lower) || limits(&lower) || is_needed_alone(&lower) || is_choice(&lower) {
        return true;
    }
    let (mut is_only, mut says_only) = (false, false);
    let mut words = lower.split(' ').peekable();
    while let Some(word) = words.next() {
        says_only |= word == "only";
        match word {
            "if" | "unless" | "depending" => return true,
            "when" => return is_only,
            // `Only for`, `required only on`
            "for" | "with" | "on" | "in" | "during" | "while" if is_only => {
                return says_only || words.next() == Some("only");
            }
            "only" | "required" | "needed" | "necessary" | "used" | "applies" | "applicable"
            | "relevant" | "mandatory" => is_only = true,
            // `only required to be open during the installation`
            "to" if words.peek() == Some(&"be") => {}
            "this" | "the" | "these" | "they" | "port" | "ports" | "rule" | "it" | "is" | "are"
            | "must" | "be" | "open" | "opened" | "and" => {}
            _ => return false,
        }
    }
    false
}

/// Whether a few words are a way to set it up: `When using mail as a store`, `When mail is enabled`.
fn is_choice(lower: &str) -> bool {
    let clause = lower.trim_end_matches(['.', ';', ')']);
    clause.split(' ').count() <= MOST_TAIL_WORDS
        && !clause.contains(',')
        && (clause.starts_with("when using ")
            || clause.starts_with("when ") && ends_in_state(clause))
}

/// Whether a few words say what alone needs the row: `needed for online updates only`.
fn is_needed_alone(lower: &str) -> bool {
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    matches!(words.as_slice(),
        ["needed" | "required" | "used" | "necessary" | "mandatory", "for" | "with", what @ .., "only"]
            if !what.is_empty() && what.len() <= MOST_LIMIT_WORDS && !what.contains(&"not"))
}

/// Whether a few words name the way of deploying in which alone a row holds: `Standalone mode only.`
fn limits(lower: &str) -> bool {
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .collect();
    let Some(("only", [of @ .., noun])) = words.split_last().map(|(last, rest)| (*last, rest))
    else {
        return false;
    };
    // `Clusters only` needs no word before it; `not for clusters only` is for others, too.
    (!of.is_empty() || noun.starts_with("cluster"))
        && !of.contains(&"not")
        && of.len() < MOST_LIMIT_WORDS
        && matches!(
            *noun,
            "mode"
                | "modes"
                | "edition"
                | "editions"
                | "deployment"
                | "deployments"
                | "installation"
                | "installations"
                | "setup"
                | "setups"
                | "cluster"
                | "clusters"
                | "environment"
                | "environments"
                | "configuration"
                | "configurations"
        )
}

/// More words before an `only` are a sentence.
const MOST_LIMIT_WORDS: usize = 5;

/// Whether a sentence says that its port need not stay open: `It can be closed after the installation`.
fn is_temporary(lower: &str) -> bool {
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let closes = words.windows(3).any(|three| {
        matches!(
            three,
            ["can" | "may", "be", "closed" | "disabled" | "removed"]
        )
    });
    let is_later = words
        .iter()
        .any(|word| matches!(*word, "after" | "afterwards" | "once" | "later"));
    closes && is_later
}

/// A sentence without the word that draws attention to it, be it marked or not: `*Note:* Only needed when mail is sent`.
fn without_label(sentence: &str) -> &str {
    let is_mark = |c: char| matches!(c, '*' | '_');
    let Some((label, rest)) = sentence.split_once(':') else {
        return sentence.trim_start_matches(is_mark);
    };
    let is_label = matches!(
        label.trim_matches(is_mark).to_lowercase().as_str(),
        "note"
            | "notes"
            | "important"
            | "caution"
            | "warning"
            | "tip"
            | "hint"
            | "attention"
            | "remark"
            | "nb"
            | "n.b"
            | "n.b."
    );
    if is_label {
        rest.trim_start_matches(|c: char| is_mark(c) || c.is_whitespace())
    } else {
        sentence.trim_start_matches(is_mark)
    }
}

/// Whether a sentence says what comes of shutting a port: `If you close port 443, users lose access`.
fn is_of_closing(lower: &str) -> bool {
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let is_conditional = words
        .next()
        .is_some_and(|first| matches!(first, "if" | "when"));
    let condition: Vec<&str> = words.take(MOST_OF_CLOSING).collect();
    let closes = condition.iter().any(|word| {
        matches!(
            *word,
            "close"
                | "closed"
                | "block"
                | "blocked"
                | "shut"
                | "filtered"
                | "unavailable"
                | "unreachable"
        )
    });
    is_conditional && closes && condition.iter().any(|word| word.starts_with("port"))
}

/// So many words of a condition tell whether it is about a port that is shut.
const MOST_OF_CLOSING: usize = 7;

/// Whether what follows from a condition is of something else than the row: `If several tills run, additional ports may be needed`.
fn tells_what_else(lower: &str) -> bool {
    let Some((condition, main)) = lower.split_once(", ") else {
        return false;
    };
    let is_first = ["if ", "when ", "in case "]
        .iter()
        .any(|start| condition.starts_with(start));
    let mut words = main
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let is_of_others = words.next().is_some_and(|first| {
        matches!(
            first,
            "additional" | "other" | "more" | "further" | "another"
        )
    });
    // `If it is not a browser, this redirects to the console`: what happens at the port in that case.
    let redirects = main.contains("redirect");
    is_first && (is_of_others || redirects || names_another_port(main) || tells_what_to_do(main))
}

/// Whether what follows from a condition is advice on something else than traffic: `you will need to turn it off`.
fn tells_what_to_do(main: &str) -> bool {
    main.split(", ").any(|part| {
        let mut words = part
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let begins = words
            .next()
            .is_some_and(|first| matches!(first, "you" | "then" | "please" | "we"));
        let is_of_traffic = |word: &str| {
            [
                "port", "open", "allow", "access", "firewall", "permit", "forward", "traffic",
                "requir", "expos", "connect", "reach",
            ]
            .iter()
            .any(|stem| word.starts_with(stem))
        };
        begins && !words.any(is_of_traffic)
    })
}

/// Whether a clause speaks of a port that is not the row's, and of nothing of the row: `you will need to set up an available
/// port`. The row's own is `this port`, `the port`, `it`, and may be `a port`.
fn names_another_port(main: &str) -> bool {
    let words: Vec<&str> = main
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let is_own = |word: &str| matches!(word, "this" | "it" | "these" | "they");
    let is_other = |word: &str| {
        matches!(
            word,
            "another"
                | "other"
                | "different"
                | "separate"
                | "additional"
                | "available"
                | "free"
                | "unused"
                | "new"
        )
    };
    let is_another = |at: usize| {
        let before = words.get(at.saturating_sub(MOST_ADJECTIVES)..at);
        before.unwrap_or_default().iter().any(|word| is_other(word))
    };
    let mut ports = (0..words.len())
        .filter(|at| matches!(words.get(*at), Some(&("port" | "ports"))))
        .peekable();
    ports.peek().is_some() && ports.all(is_another) && !words.iter().any(|word| is_own(word))
}

/// So many words stand between what tells a port from the row's and the word itself: `another secure port`.
const MOST_ADJECTIVES: usize = 2;
