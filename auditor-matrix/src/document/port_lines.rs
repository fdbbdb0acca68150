//! Lines that each pair ports with a name, as lists in plain text and in blocks of code do: `5432: store`, `80, 443 - gate`.

use super::{
    accounting,
    block::{Block, Content},
    cell,
    cell_kinds::CellKinds,
    table_rows::{TableRow, TableRows},
};

/// Makes tables of the blocks of code whose lines all begin with ports and go on with a name, where what stands right above, or the
/// innermost heading, speaks of ports. Elsewhere on a page that does they may be codes, years or numbered lines, and are said to be
/// unread.
pub(super) fn list(blocks: &mut [Block]) {
    if !blocks
        .iter()
        .filter_map(words)
        .any(|text| accounting::speaks_of_ports(text))
    {
        return;
    }
    let mut is_below_heading = false;
    let mut is_introduced = false;
    for block in blocks {
        if let Some(text) = words(block) {
            let speaks = accounting::speaks_of_ports(text);
            if matches!(block.content, Content::Heading { .. } | Content::Title(_)) {
                is_below_heading = speaks;
            }
            is_introduced = speaks;
        } else if let Content::Code { language, text } = &block.content
            && (language.is_empty() || language.starts_with("text"))
            && let Some(rows) = table(block.line, text)
        {
            block.content = if is_below_heading || is_introduced || state_transports(&rows) {
                Content::Table(Box::new(rows))
            } else {
                Content::Unread {
                    what: "these lines may pair ports with names, and nothing above says that their numbers are ports"
                        .to_owned(),
                    text: text.clone(),
                }
            };
        }
    }
}

/// Whether each line says of its numbers that they are ports, by a transport: `25/tcp  the mail relay`.
fn state_transports(rows: &TableRows) -> bool {
    let states = |row: TableRow| {
        let ports = row.cells.first().map(|cell| cell.to_lowercase());
        ports.is_some_and(|ports| {
            ports
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| cell::stated(word).is_some())
        })
    };
    rows.iter().skip(1).all(states)
}

/// What a block says in words.
const fn words(block: &Block) -> Option<&String> {
    match &block.content {
        Content::Heading { text, .. }
        | Content::Title(text)
        | Content::Text(text)
        | Content::Caption(text)
        | Content::Item { text, .. } => Some(text),
        Content::Table(_)
        | Content::Code { .. }
        | Content::Alternative(_)
        | Content::Condition(_)
        | Content::EndAlternative
        | Content::Unread { .. } => None,
    }
}

/// The table of a block of code whose lines all begin with ports and go on with a name.
fn table(line: usize, code: &str) -> Option<TableRows> {
    let lines = || {
        code.lines()
            .enumerate()
            .filter(|(_, text)| !text.trim().is_empty())
    };
    if lines().count() < LEAST_LINES {
        return None;
    }
    let mut rows = TableRows::default();
    rows.push(&TableRow {
        line,
        is_heading: true,
        cells: vec!["Port".to_owned(), "Service".to_owned()],
    });
    for (at, text) in lines() {
        let (ports, name) = Pair::of(text)?.ports_first()?;
        rows.push(&TableRow {
            line: line + at,
            is_heading: false,
            cells: vec![ports.to_owned(), name.to_owned()],
        });
    }
    Some(rows)
}

/// The line as an item of a list is written: blanks and tabs alone separate nothing there.
pub(super) fn as_item(line: &str) -> String {
    match Pair::of(line) {
        Some(pair) if pair.mark.trim().is_empty() => format!("{}: {}", pair.first, pair.last),
        Some(_) | None => line.to_owned(),
    }
}

/// Whether a line may be such a pair, as far as a glance tells.
pub(super) fn may_pair(line: &str) -> bool {
    line.len() <= MOST_LENGTH
        && line.contains(|c: char| c.is_ascii_digit())
        && MARKS.iter().any(|mark| line.contains(mark))
}

