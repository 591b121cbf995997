//! A text cut into the blocks on which its citations hang.

use switchyard_domain::chat::Citation;

/// The citations of an answer by the pieces of its text.
pub(super) struct Cited<'a> {
    /// In order, without overlap.
    runs: Vec<Run<'a>>,
    /// Those of which it is not told what rests on them.
    pub(super) placeless: Vec<&'a Citation>,
}

struct Run<'a> {
    start: u32,
    end: u32,
    citations: Vec<&'a Citation>,
}

/// A piece of a text, and what it rests on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) citations: Vec<&'a Citation>,
}

impl<'a> Cited<'a> {
    pub(super) fn of(citations: &'a [Citation]) -> Self {
        let span = |citation: &Citation| citation.span.filter(|(start, end)| start < end);
        let (mut placed, placeless): (Vec<_>, Vec<_>) =
            citations.iter().partition(|citation| span(citation).is_some());
        placed.sort_by_key(|citation| citation.span);
        let mut runs: Vec<Run<'a>> = Vec::new();
        for citation in placed {
            let (start, end) = citation.span.unwrap_or_default();
            match runs.last_mut().filter(|run| start < run.end) {
                // Two that overlap share a block.
                Some(run) => {
                    run.end = run.end.max(end);
                    run.citations.push(citation);
                }
                None => runs.push(Run { start, end, citations: vec![citation] }),
            }
        }
        Self { runs, placeless }
    }
}

/// Cuts a text that begins at character `offset` of the whole. A run that goes beyond the text ends with it.
pub(super) fn cut<'t>(text: &'t str, offset: u32, cited: &Cited<'t>) -> Vec<Piece<'t>> {
    let first = cited.runs.partition_point(|run| run.start < offset);
    let mut runs = cited.runs.get(first..).unwrap_or_default().iter();
    let mut run = runs.next();
    let (mut pieces, mut begun, mut open) = (Vec::new(), 0, false);
    let mut push = |from: usize, to: usize, citations: &[&'t Citation]| {
        let text = text.get(from..to).unwrap_or_default();
        if !text.is_empty() {
            pieces.push(Piece { text, citations: citations.to_vec() });
        }
    };
    for (at, (byte, _)) in (offset..).zip(text.char_indices()) {
        if let Some(ended) = run.filter(|run| open && run.end == at) {
            push(begun, byte, &ended.citations);
            (begun, open, run) = (byte, false, runs.next());
        }
        if run.is_some_and(|run| !open && run.start == at) {
            push(begun, byte, &[]);
            (begun, open) = (byte, true);
        }
    }
    let last = run.filter(|_| open).map_or(&[][..], |run| &run.citations);
    push(begun, text.len(), last);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_domain::chat::CitationSource;

    fn citation(span: Option<(u32, u32)>) -> Citation {
        let source = CitationSource::Url { url: format!("{span:?}"), title: None };
        Citation { source, quote: None, span, native: None }
    }

    fn pieces<'t>(text: &'t str, offset: u32, cited: &Cited<'t>) -> Vec<(&'t str, usize)> {
        cut(text, offset, cited).into_iter().map(|piece| (piece.text, piece.citations.len())).collect()
    }

    #[test]
    fn a_text_is_cut_where_citations_begin_and_end() {
        let citations = [
            citation(Some((2, 4))),
            citation(Some((2, 4))),
            citation(Some((4, 5))),
            citation(Some((7, 9))),
            citation(Some((8, 30))),
            citation(None),
            citation(Some((3, 3))),
        ];
        let cited = Cited::of(&citations);
        assert_eq!(cited.placeless.len(), 2);
        let found = pieces("aé😀dEfgHIj", 0, &cited);
        assert_eq!(found, [("aé", 0), ("😀d", 2), ("E", 1), ("fg", 0), ("HIj", 2)]);
        assert_eq!(pieces("Hij", 7, &cited), [("Hij", 2)]);
        assert_eq!(pieces("ij", 8, &cited), [("ij", 0)]);
        assert_eq!(pieces("", 0, &cited), []);
        assert_eq!(pieces("plain", 40, &cited), [("plain", 0)]);
    }
}
