#!/usr/bin/env python3
"""Runs the built bootstraps as deployed, each inside the permissions that template.yaml gives it.

Between each bootstrap and the services stands a wire that knows the function's role: which action on
which table or index, which kinds of partition, which key, which sender. What the role does not allow
is refused as AWS would refuse it, and is a fault. A tour calls every route of the template; then the
outbox gets the stream records that the tour has caused. What the role allows and nobody did on the
whole tour is a fault as well: either a right too many, or a step too few here.

What a real account may do differently is said in infra/README.md.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
import urllib.parse
import uuid
from functools import partial
from pathlib import Path

from calls_tour import tour_of_the_calls
from deployed import Server, Template, http_event, passes
from emulator import FUNCTIONS, Emulated, bootstrap, variables
from exports_tour import joined, tour_of_the_exports
from files_tour import tour_of_the_files, tour_of_the_photo
from flows_tour import tour_of_the_flows, tour_of_the_servers
from live_tour import (
    at, listens, tour_of_a_forgotten_contact, tour_of_erasures, tour_of_retention, tour_of_the_desk, tour_of_the_sockets, tour_of_the_teams,
    tour_of_the_webhooks,
    tour_of_the_sweep,
)
from mail_tour import tour_of_continuity, tour_of_mail, tour_of_support
from pages_tour import Browser, tour_of_the_pages
from plans_tour import SOLD, a_document, tour_of_the_plans
from privacy_tour import tour_of_privacy
from push_tour import tour_of_push
from program import ROOT, Program, ask, identity_token, mailed, mails, totp
from security_key import SecurityKey

# The embedded services want to see a signature and do not check it.
SIGNED = {
    "x-amz-date": "20260101T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=outside/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}


def forward(base, method, path, headers, body, host=None):
    url = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    try:
        connection.request(method, path, body=body, headers={**headers, "host": host or url.netloc})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def refusal():
    body = {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "outside of the fence"}
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-errortype": "AccessDeniedException"}
    return 400, headers, json.dumps(body).encode()


def table_calls(operation, body, names):
    """(action, resource, partition keys) for each thing a DynamoDB request does."""
    if operation == "BatchGetItem":
        for table, wanted in body["RequestItems"].items():
            yield operation, names[table], [key["pk"]["S"] for key in wanted["Keys"]]
    elif operation == "TransactWriteItems":
        # All writes of one action on one table are held against one statement: the stricter reading.
        groups = {}
        actions = {"Put": "PutItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
        for item in body["TransactItems"]:
            (kind, write), = item.items()
            key = write["Item" if kind == "Put" else "Key"]["pk"]["S"]
            groups.setdefault((actions[kind], names[write["TableName"]]), []).append(key)
        for (action, resource), keys in groups.items():
            yield action, resource, keys
    elif operation == "Query":
        index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
        key = body["ExpressionAttributeValues"][":pk"]["S"]
        yield operation, names[body["TableName"]] + index, [key]
    else:
        key = body.get("Key", body.get("Item", {})).get("pk", {}).get("S")
        yield operation, names[body["TableName"]], [key] if key else []


def fenced(role, ready, names):
    """The environment of a function whose calls pass its role."""

    def dynamodb(method, path, headers, body):
        operation = headers["x-amz-target"].split(".")[-1]
        calls = table_calls(operation, json.loads(body), names)
        # Every call is asked, so that all faults of a request are seen at once.
        if not all([role.check(f"dynamodb:{action}", *rest) for action, *rest in calls]):
            return refusal()
        return forward(ready["dynamodb"], method, path, headers, body)

    def kms(method, path, headers, body):
        operation = headers["x-amz-target"].split(".")[-1]
        context = json.loads(body).get("EncryptionContext", {})
        context = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
        if not role.check(f"kms:{operation}", "kms", context=context):
            return refusal()
        return forward(ready["kms"], method, path, headers, body)

    def ses(method, path, headers, body):
        mail = json.loads(body)
        sender = {"ses:FromAddress": mail["FromEmailAddress"]}
        # A mail under a configuration set takes the right to the set as well.
        wanted = ["identity"] + ["configuration-set"] * ("ConfigurationSetName" in mail)
        if not all([role.check("ses:SendEmail", resource, context=sender) for resource in wanted]):
            return refusal()
        return forward(ready["ses"], method, path, headers, body)

    def s3(method, path, headers, body):
        # Signed for this wire's own address, which therefore goes along.
        place = urllib.parse.urlsplit(path)
        _, bucket, *name = urllib.parse.unquote(place.path).split("/", 2)
        query = urllib.parse.parse_qs(place.query, keep_blank_values=True)
        file, context = f"{names[bucket]}/{name[0]}" if name and name[0] else names[bucket], {}
        actions = {"PUT": "PutObject", "GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}
        action = actions[method]
        if "versions" in query:
            action, context = "ListBucketVersions", {"s3:prefix": query.get("prefix", [])}
        elif "versionId" in query:
            action += "Version"
        if not role.check(f"s3:{action}", file, context=context):
            body = b"<Error><Code>AccessDenied</Code><Message>outside of the fence</Message></Error>"
            return 403, {"content-type": "application/xml"}, body
        return forward(ready["s3"], method, path, headers, body, host=headers["host"])

    def sockets(method, path, headers, body):
        if not role.check("execute-api:ManageConnections", f"{method} @connections"):
            return 403, {}, b""
        # Everybody whom the outbox tells has gone, but for a desk: somebody must be there to whom it can give what
        # waits.
        if role.function == "outbox" and "desk-" not in path:
            return 410, {"x-amzn-errortype": "GoneException", "content-type": "application/json"}, b"{}"
        return 200, {}, b""

    return {
        **variables(ready),
        "WEBSOCKET_URL": Server(sockets).url,
        "AWS_ENDPOINT_URL_DYNAMODB": Server(dynamodb).url,
        "AWS_ENDPOINT_URL_KMS": Server(kms).url,
        "AWS_ENDPOINT_URL_S3": Server(s3).url,
        "AWS_ENDPOINT_URL_SESV2": Server(ses).url,
    }


# Where each function counts for the first time on the tour. It then finds no salt of the day, as
# whoever is first in the morning does, and makes one.
FIRST_COUNTS = (
    "POST /v1/auth/signup", "POST /v1/workspaces/{workspace}/invitations", "POST /v1/widget/sessions",
    "POST /v1/guest/sessions", "POST /v1/privacy/requests", "POST /v1/workspaces/{workspace}/search",
    "POST /v1/auth/second-factor/passkey",
    "POST /v1/widget/conversations/{conversation}/attachments",
    "POST /v1/workspaces/{workspace}/conversations/{conversation}/transcript",
)


def forget_salts(ready):
    forget(ready, "SALT#", "KeysTable")


def forget(ready, kind, table="DataTable"):
    for item in items(ready, table):
        if item["pk"]["S"].startswith(kind):
            key = {name: item[name] for name in ("pk", "sk")}
            past_the_fences(ready, "DeleteItem", table, Key=key)


class Api:
    """The routes of the template in front of the emulated functions."""

    def __init__(self, template, functions, ready):
        self.template = template
        self.ready = ready
        self.saltless = set(FIRST_COUNTS)
        self.functions = functions
        self.answered = set()
        self.url = Server(self._answer).url

    def _answer(self, method, path, headers, body):
        route, parameters = self.template.find(method, urllib.parse.urlsplit(path).path)
        if route in self.saltless:
            self.saltless.remove(route)
            forget_salts(self.ready)
        event = http_event(self.template.names[route], parameters, method, path, headers, body)
        answer = self.functions[self.template.routes[route]].invoke(event)
        if "statusCode" not in answer:
            return 502, {"content-type": "application/json"}, json.dumps(answer).encode()
        # A form of a page leads on.
        if answer["statusCode"] < 400 or route == "$default":
            self.answered.add(route)
        headers = dict(answer.get("headers") or {})
        if answer.get("cookies"):
            headers["set-cookie"], = answer["cookies"]
        return answer["statusCode"], headers, (answer.get("body") or "").encode()

    def __call__(self, method, path, body=None, token=None, headers=None, expect=(200, 201, 202, 204)):
        answer = ask(self.url, method, path, body, token, headers)
        try:
            return answer.expect(*(expect if isinstance(expect, tuple) else (expect,)))
        except AssertionError as error:
            raise AssertionError(f"{method} {path}: {error}") from None


def sign_in(api, mailbox, address, path):
    old = len(mails(mailbox))
    adult = {"adult": True} if path.endswith("/signup") else {}
    challenge = api("POST", path, {"email": address, **adult})
    code = mailed(mailbox, address, r"^(\d{8})$", after=old)
    wrong = f"{(int(code) + 1) % 10**8:08}"
    answer = {"challenge_id": challenge["challenge_id"], "code": wrong}
    api("POST", "/v1/auth/otp/verify", answer, expect=401)
    return api("POST", "/v1/auth/otp/verify", {**answer, "code": code})


def tour_of_the_second_factor(api, mailbox):
    """An account that enrols, signs in with both factors, proves itself again and goes back."""
    address = "fay@fence.example"
    token = sign_in(api, mailbox, address, "/v1/auth/signup")["access_token"]
    sign_in(api, mailbox, address, "/v1/auth/otp")
    secret = api("POST", "/v1/account/totp", token=token)["secret"]
    step = int(time.time()) // 30
    api("POST", "/v1/account/totp/confirm", {"code": totp(secret, step - 1)}, token)
    api("POST", "/v1/account/recovery-codes", token=token)
    halfway = sign_in(api, mailbox, address, "/v1/auth/otp")["second_factor"]
    answer = {"challenge_id": halfway["challenge_id"]}
    api("POST", "/v1/auth/second-factor", {**answer, "code": totp(secret, step + 9)}, expect=401)
    token = api("POST", "/v1/auth/second-factor", {**answer, "code": totp(secret, step)})["access_token"]
    token = api("POST", "/v1/auth/step-up", {"code": totp(secret, step + 1)}, token)["access_token"]
    api("DELETE", "/v1/account/totp", token=token)


def tour_of_the_passkeys(api, mailbox, issuer):
    """An account whose second factor is a passkey: by the API, then in a browser."""
    address, key = "fern@fence.example", SecurityKey(issuer)
    token = sign_in(api, mailbox, address, "/v1/auth/signup")["access_token"]
    place = "/v1/account/passkeys"
    begun = api("POST", place, token=token)
    answer = {"ceremony_id": begun["ceremony_id"], "credential": key.create(begun["public_key"])}
    api("POST", f"{place}/confirm", {**answer, "name": "Blue"}, token)
    halfway = sign_in(api, mailbox, address, "/v1/auth/otp")["second_factor"]
    second = "/v1/auth/second-factor/passkey"
    for status in (401, 200):
        begun = api("POST", second, {"challenge_id": halfway["challenge_id"]})
        credential = key.get({**begun["public_key"], **({"challenge": "AAAA"} if status == 401 else {})})
        answer = {"ceremony_id": begun["ceremony_id"], "credential": credential}
        proved = api("POST", f"{second}/confirm", answer, expect=status)
    token = api("POST", "/v1/auth/refresh", {"refresh_token": proved["refresh_token"]})["access_token"]
    begun = api("POST", "/v1/auth/step-up/passkey", token=token)
    answer = {"ceremony_id": begun["ceremony_id"], "credential": key.get(begun["public_key"])}
    proved = api("POST", "/v1/auth/step-up/passkey/confirm", answer, token)
    token = api("POST", "/v1/auth/refresh", {"refresh_token": proved["refresh_token"]})["access_token"]
    passkey = api("GET", place, token=token)["data"][0]["id"]
    browser = Browser(api.url)
    halfway = sign_in(api, mailbox, address, "/v1/auth/otp")["second_factor"]
    browser.submit("/confirm/passkey", expect=200, challenge=halfway["challenge_id"])
    browser.submit("/confirm/passkey", expect=401, challenge=halfway["challenge_id"], credential="{}")
    begun = api("POST", second, {"challenge_id": halfway["challenge_id"]})
    credential = json.dumps(key.get(begun["public_key"]))
    browser.submit("/confirm/passkey", challenge=halfway["challenge_id"], credential=credential)
    browser.open("/account/passkeys")
    browser.submit("/account/passkeys", expect=200, act="ask_proof", next="passkeys")
    browser.submit("/account/passkeys", expect=200, act="add", name="Red")
    # The last one goes, and the account has no second factor any more.
    api("DELETE", f"{place}/{passkey}", token=token)


def tour_of_the_account(api, mailbox):
    """An account with preferences moves to another address, is deleted, and stays after all."""
    token = sign_in(api, mailbox, "gus@fence.example", "/v1/auth/signup")["access_token"]
    api("GET", "/v1/account", token=token)
    dark = {"preferences": {"theme": "dark", "mails": {"service": True}}}
    api("PATCH", "/v1/account", dark, token, {"if-match": '"0"'})
    address = "gustav@fence.example"
    asked = api("POST", "/v1/account/address", {"email": address}, token)
    code = mailed(mailbox, address, r"^(\d{8})$")
    answer = {"challenge_id": asked["challenge_id"], "code": code}
    api("POST", "/v1/account/address/confirm", answer, token)
    made = api("POST", "/v1/workspaces", {"name": "G", "profile": "inbox", "member_name": "G"}, token)
    api("DELETE", "/v1/account", token=token, expect=409)
    invitations = f"/v1/workspaces/{made['id']}/invitations"
    api("POST", invitations, {"email": "hal@fence.example", "role": "owner"}, token)
    invitation = mailed(mailbox, "hal@fence.example", r"^(iv_\S+)$")
    heir = sign_in(api, mailbox, "hal@fence.example", "/v1/auth/signup")["access_token"]
    api("POST", "/v1/invitations/accept", {"token": invitation, "name": "Hal"}, heir)
    sign_in(api, mailbox, address, "/v1/auth/otp")
    api("DELETE", "/v1/account", token=token)
    old = len(mails(mailbox))
    asked = api("POST", "/v1/auth/otp", {"email": address})
    code = mailed(mailbox, address, r"^(\d{8})$", after=old)
    answer = {"challenge_id": asked["challenge_id"], "code": code}
    api("POST", "/v1/account/undo-deletion", answer)


def tour_of_the_operator(api, mailbox, workspace):
    """The operator suspends the workspace and lets it go on; see OPERATOR_EMAIL in infra/rie.env."""
    address = "operator@fence.example"
    token = sign_in(api, mailbox, address, "/v1/auth/signup")["access_token"]
    secret = api("POST", "/v1/account/totp", token=token)["secret"]
    step = int(time.time()) // 30
    api("POST", "/v1/account/totp/confirm", {"code": totp(secret, step - 1)}, token)
    halfway = sign_in(api, mailbox, address, "/v1/auth/otp")["second_factor"]
    answer = {"challenge_id": halfway["challenge_id"], "code": totp(secret, step)}
    token = api("POST", "/v1/auth/second-factor", answer)["access_token"]
    place = f"/v1/operator/{workspace.removeprefix('/v1/')}"
    api("GET", place, token=token)
    api("POST", f"{place}/suspend", {"reason": "security"}, token)
    api("POST", f"{place}/resume", token=token)
    api("GET", "/v1/operator/workspaces", token=token)
    other = sign_in(api, mailbox, "ivy@fence.example", "/v1/auth/signup")["account"]["id"]
    api("POST", "/v1/operator/seats", {"account_id": other}, token)
    api("GET", "/v1/operator/seats", token=token)
    api("DELETE", f"/v1/operator/seats/{other}", token=token)
    api("GET", "/v1/operator/log", token=token)
    settings = "/v1/operator/settings"
    version = api("GET", settings, token=token)["rev"]
    api("PATCH", settings, {"sign_up": "closed"}, token, {"if-match": f'"{version}"'})
    api("POST", "/v1/auth/signup", {"email": "stranger@fence.example", "adult": True})
    api("PATCH", settings, {"sign_up": "open"}, token, {"if-match": f'"{version + 1}"'})
    return token


def tour_of_the_broken_glass(api, ready, retention, operator, owner, places, file):
    """The operator reads in the workspace, is shown out, leaves, and forgets to leave."""
    workspace, app, conversation, contact = places
    place = f"/v1/operator/{workspace.removeprefix('/v1/')}"
    reason = {"reason": "support", "hours": 1}
    api("POST", f"{place}/break-glass", reason, operator)
    thread = f"{workspace}/conversations/{conversation}"
    file = f"{thread}/attachments/{file}"
    for path in (thread, f"{thread}/messages", file, f"{workspace}/contacts/{contact}"):
        api("GET", path, token=operator)
    api("GET", f"{workspace}/break-glass", token=owner)
    api("DELETE", f"{workspace}/break-glass", token=owner)
    api("POST", f"{place}/break-glass", reason, operator)
    api("DELETE", f"{place}/break-glass", token=operator)
    api("POST", f"{place}/break-glass", reason, operator)
    # Its hour passes at once.
    seat = next(item for item in items(ready, "DataTable") if "ends_at" in item and item["kind"]["S"] == "Seat")
    past = str(int((time.time() - 60) * 1000))
    seat = {**seat, "ends_at": {"N": past}, "due_sk": {"S": f"{int(past):015}#{seat['pk']['S']}"}}
    past_the_fences(ready, "PutItem", "DataTable", Item=seat)
    retention.invoke({"task": "minute", "scheduled_at": at(0)})
    for body in ({"enabled": False}, {"enabled": True, "sessions_per_minute": 3000}):
        api("PATCH", f"{place}/apps/{app['id']}", body, operator)


def tour_of_the_announcements(api, mailbox, retention, token):
    """The operator writes to everybody, and of a change to every owner; somebody takes the way out."""
    path = "/v1/operator/announcements"
    history = json.loads((ROOT / "docs/privacy/inbox/history.json").read_text())
    news = {"class": "service", "subject": "News", "text": "Hello."}
    change = {
        "class": "material_change", "subject": "A change", "text": "Hello.",
        "version": history[-1]["date"], "effective_at": at(20 * 86400),
    }
    # The program has schedules of its own, which may be faster once.
    for body in (news, change, {**news, "subject": "More news"}):
        made = api("POST", path, body, token, {"idempotency-key": body["subject"]})
        for _ in range(4):
            retention.invoke({"task": "jobs", "scheduled_at": at(0)})
        api("GET", f"{path}/{made['id']}", token=token)
    way_out = mailed(mailbox, "operator@fence.example", r"^\S+(/unsubscribe\?token=un_\S+)$")
    browser = Browser(api.url)
    browser.open(way_out)
    browser.submit(way_out, expect=200, **{"List-Unsubscribe": "One-Click"})


# A built bootstrap connects to public hosts only, so it cannot be led to a provider here. Its routes are
# called, and a refusal is found; that every right is used is not asked. `tests/it/oidc.rs` has a provider.
BEHIND_A_PROVIDER = ("oidc", "billing")


def tour_of_the_team_sign_in(api, token, workspace):
    """What the sign-in of a team does without a provider that answers."""
    place, way = f"{workspace}/oidc", f"/v1/auth/oidc/{workspace.split('/')[-1]}"
    api("GET", place, token=token, expect=404)
    provider = {
        "issuer": "http://127.0.0.1:1", "client_id": "sotto", "client_secret": "secret",
        "domains": ["fence.example"], "role": "agent",
    }
    api("PUT", place, provider, token, expect=422)
    api("DELETE", place, token=token)
    api("POST", f"{way}/start", {"redirect_uri": "https://app.example.com/"}, expect=404)
    answer = {"sign_in": "x", "code": "x", "state": "x"}
    api("POST", f"{way}/finish", answer, expect=401)
    api("GET", "/sign-in/team")


def message(text):
    return {"client_message_id": str(uuid.uuid4()), "text": text}


def tour_of_the_team(api, mailbox):
    """Accounts, a workspace, its apps and its members. Returns what the rest of the tour needs."""
    for path in ("/health", "/version", "/openapi.json", "/docs", "/policy/inbox", "/.well-known/jwks.json",
                 "/.well-known/erasure-keys.json", "/.well-known/privacy.json"):
        api("GET", path)
    api("GET", "/nothing-here", expect=404)
    sign_in(api, mailbox, "ada@fence.example", "/v1/auth/signup")
    owner = sign_in(api, mailbox, "ada@fence.example", "/v1/auth/otp")
    password = "vexing umbrella 9"
    wish = {"email": "eve@fence.example", "adult": True, "password": password}
    challenge = api("POST", "/v1/auth/signup", wish)
    code = mailed(mailbox, "eve@fence.example", r"^(\d{8})$")
    api("POST", "/v1/auth/otp/verify", {"challenge_id": challenge["challenge_id"], "code": code})
    api("POST", "/v1/auth/password/forgot", {"email": "eve@fence.example"})
    reset = {"token": mailed(mailbox, "eve@fence.example", r"^(rs_\S+)$"), "password": password}
    api("POST", "/v1/auth/password/reset", reset)
    eve = api("POST", "/v1/auth/login", {"email": "eve@fence.example", "password": password})["access_token"]
    change = {"current_password": password, "password": "another umbrella 10"}
    api("POST", "/v1/auth/password/change", change, eve)
    again = {"email": "eve@fence.example", "password": change["password"]}
    api("POST", "/v1/auth/login", again)
    sessions = api("GET", "/v1/auth/sessions", token=eve)["data"]
    other = next(session for session in sessions if not session["current"])
    api("DELETE", f"/v1/auth/sessions/{other['id']}", token=eve)
    api("DELETE", "/v1/auth/sessions", token=eve)
    first = owner["refresh_token"]
    for _ in range(3):
        owner = api("POST", "/v1/auth/refresh", {"refresh_token": owner["refresh_token"]})
    token = owner["access_token"]
    body = {"name": "Fence", "profile": "inbox", "member_name": "Ada"}
    made = api("POST", "/v1/workspaces", body, token, {"idempotency-key": "one"})
    again = api("POST", "/v1/workspaces", body, token, {"idempotency-key": "one"})
    assert made["id"] == again["id"], "the same key made two workspaces"
    workspace = f"/v1/workspaces/{made['id']}"
    api("GET", "/v1/workspaces", token=token)
    api("GET", workspace, token=token)
    app = {"name": "Shop", "platform": "web", "origins": ["https://shop.example"], "identity": "optional"}
    app = api("POST", f"{workspace}/apps", app, token, {"idempotency-key": "two"})
    api("GET", f"{workspace}/apps", token=token)
    api("PATCH", f"{workspace}/apps/{app['id']}", {"name": "Our shop"}, token)
    nobodys = {"team_id": "team_01kf0a1b2c3d4e5f6g7h8j9k0m"}
    api("PATCH", f"{workspace}/apps/{app['id']}", nobodys, token, expect=422)
    secret = api("POST", f"{workspace}/apps/{app['id']}/rotate-key", {"key": "identity_secret"}, token)
    app["identity_secret"] = secret["identity_secret"]
    api("DELETE", workspace, token=token)
    api("POST", f"{workspace}/undo-deletion", token=token)
    api("PATCH", workspace, {"locale": "en", "calls": True}, token, {"if-match": '"1"'})
    api("POST", f"{workspace}/invitations", {"email": "bob@fence.example", "role": "agent"}, token)
    invitation = mailed(mailbox, "bob@fence.example", r"^(iv_\S+)$")
    kim = api("POST", f"{workspace}/invitations", {"email": "kim@fence.example", "role": "agent"}, token)
    api("GET", f"{workspace}/invitations", token=token)
    api("POST", f"{workspace}/invitations/{kim['id']}/resend", token=token)
    api("DELETE", f"{workspace}/invitations/{kim['id']}", token=token)
    guest = sign_in(api, mailbox, "bob@fence.example", "/v1/auth/signup")["access_token"]
    api("POST", "/v1/invitations/accept", {"token": invitation, "name": "Bob"}, guest)
    members = api("GET", f"{workspace}/members", token=token)["data"]
    bob = next(member for member in members if member["name"] == "Bob")
    api("PATCH", f"{workspace}/members/{bob['id']}", {"role": "owner"}, token)
    api("PATCH", f"{workspace}/members/{bob['id']}", {"role": "viewer"}, token)
    api("POST", "/v1/auth/logout", token=guest)
    # A refresh token from long ago ends the session, but not the access token's ten minutes of proof.
    return token, workspace, app, first


def tour_of_keys(api, token, workspace, contact, conversation, file):
    """A program of the customer. A key for each function, which notes its first use."""
    scopes = ["contacts.read", "conversations.read", "conversations.write", "flows.read", "personal_data.read"]
    ours = f"{workspace}/conversations/{conversation}"
    calls = [
        ("GET", f"{workspace}/contacts/{contact.rsplit('/', 1)[-1]}", None),
        ("GET", ours, None),
        ("POST", f"{ours}/messages", message("From the shop")),
        ("GET", f"{ours}/attachments/{file}", None),
        ("GET", f"{workspace}/sync", None),
        ("GET", f"{workspace}/flows", None),
    ]
    for method, path, body in calls:
        made = api("POST", f"{workspace}/api-keys", {"name": "Shop", "scopes": scopes}, token)
        api(method, path, body, made["key"])
    keys = api("GET", f"{workspace}/api-keys", token=token)["data"]
    assert all(key["last_used_on"] for key in keys), keys
    api("DELETE", f"{workspace}/api-keys/{keys[0]['id']}", token=token)


def tour_of_leaving(api, mailbox, retention, token, workspace, contact):
    """Members who go, with conversations, read marks and drafts, and an ownership that comes back."""
    own = api("GET", workspace, token=token)["member_id"]
    # The program has schedules of its own, which may be faster once.
    for name in ("lea", "max"):
        address = f"{name}@fence.example"
        api("POST", f"{workspace}/invitations", {"email": address, "role": "agent"}, token)
        invitation = mailed(mailbox, address, r"^(iv_\S+)$")
        guest = sign_in(api, mailbox, address, "/v1/auth/signup")["access_token"]
        joined = api("POST", "/v1/invitations/accept", {"token": invitation, "name": name}, guest)
        member = joined["member_id"]
        api("PATCH", f"{workspace}/members/{member}", {"name": "Somebody"}, guest)
        begun = {"contact_id": contact, "first_message": message("Hello")}
        begun = api("POST", f"{workspace}/conversations", begun, token)["conversation"]
        ours = f"{workspace}/conversations/{begun['id']}"
        api("PUT", f"{ours}/assignee", {"member_id": member}, token)
        api("PUT", f"{ours}/draft", {"text": "Well"}, guest)
        api("PUT", f"{ours}/read", {"seq": 1}, guest)
        if name == "lea":
            api("DELETE", f"{workspace}/members/{member}?reassign_to={own}", token=token)
        else:
            api("POST", f"{workspace}/transfer-ownership", {"member_id": member}, token)
            api("POST", f"{workspace}/transfer-ownership", {"member_id": own}, guest)
            api("POST", f"{workspace}/leave?reassign_to={own}", token=guest)
        retention.invoke({"task": "jobs", "scheduled_at": at(0)})


def tour_of_a_conversation(api, mailbox, token, workspace, app):
    origin = {"origin": "https://shop.example"}
    session = api("POST", "/v1/widget/sessions", {"app_key": app["public_key"]}, headers=origin)
    body = {"app_key": app["public_key"], "resume_token": session["resume_token"]}
    session = api("POST", "/v1/widget/sessions", body, headers=origin)
    visitor, contact = session["session_token"], session["visitor"]["contact_id"]
    first = {"first_message": message("Hello")}
    made = api("POST", "/v1/widget/conversations", first, visitor)
    api("POST", "/v1/widget/conversations", first, visitor, expect=200)
    conversation = made["conversation"]["id"]
    theirs = f"/v1/widget/conversations/{conversation}"
    ours = f"{workspace}/conversations/{conversation}"
    api("POST", f"{workspace}/conversations", {"contact_id": contact, "first_message": message("Hi")}, token)
    said = message("Are you there?")
    api("POST", f"{theirs}/messages", said, visitor, expect=201)
    api("POST", f"{theirs}/messages", said, visitor, expect=200)
    api("POST", f"{ours}/messages", {**message("We are"), "reply_to_seq": 2}, token)
    for path in (f"{workspace}/conversations", ours, f"{ours}/messages"):
        api("GET", path, token=token)
    for path in ("/v1/widget/conversations", theirs, f"{theirs}/messages"):
        api("GET", path, token=visitor)
    api("GET", f"{ours}/transcript?format=json&notes=true", token=token)
    api("GET", f"{theirs}/transcript?format=json", token=visitor)
    api("GET", "/v1/widget/availability", token=visitor)
    beacon = {"client_beacon_id": str(uuid.uuid4()), "load_ms": 840}
    for _ in range(2):
        api("POST", "/v1/widget/beacons", beacon, visitor, expect=204)
    for path in ("figures", "usage"):
        api("GET", f"{workspace}/{path}", token=token)
    api("PUT", "/v1/widget/figures", {"allowed": False}, visitor)
    api("PUT", "/v1/widget/figures", {"allowed": True}, visitor)
    beacon = {"client_beacon_id": str(uuid.uuid4()), "error": "network"}
    api("POST", "/v1/widget/beacons", beacon, visitor, expect=204)
    api("POST", f"{ours}/transcript", {"to": "me", "notes": True}, token, expect=202)
    api("POST", "/v1/widget/email", {"email": "mona@fence.example"}, visitor, expect=202)
    code = mailed(mailbox, "mona@fence.example", r"^(\d{8})$")
    api("PUT", "/v1/widget/email", {"code": f"{(int(code) + 1) % 10**8:08}"}, visitor, expect=401)
    api("PUT", "/v1/widget/email", {"code": code}, visitor)
    version = api("GET", workspace, token=token)["rev"]
    api("PATCH", workspace, {"visitor_mail": "messages"}, token, {"if-match": f'"{version}"'})
    for _ in range(2):
        api("POST", f"{theirs}/transcript", token=visitor, expect=202)
    api("PUT", f"{ours}/read", {"seq": 2}, token)
    api("PUT", f"{ours}/read", {"seq": 3}, token)
    api("PUT", f"{theirs}/read", {"seq": 3}, visitor)
    contact = f"{workspace}/contacts/{contact}"
    api("GET", f"{workspace}/contacts", token=token)
    api("GET", contact, token=token)
    for within in ("messages", "conversations", "contacts"):
        api("POST", f"{workspace}/search", {"query": "hello", "in": within}, token, expect=200)
    api("PATCH", contact, {"name": "Grace"}, token)
    entered = {"external_id": "user-7", "name": "Mona"}
    for _ in range(2):
        api("POST", f"{workspace}/contacts", entered, token)
        entered["name"] = "Mona Lisa"
    for _ in range(2):
        note = api("POST", f"{contact}/notes", {"text": "Likes tea"}, token, {"idempotency-key": "tea"})
    for path in ("notes", "timeline"):
        api("GET", f"{contact}/{path}", token=token)
    api("DELETE", f"{contact}/notes/{note['id']}", token=token)
    api("GET", f"{workspace}/conversations?app_id={app['id']}&label=late", token=token)
    api("PUT", f"{contact}/block", token=token)
    api("DELETE", f"{contact}/block", token=token)
    return visitor, session["visitor"]["contact_id"], conversation


def tour_of_a_known_visitor(api, token, workspace, app):
    """Twice with the customer's signed word, so that the contact is made and found again; then asked how it was."""
    claims = {"sub": "user-1", "aud": workspace.rsplit("/", 1)[-1], "exp": int(time.time()) + 600}
    identity = identity_token(app["identity_secret"], claims)
    body = {"app_key": app["public_key"], "identity_token": identity}
    place = f"{workspace}/apps/{app['id']}"
    api("PATCH", place, {"asks_rating": True}, token)
    for _ in range(2):
        session = api("POST", "/v1/widget/sessions", body, headers={"origin": "https://shop.example"})
    api("PATCH", place, {"asks_rating": False}, token)
    # Who came without a name was the same person.
    known = session["visitor"]["contact_id"]
    nameless = {"app_key": app["public_key"]}
    early = api("POST", "/v1/widget/sessions", nameless, headers={"origin": "https://shop.example"})["visitor"]
    api("POST", f"{workspace}/contacts/{early['contact_id']}/merge", {"into": known}, token, expect=200)
    api("GET", f"{workspace}/conversations?contact_id={known}", token=token)
    visitor = session["session_token"]
    begun = api("POST", "/v1/widget/conversations", {"first_message": message("Thanks")}, visitor)["conversation"]["id"]
    api("POST", f"{workspace}/conversations/{begun}/close", token=token)
    api("PUT", f"/v1/widget/conversations/{begun}/rating", {"rating": 5}, visitor)


