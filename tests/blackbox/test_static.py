"""Files: what is found, what is refused, validators, ranges, neighbours."""
import email.utils
import os
import time

import pytest

from house import House, opened, wait_until

HELLO = b"<!doctype html><title>hello</title>\n"
DIGITS = b"0123456789"
GIB = 1024 * 1024 * 1024


@pytest.fixture(scope="module")
def house():
    house = House("static")
    site = house.host("static.test", "  StartFile = index.html, start.txt")
    site.put("index.html", HELLO)
    site.put("digits.txt", DIGITS)
    site.put("empty.bin")
    site.put("style.css", "body{}" * 100)
    site.put("style.css.br", "pretended brotli")
    site.put("style.css.gz", "pretended gzip")
    site.put("folder/index.html", "in a folder")
    site.put("second/start.txt", "the second start file")
    site.put("bare/thing.txt", "no start file beside me")
    site.put("with space & ü/index.html", "odd name")
    site.put(".hidden", "secret")
    site.put(".well-known/acme", "known")
    site.put("noread.txt", "nobody may read this", 0o000)
    site.put("noext", "no extension")
    site.put("movie.MP4", "film")
    os.mkfifo(site.root / "fifo")
    site.link("inside", "digits.txt")
    site.link("outside", "/etc/passwd")
    site.link("up", "../default.test/secret.txt")
    site.link("dangling", "nowhere")
    (site.root / "by-whoever-tests").symlink_to(house.default.root / "secret.txt")
    house.default.put("secret.txt", "of another site")
    with open(site.put("huge.bin"), "r+b") as huge:
        huge.seek(5 * GIB)
        huge.write(b"the end")

    free = house.host("free.test", "  FollowSymlinks = yes\n  AllowDotFiles = yes")
    free.put(".hidden", "not so secret")
    (free.root / "outside").symlink_to(house.default.root / "secret.txt")
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["static.test"]


# ---- what is found ----


def test_a_file_with_its_fields(site):
    answer = site.get("/digits.txt")
    assert (answer.status, answer.body) == (200, DIGITS)
    assert answer["content-length"] == "10"
    assert answer["content-type"] == "text/plain; charset=utf-8"
    assert answer["server"] == "Longhouse"
    assert answer["accept-ranges"] == "bytes"
    assert answer["etag"].startswith(('"', 'W/"'))
    modified = email.utils.parsedate_to_datetime(answer["last-modified"])
    assert abs(modified.timestamp() - os.stat(site.root / "digits.txt").st_mtime) < 1


@pytest.mark.parametrize(
    "target, kind",
    [
        ("/index.html", "text/html; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/movie.MP4", "video/mp4"),
        ("/noext", "application/octet-stream"),
        ("/empty.bin", "application/octet-stream"),
    ],
)
def test_media_types(site, target, kind):
    assert site.get(target)["content-type"] == kind


def test_an_empty_file(site):
    answer = site.get("/empty.bin")
    assert (answer.status, answer.body, answer["content-length"]) == (200, b"", "0")


