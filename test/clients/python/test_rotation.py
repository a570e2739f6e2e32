"""A rotation function in Python, with boto3, that takes its endpoint as AWS's templates do."""

import io
import json
import time
import zipfile

import boto3
import pytest

HANDLER = """
import json, os
import boto3

def handler(event, context):
    client = boto3.client(
        "secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"]
    )
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    described = client.describe_secret(SecretId=arn)
    assert described["RotationEnabled"], "rotation is not enabled"
    versions = described["VersionIdsToStages"]
    assert token in versions, "the version has no stage for rotation"
    if "AWSCURRENT" in versions[token]:
        return
    assert "AWSPENDING" in versions[token], "the version is not pending"
    if step == "createSecret":
        current = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
        try:
            client.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
        except client.exceptions.ResourceNotFoundException:
            current["password"] = client.get_random_password(PasswordLength=20)["RandomPassword"]
            client.put_secret_value(
                SecretId=arn,
                ClientRequestToken=token,
                SecretString=json.dumps(current),
                VersionStages=["AWSPENDING"],
            )
    elif step == "finishSecret":
        former = next(v for v, stages in versions.items() if "AWSCURRENT" in stages)
        client.update_secret_version_stage(
            SecretId=arn,
            VersionStage="AWSCURRENT",
            MoveToVersionId=token,
            RemoveFromVersionId=former,
        )
"""


def archive(code):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("app.py", code)
    return packed.getvalue()


@pytest.fixture(scope="module")
def function(server):
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
    allowed = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}],
    }
    iam = boto3.client("iam")
    role = iam.create_role(RoleName="rotation", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(
        RoleName="rotation", PolicyName="rotate", PolicyDocument=json.dumps(allowed)
    )
    client = boto3.client("lambda")
    made = client.create_function(
        FunctionName="rotation",
        Runtime="python3.13",
        Handler="app.handler",
        Role=role["Arn"],
        Timeout=60,
        MemorySize=256,
        Code={"ZipFile": archive(HANDLER)},
        Environment={"Variables": {"SECRETS_MANAGER_ENDPOINT": server["AWS_ENDPOINT_URL"]}},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="rotation")
    client.add_permission(
        FunctionName="rotation",
        StatementId="secretsmanager",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    return made["FunctionArn"]


def test_rotates_a_database_secret(function):
    secrets = boto3.client("secretsmanager")
    first = {"engine": "postgres", "username": "app", "password": "first", "port": 5432}
    secrets.create_secret(Name="rotation/database", SecretString=json.dumps(first))
    token = secrets.rotate_secret(
        SecretId="rotation/database",
        RotationLambdaARN=function,
        RotationRules={"ScheduleExpression": "rate(10 days)", "Duration": "2h"},
    )["VersionId"]
    for _ in range(300):
        described = secrets.describe_secret(SecretId="rotation/database")
        if "LastRotatedDate" in described:
            break
        time.sleep(0.1)
    assert described["VersionIdsToStages"][token] == ["AWSCURRENT"]
    rotated = json.loads(secrets.get_secret_value(SecretId="rotation/database")["SecretString"])
    assert len(rotated.pop("password")) == 20
    assert rotated == {key: value for key, value in first.items() if key != "password"}
    rules = described["RotationRules"]
    assert rules == {
        "AutomaticallyAfterDays": 10,
        "ScheduleExpression": "rate(10 days)",
        "Duration": "2h",
    }
