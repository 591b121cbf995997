//! Runs a feature in all cells, and tells which of them are not what the table says.

use crate::case::{Answered, Case, Ending, Feature, Form};
use crate::cell::Cell;
use crate::client::Client;
use crate::outcome::Outcome;
use crate::scene::{Made, Scene};
use crate::seen::{Seen, missing, seen};
use crate::streams;
use serde_json::Value;
use std::time::Duration;
use switchyard_domain::usage::Outcome as Recorded;
use switchyard_harness::Answer;
use switchyard_harness::testkit::simulator::{RecordedCall, Script};

/// How long a vendor may take to see that a client left: a busy machine is slow.
const SOON: Duration = Duration::from_secs(10);

/// What is wrong in a cell, one thing each.
type Wrong = Vec<String>;

/// Runs a feature's cases in all cells.
pub(crate) async fn check(feature: &Feature) {
    let mut scene = Scene::open().await;
    let mut wrong = Vec::new();
    for case in feature.cases {
        for form in case.forms {
            for client in Client::ALL {
                // A vendor that fails is left alone for a while.
                if matches!(case.ending, Ending::Error(_) | Ending::Broken(_)) {
                    scene = Scene::open().await;
                }
                for cell in Cell::of(client) {
                    let found = cell_of(&scene, case, cell, *form).await;
                    let place = format!("{} {} {cell} {form:?}", feature.name, case.name);
                    wrong.extend(found.into_iter().map(|what| format!("{place}: {what}")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} things are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

async fn cell_of(scene: &Scene, case: &Case, cell: Cell, form: Form) -> Wrong {
    let members = match asked(scene, case, cell.client, form).await {
        Ok(members) => members,
        Err(why) => return vec![why],
    };
    let made = Made::new(cell, &members, form == Form::Streamed);
    let mut wrong = explained(scene, &made, &(case.outcome)(cell)).await;
    match (case.outcome)(cell) {
        Outcome::Refused(reason) => wrong.extend(refused(scene, case, &made, reason).await),
        outcome => {
            if let Ending::Left = case.ending {
                wrong.extend(left(scene, case, &made).await);
            } else {
                wrong.extend(answered(scene, case, cell, &made, &outcome).await);
            }
            if !matches!(outcome, Outcome::Whole | Outcome::Unsayable) {
                wrong.extend(strictly_refused(scene, case, &made, &outcome).await);
            }
        }
    }
    wrong
}

/// What the client asks, after the turn before it if there is one.
async fn asked(scene: &Scene, case: &Case, client: Client, form: Form) -> Result<Value, String> {
    let members = (case.ask)(client);
    let Some(first) = &case.first else { return Ok(members) };
    let streamed = form == Form::Streamed;
    let made = Made::new(Cell { client, vendor: first.maker }, &members, streamed);
    let (answer, _) = scene.ask(&made, first.script, false).await;
    if answer.status != 200 {
        return Err(format!("the first turn was {}: {}", answer.status, answer.text));
    }
    let answer = if streamed { streams::whole(client, &answer.text)? } else { answer.json() };
    Ok((first.next)(client, members, &answer))
}

/// A dry run says the same as the table, with the reasons.
async fn explained(scene: &Scene, made: &Made, outcome: &Outcome) -> Wrong {
    let wanted = match outcome {
        Outcome::Refused(reason) => Err((*reason).to_owned()),
        outcome => Ok(outcome.losses()),
    };
    let found = scene.explained(made).await;
    if found == wanted { Vec::new() } else { vec![format!("loses {found:?}, not {wanted:?}")] }
}

async fn answered(scene: &Scene, case: &Case, cell: Cell, made: &Made, outcome: &Outcome) -> Wrong {
    let (answer, call) = scene.ask(made, case.script, false).await;
    let Some(call) = call else {
        return vec![format!("the vendor was not called: {} {}", answer.status, answer.text)];
    };
    let mut wrong = told(case, cell, made, &call);
    if !matches!(case.ending, Ending::Error(_)) {
        let (header, wanted) = (answer.header("x-switchyard-dropped"), dropped(case, cell, made, outcome));
        if header != wanted {
            wrong.push(format!("says that it dropped {header:?}, not {wanted:?}"));
        }
    }
    match heard(&answer, case, cell, made, &call) {
        Ok((document, wanted)) => {
            let found: Wrong = missing(&document, &wanted).collect();
            if !found.is_empty() {
                wrong.extend(found);
                wrong.push(format!("the answer was {document}"));
            }
        }
        Err(why) => wrong.push(why),
    }
    wrong
}

/// The members that the answer must say it dropped.
fn dropped(case: &Case, cell: Cell, made: &Made, outcome: &Outcome) -> String {
    let of_request = outcome.losses().to_string();
    let of_answer = match case.ending {
        Ending::LesserAnswer(_, lost) if !made.streamed => lost(cell),
        _ => "",
    };
    let both = [of_request.as_str(), of_answer];
    both.into_iter().filter(|members| !members.is_empty()).collect::<Vec<_>>().join(",")
}

/// What the client heard, and what it should have.
fn heard(
    answer: &Answer,
    case: &Case,
    cell: Cell,
    made: &Made,
    call: &RecordedCall,
) -> Result<(Value, Seen), String> {
    let status = |wanted: u16| {
        let is_wanted = answer.status == wanted;
        is_wanted.then_some(()).ok_or_else(|| format!("{}, not {wanted}: {}", answer.status, answer.text))
    };
    match &case.ending {
        Ending::Answer(wanted) | Ending::LesserAnswer(wanted, _) => {
            status(200)?;
            if !made.streamed {
                return Ok((answer.json(), wanted(Answered { cell, call, events: 0 })));
            }
            let events = streams::events(&answer.text)?.0.len();
            Ok((streams::whole(cell.client, &answer.text)?, wanted(Answered { cell, call, events })))
        }
        Ending::Error(wanted) => {
            let shown = wanted(cell);
            status(shown.status)?;
            let wait = answer.header("retry-after");
            if wait != shown.retry_after {
                return Err(format!("may be asked again after {wait:?}, not {:?}", shown.retry_after));
            }
            Ok((answer.json(), shown.body))
        }
        Ending::Broken(wanted) => {
            status(200)?;
            let (mut events, is_done) = streams::events(&answer.text)?;
            let last =
                events.pop().filter(|_| !is_done && streams::whole(cell.client, &answer.text).is_err());
            let last = last.ok_or_else(|| format!("ends as if it were whole: {}", answer.text))?;
            Ok((last.data, wanted(cell)))
        }
        Ending::Left => Err("a client that leaves hears nothing".to_owned()),
    }
}

/// What of the request does not stand where the vendor looks for it.
fn told(case: &Case, cell: Cell, made: &Made, call: &RecordedCall) -> Wrong {
    let mut wrong: Wrong = missing(&call.json, &(case.told)(cell)).collect();
    if call.path != cell.vendor.path(made.streamed) {
        wrong.push(format!("the vendor was called at {}", call.path));
    }
    if !wrong.is_empty() {
        wrong.push(format!("the vendor was told {}", call.json));
    }
    wrong
}

/// The error body of a client's dialect.
fn error_of(client: Client, message: &str, class: [&str; 2]) -> Seen {
    match client {
        Client::Chat | Client::Responses => seen! {
            "/error/message" => message,
            "/error/type" => "invalid_request_error",
            "/error/code" => (class[0]),
        },
        Client::Anthropic => seen! {
            "/type" => "error",
            "/error/type" => "invalid_request_error",
            "/error/message" => message,
        },
        Client::Gemini => seen! {
            "/error/code" => 400,
            "/error/message" => message,
            "/error/status" => (class[1]),
            "/error/details/0/reason" => (class[0]),
        },
    }
}

const UNSUPPORTED: [&str; 2] = ["unsupported_feature", "INVALID_ARGUMENT"];

async fn refused(scene: &Scene, case: &Case, made: &Made, reason: &str) -> Wrong {
    let (answer, call) = scene.ask(made, case.script, false).await;
    is_refused(&answer, call.as_ref(), made, reason)
}

/// A caller that is strict is refused what would be lost.
async fn strictly_refused(scene: &Scene, case: &Case, made: &Made, outcome: &Outcome) -> Wrong {
    let (answer, call) = scene.ask(made, case.script, true).await;
    let losses = outcome.losses().losses;
    let listed: Vec<String> =
        losses.iter().map(|loss| format!("`{}` ({})", loss.member, loss.reason)).collect();
    let reason = format!(
        "{} can't express {}. Leave that out, choose another model, or drop the strict setting.",
        made.model,
        listed.join(", ")
    );
    is_refused(&answer, call.as_ref(), made, &reason)
}

fn is_refused(answer: &Answer, call: Option<&RecordedCall>, made: &Made, reason: &str) -> Wrong {
    let mut wrong = Vec::new();
    if answer.status != 400 || call.is_some() {
        wrong.push(format!("{} instead of a refusal: {}", answer.status, answer.text));
        return wrong;
    }
    wrong.extend(missing(&answer.json(), &error_of(made.client, reason, UNSUPPORTED)));
    wrong
}

/// A client that leaves after the first words: the vendor's work ends, and what was received is paid.
async fn left(scene: &Scene, case: &Case, made: &Made) -> Wrong {
    scene.simulator().set_default(Script::of(case.script));
    scene.simulator().take_calls();
    let mut response = scene.send(made, false).await;
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let first = response.chunk().await.unwrap();
    drop(response);
    let mut wrong = Vec::new();
    if first.is_none_or(|first| first.is_empty()) {
        wrong.push("nothing came before it left".to_owned());
    }
    let call = scene.simulator().until_ended_calls(1, SOON).await.remove(0);
    if call.peer_closed_at.is_none() || call.completed {
        wrong.push(format!("the vendor went on: {call:?}"));
    }
    let events = scene.app().events_of(&id).await;
    let [event] = events.as_slice() else {
        wrong.push(format!("recorded {} times", events.len()));
        return wrong;
    };
    let (paid, billed) = (event.usage.output, call.billed.completion);
    if event.outcome != Recorded::ClientClosed || paid == 0 || paid > billed {
        wrong.push(format!("recorded as {:?} of {paid} tokens, of {billed} that were made", event.outcome));
    }
    wrong
}
