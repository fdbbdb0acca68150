//! The only user of NATS: messages to a stream that keeps the last one of each subject, and back.

mod bucket;
mod configuration;
mod position;
mod problem;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_nats::{
    Client, ConnectOptions, Event,
    jetstream::{
        self, Context,
        consumer::{AckPolicy, DeliverPolicy, pull},
        context::{GetStreamErrorKind, PublishError, PublishErrorKind},
        message::PublishMessage,
        stream,
    },
};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use thiserror::Error;

use self::bucket::GROUPS;
use self::position::Extent;
use self::problem::{last_sequence, with_sources};
pub(crate) use self::{
    bucket::{Bucket, BucketError, MOST_BYTES},
    configuration::{Last, Seen},
    position::Position,
};
use crate::{
    deployment::{FleetSection, Login},
    fleet::state::{STREAM, SUBJECTS, token},
    private_file,
};

/// How long a server may take for anything.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Messages that are asked for at once; the longest has a mebibyte.
const BATCH: usize = 256;
/// Messages of more hosts are not read: 64 shards and more of 100,000 of them.
const MOST_MESSAGES: u64 = 6_600_000;

/// So often the stream is read for one answer: where more is deleted meanwhile, the next time begins anew.
const READINGS: usize = 2;

/// A connection to the servers of a fleet, which is made again by itself where it breaks.
pub(crate) struct Nats {
    context: Context,
    client: Client,
    /// What the server complained of last, which its answers do not say.
    complaint: Arc<Mutex<Option<String>>>,
    replicas: usize,
}

/// Who takes over what a stream says.
pub(crate) trait Reader {
    /// Nothing of what it took holds any more.
    fn forget(&mut self);
    /// A message: its subject, what it says, and when the servers took it.
    fn take(&mut self, subject: &str, payload: &[u8], stored: Timestamp);
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    #[error("{field} of [fleet]: cannot read {}", path.display())]
    Secret {
        field: &'static str,
        path: std::path::PathBuf,
        #[source]
        error: std::io::Error,
    },
    #[error("{field} of [fleet]: {} is not UTF-8", path.display())]
    Text {
        field: &'static str,
        path: std::path::PathBuf,
    },
    #[error("no server of [fleet] can be used ({servers})")]
    Connect {
        servers: String,
        #[source]
        error: async_nats::ConnectError,
    },
}

/// Why a message was not taken.
#[derive(Debug, Error)]
pub(crate) enum PublishProblem {
    /// The last message of the subject is another one than expected; its number in the stream.
    #[error("somebody else published under this name")]
    NotLast(u64),
    #[error("the servers have no stream {STREAM}")]
    NoStream,
    #[error("{0}")]
    Other(String),
}

/// Why the stream is not there, or cannot be read.
#[derive(Debug, Error)]
pub(crate) enum StreamError {
    #[error("the servers have no stream {STREAM}, and it cannot be made: {0}")]
    Absent(String),
    #[error("the stream {STREAM} has {0} messages, and at most {MOST_MESSAGES} are read")]
    Long(u64),
    #[error("the stream {STREAM}: {0}")]
    Other(String),
}

