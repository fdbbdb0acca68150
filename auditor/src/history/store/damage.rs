//! Which problems of a database mean that its file can't be trusted any more.

use rusqlite::{Error, ErrorCode, ffi};

/// Whether what failed was the file's content, rather than the disk's room or who may use it.
pub(super) fn is_damage(problem: &Error) -> bool {
    if let Error::SqlInputError { error, .. } = problem {
        return is_of_content(*error);
    }
    // All others are conversions: the statements are fixed, so a value that is not what they expect was written by nobody here.
    problem
        .sqlite_error()
        .is_none_or(|error| is_of_content(*error))
}

fn is_of_content(error: ffi::Error) -> bool {
    // What can't be written is another matter, as on a full disk.
    let is_unreadable = matches!(
        error.extended_code,
        ffi::SQLITE_IOERR
            | ffi::SQLITE_IOERR_READ
            | ffi::SQLITE_IOERR_SHORT_READ
            | ffi::SQLITE_IOERR_CORRUPTFS
            | ffi::SQLITE_IOERR_DATA
    );
    is_unreadable
        || matches!(
            error.code,
            // No such table or column, as where the text that made it has changed.
            ErrorCode::Unknown
                | ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
                | ErrorCode::NotFound
                | ErrorCode::InternalMalfunction
                | ErrorCode::SchemaChanged
                // A header that says so: whoever gets here may write to the directory.
                | ErrorCode::ReadOnly
        )
}
