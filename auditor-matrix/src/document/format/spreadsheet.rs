//! Reads spreadsheets into blocks: each visible sheet is a section, and each group of rows a table.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
};

use calamine::{
    Data, Dimensions, Ods, OdsError, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError,
};

use super::{
    csv,
    invisible::visible,
    separator::{LINE, joined},
};
use crate::document::{
    block::{Block, Content},
    span::Grid,
    table_rows::{TableRow, TableRows},
};

/// The cells of a sheet by row and column; only those with text.
type Cells = BTreeMap<(u32, u32), String>;

pub(super) fn blocks(bytes: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let read = if bytes
        .get(..OPENDOCUMENT_SAMPLE.min(bytes.len()))
        .is_some_and(is_opendocument)
    {
        opendocument(bytes, &mut blocks).map_err(|error| error.to_string())
    } else {
        excel(bytes, &mut blocks).map_err(|error| error.to_string())
    };
    if let Err(error) = read {
        blocks.push(Block {
            line: 1,
            content: Content::Unread {
                what: format!("the spreadsheet is damaged ({error})"),
                text: String::new(),
            },
        });
    }
    blocks
}

/// The type of an `OpenDocument` file stands uncompressed at its start.
const OPENDOCUMENT_SAMPLE: usize = 200;

fn is_opendocument(start: &[u8]) -> bool {
    let kind = b"opendocument.spreadsheet";
    start.windows(kind.len()).any(|window| window == kind)
}

fn excel(bytes: &[u8], blocks: &mut Vec<Block>) -> Result<(), XlsxError> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
    for sheet in book.sheets_metadata().to_vec() {
        if sheet.visible != SheetVisible::Visible || sheet.typ != SheetType::WorkSheet {
            continue;
        }
        let merged = book.merge_cells_by_sheet_name(&sheet.name)?;
        let mut cells = Cells::new();
        let mut reader = book.worksheet_cells_reader(&sheet.name)?;
        while let Some((cell, style)) = reader.next_cell_with_style_id()? {
            let is_struck = reader
                .styles()
                .get(style)
                .and_then(|style| style.font.as_ref())
                .is_some_and(calamine::Font::has_strikethrough);
            if !is_struck {
                let value = Data::from(cell.get_value().clone());
                add(&mut cells, cell.get_position(), &value);
            }
        }
        self::sheet(&sheet.name, cells, &merged, blocks);
    }
    Ok(())
}

fn opendocument(bytes: &[u8], blocks: &mut Vec<Block>) -> Result<(), OdsError> {
    let mut book: Ods<_> = Ods::new(Cursor::new(bytes))?;
    for sheet in book.sheets_metadata().to_vec() {
        if sheet.visible != SheetVisible::Visible {
            continue;
        }
        let range = book.worksheet_range(&sheet.name)?;
        let (first_row, first_column) = range.start().unwrap_or_default();
        let mut cells = Cells::new();
        for (row, column, value) in range.used_cells() {
            let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
            let at = (
                first_row.saturating_add(number(row)),
                first_column.saturating_add(number(column)),
            );
            add(&mut cells, at, value);
        }
        self::sheet(&sheet.name, cells, &[], blocks);
    }
    Ok(())
}

fn add(cells: &mut Cells, at: (u32, u32), value: &Data) {
    let text = match value {
        Data::Empty => return,
        Data::String(text) => text.replace(['\n', '\r'], &LINE.to_string()),
        // A range such as `1-2` that the program took for a date; its number is none of the page.
        Data::DateTime(date) => {
            let (year, month, day, ..) = date.to_ymd_hms_milli();
            format!("a date ({year}-{month:02}-{day:02})")
        }
        Data::Int(_)
        | Data::Float(_)
        | Data::Bool(_)
        | Data::DateTimeIso(_)
        | Data::DurationIso(_)
        | Data::Error(_) => value.to_string(),
    };
    let parts: Vec<String> = text
        .split(LINE)
        .map(|part| visible(part.into()).into_owned())
        .collect();
    let text = joined(&parts.join(&LINE.to_string()), at.0 == 0);
    if !text.is_empty() && at.1 < MOST_COLUMNS {
        cells.insert(at, text);
    }
}

/// Columns further to the right are no table's.
const MOST_COLUMNS: u32 = 1000;

