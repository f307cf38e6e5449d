"""What a FastCGI application is told: records, variables, bodies, and which script."""
import socket

import pytest

from fault_backend import STDIN, out, record
from fault_house import DONE, HEAD, KIB, MIB, says, told_once, backend, house, site  # noqa: F401
from house import wait_until

# ---- requests ----


def test_seventy_kilobytes_of_parameters(site, backend):
    fields = [(f"X-Big-{i}", chr(ord("a") + i) * 7000) for i in range(10)]
    backend.plays(says(out(HEAD), DONE))
    assert site.get("/x", fields=fields).status == 200
    assert [backend.last.param(f"HTTP_X_BIG_{i}") for i in range(10)] == [value for _, value in fields]


@pytest.mark.parametrize("length", [126, 127, 128, 129, 20 * KIB, 65000])
def test_a_cookie_of_any_length(site, backend, length):
    backend.plays(says(out(HEAD), DONE))
    assert site.get("/x", fields=[("Cookie", "c" * length)]).status == 200
    assert backend.last.param("HTTP_COOKIE") == "c" * length


def test_pairs_at_every_place_of_the_end_of_a_record(house, backend):
    """Wherever a pair begins before the end of a record, none goes on in the next one."""
    site = house.sites["fault.test"]
    backend.plays(says(out(HEAD), DONE))
    site.get("/x", fields=[("X-A", ""), ("X-B", "b" * 300)])
    others = sum(len(c) for kind, c, _ in backend.last.records if kind == 4)
    for shift in range(-320, 20, 7):
        filler = 65528 - others + shift
        fields = [("X-A", "a" * (filler // 2)), ("X-C", "c" * (filler - filler // 2)), ("X-B", "b" * 300)]
        backend.plays(says(out(HEAD), DONE))
        assert site.get("/x", fields=fields).status == 200
        assert backend.last.param("HTTP_X_B") == "b" * 300


def test_what_no_record_can_hold_is_431(site, backend):
    length = len(site.error_log())
    backend.plays(says(out(HEAD), DONE))
    assert site.get("/x", fields=[("X-Big", "x" * 66000)]).status == 431
    assert not backend.talks
    told_once(site, length, "HTTP_X_BIG", "answering 431")


def test_a_get_is_complete_at_once(house, backend):
    """BEGIN_REQUEST, PARAMS and the empty STDIN are one write: nobody waits for what never comes."""
    seen = []

    def act(talk):
        wait_until("the request", lambda: talk.socket.recv(1, socket.MSG_PEEK))
        seen.append(talk.socket.recv(MIB))
        talk.say(out(HEAD), DONE)

    backend.plays(act)
    assert house.sites["fault.test"].get("/x").status == 200
    assert seen[0].endswith(record(STDIN)) and seen[0].startswith(b"\1\1\0\1\0\10")


def test_a_small_post_is_complete_as_soon_as_its_beginning_is_read(site, backend):
    """On a unix socket BEGIN_REQUEST goes ahead, and all else is one write; on a port all is."""
    seen = []

    def act(talk):
        while not seen or len(seen) < 2 and talk.socket.family == socket.AF_UNIX:
            wait_until("the request", lambda: talk.socket.recv(1, socket.MSG_PEEK))
            seen.append(talk.socket.recv(MIB))
        talk.say(out(HEAD), DONE)

    backend.plays(act)
    with site.house.visit() as visitor:
        visitor.send(f"POST /x HTTP/1.1\r\nHost: {site.name}\r\nContent-Length: 5\r\n\r\nhello")
        assert visitor.answer().status == 200
    assert seen[-1].endswith(record(STDIN, b"hello", padding=3) + record(STDIN))
    assert len(seen) == 1 or len(seen[0]) == 16


@pytest.mark.parametrize("size", [1, 7, 8, 65527, 65528, 65529, 65535, 65536, 10 * MIB + 5])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_body_arrives_as_it_was_sent(site, backend, size, chunked):
    body = bytes(i * 7 % 251 for i in range(min(size, 70000)))
    body = (body * (size // len(body) + 1))[:size]
    backend.plays(says(out(HEAD), DONE))
    with site.house.visit() as visitor:
        if chunked:
            visitor.send(f"POST /x HTTP/1.1\r\nHost: {site.name}\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, size, 50000):
                part = body[at : at + 50000]
                visitor.send(b"%x\r\n%b\r\n" % (len(part), part))
            visitor.send("0\r\n\r\n")
        else:
            visitor.request("POST", "/x", host=site.name, body=body)
        assert visitor.answer().status == 200
    assert backend.last.body == body and backend.last.param("CONTENT_LENGTH") == str(size)


# ---- variables that nobody but the house may set ----


def test_fields_that_must_not_arrive(site, backend):
    backend.plays(says(out(HEAD), DONE))
    fields = [
        ("Proxy", "http://evil.test"), ("X_Forwarded_For", "10.0.0.1"), ("X-Forwarded-For", "10.0.0.2"),
        ("Content_Length", "99"), ("X.Dot", "1"), ("X-Good", "1"),
    ]
    assert site.get("/x", fields=fields).status == 200
    talk = backend.last
    assert talk.param("HTTP_PROXY") is None and talk.param("CONTENT_LENGTH") is None
    assert talk.param("HTTP_X_FORWARDED_FOR") == "10.0.0.2" and talk.param("REMOTE_ADDR") == "127.0.0.1"
    assert talk.param("HTTP_X_GOOD") == "1" and talk.param("HTTP_CONTENT_LENGTH") is None
    assert talk.param("REDIRECT_STATUS") == "200" and talk.param("HTTPS") is None


# ---- which script ----

PATHS = {
    "/script.php": (200, "script.php", None),
    "/script.php/more/of%20it": (200, "script.php", "/more/of it"),
    "/two%20words.php": (200, "two words.php", None),
    "/%C4%B0.php": (200, "İ.php", None),
    "/%C4%B0.php/x.php": (200, "İ.php", "/x.php"),
    "/%C4%B0.php.d/deep.php/x": (200, "İ.php.d/deep.php", "/x"),
    "/a.jpg/b.php": (404, None, None),
    "/plain.txt/b.php": (404, None, None),
    "/none.php": (404, None, None),
    "/none/b.php": (404, None, None),
    "/none.php/b.php": (404, None, None),
    "/script.php%00.jpg": (400, None, None),
    "/a.jpg%00.php": (400, None, None),
    "/script.php%0a": (400, None, None),
    "/script.php%0a.php": (400, None, None),
    "/script.php/%0ax": (400, None, None),
    "/script.PHP": (404, None, None),
}


@pytest.mark.parametrize("target", PATHS)
def test_which_script_it_is(house, backend, target):
    """The file system says which file is the script: nothing is taken for one that is none."""
    site = house.sites["files.test"]
    status, script, path_info = PATHS[target]
    backend.plays(says(out(HEAD), DONE))
    assert site.get(target).status == status
    assert len(backend.talks) == (1 if status == 200 else 0)
    if status == 200:
        talk = backend.last
        assert talk.param("SCRIPT_FILENAME") == f"{site.root}/{script}"
        assert talk.param("SCRIPT_NAME") == f"/{script}" and talk.param("PATH_INFO") == path_info
        assert talk.param("REQUEST_URI") == target
