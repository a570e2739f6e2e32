"""The AWS CLI, unmodified, as the README's first session uses it."""

import base64
import json
import os
import pathlib
import subprocess
import sys

import pytest

AWS = pathlib.Path(sys.executable).parent / "aws"


@pytest.fixture()
def aws(server):
    def run(*words, refused=False):
        done = subprocess.run(
            [AWS, *words, "--output", "json"],
            env={**os.environ, **server},
            capture_output=True,
            text=True,
        )
        assert (done.returncode != 0) == refused, done.stderr
        if refused:
            return done.stderr
        return json.loads(done.stdout) if done.stdout else None

    return run


def test_creates_a_key_encrypts_and_decrypts(aws, tmp_path):
    key = aws("kms", "create-key", "--description", "cli")["KeyMetadata"]["KeyId"]
    aws("kms", "create-alias", "--alias-name", "alias/cli", "--target-key-id", key)
    message = tmp_path / "message"
    message.write_text("hello")
    sealed = aws(
        "kms", "encrypt", "--key-id", "alias/cli", "--plaintext", f"fileb://{message}"
    )
    blob = tmp_path / "blob"
    blob.write_bytes(base64.b64decode(sealed["CiphertextBlob"]))
    opened = aws("kms", "decrypt", "--ciphertext-blob", f"fileb://{blob}")
    assert base64.b64decode(opened["Plaintext"]) == b"hello"


def test_says_who_it_is(aws):
    assert aws("sts", "get-caller-identity")["Arn"].endswith(":root")


def test_shows_awss_error_text(aws):
    errors = aws("kms", "describe-key", "--key-id", "nonsense", refused=True)
    assert "NotFoundException" in errors and "Invalid keyId 'nonsense'" in errors


def test_makes_a_user_with_a_policy_and_shows_it(aws, tmp_path):
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}],
    }
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document, indent=2))
    user = aws("iam", "create-user", "--user-name", "cli", "--tags", "Key=a,Value=b")["User"]
    assert user["Tags"] == [{"Key": "a", "Value": "b"}]
    aws(
        *("iam", "put-user-policy", "--user-name", "cli", "--policy-name", "keys"),
        *("--policy-document", f"file://{policy}"),
    )
    shown = aws("iam", "get-user-policy", "--user-name", "cli", "--policy-name", "keys")
    assert shown["PolicyDocument"] == document
    errors = aws("iam", "delete-user", "--user-name", "cli", refused=True)
    assert "DeleteConflict" in errors and "must delete policies first" in errors
