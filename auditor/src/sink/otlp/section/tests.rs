//! Sections that are right, and what is said of those that are not.

use std::{path::Path, time::Duration};

use super::{Headers, Protocol, Section};

fn read(fields: &str) -> Result<Section, String> {
    let table: toml::Table = fields.parse().unwrap();
    let fields = table.try_into().map_err(|error| format!("{error}"))?;
    Section::read(fields, Path::new("/d")).map_err(|error| error.to_string())
}

/// Names and values, with what is secret marked.
fn written(headers: &Headers) -> Vec<String> {
    let all = headers.all().unwrap();
    let one = |(name, value): &(ureq::http::HeaderName, ureq::http::HeaderValue)| {
        let secret = if value.is_sensitive() {
            " (secret)"
        } else {
            ""
        };
        format!("{name}: {}{secret}", value.to_str().unwrap())
    };
    all.iter().map(one).collect()
}

#[test]
fn what_is_left_out() {
    let section = read("url = 'http://collector:4318/'").unwrap();
    assert_eq!(section.protocol, Protocol::Http);
    assert_eq!(section.metrics_interval, Some(Duration::from_mins(1)));
    assert_eq!(section.name, None);
    let target = section.target;
    assert_eq!(target.url("/v1/logs"), "http://collector:4318/v1/logs");
    assert!(!target.is_encrypted() && !target.is_compressed());
    assert_eq!(target.packed(b"as it is".to_vec()).unwrap(), b"as it is");
    assert_eq!(written(&section.headers), [""; 0]);
}

#[test]
fn all_that_can_be_said() {
    let section = read(
        "url = 'https://ingest.example/otlp'\nprotocol = 'http/protobuf'\nname = 'a'\nmetrics = '90s'\ncompression = 'gzip'\nheaders = { X-Scope-OrgID = 'net' }",
    )
    .unwrap();
    assert_eq!(section.name.as_deref(), Some("a"));
    assert_eq!(section.metrics_interval, Some(Duration::from_secs(90)));
    let target = section.target;
    assert_eq!(target.port(), 443);
    assert!(target.is_encrypted());
    assert_eq!(
        target.url("/v1/logs"),
        "https://ingest.example/otlp/v1/logs"
    );
    assert_eq!(written(&section.headers), ["x-scope-orgid: net"]);
    let packed = target.packed(vec![7; 1000]).unwrap();
    assert!(packed.len() < 100);
    let section =
        read("url = 'http://[fd00::1]:4317'\nprotocol = 'grpc'\nmetrics = 'off'").unwrap();
    assert_eq!(section.protocol, Protocol::Grpc);
    assert_eq!(section.metrics_interval, None);
}

#[test]
fn tokens() {
    let directory = secret("secret one\n");
    let path = directory.path().join("token");
    let with = |rest: &str| {
        let fields = format!(
            "url = 'http://a:4318'\ntoken_file = '{}'\n{rest}",
            path.display()
        );
        written(&read(&fields).unwrap().headers)
    };
    assert_eq!(with(""), ["authorization: Bearer secret one (secret)"]);
    assert_eq!(
        with("token_header = 'Api-Key'"),
        ["api-key: secret one (secret)"]
    );
    assert_eq!(
        with("token_header = 'authorization'\nheaders = { dataset = 'net' }"),
        ["dataset: net", "authorization: secret one (secret)"]
    );
    std::fs::write(&path, "two\nlines").unwrap();
    let fields = format!("url = 'http://a:4318'\ntoken_file = '{}'", path.display());
    let problem = read(&fields).unwrap().headers.all().unwrap_err();
    assert_eq!(
        problem.to_string(),
        "the token has characters that no header can have"
    );
    assert!(!problem.is_final());
}

/// A directory with a token that nobody else may read.
fn secret(text: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    directory
}

#[test]
fn problems() {
    const HTTP: &str = "expected http://host:port or https://host:port, most often with port 4318, and a path only where the collector has one before /v1/logs";
    const GRPC: &str = "expected http://host:port or https://host:port, most often with port 4317";
    let url = "url = 'http://a:4318'";
    for (fields, said) in [
        (
            "url = 'a:4318'".to_owned(),
            format!("`url` is `a:4318`: {HTTP}"),
        ),
        ("url = 'a'".to_owned(), format!("`url` is `a`: {HTTP}")),
        (
            "url = 'http://user:secret@a'".to_owned(),
            format!("`url` names a user, and secrets stand in `token_file`: {HTTP}"),
        ),
        (
            "url = 'http://a/?key=secret'".to_owned(),
            format!("`url` has something behind its path: {HTTP}"),
        ),
        (
            "url = 'http://a:4318/v1/logs'".to_owned(),
            format!(
                "`url` is `http://a:4318/v1/logs`, and `/v1/logs` is added by itself: leave it out: {HTTP}"
            ),
        ),
        (
            "url = 'http://a:4317/x'\nprotocol = 'grpc'".to_owned(),
            format!("`url` is `http://a:4317/x`, and gRPC has no path: {GRPC}"),
        ),
        (
            format!("{url}\nprotocol = 'http/json'"),
            "`protocol` is `http/json`: expected `http/protobuf`, which is the default, or `grpc`"
                .to_owned(),
        ),
        (
            format!("{url}\ncompression = 'zstd'"),
            "`compression` is `zstd`: expected `gzip`, or leave it out".to_owned(),
        ),
        (
            format!("{url}\nmetrics = 'never'"),
            "`metrics` is `never`: expected how often they are sent, as in 1m and 1s at least, or `off`".to_owned(),
        ),
        (
            format!("{url}\nmetrics = '10ms'"),
            "`metrics` is `10ms`: expected how often they are sent, as in 1m and 1s at least, or `off`".to_owned(),
        ),
        (
            format!("{url}\nheaders = {{ 'a b' = '' }}"),
            "`headers` has `a b`, which is no name of a header: expected one such as api-key"
                .to_owned(),
        ),
        (
            format!("{url}\nheaders = {{ a = \"b\\nc\" }}"),
            "`headers` has `a`, whose value has characters that no header can have".to_owned(),
        ),
        (
            format!("{url}\nheaders = {{ Content-Type = 'text' }}"),
            "`headers` has `Content-Type`, which says how requests are sent: leave it out"
                .to_owned(),
        ),
        (
            format!("{url}\nheaders = {{ Authorization = 'secret' }}"),
            "`headers` has `Authorization`, which is a secret: put it into `token_file`, with `token_header = \"authorization\"` if it is no bearer token".to_owned(),
        ),
        (
            format!("{url}\ntoken_header = 'api-key'"),
            "`token_header` says where a token goes, and there is none: add `token_file` or `token_env`".to_owned(),
        ),
        (
            format!("{url}\ntoken_env = 'A'\ntoken_header = 'grpc-timeout'"),
            "`token_header` has `grpc-timeout`, which says how requests are sent: leave it out"
                .to_owned(),
        ),
    ] {
        let problem = read(&fields).err().unwrap();
        assert_eq!(problem, said, "{fields}");
        assert!(!problem.contains("=secret") && !problem.contains(":secret"));
    }
}
