"""What the template becomes, against the limits of AWS.

`python tests/outside/limits.py template.yaml`, with the Python in which aws-sam-cli is installed: its
own translator writes the stack that CloudFormation would get. Only counted, nothing is deployed.

Every route becomes a permission of its own in the policy of its function, which may be 20 KB long
(Lambda quotas); a stack holds 500 resources in 1 MB (CloudFormation quotas).
"""

import json
import os
import sys
from collections import Counter
from unittest.mock import MagicMock

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

MOST_RESOURCES = 500
MOST_BYTES = 1_000_000
MOST_POLICY_BYTES = 20_480
# Longest names that a stack and a region give.
ALIAS = "arn:aws:lambda:ap-southeast-2:123456789012:function:sotto-production-{}-AbCdEfGhIjKl:live"
ROUTE = "arn:aws:execute-api:ap-southeast-2:123456789012:abcdefghij{}"
API = "${__ApiId__}"


def translated(path):
    """The stack of a template; the code of a function is somewhere in S3 by then."""
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://code/function"
        if resource["Type"] == "AWS::CloudFormation::Stack":
            resource["Properties"]["TemplateURL"] = "https://code.example.com/template"
    policies = MagicMock()
    policies.load.return_value = {}
    return transform(template, {}, policies)


def statement(name, permission):
    """One permission as it stands in the policy of its function."""
    function = permission["FunctionName"]
    function = function.get("Ref") or function["Fn::GetAtt"][0]
    source = json.dumps(permission.get("SourceArn", ""))
    source = source.split(API, 1)[1].split('"', 1)[0] if API in source else source
    return function, {
        "Sid": f"sotto-production-{name}-AbCdEfGhIjKl",
        "Effect": "Allow",
        "Principal": {"Service": permission["Principal"]},
        "Action": permission["Action"],
        "Resource": ALIAS.format(function),
        "Condition": {"ArnLike": {"AWS:SourceArn": ROUTE.format(source)}},
    }


def main():
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    stack = translated(sys.argv[1])
    resources = stack["Resources"]
    policies = Counter()
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Permission":
            function, said = statement(name, resource["Properties"])
            policies[function] += len(json.dumps(said, separators=(",", ":"))) + 1
    longest, length = policies.most_common(1)[0]
    size = len(json.dumps(stack))
    print(f"{len(resources)} of {MOST_RESOURCES} resources, {size} of {MOST_BYTES} bytes;")
    print(f"the longest policy is that of {longest}: {length} of {MOST_POLICY_BYTES} bytes")
    if len(resources) > MOST_RESOURCES or size > MOST_BYTES or length > MOST_POLICY_BYTES:
        sys.exit("the stack is over a limit of AWS")


if __name__ == "__main__":
    main()
