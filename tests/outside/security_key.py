"""A security key and the browser before it, made by hand (WebAuthn Level 3; SEC 1; FIPS 186-5)."""

import base64
import hashlib
import json
import secrets

# The curve P-256: its field, its order, its generator.
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def added(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(number, point):
    result = None
    while number:
        if number & 1:
            result = added(result, point)
        point = added(point, point)
        number >>= 1
    return result


def integer(number):
    """DER: an INTEGER."""
    body = number.to_bytes(number.bit_length() // 8 + 1)
    return bytes([2, len(body)]) + body


def text(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class SecurityKey:
    """One credential, used in a browser that is on `origin`."""

    def __init__(self, origin):
        self.origin = origin
        self.secret = 1 + secrets.randbelow(N - 1)
        self.credential = secrets.token_bytes(32)
        self.counter = 1

    def _data(self, host, flags):
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4)

    def _client_data(self, kind, options):
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _given(self, response):
        name = text(self.credential)
        return {
            "id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": response,
        }

    def create(self, options):
        """What the browser gives for the options of a registration."""
        x, y = (number.to_bytes(32) for number in times(self.secret, G))
        key = bytes.fromhex("a5010203262001215820") + x + bytes.fromhex("225820") + y
        data = self._data(options["rp"]["id"], 0x41) + bytes(16) + len(self.credential).to_bytes(2)
        data += self.credential + key
        made = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58" + bytes([len(data)]) + data
        client = self._client_data("webauthn.create", options)
        return self._given({"clientDataJSON": text(client), "attestationObject": text(made), "transports": ["usb"]})

    def get(self, options):
        """What the browser gives for the options of a proof."""
        self.counter += 1
        data = self._data(options["rpId"], 0x01)
        client = self._client_data("webauthn.get", options)
        digest = hashlib.sha256(data + hashlib.sha256(client).digest()).digest()
        once = 1 + secrets.randbelow(N - 1)
        r = times(once, G)[0] % N
        s = pow(once, -1, N) * (int.from_bytes(digest) + r * self.secret) % N
        body = integer(r) + integer(s)
        signature = bytes([0x30, len(body)]) + body
        return self._given({
            "clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature),
        })
