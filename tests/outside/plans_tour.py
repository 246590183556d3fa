"""The part of the tour through the fences that is about plans and payments.

No bootstrap connects to this machine, and Stripe is not asked from a test: what would be called there is
answered with 503. `tests/it/billing` has a stand-in."""

import hashlib
import hmac
import json
import time

SECRET = "whsec_fence"
# Here plans are sold, and Stripe is an address that no bootstrap connects to.
SOLD = {
    "BILLING_PLANS": '[{"name": "free"}, {"name": "team", "price": "price_team"}]',
    "STRIPE_SECRET_KEY": "sk_test_fence",
    "STRIPE_WEBHOOK_SECRETS": SECRET,
    "STRIPE_URL": "http://127.0.0.1:1",
}


def number(value):
    return {"N": str(value)}


def text(value):
    return {"S": value}


def tour_of_the_plans(api, billing, token, workspace):
    place = f"{workspace}/billing"
    assert api("GET", place, token=token)["plan"] == "free"
    api("GET", f"{place}/invoices", token=token)
    api("GET", f"{place}/invoices/in_unknown/pdf", token=token, expect=404)
    api("POST", f"{place}/checkout", {"plan": "team"}, token, expect=503)
    api("POST", f"{place}/portal", {}, token, expect=409)
    api("PATCH", place, {"seats": 3}, token, expect=409)
    told = {"id": "evt_fence", "type": "customer.updated", "created": int(time.time()), "livemode": False,
            "data": {"object": {"id": "cus_fence"}}}
    api("POST", "/v1/billing/stripe", told, expect=400)
    at = str(int(time.time()))
    body = json.dumps(told, ensure_ascii=False).encode()
    tag = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    for _ in range(2):
        api("POST", "/v1/billing/stripe", told, headers={"stripe-signature": f"t={at},v1={tag}"}, expect=204)
    report = billing.invoke({"task": "billing", "scheduled_at": "2026-01-15T12:00:00Z"})
    assert report["stuck_stripe_tasks"] == 0, report


def somebody_pays(table, workspace):
    """What a checkout leaves behind: its erasure leaves a task for Stripe, and takes the rest along."""
    now = number(int(time.time() * 1000))
    customer = f"cus_{workspace[-6:]}"
    own = {"v": number(1), "anchor": now, "customer": text(customer), "workspace": text(workspace),
           "created_at": now}
    row = {**own, "pk": text(f"WORKSPACE#{workspace}"), "sk": text("BILLING"), "kind": text("BillingAccount"),
           "rev": number(1)}
    table("PutItem", "DataTable", Item=row)
    link = {**own, "pk": text(f"CUSTOMER#platform#{customer}"), "sk": text("LINK"), "kind": text("StripeCustomer")}
    table("PutItem", "DataTable", Item=link)


def a_document(table):
    """A document of long ago, and its key, which goes with it."""
    now, place = int(time.time() * 1000), "PAPER#platform#in_fence"
    own = {"pk": text(place), "v": number(1), "anchor": number(now)}
    row = {**own, "sk": text("HEAD"), "kind": text("BillingPaper"), "id": text("in_fence"),
           "customer": text("cus_fence"), "moved_at": number(now), "rev": number(1),
           "exp": number(now + 10**9), "ttl": number(now // 1000 + 10**6)}
    table("PutItem", "DataTable", Item=row)
    key = {**own, "sk": text("KEY"), "kind": text("DataKeyRow"), "tenant": text("platform"),
           "root": text(place), "wrapped": {"B": "AAAA"}, "created_at": number(now)}
    table("PutItem", "KeysTable", Item=key)