/// How many of these lines, from the first on, pair ports with a name alike; none if they are too few to be a list.
pub(super) fn run(lines: &[&str]) -> usize {
    let shape = |line: &&str| Pair::of(line).map(|pair| (pair.mark, pair.are_ports_first));
    let Some(first) = lines.first().and_then(shape) else {
        return 0;
    };
    let n_alike = lines
        .iter()
        .take_while(|line| shape(line) == Some(first))
        .count();
    if LEAST_LINES <= n_alike { n_alike } else { 0 }
}

/// A line, cut in two.
struct Pair<'a> {
    mark: &'static str,
    first: &'a str,
    last: &'a str,
    are_ports_first: bool,
}

impl<'a> Pair<'a> {
    /// `None` unless one part is ports and nothing else, and the other one a name.
    fn of(line: &'a str) -> Option<Self> {
        let line = line.trim();
        // Items and headings have their own syntax.
        let is_marked = line.starts_with(['-', '*', '+', '#', '>', '\u{2022}']);
        if MOST_LENGTH < line.len() || is_marked {
            return None;
        }
        let (at, mark) = MARKS
            .iter()
            .filter_map(|mark| Some((line.find(mark)?, *mark)))
            .min_by_key(|(at, mark)| (*at, std::cmp::Reverse(mark.len())))?;
        let (first, behind) = line.split_at(at);
        let last = behind.get(mark.len()..)?.trim();
        let first = first.trim();
        let are_ports = |text: &str| CellKinds::of(std::iter::once(text)).are_bare_ports();
        let is_name = |text: &str| {
            text.split(' ').count() <= MOST_WORDS
                && text.contains(char::is_alphabetic)
                && !text.contains(['=', ';', '\\'])
                && !text.contains("://")
        };
        let are_ports_first = are_ports(first) && is_name(last);
        (are_ports_first || is_name(first) && are_ports(last)).then_some(Self {
            mark,
            first,
            last,
            are_ports_first,
        })
    }

    fn ports_first(self) -> Option<(&'a str, &'a str)> {
        self.are_ports_first.then_some((self.first, self.last))
    }
}

/// What stands between ports and a name.
const MARKS: [&str; 8] = [
    "\t",
    "  ",
    ": ",
    " - ",
    " \u{2013} ",
    " \u{2014} ",
    " = ",
    " -> ",
];

/// One such line may be anything.
const LEAST_LINES: usize = 2;

/// A longer name is a sentence.
const MOST_WORDS: usize = 12;

const MOST_LENGTH: usize = 200;

#[cfg(test)]
mod tests {
    use super::{run, table};

    #[test]
    fn lines_of_ports_and_names() {
        let read = |code: &str| {
            let rows = table(7, code)?;
            let lines: Vec<String> = rows
                .iter()
                .map(|row| format!("{} {}", row.line, row.cells.join("|")))
                .collect();
            Some(lines.join(" / "))
        };
        assert_eq!(
            read("5432: store\n\n80, 443: gate (night)").as_deref(),
            Some("7 Port|Service / 7 5432|store / 9 80, 443|gate (night)")
        );
        assert_eq!(
            read("5432/tcp - store\n8000-8010 - gate").as_deref(),
            Some("7 Port|Service / 7 5432/tcp|store / 8 8000-8010|gate")
        );
        for code in [
            "5432: store",
            "5432: store\nretries: 3",
            "store: 5432\ngate: 443",
            "5432: store\n99999: gate",
            "a = 1\nb = 2",
        ] {
            assert_eq!(read(code), None, "{code}");
        }
    }

    #[test]
    fn lines_alike() {
        assert_eq!(run(&["5432: store", "443: gate", "and so on"]), 2);
        assert_eq!(run(&["store   5432", "gate    443"]), 2);
        assert_eq!(run(&["5432: store", "443 - gate"]), 0);
        assert_eq!(run(&["The store, 5432: this one", "443: gate"]), 0);
        assert_eq!(run(&["- 5432: store", "- 443: gate"]), 0);
        assert_eq!(run(&[]), 0);
    }
}
