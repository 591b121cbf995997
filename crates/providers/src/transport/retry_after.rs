//! How long an upstream asks to be left alone.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

/// The wait that the answer asks for: `retry-after-ms` (milliseconds) before `retry-after` (seconds,
/// or an HTTP date as seen from `now`). A date in the past is a wait of zero; what can't be read is
/// `None`, as if it weren't there.
///
/// Not clamped: how long is worth waiting is for the caller to say. The header alone is no failure,
/// as it has been seen on answers of status 200.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(wait) = text("retry-after-ms").and_then(|text| number(text, 1e-3)) {
        return Some(wait);
    }
    let text = text("retry-after")?;
    number(text, 1.0).or_else(|| until(text, now))
}

/// As good as for ever, and far from where sums of times overflow.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A non-negative decimal number of units of `unit` seconds, of whatever size. Fractions occur in practice.
fn number(text: &str, unit: f64) -> Option<Duration> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !plain {
        return None;
    }
    let seconds = text.parse::<f64>().ok()? * unit;
    Some(Duration::try_from_secs_f64(seconds).map_or(FOR_EVER, |wait| wait.min(FOR_EVER)))
}

/// A date in one of HTTP's three forms (RFC 9110, section 5.6.7), or with a zone as in mail.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let in_http = || Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok();
    let in_mail = || jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let at = in_http().or_else(in_mail)?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        retry_after(&headers.collect(), now)
    }

    #[test]
    fn seconds_milliseconds_and_dates_are_read() {
        assert_eq!(wait(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        assert_eq!(wait(&[("retry-after", " 3600 ")]), Some(Duration::from_secs(3600)));
        assert_eq!(wait(&[("retry-after", "0")]), Some(Duration::ZERO));
        assert_eq!(wait(&[("retry-after", "1.5")]), Some(Duration::from_millis(1500)));
        assert_eq!(wait(&[("retry-after-ms", "1250")]), Some(Duration::from_millis(1250)));
    }

    #[test]
    fn dates_are_read_in_each_form_of_http() {
        for date in [
            "Fri, 20 Nov 2026 12:00:07 GMT",
            "Friday, 20-Nov-26 12:00:07 GMT",
            "Fri Nov 20 12:00:07 2026",
            "Fri, 20 Nov 2026 13:00:07 +0100",
        ] {
            assert_eq!(wait(&[("retry-after", date)]), Some(Duration::from_secs(7)), "{date}");
        }
    }

    #[test]
    fn milliseconds_win_over_seconds_unless_they_are_garbage() {
        assert_eq!(wait(&[("retry-after-ms", "20"), ("retry-after", "9")]), Some(Duration::from_millis(20)));
        assert_eq!(wait(&[("retry-after-ms", "soon"), ("retry-after", "9")]), Some(Duration::from_secs(9)));
    }

    #[test]
    fn a_date_in_the_past_is_no_wait() {
        assert_eq!(wait(&[("retry-after", "Fri, 20 Nov 2026 11:59:59 GMT")]), Some(Duration::ZERO));
    }

    #[test]
    fn garbage_is_as_good_as_nothing() {
        for garbage in ["", "-1", "soon", "1e9", "NaN", "inf", "0x10", "1.2.3", ".", "1 s", "2026-11-20"] {
            assert_eq!(wait(&[("retry-after", garbage)]), None, "{garbage:?}");
        }
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_number_beyond_all_bounds_is_for_ever() {
        let endless: &'static str = Box::leak("9".repeat(400).into_boxed_str());
        for seconds in [endless, "99999999999999999999", "400000000"] {
            assert_eq!(wait(&[("retry-after", seconds)]), Some(FOR_EVER), "{seconds}");
        }
    }
}
