"""The part of the tour of `fences.py` in which somebody writes by mail."""

import http.client
import json
import urllib.parse

from pages_tour import Browser
from program import ROOT, mailed


def written(program, address, text):
    """Writes a mail to the contact for privacy, as SES takes it in; where it lies then."""
    url = urllib.parse.urlsplit(program)
    mail = f"From: {address}\r\nTo: privacy@example.com\r\nSubject: About me\r\n\r\n{text}\r\n"
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    try:
        connection.request("POST", "/mailbox/raw", body=mail.encode(), headers={"content-type": "message/rfc822"})
        response = connection.getresponse()
        body = response.read()
        assert response.status == 202, f"the mailbox answers {response.status}: {body[:200]}"
        return json.loads(body)["data"][0]
    finally:
        connection.close()


def tour_of_mail(api, program, intake, forget_salts, address):
    """Somebody asks by mail, is asked back, and says what they want.

    The program hears of mail as well and may be faster: then another one is written.
    """
    event = json.loads((ROOT / "events" / "intake" / "mail-came.json").read_text())
    for number in range(5):
        mail = written(program, address, f"What do you know about me? ({number})")
        event["detail"]["bucket"]["name"] = mail["bucket"]
        event["detail"]["object"].update({"key": mail["key"], "version-id": mail["version"]})
        forget_salts()
        if intake.invoke(event).get("taken") == 1:
            break
    else:
        raise AssertionError("the program read every mail before the function did")
    intake.invoke({"task": "mail"})
    link = mailed(program, address, r"/privacy/confirm\?token=(po_\S+)$")
    browser = Browser(api.url)
    browser.open(f"/privacy/confirm?token={link}")
    browser.submit("/privacy/confirm", expect=200, token=link, type="access")
