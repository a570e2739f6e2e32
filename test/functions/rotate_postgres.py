"""Rotates the password of a PostgreSQL user, by the behaviour that AWS documents for its functions.

`single_user` changes the password of the user; `alternating_users` changes that of its twin
(`ann`, `ann_clone`) by the superuser of `masterarn`, so that the old credentials stay good.
"""

import json
import os

import boto3
import pg8000.native

secrets = boto3.client("secretsmanager")


def single_user(event, context):
    rotate(event, lambda current: current["username"], set_own)


def alternating_users(event, context):
    rotate(event, twin_of, set_twin)


def rotate(event, user_of, set_password):
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    described = secrets.describe_secret(SecretId=arn)
    if not described.get("RotationEnabled"):
        raise ValueError(f"{arn} is not to be rotated")
    versions = described["VersionIdsToStages"]
    if token not in versions:
        raise ValueError(f"{arn} has no version {token}")
    if "AWSCURRENT" in versions[token]:
        return
    if "AWSPENDING" not in versions[token]:
        raise ValueError(f"{token} is not pending")
    if step == "createSecret":
        create_secret(arn, token, event.get("RotationToken"), user_of)
    elif step == "setSecret":
        following = read(arn, "AWSPENDING", token)
        # A step may come again: what is set already is left alone.
        if not opens(following):
            set_password(arn, following)
    elif step == "testSecret":
        connection = connect(read(arn, "AWSPENDING", token))
        if connection is None:
            raise ValueError("The pending version opens nothing")
        connection.run("SELECT NOW()")
        connection.close()
    elif step == "finishSecret":
        former = next(v for v, stages in versions.items() if "AWSCURRENT" in stages)
        secrets.update_secret_version_stage(
            SecretId=arn,
            VersionStage="AWSCURRENT",
            MoveToVersionId=token,
            RemoveFromVersionId=former,
        )
    else:
        raise ValueError(f"There is no step {step}")


def create_secret(arn, token, rotation_token, user_of):
    current = read(arn, "AWSCURRENT")
    if read_if_there(arn, "AWSPENDING", token) is not None:
        return
    excluded = os.environ.get("EXCLUDE_CHARACTERS", "/@\"'\\")
    made = secrets.get_random_password(ExcludeCharacters=excluded)
    following = {**current, "username": user_of(current), "password": made["RandomPassword"]}
    secrets.put_secret_value(
        SecretId=arn,
        ClientRequestToken=token,
        SecretString=json.dumps(following),
        VersionStages=["AWSPENDING"],
        **({} if rotation_token is None else {"RotationToken": rotation_token}),
    )


def set_own(arn, following):
    """As the user itself; the previous password is the one where a rotation has failed half-way."""
    for stage in ("AWSCURRENT", "AWSPREVIOUS"):
        known = read_if_there(arn, stage)
        if known is None:
            continue
        refuse_other(known, following)
        if known["username"] != following["username"]:
            raise ValueError("the users differ")
        connection = connect(known)
        if connection is not None:
            change_password(connection, following)
            connection.close()
            return
    raise ValueError(f"No version of {arn} opens the database")


def set_twin(arn, following):
    """As the superuser, who makes the twin where there is none."""
    current = read(arn, "AWSCURRENT")
    refuse_other(current, following)
    if not opens(current):
        raise ValueError(f"The current version of {arn} opens nothing")
    master = read(current["masterarn"], "AWSCURRENT")
    refuse_other(current, master)
    connection = connect(master)
    if connection is None:
        raise ValueError("The superuser is refused")
    name = following["username"]
    if connection.run("SELECT 1 FROM pg_roles WHERE rolname = :name", name=name):
        change_password(connection, following)
    else:
        password = pg8000.native.literal(following["password"])
        user = pg8000.native.identifier(name)
        connection.run(f"CREATE ROLE {user} WITH LOGIN PASSWORD {password}")
        connection.run(f"GRANT {pg8000.native.identifier(current['username'])} TO {user}")
    connection.close()


def change_password(connection, following):
    user = pg8000.native.identifier(following["username"])
    password = pg8000.native.literal(following["password"])
    connection.run(f"ALTER USER {user} WITH PASSWORD {password}")


def twin_of(current):
    name = current["username"]
    return name[: -len("_clone")] if name.endswith("_clone") else f"{name}_clone"


def refuse_other(known, following):
    """The function is used for one server, not to carry credentials to another."""
    if known["host"] != following["host"]:
        raise ValueError("the hosts differ")


def read(arn, stage, token=None):
    version = {} if token is None else {"VersionId": token}
    answer = secrets.get_secret_value(SecretId=arn, VersionStage=stage, **version)
    value = json.loads(answer["SecretString"])
    for member in ("host", "username", "password"):
        if member not in value:
            raise KeyError(f"{member} is missing")
    if value.get("engine") != "postgres":
        raise KeyError("the engine is not postgres")
    return value


def read_if_there(arn, stage, token=None):
    try:
        return read(arn, stage, token)
    except secrets.exceptions.ResourceNotFoundException:
        return None


def connect(login):
    """None where the password is refused."""
    try:
        return pg8000.native.Connection(
            login["username"],
            host=login["host"],
            port=int(login.get("port", 5432)),
            database=login.get("dbname", "postgres"),
            password=login["password"],
        )
    except pg8000.exceptions.DatabaseError as error:
        if error.args[0].get("C") == "28P01":
            return None
        raise


def opens(login):
    connection = connect(login)
    if connection is not None:
        connection.close()
    return connection is not None
