"""Cases of LangChain by its packages for three dialects, each on a target that speaks another one."""

import os
from importlib.metadata import version

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from runner import run

SERVER, KEY = os.environ["SWITCHYARD"], os.environ["OPENAI_API_KEY"]


def chat(model="anthropic/claude-sim", key=KEY, **more):
    # Without `stream_usage` it asks for usage at OpenAI's own address only.
    return ChatOpenAI(model=model, base_url=f"{SERVER}/v1", api_key=key, max_retries=0, stream_usage=True, **more)


def responses(model="anthropic/claude-sim", key=KEY, **more):
    return chat(model, key, use_responses_api=True, **more)


def signed(model="gemini/gemini-sim?calls=2&reasoning=5", key=KEY, **more):
    return chat(model, key, **more)


def messages(model="upstream/gpt-sim", key=KEY, **more):
    return ChatAnthropic(model=model, base_url=SERVER, api_key=key, max_retries=0, **more)


def gemini(model="upstream/gpt-sim", key=KEY, **more):
    return ChatGoogleGenerativeAI(model=model, base_url=SERVER, api_key=key, max_retries=1, **more)


PACKAGES = {"openai": chat, "openai responses": responses, "anthropic": messages, "google-genai": gemini}


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


class City(BaseModel):
    """A city."""

    name: str
    people: int


def text(make):
    answer = make().invoke("say something about the time")
    assert len(answer.text.split()) == 12, answer


def system_message(make):
    turns = [SystemMessage("be brief"), HumanMessage("say something")]
    assert make().invoke(turns).text


def usage(make):
    counts = make().invoke("say something").usage_metadata
    assert counts["output_tokens"] == 12 and counts["total_tokens"] == counts["input_tokens"] + 12, counts


def stream(make):
    chunks = list(make().stream("say something"))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert len([chunk for chunk in chunks if chunk.text]) > 3
    assert whole.text == make().invoke("say something").text


def streamed_usage(make):
    whole = None
    for chunk in make().stream("say something"):
        whole = chunk if whole is None else whole + chunk
    assert whole.usage_metadata["output_tokens"] == 12, whole.usage_metadata


def tools(make):
    answer = make().bind_tools([get_weather]).invoke("how is the weather?")
    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [("get_weather", {"city": "text"})]


def streamed_tools(make):
    whole = None
    for chunk in make().bind_tools([get_weather]).stream("how is the weather?"):
        whole = chunk if whole is None else whole + chunk
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [("get_weather", {"city": "text"})]


def tool_loop(make):
    model = make().bind_tools([get_weather])
    turns = [HumanMessage("how is the weather?")]
    turns.append(model.invoke(turns))
    turns += [get_weather.invoke(call) for call in turns[-1].tool_calls]
    answer = model.invoke(turns)
    assert not answer.tool_calls and "sunny in text" in answer.text, answer


def structured_output(make):
    answer = make().with_structured_output(City).invoke("name a city")
    assert isinstance(answer, City) and answer.name == "text", answer


def a_missing_model_is_an_error(make):
    error = raises_something(lambda: make("nowhere").invoke("hello"))
    assert "nowhere" in str(error), error


def a_wrong_key_is_refused(make):
    error = raises_something(lambda: make(key="sy-wrong").invoke("hello"))
    assert "401" in str(error), error


def raises_something(call):
    try:
        call()
    except Exception as error:  # each package raises the errors of its own SDK
        return error
    raise AssertionError("nothing was raised")


def streamed_signed_tools(make):
    whole = None
    for chunk in make().bind_tools([get_weather]).stream("how is the weather?"):
        whole = chunk if whole is None else whole + chunk
    assert [call["name"] for call in whole.tool_calls] == ["get_weather", "get_weather"], whole
    turns = [HumanMessage("how is the weather?"), whole, *(get_weather.invoke(call) for call in whole.tool_calls)]
    answer = make().bind_tools([get_weather]).invoke(turns)
    assert not answer.tool_calls and "The tool answered" in answer.text, answer


CASES = [
    text, system_message, usage, stream, streamed_usage, tools, streamed_tools, tool_loop, structured_output,
    a_missing_model_is_an_error, a_wrong_key_is_refused,
]


def bound(case, make):
    return lambda: case(make)


titles = ", ".join(f"{name} {version(name)}" for name in ("langchain-openai", "langchain-anthropic", "langchain-google-genai"))
run(
    titles,
    {"case_openai signed calls of a gemini": bound(streamed_signed_tools, signed)}
    | {f"case_{name} {case.__name__}": bound(case, make) for name, make in PACKAGES.items() for case in CASES},
)
