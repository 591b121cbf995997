//! What is known not to be read as expected, and why; and what nobody reads.

const CITED: &str = "the text that is cited is text, which the expectation leaves out";
const SEVERAL: &str =
    "several answers stand in one recording; what comes after the end of the first is not read";
const SERVER: &str = "a tool of the vendor's ran, which the expectation takes for a call of the client's";

/// Exchanges of which something is read otherwise than expected, with the reason.
pub(crate) const MISSES: &[(&str, &str)] = &[
    ("anthropic-messages-20f93d42b4", SEVERAL),
    ("anthropic-messages-d78e50f241", SEVERAL),
    ("bedrock-converse-3d35c9f4ff", CITED),
    ("bedrock-converse-6dca2c0c86", CITED),
    ("bedrock-converse-a4892e303c", CITED),
    ("bedrock-converse-b9ca78e462", CITED),
    ("bedrock-converse-a4d68d9ac3", SERVER),
    ("bedrock-converse-c4ab055a95", SERVER),
    ("bedrock-converse-stream-6bdc89dcc4", SERVER),
    ("cohere-chat-53400b0038", "it ends in an error, and is told as one"),
    ("openai-responses-d58ae87b9b", "calls a custom tool, which the SDKs' reading left out"),
    ("azure-responses-fa8bfe9b04", SEVERAL),
];

/// Operations that are recorded and that nothing here calls.
pub(crate) const UNCALLED: &[(&str, &str, &str)] =
    &[("ollama", "generate", "Ollama's older endpoint for bare prompts: chats go to `/api/chat`")];
