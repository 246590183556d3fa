"""The part of the tour (see `fences.py`) through what is live and what is finite: sockets, sync, the
working inbox, retention."""

import copy
import json
import time
import uuid
from datetime import datetime, timedelta, timezone

from plans_tour import somebody_pays
from program import ROOT, identity_token

# What lives past its end only because nobody has come to delete it. Rows of accounts, members and
# workspaces end with these, and the sweep leaves them alone.
STAYS = ("ACCOUNT", "ADDRESS", "CALL", "FLOW", "JWKS", "MEMBERSHIP", "SEAT", "SWEEP", "WORKSPACE")


def message(text):
    return {"client_message_id": str(uuid.uuid4()), "text": text}


def at(seconds):
    """A time that many seconds from now, as the API writes it."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ticket(api, path, token):
    return api("POST", f"{path}/realtime/tickets", token=token)["ticket"]


def listens(api, realtime, token, workspace, name="desk"):
    """A member listens to the inbox."""
    socket = Socket(realtime, f"{name}-{uuid.uuid4().hex[:8]}", ticket(api, workspace, token))
    assert socket.frame(t="sub", topic="inbox")["t"] == "subbed"


class Socket:
    """A client's socket, as API Gateway would tell the function of it."""

    def __init__(self, function, name, ticket):
        self.function, self.name = function, name
        event = self._event("connect")
        event["queryStringParameters"] = {"ticket": ticket}
        event["multiValueQueryStringParameters"] = {"ticket": [ticket]}
        self._invoke(event)

    def _event(self, sample):
        event = json.loads((ROOT / f"events/realtime/{sample}.json").read_text())
        # The samples carry the time of their making; a socket two hours old is told to drain.
        now = int(time.time() * 1000)
        event["requestContext"].update(connectionId=self.name, connectedAt=now, requestTimeEpoch=now)
        return event

    def _invoke(self, event):
        answer = self.function.invoke(event)
        assert answer.get("statusCode") == 200, f"{self.name}: {answer}"
        return json.loads(answer.get("body") or "null")

    def frame(self, **frame):
        event = self._event("frame")
        event["body"] = json.dumps(frame)
        return self._invoke(event)

    def close(self):
        event = self._event("frame")
        event["requestContext"].update(routeKey="$disconnect", eventType="DISCONNECT")
        del event["body"]
        self._invoke(event)


def tour_of_the_sockets(api, realtime, token, visitor, workspace, conversation):
    team = Socket(realtime, "team", ticket(api, workspace, token))
    widget = Socket(realtime, "widget", ticket(api, "/v1/widget", visitor))
    heard = [team.frame(t="sub", topic="inbox"), team.frame(t="sub", topic=conversation)]
    heard.append(widget.frame(t="sub", topic=conversation))
    assert [frame["t"] for frame in heard] == ["subbed"] * 3, heard
    assert team.frame(t="ping")["t"] == "pong"
    widget.frame(t="typing", cnv=conversation, typing=True)
    team.frame(t="typing", cnv=conversation, typing=True)
    # Nobody comes with this one.
    ticket(api, workspace, token)
    team.frame(t="unsub", topic=conversation)
    widget.close()
    # More frames than anybody types: the function closes the socket.
    flood = Socket(realtime, "flood", ticket(api, workspace, token))
    for _ in range(80):
        flood.frame(t="ping")
    for path, who in ((workspace, token), ("/v1/widget", visitor)):
        first = api("GET", f"{path}/sync", token=who)
        api("GET", f"{path}/sync?cursor={first['next_cursor']}", token=who)


