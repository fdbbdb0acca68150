//! Events as JSON objects to any HTTP server, signed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::{Delivery, SinkError, post};

/// Sends an event. With a key, the header `X-Auditor-Signature` has `sha256=` and the HMAC-SHA-256 (RFC 2104) of the body in
/// hexadecimal.
///
/// # Errors
///
/// The server does not take it.
pub fn deliver(
    client: &ureq::Agent,
    url: &str,
    key: Option<&[u8]>,
    delivery: &Delivery<'_>,
) -> Result<(), SinkError> {
    let body = serde_json::to_string(&json!({ "host": delivery.host, "event": delivery.event }))?;
    let signature = key.and_then(|key| signature(key, body.as_bytes()));
    let headers: Vec<(&str, String)> = signature
        .map(|signature| ("x-auditor-signature", format!("sha256={signature}")))
        .into_iter()
        .collect();
    post(client, url, &headers, &body)
}

/// In hexadecimal; a key of any length is one.
fn signature(key: &[u8], body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(body);
    let digits = mac.finalize().into_bytes();
    Some(crate::digits::hexadecimal(&digits))
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn signatures_of_the_standard() {
        // RFC 4231, test case 2.
        assert_eq!(
            signature(b"Jefe", b"what do ya want for nothing?").unwrap(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
