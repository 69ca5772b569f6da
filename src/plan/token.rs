//! What every canary of a plan may write: a name of its own, and the time around now.
//!
//! Made once per plan, so that what one check writes another finds; different in every plan, so that nothing else is found.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::PlanError;
use crate::value::{Value, Variable};

/// How far `run_before` and `run_end` lie from now: longer than any run, short enough that nothing outlives it for long.
const AROUND: Duration = Duration::from_mins(5);

/// The variables of a plan, by name.
pub(super) fn variables() -> Result<[(&'static str, Variable); 9], PlanError> {
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let whole = |number: u128| Value::from(u64::try_from(number).unwrap_or(u64::MAX));
    let time = |time: SystemTime| Value::from(humantime::format_rfc3339_millis(time).to_string());
    let trace = random()? + &random()?;
    let all = [
        ("run", random()?.into()),
        ("run_ms", whole(since.as_millis())),
        ("run_ns", whole(since.as_nanos())),
        ("run_ns_le", little_endian(since.as_nanos()).into()),
        ("run_time", time(now)),
        ("run_end", time(now + AROUND)),
        ("run_before", time(now - AROUND)),
        ("run_trace", trace.into()),
        ("run_span", random()?.into()),
    ];
    Ok(all.map(|(name, value)| (name, Variable { value, place: None, scope: "this run".into() })))
}

/// The eight bytes of a number from its smallest on, as protocol buffers have them, in hexadecimal.
fn little_endian(number: u128) -> String {
    format!("{:016x}", u64::try_from(number).unwrap_or(u64::MAX).swap_bytes())
}

/// Sixteen hexadecimal digits.
fn random() -> Result<String, PlanError> {
    let number = getrandom::u64().map_err(|error| PlanError::Random(error.to_string()))?;
    Ok(format!("{number:016x}"))
}
