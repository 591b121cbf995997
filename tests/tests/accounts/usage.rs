//! What was used, in sums: who sees what, by which groups, in which stretches of time.

use crate::looks::{CALL, Looks, MODEL, seen};
use serde_json::{Value, json};
use switchyard_harness::on_both_databases;

on_both_databases! {
    from crate::looks::start_on;
    members_see_what_they_used_and_auditors_what_everybody_did,
    usage_is_told_by_stretches_of_a_zones_calendar_and_an_empty_one_is_no_error,
    what_can_not_be_asked_is_a_422_that_says_why,
    simulated_models_count_when_they_are_asked_for,
    a_table_for_spreadsheets_holds_no_formula_whatever_people_name_their_keys,
}

/// The groups and their calls.
fn groups(table: &Value) -> Vec<(&str, u64)> {
    let lines = table["items"].as_array().unwrap().iter();
    lines.map(|line| (line["key"].as_str().unwrap(), line["calls"].as_u64().unwrap())).collect()
}

async fn members_see_what_they_used_and_auditors_what_everybody_did(looks: Looks) {
    let (_, key) = looks.key_of(&looks.ana, "ana-key").await;
    looks.call(&key, MODEL).await;
    looks.call(&looks.ana, "fallback").await;
    looks.call(&looks.bob, MODEL).await;
    let nobodys = looks.app.client_with_key("nobodys").await;
    looks.call(&nobodys, MODEL).await;

    for client in [&looks.admin, &looks.auditor] {
        let all = seen(client, "/api/v1/usage?group_by=user").await;
        assert_eq!(groups(&all), [("(no user)", 1), ("ana", 2), ("bob", 1)]);
        let total = json!({"calls": 4, "attempts": 5, "input_tokens": all["total"]["input_tokens"], "output_tokens": 40,
                           "cost_usd": "0.040000000", "unpriced": 0});
        assert_eq!(all["total"], total);
    }
    let of_ana = seen(&looks.admin, &format!("/api/v1/usage?group_by=user&user={}", looks.ana_id)).await;
    assert_eq!(groups(&of_ana), [("ana", 2)]);
    let own = seen(&looks.ana, "/api/v1/usage?group_by=key").await;
    assert_eq!(groups(&own), [("(no key)", 1), ("ana-key", 1)]);
    assert_eq!(own["total"]["cost_usd"], "0.020000000");
    let another = seen(&looks.bob, &format!("/api/v1/usage?user={}", looks.ana_id)).await;
    assert_eq!((groups(&another), &another["total"]["calls"]), (vec![], &json!(0)), "as if she had none");

    let answers = [
        ("model", vec![("upstream/broken", 0), ("upstream/priced", 2)]),
        ("provider", vec![("upstream", 2)]),
        ("route", vec![("(no route)", 1), ("fallback", 1)]),
        ("status", vec![("complete", 2), ("failed", 0)]),
    ];
    for (group_by, expected) in answers {
        let table = seen(&looks.ana, &format!("/api/v1/usage?group_by={group_by}")).await;
        assert_eq!(groups(&table), expected, "{group_by}");
        assert_eq!(table["total"], own["total"], "{group_by}: the same calls, otherwise sorted");
    }
}