def tour_of_the_desk(api, token, workspace, contact, member):
    """A conversation of its own, through everything a team does with one."""
    def begin():
        body = {"contact_id": contact, "first_message": message("Helo")}
        made = api("POST", f"{workspace}/conversations", body, token)
        return f"{workspace}/conversations/{made['conversation']['id']}"

    ours = begin()
    for view in ("mine", "unassigned", "all"):
        api("GET", f"{workspace}/conversations?view={view}", token=token)
    api("GET", f"{workspace}/conversations/counts", token=token)
    for verb in ("claim", "close", "reopen", "spam", "reopen"):
        api("POST", f"{ours}/{verb}", token=token)
    api("POST", f"{ours}/snooze", {"until": at(600)}, token)
    api("POST", f"{ours}/wake", token=token)
    api("DELETE", f"{ours}/assignee", token=token)
    api("PUT", f"{ours}/assignee", {"member_id": member}, token)
    api("PUT", f"{ours}/labels", {"labels": ["urgent"]}, token)
    api("PATCH", ours, {"priority": "high"}, token)
    api("PUT", f"{ours}/participants/{member}", token=token)
    api("DELETE", f"{ours}/participants/{member}", token=token)
    named = {**message("@you"), "kind": "note", "mentions": [member]}
    api("POST", f"{ours}/messages", named, token)
    api("GET", f"{workspace}/conversations?view=mentions", token=token)
    for kept_for in ("me", "workspace"):
        canned = {"kept_for": kept_for, "name": "refund", "text": "Hello {{contact.name}}"}
        canned = api("POST", f"{workspace}/canned-replies", canned, token)
        api("GET", f"{workspace}/canned-replies", token=token)
        api("PATCH", f"{workspace}/canned-replies/{canned['id']}", {"name": "money"}, token)
        api("DELETE", f"{workspace}/canned-replies/{canned['id']}", token=token)
        kept = {"kept_for": kept_for, "name": "Urgent", "filter": {"priority": "urgent"}}
        kept = api("POST", f"{workspace}/saved-views", kept, token)["id"]
        api("GET", f"{workspace}/saved-views", token=token)
        api("GET", f"{workspace}/conversations?saved_view_id={kept}", token=token)
        api("PATCH", f"{workspace}/saved-views/{kept}", {"name": "Soon"}, token)
        api("DELETE", f"{workspace}/saved-views/{kept}", token=token)
    api("PUT", f"{ours}/draft", {"text": "Well"}, token)
    api("GET", f"{ours}/draft", token=token)
    api("DELETE", f"{ours}/draft", token=token)
    api("PUT", f"{begin()}/draft", {"text": "This one stays"}, token)
    api("PATCH", f"{ours}/messages/1", {"text": "Hello"}, token)
    api("POST", f"{ours}/messages/1/redact", {"ranges": [{"start": 0, "end": 2}]}, token)
    api("DELETE", f"{ours}/messages/1", token=token)
    api("DELETE", ours, token=token)
    hours = {"time_zone": "Europe/Berlin", "weekly": [{"day": "monday", "from": "09:00", "to": "17:00"}]}
    api("PUT", f"{workspace}/business-hours", hours, token)
    api("GET", f"{workspace}/business-hours", token=token)
    api("DELETE", f"{workspace}/business-hours", token=token)
    away = {"status": "away", "until": at(3600), "reassign": True}
    api("PUT", f"{workspace}/availability", away, token)
    api("PUT", f"{workspace}/availability", {"status": "online"}, token)
    api("GET", f"{workspace}/availability", token=token)
    team = api("POST", f"{workspace}/teams", {"name": "Billing", "assignment": "round_robin", "capacity": 5}, token, {"idempotency-key": "team"})
    place = f"{workspace}/teams/{team['id']}"
    api("GET", f"{workspace}/teams", token=token)
    api("GET", place, token=token)
    api("PATCH", place, {"assignment": "least_busy"}, token)
    api("PUT", f"{place}/members/{member}", token=token)
    waits = begin()
    api("PUT", f"{waits}/team", {"team_id": team["id"]}, token)
    api("GET", f"{workspace}/conversations?view=team&team_id={team['id']}", token=token)
    api("DELETE", f"{waits}/team", token=token)
    api("DELETE", f"{place}/members/{member}", token=token)
    api("PUT", f"{place}/members/{member}", token=token)
    # What gets what visitors begin is cleared with it.
    version = api("GET", workspace, token=token)["rev"]
    api("PATCH", workspace, {"default_team_id": team["id"]}, token, {"if-match": f'"{version}"'})
    api("DELETE", place, token=token)


