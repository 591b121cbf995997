"""Runs the scripted cases of each client against the server, on loopback alone: `run.py [SUITE ...]`, all if none is named.
Standard library only."""

import os
import subprocess
import sys
import tempfile
import time

import stand
import suites

ROOT = suites.HERE.parents[1]


def build(profile):
    args = [os.environ.get("CARGO", "cargo"), "build", "--locked", "-p", "switchyard-server", "-p", "switchyard-testkit", "--bins"]
    args += {"debug": [], "release": ["--release"]}[profile]
    subprocess.run(args, cwd=ROOT, check=True)
    return ROOT / "target" / profile


def installed(names):
    """What runs the cases of these suites; and why some are not run, which is never so in continuous integration."""
    commands, skipped = [], []
    for name in names:
        try:
            commands += suites.commands(name)
        except suites.CannotInstall as why:
            if os.environ.get("CI"):
                sys.exit(f"{name} can't be installed: {why}")
            skipped.append(f"{name}: it can't be installed: {why}")
    return commands, skipped


def environment(server, trap, wanted):
    """What the cases know about the server; what Node's would reach for beyond this machine goes to the file `wanted`."""
    key = server.key("sdk")
    limited = server.key("limited", "--models", "fast", "--rpm", "1")
    time.sleep(1.1)  # the running server sees the keys within a second
    return {
        **os.environ,
        **trap.environment(),
        **server.environment(),
        "OPENAI_BASE_URL": f"{server.base}/v1",
        "OPENAI_API_KEY": key,
        "LIMITED_KEY": limited,
        "AGENTS": str(suites.TARGET / "agents" / "node_modules"),
        "PYTHONPATH": str(suites.HERE),
        "NODE_OPTIONS": f"--require={suites.HERE / 'node' / 'loopback_only.cjs'}",
        "WANTED_FILE": wanted,
    }


def failures(command, binaries):
    """What went wrong in a suite. Each has a server of its own: what one does to the health of a target is not the next one's."""
    with stand.running(binaries) as (server, trap), tempfile.NamedTemporaryFile("r") as wanted:
        known = environment(server, trap, wanted.name)
        failed = [command[-1]] if subprocess.run(command, env=known).returncode else []
        return failed + [f"the network was reached for: {where}" for where in [*trap.wanted, *wanted.read().split()]]


def main():
    unknown = [name for name in sys.argv[1:] if name not in suites.NAMES]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(suites.NAMES)}")
    suites.TARGET.mkdir(parents=True, exist_ok=True)
    commands, skipped = installed(sys.argv[1:] or suites.NAMES)
    binaries = build(os.environ.get("PROFILE", "debug"))
    failed = [failure for command in commands for failure in failures(command, binaries)]
    for why in skipped:
        print(f"SKIPPED {why}")
    if failed:
        sys.exit("failed: " + "\n  ".join(failed))


main()
