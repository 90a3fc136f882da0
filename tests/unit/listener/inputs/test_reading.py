import json
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from listener.errors import UsageProblem
from listener.inputs.fieldmap import FieldMap
from listener.inputs.reading import partition, read_records
from listener.inputs.records import InputRecord
from models.outcome import HEADER_SHA256, HEADER_SIZE
from models.post import MAX_RECORD_BYTES, Post, Skim

MAP = "post_id=id,created_at=ts,counts.likes=likes"
COMPLETE = (
    b'{"event_id": "e", "schema_version":1,"observed_at":"2018-05-05T18:46:39Z","op":"delete","post_id":"p",'
    b'"platform":"twitter","created_at":"2018-05-05T18:46:39Z", "source":null, "unknown": 1.50}'
).replace(b'"source":null', b'"source":"s"')


def read(tmp_path: Path, content: bytes, mapping: str = "") -> list[InputRecord]:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(content)
    return list(read_records([file], FieldMap.parse([mapping])))


def one(tmp_path: Path, line: str | bytes, mapping: str = "") -> dict[str, object]:
    content = line if isinstance(line, bytes) else line.encode()
    [record] = read(tmp_path, content, mapping)
    decoded: dict[str, object] = msgspec.json.decode(record.value)
    return decoded


def test_lines_come_in_file_order_with_their_place_and_blank_ones_are_not_read(tmp_path: Path) -> None:
    first, second = tmp_path / "b", tmp_path / "a"
    first.write_bytes(b'\n{"post_id":"1"}\r\n \t\r\n{"post_id":"2"}')
    second.write_bytes(b'{"post_id":"3"}\n\n')
    places = [(r.key, Path(r.file).name, r.line) for r in read_records([first, second], FieldMap())]
    assert places == [(b"1", "b", 2), (b"2", "b", 4), (b"3", "a", 1)]


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_complete_line_is_passed_on_byte_for_byte(tmp_path: Path, ending: bytes) -> None:
    [record] = read(tmp_path, COMPLETE + ending, MAP)
    assert record.value.removesuffix(b"\r") == COMPLETE
    assert (record.key, record.headers) == (b"p", ())


def test_a_complete_routed_record_is_passed_on_byte_for_byte(tmp_path: Path) -> None:
    [record] = read(tmp_path, b'{"topic": "social.posts.v1", "record": ' + COMPLETE + b"}")
    assert record.value == COMPLETE


@pytest.mark.parametrize(
    "line", [b'{"a":1', b"[]", b"7", b'{"text":"\xff"}', b'{"text":"\\ud800"}', b'{"a":' * 9999, b'{"a":1} x', b"nul"]
)
def test_a_line_that_is_no_object_is_passed_on_with_a_key_from_its_hash(tmp_path: Path, line: bytes) -> None:
    [record] = read(tmp_path, line + b"\n", MAP)
    assert record.value == line
    assert record.key == sha256(line).hexdigest()[:32].encode()


def test_a_byte_order_mark_is_not_part_of_the_first_record(tmp_path: Path) -> None:
    [record] = read(tmp_path, b"\xef\xbb\xbf" + COMPLETE)
    assert record.value == COMPLETE


def test_defaults_fill_what_a_line_lacks(tmp_path: Path) -> None:
    record = one(tmp_path, '{"post_id":"p","created_at":"2018-05-05T18:46:39Z","text":"سلام","op":null}')
    event_id = record.pop("event_id")
    assert record == {
        "post_id": "p",
        "created_at": "2018-05-05T18:46:39Z",
        "observed_at": "2018-05-05T18:46:39Z",
        "text": "سلام",
        "op": "create",
        "schema_version": 1,
        "source": "replay",
        "platform": "other",
    }
    assert isinstance(event_id, str)
    assert len(event_id) == 32
    msgspec.convert(record | {"event_id": event_id}, Post)


