//! The sum of a row's values, which it holds beside them: a row that a disk has changed is told by it.
//!
//! What SQLite checks of a file is its structure. A bit that flips inside a value leaves another value, such as the address of
//! a host that was never seen.

use rusqlite::types::{Value, ValueRef};

/// The name of the column with the sum; it follows the values that are in it.
pub(super) const COLUMN: &str = "sum";

/// FNV-1a with 64 bits: a change of a single byte always changes it, and any other change all but always.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The sum of a row of a table.
pub(super) fn of<'a, V>(table: &str, values: V) -> i64
where
    V: IntoIterator<Item = ValueRef<'a>>,
{
    let mut sum = add(OFFSET, table.as_bytes());
    for value in values {
        // A value's kind and length are in it, so that no two rows are the same bytes.
        sum = match value {
            ValueRef::Null => add(sum, b"n"),
            ValueRef::Integer(number) => add(add(sum, b"i"), &number.to_le_bytes()),
            ValueRef::Real(number) => add(add(sum, b"r"), &number.to_le_bytes()),
            ValueRef::Text(bytes) => add(add(add(sum, b"t"), &length(bytes)), bytes),
            ValueRef::Blob(bytes) => add(add(add(sum, b"b"), &length(bytes)), bytes),
        };
    }
    sum.cast_signed()
}

/// The values of a row with their sum behind them, as an `INSERT` takes them.
pub(super) fn with_sum(table: &str, values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut row: Vec<Value> = values.into_iter().collect();
    let sum = of(table, row.iter().map(ValueRef::from));
    row.push(sum.into());
    row
}

fn add(sum: u64, bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(PRIME);
    bytes.iter().fold(sum, step)
}

fn length(bytes: &[u8]) -> [u8; 8] {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use rusqlite::types::ValueRef;

    use super::of;

    #[test]
    fn every_bit_counts() {
        let values =
            |text: &'static [u8], number| [ValueRef::Text(text), ValueRef::Integer(number)];
        let sum = of("flow", values(b"10.0.0.1", 80));
        assert_eq!(sum, of("flow", values(b"10.0.0.1", 80)));
        for bit in 0..64 {
            assert_ne!(
                sum,
                of("flow", values(b"10.0.0.1", 0x50 ^ (1 << bit))),
                "{bit}"
            );
        }
        assert_ne!(sum, of("flow", values(b"10.0.0.3", 80)));
        assert_ne!(sum, of("gap", values(b"10.0.0.1", 80)));
        // What ends a value does not begin the next one.
        let texts = |one, other| of("flow", [ValueRef::Text(one), ValueRef::Text(other)]);
        assert_ne!(texts(b"ab", b"c"), texts(b"a", b"bc"));
        assert_ne!(of("flow", [ValueRef::Null]), of("flow", []));
    }
}
