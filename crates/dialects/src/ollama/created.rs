/// The Unix seconds of a time as Go writes it (RFC 3339: `2026-08-04T19:58:39.613084Z`, or with an offset).
pub(super) fn unix_seconds(time: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = time.get(from..to)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let marks = [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':')];
    if !marks.iter().all(|(at, mark)| time.get(*at..=*at).is_some_and(|found| found.starts_with(*mark))) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let zone = time.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.as_bytes() {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let digits = |from: usize| zone.get(from..from + 2)?.parse::<i64>().ok();
            let seconds = digits(1)? * 3600 + digits(4)? * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// Days since 1970 in the Gregorian calendar. Years begin in March here, so that the odd day stands at their end.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_any_zone_are_read() {
        for (time, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-08-04T19:58:39.613084Z", Some(1_785_873_519)),
            ("2024-02-29T12:00:00.5+02:00", Some(1_709_200_800)),
            ("2024-05-24T14:01:59.481632-07:00", Some(1_716_584_519)),
            ("2024-05-24 14:01:59Z", None),
            ("2024-05-24T14:01:59", None),
            ("2024-13-24T14:01:59Z", None),
            ("+024-05-24T14:01:59Z", None),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(unix_seconds(time), seconds, "{time}");
        }
    }
}
