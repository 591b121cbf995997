"""Cases of OpenAI's Python SDK, chat completions. Every function named `case_*` is one; the base URL and the key come from the
environment, as the SDK reads them."""

import asyncio
import json
import os
import time
import urllib.request

import openai
from openai import AsyncOpenAI, OpenAI

from runner import raises, run

client = OpenAI(max_retries=0)
M = "upstream/gpt-sim"
ASK = [{"role": "user", "content": "say something about the time"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "get_time",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
    },
}
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def ask(model=M, **more):
    return client.chat.completions.create(model=model, messages=more.pop("messages", ASK), **more)


def text_of(stream):
    return "".join(c.choices[0].delta.content or "" for c in stream if c.choices)


def calls(model):
    with urllib.request.urlopen(os.environ["SIMULATOR"] + "/__calls") as answer:
        found = json.load(answer)
    found = found["calls"] if isinstance(found, dict) else found
    return [call for call in found if call["model"] == model]


def case_text():
    answer = ask()
    assert len(answer.choices[0].message.content.split()) == 12
    assert answer.choices[0].finish_reason == "stop" and answer.object == "chat.completion"


def case_text_usage():
    usage = ask().usage
    assert usage.completion_tokens == 12 and usage.total_tokens == usage.prompt_tokens + 12


def case_system_and_developer_roles():
    for role in ("system", "developer"):
        assert ask(messages=[{"role": role, "content": "be brief"}, *ASK]).choices[0].message.content


def case_multi_turn():
    turns = [*ASK, {"role": "assistant", "content": "the time"}, {"role": "user", "content": "go on"}]
    assert ask(messages=turns).choices[0].message.content


def case_content_parts():
    assert ask(messages=[{"role": "user", "content": [{"type": "text", "text": "hello"}]}]).choices


def case_stream():
    with ask(stream=True) as stream:
        assert len(text_of(stream).split()) == 12


def case_stream_has_one_id_and_a_finish():
    chunks = list(ask(stream=True))
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].choices[0].finish_reason == "stop"


def case_stream_without_usage_when_not_asked():
    assert all(chunk.usage is None and chunk.choices for chunk in ask(stream=True))


def case_stream_usage():
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 12
    assert all(chunk.usage is None for chunk in chunks[:-1])


def case_stream_equals_buffered():
    assert text_of(ask(stream=True)) == ask().choices[0].message.content


def case_stream_without_done_marker():
    assert len(text_of(ask("upstream/gpt-sim?no_done", stream=True)).split()) == 12


def case_stream_with_comments_and_crlf():
    assert len(text_of(ask("upstream/gpt-sim?comments&line_ending=crlf", stream=True)).split()) == 12


def case_stream_of_split_utf8():
    model = "upstream/gpt-sim?split_utf8"
    assert text_of(ask(model, stream=True)) == ask(model).choices[0].message.content


def case_stream_from_a_provider_that_answers_json():
    assert len(text_of(ask("upstream/gpt-sim?json_for_stream", stream=True)).split()) == 12


def case_tool_call():
    call = ask(tools=[WEATHER]).choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather" and "city" in json.loads(call.function.arguments)


def case_forced_tool():
    choice = {"type": "function", "function": {"name": "get_time"}}
    answer = ask(tools=[WEATHER, CLOCK], tool_choice=choice)
    assert answer.choices[0].message.tool_calls[0].function.name == "get_time"


def case_parallel_tools():
    found = ask("upstream/gpt-sim?calls=2", tools=[WEATHER, CLOCK]).choices[0].message.tool_calls
    assert [call.function.name for call in found] == ["get_weather", "get_time"]
    assert len({call.id for call in found}) == 2


def case_streamed_tool_call():
    names, arguments = {}, {}
    for chunk in ask("upstream/gpt-sim?calls=2", tools=[WEATHER, CLOCK], stream=True):
        for call in chunk.choices[0].delta.tool_calls or []:
            if call.function.name:
                names[call.index] = call.function.name
            arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    assert names == {0: "get_weather", 1: "get_time"}
    assert all(json.loads(text) for text in arguments.values())


def case_tool_results():
    call = ask(tools=[WEATHER]).choices[0].message
    turns = [*ASK, call, {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "sunny"}]
    assert "sunny" in ask(messages=turns, tools=[WEATHER]).choices[0].message.content


def case_stream_helper_collects_tools():
    with client.chat.completions.stream(model=M, messages=ASK, tools=[WEATHER]) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.tool_calls[0].function.name == "get_weather"


