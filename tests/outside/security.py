#!/usr/bin/env python3
"""Checks the parts we build on, and what an attacker can reach, and writes a dated report.

    security.py gate                 licences, forbidden parts and sources; fails on any. Known weaknesses
                                     too where their database can be reached, else one line says "not checked"
    security.py sbom                 prints what is built from which parts (CycloneDX 1.6)
    security.py report [--day DAY]   everything, as docs/security/DAY.md; fails when something was found
    security.py fuzz [TARGET …]      the fuzz targets alone, all of them or these, for --fuzz-seconds each

What `fuzz` found it writes down in target/fuzz.json; a report with --fuzz-seconds 0 says what stands there of the last
seven days, so that fuzzing may go on for hours and elsewhere.
A check that could not be made is said to be "not checked", and never taken for one that found nothing.
`sotto doctor` warns of a report that is older than 35 days, and of one that did not check for weaknesses.
"""

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = Path(__file__).resolve().parent
REPORTS = ROOT / "docs" / "security"
# Each fuzz target gets this long in a report.
FUZZ_SECONDS = 60
# What fuzzing that went on apart has found, target by target, and how long a report repeats it.
FUZZED = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "fuzz.json"
FUZZED_DAYS = 7
NOTHING, FOUND, UNCHECKED = "nothing found", "FOUND", "not checked"


def run(*command, cwd=ROOT, **more):
    """The end of a command, with what it printed; none when there is no such command."""
    if shutil.which(command[0]) is None:
        return None
    return subprocess.run(command, cwd=cwd, text=True, capture_output=True, stdin=subprocess.DEVNULL, **more)


def last_line(text, otherwise):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else otherwise


def denials(text):
    """What cargo-deny objects to: one line of JSON each, on standard error."""
    found = []
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        fields = said.get("fields", {})
        if said.get("type") == "diagnostic" and fields.get("severity") == "error":
            advisory = (fields.get("advisory") or {}).get("id")
            crates = {graph.get("Krate", graph).get("name") for graph in fields.get("graphs", [])}
            about = ", ".join(sorted(filter(None, crates)))
            found.append(" ".join(filter(None, [advisory or fields.get("code"), about, fields.get("message")])))
    return found


def deny(*checks):
    """(state, lines) of checks of cargo-deny."""
    done = run("cargo-deny", "--format", "json", "--locked", "check", *checks)
    if done is None:
        return UNCHECKED, ["cargo-deny is not installed"]
    found = denials(done.stderr)
    if found:
        return FOUND, found
    if done.returncode != 0:
        return UNCHECKED, [last_line(done.stderr, "cargo-deny failed")[:300]]
    return NOTHING, [", ".join(checks)]


def parts():
    return deny("licenses", "bans", "sources")


def weaknesses():
    """Known weaknesses of Rust parts; their database is fetched first."""
    fetched = run("cargo-deny", "fetch", "db")
    if fetched is None:
        return UNCHECKED, ["cargo-deny is not installed"]
    if fetched.returncode != 0:
        return UNCHECKED, ["the database of RustSec cannot be reached"]
    return deny("advisories")


def node_weaknesses():
    """Known weaknesses of what checks the client and what judges us; none of it is deployed."""
    found, asked = [], 0
    for lock in sorted(ROOT.glob("**/package-lock.json")):
        if "node_modules" in lock.parts or "target" in lock.parts:
            continue
        done = run("npm", "audit", "--json", "--package-lock-only", cwd=lock.parent)
        if done is None:
            return UNCHECKED, ["npm is not installed"]
        try:
            weak = json.loads(done.stdout)["vulnerabilities"]
        except (ValueError, KeyError):
            return UNCHECKED, ["the registry of npm does not say"]
        asked += 1
        place = lock.parent.relative_to(ROOT)
        found += [f"{place}: {name}, {one['severity']}" for name, one in sorted(weak.items())]
    return (FOUND, found) if found else (NOTHING, [f"{asked} lock files"])


