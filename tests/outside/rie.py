#!/usr/bin/env python3
"""Sends events/* to the built bootstraps and compares the answers.

The services behind the bootstraps are those of a running `sotto`, so that the answers are real ones.
Each event is sent twice: as the file is, and with the ids and tokens of the demo workspace in the
place of its placeholders. What the answers must be stands in the table of events/README.md.

    rie.py --sotto target/debug/sotto target/smoke        bootstraps that cargo built
    rie.py --sotto target/debug/sotto .aws-sam/build      bootstraps that `sam build` built
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from emulator import FUNCTIONS, Emulated, bootstrap, variables
from program import ROOT, Program

ROW = re.compile(
    r"^\| `([a-z-]+)/([a-z-]+\.json)` \| .* \| `(\d{3}|no failures|a report)` \| `(\d{3}|no failures|a report)` \|$"
)


def expectations():
    """Function -> [(event file, answer as it is, answer in the demo)], from the table."""
    table = {}
    for line in (ROOT / "events" / "README.md").read_text().splitlines():
        if row := ROW.match(line):
            file = ROOT / "events" / row[1] / row[2]
            table.setdefault(row[1], []).append((file, row[3], row[4]))
    listed = {row[0] for rows in table.values() for row in rows}
    if unlisted := set((ROOT / "events").glob("*/*")) - listed:
        raise SystemExit(f"not in the table of events/README.md: {sorted(map(str, unlisted))}")
    if silent := set(FUNCTIONS) - set(table):
        raise SystemExit(f"no event in the table of events/README.md for: {sorted(silent)}")
    return table


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


def verdict(answer, expected):
    """The answer in a word, and whether it is the expected one."""
    if not isinstance(answer, dict) or "errorType" in answer:
        return f"function error {answer}", False
    if "batchItemFailures" in answer:
        text = str(answer) if answer["batchItemFailures"] else "no failures"
        return text, text == expected
    if "statusCode" not in answer and all(isinstance(count, int) for count in answer.values()):
        return str(answer), bool(answer) and expected == "a report"
    status = str(answer.get("statusCode"))
    return f"{status} {(answer.get('body') or '')[:200]}", status == expected


def run(function, events, demo):
    """Sends all events of one function; returns the number of wrong answers."""
    wrong = 0
    for file, as_it_is, in_demo in events:
        event = file.read_bytes()
        for how, payload, expected in [
            ("as it is", event, as_it_is), ("in the demo", with_demo(event, demo), in_demo)
        ]:
            text, right = verdict(function.invoke(payload), expected)
            name = f"{function.function}/{file.name} {how}"
            print(f"  {'ok   ' if right else 'WRONG'} {name}: {expected if right else text}", flush=True)
            wrong += not right
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sotto", type=Path, required=True, help="the program that brings the services")
    parser.add_argument("folder", type=Path, help="where the built bootstraps are")
    parser.add_argument("functions", nargs="*", help="only these; all when none is named")
    options = parser.parse_args()
    table = expectations()
    tried = wrong = 0
    with tempfile.TemporaryDirectory(prefix="sotto-rie-") as folder:
        arguments = ["--ephemeral", "--port", "0", "--json"]
        services = Program(options.sotto, arguments, f"{folder}/services")
        log_path = Path(folder) / "log"
        with open(log_path, "wb") as log:
            for name in options.functions or FUNCTIONS:
                program = bootstrap(options.folder, name)
                function = Emulated(program, name, variables(services.ready), log)
                try:
                    tried += 2 * len(table[name])
                    wrong += run(function, table[name], services.demo)
                finally:
                    function.stop()
        services.stop()
        if wrong:
            print(log_path.read_text("utf-8", "replace")[-4000:])
    print(f"{tried} answers, {wrong} wrong")
    return 1 if wrong or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
