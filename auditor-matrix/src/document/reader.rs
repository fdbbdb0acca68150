//! Reads blocks into rows: headings and columns give each cell its meaning.

mod adjective;
mod announcement;
mod arrows;
mod continuation;
mod evident_names;
mod first_end;
mod page_names;
mod short_row;
mod sibling_titles;
mod table;
mod table_heading;
mod unread_table;

use std::sync::Arc;

use self::{continuation::TableAbove, page_names::names};
use super::{
    accounting::{self, OpenNumbers},
    aligned,
    alternatives::Alternatives,
    arrow::Endpoints,
    arrow_lines,
    block::{Block, Content},
    context::{Context, Headings},
    default_transport::DefaultTransports,
    deployment_models, foreign, host_table,
    interner::Interner,
    loopback,
    names::Names,
    port_lines, ports,
    problem::{Problem, ProblemKind, Severity},
    product::{machines_told, product},
    profile::Profile,
    prose::Prose,
    publishing::{self, Published},
    records,
    row::Document,
    section, separated,
    text::{fold, sentences, some},
};

/// Reads all rows of a page.
pub(super) fn read(
    (file, address): (&str, &str),
    mut blocks: Vec<Block>,
    profile: &Profile,
) -> Document {
    mend_leads(&mut blocks);
    let published = publishing::without_conditions(&mut blocks);
    let foreign = translate(&mut blocks);
    port_lines::list(&mut blocks);
    deployment_models::mark(&mut blocks);
    let names = Arc::new(names(&blocks, profile));
    let product = machines_told(&blocks, &names).or_else(|| product(&blocks, address));
    let alternatives = Alternatives::of(&blocks, &names);
    let ports_of_all = blocks.iter().find_map(|block| {
        let (Content::Text(text) | Content::Item { text, .. }) = &block.content else {
            return None;
        };
        sentences(text)
            .into_iter()
            .find_map(host_table::ports_of_all)
    });
    let mut reader = Reader {
        file: file.into(),
        headings: Headings::default(),
        context: Arc::default(),
        document: Document {
            product,
            ..Document::default()
        },
        prose: Prose::new(&names),
        names,
        alternatives,
        caption: None,
        table_above: None,
        introduction: None,
        announced: None,
        ports_of_all,
        open_numbers: OpenNumbers::default(),
        is_about_ports: false,
        is_below_heading: false,
        arrows: Some(Vec::new()),
        half_pair: None,
        default_transports: DefaultTransports::default(),
        interner: Interner::default(),
        profile,
        is_left_out: false,
    };
    if let Some((line, text)) = foreign {
        let message = "sentences in another language were read by the words between their names alone; check what they say else";
        reader.problem(line, Severity::Remark, &text, message.to_owned());
    }
    for Published { line, condition } in published {
        let message = "this was taken for when the page is published, and for no condition of its ports; check it";
        reader.problem(line, Severity::Remark, &condition, message.to_owned());
    }
    for block in blocks {
        let is_heading = matches!(block.content, Content::Heading { .. } | Content::Title(_));
        let is_border = matches!(
            block.content,
            Content::Alternative(_) | Content::Condition(_) | Content::EndAlternative
        );
        if is_heading || is_border || !reader.is_left_out {
            reader.block(block);
        }
    }
    reader.finish()
}

/// Takes the dash away with which some write the end of what leads to a list: `the following ports:-`
fn mend_leads(blocks: &mut [Block]) {
    for block in blocks {
        if let Content::Text(text) | Content::Item { text, .. } | Content::Caption(text) =
            &mut block.content
        {
            let kept = text
                .trim_end_matches(['-', '\u{2013}', '\u{2014}', ' '])
                .len();
            if kept < text.len() && text.get(..kept).is_some_and(|lead| lead.ends_with(':')) {
                text.truncate(kept);
            }
        }
    }
}

