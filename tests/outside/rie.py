#!/usr/bin/env python3
"""Runs built bootstraps under AWS's Lambda Runtime Interface Emulator and sends them events/*.

The emulator comes with aws-sam-cli and needs no Docker. A bootstrap sees what Lambda would give it:
the variables of infra/rie.env, AWS's own, and nothing else of this shell. The services behind it
are those of a running `sotto`, so that the answers are real ones. Each event is sent twice: as the
file is, and with the ids and tokens of the demo workspace in the place of its placeholders. What
the answers must be stands in the table of events/README.md.

    rie.py --sotto target/debug/sotto target/smoke             target/smoke/<function>
    rie.py --sotto target/debug/sotto .aws-sam/build           .aws-sam/build/<Function>Function/bootstrap
"""

import argparse
import importlib.util
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from program import ROOT, Program

ROW = re.compile(
    r"^\| `([a-z-]+)/([a-z-]+\.json)` \| .* \| `(\d{3}|no failures|a report)` \| `(\d{3}|no failures|a report)` \|$"
)
START_SECONDS = 20


def expectations():
    """Function -> [(event file, answer as it is, answer with the demo's tokens)], from the table."""
    table = {}
    for line in (ROOT / "events" / "README.md").read_text().splitlines():
        if row := ROW.match(line):
            table.setdefault(row[1], []).append((ROOT / "events" / row[1] / row[2], row[3], row[4]))
    unlisted = set((ROOT / "events").glob("*/*.json")) - {row[0] for rows in table.values() for row in rows}
    if unlisted:
        raise SystemExit(f"not in the table of events/README.md: {sorted(map(str, unlisted))}")
    return table


def emulator():
    """The emulator for this machine, inside the installed aws-sam-cli."""
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
            return path
    return None


def variables(ready):
    """The committed environment, with the addresses of the running services."""
    lines = (ROOT / "infra" / "rie.env").read_text().splitlines()
    result = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    result.update(
        ISSUER=ready["api"],
        AWS_ENDPOINT_URL_DYNAMODB=ready["dynamodb"],
        AWS_ENDPOINT_URL_KMS=ready["kms"],
        AWS_ENDPOINT_URL_SESV2=ready["ses"],
        AWS_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="embedded",
        AWS_SECRET_ACCESS_KEY="embedded",
        AWS_SESSION_TOKEN="embedded",
        PATH=os.environ["PATH"],
    )
    return result


def with_demo(event, demo):
    """The event with what the demo workspace knows instead of placeholders."""
    text = event.decode()
    for placeholder, value in [
        ("put-a-member-token-here", demo["member_token"]),
        ("put-a-visitor-token-here", demo["visitor_token"]),
        ("put-an-app-key-here", demo["app_key"]),
        ("ws_01kf0a1b2c3d4e5f6g7h8j9k0m", demo["workspace_id"]),
        ("cnv_01kf0a1b2c3d4e5f6g7h8j9k0m", demo["conversation_id"]),
        ("https://www.example.com", demo["origin"]),
    ]:
        text = text.replace(placeholder, value)
    return text.encode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def invoke(port, payload):
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data=payload), timeout=60) as answer:
                return json.loads(answer.read())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def verdict(answer, expected):
    """The answer in a word, and whether it is the expected one."""
    if not isinstance(answer, dict) or "errorType" in answer:
        return f"function error {answer}", False
    if "batchItemFailures" in answer:
        text = str(answer) if answer["batchItemFailures"] else "no failures"
        return text, text == expected
    if "statusCode" not in answer and all(isinstance(count, int) for count in answer.values()):
        return str(answer), bool(answer) and expected == "a report"
    status = answer.get("statusCode")
    body = answer.get("body") or ""
    return f"{status} {body[:200]}", str(status) == expected


def run(program, function, events, services, log):
    """Sends all events of one function to one emulator; returns the number of wrong answers."""
    port, api_port = free_port(), free_port()
    environment = {
        **variables(services.ready),
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "10",
    }
    command = [
        str(emulator()), "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
        "--runtime-api-address", f"127.0.0.1:{api_port}", str(program.resolve()),
    ]
    wrong = 0
    # A session of its own, so that the bootstrap ends with the emulator.
    emulated = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        for file, as_it_is, in_demo in events:
            event = file.read_bytes()
            for how, payload, expected in [
                ("as it is", event, as_it_is), ("in the demo", with_demo(event, services.demo), in_demo)
            ]:
                text, right = verdict(invoke(port, payload), expected)
                shown = expected if right else f"{text} instead of {expected}"
                print(f"  {'ok   ' if right else 'WRONG'} {function}/{file.name} {how}: {shown}", flush=True)
                wrong += not right
    finally:
        os.killpg(emulated.pid, signal.SIGKILL)
        emulated.wait()
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sotto", type=Path, required=True, help="the program behind which the services run")
    parser.add_argument("folder", type=Path, help="where the built bootstraps are")
    parser.add_argument("functions", nargs="*", help="only these; all when none is named")
    options = parser.parse_args()
    tried = wrong = 0
    with tempfile.TemporaryDirectory(prefix="sotto-rie-") as folder:
        services = Program(
            options.sotto, ["--ephemeral", "--port", "0", "--json"], f"{folder}/services"
        )
        log_path = Path(folder) / "log"
        with open(log_path, "wb") as log:
            for function, events in sorted(expectations().items()):
                if options.functions and function not in options.functions:
                    continue
                program = bootstrap(options.folder, function)
                tried += 2 * len(events)
                if program is None:
                    print(f"  WRONG {function}: not built")
                    wrong += 2 * len(events)
                    continue
                wrong += run(program, function, events, services, log)
        services.stop()
        if wrong:
            print(log_path.read_text("utf-8", "replace")[-4000:])
    print(f"{tried} events, {wrong} wrong answers")
    return 1 if wrong or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
