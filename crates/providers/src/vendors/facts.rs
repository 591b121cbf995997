//! The shape of a vendor's facts.

use crate::tokenizer::Vocabulary;
use switchyard_dialects::openai_chat::UsageRule;
use switchyard_dialects::openai_chat::request::{MaxTokensMember, StreamUsage, TargetFacts};
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
    /// The wire protocol.
    pub dialect: Dialect,
    /// Where it is called, without a slash at its end; `None` where each provider has its own address.
    pub base_url: Option<&'static str>,
    /// Whether it wants a credential. It goes as a bearer.
    pub credential: CredentialRule,
    /// How requests are written for it. What this says of roles and ids of tool calls holds for a client's own bytes too,
    /// and so does whether usage is asked for in streams.
    pub requests: TargetFacts,
    /// How it counts.
    pub usage_rule: UsageRule,
    /// Members of a request that it does not take as they are.
    pub members: &'static [MemberRule],
    /// Its own header for the id of an answer, lower case, where it has one. It passes to clients.
    pub request_id_header: Option<&'static str>,
    /// Response headers, lower case, that pass to clients besides that and the common ones.
    pub response_headers: &'static [&'static str],
    /// Whether a buffered answer may be a flat object (`text` or `content`, `model`, `usage`).
    pub answers_flat: bool,
}

impl HttpFacts {
    /// A vendor that keeps to OpenAI's chat completions in all respects.
    pub const OPENAI_CHAT: Self = Self {
        dialect: Dialect::OPENAI_CHAT,
        base_url: None,
        credential: CredentialRule::Required,
        requests: TargetFacts { stream_usage: StreamUsage::Always, ..TargetFacts::OPENAI },
        usage_rule: UsageRule { completion_excludes_reasoning: false, prompt_excludes_audio: false },
        members: &[],
        request_id_header: None,
        response_headers: &[],
        answers_flat: false,
    };
}

/// How requests are written for the vendors that copied the dialect before OpenAI's reasoning models changed it.
pub(super) const COPIED: TargetFacts = TargetFacts {
    max_tokens: MaxTokensMember::MaxTokens,
    developer_role: false,
    legacy_functions: false,
    ..HttpFacts::OPENAI_CHAT.requests
};

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

/// What becomes of a member at the top level of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberRule {
    /// The vendor knows it by another name.
    Rename {
        /// The dialect's name.
        from: &'static str,
        /// The vendor's.
        to: &'static str,
    },
    /// The vendor refuses it, and nothing stands for it: the client is told.
    Drop {
        /// The member.
        name: &'static str,
        /// Why, for people.
        why: &'static str,
    },
    /// The vendor refuses it but does by itself what it asks for.
    Omit {
        /// The member.
        name: &'static str,
    },
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

    /// Whether it refuses calls without a credential.
    #[must_use]
    pub fn needs_credential(&self) -> bool {
        matches!(&self.reach, Reach::Http(facts) if facts.credential == CredentialRule::Required)
    }
}
