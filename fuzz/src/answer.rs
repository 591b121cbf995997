//! Whole answers of providers.

use switchyard_domain::chat::ChatEvent;

use crate::subject::Subject;
use crate::twice::{made_text, names_twice};
use crate::written;

pub(crate) fn run(subject: &Subject, body: &[u8]) {
    for codec in subject.codecs {
        let mut output = String::new();
        let (decoded, look) = (codec.decode(body), codec.glance(body, &mut output));
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(fault) => {
                assert_eq!(look.err(), Some(fault), "only one of two readers fails");
                continue;
            }
        };
        if let Ok(look) = look {
            let made: String = decoded.events.iter().map(|event| made_text(event, body)).collect();
            assert!(output.len() >= made.len() || names_twice(body), "{output:?} {made:?}");
            let usage = decoded
                .events
                .iter()
                .rev()
                .find_map(|event| if let ChatEvent::Usage(usage) = event { Some(*usage) } else { None });
            assert_eq!((look.usage, look.usage_corrected), (usage, decoded.usage_corrected));
        }
        written::for_every_client(&decoded.events, body.len());
    }
}
