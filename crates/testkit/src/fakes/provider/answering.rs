//! Playing an answer, piece by piece, noting what was received as a real provider does.

use super::act::{Act, End};
use super::factory::Open;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, Choice, Delta, FinishReason, Part, TokenUsage};
use switchyard_domain::fault::ProviderFault;
use switchyard_ports::provider::{Answer, AnswerBody, Frame, Payload, Received};

/// Plays an act.
pub(super) async fn play(
    act: Act,
    stream: bool,
    received: Arc<Received>,
    open: Open,
) -> Result<Answer, ProviderFault> {
    let body = match act {
        Act::Hang => pending().await,
        Act::Fail(fault) => return Err(fault),
        Act::HangAfterHead => {
            received.lock().began = true;
            pending().await
        }
        Act::FailAfterHead(fault) => {
            received.lock().began = true;
            return Err(fault);
        }
        Act::Answer { pieces, prompt, usage, tier, end } => {
            {
                let mut received = received.lock();
                received.began = true;
                received.prompt = prompt.map(|counts| *counts);
                received.service_tier = tier.map(str::to_owned);
            }
            let playing = Playing { pieces: pieces.into(), usage, end: Some(end), received, _open: open };
            if stream {
                AnswerBody::Stream(playing.frames())
            } else {
                AnswerBody::Buffered(playing.whole().await?)
            }
        }
    };
    Ok(Answer { status: 200, headers: Vec::new(), media_type: None, body })
}

struct Playing {
    pieces: VecDeque<String>,
    usage: Option<TokenUsage>,
    end: Option<End>,
    received: Arc<Received>,
    _open: Open,
}

impl Playing {
    fn frames(self) -> BoxStream<'static, Result<Frame, ProviderFault>> {
        unfold(self, |mut playing| async move { Some((playing.next().await?, playing)) }).boxed()
    }

    async fn whole(mut self) -> Result<Payload, ProviderFault> {
        while let Some(frame) = self.next().await {
            frame?;
        }
        let text = self.received.lock().output_text.clone();
        let choice = Choice {
            parts: vec![Part::Text { text }],
            finish: Some(FinishReason::Stop),
            ..Choice::default()
        };
        Ok(Payload::Canonical(ChatAnswer {
            choices: vec![choice],
            usage: self.usage,
            ..ChatAnswer::default()
        }))
    }

    async fn next(&mut self) -> Option<Result<Frame, ProviderFault>> {
        if let Some(piece) = self.pieces.pop_front() {
            self.received.lock().output_text.push_str(&piece);
            let event = ChatEvent::Delta { choice: 0, delta: Delta::Text(piece) };
            return Some(Ok(Frame::Events(vec![event])));
        }
        match self.end.take()? {
            End::Whole => {
                let mut received = self.received.lock();
                received.usage = self.usage;
                received.finished = true;
                let event = ChatEvent::Finished { choice: 0, reason: FinishReason::Stop };
                Some(Ok(Frame::Events(vec![event])))
            }
            End::Cut(fault) => Some(Err(fault)),
            End::Hang => pending().await,
        }
    }
}
