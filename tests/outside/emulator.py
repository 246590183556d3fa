"""A built bootstrap under AWS's Lambda Runtime Interface Emulator, which aws-sam-cli brings along.

No Docker. The bootstrap sees what Lambda would give it: the variables of infra/rie.env, AWS's own,
and nothing else of this shell.
"""

import importlib.util
import json
import os
import platform
import random
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from program import ROOT

START_SECONDS = 20
LONGEST_SECONDS = 300
FUNCTIONS = sorted(folder.name for folder in (ROOT / "functions").iterdir() if folder.is_dir())


def emulator():
    """The emulator for this machine."""
    machine = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    package = importlib.util.find_spec("samcli")
    if package is None:
        raise SystemExit("aws-sam-cli is not installed for this Python; it brings the emulator")
    folder = Path(package.submodule_search_locations[0])
    return folder / "local" / "rapid" / f"aws-lambda-rie-{machine}"


def bootstrap(folder, function):
    """Where cargo or `sam build` put the function's program."""
    for path in (folder / function, folder / f"{function.capitalize()}Function" / "bootstrap"):
        if path.is_file():
            return path.resolve()
    raise SystemExit(f"the function {function} is not built in {folder}")


def variables(ready):
    """The committed environment, with the addresses of a running `sotto`'s services."""
    lines = (ROOT / "infra" / "rie.env").read_text().splitlines()
    result = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    result.update(
        ISSUER=ready["api"],
        AWS_ENDPOINT_URL_DYNAMODB=ready["dynamodb"],
        AWS_ENDPOINT_URL_KMS=ready["kms"],
        AWS_ENDPOINT_URL_S3=ready["s3"],
        AWS_ENDPOINT_URL_SESV2=ready["ses"],
        AWS_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="embedded",
        AWS_SECRET_ACCESS_KEY="embedded",
        AWS_SESSION_TOKEN="embedded",
        PATH=os.environ["PATH"],
    )
    return result


def free_port():
    """A port below those that the system gives out by itself, so that nobody else gets it meanwhile."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Emulated:
    """One function in one environment: it handles one event at a time, as on Lambda."""

    def __init__(self, program, function, environment, log):
        self.function = function
        port, api_port = free_port(), free_port()
        self._url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        self._lock = threading.Lock()
        # A session of its own, so that the bootstrap ends with the emulator.
        self._process = subprocess.Popen(
            [
                str(emulator()), "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
                "--runtime-api-address", f"127.0.0.1:{api_port}", str(program),
            ],
            env={
                **environment,
                "AWS_LAMBDA_FUNCTION_NAME": function,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                # The longest that the template gives a function: the wires are slow where other builds keep the
                # machine busy.
                "AWS_LAMBDA_FUNCTION_TIMEOUT": str(LONGEST_SECONDS),
            },
            stdout=log, stderr=log, start_new_session=True,
        )

    def invoke(self, event):
        """The function's answer to an event, both as JSON bytes or values."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        deadline = time.monotonic() + START_SECONDS
        with self._lock:
            while True:
                try:
                    request = urllib.request.Request(self._url, data=payload)
                    with urllib.request.urlopen(request, timeout=LONGEST_SECONDS + 30) as answer:
                        return json.loads(answer.read())
                except (urllib.error.URLError, ConnectionError):
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)

    def stop(self):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
