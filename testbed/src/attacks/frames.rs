//! HTTP/2 frames, right or wrong (RFC 9113), with headers as literals that nobody indexes (RFC 7541, 6.2.2).

/// What an HTTP/2 client says first.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames.
pub(super) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const PRIORITY: u8 = 2;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
}

/// Flags of frames; `ACK` and `END_STREAM` are one bit, of different types.
pub(super) mod flag {
    pub(crate) const ACK: u8 = 1;
    pub(crate) const END_STREAM: u8 = 1;
    pub(crate) const END_HEADERS: u8 = 4;
}

/// A header and its value.
pub(super) type Header<'a> = (&'a str, &'a str);

/// Frames one after the other, to be written at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames(Vec<u8>);

impl Frames {
    /// Any frame.
    pub(super) fn frame(self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Self {
        self.begin(kind, flags, stream, payload.len()).more(payload)
    }

    /// The head of a frame whose payload of so many bytes comes later.
    pub(super) fn begin(mut self, kind: u8, flags: u8, stream: u32, length: usize) -> Self {
        let length = u32::try_from(length).expect("a frame is small");
        self.0.extend(&length.to_be_bytes()[1..]);
        self.0.extend([kind, flags]);
        self.0.extend(stream.to_be_bytes());
        self
    }

    /// A part of the payload of the frame that has begun.
    pub(super) fn more(mut self, part: &[u8]) -> Self {
        self.0.extend(part);
        self
    }

    /// The headers of a call, in one frame, with flags of its own beside `END_HEADERS`.
    pub(super) fn headers(self, stream: u32, headers: &[Header<'_>], flags: u8) -> Self {
        self.frame(kind::HEADERS, flag::END_HEADERS | flags, stream, &literals(headers))
    }

    /// A message of gRPC, after which the caller says nothing more.
    pub(super) fn message(self, stream: u32, message: &[u8]) -> Self {
        self.frame(kind::DATA, flag::END_STREAM, stream, &enveloped(0, message))
    }

    pub(super) fn reset(self, stream: u32) -> Self {
        const CANCEL: u32 = 8;
        self.frame(kind::RST_STREAM, 0, stream, &CANCEL.to_be_bytes())
    }

    pub(super) fn settings(self, settings: &[(u16, u32)]) -> Self {
        let payload: Vec<u8> = settings
            .iter()
            .flat_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat())
            .collect();
        self.frame(kind::SETTINGS, 0, 0, &payload)
    }

    pub(super) fn window_update(self, stream: u32, by: u32) -> Self {
        self.frame(kind::WINDOW_UPDATE, 0, stream, &by.to_be_bytes())
    }

    /// Other frames after these.
    pub(super) fn then(mut self, more: &Self) -> Self {
        self.0.extend(&more.0);
        self
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A message as gRPC frames it.
pub(super) fn enveloped(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a message is small");
    [&[flag][..], &length.to_be_bytes(), message].concat()
}

/// Headers as a block of literals.
pub(super) fn literals(headers: &[Header<'_>]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        push_text(&mut block, name);
        push_text(&mut block, value);
    }
    block
}

/// A text with its length, an integer of 7 bits and more (RFC 7541, 5.1).
fn push_text(block: &mut Vec<u8>, text: &str) {
    const LARGEST: u8 = 0x7f;
    match u8::try_from(text.len()) {
        Ok(length) if length < LARGEST => block.push(length),
        _ => {
            block.push(LARGEST);
            block.extend(varint(text.len() - usize::from(LARGEST)));
        }
    }
    block.extend(text.as_bytes());
}

/// A number, 7 bits a byte, the lowest ones first.
pub(super) fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let [byte, ..] = number.to_le_bytes();
        let low = byte & 0x7f;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_length_type_flags_and_stream_before_its_payload() {
        let frames = Frames::default().frame(kind::PING, 1, 7, b"12345678");
        assert_eq!(frames.bytes(), b"\0\0\x08\x06\x01\0\0\0\x0712345678");
    }

    #[test]
    fn long_texts_have_long_lengths() {
        // The example of RFC 7541, C.1.2, with 7 bits in place of 5: 1337 = 127 + 58 + 9 * 128.
        let block = literals(&[("a", &"v".repeat(1337))]);
        assert_eq!(block[..6], [0, 1, b'a', 0x7f, 0x80 | 0x3a, 9]);
        assert_eq!(block.len(), 6 + 1337);
    }
}
