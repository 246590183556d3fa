"""The template as a deployment would read it: who answers which route, and what each role allows.

Only what `fences.py` needs of IAM is understood here; a statement that says more is an error, so
that nothing is taken for granted by being overlooked.
"""

import fnmatch
import http.server
import json
import re
import threading
import time
import urllib.parse
from functools import partial

from samcli.yamlhelper import yaml_parse

from program import ROOT

LEADING_KEYS = "dynamodb:LeadingKeys"
RESOURCES = {
    "Data.Outputs.DataTableArn": "data",
    "Data.Outputs.KeysTableArn": "keys",
    "Data.Outputs.KmsKeyArn": "kms",
    "Data.Outputs.DataStreamArn": "stream",
    "Data.Outputs.SealedBucketArn": "sealed",
    "Data.Outputs.PassingBucketArn": "passing",
}


def as_list(value):
    return value if isinstance(value, list) else [value]


def resource_name(value):
    """A short name for the resource of a statement."""
    if value == "*":
        return "*"
    if "Fn::GetAtt" in value:
        return RESOURCES[".".join(value["Fn::GetAtt"])]
    text = value["Fn::Sub"]
    for kind in ("identity", "configuration-set"):
        if f":{kind}/" in text:
            return kind
    if connections := re.search(r"/(POST|DELETE)/@connections/\*$", text):
        return f"{connections[1]} @connections"
    for output, name in RESOURCES.items():
        text = text.replace(f"${{{output}}}", name)
    return text


def any_fits(names, resource):
    """Whether a resource is one of these; the names of files may end in a star."""
    return any(resource == name or (name != "*" and fnmatch.fnmatchcase(resource, name)) for name in names)


class Role:
    """What one function's role allows, and what of it was used."""

    def __init__(self, function, policies, parameters):
        self.function = function
        self.parameters = parameters
        self.used = set()
        self.denied = []
        self.statements = [s for policy in policies for s in policy["Statement"]]

    def check(self, action, resource, keys=(), context=None):
        """Whether the call is allowed; keeps book either way."""
        if self._denied(action, resource) or not self._allowed(action, resource, keys, context or {}):
            kinds = sorted({key.split("#")[0] for key in keys})
            self.denied.append(f"{self.function}: {action} on {resource} {' '.join(kinds)}")
            return False
        self.used |= {(action, resource, key.split("#")[0]) for key in keys} or {(action, resource, "")}
        return True

    def _denied(self, action, resource):
        def applies(statement):
            if "NotResource" in statement:
                return resource not in map(resource_name, as_list(statement["NotResource"]))
            return resource_name(statement["Resource"]) == "*"

        denials = (s for s in self.statements if s["Effect"] == "Deny")
        return any(action in as_list(s["Action"]) and applies(s) for s in denials)

    def _allowed(self, action, resource, keys, context):
        for statement in self.statements:
            if statement["Effect"] != "Allow" or action not in as_list(statement["Action"]):
                continue
            if not any_fits(list(map(resource_name, as_list(statement["Resource"]))), resource):
                continue
            if self._holds(statement.get("Condition", {}), keys, context):
                return True
        return False

    def _holds(self, condition, keys, context):
        for operator, terms in condition.items():
            for name, wanted in terms.items():
                wanted = [self._value(w) for w in as_list(wanted)]
                have = list(keys) if name == LEADING_KEYS else as_list(context.get(name, []))
                if operator == "Null":
                    holds = wanted == ["false"] and bool(have)
                elif operator == "ForAllValues:StringLike":
                    holds = all(any(fnmatch.fnmatchcase(h, w) for w in wanted) for h in have)
                elif operator == "StringLike":
                    holds = bool(have) and all(any(fnmatch.fnmatchcase(h, w) for w in wanted) for h in have)
                elif operator == "StringEquals":
                    holds = bool(have) and all(h in wanted for h in have)
                else:
                    raise SystemExit(f"{operator} is not understood")
                if not holds:
                    return False
        return True

    def _value(self, value):
        return self.parameters[value["Ref"]] if isinstance(value, dict) else str(value)

    def unused(self):
        """What a statement allows and nobody did: an action at all, or any of them on a kind."""
        for statement in self.statements:
            if statement["Effect"] != "Allow":
                continue
            actions = as_list(statement["Action"])
            resources = [resource_name(resource) for resource in as_list(statement["Resource"])]
            fits = partial(any_fits, resources)
            used = {(a, k) for a, r, k in self.used if a in actions and fits(r)}
            place = f"{self.function}: {statement['Sid']}"
            yield from (f"{place} {a}" for a in actions if a not in {action for action, _ in used})
            terms = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
            kinds = [key.split("#")[0] for key in terms.get(LEADING_KEYS, [])]
            yield from (f"{place} {kind}" for kind in kinds if kind not in {k for _, k in used})


