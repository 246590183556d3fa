"""The part of the fences' tour that calls somebody: a workspace of its own, with calls."""

import time
import uuid

from live_tour import Socket, at

ORIGIN = "https://www.example.com"
SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 AA:BB\r\n"


def joined(api, realtime, answer, name):
    token = (answer.get("join") or answer)["join_token"]
    entered = api("POST", "/v1/calls/join", token=token)
    return Socket(realtime, name, entered["socket"]["ticket"])


def lapse(table, rows, call):
    """Lets the time of a call be over, which nobody wrote down."""
    made = int(time.time() * 1000) - 120_000
    for item in rows():
        if item["pk"]["S"].endswith(call) and item["kind"]["S"] == "Call":
            over = made + 60_000
            item.update(created_at={"N": str(made)}, anchor={"N": str(made)}, due_at={"N": str(over)})
            item["due_sk"] = {"S": f"{over:015}#{item['pk']['S']}"}
            table("PutItem", "DataTable", Item=item)


def tour_of_a_team(api, token, workspace, visitor):
    """A flow offers its visitor a call with a team, and the visitor calls."""
    team = api("POST", f"{workspace}/teams", {"name": "Callers"}, token)["id"]
    made = api("POST", f"{workspace}/flows", {"name": "Calls"}, token, {"idempotency-key": "Calls"})
    flow = f"{workspace}/flows/{made['id']}"
    draft = api("GET", flow, token=token)["document"]
    draft["nodes"].append({"id": "call", "type": "call", "data": {"kind": "video", "team": team}})
    draft["edges"][-1]["to"]["node"] = "call"
    for port in ("ended", "missed", "declined", "unavailable"):
        draft["edges"].append({"id": port, "from": {"node": "call", "port": port}, "to": {"node": "end"}})
    api("PATCH", flow, {"document": draft}, token, {"if-match": '"1"'})
    api("POST", f"{flow}/versions", token=token)
    api("PUT", f"{flow}/environments/live", {"version": 1}, token)
    begin = {"client_id": str(uuid.uuid4())}
    begun = api("POST", f"/v1/widget/flows/{made['id']}/conversations", begin, visitor)["conversation_id"]
    awaits = api("GET", f"/v1/widget/conversations/{begun}/flow", token=visitor)["awaits"]
    come = {"link": awaits["url"].partition("#")[2], "client_id": "0190b6a1-7c1e-4cc0-8000-000000000002"}
    guest = api("POST", "/v1/guest/sessions", come)["guest_token"]
    api("POST", "/v1/guest/calls", {"kind": "video", "client_id": str(uuid.uuid4())}, guest)