def tour_of_the_teams(api, functions, token, workspace, contact, member):
    """What waits in teams while a member listens: for the schedule, and for the outbox after it."""
    def team(name):
        made = api("POST", f"{workspace}/teams", {"name": name, "assignment": "round_robin"}, token)
        body = {"contact_id": contact, "first_message": message("Hello")}
        begun = api("POST", f"{workspace}/conversations", body, token)["conversation"]["id"]
        api("PUT", f"{workspace}/conversations/{begun}/team", {"team_id": made["id"]}, token)
        return f"{workspace}/teams/{made['id']}"

    def join(place):
        api("PUT", f"{place}/members/{member}", token=token)

    given, waits = team("Given"), team("Waits")
    # The program's outbox finds nobody.
    time.sleep(1)
    join(given)
    for place in (given, waits):
        api("PATCH", place, {"capacity": 100}, token)
    listens(api, functions["realtime"], token, workspace)
    functions["retention"].invoke({"task": "minute", "scheduled_at": at(0)})
    # Left for the outbox: one that somebody can take by then, and one that nobody can.
    left = team("Left")
    team("Alone")
    time.sleep(1)
    join(left)


def tour_of_the_webhooks(api, retention, table, token, workspace, app, contact):
    """Services that are told what happens, at a name that nobody has: the program's outbox fails, and so does the
    schedule. What is left is for the outbox: an endpoint with the full payload, and what it was told of."""
    events = ["contact.created", "message.created"]
    hook = {"name": "Shop", "url": "https://hooks.shop.invalid/", "events": events}
    gone = api("POST", f"{workspace}/webhooks", hook, token)
    # Those of one app only; the conversation that follows is somebody's of the team, and so of none of them.
    team = api("GET", f"{workspace}/teams", token=token)["data"]
    chosen = {"app_ids": [app["id"]], "team_ids": [one["id"] for one in team]}
    api("POST", f"{workspace}/webhooks", {**hook, "filters": chosen}, token)
    made = api("POST", f"{workspace}/webhooks", {**hook, "payload": "full"}, token)
    place = f"{workspace}/webhooks/{made['id']}"
    api("GET", f"{workspace}/webhooks", token=token)
    api("POST", f"{place}/secret", {"overlap_hours": 1}, token, {"if-match": '"1"'})
    api("POST", "/v1/widget/sessions", {"app_key": app["public_key"]}, headers={"origin": "https://shop.example"})
    body = {"contact_id": contact, "first_message": message("Hello")}
    api("POST", f"{workspace}/conversations", body, token)
    api("POST", f"{place}/test", token=token)
    time.sleep(3)
    api("DELETE", f"{workspace}/webhooks/{gone['id']}", token=token, expect=204)
    waits = lambda item: item.get("kind", {}).get("S") == "Delivery" and "due_sk" in item
    # The program has a schedule of its own, which may be faster once.
    for n in range(2):
        version = api("GET", place, token=token)["rev"]
        # Switched on anew, it is not left alone any more.
        api("PATCH", place, {"status": "enabled"}, token, {"if-match": f'"{version}"'})
        told = api("GET", f"{place}/deliveries", token=token)["data"]
        assert len(told) >= 3, f"{told} was told"
        rewrite(table, "DataTable", waits, overdue("next_attempt_at", "due"))
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
    api("POST", f"{place}/replay", {"delivery_id": told[0]["id"]}, token)


