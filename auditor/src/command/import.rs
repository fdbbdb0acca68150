//! `auditor import`: documents to rows or to a matrix.

mod closing;
mod comments;
mod complaints;
mod directory;
mod edits;
mod fetch;
mod includes;
mod input;
mod media_type;
mod profile;

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use self::{
    closing::{Closing, News},
    comments::Carried,
    complaints::Complaints,
    input::Input,
};
use super::matrix::read;
use crate::{
    document::{self, ColumnChoice, Document, Format, Problem, ProblemKind, Row, Severity},
    escape,
    exit::Exit,
    matrix::{self, Change, Matrix, Presence, Source},
    output::{Readers, print, replace, say, write_lines},
    review::{self, Review},
};

/// Read vendors' pages and write the matrix of rules they document.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor import ports.md -o matrix.toml --deployment auditor.toml")]
pub struct Import {
    /// Pages with port tables: files, directories of files, http and https addresses, or `-` for standard input; Markdown,
    /// HTML, AsciiDoc, reStructuredText, CSV or TSV
    #[arg(required = true, value_name = "DOC")]
    documents: Vec<PathBuf>,
    /// Print the rows as JSON Lines instead of a matrix
    #[arg(long)]
    rows: bool,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a page for browsers that shows the pages' lines beside the rules they became
    #[arg(long, value_name = "FILE", conflicts_with = "rows")]
    review: Option<PathBuf>,
    /// Write the first draft of a deployment to this file, if there is none: every role that the pages name
    #[arg(
        long,
        value_name = "FILE",
        requires = "output",
        conflicts_with = "rows"
    )]
    deployment: Option<PathBuf>,
    /// Say what the pages change in this matrix, and keep the edits that were made to it by hand. With --output the
    /// result is written, which may be the same file; without it nothing is
    #[arg(long, value_name = "MATRIX", conflicts_with = "rows")]
    against: Option<PathBuf>,
    /// The matrix's name; the page's title if left out
    #[arg(long)]
    name: Option<String>,
    /// What a column holds, whatever its heading seems to say, such as "Source / Target=peer". May be repeated
    #[arg(long = "column", value_name = "HEADING=MEANING")]
    columns: Vec<ColumnChoice>,
    /// What a person has said of columns, roles and sections; matrix.import.toml beside matrix.toml if left out
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Whether the traffic of rows that do not say it themselves must be there; the headings above them say it if left out
    #[arg(long, value_name = "PRESENCE", conflicts_with = "rows")]
    presence: Option<Unsaid>,
    /// Print every problem, however many there are of one kind
    #[arg(short, long)]
    verbose: bool,
    #[arg(
        long,
        value_name = "FORMAT",
        help = format!("How the pages are written, if their names and contents do not tell: {}", Format::choices())
    )]
    input_format: Option<Format>,
}

/// What rows are that do not say whether their traffic must be there.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Unsaid {
    /// Its absence is a violation
    Required,
    /// Its absence is a warning
    Expected,
    /// Its absence is no more than a note
    Optional,
}

impl From<Unsaid> for Presence {
    fn from(unsaid: Unsaid) -> Self {
        match unsaid {
            Unsaid::Required => Self::Required,
            Unsaid::Expected => Self::Expected,
            Unsaid::Optional => Self::Optional,
        }
    }
}

/// What was read from a page, and what of the page is still needed.
struct ReadPage {
    file: String,
    /// `None` if nobody will look at it.
    text: Option<String>,
    source: Source,
}

