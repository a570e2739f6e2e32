"""The README's first screen, pasted: the shell session, then the two TypeScript programs."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "README.md").read_text(), re.S)


def test_the_session_prints_what_it_encrypted_and_the_programs_run(server, tmp_path):
    session = [text for kind, text in BLOCKS if kind == "sh"][1]
    programs = [text for kind, text in BLOCKS if kind == "ts"]
    assert "aws kms create-key" in session and len(programs) == 2
    # The server of these tests listens elsewhere, and its credentials come from the environment.
    session = session.replace("http://127.0.0.1:4566", server["AWS_ENDPOINT_URL"])
    session = re.sub(r"^export AWS_SHARED_CREDENTIALS_FILE=.*$", "", session, flags=re.M)
    for number, program in enumerate(programs):
        (tmp_path / f"program{number}.ts").write_text(program)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "package.json").write_text('{"type":"module"}')
    (tmp_path / "README.md").write_text("a file of any size" * 100_000)
    node = ROOT / "node_modules" / ".bin" / "node"
    script = f"set -e\n{session}\necho\n{node} program0.ts\n{node} program1.ts\n"
    bin_folder = pathlib.Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, **server, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["hello", "hello"]
    assert (tmp_path / "README.sealed").stat().st_size > 1_800_000


def test_the_session_with_secrets_prints_what_it_says(server, tmp_path):
    session = next(text for kind, text in BLOCKS if "sealhold exec" in text)
    said = re.findall(r"# (.*)$", session, re.M)
    session = re.sub(r" +# .*$", "", session, flags=re.M).replace("bin/sealhold", f"{ROOT}/bin/sealhold")
    bin_folder = pathlib.Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-ec", session],
        cwd=tmp_path,
        env={**os.environ, **server, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == said == ["ann large 6", "password: s3cret"], done.stderr
