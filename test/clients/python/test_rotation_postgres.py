"""Python functions rotate a real PostgreSQL's passwords under AWS's own caching client."""

import glob
import io
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import threading
import time
import urllib.request
import uuid
import zipfile

import boto3
import pg8000.native
import pytest
from aws_secretsmanager_caching import SecretCache, SecretCacheConfig
from conftest import ROOT, wait_until_healthy

FUNCTION = ROOT / "test" / "functions" / "rotate_postgres.py"
NOBODY = 65534
REGION = "eu-west-1"


def find_postgres():
    on_path = shutil.which("postgres")
    found = [os.path.realpath(on_path)] if on_path else []
    for program in found + sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres")):
        folder = pathlib.Path(program).parent
        if (folder / "initdb").exists():
            return folder
    return None


POSTGRES = find_postgres()
pytestmark = pytest.mark.skipif(POSTGRES is None, reason="no PostgreSQL on this machine")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def open_database(login):
    return pg8000.native.Connection(
        login["username"],
        host=login["host"],
        port=login["port"],
        database=login["dbname"],
        password=login["password"],
    )


def is_open_to(login):
    try:
        open_database(login).close()
        return True
    except pg8000.exceptions.DatabaseError as error:
        assert error.args[0]["C"] == "28P01", error
        return False


@pytest.fixture(scope="module")
def admin():
    """The superuser of a server of its own; PostgreSQL refuses to run as root."""
    folder = tempfile.mkdtemp(prefix="sealhold-test-")
    owner = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    if owner:
        os.chown(folder, NOBODY, NOBODY)
    password = str(uuid.uuid4())
    password_file = pathlib.Path(folder) / "password"
    password_file.write_text(password)
    data, port = f"{folder}/data", free_port()
    options = ["-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password_file}"]
    initdb = [POSTGRES / "initdb", *options, "--no-sync"]
    subprocess.run(initdb, check=True, cwd=folder, stdout=subprocess.DEVNULL, **owner)
    process = subprocess.Popen(
        [POSTGRES / "postgres", "-D", data, "-p", str(port), "-k", folder, "-F"],
        cwd=folder,
        stderr=subprocess.DEVNULL,
        **owner,
    )
    facts = {"engine": "postgres", "host": "127.0.0.1", "port": port, "dbname": "postgres"}
    login = {**facts, "username": "postgres", "password": password}
    for _ in range(200):
        try:
            open_database(login).close()
            break
        except (pg8000.exceptions.InterfaceError, pg8000.exceptions.DatabaseError):
            time.sleep(0.05)
    yield login
    process.send_signal(2)
    process.wait(timeout=20)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def endpoint():
    """Dev mode, whose clock can be moved."""
    port = free_port()
    process = subprocess.Popen(
        [ROOT / "bin" / "sealhold", "dev", "--port", str(port)], stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    wait_until_healthy(url, process)
    yield url
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="module")
def client_of(endpoint):
    def make(service):
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return make


def make_function(client_of, name, handler):
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
    iam = client_of("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    allowed = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=name, PolicyName="rotate", PolicyDocument=json.dumps(allowed))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(FUNCTION, "rotate_postgres.py")
    made = client_of("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role["Role"]["Arn"],
        Handler=f"rotate_postgres.{handler}",
        Timeout=60,
        Code={"ZipFile": packed.getvalue()},
        # Where a layer would be: boto3 and pg8000.
        Environment={"Variables": {"PYTHONPATH": sysconfig.get_path("purelib")}},
    )
    client_of("lambda").add_permission(
        FunctionName=name,
        StatementId="rotation",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    return made["FunctionArn"]


class CachingClient(threading.Thread):
    """Connects all the time; where it is refused, it reads anew and tries again."""

    def __init__(self, secrets, secret_id):
        super().__init__()
        self.cache = SecretCache(SecretCacheConfig(secret_refresh_interval=1), secrets)
        self.secret_id = secret_id
        self.connections = self.refusals = self.failures = 0
        self.ended = threading.Event()

    def login(self):
        return json.loads(self.cache.get_secret_string(self.secret_id))

    def run(self):
        while not self.ended.is_set():
            for _ in range(4):
                if is_open_to(self.login()):
                    self.connections += 1
                    break
                self.refusals += 1
                self.cache.refresh_secret_now(self.secret_id)
            else:
                self.failures += 1
            time.sleep(0.01)


def wait_for_rotation(secrets, arn, former):
    for _ in range(600):
        versions = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
        stages = {tuple(sorted(held)): version for version, held in versions.items()}
        if stages.get(("AWSCURRENT",), former) != former:
            assert stages == {("AWSCURRENT",): stages[("AWSCURRENT",)], ("AWSPREVIOUS",): former}
            return stages[("AWSCURRENT",)]
        time.sleep(0.1)
    raise AssertionError("it was not rotated in time")


@pytest.mark.parametrize("strategy", ["single_user", "alternating_users"])
def test_rotates_each_month_under_a_caching_client(strategy, admin, endpoint, client_of):
    secrets = client_of("secretsmanager")
    login = {**admin, "username": strategy, "password": "the first"}
    database = open_database(admin)
    database.run(f"CREATE ROLE {strategy} WITH LOGIN PASSWORD 'the first'")
    database.close()
    if strategy == "alternating_users":
        master = secrets.create_secret(Name="master", SecretString=json.dumps(admin))
        login["masterarn"] = master["ARN"]
    made = secrets.create_secret(Name=strategy, SecretString=json.dumps(login))
    arn, current = made["ARN"], made["VersionId"]
    function = make_function(client_of, strategy.replace("_", "-"), strategy)
    client = CachingClient(secrets, arn)
    client.start()
    try:
        for month in range(3):
            if month == 0:
                rules = {"AutomaticallyAfterDays": 30}
                secrets.rotate_secret(
                    SecretId=arn, RotationLambdaARN=function, RotationRules=rules
                )
            else:
                clock = f"{endpoint}/_sealhold/clock"
                urllib.request.urlopen(clock, data=b'{"advance":"30d"}').read()
            current = wait_for_rotation(secrets, arn, current)
            before = client.connections
            while client.connections < before + 5:
                assert client.is_alive()
                time.sleep(0.05)
            # A month is longer than anything is cached.
            time.sleep(1.5)
    finally:
        client.ended.set()
        client.join()
    assert client.failures == 0
    assert client.connections > 15
    if strategy == "alternating_users":
        assert client.refusals == 0
    else:
        assert client.refusals > 0
    now = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    former = json.loads(
        secrets.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"]
    )
    assert is_open_to(now)
    assert is_open_to(former) == (strategy == "alternating_users")
    assert now["password"] not in ("the first", former["password"])
