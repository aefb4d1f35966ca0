"""What only buckets do: conditions on etags, storage classes, pages, and a network that fails."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from hitparade.errors import ConfigError, StorageError
from hitparade.model import Blob
from hitparade.storage import S3Options, Storage
from hitparade.storage.s3 import Ranged, S3Storage, bucket_and_key
from tests.s3 import Server
from tests.storage.conftest import Place


def seen(place: Place, name: str) -> Blob:
    found = place.storage.stat(f"{place.folder}/{name}")
    assert found is not None
    return found


def medium(place: Place) -> S3Storage:
    found = place.storage.medium(place.folder)
    assert isinstance(found, S3Storage)
    return found


def test_the_same_bytes_delivered_again_are_another_delivery(bucket: Place) -> None:
    bucket.put("a", b"abc")
    before = seen(bucket, "a")

    time.sleep(1.1)  # what S3 tells of time has seconds
    bucket.put("a", b"abc")

    assert seen(bucket, "a").etag != before.etag


def test_a_file_that_changed_since_it_was_seen_stays(bucket: Place) -> None:
    bucket.put("a", b"one")
    before = seen(bucket, "a")
    bucket.put("a", b"two")

    bucket.storage.move(before, f"{bucket.folder}/away")
    medium(bucket).forget(before)

    assert bucket.read("a") == b"two"


def test_a_server_with_conditions_does_not_even_copy_a_file_that_changed(
    weed: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in weed.environment.items():
        monkeypatch.setenv(name, value)
    place = Place(Storage(), weed.make_bucket("changed-since") + "/folder")
    place.put("a", b"one")
    before = seen(place, "a")
    place.put("a", b"two")

    assert not place.storage.move(before, f"{place.folder}/away")
    assert place.names() == ["a"]
    place.storage.close()


def copied(place: Place, blob: Blob) -> bool:
    """What a move does first."""
    head = medium(place)._head(blob.url)
    assert head is not None
    return medium(place)._copy(blob, head, f"{place.folder}/away", cold=True)


def test_a_move_of_what_was_put_in_parts_is_gone_on_with_too(bucket: Place, tmp_path: Path) -> None:
    """Its copy has another etag."""
    (tmp_path / "large").write_bytes(b"x" * 9_000_000)
    bucket.storage.put(tmp_path / "large", f"{bucket.folder}/a")
    source = seen(bucket, "a")
    assert copied(bucket, source)

    assert bucket.storage.move(source, f"{bucket.folder}/away", cold=True)
    assert bucket.names() == ["away"]


def test_the_same_bytes_that_come_while_a_file_is_moved_stay(bucket: Place) -> None:
    bucket.put("a", b"abc")
    source = seen(bucket, "a")
    assert copied(bucket, source)
    time.sleep(1.1)
    bucket.put("a", b"abc")

    medium(bucket).forget(source)
    assert not bucket.storage.move(source, f"{bucket.folder}/elsewhere")

    assert bucket.names() == ["a", "away"]


def test_a_copy_keeps_what_was_said_of_the_object(bucket: Place) -> None:
    name, key = bucket_and_key(f"{bucket.folder}/a")
    medium(bucket).client.put_object(
        Bucket=name, Key=key, Body=b"x", ContentType="text/csv", Metadata={"sender": "label"}
    )

    assert bucket.storage.move(seen(bucket, "a"), f"{bucket.folder}/away")

    head = medium(bucket)._head(f"{bucket.folder}/away")
    assert head is not None
    assert (head["ContentType"], head["Metadata"]["sender"]) == ("text/csv", "label")


def test_the_same_bytes_under_another_number_are_told_apart(bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a writer that looked long ago takes them for those that it saw, and puts its own in their place."""
    url, storage = f"{bucket.folder}/day.csv", medium(bucket)
    storage.write_stamped(url, b"first\n", stamp=4, end=b"\n")
    looked = storage._stamped(url)
    storage.write_stamped(url, b"first\n", stamp=6, end=b"\n")
    before = bucket.read("day.csv")
    look = iter([looked])
    monkeypatch.setattr(storage, "_stamped", lambda _: next(look, None) or S3Storage._stamped(storage, url))

    assert storage.write_stamped(url, b"stale\n", stamp=5, end=b"\n") == 6
    assert bucket.read("day.csv") == before


def test_a_move_that_was_cut_between_copy_and_removal_is_gone_on_with(bucket: Place) -> None:
    bucket.put("a", b"mine")
    source = seen(bucket, "a")
    assert copied(bucket, source)

    assert bucket.storage.move(source, f"{bucket.folder}/away", cold=True)
    assert bucket.names() == ["away"]