def tour_of_retention(api, retention, token, workspace, conversation):
    """The setting, a hold and the jobs behind them, and a snooze that ends by itself."""
    place = f"{workspace}/retention"
    ours = f"{workspace}/conversations/{conversation}"

    def change(days, **query):
        version = api("GET", place, token=token)["rev"]
        asked = place + ("?preview=true" if query else "")
        body = {"conversation_days": days}
        return api("PATCH", asked, body, token, {"if-match": f'"{version}"'})

    change(500, preview=True)
    # The program has schedules of its own, which may be faster once.
    for days in (500, 1):
        job = change(days)["job_id"]
        api("GET", f"{workspace}/jobs/{job}", token=token)
        retention.invoke({"task": "jobs", "scheduled_at": at(0)})
        api("PUT", f"{ours}/hold", {"reason": "Complaint 17", "until": at(3600)}, token)
        api("GET", f"{ours}/hold", token=token)
        retention.invoke({"task": "jobs", "scheduled_at": at(0)})
        api("DELETE", f"{ours}/hold", token=token)
        retention.invoke({"task": "jobs", "scheduled_at": at(0)})
        api("POST", f"{ours}/snooze", {"until": at(1)}, token)
        time.sleep(1.5)
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
    acts = [line["act"] for line in api("GET", f"{workspace}/audit?limit=100", token=token)["data"]]
    assert {"hold_placed", "retention_changed", "workspace_made"} <= set(acts), acts
    assert api("GET", f"{workspace}/audit/chain", token=token)["holds"]


def tour_of_a_forgotten_contact(api, retention, token, workspace, app):
    """Somebody known to the customer writes and is erased."""
    claims = {"sub": "user-2", "aud": workspace.rsplit("/", 1)[-1], "exp": int(time.time()) + 600}
    body = {"app_key": app["public_key"], "identity_token": identity_token(app["identity_secret"], claims)}
    session = api("POST", "/v1/widget/sessions", body, headers={"origin": "https://shop.example"})
    api("POST", "/v1/widget/conversations", {"first_message": message("Forget me")}, session["session_token"])
    beacon = {"client_beacon_id": str(uuid.uuid4()), "load_ms": 840}
    api("POST", "/v1/widget/beacons", beacon, session["session_token"], expect=204)
    api("DELETE", f"{workspace}/contacts/{session['visitor']['contact_id']}", token=token)
    retention.invoke({"task": "minute", "scheduled_at": at(0)})


def rewrite(table, name, wanted, change):
    """Changes a stored item that fits, as time would."""
    found = [item for item in table("Scan", name)["Items"] if wanted(item)]
    for item in found:
        change(item)
        table("PutItem", name, Item=item)


def overdue(field, index):
    """Lets the end in a field, and in the index that it stands in, have passed two minutes ago."""
    past = int((time.time() - 120) * 1000)

    def change(item):
        item[field] = {"N": str(past)}
        item[f"{index}_sk"] = {"S": f"{past:015}#" + item[f"{index}_sk"]["S"].split("#", 1)[1]}

    return change


def weeks_ago(item):
    """The same week of figures as one that is over: it lies at another place."""
    day = datetime.now(timezone.utc).date() - timedelta(days=21)
    week = str(day - timedelta(days=day.weekday()))
    item["pk"] = {"S": item["pk"]["S"].rsplit("#", 1)[0] + f"#{week}"}
    item["week"], item["week_state"] = {"S": week}, {"S": "open"}
    item["lists_pk"] = {"S": "ANALYTICS#platform"}
    item["lists_sk"] = {"S": f"{week}#" + item["workspace"]["S"]}


