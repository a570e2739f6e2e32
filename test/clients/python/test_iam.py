"""IAM through boto3, unmodified: what people make first, and what their programs then do."""

import json

import boto3
import botocore.exceptions
import pytest

ALLOW_GET_USER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}],
}


@pytest.fixture()
def iam(server):
    return boto3.client("iam")


def refused(caught, status, code):
    response = caught.value.response
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    return response["Error"]["Message"]


def test_a_user_signs_with_its_key_and_does_what_its_policies_allow(iam):
    iam.create_user(UserName="ines", Path="/team/", Tags=[{"Key": "team", "Value": "blue"}])
    iam.get_waiter("user_exists").wait(UserName="ines")
    key = iam.create_access_key(UserName="ines")["AccessKey"]
    own = boto3.client(
        "iam",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        own.get_user()
    message = refused(caught, 403, "AccessDenied")
    assert "because no identity-based policy allows the iam:GetUser action" in message
    iam.put_user_policy(
        UserName="ines", PolicyName="self", PolicyDocument=json.dumps(ALLOW_GET_USER)
    )
    user = own.get_user()["User"]
    assert user["Arn"].endswith(":user/team/ines")
    assert user["Tags"] == [{"Key": "team", "Value": "blue"}]
    caller = boto3.client(
        "sts",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    ).get_caller_identity()
    assert caller["UserId"] == user["UserId"]
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert used["UserName"] == "ines"
    assert used["AccessKeyLastUsed"]["ServiceName"] == "sts"


def test_a_role_with_policies_is_made_shown_and_taken_apart(iam):
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
    role = iam.create_role(RoleName="rotator", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    assert role["AssumeRolePolicyDocument"] == trust
    iam.get_waiter("role_exists").wait(RoleName="rotator")
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="rotator", PolicyArn=managed)
    policy = iam.create_policy(PolicyName="rotate", PolicyDocument=json.dumps(ALLOW_GET_USER))
    arn = policy["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="rotator", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="rotator")["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["AWSLambdaBasicExecutionRole", "rotate"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == ALLOW_GET_USER
    with pytest.raises(iam.exceptions.DeleteConflictException) as caught:
        iam.delete_role(RoleName="rotator")
    refused(caught, 409, "DeleteConflict")
    for each in (managed, arn):
        iam.detach_role_policy(RoleName="rotator", PolicyArn=each)
    iam.delete_policy(PolicyArn=arn)
    iam.delete_role(RoleName="rotator")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="rotator")


def test_resources_of_boto3_work(server):
    iam = boto3.resource("iam")
    group = iam.create_group(GroupName="crew")
    user = iam.create_user(UserName="crewman")
    group.add_user(UserName="crewman")
    assert [each.name for each in user.groups.all()] == ["crew"]
    pair = user.create_access_key_pair()
    assert pair.secret and pair.status == "Active"
    assert [each.id for each in user.access_keys.all()] == [pair.id]
    policy = user.create_policy(PolicyName="p", PolicyDocument=json.dumps(ALLOW_GET_USER))
    assert policy.policy_document == ALLOW_GET_USER
    policy.delete()
    pair.delete()
    group.remove_user(UserName="crewman")
    user.delete()
    group.delete()


def test_paginators_show_everything_once(iam):
    for number in range(5):
        iam.create_user(UserName=f"page-{number}")
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
    names = [user["UserName"] for page in pages for user in page["Users"]]
    assert len(names) == len(set(names))
    assert [n for n in names if n.startswith("page-")] == [f"page-{n}" for n in range(5)]
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        PaginationConfig={"PageSize": 3}
    )
    details = [user["UserName"] for page in pages for user in page["UserDetailList"]]
    assert sorted(details) == sorted(names)


def test_simulation_decides_as_the_server_does(iam):
    result = iam.simulate_custom_policy(
        PolicyInputList=[json.dumps(ALLOW_GET_USER)],
        ActionNames=["iam:GetUser", "iam:ListUsers"],
    )["EvaluationResults"]
    assert [each["EvalDecision"] for each in result] == ["allowed", "implicitDeny"]


def test_the_credential_report_is_csv(iam):
    while iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    lines = iam.get_credential_report()["Content"].decode().split("\n")
    assert lines[0].startswith("user,arn,user_creation_time,")
    assert lines[1].startswith("<root_account>,")
