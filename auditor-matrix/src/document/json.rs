//! Rows as JSON Lines: their serialised shape is defined here alone.

use serde::Serialize;

use super::row::{Direction, Row, RowOrigin};

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of its own of the published shape"
)]
#[derive(Serialize)]
struct RowJson<'a> {
    file: &'a str,
    line: usize,
    from: &'static str,
    section: Option<&'a str>,
    role: Option<&'a str>,
    ports: Vec<[u16; 2]>,
    /// The groups of `ports` in which any one range is enough; left out if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<Vec<[u16; 2]>>,
    protocol: Option<&'a str>,
    transport: Vec<&'static str>,
    transport_inferred: bool,
    direction: Option<&'static str>,
    source: Option<&'a str>,
    destination: Option<&'a str>,
    service: Option<&'a str>,
    required: Option<bool>,
    condition: Option<&'a str>,
    notes: Option<&'a str>,
    ephemeral: bool,
    /// The page says that this traffic does not take place; left out if it does not say so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    forbidden: bool,
    /// Both ends are the same machine; left out if the page does not say so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    loopback: bool,
}

/// The row as one line of JSON, without its line break.
///
/// # Errors
///
/// Never in practice: the shape holds text and numbers only.
pub fn row_json(row: &Row) -> Result<String, serde_json::Error> {
    serde_json::to_string(&RowJson {
        file: &row.file,
        line: row.line,
        from: match row.origin {
            RowOrigin::Table => "table",
            RowOrigin::Item | RowOrigin::Note => "note",
        },
        section: row.section.as_deref(),
        role: row.role.as_deref(),
        ports: row
            .ranges()
            .map(|range| [range.first(), range.last()])
            .collect(),
        alternatives: row
            .ports
            .iter()
            .filter(|group| group.alternatives)
            .map(|group| {
                group
                    .ranges
                    .iter()
                    .map(|range| [range.first(), range.last()])
                    .collect()
            })
            .collect(),
        protocol: row.protocol.as_deref(),
        transport: row
            .transport
            .iter()
            .map(|transport| transport.name())
            .collect(),
        transport_inferred: row.transport_inferred,
        direction: row.direction.map(|direction| match direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
            Direction::Both => "both",
        }),
        source: row.source.as_deref(),
        destination: row.destination.as_deref(),
        service: row.text.service(),
        required: row.required,
        condition: row.condition.as_deref(),
        notes: row.text.notes(),
        ephemeral: row.ephemeral,
        forbidden: row.forbidden,
        loopback: row.loopback,
    })
}
