use switchyard_domain::chat::{LossReport, Sampling};

use super::within;

/// The least nucleus that Claude takes while it thinks.
const LEAST_TOP_P: f64 = 0.95;

/// How Claude can be sampled, be it at Anthropic's or at Amazon's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ClaudeSampling {
    pub(crate) temperature: Option<f64>,
    pub(crate) top_p: Option<f64>,
    pub(crate) top_k: Option<u32>,
}

impl ClaudeSampling {
    /// What of a wish can be said to a model that `thinks` or not, where it takes temperature and nucleus at once or not.
    pub(crate) fn of(wish: &Sampling, thinks: bool, takes_both: bool, losses: &mut LossReport) -> Self {
        let mut temperature = wish.temperature;
        if thinks && temperature.is_some_and(|value| value != 1.0) {
            losses.dropped("temperature", "a model that thinks has a fixed one");
            temperature = None;
        }
        let temperature = temperature.map(|value| within("temperature", value, 0.0..=1.0, losses));
        let mut top_p = wish.top_p;
        if thinks && top_p.is_some_and(|value| value < LEAST_TOP_P) {
            losses.dropped("top_p", "a model that thinks takes none below 0.95");
            top_p = None;
        } else if top_p.is_some() && wish.temperature.is_some() && !takes_both {
            losses.dropped("top_p", "the provider takes it or a temperature, not both");
            top_p = None;
        }
        let top_p = top_p.map(|value| within("top_p", value, 0.0..=1.0, losses));
        let top_k = wish.top_k.filter(|_| !thinks);
        if top_k != wish.top_k {
            losses.dropped("top_k", "a model that thinks takes none");
        }
        Self { temperature, top_p, top_k }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        temperature: f64,
        top_p: f64,
        thinks: bool,
        takes_both: bool,
    ) -> (Option<f64>, Option<f64>, String) {
        let wish = Sampling {
            temperature: Some(temperature),
            top_p: Some(top_p),
            top_k: Some(4),
            ..Sampling::default()
        };
        let mut losses = LossReport::default();
        let sampling = ClaudeSampling::of(&wish, thinks, takes_both, &mut losses);
        (sampling.temperature, sampling.top_p, losses.to_string())
    }

    #[test]
    fn a_temperature_outranks_a_nucleus_and_thinking_both() {
        assert_eq!(of(0.5, 0.25, false, false), (Some(0.5), None, "top_p".to_owned()));
        assert_eq!(of(0.5, 0.25, false, true), (Some(0.5), Some(0.25), String::new()));
        assert_eq!(of(1.5, 0.25, false, true), (Some(1.0), Some(0.25), "temperature".to_owned()));
        assert_eq!(of(0.5, 0.25, true, true), (None, None, "temperature,top_p,top_k".to_owned()));
        assert_eq!(of(1.0, 0.97, true, true), (Some(1.0), Some(0.97), "top_k".to_owned()));
    }
}
