"""Asks the running server for everything that its own OpenAPI document describes, and for what it does not, once as somebody of each
role: `schema.py [CASES] [ROLE ...]`. Statuses that are not in the document, a 500, answers of another shape: none may come.
Standard library and schemathesis."""

import os
import subprocess
import sys

import people

CHECKS = [
    "no_defect",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
]


def asked(tools, person, role, cases):
    """Whether everything held."""
    command = [
        str(tools / "st"), "run", f"{person.base}/openapi.json",
        "--checks", ",".join(CHECKS), "--max-examples", str(cases), "--continue-on-failure",
        "--phases", "examples,coverage,fuzzing,stateful", "--request-timeout", "20", "--no-color",
        "--suppress-health-check", "all", "--warnings", "off",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "ATTACKED": person.base, "ATTACKED_KEY": person.key, "ATTACKED_AS": role,
        "SCHEMATHESIS_HOOKS": "schema_hooks", "PYTHONPATH": str(people.HERE), "NO_PROXY": "127.0.0.1",
    }  # fmt: skip
    return subprocess.run(command, env=environment, cwd=people.HERE).returncode == 0


def main():
    cases, roles = int((sys.argv[1:2] or ["40"])[0]), sys.argv[2:] or people.ROLES
    tools, binaries, failed = people.tools(), people.built(), []
    for role in roles:
        print(f"== as {role}", flush=True)
        with people.served(binaries) as person:
            if not asked(tools, person, role, cases):
                failed.append(role)
    if failed:
        sys.exit(f"the document and the server differ, as seen by: {', '.join(failed)}")
    print("the document says what the server does")


if __name__ == "__main__":
    main()
