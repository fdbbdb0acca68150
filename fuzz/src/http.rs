//! What a watch answers to whoever reaches it.

use std::{fs, sync::LazyLock};

use auditor::fuzz::{self, Surface};

/// A word of the report that is shown, and of nothing else.
const MARK: &str = "kept-to-itself";
/// No input has it: 16 bytes that no seed holds.
const TOKEN: &str = "9f1c6a0be27d4538";

/// Shown on the loopback to everybody, and to those who know the token.
static SURFACES: LazyLock<[Surface; 2]> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("auditor-fuzz-token-{}", std::process::id()));
    fs::write(&path, TOKEN).expect("a token is written");
    readable_by_its_owner(&path);
    let surfaces = [None, Some(path.as_path())].map(|token| {
        let report = include_str!("../seeds/report/plain").replace("store", MARK);
        let report = fuzz::report(&report).expect("the seed is a report");
        Surface::new(report, token).expect("a surface")
    });
    fs::remove_file(&path).expect("the token's file is ours");
    surfaces
});

fn readable_by_its_owner(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the token's file is ours");
}

/// Sends bytes to both, and checks what comes back: answers of HTTP, and nothing of the report to those who may not have it.
pub fn request(bytes: &[u8]) {
    let [open, closed] = &*SURFACES;
    if let Some(answer) = answer(open, bytes) {
        let is_shown = answer.status == 200;
        assert!(is_shown || !answer.has_mark, "{}", answer.status);
        assert!(!is_shown || names_the_loopback(bytes), "another name");
    }
    if let Some(answer) = answer(closed, bytes) {
        assert!(400 <= answer.status, "{} without the token", answer.status);
        assert!(!answer.has_mark, "the report without the token");
    }
}

struct Answer {
    status: u16,
    has_mark: bool,
}

/// The answer, if there is one: what does not come to its end is no request.
fn answer(surface: &Surface, request: &[u8]) -> Option<Answer> {
    let all = surface.answer(request).expect("a pair of sockets");
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let at = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let (head, body) = rest.split_at(at.expect("a head") + 4);
        let head = std::str::from_utf8(head)
            .expect("a head is text")
            .trim_end();
        let (first, fields) = head.split_once("\r\n").unwrap_or((head, ""));
        let status = first
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| first.strip_prefix("HTTP/1.0 "));
        let status = status.and_then(|status| status.get(..3)).expect("a status");
        let status: u16 = status.parse().expect("a status is a number");
        if status < 200 {
            rest = body;
            continue;
        }
        let field = |name: &str| {
            fields.lines().find_map(|line| {
                let (other, value) = line.split_once(": ").expect("a field");
                other.eq_ignore_ascii_case(name).then_some(value)
            })
        };
        let length = field("content-length").map_or(0, |length| length.parse().expect("a length"));
        // RFC 9110, section 9.3.2: the length is that of the body which GET would have. RFC 9112, section 2.2: empty lines
        // before a request are passed over.
        let is_head = request.trim_ascii_start().starts_with(b"HEAD ");
        let is_whole = body.len() == length || (body.is_empty() && is_head);
        assert!(
            is_whole,
            "{} bytes of {length}, and nothing behind",
            body.len()
        );
        if status == 200 {
            assert_eq!(field("x-frame-options"), Some("DENY"));
            assert_eq!(field("cache-control"), Some("no-store"));
        }
        let has_mark = body
            .windows(MARK.len())
            .any(|bytes| bytes == MARK.as_bytes());
        return Some(Answer { status, has_mark });
    }
    None
}

/// Whether a field of the request names this machine.
fn names_the_loopback(request: &[u8]) -> bool {
    String::from_utf8_lossy(request).lines().any(|line| {
        let Some((name, value)) = line.split_once(':') else {
            return false;
        };
        // Names of hosts are the same in every letter case (RFC 9110, section 4.2.3).
        let value = value.trim().to_ascii_lowercase();
        name.eq_ignore_ascii_case("host")
            && (value.starts_with("localhost")
                || value.starts_with("127.")
                || value
                    .strip_prefix('[')
                    .is_some_and(|v6| v6.split(']').next().is_some_and(|v6| v6.ends_with('1'))))
    })
}