def tour_of_erasures(api, sign_in, mailed, functions, table):
    """Somebody leaves for good, then a workspace does, and a contact waits for a hold.

    Twice: the program has schedules of its own, which may be faster once.
    """
    retention, outbox = functions["retention"], functions["outbox"]
    for n in range(2):
        owner = sign_in(f"ivo{n}@fence.example")
        made = {"name": "Gone", "profile": "inbox", "member_name": "Ivo"}
        made = api("POST", "/v1/workspaces", made, owner, {"idempotency-key": "gone"})
        workspace = f"/v1/workspaces/{made['id']}"
        somebody_pays(table, made["id"])
        app = {"name": "Shop", "platform": "web", "origins": ["https://shop.example"], "identity": "optional"}
        app = api("POST", f"{workspace}/apps", app, owner)
        api("POST", f"{workspace}/api-keys", {"name": "Shop", "scopes": ["contacts.read"]}, owner)
        api("PUT", f"{workspace}/business-hours", {"time_zone": "UTC", "weekly": []}, owner)
        api("POST", f"{workspace}/flows", {"name": "Intake"}, owner)
        hook = {"name": "Shop", "url": "https://hooks.shop.invalid/", "events": ["message.created"]}
        api("POST", f"{workspace}/webhooks", hook, owner)
        api("PATCH", f"{workspace}/flows/servers", {"personal_hosts": ["api.shop.example"]}, owner)
        team = api("POST", f"{workspace}/teams", {"name": "Gone"}, owner)["id"]
        own = api("GET", workspace, token=owner)["member_id"]
        api("PUT", f"{workspace}/teams/{team}/members/{own}", token=owner)
        begin = {"app_key": app["public_key"]}
        session = api("POST", "/v1/widget/sessions", begin, headers={"origin": "https://shop.example"})
        visitor, contact = session["session_token"], session["visitor"]["contact_id"]
        first = {"first_message": message("Hello")}
        first = api("POST", "/v1/widget/conversations", first, visitor)["conversation"]["id"]
        # What a file takes up of the workspace's room goes with the workspace.
        file = {"name": "a.txt", "content_type": "text/plain", "bytes": 1, "sha256": "0" * 64}
        api("POST", f"/v1/widget/conversations/{first}/attachments", file, visitor)
        beacon = {"client_beacon_id": str(uuid.uuid4()), "load_ms": 840}
        api("POST", "/v1/widget/beacons", beacon, visitor, expect=204)
        begun = lambda item: item["pk"]["S"].startswith(f"ANALYTICS#{made['id']}#")
        rewrite(table, "DataTable", begun, weeks_ago)
        retention.invoke({"task": "jobs", "scheduled_at": at(0)})
        api("POST", f"{workspace}/invitations", {"email": f"jan{n}@fence.example", "role": "agent"}, owner)
        token = mailed(f"jan{n}@fence.example", r"^(iv_\S+)$")
        guest = sign_in(f"jan{n}@fence.example")
        api("POST", "/v1/invitations/accept", {"token": token, "name": "Jan"}, guest)
        api("PUT", f"{workspace}/conversations/{first}/draft", {"text": "Well"}, guest)
        api("PUT", f"{workspace}/conversations/{first}/read", {"seq": 1}, guest)
        api("POST", f"{workspace}/invitations", {"email": f"kai{n}@fence.example", "role": "agent"}, owner)
        api("POST", "/v1/support", {"message": "Goodbye"}, guest)
        api("DELETE", "/v1/account?when=now", token=guest)
        gone = lambda item: "delete_at" in item and item.get("kind", {}).get("S") == "Account"
        rewrite(table, "DataTable", gone, overdue("delete_at", "lists"))
        # What one call begins, the next carries out.
        for _ in range(2):
            retention.invoke({"task": "erasures", "scheduled_at": at(0)})
        done = [item for item in table("Scan", "DataTable")["Items"] if item["pk"]["S"].startswith("ERASURE#")]
        images = [{"Keys": {name: item[name] for name in ("pk", "sk")}, "NewImage": item, "OldImage": item} for item in done]
        records = [
            {"eventID": uuid.uuid4().hex, "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
             "awsRegion": "us-east-1", "dynamodb": {**image, "SequenceNumber": "1", "StreamViewType": "NEW_AND_OLD_IMAGES"}}
            for image in images
        ]
        assert outbox.invoke({"Records": records}) == {"batchItemFailures": []}, "the outbox failed"
        # A contact whose conversation is on hold is given more time to remember that it is to go.
        hold = {"reason": "Complaint 18", "until": at(3600)}
        api("PUT", f"{workspace}/conversations/{first}/hold", hold, owner)
        erased = api("DELETE", f"{workspace}/contacts/{contact}", token=owner)["erasure_id"]
        long_ago = {"N": str(int((time.time() - 13 * 3600) * 1000))}
        of_contact = lambda item: item["pk"]["S"].endswith(f"#{contact}") and "last_seen_at" in item
        rewrite(table, "DataTable", of_contact, lambda item: item.update(last_seen_at=long_ago))
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
        api("GET", f"{workspace}/erasures/{erased}", token=owner)
        api("DELETE", f"{workspace}/conversations/{first}/hold", token=owner)
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
        # A provider cannot be set up here: a sign-in on its way stands for what lies beside it.
        waiting = {"pk": {"S": f"OIDC#{made['id']}"}, "sk": {"S": "S#left"}, "kind": {"S": "TeamAttempt"}}
        table("PutItem", "DataTable", Item=waiting)
        api("DELETE", f"{workspace}?when=now", token=owner)
        ours = lambda item: item["pk"]["S"] == f"WORKSPACE#{made['id']}" and item["sk"]["S"] == "POLICY"
        rewrite(table, "DataTable", ours, overdue("closes_at", "due"))
        # What one call begins, the next carries out.
        for _ in range(2):
            retention.invoke({"task": "erasures", "scheduled_at": at(0)})
        shown = made["id"].replace("ws_", "ers_")
        assert api("GET", f"{workspace}/erasures/{shown}", token=owner)["stage"] == "done"
    # An address that nobody has fetched: the outbox and the sweep clear it away.
    past = {"N": str(int((time.time() - 3 * 86400) * 1000))}
    left = {"pk": {"S": "FAREWELL#platform#" + shown}, "kind": {"S": "Farewell"}, "v": {"N": "1"}}
    left |= {"id": {"S": shown}, "created_at": past, "anchor": past, "exp": past, "email": {"B": "AAAA"}}
    for place in ("HEAD", "Z"):
        table("PutItem", "DataTable", Item={**left, "sk": {"S": place}})