def test_routed_records_get_defaults_too(tmp_path: Path) -> None:
    record = one(tmp_path, '{"record":{"post_id":"p","observed_at":"2018-05-05T18:46:39Z"},"topic":"social.posts.v1"}')
    assert msgspec.convert(record, Skim).op == "create"


def test_the_event_id_is_a_function_of_the_mapped_record(tmp_path: Path) -> None:
    lines = ('{"id":"a","n":1}', '{"id":"a","n":2}', '{"id":"b","n":1}')
    first, second, third = (one(tmp_path, line, "post_id=id")["event_id"] for line in lines)
    assert first == second != third


@pytest.mark.parametrize(
    ("platform", "expected"),
    [('"twitter"', "twitter"), ('"telegram(x repost)"', "other"), ("null", "other"), ("7", 7), ('""', "other")],
)
def test_an_unknown_platform_becomes_other_and_a_wrong_type_stays(
    tmp_path: Path, platform: str, expected: object
) -> None:
    assert one(tmp_path, f'{{"platform":{platform}}}')["platform"] == expected


def test_text_is_not_invented(tmp_path: Path) -> None:
    assert "text" not in one(tmp_path, "{}")


def test_the_map_takes_and_makes_nested_fields(tmp_path: Path) -> None:
    record = one(
        tmp_path,
        '{"a":{"b":{"c":"p"}},"m":{"fav":3},"who":"u","when":"2018-05-05T18:46:39Z"}',
        "post_id=a.b.c, counts.likes=m.fav ,author.id=who,observed_at=when",
    )
    assert (record["post_id"], record["counts"], record["author"]) == ("p", {"likes": 3}, {"id": "u"})


@pytest.mark.parametrize("line", ['{"id":"p","a":7}', '{"id":"p","a":{"b":null}}', '{"id":"p"}', '{"id":"p","a":null}'])
def test_a_source_that_is_null_or_not_there_is_lacking(tmp_path: Path, line: str) -> None:
    record = one(tmp_path, line, "post_id=id,text=a.b")
    assert record["post_id"] == "p"
    assert "text" not in record


def test_with_a_map_foreign_fields_go_and_fields_of_ours_stay_when_they_have_our_type(tmp_path: Path) -> None:
    line = (
        '{"id":"p","ts":"2018-05-05T18:46:39Z","text":"t","lang":"fa","likes":3,"comments":7,"mentions":4,'
        '"hashtags":["x"],"author":"me","source":{},"counts":{"shares":2},"url":null,"platform":"twitter"}'
    )
    record = one(tmp_path, line, MAP)
    del record["event_id"]
    assert record == {
        "post_id": "p",
        "created_at": "2018-05-05T18:46:39Z",
        "observed_at": "2018-05-05T18:46:39Z",
        "text": "t",
        "lang": "fa",
        "hashtags": ["x"],
        "counts": {"likes": 3, "shares": 2},
        "platform": "twitter",
        "op": "create",
        "schema_version": 1,
        "source": "replay",
    }


def test_what_makes_a_post_is_judged_as_it_stands_even_with_a_map(tmp_path: Path) -> None:
    record = one(tmp_path, '{"id":5,"text":7,"platform":8,"op":"nope","likes":"many"}', MAP)
    assert [record[name] for name in ("post_id", "text", "platform", "op", "counts")] == [
        5,
        7,
        8,
        "nope",
        {"likes": "many"},
    ]


def test_counters_of_the_wrong_shape_give_way_to_the_map(tmp_path: Path) -> None:
    assert one(tmp_path, '{"id":"p","likes":2,"counts":9}', MAP)["counts"] == {"likes": 2}


def test_unmapped_records_keep_their_unknown_fields(tmp_path: Path) -> None:
    assert one(tmp_path, '{"comments":3,"x":[1.0]}') | {"comments": 3, "x": [1.0]} == one(
        tmp_path, '{"comments":3,"x":[1.0]}'
    )