/// Puts sentences of other languages into English words, and gives the first of them as it was written, with its line.
fn translate(blocks: &mut [Block]) -> Option<(usize, String)> {
    let mut first = None;
    for block in blocks {
        let (Content::Text(text) | Content::Item { text, .. }) = &mut block.content else {
            continue;
        };
        if let Some(english) = foreign::in_english(text) {
            let written = std::mem::replace(text, english);
            first.get_or_insert((block.line, written));
        }
    }
    first
}

/// Whether a paragraph reads like the title of what follows: a few words and no sentence.
fn is_caption(text: &str) -> bool {
    text.split_whitespace().count() <= CAPTION_WORDS && !text.ends_with(['.', '!', '?', ';'])
}

const CAPTION_WORDS: usize = 9;

struct Reader<'a> {
    file: Arc<str>,
    /// What the page's tables name as machines.
    names: Arc<Names>,
    headings: Headings,
    /// The context that all headings together give.
    context: Arc<Context>,
    /// The alternatives that the page is inside of, such as tabs.
    alternatives: Alternatives,
    document: Document,
    prose: Prose,
    /// The title of the next table.
    caption: Option<String>,
    /// The last table with ports, which the next one may go on with.
    table_above: Option<TableAbove>,
    /// The paragraph right before the next block.
    introduction: Option<String>,
    /// The port that a sentence gives to all that goes out.
    ports_of_all: Option<String>,
    /// The ends that a paragraph of this section gave to what stands below, which nothing has taken yet.
    announced: Option<Endpoints>,
    /// The numbers of prose and code that may be ports.
    open_numbers: OpenNumbers,
    /// The innermost heading or the paragraph above the list that is being read speaks of ports.
    is_about_ports: bool,
    /// Nothing has been read since the last heading.
    is_below_heading: bool,
    /// The ends of the items of the list that is being read, each of which is an arrow; `None` if another item is in it.
    arrows: Option<Vec<Endpoints>>,
    /// The item before, if it names the first of two ends.
    half_pair: Option<String>,
    default_transports: DefaultTransports,
    interner: Interner,
    profile: &'a Profile,
    /// The profile leaves out the section that is being read.
    is_left_out: bool,
}

