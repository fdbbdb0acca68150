//! Cuts a block of code into command lines, and each into words, as a shell does.

/// One command.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct CommandLine {
    /// The number of lines of the block before it.
    pub(super) n_lines_before: usize,
    /// As written, without the prompt.
    pub(super) text: String,
    /// Its words without quotes; `sudo` and settings of variables before it are left out.
    pub(super) words: Vec<String>,
    /// What stands behind `#`.
    pub(super) comment: Option<String>,
    /// Its line starts with `#`, which is a prompt or makes it a comment.
    pub(super) is_hashed: bool,
}

/// The commands of a block.
pub(super) fn command_lines(code: &str) -> Vec<CommandLine> {
    let mut all = Vec::new();
    let mut lines = code.lines().enumerate();
    while let Some((n_lines_before, line)) = lines.next() {
        let mut whole = line.trim().to_owned();
        // A backslash, in PowerShell a backtick, in cmd a caret.
        while let Some(open) = whole.strip_suffix(['\\', '`', '^']) {
            let open = open.trim_end().len();
            whole.truncate(open);
            let Some((_, next)) = lines.next() else {
                break;
            };
            whole.push(' ');
            whole.push_str(next.trim());
        }
        let is_hashed = line.trim_start().starts_with('#');
        all.extend(
            commands(without_prompt(&whole), n_lines_before)
                .into_iter()
                .map(|command| CommandLine {
                    is_hashed,
                    ..command
                }),
        );
    }
    all
}

/// A line without the prompt that a page shows before it.
fn without_prompt(line: &str) -> &str {
    let line = line.trim_start();
    if let Some(rest) = line
        .strip_prefix("PS ")
        .and_then(|rest| rest.split_once('>'))
    {
        return rest.1.trim_start();
    }
    for prompt in ["$ ", "# ", "> ", "% "] {
        if let Some(rest) = line.strip_prefix(prompt) {
            return rest.trim_start();
        }
    }
    // `root@core:~# iptables`, `[root@core ~]# ufw`, `C:\> netsh`
    let prompt = line
        .split_once("# ")
        .or_else(|| line.split_once("$ "))
        .or_else(|| line.split_once("> "));
    match prompt {
        Some((before, rest)) if is_prompt(before) => rest.trim_start(),
        Some(_) | None => line,
    }
}

fn is_prompt(text: &str) -> bool {
    text.contains('@') && !text.contains(['"', '\'', '='])
        || text.len() <= 20 && text.contains(":\\") && !text.contains(' ')
}

/// The commands of a line: `a && b; c | d`.
fn commands(line: &str, n_lines_before: usize) -> Vec<CommandLine> {
    let mut all = Vec::new();
    let mut open = CommandLine::default();
    let (mut word, mut has_word) = (String::new(), false);
    let mut quote: Option<char> = None;
    let mut start = 0;
    let mut characters = line.char_indices().peekable();
    let end_word = |word: &mut String, has_word: &mut bool, open: &mut CommandLine| {
        if *has_word {
            open.words.extend(expanded(word));
        }
        word.clear();
        *has_word = false;
    };
    while let Some((index, character)) = characters.next() {
        match (quote, character) {
            (Some(mark), _) if character == mark => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                has_word = true;
            }
            (None | Some('"'), '\\')
                if characters
                    .peek()
                    .is_some_and(|(_, next)| !next.is_alphanumeric()) =>
            {
                if let Some((_, next)) = characters.next() {
                    word.push(next);
                    has_word = true;
                }
            }
            (Some(_), _) => word.push(character),
            (None, '#') if !has_word => {
                let comment = line.get(index + 1..).unwrap_or_default().trim();
                open.comment = Some(comment.to_owned()).filter(|comment| !comment.is_empty());
                open.text = text(line, start, index);
                end_word(&mut word, &mut has_word, &mut open);
                break;
            }
            (None, ';' | '&' | '|') => {
                end_word(&mut word, &mut has_word, &mut open);
                open.text = text(line, start, index);
                all.push(std::mem::take(&mut open));
                start = index + character.len_utf8();
            }
            (None, _) if character.is_whitespace() => {
                end_word(&mut word, &mut has_word, &mut open);
            }
            (None, _) => {
                word.push(character);
                has_word = true;
            }
        }
    }
    end_word(&mut word, &mut has_word, &mut open);
    if open.text.is_empty() {
        open.text = text(line, start, line.len());
    }
    all.push(open);
    for command in &mut all {
        command.n_lines_before = n_lines_before;
        command.words = without_lead(std::mem::take(&mut command.words));
    }
    all.retain(|command| !command.words.is_empty());
    all
}

fn text(line: &str, start: usize, end: usize) -> String {
    line.get(start..end)
        .unwrap_or_default()
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '&' | '|' | ';'))
        .to_owned()
}

/// A command's words without what only says who runs it, or in which loop.
fn without_lead(words: Vec<String>) -> Vec<String> {
    let mut is_lead = true;
    let mut after_sudo = false;
    let mut skips_value = false;
    words
        .into_iter()
        .filter(|word| {
            if !is_lead {
                return true;
            }
            if std::mem::take(&mut skips_value) {
                return false;
            }
            let is_setting = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
            });
            if matches!(
                word.as_str(),
                // A list's mark before a command is none of its words.
                "*" | "-" | "sudo" | "doas" | "do" | "then" | "else" | "RUN" | "exec" | "run"
            ) {
                after_sudo |= matches!(word.as_str(), "sudo" | "doas");
                return false;
            }
            if is_setting || after_sudo && word.starts_with('-') {
                skips_value = after_sudo && matches!(word.as_str(), "-u" | "-g");
                return false;
            }
            is_lead = false;
            true
        })
        .collect()
}

/// The words that a word with braces stands for: `--add-port={80,443}/tcp` are two.
fn expanded(word: &str) -> Vec<String> {
    let found = word.split_once('{').and_then(|(before, rest)| {
        let (inside, behind) = rest.split_once('}')?;
        let is_list = !before.ends_with('$')
            && !before.is_empty()
            && inside.contains(',')
            && !behind.contains('{');
        is_list.then_some((before, inside, behind))
    });
    match found {
        Some((before, inside, behind)) => inside
            .split(',')
            .take(MOST_EXPANDED)
            .map(|part| format!("{before}{part}{behind}"))
            .collect(),
        None => vec![word.to_owned()],
    }
}

/// No page writes more of them in one word.
const MOST_EXPANDED: usize = 256;

#[cfg(test)]
mod tests {
    use super::command_lines;

    #[test]
    fn words_of_commands() {
        let words = |code: &str| -> Vec<String> {
            command_lines(code)
                .iter()
                .map(|line| format!("{} {}", line.n_lines_before, line.words.join("|")))
                .collect()
        };
        assert_eq!(
            words("$ sudo -u root ufw allow 'Nginx Full' # web\nA=1 b \\\n  --c && d;e"),
            ["0 ufw|allow|Nginx Full", "1 b|--c", "1 d", "1 e"]
        );
        assert_eq!(
            words("root@core:~# x {1,2} y={3,4}/tcp"),
            ["0 x|{1,2}|y=3/tcp|y=4/tcp"]
        );
        assert_eq!(
            words("# comment of words\n\nPS C:\\> New-X `\n -A 1"),
            ["0 comment|of|words", "2 New-X|-A|1"]
        );
        assert_eq!(
            words("for p in 80 443; do f --p=$p; done"),
            ["0 for|p|in|80|443", "0 f|--p=$p", "0 done"]
        );
        assert_eq!(words("'open"), ["0 open"]);
    }
}
