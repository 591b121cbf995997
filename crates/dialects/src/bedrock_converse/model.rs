/// The maker of a model, as far as its id tells: some members are in the maker's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// Anthropic's, with the version where the id tells it.
    Claude(Option<Version>),
    /// Amazon's; `reasons` from the second generation on.
    Nova {
        /// Whether it knows `reasoningConfig`.
        reasons: bool,
    },
    /// OpenAI's open ones.
    GptOss,
    /// Mistral's.
    Mistral,
    /// Cohere's.
    Cohere,
    /// Anybody else's, or nobody can tell: the ids of provisioned models say nothing.
    Other,
}

/// The version of a Claude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u32, u32);

impl Version {
    /// Whether it decides by itself how much to think, when told to, and knows words for how hard.
    pub(super) fn is_adaptive(self) -> bool {
        self >= Self(4, 6)
    }

    /// Whether it takes a temperature and a nucleus at once: those before Opus 4.1 do, later ones refuse ("`temperature` and
    /// `top_p` cannot both be specified for this model", 2025).
    pub(super) fn takes_both(self) -> bool {
        self < Self(4, 1)
    }

    /// Whether it refuses to be given a budget: `"thinking.type.enabled" is not supported for this model` (Opus 4.7 on
    /// Bedrock, 2026).
    pub(super) fn refuses_budgets(self) -> bool {
        self >= Self(4, 7)
    }
}

impl Maker {
    /// Of the model of this id, with or without a region before it, or of an ARN with the id in it.
    pub(super) fn of(model: &str) -> Self {
        if let Some((_, name)) = model.split_once("anthropic.claude") {
            return Self::Claude(version(name));
        }
        if let Some((_, name)) = model.split_once("amazon.nova-") {
            return Self::Nova { reasons: name.starts_with("2-") };
        }
        let makers =
            [("openai.gpt-oss", Self::GptOss), ("mistral.", Self::Mistral), ("cohere.", Self::Cohere)];
        makers.into_iter().find(|(name, _)| model.contains(name)).map_or(Self::Other, |(_, maker)| maker)
    }

    /// Whether marks for the cache are known.
    pub(super) fn caches(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Nova { .. })
    }
}

/// The first number of a name, and the one after it, if there is one: `-sonnet-4-5-20250929-v1:0`, `-3-7-sonnet`,
/// `-sonnet-4-20250514`, `-sonnet-5`. Dates are no numbers of versions.
fn version(name: &str) -> Option<Version> {
    let mut pieces = name.split(['-', '.', ':']).skip_while(|piece| number(piece).is_none());
    let major = number(pieces.next()?)?;
    Some(Version(major, pieces.next().and_then(number).unwrap_or_default()))
}

fn number(piece: &str) -> Option<u32> {
    let is_short = (1..=2).contains(&piece.len()) && piece.bytes().all(|byte| byte.is_ascii_digit());
    if is_short { piece.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maker_is_told_by_the_id() {
        let claude = |major, minor| Maker::Claude(Some(Version(major, minor)));
        for (model, maker) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", claude(4, 5)),
            ("anthropic.claude-3-7-sonnet-20250219-v1:0", claude(3, 7)),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", claude(4, 0)),
            ("global.anthropic.claude-opus-4-7", claude(4, 7)),
            ("us.anthropic.claude-opus-4.7-v1:0", claude(4, 7)),
            ("us.anthropic.claude-sonnet-5", claude(5, 0)),
            ("anthropic.claude-v2:1", Maker::Claude(Some(Version(1, 0)))),
            ("anthropic.claude-instant", Maker::Claude(None)),
            ("arn:aws:bedrock:us-east-1:0:inference-profile/us.anthropic.claude-sonnet-4-6", claude(4, 6)),
            ("us.amazon.nova-2-lite-v1:0", Maker::Nova { reasons: true }),
            ("amazon.nova-lite-v1:0", Maker::Nova { reasons: false }),
            ("openai.gpt-oss-120b-1:0", Maker::GptOss),
            ("mistral.devstral-2-123b", Maker::Mistral),
            ("cohere.command-r-v1:0", Maker::Cohere),
            ("us.deepseek.r1-v1:0", Maker::Other),
            ("arn:aws:bedrock:us-east-1:0:provisioned-model/abc", Maker::Other),
        ] {
            assert_eq!(Maker::of(model), maker, "{model}");
        }
    }

    #[test]
    fn newer_versions_think_by_words() {
        let told =
            |major, minor| (Version(major, minor).is_adaptive(), Version(major, minor).refuses_budgets());
        assert_eq!(told(4, 5), (false, false));
        assert_eq!(told(4, 6), (true, false));
        assert_eq!(told(4, 7), (true, true));
        assert_eq!(told(5, 0), (true, true));
    }
}
