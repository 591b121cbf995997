"""Cases of Anthropic's Python SDK on a target that speaks OpenAI's dialect."""

import os

import anthropic
from anthropic import Anthropic
from runner import raises, run

client = Anthropic(max_retries=0, base_url=os.environ["SWITCHYARD"], api_key=os.environ["OPENAI_API_KEY"])
M = "upstream/gpt-sim"
ASK = [{"role": "user", "content": "say something about the time"}]
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def ask(model=M, **more):
    return client.messages.create(model=model, max_tokens=more.pop("max_tokens", 100), messages=more.pop("messages", ASK), **more)


def case_text():
    answer = ask()
    assert answer.type == "message" and answer.role == "assistant" and answer.stop_reason == "end_turn"
    assert len(answer.content[0].text.split()) == 12


def case_usage():
    assert ask().usage.output_tokens == 12 and ask().usage.input_tokens > 0


def case_system():
    assert ask(system="be brief").content[0].text
    assert ask(system=[{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}]).content[0].text


def case_max_tokens():
    assert ask(max_tokens=3).stop_reason == "max_tokens"


def case_stream():
    with client.messages.stream(model=M, max_tokens=100, messages=ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert len(text.split()) == 12 and final.content[0].text == text
    assert final.stop_reason == "end_turn" and final.usage.output_tokens == 12


def case_stream_equals_buffered():
    with client.messages.stream(model=M, max_tokens=100, messages=ASK) as stream:
        assert stream.get_final_message().content[0].text == ask().content[0].text


def case_raw_events_are_the_grammar():
    kinds = [event.type for event in ask(stream=True)]
    assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"]
    assert kinds.index("content_block_start") < kinds.index("content_block_delta") < kinds.index("content_block_stop")


def case_tools():
    answer = ask(tools=[WEATHER])
    use = next(block for block in answer.content if block.type == "tool_use")
    assert answer.stop_reason == "tool_use" and use.name == "get_weather" and isinstance(use.input, dict) and use.id


def case_parallel_tools():
    uses = [block for block in ask("upstream/gpt-sim?calls=2", tools=[WEATHER]).content if block.type == "tool_use"]
    assert len(uses) == 2 and len({use.id for use in uses}) == 2


def case_streamed_tools():
    with client.messages.stream(model=M, max_tokens=100, messages=ASK, tools=[WEATHER]) as stream:
        final = stream.get_final_message()
    use = next(block for block in final.content if block.type == "tool_use")
    assert final.stop_reason == "tool_use" and isinstance(use.input, dict)


def case_tool_loop():
    first = ask(tools=[WEATHER])
    use = next(block for block in first.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": use.id, "content": [{"type": "text", "text": "sunny"}]}
    turns = [*ASK, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    assert ask(messages=turns, tools=[WEATHER]).content[0].text


def case_forced_tool():
    answer = ask(tools=[WEATHER], tool_choice={"type": "tool", "name": "get_weather"})
    assert any(block.type == "tool_use" for block in answer.content)


def case_image():
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "what is this?"}]
    assert ask(messages=[{"role": "user", "content": content}]).content[0].text


def case_reasoning():
    answer = ask("upstream/gpt-sim?reasoning=5")
    assert [block.type for block in answer.content] == ["thinking", "text"]


def case_cached_tokens():
    assert ask("upstream/gpt-sim?cached=4").usage.cache_read_input_tokens == 4


def case_losses_are_told():
    raw = client.messages.with_raw_response.create(model=M, max_tokens=100, messages=ASK, extra_body={"container": "c"})
    assert "container" in raw.headers["x-switchyard-dropped"]


def case_strict_refuses_losses():
    strict = {"x-switchyard-strict": "true"}
    raises(anthropic.BadRequestError, lambda: ask(extra_body={"container": "c"}, extra_headers=strict))


def case_count_tokens():
    assert client.messages.count_tokens(model=M, messages=ASK).input_tokens > 3


def case_errors_are_of_their_types():
    for script, kind in [
        ("status=400&error_param=messages&error_code=context_length_exceeded", anthropic.BadRequestError),
        ("status=404", anthropic.NotFoundError),
        ("status=422", anthropic.UnprocessableEntityError),
        ("status=429&retry_after=7", anthropic.RateLimitError),
    ]:
        raises(kind, lambda: ask(f"upstream/gpt-sim?{script}"))
    raises(anthropic.NotFoundError, lambda: ask("nowhere"))
    wrong = Anthropic(max_retries=0, base_url=os.environ["SWITCHYARD"], api_key="sy-wrong")
    raises(anthropic.AuthenticationError, lambda: wrong.messages.create(model=M, max_tokens=9, messages=ASK))


def case_bad_request_names_the_member():
    error = raises(anthropic.BadRequestError, lambda: ask(messages=[{"role": "judge", "content": "x"}]))
    assert "messages[0].role" in error.message and error.body["error"]["type"] == "invalid_request_error"


def case_failover():
    assert ask("fast").content[0].text


def case_cut_stream_raises():
    for script in ("cut_after=3", "error_event_after=2"):
        def drain():
            with client.messages.stream(model=f"upstream/gpt-sim?{script}", max_tokens=100, messages=ASK) as stream:
                stream.until_done()

        try:
            drain()
        except anthropic.APIError:
            continue
        raise AssertionError(f"{script} ended well")


run(f"python anthropic {anthropic.__version__}", globals())
