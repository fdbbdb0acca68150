//! A client's connection, and how long it may take for what: for the TLS handshake, for its request, to take what it asked for,
//! and in all.

use std::{
    any::Any,
    future::Future as _,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::{rt::TokioTimer, server::conn::auto::Builder};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// The time for a TLS handshake, and that for a request's head.
pub(super) const ASKING: Duration = Duration::from_secs(10);
/// The time in which a client has to take some of what it asked for.
const TAKING: Duration = Duration::from_secs(10);
/// The time from a connection's start to its end. A report of the largest size takes it at 180 kB a second.
const LONGEST: Duration = Duration::from_mins(1);
/// The most bytes of a request's head.
const HEAD: usize = 16 * 1024;

/// Has a server speak HTTP/1 alone, and answer one request a connection: what a connection may take then is what a request may.
pub(super) fn one_request<E>(builder: &mut Builder<E>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(ASKING)
        .keep_alive(false)
        .max_buf_size(HEAD);
}

/// A client's connection, which fails once its time is over.
pub(super) struct Connection<S> {
    stream: S,
    end: Pin<Box<Sleep>>,
    /// When a client that takes nothing has taken nothing for too long.
    stuck: Option<Pin<Box<Sleep>>>,
    /// What it holds until its end.
    _place: Box<dyn Any + Send>,
}

impl<S> Connection<S> {
    pub(super) fn new(stream: S, place: impl Any + Send) -> Self {
        Self {
            stream,
            end: Box::pin(sleep(LONGEST)),
            stuck: None,
            _place: Box::new(place),
        }
    }

    /// Has the task woken when the time is over, and fails if it is.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// Writes, and fails if the client has taken nothing for too long.
    fn write(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>>
    where
        S: Unpin,
    {
        self.check(context)?;
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(TAKING)));
        match stuck.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| {
            stream.poll_write_vectored(context, parts)
        })
    }

    /// Who can't take parts is given a copy of the whole answer, one for each connection.
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
