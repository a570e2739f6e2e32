"""Temporary credentials with the AWS CLI and boto3, unmodified: profiles, sessions, presigned URLs."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

import boto3
import botocore.exceptions
import botocore.session
import pytest

AWS = pathlib.Path(sys.executable).parent / "aws"
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@pytest.fixture(scope="module")
def people(server):
    """A user who may only assume, and a role that encrypts for those of its account."""
    iam = boto3.client("iam")
    account = boto3.client("sts").get_caller_identity()["Account"]
    iam.create_user(UserName="operator")
    iam.put_user_policy(
        UserName="operator",
        PolicyName="assume",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["sts:AssumeRole", "sts:TagSession"],
                        "Resource": "*",
                    }
                ],
            }
        ),
    )
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    role = iam.create_role(
        RoleName="encrypting",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": account},
                        "Action": ["sts:AssumeRole", "sts:TagSession"],
                    }
                ],
            }
        ),
    )["Role"]
    iam.put_role_policy(
        RoleName="encrypting",
        PolicyName="kms",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["kms:Encrypt", "kms:Decrypt"],
                        "Resource": "*",
                    }
                ],
            }
        ),
    )
    key_id = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
    return {"account": account, "user": key, "role": role["Arn"], "key": key_id}


@pytest.fixture()
def operator(people):
    return boto3.Session(
        aws_access_key_id=people["user"]["AccessKeyId"],
        aws_secret_access_key=people["user"]["SecretAccessKey"],
    )


def test_the_cli_assumes_a_role_by_profile_and_encrypts(server, people, tmp_path):
    config = tmp_path / "config"
    config.write_text(
        f"""[profile operator]
aws_access_key_id = {people["user"]["AccessKeyId"]}
aws_secret_access_key = {people["user"]["SecretAccessKey"]}

[profile encrypting]
role_arn = {people["role"]}
source_profile = operator
role_session_name = by-profile
region = eu-west-1
"""
    )
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    }
    environment |= {
        "AWS_ENDPOINT_URL": server["AWS_ENDPOINT_URL"],
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "HOME": str(tmp_path),
    }

    def aws(*words):
        done = subprocess.run(
            [AWS, *words, "--profile", "encrypting", "--output", "json"],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    identity = aws("sts", "get-caller-identity")
    account = people["account"]
    assert identity["Arn"] == (
        f"arn:aws:sts::{account}:assumed-role/encrypting/by-profile"
    )
    message = tmp_path / "message"
    message.write_text("hello")
    sealed = aws(
        "kms", "encrypt", "--key-id", people["key"], "--plaintext", f"fileb://{message}"
    )
    blob = tmp_path / "blob"
    blob.write_bytes(base64.b64decode(sealed["CiphertextBlob"]))
    opened = aws("kms", "decrypt", "--ciphertext-blob", f"fileb://{blob}")
    assert base64.b64decode(opened["Plaintext"]) == b"hello"


def test_boto3_uses_a_session_and_is_held_to_its_policy(people, operator):
    sts = operator.client("sts")
    only_encrypt = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}
            ],
        }
    )
    answer = sts.assume_role(
        RoleArn=people["role"],
        RoleSessionName="narrow",
        Policy=only_encrypt,
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    assert answer["PackedPolicySize"] > 0
    given = answer["Credentials"]
    kms = boto3.client(
        "kms",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    sealed = kms.encrypt(KeyId=people["key"], Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(botocore.exceptions.ClientError, match="no session policy"):
        kms.decrypt(CiphertextBlob=sealed)


def test_get_session_token_and_get_federation_token(people, operator):
    given = operator.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    session = boto3.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    )
    identity = session.client("sts").get_caller_identity()
    assert identity["Arn"].endswith(":user/operator")
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        session.client("iam").get_user()
    assert refused.value.response["Error"]["Code"] == "InvalidClientTokenId"
    federated = boto3.client("sts").get_federation_token(
        Name="visitor", Policy=json.dumps(EVERYTHING)
    )
    account = people["account"]
    assert federated["FederatedUser"] == {
        "Arn": f"arn:aws:sts::{account}:federated-user/visitor",
        "FederatedUserId": f"{account}:visitor",
    }
    visitor = boto3.client(
        "kms",
        aws_access_key_id=federated["Credentials"]["AccessKeyId"],
        aws_secret_access_key=federated["Credentials"]["SecretAccessKey"],
        aws_session_token=federated["Credentials"]["SessionToken"],
    )
    assert visitor.describe_key(KeyId=people["key"])


def test_a_presigned_get_caller_identity_tells_a_third_party_who_made_it(people, operator):
    given = operator.client("sts").assume_role(
        RoleArn=people["role"], RoleSessionName="presigned"
    )["Credentials"]
    sts = boto3.client(
        "sts",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET", ExpiresIn=60)
    assert "X-Amz-Security-Token=" in url
    with urllib.request.urlopen(url) as answer:
        assert b":assumed-role/encrypting/presigned</Arn>" in answer.read()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("X-Amz-Security-Token=", "X-Amz-Security-Token=x"))
    assert refused.value.code == 403