def signed_for(app, workspace, address):
    """The customer's word for somebody and their address."""
    claims = {"sub": address, "aud": workspace.rsplit("/", 1)[-1], "exp": int(time.time()) + 600, "email": address}
    return identity_token(app["identity_secret"], claims)


def past_the_fences(ready, operation, table, **request):
    """A request to the table that no role is asked for."""
    headers = {**SIGNED, "content-type": "application/x-amz-json-1.0"}
    headers["x-amz-target"] = f"DynamoDB_20120810.{operation}"
    body = json.dumps({"TableName": table, **request}).encode()
    status, _, content = forward(ready["dynamodb"], "POST", "/", headers, body)
    assert status == 200, content
    return json.loads(content)


def items(ready, table):
    """Every item of a table."""
    return past_the_fences(ready, "Scan", table)["Items"]


def record(name, item):
    images = {"NewImage": item} if name == "INSERT" else {"OldImage": item}
    keys = {"pk": item["pk"], "sk": item["sk"]}
    return {
        "eventID": uuid.uuid4().hex, "eventName": name, "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "dynamodb": {"Keys": keys, **images, "SequenceNumber": "1", "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }


def tour_of_returned_mail(function, workspace, invitation):
    """SES tells that the mail of an invitation came back; told again, there is nothing left to note."""
    event = json.loads((ROOT / "events" / "outbox" / "mail-bounced.json").read_text())
    bounced = event["detail"]["bounce"]["bouncedRecipients"]
    bounced[0]["emailAddress"] = "eve@fence.example"
    event["detail"]["mail"]["tags"] = {
        "ses:configuration-set": ["MailConfiguration"],
        "workspace": [workspace], "invitation": [invitation], "mail": ["1"],
    }
    for noted in (1, 0):
        answer = function.invoke(event)
        assert answer == {"suppressed": 1, "noted": noted}, f"returned mail: {answer}"


