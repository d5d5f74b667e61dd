//! How an answer ended, read out of its headers: as much of HPACK as that takes.

/// Codes of the only characters that matter here (RFC 7541, appendix B), with their lengths in bits.
const HUFFMAN: [(u8, u32, u32); 18] = [
    (b'0', 0x0, 5),
    (b'1', 0x1, 5),
    (b'2', 0x2, 5),
    (b'3', 0x19, 6),
    (b'4', 0x1a, 6),
    (b'5', 0x1b, 6),
    (b'6', 0x1c, 6),
    (b'7', 0x1d, 6),
    (b'8', 0x1e, 6),
    (b'9', 0x1f, 6),
    (b'-', 0x16, 6),
    (b'a', 0x3, 5),
    (b'c', 0x4, 5),
    (b'g', 0x26, 6),
    (b'p', 0x2b, 6),
    (b'r', 0x2c, 6),
    (b's', 0x8, 5),
    (b't', 0x9, 5),
];
/// `u` of "status".
const U: (u32, u32) = (0x2d, 6);
/// Indices of `:status` in the static table, and what they say.
const STATUSES: [(usize, u16); 7] = [(8, 200), (9, 204), (10, 206), (11, 304), (12, 400), (13, 404), (14, 500)];
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The status of gRPC by its name, or else one of HTTP that is no success; none where the block has neither, or is not one
/// that a peer without a dynamic table sends.
pub(super) fn status_in(mut block: &[u8]) -> Option<String> {
    let mut http = None;
    while let Some(&first) = block.first() {
        if first & 0x80 != 0 {
            let index = integer(&mut block, 7)?;
            http = STATUSES.iter().find(|(at, _)| *at == index).map(|(_, code)| *code).or(http);
            continue;
        }
        if first & 0xe0 == 0x20 {
            integer(&mut block, 5)?;
            continue;
        }
        let index = integer(&mut block, if first & 0x40 != 0 { 6 } else { 4 })?;
        let name = if index == 0 { Some(text(&mut block)?) } else { None };
        let value = text(&mut block)?;
        if name.is_some_and(|name| is(name, "grpc-status")) {
            return NAMES
                .iter()
                .enumerate()
                .find(|(code, _)| is(value, &code.to_string()))
                .map(|(_, name)| (*name).to_owned());
        }
        if STATUSES.iter().any(|(at, _)| *at == index) {
            http = (200..600).find(|code: &u16| is(value, &code.to_string())).or(http);
        }
    }
    http.filter(|code| *code != 200).map(|code| format!("HTTP {code}"))
}

/// A text as it was sent, and whether it is coded.
type Text<'a> = (bool, &'a [u8]);

fn is((coded, bytes): Text<'_>, wanted: &str) -> bool {
    if coded { bytes == huffman(wanted) } else { bytes == wanted.as_bytes() }
}

fn text<'a>(block: &mut &'a [u8]) -> Option<Text<'a>> {
    let coded = block.first()? & 0x80 != 0;
    let length = integer(block, 7)?;
    let (text, rest) = block.split_at_checked(length)?;
    *block = rest;
    Some((coded, text))
}

fn integer(block: &mut &[u8], bits: u32) -> Option<usize> {
    let largest = (1_usize << bits) - 1;
    let mut value = usize::from(next(block)?) & largest;
    if value == largest {
        for shift in (0..28).step_by(7) {
            let byte = next(block)?;
            value += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    Some(value)
}

fn next(block: &mut &[u8]) -> Option<u8> {
    let (first, rest) = block.split_first()?;
    *block = rest;
    Some(*first)
}

fn huffman(text: &str) -> Vec<u8> {
    let (mut all, mut held) = (Vec::new(), (0_u64, 0_u32));
    for byte in text.bytes() {
        let known = HUFFMAN.iter().find(|(character, ..)| *character == byte).map(|(_, code, bits)| (*code, *bits));
        let (code, bits) = known.unwrap_or(U);
        held = (held.0 << bits | u64::from(code), held.1 + bits);
        while held.1 >= 8 {
            held.1 -= 8;
            all.push((held.0 >> held.1 & 0xff) as u8);
        }
    }
    if held.1 > 0 {
        // Padded with ones.
        let missing = 8 - held.1;
        all.push(((held.0 << missing | ((1 << missing) - 1)) & 0xff) as u8);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attacks::frames::literals;

    #[test]
    fn statuses_are_read_whether_they_are_coded_or_not() {
        // The example of RFC 7541, C.6.1.
        assert_eq!(huffman("302"), [0x64, 0x02]);
        let plain = literals(&[("content-type", "application/grpc"), ("grpc-status", "14")]);
        assert_eq!(status_in(&plain).as_deref(), Some("UNAVAILABLE"));
        let (name, value) = (huffman("grpc-status"), huffman("8"));
        let coded = [&[0x20, 0x88, 0x00, 0x80 | 8][..], &name, &[0x81], &value].concat();
        assert_eq!((name.len(), status_in(&coded).as_deref()), (8, Some("RESOURCE_EXHAUSTED")));
        assert_eq!(status_in(&[0x48, 0x03, b'4', b'1', b'5']).as_deref(), Some("HTTP 415"));
        assert_eq!(status_in(&[0x88]), None);
        assert_eq!(status_in(&[0x00, 0x7f]), None);
    }
}
