"""The part of the fences' tour that builds flows."""

import json

from live_tour import message


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