def templates():
    done = run("checkov", "--config-file", ".checkov.yaml")
    if done is None:
        return UNCHECKED, ["checkov is not installed"]
    if done.returncode == 0:
        return NOTHING, ["template.yaml and infra/"]
    failed = [line.strip() for line in done.stdout.splitlines() if line.startswith("Check:")]
    return FOUND, failed or [last_line(done.stderr, "checkov failed")]


def fuzz_targets():
    """The names of all fuzz targets; none without a nightly compiler and cargo-fuzz."""
    listed = run("cargo", "+nightly", "fuzz", "list")
    return listed.stdout.split() if listed and listed.returncode == 0 else None


def fuzzed():
    """What is written down of each target: the day, the seconds, and a crash or nothing."""
    return json.loads(FUZZED.read_text()) if FUZZED.exists() else {}


def fuzz(targets, seconds):
    """Lets each of these look for `seconds`, from where the last one ended, and writes down what it found."""
    for target in targets:
        # 1 MiB is more than anything takes.
        limits = [f"-max_total_time={seconds}", "-max_len=1048576", "-rss_limit_mb=2048", "-timeout=10"]
        done = run("cargo", "+nightly", "fuzz", "run", "-O", target, "--", *limits)
        crash = None
        if done.returncode != 0:
            written = [line for line in done.stderr.splitlines() if "Test unit written to" in line]
            crash = written[0].strip() if written else last_line(done.stderr, "it ended")
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        FUZZED.parent.mkdir(exist_ok=True)
        FUZZED.write_text(json.dumps(fuzzed() | {target: {"day": day, "seconds": seconds, "crash": crash}}, indent=1))


def said_of_fuzzing(targets, since):
    """(state, lines) of what is written down since a day. A target that nobody ran leaves all of it unchecked."""
    ran = {name: of for name, of in fuzzed().items() if name in targets and of["day"] >= since.isoformat()}
    crashes = [f"{name}: {of['crash']}" for name, of in sorted(ran.items()) if of["crash"]]
    missing = sorted(set(targets) - set(ran))
    times = [f"{name} {of['seconds']} s" for name, of in sorted(ran.items())]
    if crashes:
        return FOUND, crashes
    if missing:
        return UNCHECKED, [f"not run: {', '.join(missing)}" + (f"; nothing found in {', '.join(times)}" if times else "")]
    return NOTHING, [", ".join(times)]


def fuzzers(day, seconds):
    """Every parser of bytes from outside."""
    targets = fuzz_targets()
    if targets is None:
        return UNCHECKED, ["there is no nightly compiler with cargo-fuzz"]
    # To libFuzzer no time is for ever.
    if seconds:
        fuzz(targets, seconds)
    return said_of_fuzzing(targets, day - datetime.timedelta(days=FUZZED_DAYS))


def strangers():
    """The whole API as its document says it is, with the tokens of two tenants, in any order."""
    if shutil.which("schemathesis") is None:
        return UNCHECKED, ["schemathesis is not installed"]
    done = run(sys.executable, str(OUTSIDE / "schema.py"))
    if done.returncode == 0:
        return NOTHING, [last_line(done.stdout, "")]
    return FOUND, [line for line in done.stdout.splitlines() if line.startswith("- ")] or [last_line(done.stderr, "it failed")]


