"""A server with somebody of every role. Standard library only."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "clients"))

import stand  # noqa: E402
from server import loopback  # noqa: E402

ADMIN, PASSWORD = "ada.admin", "Gravel-Otter-7"
ROLES = ["nobody", "member", "auditor", "admin"]

# Nobody is throttled: what is asked is asked often.
SETTINGS = {
    "SWITCHYARD_ADMIN_USERNAME": ADMIN,
    "SWITCHYARD_ADMIN_PASSWORD": PASSWORD,
    "SWITCHYARD_ALLOW_OPEN_REGISTRATION": "true",
    "SWITCHYARD_REGISTER_RATE_LIMIT": "1000000 per minute",
    "SWITCHYARD_LOGIN_RATE_LIMIT": "1000000 per minute",
    "SWITCHYARD_SESSION_RATE_LIMIT": "1000000 per minute",
    "SWITCHYARD_API_RATE_LIMIT": "1000000 per minute",
    "SWITCHYARD_RATE_LIMIT_ENABLED": "false",
    # Whoever asks may say from where, so that tries need not all come from one address.
    "SWITCHYARD_TRUSTED_PROXIES": "127.0.0.1/32",
}


class People:
    """A running server, and who may ask it."""

    def __init__(self, base, key):
        self.base = base
        self.key = key

    def ask(self, method, path, body=None, bearer=None):
        """The status and the JSON of the answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        request.add_header("content-type", "application/json")
        if bearer:
            request.add_header("authorization", f"Bearer {bearer}")
        try:
            with loopback.open(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def token(self, role):
        """A new access token of somebody of this role; none of nobody."""
        if role == "nobody":
            return None
        name = ADMIN if role == "admin" else f"the.{role}"
        status, said = self.ask("POST", "/api/auth/login", {"username": name, "password": PASSWORD})
        if status != 200:
            sys.exit(f"{name} can't sign in: {status} {said}")
        return said["access_token"]

    def settle(self):
        """Makes a member and an auditor."""
        for role in ["member", "auditor"]:
            body = {"username": f"the.{role}", "email": f"{role}@example.com", "password": PASSWORD}
            status, said = self.ask("POST", "/api/auth/register", body)
            if status != 201:
                sys.exit(f"nobody of the role {role} could be made: {status} {said}")
            change = self.ask("PATCH", f"/api/v1/users/{said['user']['id']}", {"role": role}, self.token("admin"))
            if change[0] != 200:
                sys.exit(f"nobody of the role {role} could be made: {change}")


@contextlib.contextmanager
def served(binaries):
    """A server with people in it; ends with the block."""
    with stand.running(binaries, SETTINGS) as (server, _):
        people = People(server.base, server.key("attacks"))
        time.sleep(1.1)  # the running server sees the key within a second
        people.settle()
        yield people


def built():
    """The folder of the binaries: `PROFILE` says of which kind, `BINARIES` where they are if they are not to be built."""
    if given := os.environ.get("BINARIES"):
        return Path(given)
    profile = os.environ.get("PROFILE", "release")
    command = [os.environ.get("CARGO", "cargo"), "build", "--locked", "-p", "switchyard-server", "-p", "switchyard-testkit", "--bins"]
    subprocess.run(command + {"debug": [], "release": ["--release"]}[profile], cwd=ROOT, check=True)
    return ROOT / "target" / profile


def tools():
    """The folder of the tools' programs, installed in an environment of their own."""
    environment = ROOT / "target" / "attacks"
    interpreter = environment / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    requirements = str(HERE / "requirements.txt")
    subprocess.run([str(interpreter), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", requirements], check=True)
    return environment / "bin"
