use std::io::{Cursor, Write as _};

use super::{FileError, SECOND, Summary, Unread, read, survey};

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
    let known = survey(Cursor::new(file.to_vec()));
    let summary = read(Cursor::new(file.to_vec()), Some(known), |frame| {
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

/// A block of pcapng in little-endian byte order.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padding = body.len().next_multiple_of(4) - body.len();
    let length = u32::try_from(12 + body.len() + padding).unwrap();
    let mut block = Vec::new();
    block.extend(kind.to_le_bytes());
    block.extend(length.to_le_bytes());
    block.extend(body);
    block.resize(block.len() + padding, 0);
    block.extend(length.to_le_bytes());
    block
}

fn section(version: u16) -> Vec<u8> {
    let version = version.to_le_bytes();
    block(
        0x0a0d_0d0a,
        &[&[0x4d, 0x3c, 0x2b, 0x1a][..], &version, &[0; 2], &[0xff; 8]].concat(),
    )
}

fn interface(link: u16) -> Vec<u8> {
    block(1, &[&link.to_le_bytes()[..], &[0; 6]].concat())
}

/// The words of a packet's record, and its bytes.
fn words(words: &[u32], data: &[u8]) -> Vec<u8> {
    let words: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    [&words[..], data].concat()
}

fn enhanced(interface: u32) -> Vec<u8> {
    block(6, &words(&[interface, 0, 7, 20, 20], &[1; 20]))
}

#[test]
fn nothing_is_left_out_in_silence() {
    let read = |blocks: &[Vec<u8>]| {
        let (kept, summary) = frames(&blocks.concat()).unwrap();
        assert_eq!(summary.cut, None);
        let unread: Vec<(Unread, u64)> = summary.unread.into_iter().collect();
        (kept.len(), unread)
    };
    let whole = [section(1), interface(1), enhanced(0)].concat();
    // An obsolete packet block of the same packet: its interface has 16 bits, and drops are counted beside it.
    let obsolete = block(2, &words(&[3 << 16, 0, 7, 20, 20], &[1; 20]));
    assert_eq!(
        read(&[whole.clone(), obsolete]),
        (2, vec![(Unread::Dropped, 3)])
    );
    let contradicts = block(2, &words(&[0, 0, 7, 21, 21], &[1; 20]));
    assert_eq!(
        read(&[whole.clone(), contradicts]),
        (1, vec![(Unread::Record, 1)])
    );
    assert_eq!(
        read(&[whole.clone(), enhanced(1)]),
        (1, vec![(Unread::Interface, 1)])
    );
    assert_eq!(
        read(&[whole.clone(), section(2), interface(1), enhanced(0)]),
        (1, vec![(Unread::Version(2), 1)])
    );
    // Link types beside Ethernet, whatever their order.
    for link in [105, 113] {
        assert_eq!(
            read(&[whole.clone(), interface(link), enhanced(1)]),
            (1, vec![(Unread::Link(link.into()), 1)])
        );
    }
    let before = [section(1), interface(105), enhanced(0)].concat();
    assert_eq!(
        read(&[before, interface(1), enhanced(1)]),
        (1, vec![(Unread::Link(105), 1)])
    );
}

#[test]
fn frames_of_zstd_follow_one_another() {
    let file = pcap(1, &[&[1; 20], &[2; 30]]);
    let compressed = |part: &[u8]| {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(part, level)
    };
    let skipped = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], &[9; 3]].concat();
    let (first, second) = (compressed(&file[..50]), compressed(&file[50..]));
    for parts in [
        vec![&first, &second],
        vec![&skipped, &first, &skipped, &second, &skipped],
    ] {
        let stream: Vec<u8> = parts.into_iter().flatten().copied().collect();
        let (kept, summary) = frames(&stream).unwrap();
        assert_eq!((kept.len(), summary), (2, Summary::default()));
    }
}

