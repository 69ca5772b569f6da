//! The bytes of a DNS message, read from front to back, with names followed to wherever they point.
//!
//! It takes what the exporter's reader takes and refuses what that one refuses, because both end up in the verdict.
//! A name costs at most so many jumps, a reader never runs past its end, and nothing is allocated on a message's word.

use super::text;

/// Why bytes are no DNS message; completes "…: ".
pub(super) type Bad = &'static str;

/// Something ends before it is whole.
pub(super) const SHORT: Bad = "it ends too early";

/// The bytes of all labels of a name with their lengths; the root's own is the 255th.
const NAME: usize = 254;

/// More pointers than a name of so many bytes can need; a circle of them ends here.
const JUMPS: usize = 126;

/// A message, or the part of it up to the end of a record's data, and how much of it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Wire<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Whether everything was read.
    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Bad> {
        let end = self.at.checked_add(count).ok_or(SHORT)?;
        let taken = self.bytes.get(self.at..end).ok_or(SHORT)?;
        self.at = end;
        Ok(taken)
    }

    /// As many bytes as another field says.
    pub(super) fn counted(&mut self, count: u64) -> Result<&'a [u8], Bad> {
        self.take(usize::try_from(count).map_err(|_| SHORT)?)
    }

    /// All that was not read.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        rest
    }

    /// A reader of the next bytes, whose names may point to all that stands before their end.
    pub(super) fn part(&mut self, count: usize) -> Result<Self, Bad> {
        let start = self.at;
        self.take(count)?;
        Ok(Self { bytes: &self.bytes[..self.at], at: start })
    }

    /// A number of up to eight bytes.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64, Bad> {
        Ok(self.take(bytes)?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Bad> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Bad> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// Bytes behind their count in one byte.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Bad> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// A name as it is printed, with a dot behind every label.
    pub(super) fn name(&mut self) -> Result<Vec<u8>, Bad> {
        let (mut name, mut room, mut jumps) = (Vec::new(), NAME, 0);
        let (mut reader, mut after) = (*self, None);
        loop {
            let length = reader.u8()?;
            match length >> 6 {
                0 if length == 0 => break,
                0 => {
                    let label = reader.take(length.into())?;
                    room = room.checked_sub(label.len() + 1).ok_or("a name in it is longer than 255 bytes")?;
                    text::label(label, &mut name);
                }
                3 => {
                    let target = usize::from(length & 0x3F) << 8 | usize::from(reader.u8()?);
                    after = after.or(Some(reader.at));
                    jumps += 1;
                    if jumps > JUMPS {
                        return Err("a name in it points in a circle");
                    }
                    reader.at = target;
                }
                _ => return Err("a name in it has a label of no known kind"),
            }
        }
        self.at = after.unwrap_or(reader.at);
        if name.is_empty() {
            name.push(b'.');
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: &[u8], at: usize) -> Result<(String, usize), Bad> {
        let mut wire = Wire { bytes, at };
        wire.name().map(|name| (String::from_utf8(name).unwrap(), wire.at))
    }

    #[test]
    fn a_name_is_followed_where_it_points_and_read_on_behind_its_first_pointer() {
        let bytes = b"\x06pigsty\x00\x01i\xC0\x00rest";
        assert_eq!(name(bytes, 8), Ok(("i.pigsty.".to_owned(), 12)));
        assert_eq!(name(b"\x00", 0), Ok((".".to_owned(), 1)));
        assert_eq!(name(b"\xC0\x02\x00", 0), Ok((".".to_owned(), 2)));
    }

    #[test]
    fn a_name_in_a_circle_ends() {
        assert_eq!(name(b"\xC0\x00", 0), Err("a name in it points in a circle"));
        assert_eq!(name(b"\x01a\xC0\x00", 0), Err("a name in it points in a circle"));
        assert_eq!(
            name(b"\x3Faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC0\x00", 0),
            Err("a name in it is longer than 255 bytes")
        );
    }

    #[test]
    fn a_name_that_is_cut_short_or_of_no_known_kind_is_refused() {
        for bytes in [&b"\x05abc"[..], b"\x03abc", b"\xC0", b"\xC0\x09", b""] {
            assert_eq!(name(bytes, 0), Err(SHORT), "{bytes:?}");
        }
        for bytes in [b"\x40\x00", b"\x80\x00"] {
            assert_eq!(name(bytes, 0), Err("a name in it has a label of no known kind"));
        }
    }

    #[test]
    fn what_is_special_in_a_name_is_escaped() {
        assert_eq!(name(b"\x0Aa.b \\\"\x07\xFF'@\x00", 0).unwrap().0, r#"a\.b\ \\\"\007\255\'\@."#);
    }
}
