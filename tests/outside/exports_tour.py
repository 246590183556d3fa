"""The tour of the copies that people ask for: asked for, made, fetched by a link, and gone."""

import time
import uuid

from files_tour import follow, uploaded
from live_tour import at
from program import identity_token


def made(api, retention, place, token):
    """Waits for an export: the program has schedules of its own, which may be faster."""
    for _ in range(20):
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
        if api("GET", place, token=token)["state"] == "done":
            return
        time.sleep(1)
    raise AssertionError(f"{place} is not done")


def joined(api, arrive, seen, token, workspace):
    """A second admin, without whom nothing is handed over."""
    address = "una@fence.example"
    api("POST", f"{workspace}/invitations", {"email": address, "role": "admin"}, token)
    invitation = seen(address, r"^(iv_\S+)$")
    second = arrive(address)
    api("POST", "/v1/invitations/accept", {"token": invitation, "name": "Una"}, second)
    return second


def told(outbox, table):
    """The outbox hears of people who are told what was handed over about them."""
    notes = [item for item in table("Scan", "DataTable")["Items"] if item["sk"]["S"].startswith("DISCLOSED#")]
    changes = [(item, {name: item[name] for name in item if name != "told_at"}) for item in notes if "N" in item.get("told_at", {})]
    assert changes, "nobody was told"
    records = [
        {"eventID": uuid.uuid4().hex, "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
         "awsRegion": "us-east-1", "dynamodb": {
             "Keys": {name: new[name] for name in ("pk", "sk")}, "NewImage": new, "OldImage": old,
             "SequenceNumber": "1", "StreamViewType": "NEW_AND_OLD_IMAGES"}}
        for new, old in changes
    ]
    assert outbox.invoke({"Records": records}) == {"batchItemFailures": []}, "the outbox failed"


def tour_of_the_exports(api, functions, table, token, workspace, app, second):
    """Somebody known to the customer, the team and the owner, each with their copy."""
    retention, scanner = functions["retention"], functions["attachments"]
    claims = {"sub": "user-3", "aud": workspace.rsplit("/", 1)[-1], "exp": int(time.time()) + 600}
    claims["email"] = "user-3@fence.example"
    body = {"app_key": app["public_key"], "identity_token": identity_token(app["identity_secret"], claims)}
    session = api("POST", "/v1/widget/sessions", body, headers={"origin": "https://shop.example"})
    visitor, contact = session["session_token"], session["visitor"]["contact_id"]
    first = {"client_message_id": "0190b6a1-7c1e-7cc0-8000-000000000003", "text": "What do you have?"}
    begun = api("POST", "/v1/widget/conversations", {"first_message": first}, visitor)
    place = f"/v1/widget/conversations/{begun['conversation']['id']}"
    file = uploaded(api, scanner, place, visitor, "What I have")
    sent = {"client_message_id": "0190b6a1-7c1e-7cc0-8000-000000000004", "attachments": [file]}
    api("POST", f"{place}/messages", sent, visitor)
    own = api("POST", "/v1/widget/exports", token=visitor)["id"]
    theirs = api("POST", f"{workspace}/contacts/{contact}/exports", token=token)["id"]
    whole = api("POST", f"{workspace}/exports", token=token)["id"]
    account = api("POST", "/v1/account/exports", token=token)["id"]
    places = [
        (f"/v1/widget/exports/{own}", visitor), (f"{workspace}/exports/{theirs}", token),
        (f"{workspace}/exports/{whole}", token), (f"/v1/account/exports/{account}", token),
    ]
    for place, who in places:
        made(api, retention, place, who)
        for part in (0, 1):
            follow(api, f"{place}/parts/{part}", who)
    # The file of their message.
    follow(api, f"{places[0][0]}/parts/2", visitor)
    # Something is handed over: two people, and two that come to nothing.
    thread = api("GET", "/v1/widget/conversations", token=visitor)["data"][0]["id"]
    place = f"{workspace}/contacts/{contact}/disclosures"
    demand = {
        "ground": "legal_demand", "recipient": "A court", "reference": "Order 12",
        "conversations": [thread],
    }
    declined = api("POST", place, demand, token)["id"]
    api("DELETE", f"{place}/{declined}", token=token)
    proposed = api("POST", place, demand, token)["id"]
    copy = api("POST", f"{place}/{proposed}/approve", token=second)["export_id"]
    made(api, retention, f"{workspace}/exports/{copy}", second)
    follow(api, f"{workspace}/exports/{copy}/parts/1", second)
    entries = api("GET", f"{workspace}/disclosures", token=token)["data"]
    assert any(entry["told_at"] for entry in entries), entries
    told(functions["outbox"], table)
    # The business changes hands: one owner says so, and nobody agrees.
    hand_over = {
        "controller": "A holding", "reference": "Purchase",
        "takes_effect_at": at(60 * 24 * 60 * 60),
    }
    api("PUT", f"{workspace}/transfer", hand_over, token, expect=201)
    # The second admin becomes an owner, and says the same.
    shown = api("GET", workspace, token=second)
    api("PATCH", f"{workspace}/members/{shown['member_id']}", {"role": "owner"}, token)
    api("PUT", f"{workspace}/transfer", hand_over, second, expect=202)
    agreed = api("GET", f"{workspace}/transfer", token=token)["transfer"]
    assert agreed["state"] == "approved", agreed
    # Files go with whom they are about.
    api("DELETE", f"{workspace}/contacts/{contact}", token=token)
    retention.invoke({"task": "minute", "scheduled_at": at(0)})
