//! What a watch publishes, asked for by HTTP: by its socket, or at an address.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::{
    report::Report,
    sink::{self, Secret},
};

/// The largest report that is read.
const MOST_BYTES: u64 = 1 << 30;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A watch, and how to ask it.
pub(super) struct Published {
    place: Place,
    token: Option<Secret>,
    client: ureq::Agent,
}

enum Place {
    Socket(PathBuf),
    /// Without its path.
    Address(String),
}

impl Published {
    /// `place` is `unix:` with a path, or a URL.
    pub(super) fn new(place: &str, token: Option<Secret>) -> Self {
        Self {
            place: match place.strip_prefix("unix:") {
                Some(path) => Place::Socket(PathBuf::from(path)),
                None => Place::Address(place.trim_end_matches('/').to_owned()),
            },
            token,
            client: sink::client(),
        }
    }

    /// The latest report.
    ///
    /// # Errors
    ///
    /// Nobody answers, or no report; the token can't be read, or is another one.
    pub(super) fn report(&self) -> anyhow::Result<Report> {
        let text = self.get("/report")?;
        serde_json::from_str(&text)
            .with_context(|| format!("what {} answers is no report", self.name("/report")))
    }

    /// What is published there.
    ///
    /// # Errors
    ///
    /// Nobody answers, or not with what was asked for; the token can't be read, or is another one.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<String> {
        let name = self.name(path);
        let (status, text) = match &self.place {
            Place::Socket(socket) => {
                let stream = UnixStream::connect(socket).with_context(|| nobody(&name))?;
                self.ask(stream, path)
                    .with_context(|| format!("{name} broke off"))?
            }
            Place::Address(_) => self.fetch(&name)?,
        };
        match status {
            200 => Ok(text),
            401 => bail!("{name} wants a token: give --token-file or --token-env"),
            _ => bail!("{name} answers {status}: {}", text.trim()),
        }
    }

    /// What is asked, for people.
    fn name(&self, path: &str) -> String {
        match &self.place {
            Place::Socket(socket) => format!("unix:{}", socket.display()),
            Place::Address(url) => format!("{url}{path}"),
        }
    }

    /// The header that carries the token.
    fn authorization(&self) -> anyhow::Result<Option<String>> {
        let Some(token) = &self.token else {
            return Ok(None);
        };
        let token = token.reveal().context("cannot read the token")?;
        if !token.iter().all(u8::is_ascii_graphic) {
            bail!("the token has characters that a header can't carry");
        }
        Ok(Some(format!("Bearer {}", String::from_utf8_lossy(&token))))
    }

    fn fetch(&self, url: &str) -> anyhow::Result<(u16, String)> {
        let mut request = self.client.get(url);
        if let Some(authorization) = self.authorization()? {
            request = request.header("authorization", authorization);
        }
        let mut answer = request.call().with_context(|| nobody(url))?;
        let text = answer
            .body_mut()
            .with_config()
            .limit(MOST_BYTES)
            .read_to_string()
            .with_context(|| format!("{url} broke off"))?;
        Ok((answer.status().as_u16(), text))
    }

    /// Asks by HTTP/1.0, whose answer ends with its connection (RFC 1945).
    fn ask(&self, mut stream: UnixStream, path: &str) -> anyhow::Result<(u16, String)> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let authorization = self
            .authorization()?
            .map_or_else(String::new, |value| format!("Authorization: {value}\r\n"));
        write!(
            stream,
            "GET {path} HTTP/1.0\r\nHost: localhost\r\n{authorization}\r\n"
        )?;
        let mut answer = String::new();
        stream.take(MOST_BYTES).read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("it is no answer")?;
        let status = head.split(' ').nth(1).context("it has no status")?;
        Ok((status.parse()?, body.to_owned()))
    }
}

fn nobody(name: &str) -> String {
    format!(
        "nobody answers at {name}: start `auditor watch`, or give a deployment with --config to look without one"
    )
}
