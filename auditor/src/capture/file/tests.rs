use std::io::{Cursor, Write as _};

use super::{FileError, Summary, read};

/// A pcap file with this link type and these records.
fn pcap(link: u32, records: &[&[u8]]) -> Vec<u8> {
    let mut file = Vec::new();
    for field in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, link] {
        file.extend(field.to_le_bytes());
    }
    for (second, record) in (7_u32..).zip(records) {
        let length = u32::try_from(record.len()).unwrap();
        for field in [second, 5, length, length + 100] {
            file.extend(field.to_le_bytes());
        }
        file.extend(*record);
    }
    file
}

type Records = Vec<(Option<i128>, Vec<u8>, u32)>;

fn frames(file: &[u8]) -> Result<(Records, Summary), FileError> {
    let mut frames = Vec::new();
    let summary = read(Cursor::new(file.to_vec()), |frame| {
        frames.push((frame.time, frame.bytes.into_owned(), frame.length));
        Ok::<(), FileError>(())
    })?;
    Ok((frames, summary))
}

#[test]
fn records_and_compression() {
    let file = pcap(1, &[&[1; 20], &[2; 3]]);
    let (plain, summary) = frames(&file).unwrap();
    assert_eq!(
        plain,
        [
            (Some(7_000_005_000), vec![1; 20], 120),
            (Some(8_000_005_000), vec![2; 3], 103)
        ]
    );
    assert_eq!(summary, Summary::default());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&file).unwrap();
    assert_eq!(frames(&gzip.finish().unwrap()).unwrap().0, plain);
    let zstd = ruzstd::encoding::compress_to_vec(
        file.as_slice(),
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    assert_eq!(frames(&zstd).unwrap().0, plain);
    // The upper bits of the link type hold the length of the frame check sequence.
    assert_eq!(frames(&pcap(0x1400_0001, &[&[1; 20]])).unwrap().0.len(), 1);
}

#[test]
fn what_is_cut_off_keeps_what_is_whole() {
    let file = pcap(1, &[&[1; 20], &[2; 30]]);
    for length in [60 + 17, file.len() - 1] {
        let (kept, summary) = frames(&file[..length]).unwrap();
        assert_eq!(kept.len(), 1, "{length}");
        assert_eq!(summary.cut.as_deref(), Some("its last record is cut off"));
    }
    assert_eq!(frames(&[]).unwrap().0, []);
    assert!(matches!(
        frames(b"no capture at all, but text that is long enough"),
        Err(FileError::Unknown)
    ));
}

#[test]
fn other_links() {
    let ip = [0x45, 0, 0, 20];
    let raw = [&[0; 12][..], &[8, 0], &ip].concat();
    for link in [101, 228] {
        assert_eq!(frames(&pcap(link, &[&ip])).unwrap().0[0].1, raw);
    }
    let cooked = [&[0; 14][..], &[8, 0], &ip].concat();
    assert_eq!(frames(&pcap(113, &[&cooked])).unwrap().0[0].1, raw);
    let cooked2 = [&[8, 0][..], &[0; 18], &ip].concat();
    assert_eq!(frames(&pcap(276, &[&cooked2])).unwrap().0[0].1, raw);
    let Err(error) = frames(&pcap(105, &[&ip])) else {
        panic!("802.11 has no Ethernet frames")
    };
    assert_eq!(
        error.to_string(),
        "holds only records of IEEE 802.11 (link type 105), which have no Ethernet frames and can't be converted exactly"
    );
}
