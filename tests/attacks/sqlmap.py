"""Tries to get SQL through the login, ids, queries and the credential's header of the running server: `sqlmap.py [LEVEL] [RISK]`. None may be
found. Standard library and sqlmap."""

import json
import os
import subprocess
import sys
import tempfile

import people

# What sqlmap says in its log where there is something.
FOUND = ["is vulnerable", "' injectable", "identified the following injection point"]
NOTHING = "do not appear to be injectable"
# Nobody looked at a try that was sent away for being one of many.
SENT_AWAY = "429 (Too Many Requests)"


def targets(person):
    """By name: what of sqlmap's options says where to look. The mark `*` is the place."""
    admin = {"Authorization": f"Bearer {person.token('admin')}"}
    login = json.dumps({"username": "ada.admin*", "password": "x*"})
    register = json.dumps({"username": "some.body*", "email": "some*@example.com", "password": "Gravel-Otter-7"})
    call = json.dumps({"model": "gpt-sim*", "messages": [{"role": "user", "content": "hi"}]})
    key = {"Authorization": f"Bearer {person.key}"}
    return {
        "the login": ("/api/v1/auth/login", {}, login),
        "the documented login": ("/api/auth/login", {}, login),
        "registration": ("/api/v1/auth/register", {}, register),
        "a person's id": ("/api/v1/users/1*", admin, None),
        "a key's id": ("/api/v1/virtual-keys/1*", admin, None),
        "a session's id": ("/api/v1/sessions/0192f0c1-0000-7000-8000-000000000000*", admin, None),
        "the pages of people": ("/api/v1/users?limit=1*&after=0*", admin, None),
        "the pages of keys": ("/api/v1/virtual-keys?limit=1*&after=0*", admin, None),
        "the filters of the audit log": ("/api/v1/audit?actor=a*&object=b*&action=sign_in*&from=2001-01-01T00:00:00Z*", admin, None),
        "the filters of calls": ("/api/v1/requests?provider=a*&model=b*&route=c*&request_id=d*&status=complete*", admin, None),
        "the pages of calls": ("/api/v1/requests?limit=1*&after=0*&from=2001-01-01*&to=2101-01-01*&key=1*&user=1*", admin, None),
        "a call's id": ("/api/v1/requests/0192f0c1-0000-7000-8000-000000000000*", admin, None),
        "the sums of usage": ("/api/v1/usage?zone=UTC*&group_by=model*&interval=day*&from=2101-01-01*&to=2101-01-02*", admin, None),
        "the table of usage": ("/api/v1/usage.csv?zone=UTC*&group_by=key*&key=1*&user=1*", admin, None),
        "the log of calls": ("/api/logs?lastTimestamp=2030-01-01T00:00:00Z*&limit=1*", admin, None),
        "the key that others are saved under": ("/api/save-keys", {}, json.dumps({"virtualKey": "sy-aaaa*", "openaiKey": "sk-aaaa*"})),
        "a provider's name": ("/api/v1/keys/openai*/test", admin, "{}"),
        "the model of a call": ("/v1/chat/completions", key, call),
        "a model's name": ("/v1/models/gpt-sim*", key, None),
        "the key's header": ("/v1/models", {"Authorization": "Bearer sy-aaaa*"}, None),
        "another key's header": ("/v1/models", {"x-api-key": "sy-aaaa*"}, None),
        "the session's header": ("/api/v1/auth/me", {"Authorization": "Bearer e30.e30.e30*"}, None),
        "the session's cookie": ("/api/v1/auth/me", {"Cookie": "access_token_cookie=e30.e30.e30*"}, None),
        "the name of a request": ("/api/v1/virtual-keys", {**admin, "Idempotency-Key": "one*"}, json.dumps({"name": "k*"})),
    }


def tried(tools, base, level, risk, target, folder):
    """What sqlmap said of one place."""
    path, headers, body = target
    command = [
        str(tools / "sqlmap"), "-u", base + path, "--batch", "--disable-coloring", "--output-dir", folder, "--flush-session",
        "--level", level, "--risk", risk, "--technique", "BEUST", "--time-sec", "2", "--threads", "4", "--ignore-code", "*",
        # Each try comes from another address, so that none is sent away for being one of many.
        "--tamper", "xforwardedfor", "--ignore-proxy", "-H", "X-Request-ID: one-and-the-same", "--dbms", os.environ.get("DBMS", "SQLite"),
    ]  # fmt: skip
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    if body:
        command += ["--data", body, "-H", "Content-Type: application/json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    return done.stdout + done.stderr


def is_suspected(said):
    """Whether sqlmap saw anything, or could not look."""
    return NOTHING not in said or SENT_AWAY in said or any(word in said for word in FOUND)


def main():
    level, risk = (sys.argv[1:] + ["3", "2"][len(sys.argv) - 1 :])[:2]
    tools, binaries, found = people.tools(), people.built(), []
    with people.served(binaries) as person, tempfile.TemporaryDirectory() as folder:
        for name, target in targets(person).items():
            said = tried(tools, person.base, level, risk, target, folder)
            if is_suspected(said) and NOTHING in said:
                # An answer that repeats what was asked differs from try to try: what sqlmap took back itself is looked at once more.
                said = tried(tools, person.base, level, risk, target, folder)
            if is_suspected(said):
                found.append(name)
            print(f"{name}: {'nothing' if name not in found else said[-3000:]}", flush=True)
    if found:
        sys.exit(f"something was found, or nothing could be tried, at: {', '.join(found)}")
    print("nothing was found at any of the places")


if __name__ == "__main__":
    main()
