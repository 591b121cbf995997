//! The dialect of Google's `generateContent`, as Google's own service and Vertex speak it, both ways.
//!
//! What is special about it:
//!
//! | matter | here | in the canonical form |
//! |---|---|---|
//! | model, stream | in the path | [`Address`](crate::codec::Address) |
//! | names of members | camel case and snake case, from clients | camel case |
//! | instructions | `systemInstruction` | messages of the roles system and developer, first |
//! | answers | contents of the role `model` | assistant |
//! | results of tools | `functionResponse` in a content of the user, by name, an object | tool, by id, a text |
//! | ids of calls | usually none | made for others, left out on the way back |
//! | arguments of calls | an object | its text, as it is spelled |
//! | proofs | `thoughtSignature` of calls, texts, thoughts, or of a part with nothing else | of the call, after the text, of the thought |
//! | proofs of other vendors | the same place, marked, as base64 | with the name of their maker |
//! | thoughts | texts with `thought` | reasoning |
//! | media | `inlineData`, `fileData` | picture, sound, document; what only Google can fetch stays native |
//! | members of parts without canonical form | in the part | extensions of the message, `parts[2].videoMetadata` |
//! | schemas | of the OpenAPI subset in `parameters` and `responseSchema`, others in `parametersJsonSchema` and `responseJsonSchema` | JSON schema |
//! | Google's own tools | members of a tool | native, an object of one member each |
//! | a choice among some tools, `VALIDATED` | `functionCallingConfig` | native |
//! | settings without canonical form | `generationConfig`, `toolConfig` | extensions, `generationConfig.speechConfig` |
//! | labels | `labels`, on Vertex alone | metadata |
//! | how an answer ends | a word, which says nothing of calls | the reason; a word that says more is kept as `native_finish_reason` |
//! | a refused prompt | no candidate, `promptFeedback` | one choice, ended by the content filter |
//! | sources | `groundingMetadata`, `citationMetadata`, by bytes | citations, by characters; the object is kept too |
//! | counts | thoughts apart from the answer, reading of tools apart from the prompt | added up |
//! | streams | small answers; counts are sums so far; arguments in pieces by path where asked for | events; such arguments come when they are whole |
//! | the end of a stream | the end of the connection | a finish reason for every choice |
//! | marks for the prompt cache, `user`, `logit_bias`, `parallel_tool_calls: false`, `strict` | none | reported |

mod address;
mod answer;
mod call_ids;
mod citations;
mod client_proofs;
mod codec;
pub mod count_tokens;
pub mod embeddings;
mod error;
mod finish;
mod logprobs;
mod media;
mod members;
pub mod models;
mod parts;
mod proofs;
mod request;
mod results;
mod schema;
mod stream;
mod usage;

pub use codec::{Gemini, GeminiClient};
