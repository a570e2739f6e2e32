"""The AWS CLI keeps secrets and parameters; `sealhold exec` and `resolve` hand them on."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT
from test_cli import aws  # noqa: F401


@pytest.fixture()
def sealhold(server):
    def run(*words, **options):
        return subprocess.run(
            [ROOT / "bin" / "sealhold", *words],
            env={**os.environ, **server},
            capture_output=True,
            text=True,
            **options,
        )

    return run


def test_a_command_has_what_the_cli_has_kept(aws, sealhold, tmp_path):  # noqa: F811
    login = json.dumps({"user": "ann", "password": "one"})
    made = aws("secretsmanager", "create-secret", "--name", "cli/db", "--secret-string", login)
    secret = tmp_path / "secret"
    secret.write_text(json.dumps({"user": "ann", "password": "two"}))
    put = ["put-secret-value", "--secret-id", "cli/db", "--secret-string", f"file://{secret}"]
    aws("secretsmanager", *put)
    aws("ssm", "put-parameter", "--name", "/cli/key", "--type", "SecureString", "--value", "k")
    names = aws("ssm", "get-parameters-by-path", "--path", "/cli", "--with-decryption")
    assert [one["Value"] for one in names["Parameters"]] == ["k"]
    show = "import os; print(os.environ['NOW'], os.environ['OLD'], os.environ['KEY'])"
    done = sealhold(
        "exec",
        *["--secret", "NOW=cli/db:password"],
        *["--secret", f"OLD={made['ARN']}:password:AWSPREVIOUS:"],
        *["--parameter", "KEY=/cli/key", "--", sys.executable, "-c", show],
    )
    assert (done.stdout, done.stderr, done.returncode) == ("two one k\n", "", 0)
    text = "{{resolve:secretsmanager:cli/db:SecretString:user}}={{resolve:ssm-secure:/cli/key}}"
    assert sealhold("resolve", "-", input=text).stdout == "ann=k"


def test_the_cli_sees_why_a_secret_is_not_there(aws):  # noqa: F811
    errors = aws("secretsmanager", "get-secret-value", "--secret-id", "cli/none", refused=True)
    assert "ResourceNotFoundException" in errors
    assert "Secrets Manager can't find the specified secret." in errors
    errors = aws("ssm", "get-parameter", "--name", "/cli/none", refused=True)
    assert "ParameterNotFound" in errors
