"""Who we are, and database instances that can be found."""

from __future__ import annotations

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