/// Reads the documents and writes what they say.
///
/// # Errors
///
/// A file that can't be read or written, or documents that hold no row at all.
pub fn run(command: &Import) -> anyhow::Result<Exit> {
    let inputs = input::inputs(&command.documents)?;
    check_outputs(command, &inputs)?;
    let profile = profile::profile(
        command.profile.as_deref(),
        [command.against.as_deref(), command.output.as_deref()],
        &command.columns,
    )?;
    let mut complaints = Complaints::new(command.verbose);
    let (mut pages, mut documents) = (Vec::new(), Vec::new());
    for input in &inputs {
        let page = input.read(command.input_format)?;
        let is_empty = page.bytes.iter().all(u8::is_ascii_whitespace);
        let text = command
            .review
            .as_ref()
            .map(|_| document::text(&page.bytes).into_owned());
        let address = match &page.source.address {
            matrix::Address::Url(address) | matrix::Address::File(address) => address,
        };
        let mut document = document::read_as(
            (&page.file, address),
            page.bytes,
            page.format,
            &includes::includes(input.path()),
            &profile,
        );
        if document.rows.is_empty() {
            let what = if is_empty {
                "is empty"
            } else {
                "holds no row of ports"
            };
            // A page that was named alone is the whole import, and what is said of it stands above the error.
            if let [only] = inputs.as_slice() {
                complain(&mut complaints, &document);
                complaints.finish();
                bail!("{} {what}: {EXPECTED}", only.shown());
            }
            let severity = if input.is_named {
                Severity::Lost
            } else {
                Severity::Remark
            };
            let problem = Problem::new(&page.file.as_str().into(), 1, severity, "", what);
            document.problems.push(problem.of(ProblemKind::Page));
        }
        complain(&mut complaints, &document);
        documents.push(document);
        pages.push(ReadPage {
            file: page.file,
            text,
            source: page.source,
        });
    }
    let n_rows: usize = documents.iter().map(|document| document.rows.len()).sum();
    if n_rows == 0 {
        complaints.finish();
        bail!(
            "none of these {} pages holds a row of ports: {EXPECTED}",
            pages.len()
        );
    }
    if command.rows {
        complaints.finish();
        let rows = documents.iter().flat_map(|document| &document.rows);
        write_lines(
            command.output.as_deref(),
            rows.map(document::row_json),
            Readers::Mask,
        )?;
        return Ok(Exit::Clean);
    }
    let name = name(command, &inputs, &documents);
    let mut derived = matrix::derive_as(
        &documents,
        &name,
        &profile,
        command.presence.map(Presence::from),
    );
    for problem in &derived.problems {
        complaints.add("no rule", problem);
    }
    complaints.finish();
    if derived.matrix.rules.is_empty() {
        bail!(
            "no row of these pages could be made a rule; see the lines above, and `auditor import --rows`"
        );
    }
    derived.matrix.sources = pages.iter().map(|page| page.source.clone()).collect();
    let mut news = News::Some;
    if let Some(path) = &command.against {
        (derived.matrix, news) = compared(path, &derived.matrix)?;
    }
    if let Some(output) = &command.output {
        edits::check_name(output, command.against.as_deref(), &derived.matrix)?;
    }
    if command.against.is_none() || command.output.is_some() {
        let text = text_of(&derived.matrix, command.against.as_deref())?;
        replace(command.output.as_deref(), &text, Readers::Mask)?;
    }
    if let Some(path) = &command.review {
        replace(
            Some(path),
            &reviewed(&pages, &documents, &derived)?,
            Readers::Mask,
        )?;
    }
    if let (Some(path), Some(output)) = (&command.deployment, &command.output) {
        draft(path, output, &derived.matrix, &documents)?;
    }
    close(command, &documents, &derived.matrix, news, &complaints);
    Ok(Exit::Clean)
}

const EXPECTED: &str = "expected a page with a table that has a column headed `Port`";

fn complain(complaints: &mut Complaints, document: &Document) {
    for problem in &document.problems {
        complaints.add("not understood", problem);
    }
}

/// Refuses to write over what somebody still needs, before anything is read or fetched.
fn check_outputs(command: &Import, inputs: &[Input]) -> anyhow::Result<()> {
    for path in [&command.output, &command.review].into_iter().flatten() {
        if inputs.iter().any(|input| input.is_file(path)) {
            bail!(
                "{} is a page that is read: write to another file",
                path.display()
            );
        }
    }
    if command.output.is_some() && command.output == command.review {
        bail!("the matrix and its review are to be written to one file: name two");
    }
    if let Some(path) = &command.review
        && !command.rows
        && !is_review(path)
    {
        bail!(
            "{} is there and no review: write to another file, or take it away",
            path.display()
        );
    }
    match &command.output {
        Some(output) if !command.rows => edits::check(output, command.against.as_deref()),
        Some(_) | None => Ok(()),
    }
}

