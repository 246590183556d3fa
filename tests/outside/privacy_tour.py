"""The part of the tour of `fences.py` in which people ask about their data."""

import copy
import time

from live_tour import at, message
from pages_tour import Browser
from program import identity_token, mailed, mails

DAYS = 31 * 86400 * 1000


def arrive(api, workspace, app, name):
    """A visitor whom the customer signed for, with an address."""
    claims = {"sub": name, "aud": workspace.rsplit("/", 1)[-1], "exp": int(time.time()) + 600}
    claims["email"] = f"{name}@fence.example"
    body = {"app_key": app["public_key"], "identity_token": identity_token(app["identity_secret"], claims)}
    session = api("POST", "/v1/widget/sessions", body, headers={"origin": "https://shop.example"})
    return session["session_token"], session["visitor"]["contact_id"]


def a_month_passes(table):
    """Every request that waits was made a month ago."""
    for item in table("Scan", "DataTable")["Items"]:
        if item["pk"]["S"].startswith("PRIVACY#") and item["sk"]["S"] == "HEAD" and "due_at" in item:
            item = copy.deepcopy(item)
            for name in ("received_at", "expected_by", "stepped_at", "due_at"):
                item[name] = {"N": str(int(item[name]["N"]) - DAYS)}
            partition = item["due_sk"]["S"].split("#", 1)[1]
            item["due_sk"] = {"S": f"{int(item['due_at']['N']):015}#{partition}"}
            table("PutItem", "DataTable", Item=item)


def lose_copies(table):
    """Takes the exports that answer requests away, as if they had never come to their end."""
    for item in table("Scan", "DataTable")["Items"]:
        if item["pk"]["S"].startswith("EXPORT#") and item["sk"]["S"] == "HEAD" and "request" in item:
            table("DeleteItem", "DataTable", Key={"pk": item["pk"], "sk": item["sk"]})


def forgotten(api, mailbox, retention, sign_up, tokens):
    """Holders of accounts who own a workspace with somebody else, and ask to be erased."""
    token, operator = tokens
    # The program has schedules of its own, which may be faster once.
    for name in ("ned", "oda"):
        owner = sign_up(f"{name}@fence.example")
        made = {"name": "N", "profile": "inbox", "member_name": "N"}
        made = api("POST", "/v1/workspaces", made, owner)
        invitations = f"/v1/workspaces/{made['id']}/invitations"
        heir = api("GET", "/v1/account", token=token)["email"]
        old = len(mails(mailbox))
        api("POST", invitations, {"email": heir, "role": "owner"}, owner)
        invitation = mailed(mailbox, heir, r"^(iv_\S+)$", after=old)
        api("POST", "/v1/invitations/accept", {"token": invitation, "name": "H"}, token)
        asked = api("POST", "/v1/privacy/requests", {"type": "erase"}, owner)
        place = f"/v1/operator/privacy/requests/{asked['id']}/decision"
        api("POST", place, {"decision": "fulfil"}, operator)
        retention.invoke({"task": "minute", "scheduled_at": at(0)})


def copied(api, mailbox, retention, table, workspace, app):
    """Somebody without an account takes a copy along, on the page that a mail leads to."""
    visitor, _ = arrive(api, workspace, app, "lea")
    asked = api("POST", "/v1/widget/privacy/requests", {"type": "access"}, visitor)
    proof = mailed(mailbox, "lea@fence.example", r"/privacy/confirm\?token=(pr_\S+)$")
    browser = Browser(api.url)
    browser.submit("/privacy/confirm", expect=200, token=proof)
    place = f"/v1/widget/privacy/requests/{asked['id']}"
    copy = api("GET", place, token=visitor)["export_id"]
    while api("GET", place, token=visitor)["status"] != "fulfilled":
        a_month_passes(table)
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
    link = mailed(mailbox, "lea@fence.example", r"/privacy/copy\?token=(cp_\S+)$")
    browser.open(f"/privacy/copy?token={link}")
    browser.submit("/privacy/copy", expect=200, token=link, export=copy, part="0")


def tour_of_privacy(api, mailbox, retention, table, tokens, workspace, app, sign_up):
    """Asked, proved, put right, erased, taken back and left to wait for too long."""
    token, operator = tokens
    asks, place = "/v1/widget/privacy/requests", f"{workspace}/privacy/requests"
    own = "/v1/privacy/requests"
    asked = api("POST", own, {"type": "question", "message": "Why?"}, token)
    api("POST", own, {"type": "opt_out"}, token)
    api("GET", own, token=token)
    api("GET", f"{own}/{asked['id']}", token=token)
    forgotten(api, mailbox, retention, sign_up, tokens)
    # A report that names nobody, and one that names a contact.
    api("POST", "/v1/privacy/child-reports", {"message": "Look for a child"})
    _, child = arrive(api, workspace, app, "tim")
    named = {"workspace_id": workspace.rsplit("/", 1)[-1], "contact_id": child}
    api("POST", "/v1/privacy/child-reports", {"message": "This is one", **named})
    theirs = "/v1/operator/privacy/requests"
    api("GET", theirs, token=operator)
    api("GET", f"{theirs}/{asked['id']}", token=operator)
    answer = {"decision": "fulfil", "explanation": "All of it is attached."}
    api("POST", f"{theirs}/{asked['id']}/decision", answer, operator)
    asked = api("POST", own, {"type": "question", "message": "Who reads this?"}, token)
    api("POST", f"{own}/{asked['id']}/revoke", token=token)
    browser = Browser(api.url)
    assert browser.open("/privacy/copy", expect=303) == "/sign-in"
    copy = "exp_01kf0a1b2c3d4e5f6g7h8j9k0m"
    browser.submit("/privacy/copy", expect=401, token="cp_x.y", export=copy, part="0")
    # The program has schedules of its own, which may be faster once.
    for kind in ("access", "export"):
        api("POST", own, {"type": kind}, token)
        lose_copies(table)
        a_month_passes(table)
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
    lose_copies(table)
    copied(api, mailbox, retention, table, workspace, app)
    visitor, contact = arrive(api, workspace, app, "iris")
    asked = api("POST", asks, {"type": "rectify", "name": "Iris"}, visitor)
    link = mailed(mailbox, "iris@fence.example", r"/privacy/confirm\?token=(pr_\S+)$")
    browser.open(f"/privacy/confirm?token={link}")
    browser.submit("/privacy/confirm", expect=200, token=link)
    api("GET", asks, token=visitor)
    api("GET", f"{asks}/{asked['id']}", token=visitor)
    api("GET", place, token=token)
    api("GET", f"{place}/{asked['id']}", token=token)
    api("POST", f"{place}/{asked['id']}/decision", {"decision": "fulfil"}, token)
    asked = api("POST", asks, {"type": "question", "message": "Why?"}, visitor)
    api("POST", f"{asks}/{asked['id']}/revoke", token=visitor)
    first = {"first_message": message("Set this aside")}
    api("POST", "/v1/widget/conversations", first, visitor)
    for kind in ("restrict", "unrestrict"):
        asked = api("POST", place, {"contact_id": contact, "type": kind}, token)
        api("POST", f"{place}/{asked['id']}/decision", {"decision": "fulfil"}, token)
    # The program has schedules of its own, which may be faster once.
    for name in ("jon", "kay"):
        visitor, other = arrive(api, workspace, app, name)
        asked = api("POST", place, {"contact_id": other, "type": "erase"}, token)
        api("POST", f"{place}/{asked['id']}/decision", {"decision": "fulfil"}, token)
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
        api("POST", place, {"contact_id": contact, "type": "question", "message": name}, token)
        a_month_passes(table)
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