OTHERS = {"anthropic": "anthropic/claude-sim", "gemini": "gemini/gemini-sim"}


def case_other_dialects_text():
    for model in OTHERS.values():
        answer = ask(model)
        assert len(answer.choices[0].message.content.split()) == 12, model
        assert answer.choices[0].finish_reason == "stop" and answer.usage.completion_tokens == 12


def case_other_dialects_stream():
    for model in OTHERS.values():
        assert text_of(ask(model, stream=True)) == ask(model).choices[0].message.content, model
        with client.chat.completions.stream(model=model, messages=ASK) as stream:
            assert len(stream.get_final_completion().choices[0].message.content.split()) == 12, model


def case_other_dialects_signed_tool_loop():
    for model in OTHERS.values():
        message = ask(f"{model}?calls=2&reasoning=5", tools=[WEATHER, CLOCK]).choices[0].message
        check_loop(model, message)


def case_other_dialects_signed_tool_loop_by_the_stream_helper():
    for model in OTHERS.values():
        asked = {"model": f"{model}?calls=2&reasoning=5", "messages": ASK, "tools": [WEATHER, CLOCK]}
        with client.chat.completions.stream(**asked) as stream:
            check_loop(model, stream.get_final_completion().choices[0].message)


def check_loop(model, message):
    assert [call.function.name for call in message.tool_calls] == ["get_weather", "get_time"], message
    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in message.tool_calls]
    turns = [*ASK, message.model_dump(exclude_none=True), *results]
    answer = ask(model, messages=turns, tools=[WEATHER, CLOCK]).choices[0].message
    assert "The tool answered" in answer.content and not answer.tool_calls, answer
    # Both results, and the simulator's proof, came back to who made it.
    told = json.dumps(calls(model.split("/")[1])[-1]["json"])
    assert told.count("sunny") == 2 and "c2ltdWxhdGVkIHByb29m" in told, told


def case_other_dialects_errors():
    for model in OTHERS.values():
        error = raises(openai.RateLimitError, lambda: ask(f"{model}?status=429&retry_after=7"))
        assert error.response.headers["retry-after"] == "7", model


