#!/usr/bin/env python3
"""Calls the whole API as its document says, and as it does not, with the tokens of two tenants.

Schemathesis (on the path, from PyPI) reads /openapi.json and makes the calls, one after another and in chains in
which an answer's ids go into the next call. Half of the ids in paths are the caller's own, half the other tenant's.
Red is an answer of 5xx, one that the document does not know, one without its media type or its schema, and above all
one that holds a word which only the other tenant has.

    schema.py [--sotto target/debug/sotto] [--seconds 120] [--seed N]

What is called here is the embedded stack; tokens live for ten minutes, so a caller has less than that.
"""

import argparse
import json
import os
import random
import re
import secrets
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from pathlib import Path

HOOKS = "SOTTO_STRANGERS"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,nothing_of_another_tenant"
# They would end what the run lives from: the caller's sign-in, workspace, account or the only member.
ENDS = [r"/sign-?out", r"/auth/(logout|refresh|sessions)", r"/account(/|$)", r"/erasure", r"/close", r"/leave", r"/transfer", r"/operator/"]


def word():
    return "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(16))


def tenant(program, name):
    """A workspace with a conversation: what its people call with, and a word that only it has."""
    from program import mailed

    address, secret = f"{name}@{name}.example", word()
    challenge = program.ask("POST", "/v1/auth/signup", {"email": address, "adult": True}).expect(202)
    code = mailed(program.api, address, r"^\s*(\d{8})\s*$")
    signed = program.ask("POST", "/v1/auth/otp/verify", {"challenge_id": challenge["challenge_id"], "code": code})
    member = signed.expect(200)["access_token"]
    made = {"name": f"{name} {secret}", "profile": "inbox", "member_name": f"Ada {secret}"}
    workspace = program.ask("POST", "/v1/workspaces", made, member).expect(201)["id"]
    place, origin = f"/v1/workspaces/{workspace}", f"https://{name}.example"
    app = {"name": "Shop", "platform": "web", "origins": [origin]}
    app = program.ask("POST", f"{place}/apps", app, member).expect(201)
    session = {"app_key": app["public_key"]}
    session = program.ask("POST", "/v1/widget/sessions", session, headers={"origin": origin}).expect(201)
    first = {"client_message_id": str(uuid.uuid4()), "text": f"Where is my {secret}?"}
    begun = program.ask("POST", "/v1/widget/conversations", {"first_message": first}, session["session_token"])
    ids = {
        "workspace": workspace,
        "app": app["id"],
        "conversation": begun.expect(201)["conversation"]["id"],
        "contact": session["visitor"]["contact_id"],
        "member": program.ask("GET", f"{place}/members", token=member).expect(200)["data"][0]["id"],
        "team": program.ask("POST", f"{place}/teams", {"name": f"Team {secret}"}, member).json["id"],
        "seq": 1,
    }
    tokens = {"member": member, "visitor": session["session_token"]}
    return {"tokens": tokens, "ids": {key: value for key, value in ids.items() if value}, "secret": secret}


def hooks():
    """What schemathesis loads: who calls, with which ids, and what may not come back."""
    import schemathesis

    told = json.loads(os.environ[HOOKS])
    own, other, chance = told["own"], told["other"], random.Random(told["seed"])

    @schemathesis.hook
    def before_call(context, case, kwargs):
        for name, value in own["ids"].items():
            if name in (case.path_parameters or {}) and chance.random() < 0.8:
                case.path_parameters[name] = value if chance.random() < 0.5 else other["ids"].get(name, value)
        # Of another tenant's workspace everything is asked for, and not one id beside all of one's own.
        schemes = [name for one in case.operation.definition.raw.get("security", []) for name in one]
        token = next((own["tokens"][name] for name in schemes if name in own["tokens"]), None)
        if token and chance.random() < 0.95:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}

    @schemathesis.check
    def nothing_of_another_tenant(context, response, case):
        with open("statuses", "a") as file:
            file.write(f"{response.status_code} {'own' if own['secret'] in response.text else '-'}\n")
        # What a caller sends may come back; the other's word is sent by nobody.
        if other["secret"] in response.text:
            raise AssertionError(f"{case.operation.label} shows what only another tenant has")


def failures(report):
    """`METHOD path: what is wrong`, once each, of what schemathesis printed."""
    found, operation = [], None
    for line in report.splitlines():
        if match := re.match(r"_+ ((?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+|Stateful tests) _+", line):
            operation = match[1]
        elif operation and re.match(r"^- ", line):
            found.append(f"{operation}: {line[2:]}")
    return sorted(set(found))


def main():
    from program import Program, default_binary

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sotto", type=Path, default=default_binary())
    parser.add_argument("--seconds", type=int, default=120, help="for each of the two callers, up to 500")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    what = parser.parse_args()
    print(f"seed {what.seed}")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        program = Program(what.sotto, ["--ephemeral", "--json", "--port", "0"], Path(folder) / "output")
        document = Path(folder) / "openapi.json"
        document.write_bytes(program.ask("GET", "/openapi.json").body)
        both = [tenant(program, "first"), tenant(program, "second")]
        for own, other in [both, both[::-1]]:
            told = json.dumps({"own": own, "other": other, "seed": what.seed})
            command = ["schemathesis", "run", str(document), "--url", program.api]
            command += ["--phases", "fuzzing,stateful", "--mode", "all", "--checks", CHECKS, "--workers", "2"]
            command += ["--max-time", str(what.seconds), "--seed", str(what.seed), "--continue-on-failure"]
            command += ["--generation-with-security-parameters", "false", "--generation-database", "none", "--suppress-health-check", "all", "--no-shrink", "--no-color"]
            command += ["--exclude-path-regex", "|".join(ENDS), "--exclude-name", "DELETE /v1/workspaces/{workspace}"]
            environment = {**os.environ, HOOKS: told, "SCHEMATHESIS_HOOKS": str(Path(__file__).resolve())}
            done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)
            found += failures(done.stdout)
            if done.returncode not in (0, 1) or (done.returncode == 1 and not failures(done.stdout)):
                print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
                raise SystemExit("schemathesis did not run")
            # A search that finds nothing proves something only if it can find: a caller sees its own word.
            lines = (Path(folder) / "statuses").read_text().split("\n")[:-1]
            statuses = Counter(line.split(" ")[0] for line in lines)
            if sum(line.endswith(" own") for line in lines) < 10 or statuses["200"] < 50:
                raise SystemExit(f"CONTROL the caller hardly saw what is its own: {statuses}")
            (Path(folder) / "statuses").unlink()
            print(f"{len(lines)} answers:", ", ".join(f"{count} of {status}" for status, count in sorted(statuses.items())))
        program.stop()
    for line in sorted(set(found)):
        print(f"- {line}")
    print("FAILED" if found else "no answer was wrong, and nobody saw what is another tenant's")
    return 1 if found else 0


if HOOKS in os.environ:
    hooks()
elif __name__ == "__main__":
    sys.exit(main())
