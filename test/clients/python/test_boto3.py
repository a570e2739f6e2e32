"""boto3, unmodified: the main job, errors as exceptions, paginators, presigned STS."""

import hashlib
import urllib.request

import boto3
import botocore.exceptions
import pytest


@pytest.fixture()
def kms(server):
    return boto3.client("kms")


def test_encrypts_and_decrypts(kms):
    key = kms.create_key(Description="boto3")["KeyMetadata"]
    sealed = kms.encrypt(
        KeyId=key["Arn"], Plaintext=b"secret", EncryptionContext={"a": "b"}
    )
    opened = kms.decrypt(
        CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext={"a": "b"}
    )
    assert opened["Plaintext"] == b"secret"
    with pytest.raises(kms.exceptions.InvalidCiphertextException):
        kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])


def test_signs_a_digest_and_verifies(kms):
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    arguments = {
        "KeyId": key["KeyId"],
        "Message": hashlib.sha256(b"m").digest(),
        "MessageType": "DIGEST",
        "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
    }
    signature = kms.sign(**arguments)["Signature"]
    assert kms.verify(**arguments, Signature=signature)["SignatureValid"] is True


def test_errors_are_the_modelled_exceptions_with_their_text(kms):
    with pytest.raises(kms.exceptions.NotFoundException) as caught:
        kms.describe_key(KeyId="alias/none")
    assert caught.value.response["Error"]["Message"].endswith("is not found.")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        kms.generate_random(NumberOfBytes=1025)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_paginates_keys_and_aliases(kms):
    for number in range(3):
        key = kms.create_key()["KeyMetadata"]
        kms.create_alias(AliasName=f"alias/page/{number}", TargetKeyId=key["KeyId"])
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    ids = [key["KeyId"] for page in pages for key in page["Keys"]]
    assert len(ids) == len(set(ids)) >= 3
    pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 2})
    names = [alias["AliasName"] for page in pages for alias in page["Aliases"]]
    assert [n for n in names if n.startswith("alias/page/")] == [
        f"alias/page/{n}" for n in range(3)
    ]


def test_a_presigned_get_caller_identity_works_without_headers(server):
    sts = boto3.client("sts")
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    with urllib.request.urlopen(url) as answer:
        assert b":root</Arn>" in answer.read()