def tour_of_the_outbox(api, function, filters, ready, token, workspace, listen):
    """Everything in the table comes, then every head goes; the outbox hears what its filter passes.

    The mails must have gone out, and no key of a root nor anything of a subject may be left. Nothing
    works after it.
    """
    api("POST", "/v1/auth/otp", {"email": "ada@fence.example"})
    api("POST", "/v1/auth/password/forgot", {"email": "ada@fence.example"})
    invited = api("POST", f"{workspace}/invitations", {"email": "eve@fence.example", "role": "agent"}, token)
    # The program has an outbox of its own; when it has sent these two, the next ones are ours.
    mailed(ready["api"], "eve@fence.example", r"^(iv_\S+)$")
    tour_of_returned_mail(function, workspace.rsplit("/", 1)[1], invited["id"])
    # Or its next mail would be left out. The sweep gets it back.
    suppressed = [item for item in items(ready, "DataTable") if item["pk"]["S"].startswith("SUPPRESSED#")]
    assert suppressed, "mail that came back left nothing"
    forget(ready, "SUPPRESSED#")
    old = len(mails(ready["api"]))
    for item in items(ready, "DataTable"):
        if item["pk"]["S"].startswith("LETTER#"):
            # The program's own outbox has settled it.
            item["letter_state"] = {"S": "queued"}
            past_the_fences(ready, "PutItem", "DataTable", Item=item)
        kind = item.get("kind", {}).get("S")
        if kind == "Delivery":
            # The program's own outbox has tried it.
            item |= {"delivery_state": {"S": "pending"}, "attempts": {"N": "0"}}
            past_the_fences(ready, "PutItem", "DataTable", Item=item)
        if kind == "Continuity":
            # The program's own outbox has sent it.
            item |= {"mails": {"N": "1"}, "settled": {"N": "0"}, "from_seq": {"N": "0"}, "until_seq": {"N": "9"}}
            past_the_fences(ready, "PutItem", "DataTable", Item=item)
        if kind == "TranscriptMail":
            # The program's own outbox has sent it.
            item.pop("carried_out_at", None)
            past_the_fences(ready, "PutItem", "DataTable", Item=item)
    for item in items(ready, "DataTable"):
        if item["pk"]["S"].startswith("CONVERSATION#") and "team" in item:
            listen()
            assert function.invoke({"Records": [record("INSERT", item)]}) == {"batchItemFailures": []}
    for item in items(ready, "DataTable"):
        # The program's own outbox has written the index of addresses.
        if item["pk"]["S"].startswith("REACHED#") or item["sk"]["S"] == "REACHED":
            key = {name: item[name] for name in ("pk", "sk")}
            past_the_fences(ready, "DeleteItem", "DataTable", Key=key)
    listen()
    listen(name="gone")
    for item in items(ready, "DataTable"):
        if item.get("kind", {}).get("S") == "WebhookHealth":
            # The program's own outbox has found nobody there.
            well = {name: value for name, value in item.items() if name not in ("failing_since", "rest_until")}
            past_the_fences(ready, "PutItem", "DataTable", Item=well)
    everything = items(ready, "DataTable")
    heads = [item for item in everything if item["sk"]["S"] == "HEAD"]
    ends = [item for item in everything if item["pk"]["S"].startswith(("SEAT#", "SESSION#"))]
    files = [item for item in everything if item["sk"]["S"].startswith(("A#", "U#", "CONTINUITY"))]
    # A file whose row has gone: nobody else hears of it, so its room is given back here.
    share = next(item for item in everything if item["pk"]["S"].startswith("FILEROOM#") and item["sk"]["S"] != "SUM")
    last = "1" if share["sk"]["S"].endswith("0") else "0"
    share = {**share, "sk": {"S": share["sk"]["S"][:-1] + last}}
    past_the_fences(ready, "PutItem", "DataTable", Item=share)
    _, thread, file = share["sk"]["S"].split("#")
    workspace = share["pk"]["S"].split("#")[1]
    row = {"pk": {"S": f"CONVERSATION#{workspace}#{thread}"}, "sk": {"S": f"U#{file}"}, "kind": {"S": "Upload"}}
    stream = [record("INSERT", item) for item in everything]
    stream += [record("REMOVE", row)]
    stream += [record("REMOVE", item) for item in files + ends + heads]
    heard = [r for r in stream if any(passes(pattern, r) for pattern in filters)]
    # First what is to be tried, before the program fails with it.
    heard.sort(key=lambda r: not r["dynamodb"]["Keys"]["pk"]["S"].startswith("HOOKED#"))
    # Few at once: a batch that takes longer than its budget is to come again from where it stopped.
    for start in range(0, len(heard), 10):
        answer = function.invoke({"Records": heard[start:start + 10]})
        assert answer == {"batchItemFailures": []}, f"the outbox failed: {answer}"
    sent = len(mails(ready["api"])) - old
    assert sent >= 2, f"{sent} mails for a code and an invitation"
    left = {item["pk"]["S"].split("#")[0] for item in items(ready, "KeysTable")}
    assert left == {"ATTEST", "SALT", "TENANT", "SIGNING"}, f"keys are left of {left}"
    left = [item["pk"]["S"] for item in items(ready, "DataTable") if item["pk"]["S"].startswith("SUBJECT#")]
    assert not left, f"{len(left)} rows of subjects are left"
    print(f"  the outbox heard {len(heard)} of {len(stream)} records")
    return everything + suppressed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sotto", type=Path, required=True, help="the program that brings the services")
    parser.add_argument("folder", type=Path, help="where the built bootstraps are")
    options = parser.parse_args()
    functions, faults = {}, []
    with tempfile.TemporaryDirectory(prefix="sotto-fences-") as folder:
        # Of files and times the tour tells the built functions, and nobody else is faster.
        arguments = ["--ephemeral", "--port", "0", "--json", "--hold-events"]
        program = Program(options.sotto, arguments, f"{folder}/services")
        ready, log_path = program.ready, Path(folder) / "log"
        own = variables(ready)
        template = Template({"MailFrom": own["MAIL_FROM"]})
        names = {own["DATA_TABLE"]: "data", own["KEYS_TABLE"]: "keys", own["SEALED_BUCKET"]: "sealed"}
        names[own["PASSING_BUCKET"]] = "passing"
        with open(log_path, "wb") as log:
            try:
                for name in FUNCTIONS:
                    environment = fenced(template.roles[name], ready, names)
                    environment |= SOLD if name == "billing" else {}
                    functions[name] = Emulated(bootstrap(options.folder, name), name, environment, log)
                api = Api(template, functions, ready)
                token, workspace, app, old = tour_of_the_team(api, ready["api"])
                tour_of_the_second_factor(api, ready["api"])
                tour_of_the_passkeys(api, ready["api"], own["ISSUER"].replace("127.0.0.1", "localhost"))
                tour_of_the_account(api, ready["api"])
                operator = tour_of_the_operator(api, ready["api"], workspace)
                retention = functions["retention"]
                tour_of_the_announcements(api, ready["api"], retention, operator)
                tour_of_the_team_sign_in(api, token, workspace)
                tour_of_the_plans(api, functions["billing"], token, workspace)
                visitor, contact, conversation = tour_of_a_conversation(api, ready["api"], token, workspace, app)
                places = workspace, app, conversation, contact
                file = tour_of_the_files(api, functions, token, visitor, workspace, conversation)
                tour_of_the_photo(api, functions, token, workspace)
                retention = functions["retention"]
                tour_of_the_broken_glass(api, ready, retention, operator, token, places, file)
                tour_of_a_known_visitor(api, token, workspace, app)
                tour_of_the_pages(api, ready["api"], workspace, token)
                member = api("GET", workspace, token=token)["member_id"]
                tour_of_the_desk(api, token, workspace, contact, member)
                tour_of_the_flows(api, token, workspace, visitor, partial(forget_salts, ready))
                tour_of_the_calls(api, functions, partial(past_the_fences, ready), partial(items, ready, "DataTable"), token, (workspace, conversation, visitor))
                tour_of_keys(api, token, workspace, contact, conversation, file)
                tour_of_leaving(api, ready["api"], functions["retention"], token, workspace, contact)
                tour_of_retention(api, functions["retention"], token, workspace, conversation)
                tour_of_a_forgotten_contact(api, functions["retention"], token, workspace, app)
                intake, forgotten = functions["intake"], partial(forget_salts, ready)
                tour_of_support(api, ready["api"], intake, forgotten, token, operator)
                arrive = lambda address: sign_in(api, ready["api"], address, "/v1/auth/signup")["access_token"]
                seen = partial(mailed, ready["api"])
                second = joined(api, arrive, seen, token, workspace)
                table = partial(past_the_fences, ready)
                tour_of_the_exports(api, functions, table, token, workspace, app, second)
                tour_of_erasures(api, arrive, seen, functions, table)
                tokens = (token, operator)
                tour_of_privacy(api, ready["api"], functions["retention"], table, tokens, workspace, app, arrive)
                tour_of_mail(api, ready["api"], intake, "fay@fence.example")
                tour_of_the_sockets(api, functions["realtime"], token, visitor, workspace, conversation)
                tour_of_the_teams(api, functions, token, workspace, contact, member)
                tour_of_the_webhooks(api, functions["retention"], table, token, workspace, app, contact)
                tour_of_the_servers(api, functions["retention"], partial(past_the_fences, ready), token, workspace, visitor)
                identity = partial(signed_for, app, workspace)
                tour_of_continuity(api, ready["api"], functions, table, token, workspace, app, identity)
                tour_of_push(api, functions, table, record, token, workspace, app)
                a_document(table)
                outbox, filters = functions["outbox"], template.filters["outbox"]
                keys = items(ready, "KeysTable")
                listen = partial(listens, api, functions["realtime"], token, workspace)
                data = tour_of_the_outbox(api, outbox, filters, ready, token, workspace, listen)
                tour_of_the_sweep(functions["retention"], table, data, keys)
                api("POST", "/v1/auth/refresh", {"refresh_token": old}, expect=401)
                missed = sorted(set(template.routes) - api.answered)
                missed = [route for route in missed if template.routes[route] not in BEHIND_A_PROVIDER]
                faults += [f"not called: {route}" for route in missed]
                for role in template.roles.values():
                    if role.function not in BEHIND_A_PROVIDER:
                        faults += [f"allowed, but never done: {right}" for right in role.unused()]
            except (AssertionError, KeyError) as error:
                faults.append(str(error))
            finally:
                for function in functions.values():
                    function.stop()
        program.stop()
        for role in template.roles.values():
            faults += [f"refused: {denied}" for denied in sorted(set(role.denied))]
        for fault in faults:
            print(f"FAULT {fault}")
        if faults:
            # Of the log only what the functions say; the emulator talks more.
            lines = log_path.read_text("utf-8", "replace").splitlines()
            said = [line for line in lines if line.startswith("{") and '"_aws"' not in line]
            print("\n".join(said[-20:]))
    print(f"{len(template.routes)} routes, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
