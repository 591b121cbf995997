"""The clients: which there are, how each is installed, and what runs its cases. Standard library only."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "target" / "clients"

# By the name that run.sh takes: the environment they are installed into, and a file of cases for each SDK and surface. Frameworks
# have environments of their own, since they want other versions of the SDKs than the current ones.
PYTHON = {
    "python": ["openai_chat", "openai_responses", "anthropic_messages", "google_genai", "mistral"],
    "langchain": ["lang_chain"],
    "litellm": ["lite_llm"],
}
NODE = ["openai_chat", "openai_responses", "anthropic_messages", "google_genai", "ai_sdk"]
AGENTS = ["claude_code", "codex"]

NAMES = [*PYTHON, "node", "agents"]


class CannotInstall(Exception):
    """Why a client is not there."""


def commands(name):
    """Installs the clients of a name; what runs their cases, one command a file."""
    if name in PYTHON:
        return python(name)
    return {"node": node, "agents": agents}[name]()


def python(name):
    environment = TARGET / ("venv" if name == "python" else f"venv-{name}")
    interpreter = str(environment / "bin" / "python")
    if not Path(interpreter).exists():
        run([sys.executable, "-m", "venv", str(environment)])
    requirements = HERE / "python" / ("requirements.txt" if name == "python" else f"requirements-{name}.txt")
    run([interpreter, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(requirements)])
    return [[interpreter, str(HERE / "python" / f"{cases}.py")] for cases in PYTHON[name]]


def node():
    run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=HERE / "node")
    return [["node", str(HERE / "node" / f"{name}.mjs")] for name in NODE]


def agents():
    """The agents are their makers' own, under licences of their own: they are installed to be tested, and never kept."""
    there = TARGET / "agents"
    there.mkdir(parents=True, exist_ok=True)
    lock, installed = HERE / "agents" / "package-lock.json", there / "package-lock.json"
    if not (there / "node_modules").exists() or not installed.exists() or lock.read_bytes() != installed.read_bytes():
        installed.unlink(missing_ok=True)
        staged = there / "staged"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "agents" / name, staged)
        # Their install scripts only copy the binary, a package of the platform, to a place that is not used here.
        run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=staged)
        shutil.rmtree(there / "node_modules", ignore_errors=True)
        (staged / "node_modules").rename(there / "node_modules")
        (staged / "package-lock.json").rename(installed)
        shutil.rmtree(staged)
    return [[sys.executable, str(HERE / "agents" / f"{name}.py")] for name in AGENTS]


def run(command, **options):
    try:
        subprocess.run(command, check=True, env=dict(os.environ), **options)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotInstall(str(error)) from error
