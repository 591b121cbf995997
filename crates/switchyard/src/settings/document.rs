//! What people read about the settings, made from the table so that it can't lag behind.

use super::setting::{Fallback, Row};
use super::table::{Section, TABLE};
use std::fmt::Write;

const EXAMPLE_HEAD: &str = "\
# Every setting of Switchyard. Copy this file to .env, and take the `#` from the lines that you change: what is
# commented out is at its default. The environment wins over this file. Keep .env to yourself: chmod 600 .env
";

const REFERENCE_HEAD: &str = "\
# Settings

Weakest first: the defaults below, the YAML file that `--config` or `SWITCHYARD_CONFIG` names, `.env` in the working
directory, the environment, and flags of the command line.

- In the environment and in `.env` a setting is called `SWITCHYARD_<NAME>`, in the file `<name>` under `settings:`.
- The names under \"also read\" are taken from the environment and `.env` without the prefix. The prefixed name wins, and a
  differing second value is warned of.
- An empty value means the default; of a secret it is an error, of a list it is the empty list.
- A name that is no setting is an error, but for what orchestrators put there (`SWITCHYARD_SERVICE_HOST`,
  `SWITCHYARD_PORT_...`, values that start with `tcp://`), which is ignored with a warning.
- In the file, `${VARIABLE}` as a whole value stands for that variable of the environment or of `.env`.
- A wrong setting stops the start with exit code 78. All that is wrong is said at once; a secret is never shown.
- Secrets that are not given are made at first start, into the data directory. One that is malformed, weak, or a sample
  file's placeholder is refused. `openssl rand -hex 32` makes a good one.

Switches are `true` or `false`; `1`, `yes`, `on` and `0`, `no`, `off` mean the same.

The surface `/llm` and the response cache are not part of this version: their settings are read
and checked, so that one file serves later versions too, and have no effect yet.

## The file

```yaml
settings:
  listen: [127.0.0.1:3044, '[::1]:3044']
  secret_key: ${SECRET_KEY}

providers:
  - name: main
    vendor: openai
    api_key: ${OPENAI_API_KEY}       # or api_key_file: /run/secrets/openai, readable by its owner only
    models:
      - model: gpt-4o-mini
  - name: local
    vendor: ollama
    base_url: http://localhost:11434/v1

routes:
  - name: fast
    targets:
      - {provider: main, model: gpt-4o-mini}
      - {provider: local, model: llama3.2, priority: 1}
```

`api_keys`, a list of one to 16, stands in the place of `api_key`: calls take turns with them. It is the whole list, also where it has one
only: keys at further places are forgotten, and nobody else adds any. `api_key` is the first alone and leaves further ones as they are.

What the file declares is written as the file's at each start, at SIGHUP, and whenever an administrator asks for it with
`POST /reload-config`: all of it, or nothing where anything in it is wrong. What is gone from it is then disabled, never deleted.
[configuration.md](configuration.md) tells of plans, exports and backups. Settings take effect at a start only. An unknown member
anywhere is an error with its line. Relative paths start at the working directory.
";

/// The text of `.env.example`: every setting, commented out, at its default.
#[must_use]
pub fn example_file() -> String {
    let mut text = EXAMPLE_HEAD.to_owned();
    for section in TABLE {
        let _ = write!(text, "\n# --- {} ---\n", section.title);
        for row in section.rows {
            example_row(&mut text, *row);
        }
    }
    text
}

fn example_row(text: &mut String, row: &dyn Row) {
    let facts = row.facts();
    let _ = write!(text, "\n# {}\n", facts.meaning);
    if let Fallback::Derived(words) = facts.fallback {
        let _ = writeln!(text, "# Default: {words}.");
    }
    let value = match facts.fallback {
        Fallback::Text(value) if value.contains(' ') => format!("\"{value}\""),
        Fallback::Text(value) => value.to_owned(),
        Fallback::Derived(_) | Fallback::Unset => String::new(),
    };
    let _ = writeln!(text, "#{}={value}", facts.variable());
}

/// The text of `docs/settings.md`: every setting with what it takes, its default, its meaning and its other names.
#[must_use]
pub fn reference() -> String {
    let mut text = REFERENCE_HEAD.to_owned();
    for Section { title, rows } in TABLE {
        let _ = write!(text, "\n## {title}\n\n");
        text.push_str("| Name | Takes | Default | Meaning | Also read |\n| --- | --- | --- | --- | --- |\n");
        for row in *rows {
            reference_row(&mut text, *row);
        }
    }
    text
}

fn reference_row(text: &mut String, row: &dyn Row) {
    let facts = row.facts();
    let code =
        |names: &mut dyn Iterator<Item = &str>| names.map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let names = code(&mut std::iter::once(facts.name).chain(facts.also.iter().copied())).join(" or ");
    let aliases = code(&mut facts.unprefixed()).join(", ");
    let default = match facts.fallback {
        Fallback::Text("") => "empty".to_owned(),
        Fallback::Text(value) => format!("`{value}`"),
        Fallback::Derived(words) => words.to_owned(),
        Fallback::Unset => "unset".to_owned(),
    };
    let expected = row.expected().replace('|', "\\|");
    let _ = writeln!(text, "| {names} | {expected} | {default} | {} | {aliases} |", facts.meaning);
}
