"""The part of the fences' tour that builds flows."""

import json
import time

from live_tour import at, message, overdue, rewrite


def asks(draft):
    """Lets a flow end with two questions, which wait for what a visitor says: the second one mails a code."""
    draft["variables"].append({"id": "v_name", "name": "name", "type": "text", "pii": True})
    asked = {"md": "Your name?", "input": {"kind": "text"}, "save": "v_name"}
    draft["nodes"].append({"id": "ask", "type": "ask", "data": asked})
    draft["edges"][-1]["to"]["node"] = "ask"
    proves = {"md": "Your address?", "input": {"kind": "otp_email"}}
    draft["nodes"].append({"id": "prove", "type": "ask", "data": proves})
    draft["edges"].append({"id": "e3", "from": {"node": "ask", "port": "next"}, "to": {"node": "prove"}})
    draft["edges"].append({"id": "e4", "from": {"node": "prove", "port": "next"}, "to": {"node": "end"}})


def begun_id(name, step):
    """An id of the client, another one for each step."""
    return "0190b6a1-7c1e-7cc0-8000-0000000000" + step + ("7" if name == "Gone" else "8")


def tour_of_the_flows(api, token, workspace, visitor, saltless):
    """A flow is built, tried out, published, taken into use and thrown away; another one stays."""
    flows = f"{workspace}/flows"
    for name in ("Gone", "Stays"):
        made = api("POST", flows, {"name": name}, token, {"idempotency-key": name})
        flow = f"{flows}/{made['id']}"
        draft = api("GET", flow, token=token)["document"]
        draft["name"] = name
        asks(draft)
        test = {"name": "It greets", "script": {"steps": [{"expect": [{"text": "Hello"}]}]}}
        api("PATCH", flow, {"document": draft, "tests": [test]}, token, {"if-match": '"1"'})
        api("POST", f"{flow}/validate", token=token)
        # A team that is named is looked for.
        named = json.loads(json.dumps(draft))
        named["nodes"].append({"id": "people", "type": "handoff", "data": {"team": "team_01kf0a1b2c3d4e5f6g7h8j9k0m"}})
        found = api("POST", f"{flows}/import", {"format": "flow1", "file": named}, token)["diagnostics"]
        assert "E133" in [one["code"] for one in found], found
        api("POST", f"{flow}/simulate", {"script": {}}, token)
        api("POST", f"{flow}/explore", {"walks": 2}, token)
        api("POST", f"{flow}/test-runs", token=token)
        api("POST", f"{flow}/versions", token=token)
        api("GET", f"{flow}/versions", token=token)
        api("GET", f"{flow}/versions/1", token=token)
        api("GET", f"{flow}/diff?from=1", token=token)
        api("PUT", f"{flow}/environments/live", {"version": 1}, token)
        begun = {"client_id": begun_id(name, "0")}
        begun = api("POST", f"/v1/widget/flows/{made['id']}/conversations", begun, visitor)["conversation_id"]
        api("GET", f"/v1/widget/conversations/{begun}/flow", token=visitor)
        api("POST", f"/v1/widget/conversations/{begun}/messages", message("Grace"), visitor)
        if name == "Stays":
            # A code that a flow mails is counted; nobody else of this function counts.
            saltless()
            api("POST", f"/v1/widget/conversations/{begun}/messages", message("grace@fence.example"), visitor)
        api("GET", f"{workspace}/conversations/{begun}/flow", token=token)
        api("GET", f"{flow}/versions/1/figures", token=token)
        led = f"{workspace}/conversations/{begun}/flows/{made['id']}"
        again = {"client_id": begun_id(name, "1")}
        api("POST", led, again, token)
        if name == "Gone":
            api("DELETE", flow, token=token)
    api("POST", f"{flows}/import", {"format": "flow1", "file": draft}, token)
    api("GET", flows, token=token)
    return flow


