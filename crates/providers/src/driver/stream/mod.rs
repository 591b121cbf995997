//! Streams: read event by event, judged, and handed on by the network's own pieces.

mod batch;
mod reading;
mod sink;

pub(super) use reading::Reading;
pub(super) use sink::{Form, Sink};

use super::faults;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use reading::Ending;
use switchyard_domain::chat::{ChatAnswer, Collector};
use switchyard_domain::fault::ProviderFault;
use switchyard_ports::provider::Frame;

type Frames = BoxStream<'static, Result<Frame, ProviderFault>>;

/// A stream whose first content is there.
struct Flow {
    reading: Reading,
    first: Option<Frame>,
}

/// Waits for the first content. A failure before it is the attempt's; one after it is the stream's last item.
pub(super) async fn begin(mut reading: Reading) -> Result<Frames, ProviderFault> {
    match reading.next_frame().await {
        Some(first) => Ok(unfold(Box::new(Flow { reading, first: Some(first) }), Flow::step).boxed()),
        None => Err(fault_of(reading.take_ending())),
    }
}

impl Flow {
    async fn step(mut self: Box<Self>) -> Option<(Result<Frame, ProviderFault>, Box<Self>)> {
        if let Some(first) = self.first.take() {
            return Some((Ok(first), self));
        }
        if let Some(frame) = self.reading.next_frame().await {
            return Some((Ok(frame), self));
        }
        match self.reading.take_ending() {
            Some(Ending::Broken(fault)) => Some((Err(fault), self)),
            Some(Ending::Whole) => {
                self.reading.release_connection().await;
                None
            }
            None => None,
        }
    }
}

/// Reads a stream to its end, for a client that asked for none.
pub(super) async fn collect(mut reading: Reading) -> Result<ChatAnswer, ProviderFault> {
    let mut collector = Collector::default();
    let mut said_anything = false;
    while let Some(frame) = reading.next_frame().await {
        said_anything = true;
        if let Frame::Events(events) = frame {
            collector.extend(events);
        }
    }
    match reading.take_ending() {
        Some(Ending::Whole) if said_anything => {
            reading.release_connection().await;
            Ok(collector.finish())
        }
        ending => Err(fault_of(ending)),
    }
}

/// Why there is no answer although the stream is over.
fn fault_of(ending: Option<Ending>) -> ProviderFault {
    match ending {
        Some(Ending::Broken(fault)) => fault,
        Some(Ending::Whole) | None => faults::invalid("the provider's stream ended before it said anything"),
    }
}
