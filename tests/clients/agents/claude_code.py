"""Claude Code does its task on targets that don't speak its dialect. It runs offline: with its telemetry off it asks nobody but
the address that it is given."""

import json
import os
import sys
from pathlib import Path

import task
from dialects import Gemini, OpenAiChat
from runner import run

INSTALLED = Path(os.environ["AGENTS"]) / "@anthropic-ai"
BINARIES = [path for path in INSTALLED.glob("claude-code-*/claude") if os.access(path, os.X_OK)]


class claude_code:
    @staticmethod
    def steps(task_):
        shout = f"tr a-z A-Z < {task_.path('notes.txt')} | tee {task_.path('loud.txt')}"
        return [
            ("Read", {"file_path": task_.path("notes.txt")}),
            ("Write", {"file_path": task_.path("summary.txt"), "content": task.SUMMARY}),
            ("Bash", {"command": shout, "description": "Make a loud copy"}),
        ]

    @staticmethod
    def run(task_, model, key, home):
        environment = task.alone(
            home,
            ANTHROPIC_BASE_URL=task.server.base,
            # Both are known: a key goes in `x-api-key`, a token in `authorization`.
            **{"ANTHROPIC_AUTH_TOKEN" if model.startswith("gemini") else "ANTHROPIC_API_KEY": key},
            ANTHROPIC_MODEL=model,
            ANTHROPIC_DEFAULT_HAIKU_MODEL=model,
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
            DISABLE_AUTOUPDATER="1",
        )
        command = [BINARIES[0], "-p", task.PROMPT, "--output-format", "json", "--allowedTools", "Read,Write,Bash"]
        answer = json.loads(task.output(command, task_.folder, environment))
        assert answer["subtype"] == "success" and not answer["is_error"] and not answer["permission_denials"], answer
        return answer["result"]


if not BINARIES:
    print("SKIPPED claude code: its package has no binary for this platform")
    sys.exit(0)
version = json.loads((INSTALLED / "claude-code" / "package.json").read_text())["version"]
run(f"claude code {version}", task.in_dialects(claude_code, {"upstream": OpenAiChat, "gemini": Gemini}))
