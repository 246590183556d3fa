"""Devices, preferences and those who bring notifications, under the emulated functions."""

import time
import uuid

from live_tour import at, overdue, rewrite

# A subscription as a browser writes it (the keys of RFC 8291, appendix A), at a push service that is not reached.
SUBSCRIPTION = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/fences",
    "expirationTime": None,
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}


def tour_of_push(api, functions, table, record, token, workspace, app):
    """A member and a visitor have devices; the member hears of a conversation that nobody has, and is mailed."""
    device = {"provider": "webpush", "subscription": SUBSCRIPTION}
    sender = f"{workspace}/push/webpush"
    api("PUT", sender, {"contact": "mailto:push@shop.example"}, token)
    api("DELETE", sender, token=token, expect=204)
    api("PUT", sender, {"contact": "mailto:push@shop.example"}, token)
    api("GET", f"{workspace}/push", token=token)
    wishes = f"{workspace}/notification-preferences"
    everything = ["assigned", "mention", "message", "team", "unassigned"]
    api("PUT", wishes, {"email": ["unassigned"], "in_app": [], "push": everything}, token)
    api("GET", wishes, token=token)
    api("PUT", wishes, {"email": ["unassigned"], "in_app": ["unassigned"], "push": everything}, token)
    session = api("POST", "/v1/widget/sessions", {"app_key": app["public_key"]}, headers={"origin": "https://shop.example"})
    visitor = session["session_token"]
    api("GET", "/v1/widget/push", token=visitor)
    theirs = api("POST", "/v1/widget/devices", device, visitor)["id"]
    api("DELETE", f"/v1/widget/devices/{theirs}", token=visitor, expect=204)
    gone = api("POST", f"{workspace}/devices", device, token)["id"]
    api("DELETE", f"{workspace}/devices/{gone}", token=token, expect=204)
    mine = api("POST", f"{workspace}/devices", device, token)["id"]
    api("GET", f"{workspace}/devices", token=token)
    # Somebody calls, and it rings on the devices of the team.
    version = api("GET", workspace, token=token)["rev"]
    api("PATCH", workspace, {"calls": True}, token, {"if-match": f'"{version}"'})
    way_in = {"app_key": app["public_key"]}
    guest = api("POST", "/v1/guest/sessions", way_in, headers={"origin": "https://shop.example"})["guest_token"]
    rings = api("POST", "/v1/guest/calls", {"kind": "audio", "client_id": str(uuid.uuid4())}, guest)
    api("POST", "/v1/calls/join", token=rings["join"]["join_token"])
    head = lambda item: item["pk"]["S"].endswith(rings["call"]["id"]) and item["sk"]["S"] == "HEAD"
    tell(functions["outbox"], table, record, head)
    begun = api("POST", "/v1/widget/conversations", {"first_message": {
        "client_message_id": "5f0c2f0e-7d3a-4f0e-9c39-0f6c1f1d2a11", "text": "Anybody?",
    }}, visitor)["conversation"]["id"]
    api("POST", f"{workspace}/devices/{mine}/test", token=token)
    time.sleep(1)
    tell(functions["outbox"], table, record, lambda item: item["pk"]["S"].endswith(begun) and item["sk"]["S"] == "HEAD")
    # What the product shows is there by itself.
    shown = api("GET", f"{workspace}/notifications", token=token)["data"]
    assert [one for one in shown if one["conversation_id"] == begun], "nothing is shown"
    waits = lambda item: item.get("kind", {}).get("S") == "Notification"
    assert [item for item in table("Scan", "DataTable")["Items"] if waits(item)], "nobody is told"
    # The program may have tried them.
    rewrite(table, "DataTable", waits, fresh)
    tell(functions["outbox"], table, record, waits)
    rewrite(table, "DataTable", lambda item: waits(item) and "due_sk" in item, overdue("next_attempt_at", "due"))
    functions["retention"].invoke({"task": "minute", "scheduled_at": at(0)})


def tell(outbox, table, record, wanted):
    """Tells the outbox of the items that fit as if they had just come."""
    found = [item for item in table("Scan", "DataTable")["Items"] if wanted(item)]
    answer = outbox.invoke({"Records": [record("INSERT", item) for item in found]})
    assert answer == {"batchItemFailures": []}, answer


def fresh(item):
    """A notification that nobody has tried."""
    item |= {"delivery_state": {"S": "pending"}, "attempts": {"N": "0"}}
