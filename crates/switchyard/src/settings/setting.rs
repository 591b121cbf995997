//! One row of the settings' table: a name, what its text must look like, and what it means.

use super::problem::Reason;

/// The prefix of every setting's environment variable.
pub(super) const PREFIX: &str = "SWITCHYARD_";

/// Reads texts of one kind and says in words what it expects.
pub(super) trait Shape<T>: Sync {
    /// The value, or why the text is none. The reason repeats nothing of the text.
    fn parse(&self, text: &str) -> Result<T, Reason>;

    /// What a text must be, such as `a whole number from 1 to 10`.
    fn expected(&self) -> String;

    /// Whether a configuration file may write the value as a list.
    fn is_list(&self) -> bool {
        false
    }
}

/// What holds when nothing is given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fallback {
    /// This text, read like a given one.
    Text(&'static str),
    /// Something worked out from other settings or the machine, in words.
    Derived(&'static str),
    /// Nothing.
    Unset,
}

/// What an empty text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenEmpty {
    /// The default: container files pass on variables that nobody set as empty ones.
    Default,
    /// An error: an empty secret must never pass for a chosen one, nor for a wish to have one made.
    Refuse,
    /// A value of its own: the empty list.
    Keep,
}

/// How a variable acts on its setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AliasRole {
    /// It gives the value.
    Value,
    /// It gives the port, and leaves the hosts as they are.
    Port,
}

/// What can be said about a setting without knowing its type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// In upper case, without the prefix.
    pub(super) name: &'static str,
    /// Further names of equal standing, which take the prefix too.
    pub(super) also: &'static [&'static str],
    /// Unprefixed variables that the origin documents promise.
    pub(super) aliases: &'static [&'static str],
    /// The one of them that gives the port alone.
    pub(super) port_alias: Option<&'static str>,
    pub(super) fallback: Fallback,
    /// One or two sentences for the generated documents.
    pub(super) meaning: &'static str,
    /// Its text is never shown.
    pub(super) secret: bool,
    pub(super) when_empty: WhenEmpty,
    /// False for what must be known before the configuration file is read.
    pub(super) in_file: bool,
}

impl Facts {
    /// Every unprefixed variable.
    pub(super) fn unprefixed(&self) -> impl Iterator<Item = &'static str> {
        self.aliases.iter().copied().chain(self.port_alias)
    }

    /// The environment variables that set it, the strongest first.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, AliasRole)> {
        std::iter::once(&self.name)
            .chain(self.also)
            .map(|name| (format!("{PREFIX}{name}"), AliasRole::Value))
            .chain(self.aliases.iter().map(|name| (name.to_string(), AliasRole::Value)))
            .chain(self.port_alias.map(|name| (name.to_owned(), AliasRole::Port)))
    }

    /// The variable that a message should advise.
    pub(super) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }

    /// Whether this is one of the setting's own names, without prefix.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name == name || self.also.contains(&name)
    }
}

/// A setting whose value is a `T`.
pub(super) struct Setting<T: 'static> {
    facts: Facts,
    shape: &'static dyn Shape<T>,
}

/// A setting that is unset by default. The table adds its name and meaning.
pub(super) const fn setting<T>(shape: &'static dyn Shape<T>) -> Setting<T> {
    let facts = Facts {
        name: "",
        also: &[],
        aliases: &[],
        port_alias: None,
        fallback: Fallback::Unset,
        meaning: "",
        secret: false,
        when_empty: WhenEmpty::Default,
        in_file: true,
    };
    Setting { facts, shape }
}

impl<T> Setting<T> {
    pub(super) const fn named(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.facts.name = name;
        self.facts.meaning = meaning.trim_ascii_start();
        self
    }

    /// The default, as a text.
    pub(super) const fn default(mut self, text: &'static str) -> Self {
        self.facts.fallback = Fallback::Text(text);
        self
    }

    /// The default in words, where it depends on something else.
    pub(super) const fn derived(mut self, words: &'static str) -> Self {
        self.facts.fallback = Fallback::Derived(words);
        self
    }

    pub(super) const fn also(mut self, names: &'static [&'static str]) -> Self {
        self.facts.also = names;
        self
    }

    pub(super) const fn alias(mut self, names: &'static [&'static str]) -> Self {
        self.facts.aliases = names;
        self
    }

    pub(super) const fn port_alias(mut self, name: &'static str) -> Self {
        self.facts.port_alias = Some(name);
        self
    }

    pub(super) const fn secret(mut self) -> Self {
        self.facts.secret = true;
        self
    }

    pub(super) const fn when_empty(mut self, when: WhenEmpty) -> Self {
        self.facts.when_empty = when;
        self
    }

    pub(super) const fn not_in_file(mut self) -> Self {
        self.facts.in_file = false;
        self
    }

    /// The value of a text.
    pub(super) fn parse(&self, text: &str) -> Result<T, Reason> {
        self.shape.parse(text)
    }
}

/// A setting of any type, for what works over the whole table.
pub(super) trait Row: Sync {
    fn facts(&self) -> &Facts;

    /// Whether the text is a value of this setting.
    fn check(&self, text: &str) -> Result<(), Reason>;

    /// What a text must be.
    fn expected(&self) -> String;

    /// Whether a configuration file may write the value as a list.
    fn is_list(&self) -> bool;
}

impl<T> Row for Setting<T> {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn check(&self, text: &str) -> Result<(), Reason> {
        self.shape.parse(text).map(drop)
    }

    fn expected(&self) -> String {
        self.shape.expected()
    }

    fn is_list(&self) -> bool {
        self.shape.is_list()
    }
}
