"""Cases of Google's Python SDK on a target that speaks OpenAI's dialect."""

import os

from google import genai
from google.genai import errors, types
from runner import run

http = types.HttpOptions(base_url=os.environ["SWITCHYARD"])
client = genai.Client(api_key=os.environ["OPENAI_API_KEY"], http_options=http)
M = "upstream/gpt-sim"
ASK = "say something about the time"
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            description="The weather of a city",
            parameters_json_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        )
    ]
)


def ask(model=M, contents=ASK, **config):
    config = types.GenerateContentConfig(
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True), **config
    )
    return client.models.generate_content(model=model, contents=contents, config=config)


def stream(model=M, **config):
    config = types.GenerateContentConfig(
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True), **config
    )
    return list(client.models.generate_content_stream(model=model, contents=ASK, config=config))


def case_text():
    answer = ask()
    assert len(answer.text.split()) == 12 and answer.candidates[0].finish_reason == types.FinishReason.STOP


def case_usage():
    counts = ask().usage_metadata
    assert counts.candidates_token_count == 12 and counts.total_token_count == counts.prompt_token_count + 12


def case_system_instruction():
    assert ask(system_instruction="be brief").text


def case_limit():
    assert ask(max_output_tokens=3).candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


def case_stream():
    chunks = stream()
    text = "".join(chunk.text or "" for chunk in chunks)
    assert len(text.split()) == 12 and chunks[-1].usage_metadata.candidates_token_count == 12


def case_stream_equals_buffered():
    assert "".join(chunk.text or "" for chunk in stream()) == ask().text


def case_tools():
    call = ask(tools=[WEATHER]).function_calls[0]
    assert call.name == "get_weather" and isinstance(call.args, dict)


def case_parallel_tools():
    assert len(ask("two-calls", tools=[WEATHER]).function_calls) == 2


def case_streamed_tools():
    calls = [call for chunk in stream(tools=[WEATHER]) for call in chunk.function_calls or []]
    assert [call.name for call in calls] == ["get_weather"]


def case_tool_loop():
    first = ask(tools=[WEATHER])
    call = first.function_calls[0]
    result = types.Part.from_function_response(name=call.name, response={"result": "sunny"})
    contents = [types.UserContent(ASK), first.candidates[0].content, types.Content(role="user", parts=[result])]
    assert ask(contents=contents, tools=[WEATHER]).text


def case_chat():
    chat = client.chats.create(model=M)
    assert chat.send_message("hello").text and chat.send_message("go on").text


def case_json_schema():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    assert ask(response_mime_type="application/json", response_json_schema=schema).text.startswith("{")


def case_thoughts():
    parts = ask("thinks", thinking_config=types.ThinkingConfig(include_thoughts=True)).candidates[0].content.parts
    assert parts[0].thought and not parts[-1].thought


def case_count_tokens():
    assert client.models.count_tokens(model=M, contents=ASK).total_tokens > 3


def case_models():
    assert f"models/{M}" in [model.name for model in client.models.list()]


def case_errors_keep_their_status():
    for status in (404, 422, 429):
        try:
            ask(f"status-{status}")
        except errors.ClientError as error:
            assert error.code == status, error.code
            continue
        raise AssertionError(f"{status} was answered")


def case_a_wrong_key_is_refused():
    wrong = genai.Client(api_key="sy-wrong", http_options=http)
    try:
        wrong.models.generate_content(model=M, contents=ASK)
    except errors.ClientError as error:
        assert error.code == 401 and error.status == "UNAUTHENTICATED"
        return
    raise AssertionError("it was answered")


def case_failover():
    assert ask("fast").text


run(f"python google-genai {genai.__version__}", globals())
