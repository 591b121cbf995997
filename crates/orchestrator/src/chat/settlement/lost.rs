use switchyard_domain::chat::LossReport;

/// How much of the list of losses is recorded. A request of many thousand messages may lose a member of each, and a record that
/// grows with it would at last be too large to be written: a call whose usage is lost.
const MAX_DROPPED_BYTES: usize = 2_000;

/// The most members of an answer that are noted: a provider chooses how many it has.
const MAX_OF_ANSWER: usize = 64;

/// What could not be carried in an attempt: of the request, and of its answer as it came.
pub(super) struct Lost {
    all: LossReport,
    of_answer: usize,
}

impl Lost {
    /// What of the request could not be carried.
    pub(super) fn of_request(losses: &LossReport) -> Self {
        Self { all: losses.clone(), of_answer: 0 }
    }

    /// Notes what of a piece of the answer could not be carried, each member once.
    pub(super) fn of_answer(&mut self, losses: &LossReport) {
        for loss in &losses.losses {
            let known = self.all.losses.iter().any(|known| known.member == loss.member);
            if !known && self.of_answer < MAX_OF_ANSWER {
                self.of_answer += 1;
                self.all.losses.push(loss.clone());
            }
        }
    }

    /// The losses as they are recorded: whole names, as many as fit.
    pub(super) fn recorded(&self) -> Option<String> {
        if self.all.is_empty() {
            return None;
        }
        let mut list = self.all.to_string();
        if list.len() > MAX_DROPPED_BYTES {
            let end = list.floor_char_boundary(MAX_DROPPED_BYTES);
            let end = list.get(..end).and_then(|kept| kept.rfind(',')).unwrap_or(end);
            list.truncate(end);
            list.push_str(",...");
        }
        Some(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losing(members: impl IntoIterator<Item = String>) -> LossReport {
        let mut losses = LossReport::default();
        members.into_iter().for_each(|member| losses.dropped(member, "x"));
        losses
    }

    #[test]
    fn what_was_lost_on_the_way_there_and_back_is_recorded_once() {
        let mut lost = Lost::of_request(&losing(["top_k".to_owned()]));
        for member in ["answer.a", "answer.b", "answer.a"] {
            lost.of_answer(&losing([member.to_owned()]));
        }
        assert_eq!(lost.recorded().as_deref(), Some("top_k,answer.a,answer.b"));
        assert_eq!(Lost::of_request(&LossReport::default()).recorded(), None);
    }

    #[test]
    fn no_provider_makes_a_record_longer_than_it_may_be() {
        let mut lost = Lost::of_request(&losing([]));
        lost.of_answer(&losing((0..1000).map(|n| format!("answer.{n}"))));
        assert_eq!(lost.recorded().unwrap().split(',').count(), MAX_OF_ANSWER);
        let lost = Lost::of_request(&losing((0..1000).map(|n| format!("messages[{n}].x"))));
        let recorded = lost.recorded().unwrap();
        assert!(recorded.len() <= MAX_DROPPED_BYTES + 4 && recorded.ends_with("].x,..."), "{recorded}");
    }
}
