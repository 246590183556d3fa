"""The tour of files and photos: uploaded past the API, looked through, sent, fetched, and gone with their thread."""

import hashlib
import http.client
import json
import struct
import time
import urllib.parse
import zlib

from live_tour import message
from program import ROOT, ask


def put(target, content):
    """Sends a file to its link as a browser does; which version it became."""
    link = urllib.parse.urlsplit(target["url"])
    connection = http.client.HTTPConnection(link.hostname, link.port, timeout=30)
    try:
        connection.request("PUT", f"{link.path}?{link.query}", body=content, headers=target["headers"])
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, f"the link for a file answers {response.status}: {body[:200]}"
        return link.path, response.headers["x-amz-version-id"]
    finally:
        connection.close()


def wanted(content):
    """What is asked for to upload a text."""
    return {
        "name": "parcel.txt", "content_type": "text/plain", "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def scanned(path, version):
    """What the scanner says of a file in which it found nothing."""
    event = json.loads((ROOT / "events" / "attachments" / "scanned.json").read_text())
    _, bucket, name = urllib.parse.unquote(path).split("/", 2)
    event["detail"]["s3ObjectDetails"].update(bucketName=bucket, objectKey=name, versionId=version)
    return event


def follow(api, path, token):
    """Fetches a part as a browser does: by the link that the counted route leads to."""
    answer = ask(api.url, "GET", path, token=token)
    answer.expect(302)
    route, _ = api.template.find("GET", path)
    api.answered.add(route)
    link = urllib.parse.urlsplit(answer.headers["location"])
    connection = http.client.HTTPConnection(link.hostname, link.port, timeout=30)
    try:
        connection.request("GET", f"{link.path}?{link.query}")
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, f"{path}: the link answers {response.status}: {body[:200]}"
    finally:
        connection.close()


def uploaded(api, function, place, token, words):
    """A file that the function under its role has looked through."""
    content = words.encode()
    made = api("POST", f"{place}/attachments", wanted(content), token)
    heard = function.invoke(scanned(*put(made["upload"], content)))
    assert heard.get("looked_through") == 1, f"a file was not looked through: {heard}"
    file = f"{place}/attachments/{made['attachment']['id']}"
    api("POST", f"{file}/confirm", token=token)
    assert api("GET", file, token=token)["state"] == "clean"
    return made["attachment"]["id"]


def tour_of_the_photo(api, functions, token, workspace):
    """A member's photo takes the place of the one before, is fetched, and is taken away."""
    scanner, own = functions["attachments"], api("GET", workspace, token=token)["member_id"]
    for content in (pixel(0), pixel(255)):
        asks = {**wanted(content), "content_type": "image/png"}
        del asks["name"]
        made = api("POST", f"{workspace}/photo", asks, token)
        heard = scanner.invoke(scanned(*put(made["upload"], content)))
        assert heard.get("looked_through") == 1, f"a photo was not looked through: {heard}"
        shown = api("GET", f"{workspace}/photo/{made['photo']['id']}", token=token)
        assert shown["state"] == "clean", shown
    follow(api, f"{workspace}/members/{own}/photo", token)
    api("DELETE", f"{workspace}/members/{own}/photo", token=token)
    # One that is never uploaded stays for the outbox, which hears it go.
    api("POST", f"{workspace}/photo", asks, token)


def pixel(grey):
    """A PNG of one pixel."""
    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes([0, grey]))) + chunk(b"IEND", b"")


def tour_of_the_files(api, functions, token, visitor, workspace, conversation):
    """Each side sends a file and fetches the other's; a deleted thread takes its own along."""
    scanner = functions["attachments"]
    theirs, ours = f"/v1/widget/conversations/{conversation}", f"{workspace}/conversations/{conversation}"
    for place, who in ((theirs, visitor), (ours, token)):
        file = uploaded(api, scanner, place, who, f"Hello from {place}")
        sent = {**message("See there"), "attachments": [file]}
        made = api("POST", f"{place}/messages", sent, who)
        assert made["attachments"][0]["id"] == file
        for other, reader in ((theirs, visitor), (ours, token)):
            follow(api, f"{other}/attachments/{file}/content", reader)
    body = {"first_message": message("For a moment")}
    short = api("POST", "/v1/widget/conversations", body, visitor)["conversation"]["id"]
    place = f"/v1/widget/conversations/{short}"
    gone = uploaded(api, scanner, place, visitor, "For a moment")
    sent = {**message("See there"), "attachments": [gone]}
    api("POST", f"{place}/messages", sent, visitor)
    links = [api("POST", f"{place}/attachments", wanted(b"Late"), visitor)["upload"] for _ in range(5)]
    api("DELETE", f"{workspace}/conversations/{short}", token=token)
    # What comes after its thread is gone goes too. The program's own outbox hears of the thread as well, and
    # clears away whatever came before it was done; then nobody else does.
    for seconds, link in enumerate(links):
        time.sleep(2 * seconds)
        if scanner.invoke(scanned(*put(link, b"Late")))["orphans"] == 1:
            return file
    raise AssertionError("late files stay, or the program's outbox is never done")
