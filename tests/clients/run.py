"""Starts the simulated provider and the server on free ports, makes a virtual key with the command line, and runs the
scripted cases of each SDK. Standard library only."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "clients"
TARGET = ROOT / "target" / "clients"

# Routes to scripted models.
SCRIPTED = {
    "two-calls": "gpt-sim?calls=2",
    "thinks": "gpt-sim?reasoning=5",
    "status-404": "gpt-sim?status=404",
    "status-422": "gpt-sim?status=422",
    "status-429": "gpt-sim?status=429&retry_after=7",
}

# A file of cases for each SDK and surface.
PYTHON = ["openai_chat", "openai_responses", "anthropic_messages", "google_genai"]
NODE = ["openai_chat", "openai_responses", "anthropic_messages", "google_genai", "ai_sdk"]

# Upstream ids carry the simulator's script; each must be listed by the provider, since nothing unlisted is ever called.
MODELS = json.loads((HERE / "models.json").read_text())


def build(profile):
    args = ["cargo", "build", "--locked", "-p", "switchyard-server", "-p", "switchyard-testkit", "--bins"]
    args += {"debug": [], "release": ["--release"]}[profile]
    subprocess.run(args, cwd=ROOT, check=True)
    return ROOT / "target" / profile


def configuration(simulator_port):
    models = "".join(f"      - model: {json.dumps(model)}\n" for model in MODELS)
    # Google's SDKs refuse a question mark in a model's name.
    scripted = "".join(
        f"  - name: {name}\n    targets:\n      - provider: upstream\n        model: {json.dumps(model)}\n"
        for name, model in SCRIPTED.items()
    )
    return f"""settings:
  log_level: WARN
  llm_timeout_seconds: 2
providers:
  - name: upstream
    vendor: openai_compatible
    base_url: http://127.0.0.1:{simulator_port}/v1
    api_key: sk-simulated-0123456789
    models:
{models}routes:
  - name: fast
    strategy: failover
    targets:
      - provider: upstream
        model: "gpt-sim?status=500"
      - provider: upstream
        model: gpt-sim
{scripted}"""


def start(command, pattern, **options):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    line = process.stdout.readline()
    found = re.search(pattern, line)
    if not found:
        process.kill()
        sys.exit(f"{command[0]} did not start: {line!r}")
    return process, found.group(1)


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_ready(base, process):
    for _ in range(200):
        if process.poll() is not None:
            sys.exit(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{base}/health/ready", timeout=1) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    sys.exit("the server did not become ready")


def python_sdk():
    venv = TARGET / "venv"
    if not (venv / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    requirements = HERE / "python" / "requirements.txt"
    subprocess.run([venv / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "-r", requirements], check=True)
    python = str(venv / "bin" / "python")
    return [[python, str(HERE / "python" / f"{name}.py")] for name in PYTHON]


def node_sdk():
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=HERE / "node", check=True)
    return [["node", str(HERE / "node" / f"{name}.mjs")] for name in NODE]


def main():
    profile = os.environ.get("PROFILE", "debug")
    TARGET.mkdir(parents=True, exist_ok=True)
    runners = {"python": python_sdk, "node": node_sdk}
    wanted = sys.argv[1:] or list(runners)
    commands = [command for name in wanted for command in runners[name]()]
    binaries = build(profile)
    with tempfile.TemporaryDirectory() as data:
        simulator, address = start([str(binaries / "simulator"), "--listen", "127.0.0.1:0"], r"listening on (\S+)")
        port = free_port()
        config = Path(data) / "switchyard.yaml"
        config.write_text(configuration(address.rsplit(":", 1)[1]))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SWITCHYARD_")},
            "SWITCHYARD_DATA_DIR": data,
            "SWITCHYARD_LISTEN": f"127.0.0.1:{port}",
        }
        switchyard = [str(binaries / "switchyard")]
        server = subprocess.Popen(
            [*switchyard, "serve", "--config", str(config)], env=environment, cwd=data, stdout=subprocess.DEVNULL
        )
        try:
            base = f"http://127.0.0.1:{port}"
            wait_ready(base, server)
            created = subprocess.run(
                [*switchyard, "keys", "create", "--name", "sdk", "--json", "--config", str(config)],
                env=environment, cwd=data, check=True, capture_output=True, text=True,
            )
            limited = subprocess.run(
                [*switchyard, "keys", "create", "--name", "limited", "--models", "fast", "--rpm", "1", "--json",
                 "--config", str(config)],
                env=environment, cwd=data, check=True, capture_output=True, text=True,
            )
            time.sleep(1.1)  # the running server sees the keys within a second
            case_environment = {
                **os.environ,
                "SWITCHYARD": base,
                "OPENAI_BASE_URL": f"{base}/v1",
                "OPENAI_API_KEY": json.loads(created.stdout)["key"],
                "LIMITED_KEY": json.loads(limited.stdout)["key"],
                "SIMULATOR": f"http://{address}",
            }
            failed = [command[-1] for command in commands if subprocess.run(command, env=case_environment).returncode]
        finally:
            server.terminate()
            server.wait(timeout=40)
            simulator.kill()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


main()
