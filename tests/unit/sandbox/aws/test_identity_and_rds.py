"""Who we are, and database instances that can be found."""

from __future__ import annotations

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from parity_sandbox.aws.rds import Instance, register
from unit.sandbox.aws.conftest import Place
from unit.sandbox.aws.harness import REGION


def test_the_caller_is_the_sandboxs_account(place: Place) -> None:
    assert place.aws.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_role_can_be_assumed(place: Place) -> None:
    answer = place.aws.client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/parity", RoleSessionName="night"
    )
    assert answer["Credentials"]["AccessKeyId"]


def test_the_keys_of_an_assumed_role_open_the_doors_too(place: Place) -> None:
    role = {"RoleArn": "arn:aws:iam::123456789012:role/parity", "RoleSessionName": "night"}
    given = place.aws.client("sts").assume_role(**role)["Credentials"]
    glue = place.aws.client(
        "glue",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert "DatabaseList" in glue.get_databases()


CALLS = {"s3": "list_buckets", "glue": "get_databases", "athena": "list_work_groups", "sts": "get_caller_identity"}
REFUSED = {
    "s3": ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"),
    "glue": ("UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException"),
    "athena": ("UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException"),
    "sts": ("InvalidClientTokenId", "SignatureDoesNotMatch", "MissingAuthenticationToken"),
}


@pytest.mark.parametrize("service", CALLS)
def test_a_stranger_a_wrong_secret_and_no_signature_are_refused_in_the_services_words(
    place: Place, service: str
) -> None:
    strange = place.aws.client(service, aws_access_key_id="AKIASTRANGER")
    wrong = place.aws.client(service, aws_secret_access_key="not the secret")
    unsigned = place.aws.client(service, config=Config(signature_version=UNSIGNED))
    codes = []
    for client in (strange, wrong, unsigned):
        with pytest.raises(ClientError) as refused:
            getattr(client, CALLS[service])()
        codes.append(refused.value.response["Error"]["Code"])
    assert tuple(codes) == REFUSED[service]


def test_a_registered_instance_answers_with_its_servers_address(place: Place) -> None:
    found = Instance.of_url(place.bucket, "mysql://parity:secret@127.0.0.1:43306/ledger")
    register(Instance(found.identifier, found.host, found.port, parameters={"time_zone": "UTC"}), REGION)
    rds = place.aws.client("rds")
    (instance,) = rds.describe_db_instances(DBInstanceIdentifier=place.bucket)["DBInstances"]
    assert instance["Endpoint"]["Address"] == "127.0.0.1"
    assert instance["Endpoint"]["Port"] == 43306
    parameters = rds.describe_db_parameters(DBParameterGroupName=place.bucket)["Parameters"]
    assert {"time_zone": "UTC"}.items() <= {
        one["ParameterName"]: one["ParameterValue"] for one in parameters
    }.items()
    assert rds.describe_db_clusters()["DBClusters"] == []