impl Reader<'_> {
    fn block(&mut self, block: Block) {
        let introduction = self.introduction.take();
        let is_below_heading = std::mem::replace(&mut self.is_below_heading, false);
        if !matches!(block.content, Content::Item { .. }) {
            self.end_arrows();
        }
        if !matches!(
            block.content,
            Content::Text(_) | Content::Item { .. } | Content::Code { .. }
        ) {
            self.prose.end_block(&mut self.interner);
        }
        match block.content {
            Content::Heading { level, text } => {
                self.caption = None;
                // The heading itself may be all that names a port: "Relay port #8402".
                if accounting::numbers_a_port(&text) {
                    self.open_numbers.add(block.line, &text);
                }
                self.heading(block.line, level, &text);
                self.prose.add_heading(block.line, &text, &self.context);
            }
            Content::Table(rows) => {
                self.announced = None;
                self.table(block.line, &rows, introduction.as_deref());
                self.take_arrows();
            }
            Content::Item { level, text } => {
                self.announced = None;
                self.note_numbers(block.line, &text);
                self.note_arrow(&text);
                // A table inside an item has the item for its title.
                if is_caption(&text) {
                    self.caption = Some(text.trim_end_matches(':').to_owned());
                }
                let position = (&self.file, block.line);
                self.prose
                    .add_item(position, level, &text, &self.context, &mut self.interner);
            }
            Content::Text(text) => {
                self.note_numbers(block.line, &text);
                self.note_loopback(&text, is_below_heading);
                if let Some(ports) = self.line_of_ports(&text) {
                    let position = (&self.file, block.line);
                    self.prose
                        .add_ports(position, &text, ports, &self.context, &mut self.interner);
                    return;
                }
                self.caption = is_caption(&text).then(|| text.trim_end_matches(':').to_owned());
                let position = (&self.file, block.line);
                self.prose
                    .add(position, &text, &self.context, &mut self.interner);
                if self.add_arrows(arrow_lines::pairs(&text, &self.names)) {
                    self.caption = None;
                }
                self.announced = announcement::ends(&text, &self.names).or(self.announced.take());
                self.introduction = Some(announcement::kept(introduction, &text).unwrap_or(text));
            }
            Content::Caption(text) => {
                self.caption = Some(text);
                self.introduction = introduction;
            }
            Content::Title(text) => {
                self.document.title = self.document.title.take().or_else(|| some(&text));
            }
            Content::Unread { what, text } => self.unread(block.line, &what, &text),
            Content::Code { text, .. }
                if self.add_arrows(arrow_lines::pairs(&text, &self.names)) =>
            {
                self.introduction = introduction;
            }
            Content::Code { language, text } => {
                let aligned = aligned::table(block.line, &text);
                if aligned.is_some() {
                    let message = "the columns of this block were told by its first line, and its rows without a port were left out; check it";
                    self.problem(block.line, Severity::Remark, "", message.to_owned());
                }
                if let Some(rows) = aligned.or_else(|| records::table(block.line, &text)) {
                    self.prose.end_block(&mut self.interner);
                    self.table(block.line, &rows, introduction.as_deref());
                    self.take_arrows();
                    return;
                }
                if let Some(blocks) = separated::blocks(block.line, &text, &fold) {
                    self.introduction = introduction;
                    for block in blocks {
                        self.block(block);
                    }
                    return;
                }
                let position = (&self.file, block.line);
                let diagram = (language.as_str(), text.as_str());
                if self
                    .prose
                    .add_diagram(position, diagram, &self.context, &mut self.interner)
                {
                    return;
                }
                self.prose
                    .add_code(position, &text, &self.context, &mut self.interner);
                if self.is_about_ports
                    || accounting::speaks_of_ports(&text)
                    || introduction
                        .as_deref()
                        .is_some_and(accounting::speaks_of_ports)
                {
                    for (index, line) in text.lines().enumerate() {
                        self.open_numbers.add(block.line + index, line);
                    }
                }
            }
            Content::Alternative(name) | Content::Condition(name) => {
                self.alternatives.begin(name);
                self.update_context();
            }
            Content::EndAlternative => {
                self.alternatives.end();
                self.update_context();
            }
        }
    }

    fn finish(mut self) -> Document {
        let found = self
            .prose
            .rows(&self.file, &self.document.rows, &mut self.interner);
        self.document.rows.extend(found.rows);
        self.default_transports.apply(&mut self.document.rows);
        self.document.problems.extend(found.problems);
        self.open_numbers.take(&found.named_above);
        // Sorting takes memory, and most pages are in order.
        if !self.document.rows.is_sorted_by_key(|row| row.line) {
            self.document.rows.sort_by_key(|row| row.line);
        }
        self.document.problems.sort_by_key(|problem| problem.line);
        let left = self
            .open_numbers
            .left(&self.document.rows, &self.document.problems);
        for (line, text, numbers) in left {
            let message =
                format!("{numbers} may be a port, and is in no row; add a rule by hand if it is");
            self.document.problems.push(
                Problem::new(&self.file, line, Severity::Remark, text, message)
                    .of(ProblemKind::Number),
            );
        }
        self.document.problems.sort_by_key(|problem| problem.line);
        self.document
    }

    /// The ports of a paragraph that is no more than a name and ports, below a heading about ports: `HTTP 8080`,
    /// `server.port=8080`.
    fn line_of_ports(&self, text: &str) -> Option<ports::Ports> {
        if !self.is_about_ports
            || FEW_WORDS < text.split(' ').count()
            || !text.contains(|c: char| c.is_ascii_digit())
            || text.ends_with(['.', '!', '?', ':'])
            || accounting::unaccounted(text, &[], &[]).is_empty()
        {
            return None;
        }
        let read = ports::ports(text);
        let is_understood = read.problem.is_none() && read.remarks.len() <= 1;
        (is_understood && !read.groups.is_empty()).then_some(read)
    }

    /// Keeps the numbers that are no ports, and what they are.
    fn note_no_ports(&mut self, line: usize, text: &str) {
        let room = MOST_NO_PORTS.saturating_sub(self.document.no_ports.len());
        if 0 < room {
            self.document
                .no_ports
                .extend(accounting::no_ports(line, text).take(room));
        }
    }

    /// Notes the numbers of a paragraph or an item if it, its heading or what introduces its list speaks of ports.
    fn note_numbers(&mut self, line: usize, text: &str) {
        self.default_transports
            .add(self.context.section.as_ref(), text);
        let speaks = accounting::speaks_of_ports(text);
        let is_short = || text.split(' ').count() <= SHORT_WORDS;
        if speaks || self.is_about_ports && is_short() {
            self.note_no_ports(line, text);
            self.open_numbers.add(line, text);
        }
        self.is_about_ports |= speaks && text.trim_end().ends_with(':');
    }

    /// Keeps for the rest of the section what a paragraph says of all its ports.
    fn note_loopback(&mut self, text: &str, is_below_heading: bool) {
        let is_meant = self.headings.innermost().is_some_and(|heading| {
            let said = sentences(text);
            is_below_heading
                && said
                    .first()
                    .is_some_and(|first| loopback::is_meant_of_heading(first))
                || said
                    .into_iter()
                    .any(|sentence| loopback::is_meant_of_section(sentence, heading))
        });
        if is_meant && !self.context.is_loopback {
            Arc::make_mut(&mut self.context).is_loopback = true;
        }
    }

    fn heading(&mut self, line: usize, level: u8, text: &str) {
        // "Allow inbound traffic to the Core from your tills on the below ports.", and each section below has some of these.
        let announced = self.announced.take();
        if let Some(ends) = announced.filter(|_| self.headings.is_above(level)) {
            self.headings.add_arrows(vec![ends]);
        }
        self.is_about_ports = accounting::speaks_of_ports(text);
        self.is_below_heading = true;
        if level == 1 && self.document.title.is_none() {
            self.document.title = some(text);
        }
        self.headings.push(level, text);
        self.update_context();
        let section = self.context.section.as_deref().unwrap_or_default();
        self.is_left_out = self.profile.leaves_out(section);
        if self.is_left_out {
            let message = "the import profile leaves out this section";
            self.problem(line, Severity::Remark, text, message.to_owned());
        }
    }

    fn update_context(&mut self) {
        let mut context = self.headings.context(&self.names);
        // `Server configuration` speaks of the product's server, which has the product's name.
        if self.document.product.is_some()
            && !context.is_within_role
            && let Some(role) = context.role.take_if(|role| section::is_general(&role.name))
            && (self.names.contains(&role.name) || self.headings.has(&role.name))
        {
            context.role = Some(role);
        }
        for title in self.alternatives.headings() {
            context.enter(title, &self.names);
        }
        context.condition = some(&self.alternatives.condition()).map(Into::into);
        self.context = Arc::new(context);
    }

    fn problem(&mut self, line: usize, severity: Severity, text: &str, message: String) {
        self.document
            .problems
            .push(Problem::new(&self.file, line, severity, text, message).of(ProblemKind::Table));
    }

    /// Says what was not read, and the numbers in it that may be ports.
    fn unread(&mut self, line: usize, what: &str, text: &str) {
        let mut message = format!("{what}, so this was not read");
        let mut numbers = accounting::unaccounted(text, &[], &[]);
        numbers.truncate(MOST_NUMBERS);
        if !numbers.is_empty() {
            message.push_str("; its numbers are ");
            message.push_str(&numbers.join(", "));
        }
        let quoted: String = fold(text).chars().take(MOST_QUOTED).collect();
        self.problem(line, Severity::Lost, &quoted, message);
    }
}

/// A text of more words in a section about ports speaks of something else, unless it names them.
const SHORT_WORDS: usize = 12;

/// A line of more words is a sentence.
const FEW_WORDS: usize = 4;

/// So many numbers that are no ports are kept; they are for a person to look at.
const MOST_NO_PORTS: usize = 10_000;

/// So much of a text that was not read is quoted, in characters.
const MOST_QUOTED: usize = 160;

/// So many numbers of a table that was not read are named; more are counted.
const MOST_NUMBERS: usize = 40;