def test_two_that_move_an_object_at_once_leave_one_copy(bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("a", b"mine")
    source, target = seen(bucket, "a"), f"{bucket.folder}/away"
    copy = S3Storage._copy

    def overtaken(medium: S3Storage, blob: Blob, head: Mapping[str, Any], target: str, *, cold: bool) -> bool:
        assert copy(medium, blob, head, target, cold=cold)  # the other's
        return False  # as a server says that knows the condition on the name

    monkeypatch.setattr(S3Storage, "_copy", overtaken)

    assert bucket.storage.move(source, target)
    assert bucket.names() == ["away"]


def test_a_large_object_is_copied_in_parts(bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hitparade.storage.s3.COPY_AT_ONCE", 1000)
    bucket.put("a", b"x" * 9_000_000)

    assert bucket.storage.move(seen(bucket, "a"), f"{bucket.folder}/b", cold=True)
    assert (bucket.names(), len(bucket.read("b"))) == (["b"], 9_000_000)

    gone = seen(bucket, "b")
    bucket.storage.remove([gone.url])
    assert not bucket.storage.move(gone, f"{bucket.folder}/c")


def test_only_what_is_archived_goes_to_the_cold_class_and_all_is_encrypted_as_set(
    moto: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    options = S3Options(archive_class="GLACIER", encryption="aws:kms", kms_key="alias/music")
    place = Place(Storage(options), f"{moto.make_bucket('classes')}/folder")
    (tmp_path / "file").write_bytes(b"x")
    for name in ("archived", "quarantined", "carried"):
        place.put(name)
    place.storage.move(seen(place, "archived"), f"{place.folder}/to/archived", cold=True)
    place.storage.move(seen(place, "quarantined"), f"{place.folder}/to/quarantined")
    place.storage.put(tmp_path / "file", f"{place.folder}/to/put")

    with moto.client() as client:
        heads = {
            name: client.head_object(Bucket="classes", Key=f"folder/to/{name}")
            for name in ("archived", "quarantined", "put")
        }
    assert {name: head.get("StorageClass") for name, head in heads.items()} == {
        "archived": "GLACIER",
        "quarantined": None,
        "put": None,
    }
    assert {head["ServerSideEncryption"] for head in heads.values()} == {"aws:kms"}
    assert {head["SSEKMSKeyId"] for head in heads.values()} == {"alias/music"}
    place.storage.close()


def test_a_listing_of_many_has_them_all_and_they_are_removed_by_the_thousand(bucket: Place) -> None:
    wanted = [f"{number:04}" for number in range(1_050)]
    for name in wanted:
        bucket.put(name, b"")

    assert bucket.names() == wanted
    bucket.storage.remove_below(bucket.folder)
    assert bucket.names() == []


def test_a_folder_that_some_tool_made_is_no_file(bucket: Place) -> None:
    name, key = bucket_and_key(bucket.folder)
    medium(bucket).client.put_object(Bucket=name, Key=f"{key}/", Body=b"")
    medium(bucket).client.put_object(Bucket=name, Key=f"{key}/below/", Body=b"")

    assert bucket.names() == []
    assert bucket.storage.below(bucket.folder) == ()


def test_an_object_that_must_be_new_is_never_put_in_the_place_of_another(bucket: Place) -> None:
    url = f"{bucket.folder}/v1.metadata.json"

    assert medium(bucket).create(url, b"one")
    assert not medium(bucket).create(url, b"two")
    assert medium(bucket).create(url, b"one")  # as after an answer that was lost
    assert bucket.read("v1.metadata.json") == b"one"


def test_a_bucket_that_keeps_versions_keeps_them(bucket: Place) -> None:
    name, key = bucket_and_key(bucket.folder)
    client = medium(bucket).client
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    bucket.put("a", b"one")
    bucket.put("a", b"two")

    assert bucket.storage.move(seen(bucket, "a"), f"{bucket.folder}/b")

    assert (bucket.names(), bucket.read("b")) == (["b"], b"two")
    versions = client.list_object_versions(Bucket=name, Prefix=f"{key}/a")["Versions"]
    assert len(versions) == 2


def test_what_is_large_is_read_in_one_request(bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("a", b"x" * 300_000)
    get, asked = Ranged._get, []

    def counted(file: Ranged, wanted: str | None) -> object:
        asked.append(wanted)
        return get(file, wanted)

    monkeypatch.setattr(Ranged, "_get", counted)
    assert len(bucket.read("a")) == 300_000
    assert len(asked) == 2  # its end, and the rest


class Weather:
    """A network that loses or refuses some of what is sent, in an order of its own."""

    def __init__(self, client: Any, share: float) -> None:
        self.random = random.Random(7)
        self.share = share
        self.refused = 0
        client.meta.events.register("before-send.s3", self.strike)

    def strike(self, request: Any, **_: Any) -> AWSResponse | None:
        if self.random.random() >= self.share:
            return None
        self.refused += 1
        kind = self.random.choice(("SlowDown", "InternalError", "lost", "late"))
        if kind == "lost":
            raise ConnectionClosedError(endpoint_url=request.url)
        if kind == "late":
            raise ReadTimeoutError(endpoint_url=request.url)
        return Refusal(request.url, kind)


class Refusal(AWSResponse):  # type: ignore[misc]  # it is not typed
    """An answer of 503 or 500."""

    def __init__(self, url: str, code: str) -> None:
        super().__init__(url, 503 if code == "SlowDown" else 500, {}, None)
        self._content = f"<Error><Code>{code}</Code><Message>in the way</Message></Error>".encode()


def test_a_network_that_fails_at_every_third_request_loses_nothing(
    bucket: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retryhandler.delay_exponential", lambda *_, **__: 0.001)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "12")
    place = Place(Storage(), bucket.folder)
    weather = Weather(medium(place).client, 0.3)
    data = (bytes(range(251)) * (9_000_000 // 251 + 1))[:9_000_000]
    (tmp_path / "large").write_bytes(data)

    for number in range(40):
        place.put(f"{number}", f"{number}".encode())
        assert place.storage.move(seen(place, f"{number}"), f"{place.folder}/away/{number}")
    place.storage.put(tmp_path / "large", f"{place.folder}/large")

    assert place.names() == ["large"]
    assert place.names("/away") == sorted(str(number) for number in range(40))
    assert [place.read(f"away/{number}") for number in range(40)] == [f"{number}".encode() for number in range(40)]
    assert place.read("large") == data
    assert Path(place.storage.fetch(f"{place.folder}/large", tmp_path / "back")).read_bytes() == data
    assert weather.refused > 50
    place.storage.close()


def test_a_range_that_breaks_off_is_asked_for_again(bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hitparade.aws.wait_random_exponential", lambda *_, **__: 0)
    data = (bytes(range(251)) * (300_000 // 251 + 1))[:300_000]
    bucket.put("a", data)
    broken = iter([True, False, True, True, False])
    from botocore.response import StreamingBody

    whole = StreamingBody.read

    def read(self: Any, amt: int | None = None) -> bytes:
        found: bytes = whole(self, amt)
        if next(broken, False):
            raise ReadTimeoutError(endpoint_url="s3")
        return found

    monkeypatch.setattr(StreamingBody, "read", read)
    assert bucket.read("a") == data


def test_bytes_that_change_while_they_are_read_are_not_mixed(bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hitparade.storage.s3_ranges.READ_ATTEMPTS", 1)
    bucket.put("a", b"1" * 300_000)

    with bucket.storage.open(f"{bucket.folder}/a", buffered=False) as file:
        bucket.put("a", b"2" * 300_000)
        with pytest.raises(StorageError, match="a folder/a"):
            file.read(10)


def test_a_bucket_that_is_not_there_is_a_mistake_in_the_settings(bucket: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    for action in (
        lambda: list(bucket.storage.list("s3://no-such-bucket-of-ours/x")),
        lambda: bucket.storage.write("s3://no-such-bucket-of-ours/x", b""),
        lambda: bucket.storage.put(tmp_path / "file", "s3://no-such-bucket-of-ours/x"),
    ):
        with pytest.raises(ConfigError, match="no-such-bucket-of-ours") as refusal:
            action()
        assert refusal.value.hint


def test_keys_that_are_refused_are_a_mistake_in_the_settings_and_are_not_told(
    weed: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in weed.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    storage = Storage()

    with pytest.raises(ConfigError) as refusal:
        list(storage.list("s3://changed-since/x"))

    assert "planted-secret" not in f"{refusal.value.message} {refusal.value.hint}"
    storage.close()


def test_a_server_that_is_not_there_may_be_there_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    storage = Storage()

    with pytest.raises(StorageError, match=r"s3://music/x"):
        storage.stat("s3://music/x")
    storage.close()


def test_no_credentials_are_said_before_anything_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    storage = Storage()

    with pytest.raises(ConfigError, match="credentials"):
        storage.stat("s3://music/x")
    storage.close()
