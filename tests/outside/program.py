"""Starts, asks and kills the `sotto` program from outside, with Python's own library only.

These scripts share no line with the code they judge: what they know is the command line, the JSON
line on standard output, and HTTP.
"""

import atexit
import base64
import hmac
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
REQUEST_SECONDS = 30
MAIL_SECONDS = 20


def default_binary():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "sotto"


class Unreachable(Exception):
    """No answer came: the program is gone, or was killed while it worked."""


class Answer:
    """Status, headers (lower case) and body of one answer; `json` is parsed where there is any."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        is_json = "json" in self.headers.get("content-type", "")
        return json.loads(self.body) if self.body and is_json else None

    def expect(self, *statuses):
        if self.status not in statuses:
            text = self.body.decode("utf-8", "replace")[:500]
            raise AssertionError(f"status {self.status} instead of {statuses}: {text}")
        return self.json


def ask(base, method, path, body=None, token=None, headers=None):
    """One request on its own connection. Raises `Unreachable` when no complete answer came."""
    url = urllib.parse.urlsplit(base)
    headers = dict(headers or {})
    if body is not None:
        body = json.dumps(body, ensure_ascii=False).encode()
        headers["content-type"] = "application/json"
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=REQUEST_SECONDS)
    try:
        connection.request(method, url.path.rstrip("/") + path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(str(error)) from error
    finally:
        connection.close()


def mails(base):
    """Every mail that the program has caught so far, oldest first."""
    return ask(base, "GET", "/mailbox.json").expect(200)["data"]


def mailed(base, address, form, after=0):
    """What a mail to the address says in this form; waits for it. The first `after` mails are old."""
    deadline = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < deadline:
        for mail in reversed(mails(base)[after:]):
            if address in mail["to"] and (found := re.search(form, mail["text"], re.MULTILINE)):
                return found[1]
        time.sleep(0.05)
    raise AssertionError(f"no mail of the form {form} came")


def identity_token(secret, claims):
    """A customer's signed word for who a visitor is: a JWT with HS256, made by hand."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.digest(secret.encode(), signed, "sha256")
    return f"{signed.decode()}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def totp(secret, step):
    """RFC 6238: the code of a step of thirty seconds."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset:offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**6:06}"


class Program:
    """One run of the program. Everything it prints is appended to `output`, a file."""

    def __init__(self, binary, arguments, output, environment=None):
        self.output = Path(output)
        self.started = time.monotonic()
        self.ready = None
        self._line = threading.Event()
        self._file = open(self.output, "ab")
        self.process = subprocess.Popen(
            [str(binary), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._file,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
        # A script that fails must not leave the program behind.
        atexit.register(self.process.kill)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._line.wait(START_SECONDS) or self.ready is None:
            self.kill()
            text = self.output.read_text("utf-8", "replace")[-2000:]
            raise SystemExit(f"{binary} did not become ready. It printed:\n{text}")
        self.start_seconds = time.monotonic() - self.started

    def _read(self):
        for line in self.process.stdout:
            self._file.write(line)
            self._file.flush()
            if self.ready is None and line.startswith(b"{"):
                self.ready = json.loads(line)
                self._line.set()
        self._line.set()

    @property
    def api(self):
        return self.ready["api"]

    @property
    def demo(self):
        if self.ready["demo"] is None:
            text = self.output.read_text("utf-8", "replace")[-2000:]
            raise SystemExit(f"there is no demo workspace; the program printed:\n{text}")
        return self.ready["demo"]

    def ask(self, method, path, body=None, token=None, headers=None):
        return ask(self.api, method, path, body, token, headers)

    def kill(self):
        """As the power going off: no handler runs."""
        self._end(signal.SIGKILL)

    def stop(self):
        """As Ctrl-C; returns the exit status."""
        return self._end(signal.SIGINT)

    def _end(self, sign):
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            status = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise SystemExit("the program did not end within 30 s of being asked to") from None
        self._reader.join(timeout=10)
        if not self._file.closed:
            self._file.close()
        return status
