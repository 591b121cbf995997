"""A running server and the simulated provider behind it, as the cases know them: by the environment. Standard library only."""

import json
import os
import subprocess
import urllib.request

# Without the proxies of the environment: all that is asked here is on loopback.
loopback = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """Where it is, and how to ask it and the simulator."""

    def __init__(self, base, simulator, program, options, data):
        self.base = base
        self.simulator = simulator
        self._program = program
        self._options = options
        self._data = data

    def environment(self):
        """What `of_environment` makes the same one of."""
        return {
            "SWITCHYARD": self.base,
            "SIMULATOR": self.simulator,
            "SWITCHYARD_CLI": json.dumps([self._program, self._options, self._data]),
        }

    @classmethod
    def of_environment(cls):
        return cls(os.environ["SWITCHYARD"], os.environ["SIMULATOR"], *json.loads(os.environ["SWITCHYARD_CLI"]))

    def cli(self, *arguments):
        """What the server's own command line says as JSON."""
        settings = {name: value for name, value in os.environ.items() if not name.startswith("SWITCHYARD")}
        told = subprocess.run(
            [self._program, *arguments, "--json", *self._options],
            env={**settings, "SWITCHYARD_DATA_DIR": self._data},
            cwd=self._data, check=True, capture_output=True, text=True,
        )
        return json.loads(told.stdout)

    def key(self, name, *options):
        """A new virtual key. The running server sees it within a second."""
        return self.cli("keys", "create", "--name", name, *options)["key"]

    def script(self, model, script):
        """Sets what the simulator answers whoever asks for the model."""
        self._simulate("POST", "/__script", {"model": model, "script": script})

    def forget_calls(self):
        self._simulate("DELETE", "/__calls")

    def calls(self):
        """The calls that reached the simulator, in their order."""
        return self._simulate("GET", "/__calls")

    def _simulate(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.simulator + path, data=data, method=method)
        with loopback.open(request, timeout=10) as answer:
            return json.load(answer)