def case_image():
    content = [{"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    assert "1 image" in ask(messages=[{"role": "user", "content": content}]).choices[0].message.content


def case_json_object():
    json.loads(ask(response_format={"type": "json_object"}).choices[0].message.content)


def case_json_schema():
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": True}}
    found = json.loads(ask(response_format=form).choices[0].message.content)
    assert isinstance(found["name"], str) and isinstance(found["age"], int)


def case_logprobs():
    found = ask(logprobs=True, top_logprobs=2).choices[0].logprobs.content
    assert len(found) == 12 and len(found[0].top_logprobs) == 2


def case_n():
    assert [choice.index for choice in ask(n=3).choices] == [0, 1, 2]


def case_streamed_n():
    texts = {}
    for chunk in ask(n=2, stream=True):
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
    assert sorted(texts) == [0, 1] and all(texts.values())


def case_stop():
    words = ask().choices[0].message.content.split()
    cut = ask(stop=[words[5]]).choices[0].message.content
    assert words[5] not in cut.split()


def case_max_tokens():
    answer = ask(max_tokens=3)
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 3


def case_max_completion_tokens():
    assert ask(max_completion_tokens=4).usage.completion_tokens == 4


def case_seed_and_sampling():
    answer = ask(seed=7, temperature=0.3, top_p=0.9, presence_penalty=0.1, frequency_penalty=-0.1, user="u1")
    assert "7" in answer.system_fingerprint


def case_unknown_members_reach_the_provider():
    ask(extra_body={"a_new_member": {"kept": [1, 2.50]}})
    assert calls("gpt-sim")[-1]["json"]["a_new_member"] == {"kept": [1, 2.50]}


def case_refusal():
    assert ask("upstream/gpt-sim?refusal").choices[0].message.refusal


def case_reasoning():
    answer = ask("upstream/gpt-sim?reasoning=5")
    assert answer.usage.completion_tokens_details.reasoning_tokens == 5


def case_cached_tokens():
    assert ask("upstream/gpt-sim?cached=4").usage.prompt_tokens_details.cached_tokens == 4


def case_route_with_failover():
    answer = client.chat.completions.with_raw_response.create(model="fast", messages=ASK)
    assert answer.headers["x-switchyard-attempts"] == "2"
    assert answer.headers["x-switchyard-target"] == "upstream/gpt-sim"
    assert answer.parse().choices[0].message.content


def case_request_id():
    assert ask()._request_id


def case_models():
    listed = {model.id for model in client.models.list()}
    assert {"fast", M} <= listed
    assert client.models.retrieve(M).id == M


def case_bad_key():
    error = raises(openai.AuthenticationError, lambda: client.with_options(api_key="sy-wrong").models.list())
    assert error.code == "invalid_api_key"


def case_unknown_model():
    assert raises(openai.NotFoundError, lambda: ask("no-such-model")).code == "model_not_found"


def case_model_not_allowed():
    limited = client.with_options(api_key=os.environ["LIMITED_KEY"])
    call = lambda: limited.chat.completions.create(model=M, messages=ASK)
    assert raises(openai.PermissionDeniedError, call).code == "model_not_allowed"


def case_rate_limit():
    limited = client.with_options(api_key=os.environ["LIMITED_KEY"])
    call = lambda: [limited.chat.completions.create(model="fast", messages=ASK) for _ in range(2)]
    error = raises(openai.RateLimitError, call)
    assert error.code == "rate_limit_exceeded" and int(error.response.headers["retry-after"]) >= 1


def case_bad_request():
    error = raises(openai.BadRequestError, lambda: ask(messages=[]))
    assert error.param == "messages"


def case_bad_role():
    error = raises(openai.BadRequestError, lambda: ask(messages=[{"role": "nobody", "content": "x"}]))
    assert error.param == "messages[0].role"


def case_upstream_rejection():
    model = "upstream/gpt-sim?status=400&error_param=messages&error_code=context_length_exceeded"
    error = raises(openai.BadRequestError, lambda: ask(model))
    assert error.code == "context_length_exceeded" and error.param == "messages"


def case_upstream_unprocessable():
    raises(openai.UnprocessableEntityError, lambda: ask("upstream/gpt-sim?status=422"))


def case_upstream_credential_refused():
    error = raises(openai.InternalServerError, lambda: ask("upstream/gpt-sim?status=401"))
    assert error.status_code == 502 and error.code == "upstream_auth_failed"
    assert "sk-simulated" not in str(error)


def case_upstream_throttle():
    error = raises(openai.RateLimitError, lambda: ask("upstream/gpt-sim?status=429&retry_after=7"))
    assert error.response.headers["retry-after"] == "7"


def case_upstream_failure():
    for model in ("status=500", "malformed_json", "html", "redirect=302"):
        error = raises(openai.InternalServerError, lambda: ask(f"upstream/gpt-sim?{model}"))
        assert error.status_code == 502, (model, error)


def case_error_before_content_is_a_status():
    error = raises(openai.InternalServerError, lambda: ask("upstream/gpt-sim?error_event_first", stream=True))
    assert error.status_code in (502, 503)


def case_upstream_timeout():
    error = raises(openai.InternalServerError, lambda: ask("upstream/gpt-sim?stall_before_first", stream=True))
    assert error.status_code == 504 and error.code == "upstream_timeout"


def case_cut_stream_raises():
    for model in ("cut_after=3", "error_event_after=2"):
        error = raises(openai.APIError, lambda: list(ask(f"upstream/gpt-sim?{model}", stream=True)))
        assert error.code == "upstream_stream_interrupted", error.code


def case_client_timeout():
    slow = client.with_options(timeout=0.3)
    call = lambda: slow.chat.completions.create(model="upstream/gpt-sim?latency_ms=3000", messages=ASK)
    raises(openai.APITimeoutError, call)


def case_cancelled_stream_stops_the_provider():
    model = "gpt-sim?tokens=200&chunk_ms=20"
    with ask(f"upstream/{model}", stream=True) as stream:
        for _, _ in zip(range(5), stream):
            pass
    time.sleep(0.5)
    assert calls(model)[-1]["chunks_sent"] < 100


def case_async_client():
    async def many():
        one = AsyncOpenAI(max_retries=0)
        asks = [one.chat.completions.create(model=M, messages=ASK) for _ in range(8)]
        return await asyncio.gather(*asks)

    assert all(len(answer.choices[0].message.content.split()) == 12 for answer in asyncio.run(many()))


def case_async_stream():
    async def one():
        found = []
        stream = await AsyncOpenAI(max_retries=0).chat.completions.create(model=M, messages=ASK, stream=True)
        async for chunk in stream:
            found.append(chunk.choices[0].delta.content or "")
        return "".join(found)

    assert len(asyncio.run(one()).split()) == 12


run(f"python openai {openai.__version__} chat", globals())
