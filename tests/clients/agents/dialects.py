"""The dialects of providers, as far as it is to be seen whether the results of tools arrived there. Standard library only."""


class OpenAiChat:
    path = "/chat/completions"

    @staticmethod
    def results(body):
        """The results of tools in a request, as (tool, text), each beside the call that it answers."""
        names, results = {}, []
        for message in body["messages"]:
            for call in message.get("tool_calls") or []:
                names[call["id"]] = call["function"]["name"]
            if message["role"] == "tool":
                results.append((names[message["tool_call_id"]], texts(message["content"])))
        return results


class AnthropicMessages:
    path = "/v1/messages"

    @staticmethod
    def results(body):
        names, results = {}, []
        for message in body["messages"]:
            for block in message["content"] if isinstance(message["content"], list) else []:
                if block["type"] == "tool_use":
                    names[block["id"]] = block["name"]
                if block["type"] == "tool_result":
                    results.append((names[block["tool_use_id"]], texts(block["content"])))
        return results


class Gemini:
    path = ":streamGenerateContent"

    @staticmethod
    def results(body):
        parts = [part for turn in body["contents"] for part in turn["parts"]]
        calls = [part["functionCall"]["name"] for part in parts if "functionCall" in part]
        answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
        assert calls == [answer["name"] for answer in answers], parts
        return [(answer["name"], texts(answer["response"])) for answer in answers]


def texts(value):
    """All texts within."""
    if isinstance(value, str):
        return value
    inner = value.values() if isinstance(value, dict) else value
    return "\n".join(texts(one) for one in inner if isinstance(one, (str, dict, list)))
