//! A capture beside the audit: every frame of an interface, by a packet socket, into a pcap file.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, anyhow};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::socket::{
        AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, setsockopt, socket,
        sockopt,
    },
};

use crate::Namespace;

/// A running capture.
#[derive(Debug)]
pub struct Capture {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<u64>>,
}

impl Capture {
    /// Starts to capture every interface of the host into `path`; frames are captured from when this returns.
    ///
    /// # Errors
    ///
    /// No root, or the file can't be written.
    pub fn start(host: &Namespace, path: &Path) -> anyhow::Result<Self> {
        let socket = host.enter(|| {
            let socket = socket(
                AddressFamily::Packet,
                SockType::Raw,
                SockFlag::empty(),
                SockProtocol::EthAll,
            )
            .context("cannot open a packet socket")?;
            setsockopt(&socket, sockopt::RcvBuf, &(8 << 20))
                .context("cannot enlarge the socket's buffer")?;
            Ok(socket)
        })?;
        let mut file = BufWriter::new(
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?,
        );
        file.write_all(&header())?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || copy(&socket, file, &stopped));
        Ok(Self { stop, thread })
    }

    /// Stops, and returns how many frames are in the file.
    ///
    /// # Errors
    ///
    /// The socket or the file failed on the way.
    pub fn stop(self) -> anyhow::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_panic| anyhow!("the capture panicked"))?
    }
}

fn copy(socket: &OwnedFd, mut file: BufWriter<File>, stop: &AtomicBool) -> anyhow::Result<u64> {
    let mut frame = vec![0; 1 << 17];
    let mut n_frames = 0;
    loop {
        let mut waiting = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        if poll(&mut waiting, PollTimeout::from(50_u8)).unwrap_or_default() == 0 {
            if stop.load(Ordering::Relaxed) {
                file.flush()?;
                return Ok(n_frames);
            }
            continue;
        }
        let length = match recv(
            socket.as_raw_fd(),
            &mut frame,
            MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC,
        ) {
            Ok(length) => length,
            Err(Errno::EAGAIN | Errno::ENETDOWN) => continue,
            Err(error) => return Err(error.into()),
        };
        let captured = frame.get(..length.min(frame.len())).unwrap_or_default();
        file.write_all(&record(captured.len(), length)?)?;
        file.write_all(captured)?;
        n_frames += 1;
    }
}

/// The pcap file header: magic, version 2.4, snapshot length, link type Ethernet.
fn header() -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(0xa1b2_c3d4_u32.to_le_bytes());
    header.extend(2_u16.to_le_bytes());
    header.extend(4_u16.to_le_bytes());
    for field in [0_u32, 0, 262_144, 1] {
        header.extend(field.to_le_bytes());
    }
    header
}

#[expect(
    clippy::disallowed_methods,
    reason = "a capture's records carry the time"
)]
fn record(captured: usize, length: usize) -> anyhow::Result<Vec<u8>> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let mut record = Vec::new();
    for field in [
        u32::try_from(now.as_secs())?,
        now.subsec_micros(),
        u32::try_from(captured)?,
        u32::try_from(length)?,
    ] {
        record.extend(field.to_le_bytes());
    }
    Ok(record)
}
