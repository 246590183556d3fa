#!/usr/bin/env python3
"""Runs the integration suite with ministack as the data wire.

Every stack of the tests has its tables there, in an account of its own (local/src/data/elsewhere.rs); the other
services are the embedded ones. What differs stands in suite.txt with the reason, and that list may only shrink: a
test on it that passes fails the run, as does one that is not on it and fails, twice. A whole module on it (`calls::`)
is not run. tests/it/data_wire.rs holds how long the list may be.

    suite.py [--it target/debug/deps/it-…] [name…]        needs ministack on the path (PyPI)

Without --it the suite is built first, as `cargo test --workspace` builds it. A name is a test, or a module with `::`,
on the list or not.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from program import ROOT
from wires import start_ministack

LIST = Path(__file__).parent / "suite.txt"
# Longer than that, something hangs.
MOST_SECONDS = 60 * 60
OUTCOME = re.compile(r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)", re.MULTILINE)


def differences():
    """name of a test, or of a module with `::` -> why it differs."""
    lines = LIST.read_text().splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


def built():
    """The suite's program, as cargo built it last or builds it now."""
    command = ["cargo", "test", "--workspace", "--no-run", "--message-format=json"]
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = (json.loads(line) for line in told.splitlines() if line.startswith("{"))
    programs = [one["executable"] for one in messages if one.get("executable") and one["target"]["name"] == "it"]
    return Path(programs[-1])


def chosen(program, known, names):
    """The tests that are named, or all but those of the modules on the list."""
    told = subprocess.run([str(program), "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    tests = [line.removesuffix(": test") for line in told.splitlines() if line.endswith(": test")]
    among = lambda test, listed: any(test == one or one.endswith("::") and test.startswith(one) for one in listed)
    if names:
        return [test for test in tests if among(test, names)]
    modules = [name for name in known if name.endswith("::")]
    return [test for test in tests if not among(test, modules)]


def run(program, url, tests, threads):
    """Runs these tests: what came of each, and everything that was said."""
    environment = {**os.environ, "DATA_WIRE": url, "RUST_BACKTRACE": "0"}
    command = [str(program), "--test-threads", str(threads), "--exact", *tests]
    done = subprocess.run(
        command, cwd=ROOT / "tests", env=environment, text=True, errors="replace", timeout=MOST_SECONDS,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    return dict(OUTCOME.findall(done.stdout)), done.stdout


def last_words(said, test):
    """What a test that failed said."""
    found = re.search(rf"^---- {re.escape(test)} stdout ----\n(.*?)(?=^----|^failures:)", said, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split())[:300] if found else "said nothing"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--it", type=Path, help="the suite's program")
    parser.add_argument("--threads", type=int, default=2 * (os.cpu_count() or 1), help="how many tests at once")
    parser.add_argument("names", nargs="*", help="these alone")
    options = parser.parse_args()
    if shutil.which("ministack") is None:
        print("SKIPPED: ministack is not on the path (pip install ministack)")
        return 0
    known = differences()
    program = (options.it or built()).resolve()
    with tempfile.TemporaryDirectory() as folder:
        process, url = start_ministack(folder)
        try:
            began = time.monotonic()
            tests = chosen(program, known, options.names)
            outcomes, said = run(program, url, tests, options.threads)
            failed = [test for test, outcome in outcomes.items() if outcome == "FAILED"]
            again = [test for test in failed if test not in known]
            # One after the other: what only fails beside others on a busy machine is no difference of the wires.
            second, said_again = run(program, url, again, 1) if again else ({}, "")
            took = time.monotonic() - began
        finally:
            process.kill()
    differ = [test for test in again if second.get(test) != "ok"]
    gone = [test for test in known if outcomes.get(test) == "ok"]
    absent = [test for test in known if not test.endswith("::") and test not in outcomes and not options.names]
    faults = [f"{test}: {last_words(said_again, test)}" for test in differ]
    faults += [f"{test}: passes, take it from the list" for test in gone]
    faults += [f"{test}: is no test any more, take it from the list" for test in absent]
    if not outcomes:
        faults.append(f"no test ran: {said[-400:]}")
    passed = sum(outcome == "ok" for outcome in outcomes.values()) + len(again) - len(differ)
    print(*(f"- {fault}" for fault in faults), sep="\n")
    print(*(f"  {test} passed the second time" for test in again if test not in differ), sep="\n")
    print(f"{passed} of {len(outcomes)} tests pass on ministack, {len(failed) - len(again)} differ as listed, in {took:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
