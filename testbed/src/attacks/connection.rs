//! A connection of an attacker: it sends what it is told, and counts what comes back.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::frames::{Frames, PREFACE, flag, kind};
use super::got::Got;
use super::status::status_in;
use crate::wait;

/// The largest frame that everyone takes.
const FRAME: usize = 16 << 10;
const HEAD: usize = 9;
/// Whoever takes nothing for so long has stopped reading.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(1);
const FIRST_WINDOW: u64 = 65_535;
const CODES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// Names of settings that attackers choose.
pub(super) mod setting {
    pub(crate) const HEADER_TABLE_SIZE: u16 = 1;
    pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;
}

/// An open connection, or one that the other side has closed.
pub(super) struct Connection {
    stream: TcpStream,
    incoming: Vec<u8>,
    next_stream: u32,
    open: bool,
    /// What the other side lets us send: on the connection, and on a new stream.
    window: u64,
    stream_window: u64,
    /// More of that on single streams, which an upload is on one of.
    stream_more: u64,
    pub(super) got: Got,
    /// Streams that have ended by an answer or a reset.
    pub(super) ended: u64,
}

impl Connection {
    /// Says what a client says first.
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        Self::open_with(address, &[])
    }

    /// The same with more settings.
    pub(super) fn open_with(address: SocketAddr, settings: &[(u16, u32)]) -> io::Result<Self> {
        let mut connection = Self::silent(address)?;
        connection.write(PREFACE);
        let settings = [&[(setting::HEADER_TABLE_SIZE, 0)], settings].concat();
        connection.send(&Frames::default().settings(&settings));
        Ok(connection)
    }

    /// Connects, and says nothing.
    pub(super) fn silent(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            incoming: Vec::new(),
            next_stream: 1,
            open: true,
            window: FIRST_WINDOW,
            stream_window: FIRST_WINDOW,
            stream_more: 0,
            got: Got::default(),
            ended: 0,
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn next_stream(&mut self) -> u32 {
        self.next_stream += 2;
        self.next_stream - 2
    }

    /// Says that nothing more will come from here.
    pub(super) fn close_our_side(&self) {
        // It may be closed already, which is as well.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Sends, and hears what has come meanwhile.
    pub(super) fn send(&mut self, frames: &Frames) {
        self.write(frames.bytes());
        self.hear();
    }

    /// Sends without ever listening, as far as the other side takes it.
    pub(super) fn write(&mut self, mut bytes: &[u8]) {
        let mut since = Instant::now();
        while self.open && !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => {
                    bytes = &bytes[written..];
                    since = Instant::now();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if since.elapsed() > PATIENCE {
                        // It may have said why.
                        self.hear();
                        self.end("no longer read");
                    }
                    wait::rest(PAUSE);
                }
                Err(_) => self.end("connection closed"),
            }
        }
    }

    /// Hears what has come so far.
    pub(super) fn hear(&mut self) {
        let mut buffer = [0; FRAME];
        while self.open {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.end("connection closed"),
                Ok(read) => {
                    self.incoming.extend(&buffer[..read]);
                    self.take_frames();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.end("connection closed"),
            }
        }
    }

    /// Hears until `done`, the connection ends, or the time is over.
    pub(super) fn hear_until(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        self.hear();
        while self.open && !done(self) && begun.elapsed() < limit {
            wait::rest(PAUSE);
            self.hear();
        }
    }

    /// Hears until so many streams have ended, the connection has, or the time is over; what is lacking then had no answer.
    pub(super) fn hear_answers(&mut self, wanted: u64, limit: Duration) {
        self.hear_until(limit, |connection| connection.ended >= wanted);
        if self.open {
            self.got.count_many("no answer", wanted.saturating_sub(self.ended));
        }
    }

    /// Sends a body on a new stream that has its headers, as fast as the other side lets it, with `flags` on its last frame.
    pub(super) fn upload(&mut self, stream: u32, body: &[u8], flags: u8, limit: Duration) {
        let (begun, ended) = (Instant::now(), self.ended);
        // An answer of the settings tells how large windows are.
        self.hear_until(PATIENCE, |connection| connection.got != Got::default());
        let (mut sent, mut rest) = (0, body);
        while self.open && self.ended == ended && !rest.is_empty() && begun.elapsed() < limit {
            let room = self.window.min((self.stream_window + self.stream_more).saturating_sub(sent));
            let room = usize::try_from(room).unwrap_or(FRAME).min(FRAME);
            let (now, later) = rest.split_at(rest.len().min(room));
            if now.is_empty() {
                wait::rest(PAUSE);
                self.hear();
                continue;
            }
            sent += now.len() as u64;
            self.window -= now.len() as u64;
            rest = later;
            let flags = if rest.is_empty() { flags } else { 0 };
            self.send(&Frames::default().frame(kind::DATA, flags, stream, now));
        }
    }

    fn end(&mut self, why: &str) {
        if self.open {
            self.open = false;
            self.got.count(why);
        }
    }

    fn take_frames(&mut self) {
        let incoming = std::mem::take(&mut self.incoming);
        let mut rest = &incoming[..];
        while let Some((head, behind)) = rest.split_at_checked(HEAD) {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let Some((payload, behind)) = behind.split_at_checked(length) else { break };
            self.take(head[3], head[4], number(&head[5..]), payload);
            rest = behind;
        }
        self.incoming = rest.to_vec();
    }

    fn take(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        match kind {
            kind::HEADERS => {
                if let Some(status) = status_in(payload) {
                    self.got.count(status);
                }
                self.ended += u64::from(flags & flag::END_STREAM != 0);
            }
            kind::DATA => self.ended += u64::from(flags & flag::END_STREAM != 0),
            kind::RST_STREAM => {
                self.got.count(format!("reset {}", code(payload)));
                self.ended += 1;
            }
            kind::GOAWAY => self.got.count(format!("GOAWAY {}", code(payload.get(4..).unwrap_or_default()))),
            kind::PING if flags & flag::ACK != 0 => self.got.count("PING answered"),
            kind::PING => self.write(Frames::default().frame(kind::PING, flag::ACK, 0, payload).bytes()),
            kind::SETTINGS if flags & flag::ACK != 0 => self.got.count("SETTINGS answered"),
            kind::SETTINGS => {
                for entry in payload.chunks_exact(6) {
                    if entry[..2] == setting::INITIAL_WINDOW_SIZE.to_be_bytes() {
                        self.stream_window = u64::from(number(&entry[2..]));
                    }
                }
                self.write(Frames::default().frame(kind::SETTINGS, flag::ACK, 0, &[]).bytes());
            }
            kind::WINDOW_UPDATE if stream == 0 => self.window += u64::from(number(payload)),
            kind::WINDOW_UPDATE => self.stream_more += u64::from(number(payload)),
            _ => {}
        }
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn code(payload: &[u8]) -> &'static str {
    CODES.get(number(payload) as usize).copied().unwrap_or("unknown code")
}