@pytest.mark.parametrize(
    "target, body",
    [
        ("/", HELLO),
        ("/?query=1", HELLO),
        ("/folder/", b"in a folder"),
        ("/second/", b"the second start file"),
        ("//digits.txt", DIGITS),
        ("/folder//index.html", b"in a folder"),
        ("/./digits.txt", DIGITS),
        ("/folder/../digits.txt", DIGITS),
        ("/folder/./../folder/index.html", b"in a folder"),
        ("/%64igits.txt", DIGITS),
        ("/folder/%2e%2e/digits.txt", DIGITS),
        ("/with%20space%20&%20%C3%BC/", b"odd name"),
        ("/inside", DIGITS),
        ("/.well-known/acme", b"known"),
    ],
)
def test_the_way_to_a_file(site, target, body):
    answer = site.get(target)
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize(
    "target, status",
    [
        ("/none", 404),
        ("/digits.txt/", 404),
        ("/digits.txt/more", 404),
        ("/bare/", 403),
        ("/.hidden", 404),
        ("/%2ehidden", 404),
        ("/folder/../.hidden", 404),
        ("/digits.txt%00", 400),
        ("/digits.txt%00.html", 400),
        ("/a%0ab", 400),
        ("/%", 400),
        ("/%zz", 400),
        ("/outside", 403),
        ("/up", 403),
        ("/dangling", 404),
        ("/fifo", 403),
        ("/../../../../etc/passwd", 404),
        ("/..%2f..%2fetc/passwd", 404),
        ("/folder%2findex.html", 400),
        ("/folder/..;/digits.txt", 404),
        ("/..\\digits.txt", 404),
        ("/..%5cdigits.txt", 404),
        ("/%c0%ae%c0%ae/digits.txt", 404),
        ("/%e0%80%ae%e0%80%ae/digits.txt", 404),
        ("/digits.txt.", 404),
        ("/digits.txt%20", 404),
        ("/digits.txt;x", 404),
        ("/digits.txt/.", 404),
        ("/...", 404),
        ("/DIGITS.TXT", 404),
        ("/.well-known/.hidden", 404),
        ("/folder/.well-known/x", 404),
        ("/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/x" * 2000, 404),
    ],
)
def test_what_is_not_served(site, target, status):
    answer = site.get(target)
    # which of the refusals it is matters less than that nothing is shown
    assert answer.status == status or (answer.status in (400, 403, 404) and status in (403, 404))
    assert b"root:" not in answer.body and b"secret" not in answer.body


def test_a_climb_above_the_root_stays_in_it(site):
    assert site.get("/../digits.txt").status in (200, 400, 404)


def test_a_file_that_may_not_be_read(house, site):
    if os.stat(f"/proc/{house.server_pid()}").st_uid == 0:
        pytest.fail("the server runs as the superuser")
    answer = site.get("/noread.txt")
    assert answer.status == 403
    request_id = answer.text.partition("request ")[2].partition("<")[0].strip()
    site.wait_for_error("/noread.txt", "file permissions", request_id)  # who can mend it is told


def test_error_pages_are_small_and_name_no_version(site):
    answer = site.get("/none")
    assert answer["content-type"].startswith("text/html")
    assert len(answer.body) < 4096 and b"404" in answer.body
    assert "longhouse" not in answer.text.lower() or "0.1" not in answer.text
    assert b"color-scheme" in answer.body or b"prefers-color-scheme" in answer.body


def test_links_of_root_may_lead_anywhere(site):
    answer = site.get("/by-whoever-tests")
    if os.getuid() == 0:
        assert answer.body == b"of another site"
    else:
        assert answer.status == 403


def test_follow_symlinks_and_allow_dot_files(house):
    free = house.sites["free.test"]
    assert free.get("/outside").body == b"of another site"
    assert free.get("/.hidden").body == b"not so secret"


@pytest.mark.parametrize(
    "target, location",
    [
        ("/folder", "/folder/"),
        ("/folder?a=1&b", "/folder/?a=1&b"),
        ("/with%20space%20&%20%C3%BC", "/with%20space%20&%20%C3%BC/"),
        ("/./x/..//folder", "/folder/"),
        ("//folder", "/folder/"),
    ],
)
def test_a_folder_without_its_slash(site, target, location):
    answer = site.get(target)
    assert answer.status == 301
    assert answer["location"].replace("%26", "&") == location


# ---- methods ----


def test_head_is_get_without_the_body(site):
    get, head = site.get("/digits.txt"), site.get("/digits.txt", method="HEAD")
    assert head.status == 200 and head.body == b""
    for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert head[name] == get[name]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_other_methods_are_405_with_allow(site, method):
    answer = site.get("/digits.txt", method=method, body=b"x")
    assert answer.status == 405
    assert {"GET", "HEAD"} <= {word.strip() for word in answer["allow"].split(",")}


def test_options_names_the_methods(site):
    answer = site.get("/digits.txt", method="OPTIONS")
    assert answer.status in (200, 204)
    assert "GET" in answer["allow"]


# ---- conditions (RFC 9110 13) ----


def _date(seconds):
    return email.utils.formatdate(seconds, usegmt=True)


