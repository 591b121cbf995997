"""What every agent is to do: read a file, write another by what it was told, and change a third with the shell; and how it is seen
that it did so through the server, on a target of another dialect. Standard library only."""

import json
import os
import secrets
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

from server import Server

server = Server.of_environment()

PROMPT = "Read notes.txt, write its summary to summary.txt, and make a loud copy of it."
SUMMARY = "Grüße: \"quoted\", a \\ backslash,\n\tand 日本語.\n"
LAST_WORDS = "All three files are as you wanted them."


class Task:
    """A folder with a note that nobody can guess, and the calls of tools that an agent is to be asked for."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.secret = f"secret {secrets.token_hex(8)}"
        (self.folder / "notes.txt").write_text(f"{self.secret}\n")

    def path(self, name):
        return str(self.folder / name)

    def check_files(self):
        assert (self.folder / "summary.txt").read_text() == SUMMARY
        assert (self.folder / "loud.txt").read_text() == f"{self.secret.upper()}\n"


def in_dialects(agent, cases):
    """The cases of an agent on targets of several dialects."""
    return {f"case_on_a_target_of_{provider}": lambda provider=provider, dialect=dialect: perform(agent, provider, dialect)
            for provider, dialect in cases.items()}


def perform(agent, provider, dialect):
    """Lets an agent do the task with a model of a provider, and checks what came of it.

    `agent.steps(task)` are the calls as (tool, arguments, what its result must say); `agent.run(task, model, key, home)` are its last words."""
    name = f"{agent.__name__}-{provider}"
    key = server.key(name)
    # An agent may leave something running that writes to its home for a moment longer.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, tempfile.TemporaryDirectory() as folder:
        task = Task(folder)
        steps = agent.steps(task)
        calls = [f"call.{tool}={quote(json.dumps(arguments))}" for tool, arguments, _ in steps]
        server.script("agent-sim", "&".join([*calls, "reasoning=4", f"text={quote(LAST_WORDS)}"]))
        server.forget_calls()
        time.sleep(1.1)  # the running server sees the key within a second
        words = agent.run(task, f"{provider}/agent-sim", key, home)
        assert words == LAST_WORDS, words
        task.check_files()
        calls = server.calls()
        check_calls([call for call in calls if call["model"] == "agent-sim"], steps, dialect)
        check_ledger(name, calls)


def quote(text):
    return urllib.parse.quote(text, safe="")


def check_calls(calls, steps, dialect):
    """Each step was one call to the provider, in its dialect, and told it all results so far."""
    assert len(calls) == len(steps) + 1, [call["path"] for call in calls]
    for number, call in enumerate(calls):
        assert call["path"].endswith(dialect.path), call["path"]
        assert call["status"] == 200 and call["completed"], call
        results = dialect.results(call["json"])
        assert [tool for tool, _ in results] == [tool for tool, _, _ in steps[:number]], results
        for (_, told), (tool, _, expected) in zip(results, steps):
            assert expected in told, (tool, told)


def check_ledger(key, calls):
    """The ledger has each call, and the tokens that the provider counted."""
    prompt = sum(call["billed"]["prompt"] for call in calls)
    completion = sum(call["billed"]["completion"] for call in calls)
    expected = (len(calls), len(calls), prompt, completion)
    for _ in range(100):
        total = server.cli("usage", "--key", key)["total"]
        told = tuple(total[name] for name in ("calls", "attempts", "input_tokens", "output_tokens"))
        if told == expected:
            break
        time.sleep(0.1)
    assert told == expected, (told, expected)
    assert not server.cli("ledger", "verify")["problems"]


def alone(home, **more):
    """The environment of an agent: nothing of ours but what it needs, and no way to the network."""
    kept = ["PATH", "LANG", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "HOME": home, **more}


def output(command, folder, environment):
    """What an agent prints."""
    told = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, f"{command[0]} ended with {told.returncode}: {told.stdout}\n{told.stderr}"
    return told.stdout
