//! The settings loader, seen from outside: what each source may say, what wins, what is refused and in which words.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod database;
mod directories;
mod documents;
mod dotenv;
mod file;
mod layers;
mod listener;
mod rows;
mod secrets;
mod startup;
mod unknown;

use std::path::PathBuf;
use switchyard::settings::{DotEnv, Environment, Loaded, Settings, SettingsErrors, Sources};

/// A secret as a generator makes it.
const GOOD_KEY: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1327ac95be06417da83bc4e50962f";
/// Another.
const OTHER_KEY: &str = "0b61f5d2c7e84a39b0d41e6fa2c3958874d2e0b16c5f9a3be7418d02f6ac935e";

fn environment(pairs: &[(&str, &str)]) -> Sources {
    Sources { environment: Environment::new(pairs.iter().copied()), ..Sources::default() }
}

fn file(text: &str) -> Sources {
    Sources { file: Some((PathBuf::from("switchyard.yaml"), text.to_owned())), ..Sources::default() }
}

fn dotenv(text: &str) -> DotEnv {
    DotEnv::parse(".env".as_ref(), text, false).unwrap()
}

fn load(sources: &Sources) -> Loaded {
    Settings::load(sources).unwrap_or_else(|errors| panic!("{errors}"))
}

fn load_environment(pairs: &[(&str, &str)]) -> Loaded {
    load(&environment(pairs))
}

fn refuse(sources: &Sources) -> SettingsErrors {
    Settings::load(sources).map(drop).expect_err("these settings must be refused")
}

fn refuse_environment(pairs: &[(&str, &str)]) -> SettingsErrors {
    refuse(&environment(pairs))
}

/// The warnings, one a line.
fn warnings(loaded: &Loaded) -> String {
    loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
