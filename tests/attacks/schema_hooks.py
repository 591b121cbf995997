"""What schemathesis asks of every answer besides its own questions, and as whom it asks. Loaded by schemathesis itself."""

import os
import sys
from pathlib import Path

import schemathesis

sys.path.insert(0, str(Path(__file__).resolve().parent))

from people import People  # noqa: E402

PEOPLE = People(os.environ["ATTACKED"], os.environ["ATTACKED_KEY"])
ROLE = os.environ["ATTACKED_AS"]

# Whoever asks these is signed out by it, or changes what they sign in with: each is asked in a session of its own.
ENDING = {"/api/v1/auth/logout", "/api/v1/auth/password", "/api/v1/sessions", "/api/v1/sessions/{id}"}
# Asked by virtual keys, not by people.
BY_KEY = ("/chat/completions", "/api/v1/virtual-keys/self")


@schemathesis.check
def no_defect(ctx, response, case):
    """A 500 is a defect of ours, documented or not; nothing takes longer than two seconds."""
    if response.status_code == 500:
        raise AssertionError(f"a defect: {response.text}")
    if response.elapsed > 2 and case.path not in SLOW:
        raise AssertionError(f"{case.path} took {response.elapsed:.1f} s")


# They ask others, who may take their time.
SLOW = {"/api/v1/rekey", *(f"/api/external/{verb}" for verb in ("get", "post", "put", "delete"))}


class Bearer:
    """The session in which nothing ends."""

    token = None

    @classmethod
    def of(cls, case):
        if ROLE == "nobody":
            return None
        if case.path in BY_KEY or case.path.startswith(("/v1/", "/v1beta/")):
            return PEOPLE.key
        if case.path in ENDING:
            return PEOPLE.token(ROLE)
        if cls.token is None or PEOPLE.ask("GET", "/api/v1/auth/me", bearer=cls.token)[0] != 200:
            cls.token = PEOPLE.token(ROLE)
        return cls.token


@schemathesis.hook
def before_call(ctx, case, kwargs):
    token = Bearer.of(case)
    if token and not any(name.lower() == "authorization" for name in case.headers or {}):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


@schemathesis.hook
def filter_case(ctx, case):
    # The password that everybody signs in with stays.
    body = case.body if isinstance(case.body, dict) else {}
    return not (case.path == "/api/v1/auth/password" and body.get("current_password") == "Gravel-Otter-7")
