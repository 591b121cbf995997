//! The shape of a vendor's facts.

use super::Hooks;
use crate::vocabulary::Vocabulary;
use switchyard_dialects::codec::{OperationCodec, ProviderCodec};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{MaxTokensMember, ProofForm, TargetFacts, UnknownMembers};
use switchyard_dialects::openai_operations::{
    OpenAiCompletions, OpenAiEmbeddings, OpenAiImages, OpenAiModerations, OpenAiSpeech, OpenAiTranscriptions,
};
use switchyard_domain::chat::Dialect;

/// A kind of upstream.
#[derive(Debug)]
pub struct Vendor {
    /// The stable key in configuration, the ledger and the price catalogue.
    pub key: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// How it is reached.
    pub reach: Reach,
    /// The public vocabularies of its models, by family; the first that fits counts.
    pub vocabularies: &'static [(&'static str, Vocabulary)],
    /// What departs from the dialect, and how that is known.
    pub notes: &'static [Note],
}

/// How a vendor is reached.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each vendor, in a static")]
pub enum Reach {
    /// Over HTTP.
    Http(HttpFacts),
    /// It is simulated in this process.
    InProcess,
}

/// A fact and how it is known.
#[derive(Debug)]
pub struct Note {
    /// The fact.
    pub fact: &'static str,
    /// Ids of recorded exchanges or the place of a report, and the date on which they were looked at.
    pub evidence: &'static str,
}

/// What the driver must know to speak to a vendor.
#[derive(Clone, Copy, Debug)]
pub struct HttpFacts {
    /// The dialects that it speaks. A client's own bytes go on where one of them is the client's; otherwise the first is
    /// spoken.
    pub dialects: &'static [&'static dyn ProviderCodec],
    /// What else its models can be asked to do than to chat, each in a dialect of its own.
    pub operations: &'static [&'static dyn OperationCodec],
    /// Where it is called, without a slash at its end; `None` where each provider has its own address.
    pub base_url: Option<&'static str>,
    /// Whether it wants a credential.
    pub credential: CredentialRule,
    /// How the credential goes along.
    pub auth: AuthScheme,
    /// Headers that each request carries, lower case.
    pub headers: &'static [(&'static str, &'static str)],
    /// Its own header for the id of an answer, lower case, where it has one. It passes to clients.
    pub request_id_header: Option<&'static str>,
    /// Response headers, lower case, that pass to clients besides that and the common ones.
    pub response_headers: &'static [&'static str],
    /// Whether its models reason beside the output limit of a call.
    pub reasons_beside_limit: bool,
    /// Its words, in an error's code or class, by which it says that the account has run out, where they are no common ones.
    pub spent: &'static [&'static str],
    /// The path below the base where models are listed, with a query where one is needed to have them all.
    pub listing: &'static str,
    /// The names that the query of a base URL may have; all others are refused.
    pub base_query: &'static [&'static str],
    /// The version that calls go below where a base URL ends with none; its list of models is at the base as it is.
    pub version: Option<&'static str>,
    /// Words in lower case, one of which the names or the addresses of its providers have, where a document knows vendors by that.
    pub words: &'static [&'static str],
    /// What it does that no fact can say.
    pub hooks: Option<&'static dyn Hooks>,
}

impl HttpFacts {
    /// A vendor that keeps to OpenAI's chat completions in all respects.
    pub const OPENAI_CHAT: Self = Self {
        dialects: &[&OpenAiChat::PLAIN],
        operations: &[],
        base_url: None,
        credential: CredentialRule::Required,
        auth: AuthScheme::Bearer,
        headers: &[],
        request_id_header: None,
        response_headers: &[],
        reasons_beside_limit: false,
        spent: &[],
        listing: "models",
        base_query: &[],
        version: None,
        words: &[],
        hooks: None,
    };

