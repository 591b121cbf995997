//! The dialect of OpenAI's Responses, as OpenAI defined it and as the vendors that copied it vary it; both ways.
//!
//! Where the canonical form has messages with parts, this dialect has a flat list of *items*. How they map:
//!
//! | here | canonical |
//! |---|---|
//! | `instructions` | a first system message, marked by its member `instructions` |
//! | `message` of user, system, developer | a message |
//! | `message` of the assistant, `reasoning`, `function_call`, `custom_tool_call`, tools of the vendor, in a row | one message of the assistant: text, reasoning, tool calls, native parts. A second `message` begins another |
//! | `id`, `status`, `phase` of a message | members of the canonical message |
//! | `id`, `status`, `namespace`, ... of a call | the member `call_items` of the canonical message |
//! | a tool `namespace` | its functions, see [`namespaces`] |
//! | `annotations`, `logprobs` of a text that comes back | members of the canonical message, a list for each text |
//! | `reasoning` | reasoning with the whole item as its proof, see [`proof`] |
//! | `function_call_output`, `custom_tool_call_output` | a message of one tool result |
//! | any other item | a native part: in the assistant's message if the model made it, else in a message of its own |
//! | `text.format`, `text.verbosity` | response format, the member `text.verbosity` |
//! | `reasoning.effort`, `.summary`, others | the wish for reasoning, members `reasoning.*` |
//! | `include: ["message.output_text.logprobs"]` | log probabilities wanted |
//!
//! What has no canonical form is kept as members of the request. Some of it (`previous_response_id`, `conversation`, `prompt`,
//! `background`, references to items) makes every other dialect's answer wrong, so that it is refused there, not left out.
//!
//! A client that is answered in this dialect gets proofs of all vendors back in `reasoning` items, which return with the next
//! request; their form and that of the ids that are made here is in [`proof`] and [`ids`]. When such a body then goes to a
//! provider of this dialect as it is, those items are taken out or put into the provider's own form, see [`request`].

mod answer;
mod call_items;
mod citation;
mod codec;
mod finish;
mod ids;
mod kinds;
mod namespaces;
mod proof;
mod request;
mod stream;
mod usage;

pub use codec::{OpenAiResponses, OpenAiResponsesClient, ProofsWanted};
pub use request::asks_for_stream;
