#!/usr/bin/env python3
"""Searches what the program leaves behind for what people wrote and who they are.

A conversation is played through HTTP with texts, names and addresses that occur nowhere else. The
program is killed, started again, and must still know them: what is searched for is really stored.
Then every byte of the data folder, of the folder for temporary files and of everything printed is
searched for each of them, plain and in other dress: UTF-16, hex, base64 at its three offsets,
escaped, compressed, and as a hash without a key. Nothing may be found.

A search that finds nothing proves something only if it can find: before the real search, the same
search must find every form in files planted for it; and in the data folder it must find the one word
that is kept open on purpose, the address of a customer's web site.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import secrets
import sqlite3
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import uuid
import zlib
from pathlib import Path

from program import MAIL_SECONDS, Program, default_binary, identity_token, mailed, mails


def word():
    """Sixteen random letters: found, it was written by this run and nothing else."""
    return "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(16))


class Canaries:
    """What the conversation says. `texts` are searched in all forms, `addresses` as hashes too."""

    def __init__(self):
        self.texts = {}
        self.secrets = {}
        # Belongs to a company and is no secret: kept open, so the search has to find it.
        self.web_site = word()
        # The people of the demo; whoever they are is written in the program, never in its data.
        self.addresses = {"demo's owner": "demo@example.com", "demo's teammate": "teammate@example.com"}

    def text(self, name):
        """A word of the conversation or of a person."""
        self.texts[name] = word()
        return self.texts[name]

    def address(self, name):
        self.addresses[name] = f"{word()}@{word()}.example"
        return self.addresses[name]

    def secret(self, name, token):
        """A token's last part: 256 bits in base64, of which storage may know a hash at most."""
        self.secrets[name] = token.rsplit(".", 1)[-1]

    def needles(self):
        """Bytes to look for, each with what it is."""
        found = {}
        for name, text in {**self.texts, **self.addresses, **self.secrets}.items():
            for form, needle in forms(text.encode()).items():
                found.setdefault(needle, f"{name} as {form}")
        for name, secret in self.secrets.items():
            for form, needle in forms(base64.urlsafe_b64decode(secret + "==")).items():
                found.setdefault(needle, f"{name}, its bits, as {form}")
        for name, address in self.addresses.items():
            for form, needle in hashes(address).items():
                found.setdefault(needle, f"{name} as {form}")
        return found


def base64_forms(raw, name):
    """Base64 of `raw` inside a longer text, for the three places it can have in a group."""
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw).rstrip(b"=")
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        yield f"{name} {offset}", whole[first:last]


def forms(raw):
    """How these bytes may be written. Canaries are ASCII, so UTF-16 is a zero beside each byte."""
    result = {
        "they are": raw,
        "UTF-16LE": b"".join(bytes([byte, 0]) for byte in raw),
        "UTF-16BE": b"".join(bytes([0, byte]) for byte in raw),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "URL": urllib.parse.quote(raw, safe="").encode(),
        "reversed": raw[::-1],
    }
    result.update(base64_forms(raw, "base64"))
    for form, needle in list(result.items()):
        if form.startswith("base64"):
            result[form + " for URLs"] = needle.replace(b"+", b"-").replace(b"/", b"_")
    return result


def hashes(text):
    """Hashes that anybody can compute who guesses the text."""
    result = {}
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(algorithm, text.encode()).digest()
        result[algorithm] = digest
        result[f"{algorithm} in hex"] = digest.hex().encode()
        result[f"{algorithm} in base64"] = base64.b64encode(digest).rstrip(b"=")
        result[f"{algorithm} in base64 for URLs"] = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return result


COMPRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
MOST_UNPACKED = 64 * 1024 * 1024


def unpacked(content):
    """Every gzip member and zlib stream in the content, as far as it can be unpacked."""
    for start in COMPRESSED.finditer(content):
        # 32: gzip or zlib, whichever the first bytes say.
        reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        try:
            plain = reader.decompress(content[start.start():], MOST_UNPACKED)
        except zlib.error:
            continue
        if plain:
            yield start.start(), plain


def search(folders, needles):
    """Hits in all files below the folders and in their names: (file, what and where); files; bytes."""
    pattern = re.compile(b"|".join(re.escape(n) for n in sorted(needles, key=len, reverse=True)))
    hits, files, size = [], 0, 0
    for folder in folders:
        for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
            content = path.read_bytes()
            files, size = files + 1, size + len(content)
            name = str(path.relative_to(folder))
            for match in pattern.finditer(os.fsencode(name)):
                hits.append((name, f"{needles[match.group()]}, in the name"))
            for match in pattern.finditer(content):
                hits.append((name, f"{needles[match.group()]}, at {match.start()}"))
            for start, plain in unpacked(content):
                for match in pattern.finditer(plain):
                    hits.append((name, f"{needles[match.group()]}, unpacked from {start}"))
    return hits, files, size


