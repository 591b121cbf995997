"""Cases of Mistral's Python SDK, which speaks OpenAI's dialect in its own words: on a target of that dialect and on Anthropic's."""

import os

import mistralai.client
from mistralai.client import Mistral
from mistralai.client.errors import HTTPValidationError, ResponseValidationError, SDKError
from pydantic import BaseModel
from runner import raises, run

client = Mistral(api_key=os.environ["OPENAI_API_KEY"], server_url=os.environ["SWITCHYARD"])
OPENAI, ANTHROPIC = "upstream/gpt-sim", "anthropic/claude-sim"
ASK = [{"role": "user", "content": "say something about the time"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def ask(model=OPENAI, messages=ASK, **more):
    return client.chat.complete(model=model, messages=messages, **more)


def stream(model, **more):
    with client.chat.stream(model=model, messages=ASK, **more) as events:
        return [event.data for event in events]


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def case_text():
    for model in (OPENAI, ANTHROPIC):
        choice = ask(model).choices[0]
        assert len(choice.message.content.split()) == 12 and choice.finish_reason == "stop"


def case_usage():
    for model in (OPENAI, ANTHROPIC):
        usage = ask(model).usage
        assert usage.completion_tokens == 12 and usage.total_tokens == usage.prompt_tokens + 12


def case_system_and_limit():
    turns = [{"role": "system", "content": "be brief"}, *ASK]
    for model in (OPENAI, ANTHROPIC):
        assert ask(model, turns, max_tokens=3).choices[0].finish_reason == "length"


def case_stream():
    for model in (OPENAI, ANTHROPIC):
        chunks = stream(model)
        assert len(text_of(chunks).split()) == 12
        assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


def case_stream_equals_buffered():
    for model in (OPENAI, ANTHROPIC):
        assert text_of(stream(model)) == ask(model).choices[0].message.content


def case_tools():
    for model in (OPENAI, ANTHROPIC):
        choice = ask(model, tools=[WEATHER]).choices[0]
        call = choice.message.tool_calls[0]
        assert choice.finish_reason == "tool_calls" and call.function.name == "get_weather" and call.id
        assert call.function.arguments == '{"city":"text"}'


def case_parallel_tools():
    for model in (f"{OPENAI}?calls=2", f"{ANTHROPIC}?calls=2"):
        calls = ask(model, tools=[WEATHER], parallel_tool_calls=True).choices[0].message.tool_calls
        assert len(calls) == 2 and len({call.id for call in calls}) == 2


def case_streamed_calls_in_pieces_are_beyond_this_sdk():
    # Mistral sends each call whole, and the SDK wants its name in every piece; OpenAI's dialect names it in the first alone.
    for model in (OPENAI, ANTHROPIC):
        raises(ResponseValidationError, lambda: stream(model, tools=[WEATHER]))


def case_a_listing_of_models_is_beyond_this_sdk():
    # It wants members that only Mistral's own listing has.
    raises(ResponseValidationError, client.models.list)


def case_any_tool_must_be_called():
    assert ask(tools=[WEATHER], tool_choice="any").choices[0].message.tool_calls
    assert ask(ANTHROPIC, tools=[WEATHER], tool_choice="required").choices[0].message.tool_calls


def case_tool_loop():
    for model in (OPENAI, ANTHROPIC):
        first = ask(model, tools=[WEATHER]).choices[0].message
        result = {"role": "tool", "name": "get_weather", "tool_call_id": first.tool_calls[0].id, "content": "sunny"}
        answer = ask(model, [*ASK, first, result], tools=[WEATHER]).choices[0].message
        assert answer.content == " The tool answered: sunny", answer.content


def case_structured_output():
    class City(BaseModel):
        city: str

    answer = client.chat.parse(model=OPENAI, messages=ASK, response_format=City)
    assert answer.choices[0].message.parsed == City(city="text")


def case_errors_keep_their_status():
    for script, kind, status in [
        ("status=404", SDKError, 404),
        ("status=422", HTTPValidationError, 422),
        ("status=429&retry_after=7", SDKError, 429),
    ]:
        assert raises(kind, lambda: ask(f"{OPENAI}?{script}")).status_code == status
    limited = raises(SDKError, lambda: ask(f"{ANTHROPIC}?status=429&retry_after=7"))
    assert limited.status_code == 429 and limited.headers["retry-after"] == "7"
    assert raises(SDKError, lambda: ask("nowhere")).status_code == 404
    wrong = Mistral(api_key="sy-wrong", server_url=os.environ["SWITCHYARD"])
    assert raises(SDKError, lambda: wrong.chat.complete(model=OPENAI, messages=ASK)).status_code == 401


def case_failover():
    assert ask("fast").choices[0].message.content


run(f"python mistralai {mistralai.client.VERSION}", globals())
