use proptest::prelude::*;

use super::{
    super::{Report, tests::report},
    DigestError, check,
};

proptest! {
    /// Whichever byte is changed, taken out or added, it is found.
    #[test]
    fn a_byte_that_is_altered_is_found(at in any::<prop::sample::Index>(), byte in any::<u8>(), what in 0..3) {
        let text = report().to_json().unwrap();
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        match what {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
        let is_same = bytes == text.as_bytes();
        // What is no UTF-8 is not read at all.
        if let Ok(altered) = String::from_utf8(bytes) {
            prop_assert_eq!(check(&altered).is_ok(), is_same);
        }
    }
}

#[test]
fn what_is_written_is_whole() {
    let text = report().to_json().unwrap();
    let digest = check(&text).unwrap();
    assert_eq!(digest.len(), 64);
    // It is the digest of what stands before the field, by whatever counts SHA-256.
    let (content, _) = text.rsplit_once(",\n  \"digest\"").unwrap();
    assert_eq!(super::digest(content), digest);
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(read, report());
    assert_eq!(read.to_json().unwrap(), text);
    assert_eq!(check("{\n}\n"), Err(DigestError::Absent));
}