def passes(pattern, value):
    """Whether a stream record fits an event filter, as far as our filters go."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(passes(p, value.get(n)) for n, p in pattern.items())
    for wanted in pattern:
        if isinstance(wanted, dict) and set(wanted) != {"prefix"}:
            raise SystemExit(f"{wanted} is not understood")
        if isinstance(value, str) and isinstance(wanted, dict) and value.startswith(wanted["prefix"]):
            return True
        if value == wanted:
            return True
    return False


class Template:
    """Routes, roles and stream filters of template.yaml."""

    def __init__(self, parameters):
        resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
        self.routes, self.roles, self.filters, self.names = {}, {}, {}, {}
        paths = json.loads((ROOT / "functions" / "contract" / "openapi.json").read_text())["paths"]
        for resource in resources.values():
            if resource["Type"] != "AWS::Serverless::Function":
                continue
            properties = resource["Properties"]
            function = properties["CodeUri"].removeprefix("functions/")
            self.roles[function] = Role(function, properties.get("Policies", []), parameters)
            for event in properties["Events"].values():
                if event["Type"] == "HttpApi":
                    route = event["Properties"]
                    name = f"{route['Method']} {route['Path']}" if "Path" in route else "$default"
                    # Any method stands for those that the function answers.
                    methods = paths[route["Path"]] if name.startswith("ANY ") else []
                    for key in [f"{method.upper()} {route['Path']}" for method in methods] or [name]:
                        self.routes[key], self.names[key] = function, name
                elif event["Type"] == "DynamoDB":
                    filters = event["Properties"]["FilterCriteria"]["Filters"]
                    self.filters[function] = [json.loads(f["Pattern"]) for f in filters]

    def find(self, method, path):
        """Route key and path parameters of a request."""
        best = ("$default", {})
        for key in sorted(self.routes, key=lambda key: key.count("{"), reverse=True):
            pattern = re.escape(key).replace(r"\{", "(?P<").replace(r"\}", ">[^/]+)")
            if match := re.fullmatch(pattern, f"{method} {path}"):
                best = (key, match.groupdict())
        return best


class Server(http.server.ThreadingHTTPServer):
    """An HTTP server on a free port of loopback; `answer(method, path, headers, body)` does the work."""

    daemon_threads = True

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, headers, content = answer(self.command, self.path, headers, body)
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                        self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


def http_event(route, parameters, method, path, headers, body):
    """The event of a request, in API Gateway's format 2.0."""
    url = urllib.parse.urlsplit(path)
    context = {
        "accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": headers.get("host", ""),
        "domainPrefix": "a1b2c3d4e5", "requestId": "Uc3mRjQ4liAEPzA=", "routeKey": route,
        "stage": "$default", "time": "20/Nov/2026:09:30:00 +0000", "timeEpoch": int(time.time() * 1000),
        "http": {
            "method": method, "path": url.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
            "userAgent": headers.get("user-agent", ""),
        },
    }
    event = {
        "version": "2.0", "routeKey": route, "rawPath": url.path, "rawQueryString": url.query,
        "headers": headers, "requestContext": context, "isBase64Encoded": False,
    }
    if url.query:
        event["queryStringParameters"] = dict(urllib.parse.parse_qsl(url.query))
    if parameters:
        event["pathParameters"] = parameters
    if body:
        event["body"] = body.decode()
    return json.dumps(event).encode()