/// Whether nothing is lost where a review is written there: nothing is there, or an earlier review. A device or a pipe holds nothing.
fn is_review(path: &Path) -> bool {
    if !path.is_file() {
        return true;
    }
    fs::read_to_string(path).is_ok_and(|text| text.trim().is_empty() || review::is_one(&text))
}

/// The text of a matrix, with the comments of the one that it was compared with.
fn text_of(matrix: &Matrix, against: Option<&Path>) -> anyhow::Result<String> {
    let text = escape::toml(&matrix.to_toml()?).into_owned();
    let Some(against) = against else {
        return Ok(text);
    };
    let before = fs::read_to_string(against)
        .with_context(|| format!("cannot read {}", against.display()))?;
    let mut carried = comments::carry(&before, &text);
    // Whatever the comments, the matrix is what was compared.
    if Matrix::parse(against, &carried.text).ok() != Matrix::parse(against, &text).ok() {
        carried = Carried {
            text,
            lost: comments::comments(&before),
        };
    }
    for comment in &carried.lost {
        say(&format!(
            "left out: the comment `{}`: what it stood beside is not in the matrix any more",
            comment.escape_debug()
        ));
    }
    Ok(carried.text)
}

/// The pages beside the rules that they became.
fn reviewed(
    pages: &[ReadPage],
    documents: &[Document],
    derived: &matrix::Derived,
) -> anyhow::Result<String> {
    let pages: Vec<review::Page<'_>> = pages
        .iter()
        .zip(documents)
        .map(|(page, document)| review::Page {
            file: &page.file,
            document,
            text: page.text.as_deref(),
            source: &page.source,
        })
        .collect();
    Ok(review::render(&Review {
        pages: &pages,
        matrix: &derived.matrix,
        problems: &derived.problems,
    })?)
}

/// Writes the first draft of a deployment.
fn draft(
    path: &Path,
    output: &Path,
    matrix: &Matrix,
    documents: &[Document],
) -> anyhow::Result<()> {
    let rows: Vec<&Row> = documents
        .iter()
        .flat_map(|document| &document.rows)
        .collect();
    let text = matrix::starter(matrix, &rows, &from(path, output));
    // An existing deployment is never overwritten, since it may have been filled in by hand.
    let mut file = File::create_new(path)
        .with_context(|| format!("cannot make {}: a draft replaces no file", path.display()))?;
    file.write_all(escape::toml(&text).as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    say(&format!(
        "{}: fill in the addresses of its roles",
        path.display()
    ));
    Ok(())
}

/// Says what has come of it all.
fn close(
    command: &Import,
    documents: &[Document],
    matrix: &Matrix,
    news: News,
    complaints: &Complaints,
) {
    let beside = command.output.as_ref().or(command.against.as_ref());
    let profile = command.profile.clone();
    let profile = profile.or_else(|| beside.map(|matrix| profile::beside(matrix)));
    let profile = profile.unwrap_or_else(|| PathBuf::from("matrix.import.toml"));
    if let Some(advice) = profile::advice(&profile, &command.columns) {
        say(&advice);
    }
    let documents: Vec<&Document> = documents.iter().collect();
    let look = complaints.summary();
    let closing = Closing {
        output: command
            .output
            .as_deref()
            .filter(|path| *path != Path::new("-")),
        review: command.review.as_deref(),
        n_rows: documents.iter().map(|document| document.rows.len()).sum(),
        inferred: &matrix::inferences(matrix, &documents),
        look: look.as_deref(),
        arguments: &command.arguments(),
        news,
    };
    for line in closing.lines() {
        say(&line);
    }
}

impl Import {
    /// What of the command line has to be typed again to read the same pages in the same way.
    fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = self
            .documents
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let mut add = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
        for ColumnChoice { heading, meaning } in &self.columns {
            add("--column", format!("{heading}={}", meaning.name()));
        }
        if let Some(path) = &self.profile {
            add("--profile", path.display().to_string());
        }
        if let Some(format) = self.input_format {
            add("--input-format", format.name().to_owned());
        }
        if let Some(presence) = self.presence {
            add("--presence", Presence::from(presence).name().to_owned());
        }
        if let Some(name) = &self.name {
            add("--name", name.clone());
        }
        if let Some(path) = &self.against {
            add("--against", path.display().to_string());
        }
        arguments
    }
}

