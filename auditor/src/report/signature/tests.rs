use jiff::Timestamp;

use ssh_key::{LineEnding, PrivateKey, private::Ed25519Keypair};

use super::{AllowedSigners, NotNow, SignError, VerifyError, sign, verify};

/// A private key, and its public one with who has it; other kinds of keys are tried with `ssh-keygen` by the end-to-end tests.
fn key(seed: u8) -> (String, String) {
    let pair = Ed25519Keypair::from_seed(&[seed; 32]);
    let key = PrivateKey::from(pair);
    let text = key.to_openssh(LineEnding::LF).unwrap();
    (text.to_string(), key.public_key().to_openssh().unwrap())
}

fn signed(seed: u8) -> String {
    sign(key(seed).0.as_bytes(), CONTENT).unwrap()
}

const CONTENT: &[u8] = b"a report";

fn now() -> Timestamp {
    "2026-11-27T12:00:00Z".parse().unwrap()
}

fn signers(before: &str) -> AllowedSigners {
    AllowedSigners::parse(&format!("# who may\n\n{before} {}", key(1).1)).unwrap()
}

#[test]
fn who_signed_what() {
    for seed in [1, 2] {
        let signature = signed(seed);
        let text = format!("alice@example.com {}", key(seed).1);
        let allowed = AllowedSigners::parse(&text).unwrap();
        let check =
            |content: &[u8], wanted| verify(signature.as_bytes(), content, &allowed, wanted, now());
        let signed = check(CONTENT, None).unwrap();
        assert_eq!(signed.principals, "alice@example.com");
        assert!(signed.fingerprint.starts_with("SHA256:"), "{signed:?}");
        assert!(check(CONTENT, Some("alice@example.com")).is_ok());
        let other = check(CONTENT, Some("bob@example.com")).unwrap_err();
        assert!(matches!(other, VerifyError::Other { .. }), "{other}");
        for at in 0..CONTENT.len() {
            let mut altered = CONTENT.to_vec();
            altered[at] ^= 1;
            let error = check(&altered, None).unwrap_err();
            assert!(matches!(error, VerifyError::Altered), "{error}");
        }
        for cut in [b"".as_slice(), b"a repor", b"a report\n"] {
            assert!(check(cut, None).is_err());
        }
    }
}

#[test]
fn a_signature_that_is_altered_proves_nothing() {
    let signature = signed(1);
    let allowed = signers("alice");
    for at in 0..signature.len() {
        let mut altered = signature.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        assert!(
            verify(&altered, CONTENT, &allowed, None, now()).is_err(),
            "byte {at}"
        );
    }
}

#[test]
fn who_may_sign_and_when() {
    let signature = signed(1);
    let check = |before: &str| {
        let signed = verify(signature.as_bytes(), CONTENT, &signers(before), None, now());
        match signed {
            Ok(signed) => Ok(signed.principals),
            Err(VerifyError::Stranger { why, .. }) => Err(why),
            Err(other) => panic!("{other}"),
        }
    };
    let ok = |principals: &str| Ok(principals.to_owned());
    for (before, expected) in [
        ("alice", ok("alice")),
        ("alice,bob", ok("alice,bob")),
        ("alice namespaces=\"auditor-report\"", ok("alice")),
        ("alice namespaces=\"git,auditor-*\"", ok("alice")),
        (
            "alice namespaces=\"*,!auditor-report\"",
            Err(Some(NotNow::Namespaces)),
        ),
        ("alice namespaces=\"file\"", Err(Some(NotNow::Namespaces))),
        ("alice cert-authority", Err(Some(NotNow::Authority))),
        (
            "alice valid-after=\"20261127Z\",valid-before=\"202611271200Z\"",
            ok("alice"),
        ),
        (
            "alice valid-after=\"20261127120001Z\"",
            Err(Some(NotNow::Time)),
        ),
        (
            "alice Valid-Before=\"20261127115959Z\"",
            Err(Some(NotNow::Time)),
        ),
        (
            "\"alice smith\" namespaces=\"auditor-report\"",
            ok("alice smith"),
        ),
    ] {
        assert_eq!(check(before), expected, "{before}");
    }
    let nobody = AllowedSigners::parse(&format!("bob {}", key(2).1)).unwrap();
    let error = verify(signature.as_bytes(), CONTENT, &nobody, None, now()).unwrap_err();
    assert!(
        matches!(error, VerifyError::Stranger { why: None, .. }),
        "{error}"
    );
}

#[test]
fn patterns_of_principals() {
    for (patterns, text, expected) in [
        ("alice", "alice", true),
        ("alice", "alic", false),
        ("*@example.com", "bob@example.com", true),
        ("*@example.com,!bob@*", "bob@example.com", false),
        ("*@example.com,!bob@*", "eve@example.com", true),
        ("!bob", "eve", false),
        ("a?c*e", "abcde", true),
        ("a?c*e", "abcd", false),
        ("*a*b*", "xxaxxb", true),
        ("**", "", true),
    ] {
        assert_eq!(
            super::signers::matches(patterns, text),
            expected,
            "{patterns} {text}"
        );
    }
    // It ends soon, whatever is asked.
    let long = "a".repeat(20_000);
    assert!(!super::signers::matches(
        &format!("{}b", "*a".repeat(50)),
        &long
    ));
}

#[test]
fn lines_that_are_wrong_are_named() {
    for (text, said) in [
        ("alice", "line 1: expected who may sign"),
        (
            "\nalice ssh-ed25519 AAAA",
            "line 2: `ssh-ed25519` is no key",
        ),
        ("alice valid-for=\"1d\" KEY", "`valid-for=\"1d\"` is no"),
        ("alice namespaces=\"a\",verify KEY", "`verify` is no option"),
        (
            "alice valid-after=\"20261127\" KEY",
            "`20261127` is no time in UTC",
        ),
        ("alice valid-after=\"20261327Z\" KEY", "is no time in UTC"),
        (
            "alice valid-after=\"2026112\u{661}Z\" KEY",
            "is no time in UTC",
        ),
    ] {
        let text = text.replace("KEY", &key(1).1);
        let error = AllowedSigners::parse(&text).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_is_no_key_signs_nothing() {
    let (_, public) = key(1);
    for text in [
        "",
        public.as_str(),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        let error = sign(text.as_bytes(), CONTENT).unwrap_err();
        assert!(matches!(error, SignError::Unreadable(_)), "{error}");
    }
}