def test_conditions(site):
    answer = site.get("/digits.txt")
    tag, modified = answer["etag"], answer["last-modified"]
    strong = tag.removeprefix("W/")
    past, future = _date(1000000000), _date(time.time() + 3600)
    cases = [
        ([("If-None-Match", tag)], 304),
        ([("If-None-Match", f'"x", {tag}')], 304),
        ([("If-None-Match", f"W/{strong}")], 304),
        ([("If-None-Match", "*")], 304),
        ([("If-None-Match", '"x"')], 200),
        ([("If-Modified-Since", modified)], 304),
        ([("If-Modified-Since", past)], 200),
        ([("If-Modified-Since", "rubbish")], 200),
        ([("If-None-Match", '"x"'), ("If-Modified-Since", modified)], 200),
        ([("If-None-Match", tag), ("If-Modified-Since", past)], 304),
        ([("If-Match", '"x"')], 412),
        ([("If-Match", "*")], 200),
        ([("If-Unmodified-Since", past)], 412),
        ([("If-Unmodified-Since", future)], 200),
    ]
    if not tag.startswith("W/"):
        cases.append(([("If-Match", tag)], 200))
    for fields, status in cases:
        assert site.get("/digits.txt", fields=fields).status == status, fields


def test_a_304_has_its_fields_and_no_body(site):
    tag = site.get("/digits.txt")["etag"]
    answer = site.get("/digits.txt", fields=[("If-None-Match", tag)])
    assert answer.status == 304 and answer["etag"] == tag and answer.body == b""


def test_what_takes_the_place_of_a_cached_file_is_seen(site):
    """Old content for about a second, whatever became of it."""
    path = site.put("fickle", "a file")
    assert site.get("/fickle").body == b"a file"
    other = site.put("fickle.new", "another")
    other.rename(path)
    wait_until("the other file", lambda: site.get("/fickle").body == b"another", 2.5)
    path.unlink()
    wait_until("its end", lambda: site.get("/fickle").status == 404, 2.5)
    site.put("fickle/index.html", "a folder")
    wait_until("the folder", lambda: site.get("/fickle").status == 301, 2.5)
    wait_until("its page", lambda: site.get("/fickle/").body == b"a folder", 2.5)  # each reactor has its own cache
    (site.root / "fickle/index.html").unlink()
    path.rmdir()
    site.put("fickle", "closed", 0o000)
    wait_until("the closed file", lambda: site.get("/fickle").status == 403, 2.5)
    path.chmod(0o644)
    wait_until("the opened file", lambda: site.get("/fickle").body == b"closed", 2.5)


@pytest.mark.parametrize("name", ["inside", "chain", "folder-link/in.txt", "up-and-down"])
def test_links_that_stay_inside(site, name):
    site.put("target/in.txt", "inside")
    for link, to in (("chain", "inside"), ("folder-link", "target"), ("up-and-down", "target/../target/in.txt")):
        if not (site.root / link).is_symlink():
            site.link(link, to)
    assert site.get(f"/{name}").status == 200


@pytest.mark.parametrize("to", ["/etc/passwd", "../../../../etc/passwd", "outside", "/proc/self/environ", "loop", "/dev/null"])
def test_links_that_lead_out(site, to):
    if (site.root / "loop").is_symlink():
        (site.root / "loop").unlink()
    site.link("loop", to)
    wait_until("the refusal", lambda: site.get("/loop").status == 403, 2.5)


def test_a_changed_file_has_another_tag(site):
    path = site.put("changing.txt", "before")
    before = site.get("/changing.txt")
    path.write_bytes(b"after")
    after = wait_until(
        "the changed file",
        lambda: (found := site.get("/changing.txt")).body == b"after" and found,
    )
    assert after["etag"] != before["etag"]


# ---- ranges (RFC 9110 14) ----


@pytest.mark.parametrize(
    "wanted, body, content_range",
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=5-", b"56789", "bytes 5-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", DIGITS, "bytes 0-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=9-9", b"9", "bytes 9-9/10"),
    ],
)
def test_one_range(site, wanted, body, content_range):
    answer = site.get("/digits.txt", fields=[("Range", wanted)])
    assert (answer.status, answer.body) == (206, body)
    assert answer["content-range"] == content_range
    assert answer["content-type"].startswith("text/plain")


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_no_such_range(site, wanted):
    answer = site.get("/digits.txt", fields=[("Range", wanted)])
    assert answer.status == 416
    assert answer["content-range"] == "bytes */10"


