"""Claude Code does its task on targets that don't speak its dialect. It runs offline: with its telemetry off it asks nobody but
the address that it is given."""

import json
import os
import shlex
import sys
from pathlib import Path

from dialects import Gemini, OpenAiChat
from runner import run
from task import PROMPT, SUMMARY, alone, in_dialects, output, server

INSTALLED = Path(os.environ["AGENTS"]) / "@anthropic-ai"
BINARIES = [path for path in INSTALLED.glob("claude-code-*/claude") if os.access(path, os.X_OK)]


class ClaudeCode:
    @staticmethod
    def steps(task):
        notes, loud = (shlex.quote(task.path(name)) for name in ("notes.txt", "loud.txt"))
        return [
            ("Read", {"file_path": task.path("notes.txt")}, task.secret),
            ("Write", {"file_path": task.path("summary.txt"), "content": SUMMARY}, "summary.txt"),
            ("Bash", {"command": f"tr a-z A-Z < {notes} | tee {loud}", "description": "Make a loud copy"}, task.secret.upper()),
        ]

    @staticmethod
    def run(task, model, key, home):
        environment = alone(
            home,
            ANTHROPIC_BASE_URL=server.base,
            # Both are known: a key goes in `x-api-key`, a token in `authorization`.
            **{"ANTHROPIC_AUTH_TOKEN" if model.startswith("gemini") else "ANTHROPIC_API_KEY": key},
            ANTHROPIC_MODEL=model,
            ANTHROPIC_DEFAULT_HAIKU_MODEL=model,
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
            DISABLE_AUTOUPDATER="1",
        )
        command = [BINARIES[0], "-p", PROMPT, "--output-format", "json", "--allowedTools", "Read,Write,Bash"]
        answer = json.loads(output(command, task.folder, environment))
        assert answer["subtype"] == "success" and not answer["is_error"] and not answer["permission_denials"], answer
        return answer["result"]


if not BINARIES:
    print("SKIPPED claude code: its package has no binary for this platform")
    sys.exit(1 if os.environ.get("CI") else 0)
version = json.loads((INSTALLED / "claude-code" / "package.json").read_text())["version"]
run(f"claude code {version}", in_dialects(ClaudeCode, {"upstream": OpenAiChat, "gemini": Gemini}))
