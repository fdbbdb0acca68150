//! What clients may take of the server: so many connections, and so long a time for each. Descriptors and memory are the watch's,
//! and whoever opens connections and says nothing must not take them from it.

use std::{
    collections::BTreeMap,
    future::{Future as _, Ready, ready},
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum_server::accept::Accept;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::{Sleep, sleep},
};

/// Connections at a time, of all clients and of one. A browser has six, a Prometheus one.
pub(crate) const MOST: usize = 64;
pub(crate) const MOST_OF_CLIENT: usize = 16;
/// The time that a connection has from its start to its end: for the TLS handshake, for requests, and to take the answers.
const LONGEST: Duration = Duration::from_mins(1);

/// Who connects: a host, or a user of this one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Client {
    Host(IpAddr),
    User(u32),
}

/// What tells who is at its other end.
pub(super) trait Stream {
    fn client(&self) -> io::Result<Client>;
}

impl Stream for TcpStream {
    fn client(&self) -> io::Result<Client> {
        Ok(Client::Host(self.peer_addr()?.ip().to_canonical()))
    }
}

impl Stream for UnixStream {
    fn client(&self) -> io::Result<Client> {
        Ok(Client::User(self.peer_cred()?.uid()))
    }
}

/// Accepts connections within bounds; those beyond are closed at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounded(Arc<Mutex<BTreeMap<Client, usize>>>);

impl Bounded {
    fn take(&self, client: Client) -> Option<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if MOST <= places.values().sum::<usize>() {
            return None;
        }
        let taken = places.entry(client).or_default();
        if MOST_OF_CLIENT <= *taken {
            return None;
        }
        *taken += 1;
        drop(places);
        Some(Place {
            all: self.clone(),
            client,
        })
    }
}

impl<T: Stream, S> Accept<T, S> for Bounded {
    type Stream = Connection<T>;
    type Service = S;
    type Future = Ready<io::Result<(Connection<T>, S)>>;

    fn accept(&self, stream: T, service: S) -> Self::Future {
        let place = stream.client().map(|client| self.take(client));
        ready(match place {
            Ok(Some(place)) => Ok((
                Connection {
                    stream,
                    end: Box::pin(sleep(LONGEST)),
                    _place: place,
                },
                service,
            )),
            Ok(None) => Err(io::ErrorKind::ConnectionRefused.into()),
            Err(error) => Err(error),
        })
    }
}

/// A connection's place among those at a time.
#[derive(Debug)]
struct Place {
    all: Bounded,
    client: Client,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = places.get_mut(&self.client) {
            *taken -= 1;
            if *taken == 0 {
                places.remove(&self.client);
            }
        }
    }
}

/// A client's connection, which fails once its time is over.
#[derive(Debug)]
pub(super) struct Connection<T> {
    stream: T,
    end: Pin<Box<Sleep>>,
    _place: Place,
}

impl<T> Connection<T> {
    /// Has the task woken when the time is over, and fails if it is.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
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
mod tests {
    use std::net::IpAddr;

    use super::{Bounded, Client, MOST, MOST_OF_CLIENT};

    #[test]
    fn one_client_leaves_room_for_others() {
        let address = |n: u8| Client::Host(IpAddr::from([192, 0, 2, n]));
        let bounded = Bounded::default();
        let mut places: Vec<_> = (0..MOST_OF_CLIENT)
            .map(|_| bounded.take(address(1)).unwrap())
            .collect();
        assert!(bounded.take(address(1)).is_none());
        assert!(bounded.take(address(2)).is_some());
        assert!(bounded.take(Client::User(0)).is_some());
        // Who lets one go may have another.
        places.pop();
        places.push(bounded.take(address(1)).unwrap());
        let more = (2..).map_while(|n| bounded.take(address(n)));
        places.extend(more);
        assert_eq!(places.len(), MOST);
        places.clear();
        assert!(bounded.0.lock().unwrap().is_empty());
    }
}