@pytest.mark.parametrize("wanted", ["bytes=4-2", "chapters=1-2", "bytes", "bytes=a-b"])
def test_a_range_that_is_none_is_ignored(site, wanted):
    assert site.get("/digits.txt", fields=[("Range", wanted)]).status == 200


def test_several_ranges(site):
    answer = site.get("/digits.txt", fields=[("Range", "bytes=0-1,4-5,-1")])
    assert answer.status == 206
    kind, _, boundary = answer["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    parts = answer.body.split(b"--" + boundary.strip('"').encode())
    assert parts[-1].strip() == b"--"
    found = []
    for part in parts[1:-1]:
        head, _, body = part.strip(b"\r\n").partition(b"\r\n\r\n")
        assert b"ontent-" in head
        found.append(body)
    assert found == [b"01", b"45", b"9"]
    assert int(answer["content-length"]) == len(answer.body)


def test_many_ranges_are_not_worth_it(site):
    wanted = "bytes=" + ",".join(f"{i % 10}-{i % 10}" for i in range(2000))
    answer = site.get("/digits.txt", fields=[("Range", wanted)])
    assert answer.status in (200, 416)


def test_if_range(site):
    answer = site.get("/digits.txt")
    ranged = ("Range", "bytes=0-3")
    assert site.get("/digits.txt", fields=[ranged, ("If-Range", '"x"')]).status == 200
    if not answer["etag"].startswith("W/"):
        assert site.get("/digits.txt", fields=[ranged, ("If-Range", answer["etag"])]).status == 206
    old = _date(1000000000)
    assert site.get("/digits.txt", fields=[ranged, ("If-Range", old)]).status == 200


def test_a_range_beyond_four_gib(site):
    start = 5 * GIB
    answer = site.get("/huge.bin", fields=[("Range", f"bytes={start}-")])
    assert (answer.status, answer.body) == (206, b"the end")
    assert answer["content-range"] == f"bytes {start}-{start + 6}/{start + 7}"


def test_the_length_of_a_file_beyond_four_gib(site):
    assert site.get("/huge.bin", method="HEAD")["content-length"] == str(5 * GIB + 7)


# ---- neighbours ----


@pytest.mark.parametrize(
    "accepts, coding, body",
    [
        ("br, gzip", "br", b"pretended brotli"),
        ("gzip", "gzip", b"pretended gzip"),
        ("br;q=0, gzip", "gzip", b"pretended gzip"),
        ("zstd", None, b"body{}" * 100),
        ("identity", None, b"body{}" * 100),
        (None, None, b"body{}" * 100),
    ],
)
def test_a_precompressed_neighbour(site, accepts, coding, body):
    answer = site.get("/style.css", fields=[("Accept-Encoding", accepts)] if accepts else [])
    assert (answer.status, answer["content-encoding"], answer.body) == (200, coding, body)
    assert answer["content-type"] == "text/css; charset=utf-8"
    assert "accept-encoding" in answer["vary"].lower()


def test_neighbours_have_tags_of_their_own(site):
    plain = site.get("/style.css")
    packed = site.get("/style.css", fields=[("Accept-Encoding", "br")])
    assert plain["etag"] != packed["etag"]


# ---- while it is sent ----


def test_a_file_that_shrinks_while_it_is_sent_ends_the_connection(house, site):
    size = 64 * 1024 * 1024
    path = site.put("shrinking.bin")
    os.truncate(path, size)
    with house.visit() as visitor:
        visitor.request("GET", "/shrinking.bin", host=site.name)
        answer = visitor.head()
        assert answer["content-length"] == str(size)
        os.truncate(path, 1000)
        visitor.body_of(answer)
        assert not answer.complete
        assert visitor.is_at_end()


def test_a_visitor_who_leaves_during_a_download(house, site):
    with house.visit() as visitor:
        visitor.request("GET", "/huge.bin", host=site.name)
        visitor.first_bytes(100000)
        visitor.reset()
    assert site.get("/digits.txt").status == 200


def test_a_big_file_arrives_whole(site):
    content = os.urandom(3_000_001)
    site.put("random.bin", content)
    assert site.get("/random.bin").body == content
