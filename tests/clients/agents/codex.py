"""Codex CLI does its task on targets that don't speak its dialect. It runs offline: without plugins and analytics it
asks nobody but the address that it is given."""

import json
import os
import shlex
import sys
from pathlib import Path

from dialects import AnthropicMessages, Gemini, OpenAiChat
from runner import run
from task import PROMPT, SUMMARY, alone, in_dialects, output, server

INSTALLED = Path(os.environ["AGENTS"])
BINARIES = list((INSTALLED / "@openai").glob("codex-*/vendor/*/bin/codex"))

CONFIGURATION = """
model = {model}
model_provider = "switchyard"
web_search = "disabled"

[analytics]
enabled = false

[features]
plugins = false

[model_providers.switchyard]
name = "Switchyard"
base_url = {base}
env_key = "SWITCHYARD_API_KEY"
wire_api = "responses"
"""


class Codex:
    @staticmethod
    def steps(task):
        write = f"printf %s {shlex.quote(SUMMARY)} > summary.txt"
        return [
            ("exec_command", {"cmd": "cat notes.txt"}, task.secret),
            ("exec_command", {"cmd": write}, "exited with code 0"),
            # A tool of a group, which other dialects know by a long name alone: it must come back by both of its names.
            ("multi_agent_v1__close_agent", {"target": "nobody"}, "invalid agent id nobody"),
            ("exec_command", {"cmd": "tr a-z A-Z < notes.txt | tee loud.txt"}, task.secret.upper()),
        ]

    @staticmethod
    def run(task, model, key, home):
        folder = Path(home) / ".codex"
        folder.mkdir()
        settings = CONFIGURATION.format(model=json.dumps(model), base=json.dumps(f"{server.base}/v1"))
        (folder / "config.toml").write_text(settings)
        # Its own sandbox needs rights that a container may not have; the commands are ours.
        options = ["--skip-git-repo-check", "--sandbox", "danger-full-access", "--json"]
        command = [INSTALLED / ".bin" / "codex", "exec", *options, PROMPT]
        printed = output(command, task.folder, alone(home, SWITCHYARD_API_KEY=key))
        events = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
        assert events[-1]["type"] == "turn.completed", events[-1]
        return [event["item"]["text"] for event in events if event.get("item", {}).get("type") == "agent_message"][-1]


if not BINARIES:
    print("SKIPPED codex: its package has no binary for this platform")
    sys.exit(1 if os.environ.get("CI") else 0)
version = json.loads((INSTALLED / "@openai" / "codex" / "package.json").read_text())["version"]
run(f"codex {version}", in_dialects(Codex, {"anthropic": AnthropicMessages, "gemini": Gemini, "upstream": OpenAiChat}))