def tour_of_the_calls(api, functions, table, rows, token, inbox):
    """A guest and a member call each other; what is known of it is told, shown and deleted."""
    realtime = functions["realtime"]
    made = api("POST", "/v1/workspaces", {"name": "Calls", "profile": "calls", "member_name": "Ada"}, token)
    workspace = f"/v1/workspaces/{made['id']}"
    app = {"name": "Site", "platform": "web", "origins": [ORIGIN], "identity": "off"}
    app = api("POST", f"{workspace}/apps", app, token)
    way_in, calls = {"app_key": app["public_key"]}, f"{workspace}/calls"
    guest = api("POST", "/v1/guest/sessions", way_in, headers={"origin": ORIGIN})
    theirs, key = guest["guest_token"], {"name": "Shop", "scopes": ["calls.read", "calls.delete"]}
    key = api("POST", f"{workspace}/api-keys", key, token)["key"]

    desk = Socket(realtime, "calls-desk", api("POST", f"{workspace}/realtime/tickets", token=token)["ticket"])
    assert desk.frame(t="sub", topic="calls")["t"] == "subbed"
    waits = api("POST", "/v1/guest/realtime/tickets", token=theirs)["ticket"]
    assert Socket(realtime, "calls-guest", waits).frame(t="sub", topic=guest["guest_id"])["t"] == "subbed"

    wanted = {"kind": "video", "client_id": str(uuid.uuid4())}
    begun = api("POST", "/v1/guest/calls", wanted, theirs)
    call = begun["call"]["id"]
    own, place = f"/v1/guest/calls/{call}", f"{calls}/{call}"
    far = joined(api, realtime, begun, "calls-far")
    assert far.frame(t="call.hello", call=call)["side"] == "guest"
    desk.frame(t="call.ack", call=call)
    api("GET", f"{calls}?state=open", token=token)
    api("POST", f"{place}/accept", token=token)
    near = joined(api, realtime, api("POST", f"{place}/join-token", token=token), "calls-near")
    hello = near.frame(t="call.hello", call=call)
    near.frame(t="call.sdp", call=call, epoch=1, n=1, kind="offer", sdp=SDP)
    again = joined(api, realtime, api("POST", f"{place}/join-token", token=token), "calls-again")
    back = again.frame(t="call.resume", call=call, resume_key=hello["resume_key"], epoch=1)
    assert back["t"] == "call.hello", back
    assert again.frame(t="call.alive", call=call, connected=True)["state"] == "active"
    for path, who in ((own, theirs), (place, token)):
        api("POST", f"{path}/ice", token=who)
        api("POST", f"{path}/quality", {"rtt_p50_ms": 40, "loss_permille": 0}, who)
        api("GET", path, token=who)
    api("POST", f"{own}/join-token", token=theirs)
    api("POST", f"{own}/end", token=theirs)

    wanted = {"guest_id": guest["guest_id"], "kind": "audio", "client_id": str(uuid.uuid4())}
    second = api("POST", calls, wanted, token)["call"]["id"]
    api("POST", f"{calls}/{second}/cancel", token=token)
    link = api("POST", f"{workspace}/call-links", {"kind": "audio"}, token)["token"]
    for _ in range(2):
        api("POST", "/v1/guest/sessions", {"link": link, "client_id": "0190b6a1-7c1e-4cc0-8000-000000000001"})
    block = api("POST", f"{workspace}/call-blocks", {"user_ref": "user-1"}, token)["id"]
    api("GET", f"{workspace}/call-blocks", token=token)
    api("DELETE", f"{workspace}/call-blocks/{block}", token=token)
    # One that is offered in a conversation of the inbox, which has calls besides.
    offer = {"kind": "audio", "conversation_id": inbox[1]}
    api("POST", f"{inbox[0]}/call-links", offer, token)
    # And one to the visitor of that conversation, who answers as a guest.
    offer = {"conversation_id": inbox[1], "kind": "audio", "client_id": str(uuid.uuid4())}
    offered = api("POST", f"{inbox[0]}/calls", offer, token)
    answer = api("POST", "/v1/widget/guest-sessions", token=inbox[2])
    assert answer["call"]["id"] == offered["call"]["id"], answer
    api("POST", f"{inbox[0]}/calls/{offered['call']['id']}/cancel", token=token)
    tour_of_a_team(api, token, inbox[0], inbox[2])
    api("GET", f"{workspace}/call-figures", token=key)
    api("GET", f"{workspace}/usage?by=inbox", token=token)
    api("GET", calls, token=key)
    gone = api("DELETE", f"{calls}/{second}", token=key)
    api("GET", f"{workspace}/erasures/{gone['erasure_id']}", token=key)
    api("POST", f"{workspace}/call-deletions", {"guest_id": guest["guest_id"]}, key)
    # What nobody comes to is over by itself; what is known of it stays, with how well it went.
    other = api("POST", "/v1/guest/sessions", way_in, headers={"origin": ORIGIN})["guest_token"]
    begun = api("POST", "/v1/guest/calls", {"kind": "audio", "client_id": str(uuid.uuid4())}, other)
    lapse(table, rows, begun["call"]["id"])
    functions["retention"].invoke({"task": "minute", "scheduled_at": at(0)})
    left = api("GET", f"/v1/guest/calls/{begun['call']['id']}", token=other)
    assert left["reason"] == "cancelled", left
    kept = api("POST", "/v1/guest/calls", {"kind": "audio", "client_id": str(uuid.uuid4())}, other)["call"]["id"]
    api("POST", "/v1/calls/join", token=api("POST", f"/v1/guest/calls/{kept}/join-token", token=other)["join_token"])
    api("POST", f"{calls}/{kept}/accept", token=token)
    api("POST", f"/v1/guest/calls/{kept}/quality", {"last": True}, other)