    /// How a call of another operation than a chat is made, and whether its own bytes may go on; `None` where it can't be made.
    #[must_use]
    pub(crate) fn offered(&self, dialect: Dialect) -> Option<(&'static dyn OperationCodec, bool)> {
        let own = self.operations.iter().find(|codec| codec.dialect() == dialect);
        let translated = || {
            let is_like = |codec: &&&dyn OperationCodec| {
                codec.dialect().operation() == dialect.operation() && codec.as_embedding().is_some()
            };
            self.operations.iter().find(is_like)
        };
        own.map(|codec| (*codec, true)).or_else(|| translated().map(|codec| (*codec, false)))
    }

    /// How a chat in `dialect` is made, and whether its own bytes may go on.
    #[must_use]
    pub(crate) fn spoken(&self, dialect: Dialect) -> Option<(&'static dyn ProviderCodec, bool)> {
        let own = self.dialects.iter().find(|codec| codec.dialect() == dialect);
        own.map(|codec| (*codec, true)).or_else(|| self.dialects.first().map(|codec| (*codec, false)))
    }
}

/// How a credential goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// In `authorization`, as a bearer.
    Bearer,
    /// By itself in a header of this name, lower case.
    Header(&'static str),
}

/// How requests are written for the vendors that copied the dialect before OpenAI's reasoning models changed it.
pub(super) const COPIED: TargetFacts = TargetFacts {
    max_tokens: MaxTokensMember::MaxTokens,
    developer_role: false,
    legacy_functions: false,
    hides_reasoning: false,
    unknown_members: UnknownMembers::Passed,
    ..OpenAiChat::PLAIN.requests
};

/// How requests are written for a server of which nothing is known but that it speaks the dialect: it may be Google's.
pub(super) const UNKNOWN: TargetFacts = TargetFacts {
    hides_reasoning: false,
    unknown_members: UnknownMembers::Passed,
    proofs: ProofForm::ExtraContentOfGemini,
    top_k: true,
    ..OpenAiChat::PLAIN.requests
};

/// Why proofs of earlier turns don't go to vendors that refuse what they don't know.
pub(super) const NO_PROOFS: &str = "What other vendors gave in earlier turns (`reasoning_content`, `reasoning_details`, `extra_content` of calls) would be refused.";

/// All that OpenAI's models can be asked to do besides chatting, in its own words.
pub(super) const ALL_OF_OPENAI: &[&dyn OperationCodec] = &[
    &OpenAiEmbeddings::PLAIN,
    &OpenAiCompletions::PLAIN,
    &OpenAiModerations,
    &OpenAiImages,
    &OpenAiSpeech,
    &OpenAiTranscriptions,
];

/// Why instructions go to such vendors as `system`.
pub(super) const SYSTEM_ROLE: Note = Note {
    fact: "The role `developer` is OpenAI's own; `system` means the same and is known here.",
    evidence: "general knowledge of the dialect, no recorded refusal; 2026-11-21",
};

/// Whether a vendor wants a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialRule {
    /// It refuses calls without one.
    Required,
    /// It is sent if one is stored.
    Optional,
}

impl Vendor {
    /// Where it is called unless a provider says otherwise.
    #[must_use]
    pub fn base_url(&self) -> Option<&'static str> {
        match &self.reach {
            Reach::Http(facts) => facts.base_url,
            Reach::InProcess => None,
        }
    }

    /// The dialect that it speaks first.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        match &self.reach {
            Reach::Http(facts) => facts.dialects.first().map(|codec| codec.dialect()),
            Reach::InProcess => None,
        }
    }

    /// The words that names and addresses of its providers are known by.
    #[must_use]
    pub fn words(&self) -> &'static [&'static str] {
        match &self.reach {
            Reach::Http(facts) => facts.words,
            Reach::InProcess => &[],
        }
    }

    /// Whether it refuses calls without a credential.
    #[must_use]
    pub fn needs_credential(&self) -> bool {
        matches!(&self.reach, Reach::Http(facts) if facts.credential == CredentialRule::Required)
    }
}
