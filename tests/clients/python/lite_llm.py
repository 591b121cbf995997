"""Cases of LiteLLM as a client, which picks the dialect by the first word of the model: each on a target that speaks another one."""

import json
import os
from importlib.metadata import version

# Else it asks the network for prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from runner import raises, run

litellm.telemetry = False

SERVER, KEY = os.environ["SWITCHYARD"], os.environ["OPENAI_API_KEY"]
# The dialect, where it is spoken, and a target of another dialect.
WAYS = {
    "openai": (f"{SERVER}/v1", "anthropic/claude-sim"),
    "anthropic": (SERVER, "upstream/gpt-sim"),
    "gemini": (f"{SERVER}/v1beta", "upstream/gpt-sim"),
}
ASK = [{"role": "user", "content": "say something about the time"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def ask(way, model=None, messages=ASK, key=KEY, **more):
    base, usual = WAYS[way]
    return litellm.completion(
        model=f"{way}/{model or usual}", api_base=base, api_key=key, messages=messages, num_retries=0, max_retries=0, **more
    )


def text(way):
    choice = ask(way).choices[0]
    assert len(choice.message.content.split()) == 12 and choice.finish_reason == "stop", choice


def usage(way):
    counts = ask(way).usage
    assert counts.completion_tokens == 12 and counts.total_tokens == counts.prompt_tokens + 12, counts


def system_message(way):
    assert ask(way, messages=[{"role": "system", "content": "be brief"}, *ASK]).choices[0].message.content


def limit(way):
    assert ask(way, max_tokens=3).choices[0].finish_reason == "length"


def stream(way):
    chunks = list(ask(way, stream=True))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == ask(way).choices[0].message.content and len(said.split()) == 12, said
    assert chunks[-1].choices[0].finish_reason == "stop"


def streamed_usage(way):
    chunks = list(ask(way, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].usage.completion_tokens == 12, chunks[-1]


def tools(way):
    choice = ask(way, tools=[WEATHER]).choices[0]
    call = choice.message.tool_calls[0]
    assert choice.finish_reason == "tool_calls" and call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "text"}


def streamed_tools(way):
    whole = litellm.stream_chunk_builder(list(ask(way, tools=[WEATHER], stream=True)), messages=ASK)
    call = whole.choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather" and json.loads(call.function.arguments) == {"city": "text"}


def tool_loop(way):
    first = ask(way, tools=[WEATHER]).choices[0].message
    result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "name": "get_weather", "content": "sunny"}
    answer = ask(way, messages=[*ASK, first, result], tools=[WEATHER]).choices[0].message
    assert "sunny" in answer.content, answer


def structured_output(way):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
    format = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": True}}
    answer = ask(way, response_format=format).choices[0].message.content
    # Models of Google that it doesn't know are told the schema in the prompt, and asked for JSON alone.
    assert json.loads(answer) == ({"answer": "text"} if way == "gemini" else {"city": "text"}), answer


def errors_are_of_their_types(way):
    raises(litellm.NotFoundError, lambda: ask(way, "nowhere"))
    raises(litellm.AuthenticationError, lambda: ask(way, key="sy-wrong"))
    raises(litellm.RateLimitError, lambda: ask(way, "status-429"))


def failover(way):
    assert ask(way, "fast").choices[0].message.content


CASES = [
    text, usage, system_message, limit, stream, streamed_usage, tools, streamed_tools, tool_loop, structured_output,
    errors_are_of_their_types, failover,
]


def bound(case, way):
    return lambda: case(way)


run(f"litellm {version('litellm')}", {f"case_{way} {case.__name__}": bound(case, way) for way in WAYS for case in CASES})
