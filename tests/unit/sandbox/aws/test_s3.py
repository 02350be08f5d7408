"""Objects are files, and files are objects."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from unit.sandbox.aws.conftest import Place


def keys(place: Place, **options: object) -> list[str]:
    answer = place.aws.client("s3").list_objects_v2(Bucket=place.bucket, **options)
    return [one["Key"] for one in answer.get("Contents", [])]


def test_an_object_is_a_file_at_its_key(place: Place) -> None:
    place.aws.client("s3").put_object(Bucket=place.bucket, Key="a/b.txt", Body=b"hello")
    assert (place.aws.state / "s3" / place.bucket / "a" / "b.txt").read_bytes() == b"hello"


def test_a_file_that_spark_wrote_is_an_object(place: Place) -> None:
    place.aws.put(place.bucket, "out/part-0", b"rows")
    place.aws.put(place.bucket, "out/_SUCCESS", b"")
    assert keys(place) == ["out/_SUCCESS", "out/part-0"]
    assert place.aws.client("s3").get_object(Bucket=place.bucket, Key="out/part-0")["Body"].read() == b"rows"


def test_a_file_that_changed_on_disk_is_read_anew(place: Place) -> None:
    s3 = place.aws.client("s3")
    s3.put_object(Bucket=place.bucket, Key="k", Body=b"one")
    first = s3.head_object(Bucket=place.bucket, Key="k")
    place.aws.put(place.bucket, "k", b"two two")
    second = s3.head_object(Bucket=place.bucket, Key="k")
    assert second["ContentLength"] == 7
    assert first["ETag"] != second["ETag"]


def test_a_file_that_is_gone_is_no_object(place: Place) -> None:
    place.aws.client("s3").put_object(Bucket=place.bucket, Key="k", Body=b"x")
    (place.aws.state / "s3" / place.bucket / "k").unlink()
    with pytest.raises(ClientError, match="404"):
        place.aws.client("s3").head_object(Bucket=place.bucket, Key="k")


def test_checksum_companions_are_hidden_and_dropped_with_their_object(place: Place) -> None:
    companion = place.aws.put(place.bucket, "out/.part-0.crc", b"crc")
    place.aws.client("s3").put_object(Bucket=place.bucket, Key="out/part-0", Body=b"new")
    assert keys(place) == ["out/part-0"]
    assert not companion.exists()


def test_the_last_object_takes_its_folder_with_it(place: Place) -> None:
    s3 = place.aws.client("s3")
    s3.put_object(Bucket=place.bucket, Key="a/b/c", Body=b"x")
    s3.delete_object(Bucket=place.bucket, Key="a/b/c")
    assert not (place.aws.state / "s3" / place.bucket / "a").exists()


def test_a_folder_marker_is_an_object_without_hiding_what_is_inside(place: Place) -> None:
    s3 = place.aws.client("s3")
    s3.put_object(Bucket=place.bucket, Key="a/", Body=b"")
    s3.put_object(Bucket=place.bucket, Key="a/b", Body=b"x")
    assert keys(place) == ["a/", "a/b"]


@pytest.mark.parametrize("key", ["../escape", "a/../../b", "a//b", "./a", "a/./b"])
def test_a_key_that_is_no_path_inside_the_bucket_is_refused(place: Place, key: str) -> None:
    with pytest.raises(ClientError, match="sandbox limitation"):
        place.aws.client("s3").put_object(Bucket=place.bucket, Key=key, Body=b"x")


def test_a_key_cannot_be_file_and_folder(place: Place) -> None:
    s3 = place.aws.client("s3")
    s3.put_object(Bucket=place.bucket, Key="a", Body=b"x")
    with pytest.raises(ClientError, match="a file and a folder at once"):
        s3.put_object(Bucket=place.bucket, Key="a/b", Body=b"x")


def test_ranges_and_user_metadata_are_kept(place: Place) -> None:
    s3 = place.aws.client("s3")
    s3.put_object(Bucket=place.bucket, Key="k", Body=b"0123456789", Metadata={"suite": "payments"})
    answer = s3.get_object(Bucket=place.bucket, Key="k", Range="bytes=2-4")
    assert answer["Body"].read() == b"234"
    assert answer["Metadata"] == {"suite": "payments"}


def test_parts_become_one_file(place: Place) -> None:
    s3 = place.aws.client("s3")
    upload = s3.create_multipart_upload(Bucket=place.bucket, Key="big")["UploadId"]
    bodies = [b"a" * (5 * 1024 * 1024), b"b"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket=place.bucket, Key="big", UploadId=upload, PartNumber=number, Body=body)[
                "ETag"
            ],
        }
        for number, body in enumerate(bodies, 1)
    ]
    s3.complete_multipart_upload(Bucket=place.bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert (place.aws.state / "s3" / place.bucket / "big").stat().st_size == 5 * 1024 * 1024 + 1
    assert s3.head_object(Bucket=place.bucket, Key="big")["ETag"].endswith('-2"')


def test_listing_pages_and_groups_by_delimiter(place: Place) -> None:
    for number in range(5):
        place.aws.put(place.bucket, f"day={number}/rows", b"x")
    s3 = place.aws.client("s3")
    pages = list(
        s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, PaginationConfig={"PageSize": 2})
    )
    assert [len(page["Contents"]) for page in pages] == [2, 2, 1]
    grouped = s3.list_objects_v2(Bucket=place.bucket, Delimiter="/")
    assert len(grouped["CommonPrefixes"]) == 5


def test_a_copy_is_a_file_of_its_own(place: Place) -> None:
    s3 = place.aws.client("s3")
    s3.put_object(Bucket=place.bucket, Key="a", Body=b"x")
    s3.copy_object(Bucket=place.bucket, Key="b", CopySource={"Bucket": place.bucket, "Key": "a"})
    s3.delete_objects(Bucket=place.bucket, Delete={"Objects": [{"Key": "a"}]})
    assert keys(place) == ["b"]


def test_a_folder_made_on_disk_is_a_bucket(place: Place) -> None:
    (place.aws.state / "s3" / "made-by-hand").mkdir(exist_ok=True)
    names = [one["Name"] for one in place.aws.client("s3").list_buckets()["Buckets"]]
    assert "made-by-hand" in names