/// Prints what the pages change in a reviewed matrix, and returns it with the changes made.
fn compared(path: &Path, page: &Matrix) -> anyhow::Result<(Matrix, News)> {
    let reviewed = read(path)?;
    for source in &page.sources {
        let is_same = |before: &&Source| source.is_unchanged(before);
        if let Some(before) = reviewed.sources.iter().find(is_same) {
            let since = before
                .fetched
                .map_or_else(String::new, |time| format!(" of {time:.0}"));
            say(&format!(
                "{}: the page has not changed since the import{since}",
                source.address
            ));
        }
    }
    let comparison = matrix::compare(&reviewed, page);
    let mut text = String::new();
    let is_news =
        |change: &&Change| !matches!(change, Change::Kept { .. } | Change::LeftOut { .. });
    for change in comparison.changes.iter().filter(is_news) {
        text.extend([change.to_string().escape_debug().to_string().as_str(), "\n"]);
    }
    print(&text)?;
    let count = |test: fn(&Change) -> bool| {
        comparison
            .changes
            .iter()
            .filter(|change| test(change))
            .count()
    };
    say(&format!(
        "{}: {} added, {} removed, {} changed, {} in conflict, {} kept as made by hand",
        path.display(),
        count(|change| matches!(change, Change::Added(_))),
        count(|change| matches!(change, Change::Removed(_))),
        count(|change| matches!(change, Change::Changed { .. })),
        count(|change| matches!(change, Change::Conflict { .. })),
        count(|change| matches!(change, Change::Kept { .. } | Change::LeftOut { .. })),
    ));
    let news = if comparison.changes.iter().any(|change| is_news(&change)) {
        News::Some
    } else {
        News::None
    };
    Ok((comparison.matrix, news))
}

/// The path of the matrix as the deployment names it: its file name alone if both are in one directory, else absolute.
fn from(deployment: &Path, matrix: &Path) -> String {
    let is_beside = deployment.parent() == matrix.parent();
    let name = if is_beside {
        matrix.file_name().map(Path::new)
    } else {
        None
    };
    let absolute = || std::path::absolute(matrix).unwrap_or_else(|_unknown| matrix.to_owned());
    name.map_or_else(absolute, Path::to_owned)
        .display()
        .to_string()
}

fn name(command: &Import, inputs: &[Input], documents: &[Document]) -> String {
    let title = documents.iter().find_map(|document| document.title.clone());
    let stem = || inputs.first().map(Input::stem);
    command
        .name
        .clone()
        .or(title)
        .or_else(stem)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{is_review, text_of};
    use crate::{
        matrix::Matrix,
        review::{self, Review},
    };

    const OWN: &str = "# ours\nname = \"x\"\n\n# the web\n[[rule]]\nid = \"web\"\nclient = [\"a\"]\nserver = [\"b\"]\ntransport = \"tcp\"\nports = \"443\" # TLS\npresence = \"expected\"\n";

    #[test]
    fn comments_of_the_matrix_that_was_compared_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m.toml");
        fs::write(&path, OWN).unwrap();
        let matrix = Matrix::parse(&path, OWN).unwrap();
        assert_eq!(text_of(&matrix, Some(&path)).unwrap(), OWN);
        assert!(!text_of(&matrix, None).unwrap().contains('#'));
    }

    #[test]
    fn a_review_takes_the_place_of_a_review_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("review.html");
        assert!(is_review(&path));
        let review = Review {
            pages: &[],
            matrix: &Matrix::parse(&path, OWN).unwrap(),
            problems: &[],
        };
        for (text, expected) in [
            (review::render(&review).unwrap().as_str(), true),
            ("", true),
            ("<!doctype html>\n<title>Ports</title>\n", false),
            (OWN, false),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(is_review(&path), expected, "{text}");
        }
    }
}