/// Makes blocks of a sheet. An empty row ends a table, if what follows reads like headings.
fn sheet(name: &str, mut cells: Cells, merged: &[Dimensions], blocks: &mut Vec<Block>) {
    if cells.is_empty() {
        return;
    }
    fill_merged(&mut cells, merged);
    blocks.push(Block {
        line: 1,
        content: Content::Heading {
            level: 2,
            text: name.to_owned(),
        },
    });
    let mut table: Vec<TableRow> = Vec::new();
    let mut last = None;
    let mut cells = cells.into_iter().peekable();
    while let Some(((number, _), _)) = cells.peek() {
        let number = *number;
        let mut row = TableRow {
            line: usize::try_from(number)
                .unwrap_or(usize::MAX)
                .saturating_add(1),
            is_heading: false,
            cells: Vec::new(),
        };
        while let Some(((_, column), text)) = cells.next_if(|((at, _), _)| *at == number) {
            row.cells
                .resize(usize::try_from(column).unwrap_or_default(), String::new());
            row.cells.push(text);
        }
        let is_apart = last.is_some_and(|last| last + 1 < number);
        let has_digit = row
            .cells
            .iter()
            .any(|cell| cell.contains(|c: char| c.is_ascii_digit()));
        if is_apart && !has_digit && 1 < table.len() {
            end_table(std::mem::take(&mut table), blocks);
        }
        last = Some(number);
        table.push(row);
    }
    end_table(table, blocks);
}

/// Repeats the text of a merged cell in all that it covers.
fn fill_merged(cells: &mut Cells, merged: &[Dimensions]) {
    let most = u32::try_from(Grid::MOST_SPAN).unwrap_or(u32::MAX);
    for region in merged {
        let Some(text) = cells.get(&region.start).cloned() else {
            continue;
        };
        let last_row = region.end.0.min(region.start.0.saturating_add(most));
        let last_column = region.end.1.min(region.start.1.saturating_add(most));
        for row in region.start.0..=last_row {
            for column in region.start.1..=last_column {
                cells.insert((row, column), text.clone());
            }
        }
    }
}

fn end_table(mut rows: Vec<TableRow>, blocks: &mut Vec<Block>) {
    let n_titles = csv::titles(&rows);
    for title in rows.drain(..n_titles) {
        let texts: BTreeSet<String> = title
            .cells
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        let texts: Vec<String> = texts.into_iter().collect();
        blocks.push(Block {
            line: title.line,
            content: Content::Caption(texts.join(", ")),
        });
    }
    let Some(heading) = rows.first_mut() else {
        return;
    };
    heading.is_heading = true;
    let line = heading.line;
    blocks.push(Block {
        line,
        content: Content::Table(Box::new(TableRows::from(rows))),
    });
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Dimensions};

    use super::{Cells, add, blocks, sheet};
    use crate::document::block::block_lines;

    fn cells(rows: &[&[&str]]) -> Cells {
        let mut cells = Cells::new();
        for (row, texts) in (0..).zip(rows) {
            for (column, text) in (0..).zip(*texts) {
                let value = text
                    .parse()
                    .map_or_else(|_| Data::String((*text).to_owned()), Data::Float);
                add(&mut cells, (row, column), &value);
            }
        }
        cells
    }

    #[test]
    fn titles_merged_cells_and_several_tables() {
        let cells = cells(&[
            &["Required ports"],
            &[],
            &["Role", "Port", "Use"],
            &["Core", "8443", "a\nb"],
            &["", "80\n443", "c"],
            &[],
            &["Store", "5432"],
            &[],
            &["Port", "From"],
            &["22", "Admin"],
        ]);
        let merged = [
            Dimensions {
                start: (0, 0),
                end: (0, 2),
            },
            Dimensions {
                start: (3, 0),
                end: (4, 0),
            },
        ];
        let mut blocks = Vec::new();
        sheet("Ports", cells, &merged, &mut blocks);
        assert_eq!(
            block_lines(blocks),
            [
                "1 h2 Ports",
                "1 c Required ports",
                "3h Role|Port|Use",
                "4 Core|8443|a b",
                "5 Core|80, 443|c",
                "7 Store|5432",
                "9h Port|From",
                "10 22|Admin",
            ]
        );
    }

    #[test]
    fn what_is_damaged_is_said() {
        let lines = block_lines(blocks(b"PK\x03\x04 no such thing"));
        assert!(
            lines.len() == 1 && lines[0].contains("is damaged"),
            "{lines:?}"
        );
    }
}