def control(folder):
    """Plants every form of one text and one address; returns how many the search missed."""
    canaries = Canaries()
    canaries.text("planted text")
    address = canaries.address("planted address")
    needles = canaries.needles()
    expected = {}
    for number, (needle, what) in enumerate(needles.items()):
        noise = secrets.token_bytes(64)
        (folder / f"{number}").write_bytes(noise + needle + noise)
        expected[str(number)] = what
    # Long and dull, so that compression really changes its bytes.
    raw = b"to whom it may concern, at " * 40 + address.encode() + b", with kind regards" * 40
    gzip = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    (folder / "gzip").write_bytes(b"before" + gzip.compress(raw) + gzip.flush() + b"after")
    (folder / "zlib").write_bytes(b"before" + zlib.compress(raw) + b"after")
    (folder / f"name-{address}").write_bytes(b"")
    # A blob in a JSON text in a database, as an item of a table is kept.
    database = sqlite3.connect(folder / "sqlite")
    database.execute("CREATE TABLE items (item TEXT)")
    item = json.dumps({"text": {"B": base64.b64encode(b"x" + address.encode()).decode()}})
    database.execute("INSERT INTO items VALUES (?)", (item,))
    database.commit()
    database.close()
    hits, _, _ = search([folder], needles)
    seen = {name for name, _ in hits}
    missed = [n for n in [*expected, "gzip", "zlib", f"name-{address}", "sqlite"] if n not in seen]
    for name in missed:
        print(f"CONTROL the search does not see {expected.get(name, name)}")
    print(f"control: {len(expected) + 4 - len(missed)} of {len(expected) + 4} planted needles found")
    return len(missed)


def say(program, path, token, text, kind=None):
    body = {"client_message_id": str(uuid.uuid4()), "text": text}
    if kind:
        body["kind"] = kind
    return program.ask("POST", path, body, token).expect(201)


def play(program, canaries):
    """A conversation in which everything personal is a canary. Returns what to ask again later."""
    demo, token = program.demo, program.demo["member_token"]
    workspace = f"/v1/workspaces/{demo['workspace_id']}"
    page = f"{demo['origin']}/{canaries.text('path of the page')}"
    referrer = f"https://{canaries.text('host of the referrer')}.example/"
    context = {
        "page_url": f"{page}?who={canaries.text('query of the page')}",
        "referrer": f"{referrer}{canaries.text('path of the referrer')}",
        "locale": "de-AT",
        "timezone": "Europe/Vienna",
    }
    session = program.ask(
        "POST", "/v1/widget/sessions", {"app_key": demo["app_key"], "context": context},
        headers={"origin": demo["origin"]},
    ).expect(201)
    visitor = session["session_token"]
    canaries.secret("session token", visitor)
    canaries.secret("resume token", session["resume_token"])

    text = f"Grüß Gott, {canaries.text('first message')}!"
    first = {"first_message": {"client_message_id": str(uuid.uuid4()), "text": text}}
    made = program.ask("POST", "/v1/widget/conversations", first, visitor).expect(201)
    conversation = made["conversation"]["id"]
    theirs = f"/v1/widget/conversations/{conversation}/messages"
    ours = f"{workspace}/conversations/{conversation}/messages"
    say(program, ours, token, f"Hello, {canaries.text('answer')}.")
    say(program, ours, token, f"Among us: {canaries.text('note')}.", "note")
    # Long enough for several pages of a database; whatever page is kept says it somewhere.
    long = canaries.text("long message")
    say(program, theirs, visitor, " ".join([long] * 200))
    say(program, theirs, visitor, f"Write to me: {canaries.address('address in a message')}")

    contact = f"{workspace}/contacts/{session['visitor']['contact_id']}"
    name, address = canaries.text("name"), canaries.address("address of the contact")
    change = {"name": f"Ada {name}", "email": address}
    etag = program.ask("GET", contact, token=token).headers.get("etag")
    program.ask("PATCH", contact, change, token, {"if-match": etag} if etag else None).expect(200)
    noted = {"text": f"Between us: {canaries.text('note about the contact')}."}
    program.ask("POST", f"{contact}/notes", noted, token).expect(201)
    program.ask("POST", "/v1/auth/otp", {"email": canaries.address("address of nobody")}).expect(202)
    join(program, canaries, workspace)
    known = introduce(program, canaries, workspace)
    by_mail = continued(program, canaries, workspace)
    exported(program, workspace, contact)
    refused(program, canaries, demo, visitor, theirs)
    return [(contact, "path of the page"), (contact, "host of the referrer"),
            (known, "external id"), (known, "signed name"), (known, "signed address"),
            (ours, "first message"), (ours, "answer"), (ours, "note"), (ours, "long message"),
            (ours, "address in a message"), (contact, "name"), (contact, "address of the contact"),
            (f"{contact}/notes", "note about the contact"),
            (f"{workspace}/members", "name of a member"), *by_mail]


