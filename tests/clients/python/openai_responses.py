"""Cases of OpenAI's Python SDK, Responses, on a target that speaks chat completions."""

import os

import openai
from openai import OpenAI
from runner import raises, run

client = OpenAI(max_retries=0)
M = "upstream/gpt-sim"
ASK = "say something about the time"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def ask(model=M, **more):
    return client.responses.create(model=model, input=more.pop("input", ASK), **more)


def case_text():
    answer = ask()
    assert answer.object == "response" and answer.status == "completed" and len(answer.output_text.split()) == 12


def case_usage():
    usage = ask().usage
    assert usage.output_tokens == 12 and usage.total_tokens == usage.input_tokens + 12


def case_instructions_and_turns():
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "the time"},
        {"role": "user", "content": [{"type": "input_text", "text": "go on"}]},
    ]
    assert ask(input=turns, instructions="be brief").output_text


def case_limit():
    answer = ask(max_output_tokens=3)
    assert answer.status == "incomplete" and answer.incomplete_details.reason == "max_output_tokens"


def case_stream():
    kinds, text = [], ""
    for event in ask(stream=True):
        kinds.append(event.type)
        if event.type == "response.output_text.delta":
            text += event.delta
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed" and len(text.split()) == 12


def case_stream_helper_builds_the_response():
    with client.responses.stream(model=M, input=ASK) as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert final.output_text == ask().output_text and final.usage.output_tokens == 12


def case_tools():
    call = next(item for item in ask(tools=[WEATHER]).output if item.type == "function_call")
    assert call.name == "get_weather" and call.arguments.startswith("{") and call.call_id


def case_parallel_tools():
    calls = [item for item in ask("upstream/gpt-sim?calls=2", tools=[WEATHER]).output if item.type == "function_call"]
    assert len(calls) == 2 and len({call.call_id for call in calls}) == 2


def case_streamed_tools():
    with client.responses.stream(model=M, input=ASK, tools=[WEATHER]) as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert any(item.type == "function_call" and item.name == "get_weather" for item in final.output)


def case_tool_loop():
    first = ask(tools=[WEATHER])
    call = next(item for item in first.output if item.type == "function_call")
    turns = [
        {"role": "user", "content": ASK},
        *[item.model_dump(exclude_none=True) for item in first.output],
        {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"},
    ]
    assert ask(input=turns, tools=[WEATHER]).output_text


def case_json_schema():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
    answer = ask(text={"format": {"type": "json_schema", "name": "place", "schema": schema, "strict": True}})
    assert answer.output_text.startswith("{")


def case_reasoning():
    assert [item.type for item in ask("upstream/gpt-sim?reasoning=5").output] == ["reasoning", "message"]


def case_previous_response_is_refused_elsewhere():
    error = raises(openai.BadRequestError, lambda: ask(previous_response_id="resp_1"))
    assert error.param == "previous_response_id"


def case_built_in_tools_are_never_dropped_in_silence():
    raw = client.responses.with_raw_response.create(model=M, input=ASK, tools=[{"type": "web_search"}])
    assert "tools[0]" in raw.headers["x-switchyard-dropped"]


def case_errors_are_of_their_types():
    for script, kind in [
        ("status=400&error_param=messages&error_code=context_length_exceeded", openai.BadRequestError),
        ("status=404", openai.NotFoundError),
        ("status=422", openai.UnprocessableEntityError),
        ("status=429&retry_after=7", openai.RateLimitError),
    ]:
        raises(kind, lambda: ask(f"upstream/gpt-sim?{script}"))
    raises(openai.AuthenticationError, lambda: OpenAI(max_retries=0, api_key="sy-wrong").responses.create(model=M, input=ASK))


def case_failover():
    assert ask("fast").output_text


def case_cut_stream_raises():
    for script in ("cut_after=3", "error_event_after=2"):
        try:
            kinds = [event.type for event in ask(f"upstream/gpt-sim?{script}", stream=True)]
        except openai.APIError:
            continue
        assert kinds[-1] in ("response.failed", "error"), kinds[-1]


run(f"python openai {openai.__version__} responses", globals())
