//! Classes of speed and price. The canonical words are OpenAI's.

/// Those that a client asks for: this dialect's word, and the canonical one.
const ASKED: &[(&str, &str)] = &[("auto", "auto"), ("standard_only", "default")];

/// Those that an answer was served by.
const SERVED: &[(&str, &str)] = &[("standard", "default"), ("priority", "priority"), ("batch", "batch")];

fn canonical<'a>(tiers: &[(&str, &'static str)], word: &'a str) -> &'a str {
    tiers.iter().find(|(own, _)| *own == word).map_or(word, |(_, canonical)| canonical)
}

fn own(tiers: &[(&'static str, &str)], word: &str) -> Option<&'static str> {
    tiers.iter().find(|(_, canonical)| *canonical == word).map(|(own, _)| *own)
}

/// The canonical word for a tier that is asked for in this dialect's.
pub(super) fn canonical_tier(word: &str) -> &str {
    canonical(ASKED, word)
}

/// This dialect's word for a tier that is asked for; `None` for one that it does not know.
pub(super) fn own_tier(word: &str) -> Option<&'static str> {
    own(ASKED, word)
}

/// The canonical word for the tier that served.
pub(super) fn canonical_tier_served(word: &str) -> &str {
    canonical(SERVED, word)
}

/// This dialect's word for the tier that served; `None` for one that it does not know.
pub(super) fn own_tier_served(word: &str) -> Option<&'static str> {
    own(SERVED, word)
}
