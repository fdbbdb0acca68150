//! What clients may take of the server: so many connections, and so long a time for each. Descriptors and memory are the watch's,
//! and whoever opens connections and says nothing must not take them from it.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    os::unix::net,
    sync::{Arc, Mutex, PoisonError},
};

use axum_server::{AddrListener, Address};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::connection::Connection;

/// Connections at a time, of all clients and of one. A browser has six, a Prometheus one.
pub(crate) const MOST: usize = 64;
pub(crate) const MOST_OF_CLIENT: usize = 16;

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

/// An address of clients whose connections are bounded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounded<A>(A);

impl Address for Bounded<SocketAddr> {
    type Stream = Connection<TcpStream>;
    type Listener = BoundedListener<TcpListener>;
}

impl Address for Bounded<net::SocketAddr> {
    type Stream = Connection<UnixStream>;
    type Listener = BoundedListener<UnixListener>;
}

/// Accepts connections within bounds. Those beyond are closed before another one is accepted, so that whoever opens many at
/// once takes no descriptors either.
#[derive(Debug)]
pub(super) struct BoundedListener<L> {
    listener: L,
    places: Places,
}

impl<L> BoundedListener<L> {
    pub(super) fn new(listener: L) -> Self {
        Self {
            listener,
            places: Places::default(),
        }
    }
}

impl<L, S, A> AddrListener<Connection<S>, Bounded<A>> for BoundedListener<L>
where
    L: AddrListener<S, A> + Send + Sync,
    S: Stream + Send,
    A: Address + Send,
    Bounded<A>: Address,
{
    async fn bind_to(Bounded(address): Bounded<A>) -> io::Result<Self> {
        L::bind_to(address).await.map(Self::new)
    }

    async fn accept_stream(&self) -> io::Result<(Connection<S>, Bounded<A>)> {
        loop {
            let (stream, address) = self.listener.accept_stream().await?;
            // Who is gone already has no name.
            let client = stream.client().ok();
            if let Some(place) = client.and_then(|client| self.places.take(client)) {
                return Ok((Connection::new(stream, place), Bounded(address)));
            }
        }
    }

    fn get_local_addr(&self) -> io::Result<Bounded<A>> {
        self.listener.get_local_addr().map(Bounded)
    }
}

/// The places that are taken.
#[derive(Clone, Debug, Default)]
struct Places(Arc<Mutex<BTreeMap<Client, usize>>>);

impl Places {
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

/// A connection's place among those at a time.
#[derive(Debug)]
struct Place {
    all: Places,
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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Client, MOST, MOST_OF_CLIENT, Places};

    #[test]
    fn one_client_leaves_room_for_others() {
        let address = |n: u8| Client::Host(IpAddr::from([192, 0, 2, n]));
        let all = Places::default();
        let mut places: Vec<_> = (0..MOST_OF_CLIENT)
            .map(|_| all.take(address(1)).unwrap())
            .collect();
        assert!(all.take(address(1)).is_none());
        assert!(all.take(address(2)).is_some());
        assert!(all.take(Client::User(0)).is_some());
        // Who lets one go may have another.
        places.pop();
        places.push(all.take(address(1)).unwrap());
        let more = (2..).map_while(|n| all.take(address(n)));
        places.extend(more);
        assert_eq!(places.len(), MOST);
        places.clear();
        assert!(all.0.lock().unwrap().is_empty());
    }
}
