"""The part of the tour of `fences.py` in which somebody writes by mail."""

import http.client
import json
import time
import urllib.parse
import uuid

from pages_tour import Browser
from program import MAIL_SECONDS, ROOT, mailed, mails


def written(program, address, text, to="privacy@example.com"):
    """Writes a mail to a contact, as SES takes it in; where it lies then."""
    url = urllib.parse.urlsplit(program)
    headers = f"Message-ID: <{uuid.uuid4()}@fence.example>\r\nSubject: About me"
    mail = f"From: {address}\r\nTo: {to}\r\n{headers}\r\n\r\n{text}\r\n"
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    try:
        connection.request("POST", "/mailbox/raw", body=mail.encode(), headers={"content-type": "message/rfc822"})
        response = connection.getresponse()
        body = response.read()
        assert response.status == 202, f"the mailbox answers {response.status}: {body[:200]}"
        return json.loads(body)["data"][0]
    finally:
        connection.close()


def told(intake, mail):
    """What the function under its role does with a mail."""
    event = json.loads((ROOT / "events" / "intake" / "mail-came.json").read_text())
    event["detail"]["bucket"]["name"] = mail["bucket"]
    event["detail"]["object"].update({"key": mail["key"], "version-id": mail["version"]})
    return intake.invoke(event)


def taken(intake, mail):
    """The function reads a mail, and something waits for whoever is asked next."""
    heard = told(intake, mail)
    assert heard.get("taken") == 1, f"a mail was not taken: {heard}"


def address_of_the_thread(program):
    """Where the operator answers the last one who wrote; waits until they are told."""
    deadline = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < deadline:
        for mail in reversed(mails(program)):
            if mail["subject"] == "Somebody wrote to support":
                return mail["headers"]["Reply-To"]
        time.sleep(0.05)
    raise AssertionError("nobody told the operator that somebody wrote")


def tour_of_support(api, program, intake, forget_salts, token, operator):
    """Somebody asks, is answered, goes on, and writes by mail; a stranger does as well."""
    forget_salts()
    asked = api("POST", "/v1/support", {"message": "How?"}, token, {"idempotency-key": "how"})
    api("POST", "/v1/support", {"message": "How?", "email": "mia@fence.example"})
    link = mailed(program, "mia@fence.example", r"/support/confirm\?token=(\S+)$")
    browser = Browser(api.url)
    browser.open(f"/support/confirm?token={link}")
    browser.submit("/support/confirm", expect=200, token=link)
    place = f"/v1/support/{asked['id']}"
    api("GET", "/v1/support", token=token)
    api("POST", f"{place}/messages", {"message": "And why?"}, token)
    api("GET", place, token=token)
    desk = f"/v1/operator{place[3:]}"
    api("GET", "/v1/operator/support", token=operator)
    api("GET", desk, token=operator)
    api("POST", f"{desk}/messages", {"message": "So."}, operator, {"idempotency-key": "so"})
    # The function makes one of its own.
    forget_salts()
    taken(intake, written(program, "len@fence.example", "Hello", "support@example.com"))
    # The operator answers the mail that tells of it: their address leads into its thread.
    to = address_of_the_thread(program)
    taken(intake, written(program, "operator@fence.example", "Hello too", to))
    # Somebody whose account has the address on file.
    taken(intake, written(program, "ada@fence.example", "And when?", "support@example.com"))
    api("DELETE", desk, token=operator)
    api("POST", "/v1/support", {"message": "One more thing."}, token)


def row_of(items, kind, name, value):
    """The row of a kind that has this value; waits until the program's own outbox has written it."""
    deadline = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < deadline:
        for item in items():
            if item.get("kind", {}).get("S") == kind and item[name]["S"] == value:
                return item
        time.sleep(0.05)
    raise AssertionError(f"no {kind} was written")


def tour_of_continuity(api, program, functions, table, token, workspace, app, identity):
    """A visitor whose address is proved goes; the team writes; the mail is answered, and then ended."""
    address = "grace@fence.example"
    items = lambda: table("Scan", "DataTable")["Items"]
    version = api("GET", workspace, token=token)["rev"]
    api("PATCH", workspace, {"visitor_mail": "messages"}, token, {"if-match": f'"{version}"'})
    body = {"app_key": app["public_key"], "identity_token": identity(address)}
    session = api("POST", "/v1/widget/sessions", body, headers={"origin": "https://shop.example"})
    first = {"client_message_id": str(uuid.uuid4()), "text": "Hello"}
    begun = api("POST", "/v1/widget/conversations", {"first_message": first}, session["session_token"])
    conversation = begun["conversation"]["id"]
    said = {"client_message_id": str(uuid.uuid4()), "text": "Good day"}
    api("POST", f"{workspace}/conversations/{conversation}/messages", said, token)
    # Its ten minutes pass at once.
    row = row_of(items, "Continuity", "conversation", conversation)
    past = str(int((time.time() - 60) * 1000))
    row |= {"due_at": {"N": past}, "due_sk": {"S": f"{int(past):015}#{row['pk']['S']}"}}
    table("PutItem", "DataTable", Item=row)
    functions["retention"].invoke({"task": "minute", "scheduled_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
    way_out = mailed(program, address, r"^\S+(/unsubscribe\?token=ur_\S+)$")
    sent = next(mail for mail in reversed(mails(program)) if address in mail["to"])
    # They were here an hour ago and more, so that the answer is written down as a visit.
    contact = row_of(items, "Contact", "id", session["visitor"]["contact_id"])
    table("PutItem", "DataTable", Item=contact | {"last_seen_at": {"N": str(int((time.time() - 7200) * 1000))}})
    taken(functions["intake"], written(program, address, "Thanks", sent["headers"]["Reply-To"]))
    browser = Browser(api.url)
    browser.open(way_out)
    browser.submit(way_out, expect=200, **{"List-Unsubscribe": "One-Click"})
    # The outbox is still to mail under its own role.
    contact = row_of(items, "Contact", "id", session["visitor"]["contact_id"])
    contact.pop("mail_refused_at")
    table("PutItem", "DataTable", Item=contact)


def tour_of_mail(api, program, intake, address):
    """Somebody asks by mail, is asked back, and says what they want."""
    taken(intake, written(program, address, "What do you know about me?"))
    intake.invoke({"task": "mail"})
    link = mailed(program, address, r"/privacy/confirm\?token=(po_\S+)$")
    browser = Browser(api.url)
    browser.open(f"/privacy/confirm?token={link}")
    browser.submit("/privacy/confirm", expect=200, token=link, type="access")
    # And a visitor, who is asked back by the workspace that they talked with.
    taken(intake, written(program, "lea@fence.example", "Count me out"))
    link = mailed(program, "lea@fence.example", r"/privacy/confirm\?token=(pm_\S+)$")
    browser.submit("/privacy/confirm", expect=200, token=link, type="object")
