"""Answers that are compressed while they are made: what clients get, what heads say, and what is left as it is."""
import json
import os
import subprocess
import zlib

import brotli
import pytest
import zstandard

from house import House, opened, wait_until
from test_http2 import H2Visitor

TEXT = b"".join(b"line %d of a text that is long enough to be worth it\n" % i for i in range(2000))
CODINGS = ["gzip", "br", "zstd"]
ALL = ("Accept-Encoding", "gzip, deflate, br, zstd")


class Decoder:
    """What a browser makes of what it has so far."""

    def __init__(self, coding):
        self.decode = {
            "gzip": zlib.decompressobj(31).decompress,
            "br": brotli.Decompressor().process,
            "zstd": zstandard.ZstdDecompressor().decompressobj().decompress,
        }[coding]


def plain(answer):
    coding = answer["content-encoding"]
    return Decoder(coding).decode(answer.body) if coding else answer.body


def takes(coding):
    return [("Accept-Encoding", coding)]


@pytest.fixture(scope="module")
def house():
    house = House("compression")
    port = f"  Port = {house.port}\n  Interface = 127.0.0.1\n  AcceptHTTP2 = prior-knowledge"
    house.section(f"Binding {{\n{port}\n}}")
    house.section("Directory {\n  DirectoryID = raw\n  Path = /raw\n  Compress = no\n}")
    house.section("Directory {\n  DirectoryID = old\n  Path = /old\n  Compress = gzip\n}")
    house.option("LogFormat = json")
    house.option("CGIhandler = /bin/sh:sh")
    site = house.host("c.test", "  ExecuteCGI = yes\n  TimeForCGI = 20\n  UseDirectory = raw, old\n  ShowIndex = yes")
    for name in ("text.txt", "raw/text.txt", "old/text.txt", "photo.jpg", "many.svg"):
        site.put(name, TEXT)
    site.put("short.txt", "short")
    site.put("huge.txt", TEXT * 40)
    site.put("near.css", TEXT)
    site.put("near.css.gz", zlib.compress(TEXT, wbits=31))
    for number in range(20):
        site.put(f"listed/a file with a long name {number}.txt")
    # the gate lets a program go on when the test has read what came before
    house.gate = house.folder / "gate"
    waits = f'while [ ! -e "{house.gate}$1" ]; do sleep 0.01; done'
    site.put("page.sh", "printf 'Content-Type: text/html\\nETag: \"a\"\\n\\n'; seq 1 2000")
    site.put("coded.sh", "printf 'Content-Type: text/html\\nContent-Encoding: gzip\\n\\n'; seq 1 2000 | gzip")
    site.put("exact.sh", "printf 'Content-Type: text/html\\nCache-Control: no-transform\\n\\n'; seq 1 2000")
    site.put(
        "events.sh",
        f"wait() {{ {waits}; }}\nprintf 'Content-Type: text/event-stream\\n\\ndata: 1\\n\\n'; wait 1\n"
        "printf 'data: 2\\n\\n'; wait 2; printf 'data: 3\\n\\n'",
    )
    site.put("endless.sh", "printf 'Content-Type: text/plain\\n\\n'; exec cat /dev/urandom")
    only = house.host("types.test", "  CompressTypes = application/*, *+xml")
    for name in ("a.txt", "a.json", "a.svg"):
        only.put(name, TEXT)
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["c.test"]


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_file_in_each_coding(site, coding, version):
    answer = site.get("/text.txt", fields=takes(coding), version=version)
    assert answer["content-encoding"] == coding
    assert answer["vary"] == "Accept-Encoding"
    assert answer["etag"].startswith('W/"')
    assert answer["accept-ranges"] is None
    assert len(answer.body) < len(TEXT) / 4
    assert plain(answer) == TEXT


def test_who_takes_none_gets_the_file_and_learns_that_there_are_others(site):
    for fields in ([], takes("identity"), takes("gzip;q=0"), takes("identity, gzip;q=0.5")):
        answer = site.get("/text.txt", fields=fields)
        assert (answer["content-encoding"], answer["vary"]) == (None, "Accept-Encoding")
        assert answer["content-length"] == str(len(TEXT))
        assert answer.body == TEXT


