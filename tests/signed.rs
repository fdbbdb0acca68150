//! Reports that are signed, by the auditor and by OpenSSH's own program, and checked by both.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    fixture::{
        auditor::{files, run},
        pair::MATRIX,
        pcap::pcap,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    openssh_takes_what_the_auditor_signs: [Kernel, Program("ssh-keygen")],
    the_auditor_takes_what_openssh_signs: [Kernel, Program("ssh-keygen")],
    keys_that_sign_nothing_say_what_does: [Kernel, Program("ssh-keygen")],
}

/// Runs `ssh-keygen`, with a file as its standard input.
fn keygen(directory: &Path, arguments: &str, input: Option<&str>) -> std::process::Output {
    let input = input.map_or_else(Stdio::null, |name| {
        Stdio::from(File::open(directory.join(name)).unwrap())
    });
    Command::new("ssh-keygen")
        .args(
            arguments
                .split_whitespace()
                .map(|it| if it == "''" { "" } else { it }),
        )
        .current_dir(directory)
        .stdin(input)
        .output()
        .unwrap()
}

/// A directory with a report, a key of this kind, and who may sign.
fn prepared(kind: &str, passphrase: &str) -> tempfile::TempDir {
    let directory = files(&[("m.toml", MATRIX)]);
    let path = directory.path();
    let mut frame = Vec::new();
    etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4([10, 78, 0, 2], [10, 78, 0, 1], 64)
        .udp(40_000, 514)
        .write(&mut frame, &[7; 20])
        .unwrap();
    fs::write(path.join("c.pcap"), pcap(&[frame])).unwrap();
    let output = run(
        path,
        "replay c.pcap --matrix m.toml --role web --address 10.78.0.1 --json r.json",
    );
    assert!(path.join("r.json").is_file(), "{output:?}");
    let made = keygen(
        path,
        &format!("-q -t {kind} -N {passphrase} -C alice -f key"),
        None,
    );
    assert!(made.status.success(), "{made:?}");
    let public = fs::read_to_string(path.join("key.pub")).unwrap();
    fs::write(
        path.join("signers"),
        format!("alice@example.com namespaces=\"auditor-report\" {public}"),
    )
    .unwrap();
    directory
}

fn said(output: &std::process::Output) -> String {
    let texts = [&output.stdout, &output.stderr];
    texts.map(|text| String::from_utf8_lossy(text)).concat()
}

/// Changes one byte in the middle of a file.
fn alter(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

const CHECK: &str = "-Y verify -f signers -I alice@example.com -n auditor-report -s";

fn openssh_takes_what_the_auditor_signs() {
    for kind in ["ed25519", "ecdsa"] {
        let directory = prepared(kind, "''");
        let path = directory.path();
        let output = run(path, "report r.json --sign-key key");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        // Another form of it, in a file of its own.
        let output = run(path, "report r.json --format html -o r.html --sign-key key");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        for name in ["r.json", "r.html"] {
            let checked = keygen(path, &format!("{CHECK} {name}.sig"), Some(name));
            assert!(
                checked.status.success(),
                "{kind} {name}: {}",
                said(&checked)
            );
            let verify = format!("report --verify {name} --signers signers");
            let output = run(path, &verify);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert!(
                said(&output).contains("is as alice@example.com signed it, by the key SHA256:"),
                "{output:?}"
            );
            if name == "r.json" {
                // Several at once: one that is altered hides none of the others, nor they it.
                fs::copy(path.join(name), path.join("a.json")).unwrap();
                alter(&path.join("a.json"));
                let output = run(path, "report --verify a.json r.json");
                assert_eq!(output.status.code(), Some(2), "{output:?}");
                let told = said(&output);
                assert!(
                    told.contains("r.json is whole") && told.contains("a.json can't be relied on"),
                    "{told}"
                );
                let output = run(path, "report --verify r.json r.json");
                assert_eq!(output.status.code(), Some(0), "{output:?}");
            }
            alter(&path.join(name));
            let checked = keygen(path, &format!("{CHECK} {name}.sig"), Some(name));
            assert!(!checked.status.success(), "{kind} {name}");
            let output = run(path, &verify);
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            assert!(said(&output).contains("which was altered"), "{output:?}");
        }
        // What was altered is not signed anew.
        fs::remove_file(path.join("r.json.sig")).unwrap();
        let output = run(path, "report r.json --sign-key key");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!path.join("r.json.sig").exists());
    }
}

fn the_auditor_takes_what_openssh_signs() {
    for kind in ["ed25519", "ecdsa"] {
        let directory = prepared(kind, "''");
        let path = directory.path();
        let sign = |namespace: &str| {
            let _gone = fs::remove_file(path.join("r.json.sig"));
            let signed = keygen(path, &format!("-Y sign -n {namespace} -f key r.json"), None);
            assert!(signed.status.success(), "{}", said(&signed));
        };
        let verify = |more: &str| {
            let output = run(
                path,
                &format!("report --verify r.json --signers signers {more}"),
            );
            (output.status.code(), said(&output))
        };
        sign("auditor-report");
        let (code, told) = verify("");
        assert_eq!(code, Some(0), "{kind}: {told}");
        assert!(told.contains("r.json is whole"), "{told}");
        let (code, told) = verify("--signer alice@example.com");
        assert_eq!(code, Some(0), "{told}");
        let (code, told) = verify("--signer bob@example.com");
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("not by `bob@example.com`"), "{told}");
        sign("git");
        let (code, told) = verify("");
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("it was made for `git`"), "{told}");
        fs::remove_file(path.join("r.json.sig")).unwrap();
        let (code, told) = verify("");
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("r.json.sig"), "{told}");
    }
}

fn keys_that_sign_nothing_say_what_does() {
    for (kind, passphrase, expected) in [
        ("ed25519", "secret", "the key is encrypted"),
        ("rsa", "''", "a key of the kind ssh-rsa signs nothing here"),
    ] {
        let directory = prepared(kind, passphrase);
        let output = run(directory.path(), "report r.json --sign-key key");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(said(&output).contains(expected), "{output:?}");
        assert!(!directory.path().join("r.json.sig").exists());
    }
    let directory = prepared("ed25519", "''");
    let key = directory.path().join("key");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&key, open).unwrap();
    let output = run(directory.path(), "report r.json --sign-key key");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
