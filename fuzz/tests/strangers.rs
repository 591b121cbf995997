//! The targets that read texts of strangers, on the corpora that there are.

use switchyard_domain::usage::UsageEvent;
use switchyard_fuzz::{cookies, guard, sealed, segment, tokens};
use switchyard_journal::{read_segment, write_record};
use switchyard_testkit::hostile_urls;

#[test]
fn what_is_asked_of_the_guard_holds_of_hostile_urls() {
    for port in [80, 8080] {
        for case in hostile_urls::all(port) {
            guard::run(case.url.as_bytes());
        }
    }
    for good in [
        "https://api.example/v1",
        "http://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "10.0.0.0/8,external=a.lan:80",
    ] {
        guard::run(good.as_bytes());
    }
}

#[test]
fn what_is_asked_of_sealed_columns_holds_of_every_small_change() {
    sealed::run(b"");
    sealed::run(b"v1.k.AAAA.AAAA");
    for at in 0..200_u16 {
        for byte in [0, 1, b'A', b'.', b'_', b'=', 127, 128, 200] {
            let [high, low] = at.to_be_bytes();
            sealed::run(&[high, low, byte]);
        }
    }
}

#[test]
fn what_is_asked_of_segments_holds_of_damage_of_every_kind() {
    for damage in [
        &b""[..],
        b"\0",
        b"[",
        b"\xff\xff\xff\xff",
        b"\x02\0\0\0\0\0\0\0[]",
        b"\x10\0\0\0\0\0\0\0[half a rec",
        &[b'['; 300],
    ] {
        for cut in [0, 1, 7, 8, 100, 255] {
            segment::run(&[&[cut], damage].concat());
        }
        segment::run(damage);
    }
}

#[test]
fn the_event_in_the_segments_is_written_and_read_without_a_loss() {
    let text = include_str!("../event.json");
    let event: UsageEvent = serde_json::from_str(text).expect("an event");
    let record = write_record(std::slice::from_ref(&event)).expect("a record");
    let read = read_segment(&record);
    assert_eq!((read.events, read.records, read.damaged), (vec![event], 1, 0));
}

#[test]
fn what_is_asked_of_tokens_holds_of_every_small_change_and_of_all_times() {
    for text in ["", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\u{0}", "=", "\u{130}"] {
        tokens::run(text.as_bytes());
    }
    for at in 0..600_u16 {
        for byte in [0, 1, b'A', b'.', b'=', 127, 128] {
            let [high, low] = at.to_be_bytes();
            tokens::run(&[high, low, byte]);
        }
    }
    let moments = [i64::MIN, -1, 0, 1_795_161_600_000, 1_795_161_630_000, i64::MAX - 1, i64::MAX];
    for issued in moments {
        for expires in moments {
            for now in moments {
                tokens::run(&[issued, expires, now].map(i64::to_be_bytes).concat());
            }
        }
    }
    for head in 0..5 {
        for body in 0..5 {
            for signature in 0..5 {
                tokens::run(&[head, body, signature]);
            }
        }
    }
}

#[test]
fn what_is_asked_of_cookies_holds_of_lines_of_every_kind() {
    for text in [
        "",
        ";",
        "=",
        "access_token_cookie",
        "access_token_cookie=",
        "access_token_cookie=; access_token_cookie=",
        "access_token_cookie=t\naccess_token_cookie=t",
        "access_token_cookie=t;refresh_token_cookie=u",
        "access_token_cookie=t; access_token_cookie=u",
        " access_token_cookie = t",
        "access_token_cookie= t ;\u{a0}access_token_cookie=t",
        "a=b; access_token_cookie=\"t\"; c",
        "ACCESS_TOKEN_COOKIE=t",
        "access_token_cookie==t",
    ] {
        cookies::run(text.as_bytes());
    }
}
