#!/usr/bin/env python3
"""Does a test notice when a rule about privacy is written wrongly?

    cargo install cargo-mutants@27.1.0 --locked
    tests/outside/mutants.py                       all of them: most of an hour on one core
    tests/outside/mutants.py --shard 0/8           an eighth; other arguments of cargo-mutants pass too

cargo-mutants changes one operator, constant or return value at a time and runs the unit tests. The
rules have no I/O, so they are taken out of the workspace into a crate of their own, which builds in
a second: `shared/src/domain` as it is, with the versions that the workspace names. The score is
printed, and what nobody noticed.

It fails when a mutant survives that EQUAL does not name. Python 3.11 or newer, and a C compiler.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
CRATE = TARGET / "mutants" / "domain"

# Where the rules are: how erasures count and what they say, who is told before an end, what a
# workspace promises, how requests go, what a receipt is, and when data dies.
RULES = ["erasure", "idle", "policy", "privacy", "receipt", "retention"]

# What no test can notice, because it comes to the same.
EQUAL = {
    "replace < with <= in shorter": "of two equal lengths either is the shorter one",
    "replace > with >= in erasure_days::max": "of two equal numbers either is the larger one",
}

# Tests that ask for none of these rules, and take long.
ASIDE = ["analytics", "billing", "card_number", "device", "flow", "hours", "push", "text"]

# The crates that `shared/src/domain` names, and what its tests name.
USES = ["aws-lc-rs", "data-encoding", "jiff", "serde", "serde_json", "serde_json_canonicalizer",
        "thiserror", "utoipa", "uuid", "zeroize"]
TESTS_USE = ["proptest"]


def in_toml(value):
    """A version as Cargo writes it: a text, or a table of texts, lists and yes or no."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {in_toml(one)}" for name, one in value.items()) + " }"
    return json.dumps(value)


def take_out():
    """The rules, in a crate of their own."""
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
    shared = tomllib.loads((ROOT / "shared/Cargo.toml").read_text())
    versions = workspace["dependencies"]

    def lines(names, kind):
        for name in names:
            version = versions[name]
            version = dict(version) if isinstance(version, dict) else {"version": version}
            said = shared[kind].get(name, {})
            features = version.get("features", []) + (said.get("features", []) if isinstance(said, dict) else [])
            if features:
                version["features"] = features
            yield f"{name} = {in_toml(version)}"

    # What was compiled for it stays.
    shutil.rmtree(CRATE / "src", ignore_errors=True)
    (CRATE / "src").mkdir(parents=True)
    shutil.copytree(ROOT / "shared/src/domain", CRATE / "src/domain")
    (CRATE / "src/lib.rs").write_text("pub mod domain;\n")
    # The whole list of what was compiled; cargo leaves out what is not used here.
    shutil.copy(ROOT / "Cargo.lock", CRATE / "Cargo.lock")
    edition = workspace.get("package", {}).get("edition", "2024")
    (CRATE / "Cargo.toml").write_text("\n".join([
        "[package]", 'name = "domain"', 'version = "0.0.0"', f'edition = "{edition}"', "", "[workspace]", "",
        "[dependencies]", *lines(USES, "dependencies"), "",
        "[dev-dependencies]", *lines(TESTS_USE, "dev-dependencies"), "",
        "[profile.dev]", "debug = false", ""]))


def main():
    take_out()
    files = [argument for rule in RULES for argument in ("-f", f"src/domain/{rule}.rs")]
    aside = [argument for name in ASIDE for argument in ("--skip", f"domain::{name}::")]
    found = CRATE.parent / "mutants.out"
    shutil.rmtree(found, ignore_errors=True)
    command = ["cargo", "mutants", "--in-place", "--no-shuffle", "--timeout", "40", "-o", str(CRATE.parent), *files,
               *sys.argv[1:], "--", "--lib", "--", *aside]
    # 2 and 3 say that some were missed or took too long: that is judged below.
    if (code := subprocess.run(command, cwd=CRATE).returncode) not in (0, 2, 3):
        sys.exit(f"cargo-mutants ended with {code}")

    said = {name: (found / f"{name}.txt").read_text().splitlines()
            for name in ("caught", "missed", "timeout", "unviable")}
    equal = {line: why for line in said["missed"] for word, why in EQUAL.items() if word in line}
    caught = len(said["caught"]) + len(said["timeout"])
    unnoticed = [line for line in said["missed"] if line not in equal]
    print(f"\n{caught} noticed, {len(unnoticed)} not noticed, {len(equal)} that come to the same, "
          f"{len(said['unviable'])} that do not build: "
          f"{100 * caught / max(1, caught + len(unnoticed)):.1f} %")
    for line, why in equal.items():
        print(f"the same: {line}: {why}")
    for line in unnoticed:
        print(f"NOT NOTICED: {line}")
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