def tour_of_the_sweep(retention, table, data, keys):
    """What the tour has left in the tables, days after all of it has ended."""
    past = str(int((time.time() - 3 * 86400) * 1000))
    for item in data:
        kind, item = item["pk"]["S"].split("#")[0], copy.deepcopy(item)
        if kind in STAYS and item["sk"]["S"] == "HEAD":
            table("DeleteItem", "DataTable", Key={name: item[name] for name in ("pk", "sk")})
            continue
        if kind not in STAYS and "exp" in item:
            item["exp"] = {"N": past}
        table("PutItem", "DataTable", Item=item)
    # A file whose row went unheard: one for each of the hours at which the sweep asks for some.
    counted = next(item for item in data if item.get("kind", {}).get("S") == "FileShare")
    for last in "0123456789abcdefghjkmnp":
        file = counted["file"]["S"][:-2] + "0" + last
        sk = counted["sk"]["S"].replace(counted["file"]["S"], file)
        of_old = {"sk": {"S": sk}, "file": {"S": file}, "created_at": {"N": past}}
        table("PutItem", "DataTable", Item=counted | of_old)
    # The program has an outbox of its own, which takes the keys of what has just gone.
    time.sleep(2)
    for item in keys:
        if item["pk"]["S"].startswith("SALT#"):
            item = {**item, "exp": {"N": past}}
        table("PutItem", "KeysTable", Item=item)
    began = time.monotonic()
    report = retention.invoke({"task": "sweep", "scheduled_at": at(0)})
    print(f"  the sweep deleted {report['deleted_items']} of {len(data)} items in {time.monotonic() - began:.0f} s")
    assert report["deleted_items"] > 50, report
    assert report["rowless_files"] >= 1, report
    # What the first pass has bereaved.
    retention.invoke({"task": "sweep", "scheduled_at": at(0)})
