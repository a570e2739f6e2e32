"""boto3 with secrets, unmodified: values, errors as exceptions, paginators."""

import boto3
import pytest


@pytest.fixture()
def secrets(server):
    return boto3.client("secretsmanager")


def test_keeps_text_and_bytes(secrets):
    made = secrets.create_secret(Name="boto3/text", SecretString="one")
    assert made["VersionId"]
    read = secrets.get_secret_value(SecretId="boto3/text")
    assert read["SecretString"] == "one"
    assert read["VersionStages"] == ["AWSCURRENT"]
    secrets.put_secret_value(SecretId=made["ARN"], SecretBinary=b"\x00\xff")
    assert secrets.get_secret_value(SecretId=made["ARN"])["SecretBinary"] == b"\x00\xff"
    previous = secrets.get_secret_value(SecretId=made["ARN"], VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == "one"
    assert secrets.describe_secret(SecretId="boto3/text")["LastAccessedDate"].hour == 0


def test_raises_what_aws_raises(secrets):
    secrets.create_secret(Name="boto3/errors", SecretString="one")
    with pytest.raises(secrets.exceptions.ResourceExistsException):
        secrets.create_secret(Name="boto3/errors", SecretString="two")
    with pytest.raises(secrets.exceptions.ResourceNotFoundException) as missing:
        secrets.get_secret_value(SecretId="boto3/nothing")
    message = "Secrets Manager can't find the specified secret."
    assert missing.value.response["Error"]["Message"] == message
    assert missing.value.response["Message"] == message
    secrets.delete_secret(SecretId="boto3/errors")
    with pytest.raises(secrets.exceptions.InvalidRequestException):
        secrets.get_secret_value(SecretId="boto3/errors")
    secrets.restore_secret(SecretId="boto3/errors")


def test_pages_through_lists(secrets):
    for i in range(5):
        secrets.create_secret(Name=f"boto3/page/{i}", SecretString=str(i))
    filters = [{"Key": "name", "Values": ["boto3/page/"]}]
    pages = secrets.get_paginator("list_secrets").paginate(
        Filters=filters, PaginationConfig={"PageSize": 2}
    )
    names = [secret["Name"] for page in pages for secret in page["SecretList"]]
    assert names == [f"boto3/page/{i}" for i in range(5)]
    values = secrets.batch_get_secret_value(Filters=filters)["SecretValues"]
    assert [value["SecretString"] for value in values] == list("01234")


def test_makes_passwords(secrets):
    password = secrets.get_random_password(PasswordLength=20, ExcludePunctuation=True)
    assert len(password["RandomPassword"]) == 20
    assert password["RandomPassword"].isalnum()
