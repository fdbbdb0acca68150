use std::path::Path;

use super::read;
use crate::deployment::Deployment;

const HEAD: &str = "matrix = \"m.toml\"\n\n";

/// The sinks of a deployment by name, or what is wrong with them.
fn sinks(text: &str) -> String {
    let deployment = Deployment::parse(Path::new("/d/d.toml"), &format!("{HEAD}{text}"));
    let sections = match deployment {
        Ok(deployment) => deployment.sinks,
        Err(error) => return error.to_string(),
    };
    match read(&sections) {
        Ok(sinks) => {
            let names: Vec<&str> = sinks.iter().map(|sink| sink.name.as_str()).collect();
            names.join(" ")
        }
        Err(error) => format!("{:#}", anyhow::Error::new(error)),
    }
}

#[test]
fn every_kind_is_read() {
    let text = "
        sink = [
            { type = \"alertmanager\", url = \"http://a:9093\", token_file = \"token\" },
            { type = \"webhook\", url = \"https://b\", key_env = \"KEY\", template = \"{}\" },
            { type = \"syslog\", address = \"udp://c:514\" },
            { type = \"lines\", path = \"l\", form = \"ecs\" },
            { type = \"lines\", path = \"l\", name = \"more\" },
        ]";
    assert_eq!(sinks(text), "alertmanager webhook syslog lines more");
}

#[test]
fn problems() {
    let webhook = "[[sink]]\ntype = \"webhook\"\nurl = \"http://a\"\n";
    for (text, said) in [
        (
            format!("{webhook}foo = 1"),
            "3: unknown field `foo`, expected one of `name`, `url`, `key_file`, `key_env`, `token_file`, `token_env`, `template`",
        ),
        (
            "[[sink]]\ntype = \"webhook\"".to_owned(),
            "3: missing field `url`",
        ),
        (
            "[[sink]]\nurl = \"x\"".to_owned(),
            "3: missing field `type`",
        ),
        (
            "[[sink]]\ntype = \"nope\"".to_owned(),
            "4: unknown variant `nope`, expected one of `alertmanager`, `webhook`, `syslog`, `lines`",
        ),
        (
            format!("{webhook}name = 3"),
            "3: invalid type: integer `3`, expected a string",
        ),
        (
            "[[sink]]\ntype = \"lines\"\npath = \"p\"\nform = \"zzz\"".to_owned(),
            "3: unknown variant `zzz`, expected one of `plain`, `ecs`, `ocsf`",
        ),
        (
            "[[sink]]\ntype = \"syslog\"\naddress = \"x\"".to_owned(),
            "3: `x` is no syslog daemon's address: expected udp://host:514, tcp://host:601 or unix:///dev/log",
        ),
        (
            "[[sink]]\ntype = \"alertmanager\"\nurl = \"x\"".to_owned(),
            "3: `x` is no address of a web server: expected http://host:port",
        ),
        (
            format!("{webhook}token_file = \"a\"\ntoken_env = \"b\""),
            "3: both `token_file` and `token_env` say where the token stands: leave one out",
        ),
        (
            format!("{webhook}{webhook}"),
            "6: two sinks are called `webhook`: give each a name of its own",
        ),
    ] {
        assert_eq!(sinks(&text), format!("/d/d.toml:{said}"), "{text}");
    }
}