#[test]
fn what_is_compressed_and_cut_off_keeps_what_is_whole() {
    let file = pcap(1, &[&[1; 20], &[2; 30], &[3; 40]]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(&file).unwrap();
    let gzip = gzip.finish().unwrap();
    // Ten bytes of header, five of the block's, and eight at the end.
    let (kept, summary) = frames(&gzip[..gzip.len() - 8 - 20]).unwrap();
    assert_eq!(kept.len(), 2);
    let cut = summary.cut.unwrap();
    assert!(cut.contains("decompressed"), "{cut}");
    // Both frames are whole, but nobody has checked them.
    let (kept, summary) = frames(&gzip[..gzip.len() - 3]).unwrap();
    assert_eq!(kept.len(), 3);
    assert!(summary.cut.is_some());
}

#[test]
fn what_was_not_captured_is_told() {
    let told = |captured: u32| {
        let mut file = pcap(1, &[&[1; 20]]);
        file[24 + 12..24 + 16].copy_from_slice(&captured.to_le_bytes());
        let mut is_cut = None;
        read(Cursor::new(file), None, |frame| {
            is_cut = Some(frame.is_cut);
            Ok::<(), FileError>(())
        })
        .unwrap();
        is_cut
    };
    assert_eq!((told(20), told(21)), (Some(false), Some(true)));
}

/// A block of pcapng in big-endian byte order.
fn big_block(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut block = block(kind, body);
    let end = block.len() - 4;
    let length = u32::try_from(block.len()).unwrap().to_be_bytes();
    block[..4].copy_from_slice(&kind.to_be_bytes());
    block[4..8].copy_from_slice(&length);
    block[end..].copy_from_slice(&length);
    block
}

fn big_words(words: &[u32], data: &[u8]) -> Vec<u8> {
    let words: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    [&words[..], data].concat()
}

/// A section in big-endian byte order, and an Ethernet interface with these options.
fn big_section(options: &[u8]) -> Vec<u8> {
    let header = [&[0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0][..], &[0xff; 8]].concat();
    let interface = [&[0, 1, 0, 0, 0, 0, 0, 0][..], options].concat();
    [big_block(0x0a0d_0d0a, &header), big_block(1, &interface)].concat()
}

#[test]
fn no_block_of_any_byte_order_is_passed_over() {
    let read = |blocks: &[Vec<u8>]| {
        let (kept, summary) = frames(&blocks.concat()).unwrap();
        assert_eq!(summary.cut, None);
        let unread: Vec<(Unread, u64)> = summary.unread.into_iter().collect();
        (kept.len(), unread)
    };
    let obsolete = |interface: u32, drops: u32| {
        big_block(
            2,
            &big_words(&[interface << 16 | drops, 0, 7, 20, 20], &[1; 20]),
        )
    };
    let big = big_section(&[]);
    assert_eq!(read(&[big.clone(), obsolete(0, 0xffff)]), (1, vec![]));
    assert_eq!(
        read(&[big.clone(), obsolete(9, 0xffff)]),
        (0, vec![(Unread::Interface, 1)])
    );
    // Blocks that nobody knows may hold packets, those of vendors too.
    let little = [section(1), interface(1)].concat();
    for kind in [0x77, 0x0000_0bad, 0x8000_0001 + 5] {
        let unread = vec![(Unread::Block(kind), 1)];
        let body = [7; 8];
        assert_eq!(
            read(&[little.clone(), block(kind, &body)]),
            (0, unread.clone()),
            "{kind}"
        );
        assert_eq!(read(&[big.clone(), big_block(kind, &body)]), (0, unread));
    }
    // In a section of another version nobody knows what any block is.
    assert_eq!(
        read(&[little, section(2), block(0x77, &[7; 8]), block(4, &[0; 4])]),
        (0, vec![(Unread::Version(2), 2)])
    );
}

#[test]
fn what_was_dropped_is_told() {
    let dropped = |blocks: &[Vec<u8>]| {
        let (_, summary) = frames(&blocks.concat()).unwrap();
        summary.unread.get(&Unread::Dropped).copied()
    };
    let option = |code: u16, count: u64| {
        [
            &code.to_le_bytes()[..],
            &[8, 0],
            &count.to_le_bytes(),
            &[0; 4],
        ]
        .concat()
    };
    let packet = |drops: u64| {
        let data = [&[1; 20][..], &option(4, drops)].concat();
        block(6, &words(&[0, 0, 7, 20, 20], &data))
    };
    let statistics = |code, drops| block(5, &words(&[0, 0, 9], &option(code, drops)));
    let start = [section(1), interface(1)].concat();
    assert_eq!(dropped(&[start.clone(), packet(0), statistics(5, 0)]), None);
    assert_eq!(dropped(&[start.clone(), packet(2), packet(3)]), Some(5));
    // The same ones, told by packets and at the end; and by statistics again and again.
    let told = [packet(2), statistics(5, 4), statistics(7, 5)].concat();
    assert_eq!(dropped(&[start.clone(), told.clone()]), Some(5));
    assert_eq!(
        dropped(&[start.clone(), told.clone(), start, told]),
        Some(10)
    );
    let big = big_section(&[]);
    let obsolete = |drops| big_block(2, &big_words(&[drops, 0, 7, 20, 20], &[1; 20]));
    assert_eq!(dropped(&[big, obsolete(3), obsolete(4)]), Some(7));
}

#[test]
fn times_of_any_resolution_and_byte_order() {
    let time = |options: &[u8], units: u64| {
        let [high, low] =
            [units >> 32, units & 0xffff_ffff].map(|half| u32::try_from(half).unwrap());
        let packet = big_block(6, &big_words(&[0, high, low, 20, 20], &[1; 20]));
        let (kept, _) = frames(&[big_section(options), packet].concat()).unwrap();
        kept[0].0.unwrap()
    };
    let resolution = |exponent: u8| vec![0, 9, 0, 1, exponent, 0, 0, 0];
    let offset = |seconds: i64| [&[0, 14, 0, 8][..], &seconds.to_be_bytes()].concat();
    assert_eq!(time(&[], 7_000_000), 7 * SECOND);
    assert_eq!(time(&resolution(0), 7), 7 * SECOND);
    assert_eq!(time(&resolution(9), 7), 7);
    assert_eq!(time(&resolution(12), 7_000), 7);
    // Powers of two.
    assert_eq!(time(&resolution(0x80), 7), 7 * SECOND);
    assert_eq!(time(&resolution(0x8a), 7 << 10), 7 * SECOND);
    assert_eq!(
        time(&resolution(0x94), (7 << 20) + (1 << 19)),
        7 * SECOND + SECOND / 2
    );
    assert_eq!(
        time(&offset(1_700_000_000), 5),
        1_700_000_000 * SECOND + 5_000
    );
    assert_eq!(time(&offset(-3), 5_000_000), 2 * SECOND);
    // Finer than any number.
    assert_eq!(time(&resolution(0xff), u64::MAX), 0);
    assert_eq!(time(&resolution(0x7f), u64::MAX), 0);
}

#[test]
fn other_links_are_left_out_whatever_the_order() {
    let raw = || block(6, &words(&[0, 0, 7, 20, 20], &[0x45; 20]));
    let of_raw = [section(1), interface(101), raw(), raw()].concat();
    let of_ethernet = [section(1), interface(1), enhanced(0)].concat();
    let later = [of_raw.clone(), interface(1), enhanced(1)].concat();
    for file in [
        later,
        [of_raw.clone(), of_ethernet.clone()].concat(),
        [of_ethernet, of_raw.clone()].concat(),
    ] {
        let (kept, summary) = frames(&file).unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(summary.unread.get(&Unread::Link(101)), Some(&2));
    }
    // An Ethernet interface without a packet shows nothing again.
    let silent = [section(1), interface(1), interface(101)].concat();
    let raw = block(6, &words(&[1, 0, 7, 20, 20], &[0x45; 20]));
    let (kept, summary) = frames(&[silent, raw].concat()).unwrap();
    assert_eq!((kept.len(), summary), (1, Summary::default()));
}

#[test]
fn the_earliest_frame_is_not_always_the_first() {
    let mut file = pcap(1, &[&[1; 20], &[2; 20], &[3; 20]]);
    file[24..28].copy_from_slice(&100_u32.to_le_bytes());
    let known = survey(Cursor::new(file));
    assert_eq!(known.earliest, Some(8_000_005_000));
    assert!(known.has_ethernet);
    assert_eq!(survey(Cursor::new(b"no capture".to_vec())).earliest, None);
}

/// The checksum is that of the first frame, whose content was another one.
#[test]
fn a_wrong_checksum_is_said() {
    let file = pcap(1, &[&[1; 20], &[2; 30]]);
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let mut compressed = ruzstd::encoding::compress_to_vec(file.as_slice(), level);
    // Bit 2 of the frame's descriptor: a checksum follows (RFC 8878, section 3.1.1.1.1.6).
    assert_ne!(compressed[4] & 4, 0);
    assert_eq!(frames(&compressed).unwrap().1, Summary::default());
    *compressed.last_mut().unwrap() ^= 1;
    let (kept, summary) = frames(&compressed).unwrap();
    assert_eq!(kept.len(), 2);
    let cut = summary.cut.unwrap();
    assert!(cut.contains("checksum"), "{cut}");
}
