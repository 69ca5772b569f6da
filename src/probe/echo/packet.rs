//! The bytes of an echo request, and how its reply is told from everything else.

use socket2::SockFilter;

use crate::probe::socket::random;

/// The header of an echo: type, code, checksum, id, sequence.
pub(super) const HEADER: usize = 8;

/// An echo request as it goes out.
pub(super) struct Packet {
    v6: bool,
    bytes: Vec<u8>,
}

impl Packet {
    pub(super) fn new(v6: bool, id: u16, number: u16, payload: &[u8]) -> Self {
        let mut bytes = vec![if v6 { 128 } else { 8 }, 0, 0, 0];
        bytes.extend(id.to_be_bytes());
        bytes.extend(number.to_be_bytes());
        bytes.extend(payload);
        // For ICMPv6 the kernel makes another, over the addresses too.
        let sum = checksum(&bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        Self { v6, bytes }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether these bytes are the reply, whole; `raw` says that nobody but us chose the id and looked at the checksum.
    pub(super) fn is_answered_by(&self, reply: &[u8], raw: bool) -> bool {
        let from = if raw { 4 } else { 6 };
        let kind = if self.v6 { 129 } else { 0 };
        reply.len() == self.bytes.len()
            && reply[..2] == [kind, 0]
            && reply[from..] == self.bytes[from..]
            && (!raw || self.v6 || checksum(reply) == 0)
    }

    /// Whether the beginning of a packet that a router quotes is ours.
    pub(super) fn is_quoted_by(&self, quoted: &[u8], raw: bool) -> bool {
        let from = if raw { 4 } else { 6 };
        quoted.get(from..HEADER).is_some_and(|ours| *ours == self.bytes[from..HEADER])
    }
}

/// The sequence number of an echo.
pub(super) fn number(echo: &[u8]) -> Option<u16> {
    echo.get(6..HEADER).map(|number| u16::from_be_bytes([number[0], number[1]]))
}

/// What stands behind the header of IPv4, which a raw socket shows.
pub(super) fn behind_header(bytes: &[u8]) -> &[u8] {
    let length = usize::from(bytes.first().unwrap_or(&0) & 15) * 4;
    bytes.get(length..).unwrap_or_default()
}

/// A payload that begins with a random token, as far as it has room.
pub(in crate::probe) fn unique(size: usize) -> Vec<u8> {
    random().to_be_bytes().into_iter().chain((0x10..=0xFF).cycle()).take(size).collect()
}

/// The checksum of RFC 1071.
fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low)));
    let sum: u32 = words.sum();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    !u16::try_from((folded & 0xFFFF) + (folded >> 16)).unwrap_or_default()
}

/// A filter for a raw socket, which would otherwise hear every echo on the machine: only a reply with our id.
pub(super) fn filter(v6: bool, id: u16) -> [SockFilter; 7] {
    const PASS: u32 = u32::MAX;
    // The codes of classic BPF: 0x01 loads a constant, 0xB1 the length that a header of IPv4 says it has.
    // A raw socket of IPv6 shows no such header.
    let (header, reply) = if v6 { (0x01, 129) } else { (0xB1, 0) };
    [
        // x = the length of what stands before the echo
        SockFilter::new(header, 0, 0, 0),
        // the id, half of the second word, is ours, or drop
        SockFilter::new(0x48, 0, 0, 4),
        SockFilter::new(0x15, 0, 3, u32::from(id)),
        // the type, the first byte, is that of a reply, or drop
        SockFilter::new(0x50, 0, 0, 0),
        SockFilter::new(0x15, 0, 1, reply),
        SockFilter::new(0x06, 0, 0, PASS),
        SockFilter::new(0x06, 0, 0, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(v6: bool, size: usize) -> Packet {
        Packet::new(v6, 0x1234, 0x5678, &unique(size))
    }

    /// The reply as it comes over the network.
    fn reply(packet: &Packet) -> Vec<u8> {
        let Packet { v6, bytes } = packet;
        let mut reply = vec![if *v6 { 129 } else { 0 }, 0, 0, 0];
        reply.extend(&bytes[4..]);
        let sum = checksum(&reply);
        reply[2..4].copy_from_slice(&sum.to_be_bytes());
        reply
    }

    #[test]
    fn a_packet_is_an_echo_request_whose_checksum_is_right() {
        for size in [0, 1, 7, 8, 56, 301] {
            let Packet { bytes, .. } = packet(false, size);
            assert_eq!((bytes.len(), &bytes[..2]), (HEADER + size, &[8, 0][..]));
            assert_eq!(checksum(&bytes), 0, "{size}");
            assert_eq!((&bytes[4..6], number(&bytes)), (&[0x12, 0x34][..], Some(0x5678)));
        }
        assert_eq!(checksum(&[0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]), !0xDDF2);
        assert_eq!(packet(true, 0).bytes[..2], [128, 0]);
    }

    #[test]
    fn no_two_payloads_are_alike() {
        assert_ne!(unique(8), unique(8));
        assert!(unique(0).is_empty());
    }

    #[test]
    fn only_the_same_bytes_are_the_reply() {
        for (raw, v6) in [(false, false), (true, false), (false, true), (true, true)] {
            let packet = packet(v6, 56);
            let whole = reply(&packet);
            assert!(packet.is_answered_by(&whole, raw));
            for at in [0, 1, 6, 8, whole.len() - 1] {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                assert!(!packet.is_answered_by(&changed, raw), "raw {raw}, v6 {v6}, byte {at}");
            }
            for cut in [0, 1, 8, whole.len() - 1] {
                assert!(!packet.is_answered_by(&whole[..cut], raw), "raw {raw}, v6 {v6}, {cut} bytes");
            }
        }
    }

    #[test]
    fn the_kernel_may_change_the_id_of_an_unprivileged_echo_only_and_looks_at_its_checksum() {
        for raw in [false, true] {
            let packet = packet(false, 56);
            for at in [2, 4] {
                let mut changed = reply(&packet);
                changed[at] ^= 1;
                assert_eq!(packet.is_answered_by(&changed, raw), !raw, "byte {at}");
            }
        }
    }

    #[test]
    fn a_quoted_packet_is_ours_by_its_numbers() {
        let (ours, other) = (packet(false, 56), Packet::new(false, 0x1234, 0x5679, &[]));
        for raw in [false, true] {
            assert!(ours.is_quoted_by(&ours.bytes, raw) && ours.is_quoted_by(&ours.bytes[..8], raw));
            assert!(!ours.is_quoted_by(&other.bytes, raw), "another echo");
            assert!(!ours.is_quoted_by(&ours.bytes[..7], raw), "too short to tell");
        }
        let foreign = Packet::new(false, 0x1235, 0x5678, &[]);
        assert!(ours.is_quoted_by(&foreign.bytes, false) && !ours.is_quoted_by(&foreign.bytes, true));
    }

    #[test]
    fn what_a_raw_socket_shows_before_an_echo_is_skipped() {
        let mut bytes = vec![0x46; 24];
        bytes.extend([0, 0]);
        assert_eq!(behind_header(&bytes), [0, 0]);
        assert_eq!(behind_header(&[0x45, 0]), [0; 0]);
        assert_eq!(behind_header(&[]), [0; 0]);
    }
}
