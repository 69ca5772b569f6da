//! chronyd: replies of 48 bytes, as it sends them in each of its states.

use std::time::{Duration, SystemTime};

use super::fault::Word;
use super::layout::Here;

/// Bytes of a packet without extensions.
const PACKET: usize = 48;

/// Seconds from 1900, where NTP begins, to 1970.
const EPOCH: u64 = 2_208_988_800;

/// How far a wrong clock is ahead: more than anything that compares times bears.
const WRONG: Duration = Duration::from_secs(5);

/// How far a drifting clock is ahead: more than a synchronised one ever is, on a machine that is late itself too.
const DRIFT: Duration = Duration::from_millis(500);

/// What a server says of itself.
struct State {
    leap: u8,
    stratum: u8,
    reference: [u8; 4],
    /// How long ago it heard from its source; nothing if it never did.
    heard: Option<Duration>,
    /// Seconds, in units of 2⁻¹⁶.
    delay: u32,
    /// Seconds, in units of 2⁻¹⁶.
    dispersion: u32,
}

/// One second in units of 2⁻¹⁶.
const SECOND: u32 = 1 << 16;

fn state(here: &Here) -> State {
    use Word::{Far, Kiss, OldReference, Unsynchronised};
    let source = [10, 10, 10, 1];
    let synchronised = State {
        leap: 0,
        stratum: 3,
        reference: source,
        heard: Some(Duration::from_secs(40)),
        delay: SECOND / 50,
        dispersion: SECOND / 100,
    };
    let unsynchronised =
        State { leap: 3, stratum: 0, reference: [0; 4], heard: None, delay: SECOND, dispersion: SECOND };
    match here.node().first(here.component, &[Unsynchronised, OldReference, Far, Kiss]) {
        Some(Unsynchronised) => unsynchronised,
        Some(Kiss) => State { reference: *b"RATE", ..unsynchronised },
        // All else stays as it was when the source was lost; only the dispersion grows.
        Some(OldReference) => State { heard: Some(Duration::from_hours(24)), dispersion: SECOND, ..synchronised },
        Some(_) => State { dispersion: 5 * SECOND, ..synchronised },
        None => synchronised,
    }
}

/// The reply to a client's packet; none to anything else.
pub(super) fn reply(here: &Here, packet: &[u8]) -> Option<Vec<u8>> {
    let (version, mode) = ((packet.first()? >> 3) & 7, packet[0] & 7);
    if packet.len() < PACKET || mode != 3 {
        return None;
    }
    let state = state(here);
    let now = clock(here);
    let heard = state.heard.and_then(|ago| now.checked_sub(ago)).map_or(0, timestamp);
    let mut reply = vec![(state.leap << 6) | (version << 3) | 4, state.stratum, packet[2], 0xe7];
    reply.extend(state.delay.to_be_bytes());
    reply.extend(state.dispersion.to_be_bytes());
    reply.extend(state.reference);
    reply.extend(heard.to_be_bytes());
    reply.extend(&packet[40..PACKET]);
    reply.extend(timestamp(now).to_be_bytes());
    reply.extend(timestamp(now).to_be_bytes());
    Some(reply)
}

/// The time as the node has it; its sources, if it has any, would say another.
fn clock(here: &Here) -> SystemTime {
    let ahead = match here.node().first(here.component, &[Word::WrongClock, Word::Drifting]) {
        Some(Word::WrongClock) => WRONG,
        Some(_) => DRIFT,
        None => Duration::ZERO,
    };
    SystemTime::now() + ahead
}

/// Seconds since 1900 in the upper half, their fraction in the lower.
fn timestamp(time: SystemTime) -> u64 {
    let age = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    ((age.as_secs() + EPOCH) << 32) | ((u64::from(age.subsec_nanos()) << 32) / 1_000_000_000)
}
