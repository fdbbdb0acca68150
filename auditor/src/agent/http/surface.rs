//! What the server answers to bytes that anybody may send, without a network: for a fuzzer.

use std::{
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::unix::net,
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{net::UnixStream, runtime::Runtime};

use super::{
    Published, Snapshot,
    access::{Place, Token},
    app,
    connection::{self, Connection},
};
use crate::{
    report::Report,
    sink::{Secret, metrics::Health},
};

/// A server that shows a report to clients of the loopback, or to those who know a token.
pub struct Surface {
    runtime: Runtime,
    app: Router,
}

impl Surface {
    /// # Errors
    ///
    /// The token's file can't be read.
    pub fn new(report: Report, token: Option<&Path>) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let token = token.map(|path| Token::read(Secret::File(path.to_owned())));
        let place = Place::Address(([127, 0, 0, 1], 9719).into());
        let published = Published::default();
        published.replace(Snapshot::new(Arc::new(report), Health::default()));
        let app = app(published, token.transpose()?, &place);
        Ok(Self { runtime, app })
    }

    /// All that the server sends to whoever sends these bytes, and no more of them.
    ///
    /// # Errors
    ///
    /// This process has no descriptors, or more is asked than a socket holds.
    pub fn answer(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let (mut client, server) = net::UnixStream::pair()?;
        client.set_nonblocking(true)?;
        server.set_nonblocking(true)?;
        client.write_all(request)?;
        client.shutdown(Shutdown::Write)?;
        let (app, mut answer) = (self.app.clone(), Vec::new());
        self.runtime.block_on(async {
            let stream = Connection::new(UnixStream::from_std(server)?, ());
            let mut builder = Builder::new(TokioExecutor::new()).http1_only();
            connection::one_request(&mut builder);
            let served =
                builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
            // What is no request is answered, or is not; the error says it to nobody here.
            let _served = tokio::time::timeout(LONGEST, served).await?;
            io::Result::Ok(())
        })?;
        client.set_nonblocking(false)?;
        client.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

/// Bytes that have come to an end are answered at once.
const LONGEST: Duration = Duration::from_secs(5);