def join(program, canaries, workspace):
    """Somebody new signs up and accepts an invitation."""
    address = canaries.address("address of a new account")
    challenge = program.ask("POST", "/v1/auth/signup", {"email": address, "adult": True}).expect(202)
    code = mailed(program.api, address, r"^\s*(\d{8})\s*$")
    answer = {"challenge_id": challenge["challenge_id"], "code": code}
    signed_in = program.ask("POST", "/v1/auth/otp/verify", answer).expect(200)
    canaries.secret("refresh token", signed_in["refresh_token"])
    canaries.secret("access token", signed_in["access_token"])
    invite = {"email": address, "role": "agent"}
    program.ask("POST", f"{workspace}/invitations", invite, program.demo["member_token"]).expect(202)
    invitation = mailed(program.api, address, r"^\s*(iv_\S+\.\S+)\s*$")
    canaries.secret("invitation token", invitation)
    accept = {"token": invitation, "name": canaries.text("name of a member")}
    program.ask("POST", "/v1/invitations/accept", accept, signed_in["access_token"]).expect(200)


def exported(program, workspace, contact):
    """Copies of everything, which lie in the data folder as files. No link is asked for: what it leads
    to is in clear, for some minutes, and not to be searched here."""
    token = program.demo["member_token"]
    places = [f"{contact}/exports", f"{workspace}/exports"]
    made = [program.ask("POST", place, token=token).expect(202)["id"] for place in places]
    for export in made:
        for _ in range(100):
            state = program.ask("GET", f"{workspace}/exports/{export}", token=token).expect(200)
            if state["state"] == "done":
                break
            time.sleep(1)
        else:
            raise SystemExit(f"CONTROL the export {export} is not done after 100 seconds")
        assert state["records"] > 0, f"the export {export} holds nothing"


def soon(found, what):
    """What comes of asking again and again; what never does proves nothing."""
    deadline = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < deadline:
        if seen := found():
            return seen
        time.sleep(0.05)
    raise SystemExit(f"CONTROL there is no {what}")


def continued(program, canaries, workspace):
    """A conversation that goes on by mail: an address is proved, a transcript is mailed there, and answered."""
    demo, token = program.demo, program.demo["member_token"]
    origin = {"origin": demo["origin"]}
    session = program.ask("POST", "/v1/widget/sessions", {"app_key": demo["app_key"]}, headers=origin).expect(201)
    visitor = session["session_token"]
    first = {"client_message_id": str(uuid.uuid4()), "text": canaries.text("message of who goes")}
    begun = program.ask("POST", "/v1/widget/conversations", {"first_message": first}, visitor).expect(201)
    conversation = begun["conversation"]["id"]
    address = canaries.address("proved address")
    program.ask("POST", "/v1/widget/email", {"email": address}, visitor).expect(202)
    code = mailed(program.api, address, r"^\s*(\d{8})\s*$")
    program.ask("PUT", "/v1/widget/email", {"code": code}, visitor).expect(200)
    program.ask("POST", f"/v1/widget/conversations/{conversation}/transcript", token=visitor).expect(202)
    about = lambda: [one for one in mails(program.api) if address in one["to"] and "Reply-To" in one["headers"]]
    to = soon(about, "transcript by mail")[0]["headers"]["Reply-To"]
    # Whoever had the address could not be told from a stranger: it lies there as a keyed hash.
    canaries.texts["address for replies"] = to.split("+")[1].split("@")[0]
    said = canaries.text("answer by mail")
    raw = f"From: {address}\r\nTo: {to}\r\nSubject: {canaries.text('subject of an answer')}\r\n\r\n{said}\r\n"
    request = urllib.request.Request(f"{program.api}/mailbox/raw", data=raw.encode(), method="POST")
    request.add_header("content-type", "message/rfc822")
    urllib.request.urlopen(request).close()
    ours = f"{workspace}/conversations/{conversation}/messages"
    there = lambda: said.encode() in program.ask("GET", ours, token=token).body
    soon(there, "answer that came by mail")
    contact = f"{workspace}/contacts/{session['visitor']['contact_id']}"
    return [(contact, "proved address"), (ours, "message of who goes"), (ours, "answer by mail")]


