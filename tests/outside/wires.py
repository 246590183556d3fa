#!/usr/bin/env python3
"""Holds the embedded DynamoDB against another one, ministack, over the wire.

Everything here is asked in the words of shared/src/store: the same kinds of conditions, transactions, batches and
queries. Both must answer alike: status, kind of error, items, reasons of a cancelled transaction and units of capacity.
Where they do not, the difference stands in DIFFERENCES with which of the two is like AWS; the list may only shrink: a
difference that is gone has to go from it. Then `sotto init`, `rotate-keys` and `doctor` run with ministack as their
data wire, and keys of the embedded stack.

    wires.py [--sotto target/debug/sotto]        needs ministack on the path (PyPI)

suite.py runs the integration suite on ministack.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from program import Program, default_binary

# name of a step -> which wire is like AWS, and why.
DIFFERENCES = {
    "a strong batch of two tables": "embedded: ministack says nothing of the units that a batch takes",
}

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=000000000000/20260115/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


class Wire:
    def __init__(self, url):
        self.url = url

    def ask(self, operation, body):
        request = urllib.request.Request(self.url, data=json.dumps(body).encode(), method="POST")
        request.add_header("content-type", "application/x-amz-json-1.0")
        request.add_header("x-amz-target", f"DynamoDB_20120810.{operation}")
        request.add_header("authorization", AUTHORIZATION)
        request.add_header("x-amz-date", "20260115T120000Z")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")


def like(answer):
    """What of an answer has to be the same: no wording, no order where DynamoDB promises none."""
    status, body = answer
    kind = body.get("__type", "").rsplit("#", 1)[-1]
    same = {"status": status, "kind": kind}
    for name in ("Item", "Attributes", "Items", "Count", "ScannedCount", "LastEvaluatedKey"):
        if body.get(name) not in (None, {}, []):
            same[name] = body[name]
    if "Responses" in body and isinstance(body["Responses"], dict):
        same["Responses"] = {
            table: sorted(items, key=lambda one: json.dumps(one, sort_keys=True)) for table, items in body["Responses"].items() if items
        }
    reasons = body.get("CancellationReasons")
    if reasons is not None:
        same["reasons"] = [(one.get("Code"), one.get("Item")) for one in reasons]
    if kind == "ConditionalCheckFailedException":
        same["found"] = body.get("Item")
    units = body.get("ConsumedCapacity")
    if units:
        units = units if isinstance(units, list) else [units]
        same["units"] = sorted((one["TableName"], one.get("CapacityUnits")) for one in units)
    return same


def item(pk, sk, **more):
    values = {"pk": {"S": pk}, "sk": {"S": sk}}
    for name, value in more.items():
        values[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
    return values


def steps(data, keys):
    """(name, operation, body), in order: later ones see what earlier ones did."""
    every = {"ReturnConsumedCapacity": "TOTAL"}
    names = {"#pk": "pk", "#sk": "sk"}
    absent = {"ConditionExpression": "attribute_not_exists(#pk) OR #exp <= :now",
              "ExpressionAttributeNames": {"#pk": "pk", "#exp": "exp"}, "ExpressionAttributeValues": {":now": {"N": "1000"}}}
    unchanged = lambda rev: {
        "ConditionExpression": "#rev = :rev AND #exp > :now",
        "ExpressionAttributeNames": {"#rev": "rev", "#exp": "exp"},
        "ExpressionAttributeValues": {":rev": {"N": str(rev)}, ":now": {"N": "1000"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    head = lambda rev, **more: item("CNV#w#1", "HEAD", rev=rev, exp=9000, **more)
    message = lambda n: item("CNV#w#1", f"MSG#{n:010}", text=f"message {n}", exp=9000, anchor=n)
    index = {"changes_pk": "w", "changes_sk": "0001"}
    yield "create", "PutItem", {"TableName": data, "Item": head(1, **index), **absent, **every}
    yield "create again is refused", "PutItem", {"TableName": data, "Item": head(1), **absent}
    yield "refused with what is there", "PutItem", {
        "TableName": data, "Item": head(1), **absent, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    yield "expired is absent", "PutItem", {"TableName": data, "Item": item("X#w#1", "A", exp=1), **absent}
    yield "expired is replaced", "PutItem", {"TableName": data, "Item": item("X#w#1", "A", exp=2), **absent}
    send = lambda n, rev: {"TransactItems": [
        {"Put": {"TableName": data, "Item": head(rev + 1, changes_pk="w", changes_sk=f"{rev:04}"), **unchanged(rev)}},
        {"Put": {"TableName": data, "Item": message(n), **absent}},
        {"ConditionCheck": {"TableName": keys, "Key": item("T#w", "GONE"), "ConditionExpression": "attribute_not_exists(#pk)",
                            "ExpressionAttributeNames": {"#pk": "pk"}}},
    ], **every}
    yield "a transaction", "TransactWriteItems", send(1, 1)
    yield "a transaction that lost brings what is there", "TransactWriteItems", send(2, 1)
    yield "and left nothing", "GetItem", {"TableName": data, "Key": item("CNV#w#1", "MSG#0000000002"), "ConsistentRead": True, **every}
    yield "the next one", "TransactWriteItems", send(2, 2)
    yield "a token is remembered", "TransactWriteItems", {**send(3, 3), "ClientRequestToken": "token-1"}
    yield "and does nothing twice", "TransactWriteItems", {**send(3, 3), "ClientRequestToken": "token-1"}
    yield "and is bound to what it did", "TransactWriteItems", {**send(4, 4), "ClientRequestToken": "token-1"}
    yield "one item twice is refused", "TransactWriteItems", {"TransactItems": [
        {"Put": {"TableName": data, "Item": message(9)}}, {"Delete": {"TableName": data, "Key": item("CNV#w#1", "MSG#0000000009")}}]}
    yield "101 items are refused", "TransactWriteItems", {"TransactItems": [
        {"Put": {"TableName": data, "Item": item("M#w", f"{n}")}} for n in range(101)]}
    yield "a strong batch of two tables", "BatchGetItem", {"RequestItems": {
        data: {"Keys": [item("CNV#w#1", "HEAD"), item("CNV#w#1", "MSG#0000000001"), item("N#w", "0")], "ConsistentRead": True},
        keys: {"Keys": [item("T#w", "KEY")], "ConsistentRead": True}}, **every}
    yield "one key twice in a batch is refused", "BatchGetItem", {"RequestItems": {data: {"Keys": [item("A", "A"), item("A", "A")]}}}
    yield "an empty batch is refused", "BatchGetItem", {"RequestItems": {}}
    part = {"TableName": data, "ExpressionAttributeNames": names, "ConsistentRead": True, **every}
    between = lambda low, high: {
        "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :low AND :high",
        "ExpressionAttributeValues": {":pk": {"S": "CNV#w#1"}, ":low": {"S": low}, ":high": {"S": high}}}
    yield "a page", "Query", {**part, **between("MSG#", "MSG#~"), "Limit": 2}
    yield "a page backwards", "Query", {**part, **between("MSG#", "MSG#~"), "ScanIndexForward": False, "Limit": 1}
    yield "from a key on", "Query", {**part, **between("MSG#", "MSG#~"), "ExclusiveStartKey": item("CNV#w#1", "MSG#0000000002")}
    yield "a filter", "Query", {
        **part, "KeyConditionExpression": "#pk = :pk AND begins_with(#sk, :sk)", "FilterExpression": "#anchor > :low AND #anchor <= :high",
        "ExpressionAttributeNames": {**names, "#anchor": "anchor"},
        "ExpressionAttributeValues": {":pk": {"S": "CNV#w#1"}, ":sk": {"S": "MSG#"}, ":low": {"N": "1"}, ":high": {"N": "3"}}}
    yield "an index that moves", "Query", {
        "TableName": data, "IndexName": "changes", "KeyConditionExpression": "#pk = :pk", "ExpressionAttributeNames": {"#pk": "changes_pk"},
        "ExpressionAttributeValues": {":pk": {"S": "w"}}, **every}
    yield "an index cannot be read strongly", "Query", {
        "TableName": data, "IndexName": "changes", "ConsistentRead": True, "KeyConditionExpression": "#pk = :pk",
        "ExpressionAttributeNames": {"#pk": "changes_pk"}, "ExpressionAttributeValues": {":pk": {"S": "w"}}}
    count = lambda **more: {"TableName": data, "Key": item("LIMIT#a", "1"), "UpdateExpression": "SET #exp = :exp ADD #count :one",
                            "ExpressionAttributeNames": {"#exp": "exp", "#count": "count"},
                            "ExpressionAttributeValues": {":exp": {"N": "9000"}, ":one": {"N": "1"}}, "ReturnValues": "ALL_NEW", **more}
    yield "a counter begins", "UpdateItem", {**count(), **every}
    yield "and counts", "UpdateItem", count()
    yield "a stamp on what is as it was", "UpdateItem", {
        "TableName": data, "Key": item("CNV#w#1", "MSG#0000000001"), "UpdateExpression": "SET #exp = :end",
        "ConditionExpression": "#exp = :exp AND #anchor = :anchor", "ExpressionAttributeNames": {"#exp": "exp", "#anchor": "anchor"},
        "ExpressionAttributeValues": {":end": {"N": "8000"}, ":exp": {"N": "9000"}, ":anchor": {"N": "1"}}, **every}
    yield "what is over goes", "DeleteItem", {
        "TableName": data, "Key": item("X#w#1", "A"), "ConditionExpression": "#exp <= :now", "ReturnValues": "ALL_OLD",
        "ExpressionAttributeNames": {"#exp": "exp"}, "ExpressionAttributeValues": {":now": {"N": "1000"}}, **every}
    yield "and what is not does not", "DeleteItem", {
        "TableName": data, "Key": item("CNV#w#1", "HEAD"), "ConditionExpression": "#exp <= :now",
        "ExpressionAttributeNames": {"#exp": "exp"}, "ExpressionAttributeValues": {":now": {"N": "1000"}}}
    yield "a name that is not used is refused", "GetItem", {
        "TableName": data, "Key": item("A", "A"), "ProjectionExpression": "#pk", "ExpressionAttributeNames": {"#pk": "pk", "#no": "no"}}
    yield "an empty key is refused", "PutItem", {"TableName": data, "Item": item("", "A")}
    yield "400 KiB are too many", "PutItem", {"TableName": data, "Item": item("B", "B", text="x" * 410_000)}
    yield "a part of a scan", "Scan", {"TableName": keys, "Segment": 0, "TotalSegments": 1, **every}
    yield "no table", "GetItem", {"TableName": "nowhere", "Key": item("A", "A")}


def create(wire, other, name):
    """Makes a table as the first wire describes it."""
    found = wire.ask("DescribeTable", {"TableName": name})[1]["Table"]
    made = {key: found[key] for key in ("TableName", "AttributeDefinitions", "KeySchema")}
    made["BillingMode"] = "PAY_PER_REQUEST"
    indexes = [{key: one[key] for key in ("IndexName", "KeySchema", "Projection")} for one in found.get("GlobalSecondaryIndexes", [])]
    if indexes:
        made["GlobalSecondaryIndexes"] = indexes
        made["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    status, body = other.ask("CreateTable", made)
    assert status == 200, body
    other.ask("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True}})


def start_ministack(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
    process = subprocess.Popen(["ministack"], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}_ministack/health", timeout=1).close()
            return process, url
        except urllib.error.HTTPError:
            return process, url
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise SystemExit("ministack did not start")


def operate(binary, ready, url):
    """What the program does to a deployment, on the other data wire."""
    environment = {
        **os.environ, "DATA_TABLE": "DataTable", "KEYS_TABLE": "KeysTable", "SEALED_BUCKET": "sealed",
        "PASSING_BUCKET": "passing", "AWS_REGION": "us-east-1",
        "KMS_KEY_ID": "arn:aws:kms:us-east-1:000000000000:key/Key", "ISSUER": "https://api.example.com",
        "MAIL_FROM": "no-reply@example.com", "MAIL_CONFIGURATION": "mail", "WEBSOCKET_URL": "https://live.example.com/live",
        "OPERATOR_EMAIL": "operator@example.com", "AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_ENDPOINT_URL_DYNAMODB": url, "AWS_ENDPOINT_URL_KMS": ready["kms"], "AWS_ENDPOINT_URL_S3": ready["s3"],
        "AWS_ENDPOINT_URL_SESV2": ready["ses"],
    }
    faults = []
    for command, says in [(["init"], "in place"), (["init"], "in place"), (["rotate-keys"], "signs from now on"),
                          (["doctor"], "signing key: 0 days old, 2 public keys"), (["redrive", "--count"], "0 deliveries"),
                          (["backfill"], "0 of an earlier version")]:
        done = subprocess.run([str(binary), *command], env=environment, text=True, capture_output=True, timeout=120)
        if says not in done.stdout:
            faults.append(f"sotto {' '.join(command)}: {done.stdout[-400:]}{done.stderr[-400:]}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sotto", type=Path, default=default_binary())
    what = parser.parse_args()
    if shutil.which("ministack") is None:
        print("SKIPPED: ministack is not on the path (pip install ministack)")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        program = Program(what.sotto, ["--ephemeral", "--json", "--only-services", "--port", "0"], Path(folder) / "output")
        process, url = start_ministack(folder)
        try:
            ours, theirs = Wire(program.ready["dynamodb"]), Wire(url)
            for name in ("DataTable", "KeysTable"):
                create(ours, theirs, name)
            differ = {}
            for name, operation, body in steps("DataTable", "KeysTable"):
                one, other = like(ours.ask(operation, body)), like(theirs.ask(operation, body))
                if one != other:
                    differ[name] = f"{operation}\n    embedded  {json.dumps(one)[:400]}\n    ministack {json.dumps(other)[:400]}"
            faults = [f"{name}: {text}" for name, text in differ.items() if name not in DIFFERENCES]
            faults += [f"{name}: is no difference any more, take it from the list" for name in DIFFERENCES if name not in differ]
            faults += operate(what.sotto, program.ready, url)
        finally:
            process.kill()
        program.stop()
    print(*(f"- {fault}" for fault in faults), sep="\n")
    print("FAILED" if faults else f"both wires answer alike, but for {len(DIFFERENCES)} known differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
