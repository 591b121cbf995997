//! `switchyard explain`

use super::open;
use crate::arguments::ExplainOptions;
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::io::Read;
use std::path::Path;
use switchyard::orchestrator::explain::{Explanation, PriceBound};
use switchyard::orchestrator::principal::Principal;
use switchyard::ports::provider::Prepared;
use switchyard::settings::Loaded;
use switchyard_domain::provider::CredentialSource;
use switchyard_http::explained::ExplanationShape;
use switchyard_http::offline::{OfflineCall, body_of};

/// Larger bodies the gateway refuses too.
const MOST: u64 = 10 * 1024 * 1024;

pub(crate) async fn run(loaded: &Loaded, options: ExplainOptions) -> Result<(), Failure> {
    let body = read(&options.body)?;
    let call = OfflineCall {
        dialect: options.dialect,
        model: options.model,
        stream: options.stream.then_some(true),
        strict: options.strict,
        headers: options.headers,
    };
    let call = call.read(body).map_err(Failure::usage)?;
    let explainer = open(loaded).await?.explainer().await?;
    let explained = explainer.explain(&Principal::Program, call.as_ref());
    let explained = explained.map_err(|error| Failure::refused(error.message))?;
    if options.json {
        output::json(&json!(ExplanationShape::whole(&explained)));
    } else {
        print(&explained);
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", file.display()));
    let mut body = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(MOST + 1).read_to_end(&mut body)
    } else {
        std::fs::File::open(file).map_err(failed)?.take(MOST + 1).read_to_end(&mut body)
    };
    read.map_err(failed)?;
    if body.len() as u64 > MOST {
        return Err(Failure::usage(format!("{}: larger than {MOST} bytes", file.display())));
    }
    Ok(body)
}

fn body_text(prepared: &Prepared) -> String {
    String::from_utf8_lossy(&body_of(prepared)).into_owned()
}

fn print(explained: &Explanation) {
    let route =
        explained.route.as_ref().map_or_else(|| "no route".to_owned(), |route| format!("route {route}"));
    output::line(format!(
        "{} ({}): {route}, about {} tokens in",
        explained.facts.model, explained.facts.dialect, explained.estimated_prompt_tokens
    ));
    if let Some(held) = explained.held {
        output::line(format!("a budget of the caller would hold {held} USD for it"));
    }
    if let Some(rule) = explained.rule() {
        output::line(format!("first: {rule}"));
    }
    // Most routes have none behind them.
    let of = |route: Option<&str>| match route {
        Some(route) if explained.route.as_deref() != Some(route) => format!(" of {route}"),
        _ => String::new(),
    };
    for (target, place) in explained.targets.iter().zip(1..) {
        let bound = match target.price_bound {
            PriceBound::AtMost(amount) => format!("at most {amount}"),
            PriceBound::ByLength => "a price that depends on the audio's length".to_owned(),
            PriceBound::Unknown => "an unknown price".to_owned(),
        };
        output::line(format!("\n{place}. {}{} for {bound}", target.target, of(target.route.as_deref())));
        if let Some(held) = target.held {
            output::line(format!("   a budget of the target would hold {held} USD for it"));
        }
        output::line(format!("   {}", target.rule));
        if let Some(avoided) = target.avoided {
            output::line(format!("   better not now: {avoided}"));
        }
        output::line(match &target.credential {
            Ok(source) => format!("   credential: {}", source.map_or("none", CredentialSource::as_str)),
            Err(reason) => format!("   credential: {reason}"),
        });
        match &target.request {
            Ok(prepared) => {
                output::line(format!("   POST {} ({})", prepared.url, prepared.dialect));
                for (name, value) in &prepared.headers {
                    output::line(format!("   {name}: {value}"));
                }
                output::line(format!("   {}", body_text(prepared)));
            }
            Err(reason) => output::line(format!("   can't be asked: {reason}")),
        }
        for loss in target.losses().losses {
            output::line(format!("   lost: {} ({})", loss.member, loss.reason));
        }
        if target.is_refused {
            output::line("   refused: the call or its route is strict");
        }
    }
    for skipped in &explained.skipped {
        let of = of(Some(&skipped.route));
        output::line(format!("\nleft out: {}{of} ({})", skipped.target, skipped.reason));
    }
    for passed in &explained.passed {
        output::line(format!("\npassed over: the route {} ({})", passed.route, passed.why));
    }
}
