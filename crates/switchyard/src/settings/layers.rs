//! Variables and flags on top of what is already there: which name wins, what is unknown, and what others put there.

use super::dotenv::DotEnv;
use super::environment::Environment;
use super::listen::Listen;
use super::problem::{Findings, Origin, Reason};
use super::setting::{AliasRole, Facts, PREFIX, WhenEmpty};
use super::store::RedisUrl;
use super::table::{row_named, rows};
use super::values::{Given, Values};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use switchyard_domain::spelling::closest;

/// One source of variables: the environment, or the `.env` file.
pub(super) struct Variables(BTreeMap<String, (SecretString, Origin)>);

impl Variables {
    pub(super) fn of_environment(environment: &Environment, findings: &mut Findings) -> Self {
        let is_ours =
            |name: &str| rows().any(|row| row.facts().variables().any(|(variable, _)| variable == name));
        for name in environment.unreadable.iter().filter(|name| is_ours(name)) {
            findings.problem(name, Origin::Environment, Reason::new("is not a UTF-8 text"));
        }
        let origin = || Origin::Environment;
        let pairs = environment.variables.iter();
        Self(
            pairs
                .map(|(name, value)| (name.clone(), (SecretString::from(value.as_str()), origin())))
                .collect(),
        )
    }

    pub(super) fn of_dotenv(dotenv: &DotEnv, findings: &mut Findings) -> Self {
        if dotenv.is_world_readable {
            let place = dotenv.path.display().to_string();
            findings.warn(&place, format!("every user of this machine can read it: chmod 600 {place}"));
        }
        let mut variables = BTreeMap::new();
        for assignment in &dotenv.assignments {
            let origin = Origin::DotEnv { path: dotenv.path.clone(), line: assignment.line };
            let value = SecretString::from(assignment.value.as_str());
            let before: Option<(SecretString, Origin)> =
                variables.insert(assignment.name.clone(), (value, origin));
            if before.is_some_and(|(text, _)| text.expose_secret() != assignment.value) {
                let place = dotenv.path.display();
                let message = format!("stands in {place} twice; line {} counts", assignment.line);
                findings.warn(&assignment.name, message);
            }
        }
        Self(variables)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(text, _)| text.expose_secret())
    }

    /// Turns the single variables by which one origin named its Redis into a URL under the first one's name.
    ///
    /// A `REDIS_PORT` alone is no wish for Redis: orchestrators set one wherever a service is called `redis`.
    fn compose_redis(&mut self) {
        let part = |name: &str| self.text(name).filter(|text| !text.is_empty() && !is_injected_value(text));
        let Some(host) = part("REDIS_HOST") else { return };
        let url = RedisUrl::compose(host, part("REDIS_PORT"), part("REDIS_DB"), part("REDIS_PASSWORD"));
        if let Some((text, _)) = self.0.get_mut("REDIS_HOST") {
            *text = SecretString::from(url);
        }
    }

    /// Lays the variables over the values, and tells what is odd about them.
    pub(super) fn apply(mut self, values: &mut Values, findings: &mut Findings) {
        self.compose_redis();
        for row in rows() {
            self.apply_row(row.facts(), values, findings);
        }
        self.report_unknown(findings);
    }

    fn apply_row(&self, facts: &'static Facts, values: &mut Values, findings: &mut Findings) {
        let mut winner: Option<Given> = None;
        for (name, role) in facts.variables() {
            let Some((text, origin)) = self.0.get(&name) else { continue };
            let text = text.expose_secret();
            if !name.starts_with(PREFIX) && is_injected_value(text) {
                findings.warn(name, "looks like a service address that an orchestrator put there; ignored");
                continue;
            }
            let text = match role {
                AliasRole::Value => Ok(text.to_owned()),
                AliasRole::Port if text.trim().is_empty() => continue,
                AliasRole::Port => at_port(winner.as_ref(), values, facts, text),
            };
            match (text, &winner) {
                (Err(reason), _) => findings.problem(name, origin.clone(), reason),
                (Ok(text), None) => winner = Some(Given::new(&text, name, origin.clone())),
                (Ok(text), Some(first)) => warn_if_other(first, &name, &text, findings),
            }
        }
        if let Some(given) = winner {
            if let Some(weaker) = values.given(facts.name).filter(|weaker| is_other_variable(weaker, &given))
            {
                warn_if_other(&given, &weaker.name, weaker.text.expose_secret(), findings);
            }
            lay(values, facts, given);
        }
    }

    fn report_unknown(&self, findings: &mut Findings) {
        let is_known = |name: &str| name.strip_prefix(PREFIX).is_none_or(|bare| row_named(bare).is_some());
        let mut injected = Vec::new();
        for (name, (text, origin)) in self.0.iter().filter(|(name, _)| !is_known(name)) {
            if is_injected_name(name) || is_injected_value(text.expose_secret()) {
                injected.push(name.as_str());
            } else {
                let bare = name.strip_prefix(PREFIX).unwrap_or(name);
                findings.problem(name, origin.clone(), unknown(bare, |name| format!("{PREFIX}{name}")));
            }
        }
        if !injected.is_empty() {
            let message = "put there by an orchestrator for a service called switchyard; ignored (in Kubernetes, \
                           enableServiceLinks: false keeps them away)";
            findings.warn(injected.join(", "), message);
        }
    }
}