def introduce(program, canaries, workspace):
    """A visitor comes with the customer's signed word for who it is; returns the contact's path."""
    origin = f"https://{canaries.web_site}.example"
    app = {"name": "Shop", "platform": "web", "origins": [origin], "identity": "required"}
    token = program.demo["member_token"]
    app = program.ask("POST", f"{workspace}/apps", app, token).expect(201)
    canaries.secret("identity secret", app["identity_secret"])
    claims = {
        "sub": canaries.text("external id"), "aud": program.demo["workspace_id"],
        "exp": int(time.time()) + 600, "name": canaries.text("signed name"),
        "email": canaries.address("signed address"),
    }
    identity = identity_token(app["identity_secret"], claims)
    canaries.secret("identity token", identity)
    body = {"app_key": app["public_key"], "identity_token": identity}
    headers = {"origin": origin}
    session = program.ask("POST", "/v1/widget/sessions", body, headers=headers).expect(201)
    return f"{workspace}/contacts/{session['visitor']['contact_id']}"


def refused(program, canaries, demo, visitor, theirs):
    """Requests that are turned away: their content must not end in a log either."""
    fresh = str(uuid.uuid4())
    message = {"client_message_id": fresh, "text": canaries.text("refused text")}
    wrong = {**message, "colour": canaries.text("refused field")}
    program.ask("POST", theirs, wrong, visitor).expect(400)
    wrong = {**message, "client_message_id": canaries.text("refused id")}
    program.ask("POST", theirs, wrong, visitor).expect(400, 422)
    program.ask("POST", theirs, message, canaries.text("wrong token")).expect(401)
    unknown = f"/v1/{canaries.text('unknown path')}?q={canaries.text('unknown query')}"
    program.ask("GET", unknown).expect(404)
    wrong = {"email": f"no address {canaries.text('refused address')}"}
    program.ask("POST", "/v1/auth/otp", wrong).expect(400, 422)
    program.ask(
        "POST", "/v1/widget/sessions", {"app_key": demo["app_key"]},
        headers={"origin": f"https://{canaries.text('foreign origin')}.example"},
    ).expect(401, 403, 404)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=default_binary())
    parser.add_argument("--keep", type=Path, help="an empty folder to leave everything in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sotto-residue-") as temporary:
        root = options.keep or Path(temporary)
        for name in ("control", "temporary", "printed"):
            (root / name).mkdir(parents=True)
        if control(root / "control"):
            return 1

        arguments = ["--data", str(root / "data"), "--port", "0", "--json"]
        environment = {"TMPDIR": str(root / "temporary")}
        program = Program(options.binary, arguments, root / "printed" / "output", environment)
        canaries = Canaries()
        to_be_known = play(program, canaries)
        program.kill()
        searched = [root / "data", root / "temporary", root / "printed"]
        needles = canaries.needles()
        hits, files, size = search(searched, needles)
        print(f"after the kill: {len(needles)} needles, {files} files, {size} bytes, {len(hits)} hits")

        program = Program(options.binary, arguments, root / "printed" / "output", environment)
        everything = {**canaries.texts, **canaries.addresses}
        for path, name in to_be_known:
            answer = program.ask("GET", path, token=program.demo["member_token"])
            if everything[name].encode() not in answer.body:
                print(f"CONTROL {name} is not known after the restart, so its absence proves nothing")
                return 1
        print(f"control: {len(to_be_known)} of the canaries are known after the restart")
        program.stop()
        more, files, size = search(searched, needles)
        print(f"after the stop: {len(needles)} needles, {files} files, {size} bytes, {len(more)} hits")
        files = [path for path in (root / "data" / "objects").rglob("*") if path.is_file()]
        sealed = [path for path in files if b"exports/" in path.read_bytes()]
        print(f"control: {len(sealed)} of {len(files)} objects are parts of exports")
        seen, _, _ = search([root / "data"], {canaries.web_site.encode(): "web site"})
        print(f"control: the web site, kept open, is found {len(seen)} times in the data folder")
        for name, what in sorted(set(hits + more)):
            print(f"FOUND {what} of {name}")
    return 1 if hits or more or not seen or len(sealed) < 4 else 0


if __name__ == "__main__":
    sys.exit(main())
