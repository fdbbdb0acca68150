//! What is tried again, by the tables of the specification.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use prost::Message as _;

use super::{Detail, Partial, Status, decoded, of_grpc, of_grpc_without_status, of_http};

#[test]
fn statuses_of_http_that_are_tried_again() {
    let kept: Vec<u16> = (100..600)
        .filter(|status| 400 <= *status && !of_http(*status, b"").is_final())
        .collect();
    assert_eq!(kept, [429, 502, 503, 504]);
    // What leads elsewhere is not followed, and loses nothing.
    assert!(!of_http(308, b"").is_final());
}

#[test]
fn codes_of_grpc_that_are_tried_again() {
    let kept: Vec<u32> = (1..20)
        .filter(|code| !of_grpc(*code, "", "").is_final())
        .collect();
    assert_eq!(kept, [1, 4, 10, 11, 14, 15]);
    let exhausted = |type_url: &str| {
        let status = Status {
            message: "slow down".to_owned(),
            details: vec![Detail {
                type_url: type_url.to_owned(),
            }],
        };
        let details = STANDARD_NO_PAD.encode(status.encode_to_vec());
        of_grpc(8, "slow down", &details).is_final()
    };
    assert!(!exhausted("type.googleapis.com/google.rpc.RetryInfo"));
    assert!(exhausted("type.googleapis.com/google.rpc.BadRequest"));
    assert!(of_grpc(8, "", "no base64 of anything!").is_final());
    assert!(!of_grpc_without_status(502).is_final());
    assert!(!of_grpc_without_status(200).is_final());
    assert!(of_grpc_without_status(404).is_final());
}

#[test]
fn reasons_are_said() {
    let status = Status {
        message: " no \u{202e}\nsuch tenant ".to_owned(),
        details: Vec::new(),
    };
    let said = |body: &[u8]| of_http(400, body).to_string();
    assert_eq!(
        said(&status.encode_to_vec()),
        r"the answer is 400: no \u{202e}\nsuch tenant"
    );
    assert_eq!(said(b"<html>"), "the answer is 400");
    assert_eq!(said(b""), "the answer is 400");
    assert_eq!(
        of_grpc(14, "not%20now%3a %zz%2", "").to_string(),
        "the answer is UNAVAILABLE: not now: %zz%2"
    );
    assert_eq!(of_grpc(2, "", "").to_string(), "the answer is UNKNOWN");
    assert_eq!(
        of_grpc_without_status(404).to_string(),
        "the answer is no gRPC, but HTTP's 404"
    );
    let endless = "x".repeat(5000);
    assert!(of_grpc(3, &endless, "").to_string().len() < 400);
    assert_eq!(decoded("%C3%A4%"), "ä%");
}

#[test]
fn a_part_that_is_rejected_is_final_and_a_hint_is_no_error() {
    let partial = |rejected, reason: &str| Partial {
        rejected,
        reason: reason.to_owned(),
    };
    let error = partial(3, "too old").judged(64).unwrap_err();
    assert!(error.is_final());
    assert_eq!(error.rejected(), Some(3));
    assert_eq!(error.to_string(), "3 of 64 were rejected: too old");
    let error = partial(1, "").judged(1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 of 1 were rejected: it is not said why"
    );
    assert_eq!(partial(0, "").judged(1).unwrap(), None);
    let hint = partial(0, "send less often").judged(1).unwrap();
    assert_eq!(hint.as_deref(), Some("send less often"));
    assert_eq!(partial(-1, "").judged(1).unwrap(), None);
}