def test_the_client_decides_and_then_the_order_of_compress(site):
    assert site.get("/text.txt", fields=[ALL])["content-encoding"] == "zstd"
    assert site.get("/text.txt", fields=takes("zstd;q=0.5, br;q=0.9"))["content-encoding"] == "br"
    assert site.get("/old/text.txt", fields=[ALL])["content-encoding"] == "gzip"
    assert site.get("/raw/text.txt", fields=[ALL])["content-encoding"] is None
    assert site.get("/raw/text.txt", fields=[ALL])["vary"] is None


def test_what_is_left_as_it_is(site):
    for target in ("/photo.jpg", "/short.txt"):
        answer = site.get(target, fields=[ALL])
        assert answer["content-encoding"] is None
        assert answer["vary"] is None
    assert site.get("/many.svg", fields=[ALL])["content-encoding"] == "zstd"
    part = site.get("/text.txt", fields=[ALL, ("Range", "bytes=5-8")])
    assert (part.status, part.body, part["content-encoding"]) == (206, TEXT[5:9], None)
    assert not part["etag"].startswith("W/")


def test_a_compressed_neighbour_comes_first(site):
    answer = site.get("/near.css", fields=takes("gzip"))
    assert answer["content-length"] == str((site.root / "near.css.gz").stat().st_size)
    assert plain(answer) == TEXT
    answer = site.get("/near.css", fields=takes("br"))
    assert answer["content-encoding"] == "br"
    assert plain(answer) == TEXT


def test_head_and_304_say_what_200_says(site):
    whole = site.get("/text.txt", fields=[ALL])
    head = site.get("/text.txt", fields=[ALL], method="HEAD")
    for name in ("content-encoding", "vary", "etag", "content-type", "last-modified"):
        assert head[name] == whole[name]
    again = site.get("/text.txt", fields=[ALL, ("If-None-Match", whole["etag"])])
    assert again.status == 304
    assert (again["etag"], again["vary"]) == (whole["etag"], "Accept-Encoding")
    changed = site.get("/text.txt", fields=[ALL, ("If-None-Match", '"other"')])
    assert changed.status == 200
    # the strong one of the file itself is asked for by who has that
    strong = site.get("/text.txt")["etag"]
    again = site.get("/text.txt", fields=[("If-None-Match", strong)])
    assert (again.status, again["etag"]) == (304, strong)
    # half of a compressed answer is no beginning of the file
    resumed = site.get("/text.txt", fields=[("Range", "bytes=5-8"), ("If-Range", whole["etag"])])
    assert (resumed.status, resumed.body) == (200, TEXT)


def test_programs_and_listings(site):
    answer = site.get("/page.sh", fields=[ALL])
    assert (answer["content-encoding"], answer["etag"]) == ("zstd", 'W/"a"')
    assert plain(answer).split() == [b"%d" % i for i in range(1, 2001)]
    assert plain(site.get("/coded.sh", fields=[ALL])).startswith(b"1\n2\n")
    assert site.get("/exact.sh", fields=[ALL])["content-encoding"] is None
    answer = site.get("/listed/", fields=[ALL])
    assert answer["content-encoding"] == "zstd"
    assert b"long name 7" in plain(answer)


def put_old(site, name, content):
    """A file that nobody is writing to."""
    os.utime(site.put(name, content), (1, 1))


# one is kept in memory, the other in a file
@pytest.mark.parametrize(("name", "content"), [("kept.txt", TEXT), ("kept-huge.txt", TEXT * 40)], ids=["memory", "file"])
def test_what_was_made_of_a_file_is_kept(house, site, name, content):
    put_old(site, name, content)

    def repeated():
        """The length was known before: the form was there. Each reactor keeps its own, and looks at the file itself."""
        answer = site.get(f"/{name}", fields=takes("gzip"))
        return answer if answer["content-length"] and plain(answer) == content else None

    answer = wait_until("the form is kept", repeated)
    assert (answer["content-encoding"], answer["vary"]) == ("gzip", "Accept-Encoding")
    wait_until(
        "HEAD to know the length",
        lambda: site.get(f"/{name}", fields=takes("gzip"), method="HEAD")["content-length"],
    )
    with H2Visitor(house.port) as visitor:
        assert plain(visitor.get(f"/{name}", host="c.test", fields=takes("gzip"))) == content
    # another content is another form, at the latest when the file is looked at again
    content = content.replace(b"line", b"LINE")
    put_old(site, name, content)
    wait_until("the form of the new content is kept", repeated)