def metadata():
    done = run("cargo", "metadata", "--format-version", "1", "--locked")
    if done is None or done.returncode != 0:
        raise SystemExit("security.py: cargo metadata fails: " + (done.stderr if done else "there is no cargo"))
    return json.loads(done.stdout)


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def sbom():
    """What is built from which parts: https://cyclonedx.org/docs/1.6/json/."""
    data = metadata()
    checksums = {}
    import tomllib
    for package in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]:
        checksums[package["name"], package["version"]] = package.get("checksum")
    by_id = {package["id"]: package for package in data["packages"]}
    components = []
    for package in sorted(data["packages"], key=lambda one: (one["name"], one["version"])):
        component = {
            "type": "library",
            "bom-ref": package["id"],
            "name": package["name"],
            "version": package["version"],
            "purl": purl(package),
        }
        if package["license"]:
            component["licenses"] = [{"expression": " ".join(package["license"].replace("/", " OR ").split())}]
        if checksum := checksums[package["name"], package["version"]]:
            component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        components.append(component)
    dependencies = [
        {"ref": node["id"], "dependsOn": sorted(dep for dep in node["dependencies"] if dep in by_id)}
        for node in data["resolve"]["nodes"]
    ]
    lock = (ROOT / "Cargo.lock").read_bytes()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # The same lock file is the same list, whoever makes it.
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_OID, lock.hex())),
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "sotto", "name": "sotto"}},
        "components": components,
        "dependencies": dependencies,
    }


def commit():
    done = run("git", "rev-parse", "--short=12", "HEAD")
    return done.stdout.strip() if done and done.returncode == 0 else "an unknown commit"


def report(day, seconds):
    """The text of a report, and whether anything was found."""
    checks = [
        ("licences, forbidden parts and sources", parts),
        ("known weaknesses of Rust parts", weaknesses),
        ("known weaknesses of Node parts, which are never deployed", node_weaknesses),
        ("templates of the deployment", templates),
        ("parsers of bytes from outside", lambda: fuzzers(day, seconds)),
        ("the API, with the tokens of two tenants", strangers),
    ]
    results = []
    for name, check in checks:
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        state, lines = check()
        print(state, file=sys.stderr)
        results.append((name, state, lines))
    rows = "".join(f"| {name} | {state} | {lines[0] if state != FOUND else f'{len(lines)}, below'} |\n" for name, state, lines in results)
    found = [(name, lines) for name, state, lines in results if state == FOUND]
    below = "".join(f"\n## {name}\n" + "".join(f"- {line}\n" for line in lines) for name, lines in found)
    text = (
        f"# Security report of {day}\n\n"
        f"Of {commit()}, {len(sbom()['components'])} parts. Written by `tests/outside/security.py report`.\n\n"
        f"| check | result | of |\n|---|---|---|\n{rows}{below}"
    )
    return text, bool(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["gate", "sbom", "report", "fuzz"])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="of fuzz: which; all by default")
    parser.add_argument("--day", type=datetime.date.fromisoformat, default=datetime.datetime.now(datetime.UTC).date())
    parser.add_argument("--into", type=Path, default=REPORTS, help="the folder of reports")
    parser.add_argument("--fuzz-seconds", type=int, default=FUZZ_SECONDS, help="for each parser; 0 leaves them out")
    what = parser.parse_args()
    # Cargo puts its own programs on the path of what it runs, and nobody else does.
    os.environ["PATH"] += os.pathsep + str(Path.home() / ".cargo" / "bin")
    if what.what == "sbom":
        json.dump(sbom(), sys.stdout, indent=1)
        print()
    elif what.what == "gate":
        state, lines = parts()
        print(f"licences, forbidden parts and sources: {state}", *(f"- {line}" for line in lines), sep="\n")
        weak, of = weaknesses()
        print(f"known weaknesses: {weak}", *(f"- {line}" for line in of), sep="\n")
        return 0 if state == NOTHING and weak != FOUND else 1
    elif what.what == "fuzz":
        targets = what.targets or fuzz_targets()
        if targets is None:
            raise SystemExit("security.py: there is no nightly compiler with cargo-fuzz")
        fuzz(targets, what.fuzz_seconds)
        today = datetime.datetime.now(datetime.UTC).date()
        state, lines = said_of_fuzzing(targets, today)
        print(f"parsers of bytes from outside: {state}", *(f"- {line}" for line in lines), sep="\n")
        return 1 if state == FOUND else 0
    else:
        text, found = report(what.day, what.fuzz_seconds)
        what.into.mkdir(parents=True, exist_ok=True)
        (what.into / f"{what.day}.md").write_text(text)
        print(text)
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
