"""Starts the real server once, strict, on a free port and a fresh folder."""

import configparser
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def server():
    folder = tempfile.mkdtemp(prefix="sealhold-test-")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [ROOT / "bin" / "sealhold", "start", "--port", str(port), "--data", folder]
        + ["--functions", "process"],
        stdout=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"
    wait_until_healthy(endpoint, process)
    profile = configparser.ConfigParser()
    profile.read(pathlib.Path(folder) / "root-credentials")
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": profile["default"]["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": profile["default"]["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    os.environ.update(environment)
    yield environment
    process.terminate()
    assert process.wait(timeout=20) == 0
    shutil.rmtree(folder)


def wait_until_healthy(endpoint, process):
    for _ in range(500):
        assert process.poll() is None, "the server ended before it served"
        try:
            with urllib.request.urlopen(f"{endpoint}/_sealhold/health") as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError("the server did not serve within 10 s")
