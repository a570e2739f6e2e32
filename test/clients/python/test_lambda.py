"""boto3 makes and invokes functions, and inside one it is who the function's role is."""

import base64
import io
import json
import zipfile

import boto3
import pytest

HANDLER = """
import base64, os
import boto3

kms = boto3.client("kms")

def handler(event, context):
    # As the console's encryption helper has it in many functions.
    opened = kms.decrypt(
        CiphertextBlob=base64.b64decode(os.environ["SEALED"]),
        EncryptionContext={"LambdaFunctionName": os.environ["AWS_LAMBDA_FUNCTION_NAME"]},
    )
    who = boto3.client("sts").get_caller_identity()["Arn"]
    return {"event": event, "opened": opened["Plaintext"].decode(), "who": who}
"""


def archive(code):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("app.py", code)
    return packed.getvalue()


@pytest.fixture(scope="module")
def role(server):
    iam = boto3.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    made = iam.create_role(RoleName="python-function", AssumeRolePolicyDocument=json.dumps(trust))
    allowed = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}],
    }
    iam.put_role_policy(
        RoleName="python-function", PolicyName="decrypt", PolicyDocument=json.dumps(allowed)
    )
    return made["Role"]["Arn"]


def test_a_function_decrypts_as_its_role(role):
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    sealed = kms.encrypt(
        KeyId=key, Plaintext=b"the secret", EncryptionContext={"LambdaFunctionName": "python-app"}
    )["CiphertextBlob"]
    client = boto3.client("lambda")
    client.create_function(
        FunctionName="python-app",
        Runtime="python3.13",
        Handler="app.handler",
        Role=role,
        Timeout=60,
        MemorySize=256,
        Code={"ZipFile": archive(HANDLER)},
        Environment={"Variables": {"SEALED": base64.b64encode(sealed).decode()}},
        KMSKeyArn=key,
    )
    client.get_waiter("function_active_v2").wait(FunctionName="python-app")
    answer = client.invoke(FunctionName="python-app", Payload=b'{"a": 1}', LogType="Tail")
    result = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    assert result["event"] == {"a": 1}
    assert result["opened"] == "the secret"
    assert result["who"].endswith(":assumed-role/python-function/python-app")
    assert b"REPORT RequestId" in base64.b64decode(answer["LogResult"])
    pages = boto3.client("logs").get_paginator("filter_log_events")
    events = [
        event["message"]
        for page in pages.paginate(logGroupName="/aws/lambda/python-app")
        for event in page["events"]
    ]
    assert any(message.startswith("START RequestId") for message in events)


def test_errors_and_pages_are_boto3s(role):
    client = boto3.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName="none")
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.create_function(
            FunctionName="broken",
            Runtime="python3.13",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": b"no zip"},
        )
    for name in ["page-a", "page-b"]:
        client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": archive("def handler(event, context):\n    raise ValueError('no')\n")},
            Publish=True,
        )
    listed = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
    names = [each["FunctionName"] for page in listed for each in page["Functions"]]
    assert {"page-a", "page-b"} <= set(names)
    answer = client.invoke(FunctionName="page-a", Qualifier="1")
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "ValueError"
    assert client.invoke(FunctionName="page-b", InvocationType="Event")["StatusCode"] == 202
    client.create_alias(FunctionName="page-a", Name="live", FunctionVersion="1")
    client.add_permission(
        FunctionName="page-a",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        Qualifier="live",
    )
    policy = json.loads(client.get_policy(FunctionName="page-a", Qualifier="live")["Policy"])
    assert policy["Statement"][0]["Principal"] == {"Service": "events.amazonaws.com"}
    client.delete_function(FunctionName="page-a")