/// Lays flags, named like settings in any case with `-` or `_`, over the values. `port` moves the listener.
pub(super) fn apply_flags(flags: &[(String, String)], values: &mut Values, findings: &mut Findings) {
    for (flag, text) in flags {
        let name = flag.to_ascii_uppercase().replace('-', "_");
        let shown = format!("--{}", flag.to_ascii_lowercase().replace('_', "-"));
        if let Some(row) = row_named(&name) {
            lay(values, row.facts(), Given::new(text, shown, Origin::Flag));
        } else if let Some(row) = row_named("LISTEN").filter(|_| name == "PORT") {
            match at_port(None, values, row.facts(), text) {
                Ok(moved) => values.set(row.facts(), Given::new(&moved, shown, Origin::Flag)),
                Err(reason) => findings.problem(shown, Origin::Flag, reason),
            }
        } else {
            let as_flag = |name: &str| format!("--{}", name.to_ascii_lowercase().replace('_', "-"));
            findings.problem(shown, Origin::Flag, unknown(&name, as_flag));
        }
    }
}

/// Takes a text as the setting's, an empty one for what the setting means by it.
pub(super) fn lay(values: &mut Values, facts: &Facts, given: Given) {
    let is_empty = given.text.expose_secret().trim().is_empty();
    if is_empty && facts.when_empty == WhenEmpty::Default {
        values.clear(facts);
    } else {
        values.set(facts, given);
    }
}

/// Why a name is none, with the one that was probably meant, written as `show` does.
pub(super) fn unknown(bare: &str, show: impl Fn(&str) -> String) -> Reason {
    let of_alias = || {
        let has_alias = |facts: &Facts| facts.unprefixed().any(|alias| alias == bare);
        rows().map(|row| row.facts()).find(|facts| has_alias(facts)).map(|facts| facts.name)
    };
    let names = rows().flat_map(|row| std::iter::once(&row.facts().name).chain(row.facts().also).copied());
    let reason = Reason::new("is no setting");
    match of_alias().or_else(|| closest(bare, names, 1).pop()) {
        Some(name) => reason.hint(format!("did you mean {}?", show(name))),
        None => reason.hint("`switchyard check` lists all settings"),
    }
}

/// The addresses that hold so far, moved to the port.
fn at_port(winner: Option<&Given>, values: &Values, facts: &Facts, port: &str) -> Result<String, Reason> {
    let got = |reason: Reason| reason.got(port);
    let current = winner.map(|given| given.text.expose_secret()).or_else(|| values.text(facts));
    // Where the addresses themselves are wrong, their own check says so.
    let Some(listen) = current.and_then(|text| Listen::parse(text).ok()) else {
        return Ok(current.unwrap_or_default().to_owned());
    };
    listen.at_port(port).map(|moved| moved.to_string()).map_err(got)
}

/// Whether both come from variables, but from differently named ones.
fn is_other_variable(weaker: &Given, stronger: &Given) -> bool {
    matches!(weaker.origin, Origin::DotEnv { .. }) && weaker.name != stronger.name
}

fn warn_if_other(winner: &Given, name: &str, text: &str, findings: &mut Findings) {
    if winner.text.expose_secret().trim() != text.trim() {
        findings.warn(name, format!("differs from {}, which wins", winner.name));
    }
}

/// Kubernetes and Docker links set `<SERVICE>_PORT=tcp://...` and the like for every service they know.
fn is_injected_value(text: &str) -> bool {
    text.starts_with("tcp://")
}

fn is_injected_name(name: &str) -> bool {
    name.contains("_SERVICE_") || name.contains("_PORT_")
}
