"""The AWS Encryption SDK for Python, unmodified, with its KMS provider and with data-key caching."""

import aws_encryption_sdk
import boto3
import pytest
from aws_encryption_sdk.identifiers import CommitmentPolicy


@pytest.fixture()
def provider(server):
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    return aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=[key])


client = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
)


@pytest.mark.parametrize("size", [0, 1, 5_000, 3_000_000])
def test_round_trips(provider, size):
    message = b"m" * size
    sealed, _ = client.encrypt(
        source=message, key_provider=provider, encryption_context={"a": "b"}
    )
    opened, header = client.decrypt(source=sealed, key_provider=provider)
    assert opened == message
    assert header.encryption_context["a"] == "b"


def test_round_trips_with_cached_data_keys(provider):
    cache = aws_encryption_sdk.LocalCryptoMaterialsCache(10)
    manager = aws_encryption_sdk.CachingCryptoMaterialsManager(
        master_key_provider=provider, cache=cache, max_age=60.0
    )
    for number in range(5):
        message = f"message {number}".encode()
        sealed, _ = client.encrypt(source=message, materials_manager=manager)
        opened, _ = client.decrypt(source=sealed, materials_manager=manager)
        assert opened == message