impl Nats {
    /// Connects; as a host of this name it is answered where no other host may listen.
    ///
    /// # Errors
    ///
    /// A secret cannot be read, or no server answers.
    pub(crate) async fn connect(
        section: &FleetSection,
        name: Option<&str>,
    ) -> Result<Self, ConnectError> {
        let complaint = Arc::new(Mutex::new(None));
        let heard = Arc::clone(&complaint);
        let mut options = ConnectOptions::new()
            .name("auditor")
            .connection_timeout(TIMEOUT)
            .request_timeout(Some(TIMEOUT))
            .require_tls(section.is_tls)
            .max_reconnects(None)
            .event_callback(move |event| {
                let heard = Arc::clone(&heard);
                async move {
                    if let Event::ServerError(error) = event {
                        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                        *heard = Some(error.to_string());
                    }
                }
            });
        if let Some(name) = name {
            options = options.custom_inbox_prefix(format!("_INBOX_{}", token(name)));
        }
        if let Some(ca) = &section.ca {
            options = options.add_root_certificates(ca.clone());
        }
        if let Some((certificate, key)) = &section.certificate {
            // Whoever can read it can say that he is this host.
            secret("key", key)?;
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        options = match &section.login {
            Login::None => options,
            Login::Token(path) => options.token(secret("token_file", path)?),
            Login::Password { user, file } => {
                options.user_and_password(user.clone(), secret("password_file", file)?)
            }
        };
        let servers = section.servers.join(", ");
        let client = options
            .connect(section.servers.clone())
            .await
            .map_err(|error| ConnectError::Connect { servers, error })?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(TIMEOUT);
        Ok(Self {
            context,
            client,
            complaint,
            replicas: section.replicas,
        })
    }

    /// Makes the stream, unless it is there.
    ///
    /// # Errors
    ///
    /// It is not there, and cannot be made.
    pub(crate) async fn make_stream(&self) -> Result<(), StreamError> {
        let config = stream::Config {
            name: STREAM.to_owned(),
            subjects: vec![SUBJECTS.to_owned()],
            max_messages_per_subject: 1,
            max_message_size: 1 << 20,
            num_replicas: self.replicas,
            ..stream::Config::default()
        };
        self.context
            .get_or_create_stream(config)
            .await
            .map(|_stream| ())
            .map_err(|error| StreamError::Other(self.explained(&error.to_string())))
    }

    /// Publishes a message, and waits until the servers keep it; returns its number in the stream. With `last`, only if the
    /// last message of its subject has that number, and 0 means none.
    ///
    /// # Errors
    ///
    /// It is not kept, or that is not known.
    pub(crate) async fn publish(
        &self,
        subject: String,
        payload: Vec<u8>,
        last: Option<u64>,
    ) -> Result<u64, PublishProblem> {
        let mut message = PublishMessage::build().payload(payload.into());
        if let Some(last) = last {
            message = message.expected_last_subject_sequence(last);
        }
        let sent = self.context.send_publish(subject, message).await;
        let kept = match sent {
            Ok(kept) => kept.await,
            Err(error) => Err(error),
        };
        kept.map(|kept| kept.sequence)
            .map_err(|error| self.problem(&error))
    }

    fn problem(&self, error: &PublishError) -> PublishProblem {
        let whole = with_sources(error);
        match error.kind() {
            PublishErrorKind::WrongLastSequence => match last_sequence(&whole) {
                Some(last) => PublishProblem::NotLast(last),
                None => PublishProblem::Other(whole),
            },
            PublishErrorKind::StreamNotFound => PublishProblem::NoStream,
            PublishErrorKind::WrongLastMessageId
            | PublishErrorKind::TimedOut
            | PublishErrorKind::BrokenPipe
            | PublishErrorKind::MaxAckPending
            | PublishErrorKind::MaxPayloadExceeded
            | PublishErrorKind::Other => PublishProblem::Other(self.explained(&whole)),
        }
    }

    /// A problem, with what the server complained of.
    fn explained(&self, problem: &str) -> String {
        let mut complaint = self
            .complaint
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        complaint.take().map_or_else(
            || problem.to_owned(),
            |complaint| format!("{problem} ({complaint})"),
        )
    }

    /// Hands over each message of the stream that was not read before, by what `position` says of that: its subject, what it says,
    /// and when the servers took it. Where what was read is not in the stream any more, all of it is handed over again.
    ///
    /// # Errors
    ///
    /// The stream is not there, or cannot be read to its end: what was handed over until then was read.
    pub(crate) async fn read(
        &self,
        position: &mut Position,
        reader: &mut impl Reader,
    ) -> Result<(), StreamError> {
        let mut stream = self.stream().await?;
        let mut extent = self.extent(stream.cached_info())?;
        for _ in 0..READINGS {
            if !position.is_of(extent) {
                position.begin(extent);
                reader.forget();
            }
            if MOST_MESSAGES < extent.n_messages {
                return Err(StreamError::Long(extent.n_messages));
            }
            while position.is_behind(extent) {
                let n_read = self.read_newer(&stream, position, extent, reader).await?;
                if n_read == 0 {
                    position.ended(extent);
                }
            }
            // What was deleted meanwhile is not told by any message.
            let info = stream.info().await;
            let info = info.map_err(|error| self.unreadable(&with_sources(&error)))?;
            extent = self.extent(info)?;
            if position.is_of(extent) {
                break;
            }
        }
        Ok(())
    }

    fn unreadable(&self, text: &str) -> StreamError {
        StreamError::Other(self.explained(text))
    }

    fn extent(&self, info: &stream::Info) -> Result<Extent, StreamError> {
        let made = timestamp(info.created.unix_timestamp_nanos());
        Ok(Extent {
            made: made.ok_or_else(|| self.unreadable("when it was made is not known"))?,
            n_messages: info.state.messages,
            last: info.state.last_sequence,
        })
    }

    /// The stream, which is made unless it is there.
    async fn stream(&self) -> Result<stream::Stream, StreamError> {
        let error = match self.context.get_stream(STREAM).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let is_absent = matches!(
            error.kind(),
            GetStreamErrorKind::JetStream(ref error) if error.code() == 404
        );
        if !is_absent {
            return Err(self.unreadable(&with_sources(&error)));
        }
        // Nobody has published yet, or may not make it.
        self.make_stream()
            .await
            .map_err(|error| StreamError::Absent(error.to_string()))?;
        let stream = self.context.get_stream(STREAM).await;
        stream.map_err(|error| self.unreadable(&with_sources(&error)))
    }

    /// Reads what is newer than what was read, or the most of it; returns how many messages that were, which is 0 where there
    /// are none.
    async fn read_newer(
        &self,
        stream: &stream::Stream,
        position: &mut Position,
        extent: Extent,
        reader: &mut impl Reader,
    ) -> Result<u64, StreamError> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: position.next(),
            },
            ack_policy: AckPolicy::None,
            inactive_threshold: Duration::from_mins(1),
            ..pull::Config::default()
        };
        let consumer = stream
            .create_consumer(config)
            .await
            .map_err(|error| self.unreadable(&with_sources(&error)))?;
        let result = async {
            // Who publishes meanwhile does not keep this from its end: the rest is read the next time.
            let most = 2 * position.n_unread(extent);
            let mut pending = consumer.cached_info().num_pending;
            let mut n_read = 0;
            while 0 < pending && n_read <= most {
                let mut batch = consumer
                    .fetch()
                    .max_messages(BATCH)
                    .messages()
                    .await
                    .map_err(|error| self.unreadable(&with_sources(&error)))?;
                let before = n_read;
                while let Some(message) = batch.next().await {
                    let message = message.map_err(|error| self.unreadable(&error.to_string()))?;
                    let info = message
                        .info()
                        .map_err(|error| self.unreadable(&error.to_string()))?;
                    let stored = timestamp(info.published.unix_timestamp_nanos());
                    let stored = stored
                        .ok_or_else(|| self.unreadable("when it took a message is not known"))?;
                    n_read += 1;
                    // The servers do not send it again, so the next time begins here.
                    if info.consumer_sequence != n_read {
                        return Err(self.unreadable("a message was lost on its way"));
                    }
                    pending = info.pending;
                    reader.take(message.subject.as_str(), &message.payload, stored);
                    position.read(message.subject.as_str(), info.stream_sequence);
                }
                if n_read == before {
                    break;
                }
            }
            // How many are left is not counted exactly while they are replaced.
            if n_read == 0 && 0 < pending {
                return Err(self.unreadable("its messages do not come"));
            }
            Ok(n_read)
        }
        .await;
        // It would end by itself in a minute.
        let name = consumer.cached_info().name.clone();
        let _deleted = stream.delete_consumer(&name).await;
        result
    }

    /// The key-value bucket of groups, which is made unless it is there.
    ///
    /// # Errors
    ///
    /// It is not there, and cannot be made.
    pub(crate) async fn bucket(&self) -> Result<Bucket, BucketError> {
        Bucket::open(&self.context, &GROUPS, self.replicas).await
    }

    /// Whether the servers can be reached now.
    pub(crate) fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }
}

/// A time as the servers say it, in nanoseconds since 1970, as far as it is one.
fn timestamp(nanoseconds: i128) -> Option<Timestamp> {
    Timestamp::from_nanosecond(nanoseconds).ok()
}

/// What a file of a secret holds.
fn secret(field: &'static str, path: &std::path::Path) -> Result<String, ConnectError> {
    let bytes = private_file::read_secret(path).map_err(|error| ConnectError::Secret {
        field,
        path: path.to_owned(),
        error,
    })?;
    let text = String::from_utf8(bytes).map_err(|_bytes| ConnectError::Text {
        field,
        path: path.to_owned(),
    })?;
    Ok(text.trim().to_owned())
}
