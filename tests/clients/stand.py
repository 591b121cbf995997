"""What the clients talk to: the simulated provider, the server in front of it on a free port, and a proxy that lets nothing
through, so that whoever reaches for the network is found out. Standard library only."""

import contextlib
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
from pathlib import Path

from server import Server, loopback

HERE = Path(__file__).resolve().parent

# Routes to scripted models: Google's SDKs refuse a question mark in a model's name.
SCRIPTED = {
    "two-calls": "gpt-sim?calls=2",
    "thinks": "gpt-sim?reasoning=5",
    "status-404": "gpt-sim?status=404",
    "status-422": "gpt-sim?status=422",
    "status-429": "gpt-sim?status=429&retry_after=7",
}

# Upstream ids carry the simulator's script; each must be listed by the provider, since nothing unlisted is ever called.
MODELS = json.loads((HERE / "models.json").read_text())

# It fails over, and says nothing of the target's health: a breaker would leave it alone after a few calls.
ALWAYS_TRIED = "gpt-sim?status=408"

# One simulator plays providers of several dialects: name, vendor, the path under which it is called.
PROVIDERS = [
    ("upstream", "openai_compatible", "/v1", MODELS["openai"]),
    ("anthropic", "anthropic", "/v1", MODELS["anthropic"]),
    ("gemini", "gemini", "/v1beta", MODELS["gemini"]),
]


class Trap(http.server.ThreadingHTTPServer):
    """A proxy that refuses everyone and remembers what they wanted."""

    daemon_threads = True

    def __init__(self):
        self.wanted = []
        trap = self

        class Refuses(http.server.BaseHTTPRequestHandler):
            def refuse(self):
                trap.wanted.append(f"{self.command} {self.path}")
                self.send_error(403, "nothing but loopback is to be reached")

            do_CONNECT = do_GET = do_HEAD = do_POST = do_PUT = refuse

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Refuses)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def environment(self):
        """What makes clients use it for all but loopback."""
        proxy = f"http://127.0.0.1:{self.server_port}"
        names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        proxies = {spelt: proxy for name in names for spelt in (name, name.lower())}
        return {**proxies, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


@contextlib.contextmanager
def running(binaries, settings=None):
    """The server with these settings besides its own, in front of the simulator, and the trap for all that is not on loopback; stopped at the end."""
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory())
        simulator, address = started([str(binaries / "simulator"), "--listen", "127.0.0.1:0"], r"listening on (\S+)")
        stack.callback(simulator.kill)
        port = free_port()
        config = Path(data) / "switchyard.yaml"
        config.write_text(configuration(address))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SWITCHYARD_")},
            "SWITCHYARD_DATA_DIR": data,
            "SWITCHYARD_LISTEN": f"127.0.0.1:{port}",
            **(settings or {}),
        }
        switchyard, options = str(binaries / "switchyard"), ["--config", str(config)]
        process = subprocess.Popen(
            [switchyard, "serve", *options], env=environment, cwd=data, stdout=subprocess.DEVNULL
        )
        stack.callback(process.wait, timeout=40)
        stack.callback(process.terminate)
        base = f"http://127.0.0.1:{port}"
        wait_ready(base, process)
        yield Server(base, f"http://{address}", switchyard, options, data), Trap()


def configuration(simulator):
    providers = "".join(
        f"  - name: {name}\n    vendor: {vendor}\n    base_url: http://{simulator}{path}\n"
        "    api_key: sk-simulated-0123456789\n    models:\n"
        + "".join(f"      - model: {json.dumps(model)}\n" for model in models)
        for name, vendor, path, models in PROVIDERS
    )
    scripted = "".join(
        f"  - name: {name}\n    targets:\n      - provider: upstream\n        model: {json.dumps(model)}\n"
        for name, model in SCRIPTED.items()
    )
    return f"""settings:
  log_level: WARN
  llm_timeout_seconds: 2
providers:
{providers}routes:
  - name: fast
    strategy: failover
    targets:
      - provider: upstream
        model: {json.dumps(ALWAYS_TRIED)}
      - provider: upstream
        model: gpt-sim
{scripted}"""


def started(command, pattern):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    found = re.search(pattern, line)
    if not found:
        process.kill()
        sys.exit(f"{command[0]} did not start: {line!r}")
    return process, found.group(1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_ready(base, process):
    for _ in range(200):
        if process.poll() is not None:
            sys.exit(f"the server ended with {process.returncode}")
        try:
            with loopback.open(f"{base}/health/ready", timeout=1) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    sys.exit("the server did not become ready")