def tour_of_the_servers(api, retention, table, token, workspace, visitor):
    """A flow that asks a server, at a name that nobody has: the program's outbox fails, and so does the schedule.
    What is left is for the outbox."""
    flows = f"{workspace}/flows"
    host = "api.shop.invalid.example"
    secret = {"name": "shop", "value": "Bearer shop", "hosts": [host]}
    api("PATCH", f"{flows}/servers", {"personal_hosts": [host], "secrets": [secret]}, token)
    api("GET", f"{flows}/servers", token=token)
    made = api("POST", flows, {"name": "Asks"}, token, {"idempotency-key": "Asks"})
    flow = f"{flows}/{made['id']}"
    draft = api("GET", flow, token=token)["document"]
    asks = {"method": "GET", "url": f"https://{host}/", "retries": 5, "headers": [{"k": "authorization", "secret": "shop"}]}
    draft["nodes"].append({"id": "ask", "type": "http", "data": asks})
    draft["edges"][-1]["to"]["node"] = "ask"
    draft["edges"].append({"id": "e3", "from": {"node": "ask", "port": "ok"}, "to": {"node": "end"}})
    draft["edges"].append({"id": "e4", "from": {"node": "ask", "port": "error"}, "to": {"node": "end"}})
    api("PATCH", flow, {"document": draft}, token, {"if-match": '"1"'})
    api("POST", f"{flow}/versions", token=token)
    api("PUT", f"{flow}/environments/live", {"version": 1}, token)
    begin = {"client_id": begun_id("Asks", "2")}
    api("POST", f"/v1/widget/flows/{made['id']}/conversations", begin, visitor)
    tour_of_an_event(api, token, workspace, visitor)
    asked = lambda item: item.get("kind", {}).get("S") == "FlowRequest"
    # The program has an outbox of its own.
    time.sleep(3)
    for _ in range(2):
        rewrite(table, "DataTable", asked, overdue("next_at", "due"))
        retention.invoke({"task": "minute", "scheduled_at": at(0)})
    # Without its secret nothing is asked, and the flow goes on: that is left for the outbox, as if nobody had tried.
    rewrite(table, "DataTable", asked, untried)
    api("PATCH", f"{flows}/servers", {"forget": ["shop"]}, token)


def tour_of_an_event(api, token, workspace, visitor):
    """A flow waits for what happens outside, and whoever has its address tells it."""
    flows = f"{workspace}/flows"
    made = api("POST", flows, {"name": "Waits"}, token, {"idempotency-key": "Waits"})
    flow = f"{flows}/{made['id']}"
    draft = api("GET", flow, token=token)["document"]
    draft["variables"].append({"id": "v_back", "name": "callback_paid", "type": "text"})
    draft["nodes"].append({"id": "wait", "type": "event", "data": {"name": "paid"}})
    draft["edges"][-1]["to"]["node"] = "wait"
    draft["edges"].append({"id": "e3", "from": {"node": "wait", "port": "next"}, "to": {"node": "end"}})
    api("PATCH", flow, {"document": draft}, token, {"if-match": '"1"'})
    api("POST", f"{flow}/versions", token=token)
    api("PUT", f"{flow}/environments/live", {"version": 1}, token)
    begin = {"client_id": begun_id("Waits", "3")}
    begun = api("POST", f"/v1/widget/flows/{made['id']}/conversations", begin, visitor)["conversation_id"]
    run = api("GET", f"{workspace}/conversations/{begun}/flow", token=token)
    path = run["variables"]["v_back"].partition("/v1/")[2]
    api("POST", f"/v1/{path}", {"event": {}}, expect=204)


def untried(item):
    """Lets a request of a flow be as it was written, and the schedule leave it alone."""
    later = int((time.time() + 3600) * 1000)
    item["attempts"], item["next_at"] = {"N": "0"}, {"N": str(later)}
    item["due_sk"] = {"S": f"{later:015}#" + item["due_sk"]["S"].split("#", 1)[1]}
