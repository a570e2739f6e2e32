"""Caching clients, unmodified: AWS's for secrets, a public one for parameters."""

import json

import boto3
import pytest
import ssm_cache
from aws_secretsmanager_caching import InjectKeywordedSecretString, SecretCache, SecretCacheConfig
from ssm_cache.filters import SSMFilterType
from ssm_cache.refreshable import Refreshable


@pytest.fixture()
def secrets(server):
    return boto3.client("secretsmanager")


def test_the_secret_cache_reads_once_and_anew_when_told(secrets):
    first = {"user": "ann", "password": "one"}
    secrets.create_secret(Name="cache/db", SecretString=json.dumps(first))
    calls = []
    secrets.meta.events.register(
        "before-call.secretsmanager", lambda model, **_: calls.append(model.name)
    )
    cache = SecretCache(SecretCacheConfig(secret_refresh_interval=3600), secrets)
    for _ in range(5):
        assert json.loads(cache.get_secret_string("cache/db")) == first
    assert calls == ["DescribeSecret", "GetSecretValue"]
    second = {**first, "password": "two"}
    secrets.put_secret_value(SecretId="cache/db", SecretString=json.dumps(second))
    assert json.loads(cache.get_secret_string("cache/db")) == first
    assert cache.refresh_secret_now("cache/db")
    assert json.loads(cache.get_secret_string("cache/db")) == second
    assert json.loads(cache.get_secret_string("cache/db", "AWSPREVIOUS")) == first


def test_the_secret_cache_fills_keywords_from_json_and_reads_bytes(secrets):
    secrets.create_secret(Name="cache/kw", SecretString='{"user": "ann", "password": "one"}')
    secrets.create_secret(Name="cache/bytes", SecretBinary=b"\x00\xff")
    cache = SecretCache(client=secrets)

    @InjectKeywordedSecretString("cache/kw", cache, login="user", word="password")
    def connect(login, word):
        return login, word

    assert connect() == ("ann", "one")
    assert cache.get_secret_binary("cache/bytes") == b"\x00\xff"


def test_the_secret_cache_raises_what_the_server_says(secrets):
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        SecretCache(client=secrets).get_secret_string("cache/none")


@pytest.fixture()
def parameters(server):
    client = boto3.client("ssm")
    Refreshable.set_ssm_client(client)
    return client


def test_the_parameter_cache_reads_decrypted_values_lists_and_versions(parameters):
    parameters.put_parameter(Name="/cached/key", Type="SecureString", Value="one")
    parameters.put_parameter(Name="/cached/list", Type="StringList", Value="a,b")
    key = ssm_cache.SSMParameter("/cached/key")
    assert key.value == "one"
    assert ssm_cache.SSMParameter("/cached/list").value == ["a", "b"]
    parameters.put_parameter(
        Name="/cached/key", Type="SecureString", Value="two", Overwrite=True
    )
    assert (key.value, key.version) == ("one", 1)
    key.refresh()
    assert (key.value, key.version) == ("two", 2)
    assert ssm_cache.SSMParameter("/cached/key:1").value == "one"
    with pytest.raises(ssm_cache.InvalidParameterError):
        ssm_cache.SSMParameter("/cached/none").value


def test_the_parameter_cache_reads_a_path_with_filters(parameters):
    for number in range(12):
        parameters.put_parameter(Name=f"/tree/{number:02}", Type="String", Value=str(number))
    parameters.put_parameter(Name="/tree/sub/key", Type="SecureString", Value="sealed")
    group = ssm_cache.SSMParameterGroup(base_path="/tree")
    below = group.parameters("/", recursive=False)
    assert [one.value for one in below] == [str(number) for number in range(12)]
    sealed = ssm_cache.SSMParameterGroup().parameters(
        "/tree", filters=[SSMFilterType().value("SecureString")]
    )
    assert [one.value for one in sealed] == ["sealed"]


def test_the_parameter_cache_reads_secrets_by_reference(parameters):
    boto3.client("secretsmanager").create_secret(Name="cache/referred", SecretString="of a secret")
    assert ssm_cache.SecretsManagerParameter("cache/referred").value == "of a secret"
