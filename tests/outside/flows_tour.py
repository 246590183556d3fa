"""The part of the fences' tour that builds flows."""

from live_tour import message


def asks(draft):
    """Lets a flow end with a question, which waits for what a visitor says."""
    draft["variables"].append({"id": "v_name", "name": "name", "type": "text", "pii": True})
    asked = {"md": "Your name?", "input": {"kind": "text"}, "save": "v_name"}
    draft["nodes"].append({"id": "ask", "type": "ask", "data": asked})
    draft["edges"][-1]["to"]["node"] = "ask"
    draft["edges"].append({"id": "e3", "from": {"node": "ask", "port": "next"}, "to": {"node": "end"}})


def tour_of_the_flows(api, token, workspace, visitor):
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
        api("POST", f"{flow}/simulate", {"script": {}}, token)
        api("POST", f"{flow}/explore", {"walks": 2}, token)
        api("POST", f"{flow}/test-runs", token=token)
        api("POST", f"{flow}/versions", token=token)
        api("GET", f"{flow}/versions", token=token)
        api("GET", f"{flow}/versions/1", token=token)
        api("GET", f"{flow}/diff?from=1", token=token)
        api("PUT", f"{flow}/environments/live", {"version": 1}, token)
        begun = {"client_id": "0190b6a1-7c1e-7cc0-8000-0000000000" + ("07" if name == "Gone" else "08")}
        begun = api("POST", f"/v1/widget/flows/{made['id']}/conversations", begun, visitor)["conversation_id"]
        api("GET", f"/v1/widget/conversations/{begun}/flow", token=visitor)
        api("POST", f"/v1/widget/conversations/{begun}/messages", message("Grace"), visitor)
        if name == "Gone":
            api("DELETE", flow, token=token)
    api("POST", f"{flows}/import", {"format": "flow1", "file": draft}, token)
    api("GET", flows, token=token)
    return flow