async fn usage_is_told_by_stretches_of_a_zones_calendar_and_an_empty_one_is_no_error(looks: Looks) {
    looks.call(&looks.ana, MODEL).await;
    let now = now_in_words();
    let (today, tomorrow) = (&now[..10], "2999-01-01");
    let by_day = seen(&looks.ana, "/api/v1/usage").await;
    assert_eq!(groups(&by_day), [(today, 1)], "by UTC days, unless asked otherwise");
    let whole_day = seen(&looks.ana, &format!("/api/v1/usage?from={today}&to={today}")).await;
    assert_eq!(whole_day, by_day, "a day that is named is meant from its beginning to its end");
    for empty in [
        format!("from={tomorrow}"),
        format!("from={tomorrow}&to={tomorrow}"),
        format!("from={today}T00:00:00Z&to={today}T00:00:00Z"),
        format!("from={tomorrow}&to={today}"),
        "to=2001-01-01".to_owned(),
        format!("from={tomorrow}&to={tomorrow}&interval=hour"),
    ] {
        let table = seen(&looks.ana, &format!("/api/v1/usage?{empty}")).await;
        assert_eq!(
            (&table["items"], &table["total"]["cost_usd"]),
            (&json!([]), &json!("0.000000000")),
            "{empty}"
        );
    }
    for interval in ["hour", "day", "week", "month"] {
        let path = format!("/api/v1/usage?group_by=model&interval={interval}&zone=Asia/Kolkata");
        let table = seen(&looks.ana, &path).await;
        assert_eq!(groups(&table), [("upstream/priced", 1)], "{interval}");
        let start = table["items"][0]["start"].as_str().unwrap();
        assert!(start < now.as_str() && start.ends_with('Z'), "{interval} begins at {start}");
        if interval != "hour" {
            assert!(
                start[10..].starts_with("T18:30"),
                "midnight in Kolkata, or the beginning of what is asked for: {start}"
            );
        }
    }
    let kiritimati = seen(&looks.ana, "/api/v1/usage?zone=Pacific/Kiritimati").await;
    let day = groups(&kiritimati)[0].0.to_owned();
    assert!(day.as_str() >= today, "14 hours ahead it is {day}");
    assert!(kiritimati["items"][0].get("start").is_none());
}

/// The time, as answers write it.
fn now_in_words() -> String {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    switchyard_domain::time::Timestamp(i64::try_from(now).unwrap()).to_string()
}

async fn what_can_not_be_asked_is_a_422_that_says_why(looks: Looks) {
    for (query, field) in [
        ("group_by=team", "group_by"),
        ("group_by=", "group_by"),
        ("from=yesterday", "from"),
        ("to=2026-11-31", "to"),
        ("interval=minute", "interval"),
        ("interval=hour&from=2020-01-01", "interval"),
        ("zone=Mars/Olympus", "zone"),
        ("key=x", "query"),
        ("user=1&user=2", "query"),
        ("include_simulated=maybe", "query"),
        ("colour=red", "query"),
    ] {
        for path in ["usage", "usage.csv"] {
            let answer = looks.ana.get(&format!("/api/v1/{path}?{query}")).await;
            assert_eq!(answer.status, 422, "{query}: {}", answer.text);
            assert!(answer.json()["details"][field].is_array(), "{query}: {}", answer.text);
        }
    }
}

async fn simulated_models_count_when_they_are_asked_for(looks: Looks) {
    looks.app.add_provider("sim", "sim", "", &["swift"]).await;
    looks.call(&looks.ana, "sim/swift").await;
    let without = seen(&looks.ana, "/api/v1/usage?group_by=model").await;
    assert_eq!(groups(&without), []);
    let with = seen(&looks.ana, "/api/v1/usage?group_by=model&include_simulated=true").await;
    assert_eq!(groups(&with), [("sim/swift", 1)]);
}

async fn a_table_for_spreadsheets_holds_no_formula_whatever_people_name_their_keys(looks: Looks) {
    for name in ["=1+cmd|' C calc'!A0", "+1", "-1", "@SUM(A1)", "plain, with a comma"] {
        let (_, key) = looks.key_of(&looks.ana, name).await;
        looks.call(&key, MODEL).await;
    }
    let answer = looks.ana.get("/api/v1/usage.csv?group_by=key").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.header("content-type").starts_with("text/csv"), "{:?}", answer.headers);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"usage.csv\"");
    let lines: Vec<&str> = answer.text.split("\r\n").collect();
    assert_eq!(lines[0], "key,start,calls,attempts,input_tokens,output_tokens,cost_usd,unpriced");
    let names: Vec<&str> = lines[1..6].iter().map(|line| line.split(",,1,1,").next().unwrap()).collect();
    let expected = ["'+1", "'-1", "'=1+cmd|' C calc'!A0", "'@SUM(A1)", "\"plain, with a comma\""];
    assert_eq!(names, expected, "{}", answer.text);
    assert!(lines[1].ends_with(&format!(",10,{CALL},0")), "{}", lines[1]);
    assert_eq!(lines.len(), 7, "{lines:?}");
}