def test_nothing_is_kept_where_there_is_no_room():
    house = House("compression-not-kept")
    house.option("CompressCache = 0")
    site = house.host("c.test")
    put_old(site, "text.txt", TEXT)
    with opened(house):
        for _ in range(8):
            answer = site.get("/text.txt", fields=takes("gzip"))
            assert (answer["content-length"], plain(answer)) == (None, TEXT)


def test_another_website_does_not_learn_the_length(site):
    cross = [ALL, ("Sec-Fetch-Site", "cross-site")]
    cookie = ("Cookie", "session=1")
    assert site.get("/page.sh", fields=[*cross, cookie])["content-encoding"] is None
    assert site.get("/page.sh", fields=cross)["content-encoding"] == "zstd"
    assert site.get("/page.sh", fields=[ALL, cookie])["content-encoding"] == "zstd"
    assert site.get("/text.txt", fields=[*cross, cookie])["content-encoding"] == "zstd"


def test_types_may_be_named(house):
    site = house.sites["types.test"]
    codings = {name: site.get(f"/{name}", fields=[ALL])["content-encoding"] for name in ("a.txt", "a.json", "a.svg")}
    assert codings == {"a.txt": None, "a.json": "zstd", "a.svg": "zstd"}


@pytest.mark.parametrize("coding", CODINGS)
def test_an_event_stream_is_live(house, coding):
    for number in (1, 2):
        house.gate.with_name(f"gate{number}").unlink(missing_ok=True)
    decoder = Decoder(coding)
    said = b""
    with house.visit() as visitor:
        visitor.request("GET", "/events.sh", host="c.test", fields=takes(coding), version="1.0")
        answer = visitor.head()
        assert answer["content-encoding"] == coding
        for number in (1, 2, 3):
            while said.count(b"data:") < number:
                said += decoder.decode(visitor.first_bytes(1))
                visitor.data = b""
            assert said.endswith(b"data: %d\n\n" % number)
            house.gate.with_name(f"gate{number}").touch()


@pytest.mark.parametrize("coding", CODINGS)
def test_http2_gives_the_same(house, site, coding):
    for target in ("/text.txt", "/page.sh", "/huge.txt"):
        first = site.get(target, fields=takes(coding))
        with H2Visitor(house.port) as visitor:
            second = visitor.get(target, host="c.test", fields=takes(coding))
        for name in ("content-encoding", "vary", "etag", "content-type"):
            assert second[name] == first[name]
        assert plain(second) == plain(first)


def test_curl_reads_it(house):
    answer = subprocess.run(
        ["curl", "-sS", "--compressed", "-H", "Host: c.test", f"http://127.0.0.1:{house.port}/huge.txt"],
        capture_output=True,
        check=True,
    )
    assert answer.stdout == TEXT * 40


def test_a_client_that_leaves_and_one_that_does_not_read(house, site):
    with house.visit() as visitor:
        visitor.request("GET", "/endless.sh", host="c.test", fields=[ALL])
        visitor.first_bytes(1000)
        wait_until("the program waits", lambda: house.programs())
        visitor.reset()
    wait_until("the program is gone", lambda: not house.programs())
    assert plain(site.get("/text.txt", fields=[ALL])) == TEXT


def test_the_json_log_has_both_lengths(site):
    answer = site.get("/text.txt?logged", fields=takes("gzip"))

    def find():
        for line in site.access_log().splitlines():
            if json.loads(line)["target"] == "/text.txt?logged":
                return json.loads(line)
        return None

    said = wait_until("the line of the request", find)
    assert said["plain_bytes"] == len(TEXT)
    assert said["body_bytes"] == len(answer.body)


def test_explain_names_the_decision(house):
    def explain(target, *words):
        status, output, errors = house.verb("explain", *words, f"http://c.test:{house.port}{target}")
        assert status == 0, errors
        return output

    assert "compressed with br, full effort" in explain("/text.txt", "-H", "Accept-Encoding: br")
    assert "the client takes no coding of Compress" in explain("/text.txt")
    assert "not compressed: it is short" in explain("/short.txt", "-H", "Accept-Encoding: br")