@pytest.mark.parametrize("post_id", ['""', "7", "null", '"' + "x" * 513 + '"'])
def test_without_a_usable_post_id_the_key_is_the_hash_of_the_line(tmp_path: Path, post_id: str) -> None:
    line = f'{{"post_id":{post_id}}}'.encode()
    assert read(tmp_path, line)[0].key == sha256(line).hexdigest()[:32].encode()


@pytest.mark.parametrize(
    "value",
    [
        b'{"post_id":"p","text":"' + "ی".encode() * MAX_RECORD_BYTES + b'"}',
        COMPLETE + b" " * MAX_RECORD_BYTES,
        b" " * MAX_RECORD_BYTES + COMPLETE,
        b"x" * (MAX_RECORD_BYTES + 1),
    ],
)
def test_too_large_a_record_becomes_a_stand_in_that_is_never_json(tmp_path: Path, value: bytes) -> None:
    [record] = read(tmp_path, value + b"\n")
    headers = dict(record.headers)
    assert int(headers[HEADER_SIZE]) > MAX_RECORD_BYTES
    assert len(headers[HEADER_SHA256]) == 64
    assert len(record.value) <= 65_536
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        msgspec.json.decode(record.value, type=dict)


def test_a_record_of_just_the_limit_is_passed_on(tmp_path: Path) -> None:
    line = COMPLETE + b" " * (MAX_RECORD_BYTES - len(COMPLETE))
    [record] = read(tmp_path, line)
    assert (record.value, record.headers) == (line, ())


def test_another_topic_is_refused_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"posts\.jsonl:2: no input topic 'press\.articles\.v9'"):
        read(tmp_path, b'{}\n{"topic":"press.articles.v9","record":{}}\n')


@pytest.mark.parametrize("line", [b'{"topic":"x","record":{},"more":1}', b'{"topic":7,"record":{}}', b'{"topic":"x"}'])
def test_what_only_looks_routed_is_a_post(tmp_path: Path, line: bytes) -> None:
    assert msgspec.json.decode(read(tmp_path, line)[0].value)["platform"] == "other"


def test_a_routed_value_that_is_no_object_is_passed_on(tmp_path: Path) -> None:
    assert read(tmp_path, b'{"topic":"social.posts.v1","record":[1, 2]}')[0].value == b"[1, 2]"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"none\.jsonl cannot be read"):
        list(read_records([tmp_path / "none.jsonl"], FieldMap()))


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("post_id", "not target=source"),
        ("post_id=", "not target=source"),
        ("post_id=a..b", "not target=source"),
        ("postid=id", "'postid' is no field of a post"),
        ("counts.likez=x", "'counts.likez' is no field"),
        ("text=a,text=b", "text is given twice"),
        ("counts=a,counts.likes=b", r"counts\.likes is given twice"),
    ],
)
def test_a_wrong_map_is_refused(mapping: str, message: str) -> None:
    with pytest.raises(UsageProblem, match=message):
        FieldMap.parse([mapping])


def test_partitions_are_those_of_kafkas_java_client() -> None:
    # Values of org.apache.kafka.common.utils.UtilsTest: murmur2("foobar") = -790332482, murmur2("21") = -973932308.
    assert partition(b"foobar", 7) == (-790332482 & 0x7FFFFFFF) % 7
    assert partition(b"21", 64) == (-973932308 & 0x7FFFFFFF) % 64


def test_an_article_is_routed_with_its_own_defaults(tmp_path: Path) -> None:
    record = {"article_id": "ab" * 32, "title": "t", "published_at": "2026-11-20T10:00:00Z"}
    file = tmp_path / "mixed.ndjson"
    file.write_text(json.dumps({"topic": "press.articles.v1", "record": record}) + "\n", encoding="utf-8")
    (found,) = read_records([file], FieldMap())
    assert (found.topic, found.key) == ("press.articles.v1", b"ab" * 32)
    filled = json.loads(found.value)
    assert filled["observed_at"] == record["published_at"]
    assert (filled["op"], filled["schema_version"]) == ("create", 1)
    assert "platform" not in filled, "articles have none"
