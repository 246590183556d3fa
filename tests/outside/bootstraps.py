#!/usr/bin/env python3
"""Measures how bootstraps start, beside the least that one can be, and the least with the SDK as it comes.

For each: its size, how long it takes until it asks for work (init), its first and its later answers, the largest its
memory was, and the instructions until it asks for work (valgrind, where there is one). The services behind it are those
of a running `sotto`; the Runtime API is twenty lines of this file, so that no emulator stands in between. Bootstraps
take turns, so that what else the machine does meets all of them.

    cargo build --profile smoke -p messages -p outbox -p retention --bins
    cargo build --profile smoke --manifest-path tests/outside/hello/Cargo.toml --target-dir target/hello
    cargo build --profile smoke --manifest-path tests/outside/stock/Cargo.toml --target-dir target/stock
    bootstraps.py --sotto target/debug/sotto --hello target/hello/smoke/hello --stock target/stock/smoke/stock \
        target/smoke messages outbox retention
"""

import argparse
import http.server
import json
import queue
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from emulator import bootstrap, variables
from program import ROOT, Program
from rie import with_demo

# What each is asked; the answer of `hello` and of `stock` to any request is a word.
EVENTS = {
    "hello": "messages/send.json",
    "messages": "messages/send.json",
    "outbox": "outbox/conversation-expired.json",
    "retention": "retention/minute.json",
    "stock": "messages/send.json",
}
FLOORS = ("hello", "stock")
START_SECONDS = 60
WARM = 200


class Runtime:
    """Lambda's Runtime API: hands out one event after another, and notes when each was asked for and answered."""

    def __init__(self):
        runtime = self
        self.asked = queue.Queue()
        self.events = queue.Queue()
        self.answers = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # One packet for an answer: else the other side's delayed acknowledgement costs 40 ms.
            wbufsize = -1
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                runtime.asked.put(time.perf_counter())
                event = runtime.events.get()
                if event is None:
                    self.close_connection = True
                    return
                self.send_response(200)
                deadline = str(int((time.time() + 300) * 1000))
                for name, value in [
                    ("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
                    ("Lambda-Runtime-Deadline-Ms", deadline),
                    ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench"),
                    ("Content-Type", "application/json"),
                    ("Content-Length", str(len(event))),
                ]:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(event)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                runtime.answers.put((time.perf_counter(), self.path, body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def answer(self, event):
        """Milliseconds from the event to its answer, and the answer."""
        begun = time.perf_counter()
        self.events.put(event)
        ended, path, body = self.answers.get(timeout=START_SECONDS)
        if not path.endswith("/response"):
            raise SystemExit(f"the bootstrap failed: {body[:400]}")
        self.asked.get(timeout=START_SECONDS)
        return (ended - begun) * 1000, body

    def stop(self):
        self.events.put(None)
        self._server.shutdown()


def environment(base, runtime, name):
    return {
        **base, "AWS_LAMBDA_RUNTIME_API": runtime.address, "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "1",
    }


def memory_kib(process):
    """The largest that its memory was (VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def measure(program, name, base, event, warm):
    """One environment, from its start to its end."""
    runtime = Runtime()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [str(program)], env=environment(base, runtime, name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        init = (runtime.asked.get(timeout=START_SECONDS) - begun) * 1000
        first, answer = runtime.answer(event)
        times = [runtime.answer(event)[0] for _ in range(warm)]
        return {"init": init, "first": first, "warm": times, "memory_kib": memory_kib(process), "answer": answer}
    finally:
        process.kill()
        process.wait()
        runtime.stop()


def instructions(program, name, base):
    """Instructions until it asks for work; nothing where there is no valgrind."""
    if not shutil.which("valgrind"):
        return None
    runtime = Runtime()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(program)],
            env=environment(base, runtime, name), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        try:
            runtime.asked.get(timeout=START_SECONDS * 3)
        except queue.Empty:
            process.kill()
            return None
        process.terminate()
        _, said = process.communicate()
        runtime.stop()
    found = re.search(r"Collected : (\d+)", said)
    return int(found[1]) if found else None


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sotto", type=Path, required=True, help="the program that brings the services")
    parser.add_argument("--hello", type=Path, required=True, help="the bootstrap to measure ours beside")
    parser.add_argument("--stock", type=Path, required=True, help="the bootstrap with the SDK as it comes: one GetItem")
    parser.add_argument("--turns", type=int, default=15, help="how often each is started")
    parser.add_argument("--json", action="store_true", help="figures instead of a table")
    parser.add_argument("folder", type=Path, help="where the built bootstraps are")
    parser.add_argument("functions", nargs="+", choices=sorted(set(EVENTS) - set(FLOORS)))
    options = parser.parse_args()
    names = [*FLOORS, *options.functions]
    programs = {name: bootstrap(options.folder, name) for name in options.functions}
    programs |= {"hello": options.hello.resolve(), "stock": options.stock.resolve()}
    rows = {}
    with tempfile.TemporaryDirectory(prefix="sotto-bench-") as folder:
        services = Program(options.sotto, ["--ephemeral", "--port", "0", "--json"], f"{folder}/services")
        base = variables(services.ready)
        events = {name: with_demo((ROOT / "events" / EVENTS[name]).read_bytes(), services.demo) for name in names}
        runs = {name: [] for name in names}
        for _ in range(options.turns):
            for name in names:
                runs[name].append(measure(programs[name], name, base, events[name], WARM // options.turns))
        for name in names:
            mine = runs[name]
            warm = [one for run in mine for one in run["warm"]]
            rows[name] = {
                "bytes": programs[name].stat().st_size,
                "init_ms": statistics.median(run["init"] for run in mine),
                "init_least_ms": min(run["init"] for run in mine),
                "first_ms": statistics.median(run["first"] for run in mine),
                "warm_ms": statistics.median(warm),
                "memory_kib": max(run["memory_kib"] for run in mine),
                "instructions": instructions(programs[name], name, base),
                "answer": mine[0]["answer"][:60].decode("utf-8", "replace"),
            }
        services.stop()
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    hello, stock = (rows[name] for name in FLOORS)
    print("| bootstrap | MiB | init, least and median ms | beside `hello`, `stock` | first ms | warm ms | memory MiB | M instructions to the first event |")
    print("|---|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        counted = f"{row['instructions'] / 1e6:.2f}" if row["instructions"] else "not counted"
        print(
            f"| `{name}` | {row['bytes'] / 2**20:.1f} | {row['init_least_ms']:.1f}, {row['init_ms']:.1f} "
            f"| {row['init_least_ms'] / hello['init_least_ms']:.1f}x, {row['init_least_ms'] / stock['init_least_ms']:.1f}x "
            f"| {row['first_ms']:.1f} | {row['warm_ms']:.2f} "
            f"| {row['memory_kib'] / 1024:.1f} | {counted} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
