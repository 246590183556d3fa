#!/usr/bin/env python3
"""Sends 15,000 signed events, 30 % of them twice, in random order, as fast as they are taken.

Then it looks: every document is there once, every workspace stands as its newest event says, and as many
events are remembered as there were different ones. Prints the rate and the 50th and 99th hundredth of the
times; fails on anything lost or doubled, and never on a time.

    load.py --sotto target/release/sotto [--events 15000] [--workspaces 50] [--threads 8]
"""

import argparse
import hashlib
import hmac
import http.client
import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlparse

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from program import Program  # noqa: E402

HERE = Path(__file__).resolve().parent


def signed(secret, body):
    at = str(int(time.time()))
    tag = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={tag}"


def event(number, kind, created, obj):
    return {"id": f"evt_load{number}", "object": "event", "type": kind, "created": created,
            "livemode": False, "data": {"object": obj}}


def history(customers, distinct, chance):
    """Events, and what they must lead to: seats by customer, invoices by customer."""
    events, seats, papers = [], {}, {}
    for number in range(distinct):
        customer, created = chance.choice(customers), 2_000_000_000 + number
        if number % 3:
            paper = f"in_load{number // 6}"
            customer = customers[(number // 6) % len(customers)]
            kind = chance.choice(["invoice.finalized", "invoice.paid", "invoice.payment_failed"])
            obj = {"id": paper, "customer": customer, "status": "open", "currency": "eur", "total": 1000,
                   "created": 1_900_000_000, "number": paper}
            paid = papers.setdefault(customer, {})
            paid[paper] = paid.get(paper, False) or kind == "invoice.paid"
        else:
            kind, wanted = "customer.subscription.updated", chance.randrange(1, 50)
            obj = {"id": f"sub_{customer}", "customer": customer, "status": "active",
                   "created": 2_000_000_000,
                   "items": {"data": [{"id": "si_1", "quantity": wanted, "price": {"id": "price_team"}}]}}
            seats[customer] = wanted
        events.append(event(number, kind, created, obj))
    return events, seats, papers


def send_all(api, secret, queue, threads):
    """Sends everything; returns the times in seconds, sorted, and how long it took."""
    host, lock, times, wrong = urlparse(api), threading.Lock(), [], []

    def work():
        line, own = http.client.HTTPConnection(host.hostname, host.port, timeout=30), []
        while True:
            with lock:
                if not queue:
                    break
                body = queue.pop()
            while True:
                header = {"stripe-signature": signed(secret, body), "content-type": "application/json"}
                began = time.perf_counter()
                line.request("POST", "/v1/billing/stripe", body, header)
                answer = line.getresponse()
                answer.read()
                own.append(time.perf_counter() - began)
                if answer.status == 204:
                    break
                # As Stripe does, what was not taken is sent again.
                if answer.status != 503:
                    wrong.append(answer.status)
                    break
        with lock:
            times.extend(own)

    began = time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong, f"refused: {wrong[:5]}"
    return sorted(times), time.perf_counter() - began


def rows(program, opening):
    """How many rows of the data table open with this."""
    at, start, found = urlparse(program.ready["dynamodb"]), None, 0
    line = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    while True:
        ask = {"TableName": "DataTable", "FilterExpression": "begins_with(pk, :o)", "Select": "COUNT",
               "ExpressionAttributeValues": {":o": {"S": opening}}}
        page = call(line, "Scan", ask | ({"ExclusiveStartKey": start} if start else {}))
        found += page["Count"]
        start = page.get("LastEvaluatedKey")
        if not start:
            return found


def call(line, name, body):
    credential = "AWS4-HMAC-SHA256 Credential=outside/20260101/us-east-1/dynamodb/aws4_request, "
    line.request("POST", "/", json.dumps(body), {
        "x-amz-date": "20260101T000000Z", "authorization": f"{credential}SignedHeaders=host, Signature=0",
        "x-amz-target": f"DynamoDB_20120810.{name}", "content-type": "application/x-amz-json-1.0"})
    return json.loads(line.getresponse().read())


def payer(program, workspace):
    """Who pays for a workspace, as the stand-in knows it."""
    at, key = urlparse(program.ready["stripe"]["url"]), program.ready["stripe"]["secret_key"]
    line = http.client.HTTPConnection(at.hostname, at.port)
    line.request("GET", "/v1/events?limit=20", headers={"authorization": f"Bearer {key}"})
    made = [event["data"]["object"] for event in json.loads(line.getresponse().read())["data"]]
    return next(one["id"] for one in made if one.get("metadata") == {"workspace": workspace})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sotto", type=Path, required=True)
    parser.add_argument("--events", type=int, default=15_000)
    parser.add_argument("--workspaces", type=int, default=50)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="sotto-load-") as folder:
        arguments = ["--ephemeral", "--port", "0", "--json", "--plans", str(HERE / "plans.json")]
        program = Program(options.sotto, arguments, f"{folder}/log")
        token, secret = program.demo["member_token"], program.ready["stripe"]["webhook_secret"]
        places = {}
        for number in range(options.workspaces):
            body = {"name": f"W{number}", "profile": "inbox", "member_name": "Ada"}
            made = program.ask("POST", "/v1/workspaces", body, token).expect(201)
            place = f"/v1/workspaces/{made['id']}/billing"
            program.ask("POST", f"{place}/checkout", {"plan": "team"}, token).expect(201)
            places[payer(program, made["id"])] = place
        distinct = options.events * 7 // 10
        events, seats, papers = history(list(places), distinct, chance)
        sent = [json.dumps(one).encode() for one in events]
        sent += [chance.choice(sent) for _ in range(options.events - distinct)]
        chance.shuffle(sent)
        times, seconds = send_all(program.api, secret, sent, options.threads)
        lost = distinct - rows(program, "STRIPE#platform#evt_load")
        wrong = 0
        token = program.ask("GET", "/demo/config.json").expect(200)["member_token"]
        for customer, place in places.items():
            shown = program.ask("GET", place, token=token).expect(200)
            wrong += customer in seats and shown["seats"]["paid"] != seats[customer]
            listed, cursor = {}, ""
            while True:
                page = program.ask("GET", f"{place}/invoices?limit=100{cursor}", token=token).expect(200)
                listed |= {one["id"]: one["status"] == "paid" for one in page["data"]}
                if not page["page"]["has_more"]:
                    break
                cursor = f"&cursor={page['page']['next_cursor']}"
            wrong += listed != papers.get(customer, {})
        program.stop()
    calls = len(times)
    at = lambda share: 1000 * times[min(calls - 1, int(calls * share))]
    print(f"{options.events} events ({distinct} different) in {seconds:.1f} s: {options.events / seconds:.0f}/s; "
          f"p50 {at(.5):.1f} ms, p99 {at(.99):.1f} ms; {calls - options.events} sent again after 503")
    print(f"{lost} lost or doubled events, {wrong} workspaces that stand wrong")
    return 1 if lost or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
