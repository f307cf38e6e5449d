"""Answers of a FastCGI application, right at every split and wrong in every way.

Each case looks at the status, at the body, at whether the client notices that something is missing, and at the error log:
one line for what went wrong, none otherwise.
"""
import time

import pytest

from fault_backend import (
    DATA,
    GET_VALUES,
    OVERLOADED,
    STDERR,
    STDIN,
    STDOUT,
    UNKNOWN_ROLE,
    UNKNOWN_TYPE,
    end,
    err,
    out,
    record,
    records_of,
)
from fault_house import DONE, HEAD, KIB, MIB, asked, lines_since, logged, says, told_once, backend, house, site  # noqa: F401
from house import wait_until

# ---- every split ----

WHOLE = (
    err(b"a word\n", padding=3)
    + out(b"Status: 201 Made\r\nX-One: 1\r\nContent-Ty", padding=5)
    + err(b"")
    + out(b"pe: text/plain\n\nthe b")
    + record(UNKNOWN_TYPE, b"\x63" + bytes(7), request=0)
    + out(b"ody", padding=255)
    + DONE
)


def is_whole(answer):
    return (answer.status, answer.phrase, answer["x-one"], answer.body, answer.complete) == (
        201, "Made", "1", b"the body", True,
    )


def test_an_answer_split_at_every_byte(house, backend):
    site = house.sites["fault.test"]
    for cut in range(1, len(WHOLE)):
        backend.plays(lambda talk, cut=cut: talk.read_request().say_apart(WHOLE, cut))
        answer = site.get("/split")
        assert is_whole(answer), (cut, answer)


def test_an_answer_one_byte_at_a_time(site, backend):
    backend.plays(lambda talk: talk.read_request().say_bytes(WHOLE))
    assert is_whole(site.get("/bytes"))


def test_every_byte_of_the_answer_in_a_record_of_its_own(site, backend):
    content = b"Status: 201 Made\r\nX-One: 1\r\nContent-Type: a/b\r\n\r\nthe body"
    parts = [out(content[i : i + 1], padding=i % 256) + err(b"e") for i in range(len(content))]
    backend.plays(says(*parts, DONE))
    assert is_whole(site.get("/records"))


@pytest.mark.parametrize("last", ["whole", "no-stdout-end", "more-behind"])
def test_an_end_at_every_byte(house, backend, last):
    """An answer that announced its length may end anywhere behind it; before that, the client sees that it is cut."""
    site = house.sites["fault.test"]
    said = out(b"Content-Length: 4\r\n\r\n") + out(b"bo") + out(b"dy", padding=7)
    needed = len(said) - 7
    said += {"whole": DONE, "no-stdout-end": end(), "more-behind": DONE + out(b"and more")}[last]
    for length in range(len(said) + 1):
        backend.plays(says(said[:length]))
        answer = asked(site)
        if length >= needed:
            assert (answer.status, answer.body, answer.complete) == (200, b"body", True), length
        else:
            assert answer is None or answer.status == 502 or not answer.complete, (length, answer)


# ---- answers that are well ----

BIG = bytes(range(256)) * 4096

GOOD = {
    "crlf": (out(b"Content-Type: a/b\r\nX-Y: z\r\n\r\nbody") + DONE, 200, b"body"),
    "lf": (out(b"Content-Type: a/b\nX-Y: z\n\nbody") + DONE, 200, b"body"),
    "mixed line ends": (out(b"Content-Type: a/b\r\nX-Y: z\n\r\nbody") + DONE, 200, b"body"),
    "records of 65535 bytes": (out(HEAD) + records_of(STDOUT, BIG, 65535) + DONE, 200, BIG),
    "a record of 65535 bytes with padding of 255": (
        out(HEAD) + out(BIG[:65535], padding=255) + DONE, 200, BIG[:65535],
    ),
    "padding of 255 everywhere": (
        out(HEAD, padding=255) + out(b"body", padding=255) + out(b"", padding=255) + end(), 200, b"body",
    ),
    "a head in a record with the body": (out(HEAD + b"body") + DONE, 200, b"body"),
    "no empty stdout": (out(HEAD + b"body") + end(), 200, b"body"),
    "an empty body": (out(HEAD) + DONE, 200, b""),
    "empty stdout first": (out(HEAD[:5]) + err(b"") + out(HEAD[5:] + b"body") + DONE, 200, b"body"),
    "stderr between halves of Status": (
        out(b"Stat") + err(b"warning\n") + out(b"us: 404 Not He") + err(b"more\n") + out(b"re\r\n\r\nbody") + DONE,
        404, b"body",
    ),
    "stderr in the middle of the body": (out(HEAD + b"bo") + err(b"x\n") + out(b"dy") + DONE, 200, b"body"),
    "status without phrase": (out(b"Status: 404\r\n\r\nbody") + DONE, 404, b"body"),
    "status without blank": (out(b"Status:404\r\n\r\nbody") + DONE, 404, b"body"),
    "a first line of HTTP": (out(b"HTTP/1.1 404 Not Found\r\nX-Y: z\r\n\r\nbody") + DONE, 404, b"body"),
    "a first line of HTTP and a status": (
        out(b"HTTP/1.1 200 OK\r\nStatus: 403 No\r\n\r\nbody") + DONE, 403, b"body",
    ),
    "content-length": (out(b"Content-Length: 4\r\n\r\nbody") + DONE, 200, b"body"),
    "content-length twice, the same": (
        out(b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody") + DONE, 200, b"body",
    ),
    "content-length and no end": (out(b"Content-Length: 4\r\n\r\nbody"), 200, b"body"),
    "content-length of 0": (out(b"Content-Length: 0\r\n\r\n") + DONE, 200, b""),
    "transfer-encoding of the application": (
        out(b"Transfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n4\r\nbody\r\n0\r\n\r\n") + DONE,
        200, b"4\r\nbody\r\n0\r\n\r\n",
    ),
    "hop-by-hop fields": (out(b"Connection: close\r\nKeep-Alive: x\r\nX-Y: z\r\n\r\nbody") + DONE, 200, b"body"),
    "a location of another host": (out(b"Location: http://other.test/\r\n\r\n") + DONE, 302, b""),
    "a location that is relative": (out(b"Location: page.html\r\n\r\n") + DONE, 302, b""),
    "a location with a status": (out(b"Status: 301 Moved\r\nLocation: /x\r\n\r\n") + DONE, 301, b""),
    "a location with a body": (out(b"Location: /x\r\n\r\nmoved") + DONE, 302, b"moved"),
    "bytes behind END_REQUEST": (out(HEAD + b"body") + DONE + b"rubbish that nobody asked for", 200, b"body"),
    "a second END_REQUEST": (out(HEAD + b"body") + DONE + end(), 200, b"body"),
    "END_REQUEST without empty stdout, padded": (
        out(HEAD + b"body") + record(3, bytes(8), padding=255), 200, b"body",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_answer_that_is_well(site, backend, name):
    said, status, body = GOOD[name]
    length = len(site.error_log())
    backend.plays(says(said))
    answer = site.get("/good")
    assert (answer.status, answer.body, answer.complete) == (status, body, True), answer
    assert answer["content-length"] is None or int(answer["content-length"]) == len(body)
    assert answer["status"] is None and answer["keep-alive"] is None
    logged(site)
    lines = [line for line in lines_since(site, length) if not line.endswith((": warning", ": more", ": x"))]
    assert not lines


@pytest.mark.parametrize("said", [b"Content-Length: 4\r\n\r\nbody", b"Status: 200 OK\r\n\r\nbody"], ids=["length", "none"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_connection_of_the_client_goes_on(house, backend, said, method):
    backend.plays(says(out(said), DONE))
    with house.visit() as visitor:
        for _ in range(3):
            visitor.request(method, "/x", host="fault.test", body=b"12" if method == "POST" else None)
            answer = visitor.answer(method)
            assert (answer.status, answer.body) == (200, b"" if method == "HEAD" else b"body")


# ---- answers that are put right, with a line ----

REPAIRED = {
    "more than content-length": (
        out(b"Content-Length: 4\r\n\r\nbody and more") + out(b"and more") + DONE, 200, b"body", ["cut its answer of 21", "4"],
    ),
    "a line of cgitb": (
        out(b"<!--: spam\r\nContent-Type: text/html\r\n\r\n<p>") + DONE, 200, b"<p>", ["dropped 1 line"],
    ),
    "a line that is no field": (
        out(b"Content-Type: text/html\r\nno field at all\r\n\r\n<p>") + DONE, 200, b"<p>", ["dropped 1 line"],
    ),
    "an unknown type": (out(HEAD) + record(77, b"what?") + out(b"body") + DONE, 200, b"body", ["skipped 1 record"]),
    "UNKNOWN_TYPE": (
        record(UNKNOWN_TYPE, bytes(8), request=0) + out(HEAD + b"body") + DONE, 200, b"body", ["skipped 1 record"],
    ),
    "types of the other direction": (
        record(STDIN, b"x") + record(DATA, b"y" * 70) + record(GET_VALUES, b"", request=0) + out(HEAD + b"body") + DONE,
        200, b"body", ["skipped 3 records"],
    ),
    "an end with a status of its own": (out(HEAD + b"body") + out(b"") + end(app_status=3), 200, b"body", ["status 3"]),
    "a 500 of its own": (out(b"Status: 500 Oh\r\n\r\nbody") + DONE, 500, b"body", ["it answered 500 by itself"]),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_an_answer_that_is_put_right(site, backend, name):
    said, status, body, words = REPAIRED[name]
    length = len(site.error_log())
    backend.plays(says(said))
    answer = site.get("/repaired")
    assert (answer.status, answer.body, answer.complete) == (status, body, True), answer
    told_once(site, length, *words)


@pytest.mark.parametrize("method, head", [("HEAD", b""), ("GET", b"Status: 304\r\n"), ("GET", b"Status: 204\r\n")])
@pytest.mark.parametrize("length", [b"", b"Content-Length: 4\r\n", b"Content-Length: 900\r\n"])
def test_a_body_where_none_may_be(house, backend, method, head, length):
    """HEAD, 304 and 204: the application's body goes nowhere, and the next request is answered as usual."""
    backend.plays(says(out(head + length + b"X-Y: z\r\n\r\n"), records_of(STDOUT, b"body" * 50000, 60000), DONE))
    with house.visit() as visitor:
        for _ in range(2):
            visitor.request(method, "/x", host="fault.test")
            answer = visitor.answer(method)
            assert answer.status == int(head[8:11] or 200) and answer["x-y"] == "z" and answer.body == b""
        backend.plays(says(out(HEAD + b"next"), DONE))
        visitor.request("GET", "/x", host="fault.test")
        assert visitor.answer().body == b"next"


# ---- answers that are none ----

REFUSED = {
    "nothing": (b"", ["closed before"]),
    "END_REQUEST before the head": (end(), ["no output"]),
    "empty stdout and END_REQUEST": (DONE, ["no output"]),
    "only empty stdout": (out(b""), ["closed before"]),
    "only stderr": (err(b"it broke") + DONE, ["no output", "it broke"]),
    "END_REQUEST in the head": (out(b"Content-Type: a/b\r\n") + DONE, ["before the empty line"]),
    "the end of the connection in the head": (out(b"Content-Type: a/b\r\n"), ["closed before"]),
    "a body without head": (out(b"<html>\n<p>hello\n") + DONE, ["no head"]),
    "an empty head": (out(b"\r\nbody") + DONE, ["no field"]),
    "status abc": (out(b"Status: abc\r\n\r\nbody") + DONE, ["Status", "abc"]),
    "status 99": (out(b"Status: 99\r\n\r\nbody") + DONE, ["Status"]),
    "status 1000": (out(b"Status: 1000\r\n\r\nbody") + DONE, ["Status"]),
    "status 600": (out(b"Status: 600\r\n\r\nbody") + DONE, ["Status"]),
    "status 100": (out(b"Status: 100\r\n\r\nbody") + DONE, ["Status"]),
    "status 200OK": (out(b"Status: 200OK\r\n\r\nbody") + DONE, ["Status"]),
    "an empty status": (out(b"Status:\r\n\r\nbody") + DONE, ["Status"]),
    "a first line of HTTP without number": (out(b"HTTP/1.1 abc\r\nX-Y: z\r\n\r\n") + DONE, ["first line"]),
    "content-length twice, different": (
        out(b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody") + DONE, ["two different Content-Length"],
    ),
    "a content-length that is no number": (out(b"Content-Length: 4x\r\n\r\nbody") + DONE, ["Content-Length"]),
    "a negative content-length": (out(b"Content-Length: -4\r\n\r\nbody") + DONE, ["Content-Length"]),
    "two content-lengths in one": (out(b"Content-Length: 4, 4\r\n\r\nbody") + DONE, ["Content-Length"]),
    "NUL in a field": (out(b"X-Y: a\0b\r\n\r\nbody") + DONE, ["NUL"]),
    "bare CR in a field": (out(b"X-Y: a\rX-Z: b\r\n\r\nbody") + DONE, ["bare CR"]),
    "bare CR in a name": (out(b"X\r-Y: a\r\n\r\nbody") + DONE, ["bare CR"]),
    "a head over 64 KiB": (records_of(STDOUT, b"X-Y: " + b"z" * 70000, 8000) + DONE, ["64 KiB"]),
    "a head of 70 KiB in short lines": (records_of(STDOUT, b"X: y\r\n" * 12000, 8000) + DONE, ["100 fields"]),
    "another request": (out(HEAD + b"body", request=2) + DONE, ["request that was not made"]),
    "an end of another request": (record(3, bytes(8), request=0), ["request that was not made"]),
    "version 2": (out(HEAD + b"body", version=2) + DONE, ["version"]),
    "version 0": (out(HEAD + b"body", version=0) + DONE, ["version"]),
    "HTTP": (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", ["does it speak FastCGI?"]),
    "END_REQUEST of 7 bytes": (record(3, bytes(7)), ["8 bytes"]),
    "END_REQUEST of 9 bytes": (record(3, bytes(9)), ["8 bytes"]),
    "UNKNOWN_ROLE": (end(UNKNOWN_ROLE), ["UNKNOWN_ROLE"]),
    "an unknown protocol status": (end(9), ["unknown status"]),
    "half a record head": (out(HEAD)[:5], ["closed before"]),
    "half an END_REQUEST": (end()[:12], ["closed before"]),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_is_refused(site, backend, name, method):
    said, words = REFUSED[name]
    length = len(site.error_log())
    backend.plays(says(said))
    answer = site.get("/refused", method=method, body=b"1234" if method == "POST" else None)
    assert answer.status == 502 and answer.complete and answer.body.endswith(b"</html>\n")
    again = name == "nothing" and method == "GET"  # a target that is being stopped closes so: once more
    assert len(backend.talks) == (2 if again else 1)
    if name == "only stderr" or again:
        wait_until("both lines", lambda: len(lines_since(site, length)) == 2)
        assert [line for line in lines_since(site, length) if all(word in line for word in words)]
    else:
        told_once(site, length, "answering 502", "FastCGI", *words)


# ---- answers that break off ----

BROKEN = {
    "behind the head": out(HEAD),
    "in the body": out(HEAD + b"bo"),
    "in the body, length announced": out(b"Content-Length: 4\r\n\r\nbo"),
    "in a record": out(HEAD + b"bo") + out(b"x" * 1000)[:500],
    "in the head of a record": out(HEAD + b"bo") + out(b"dy")[:3],
    "in END_REQUEST": out(HEAD + b"bo") + end()[:9],
    "after 200 KiB": out(HEAD) + records_of(STDOUT, b"x" * 200 * KIB, 32768),
    "with END_REQUEST, length announced": out(b"Content-Length: 9\r\n\r\nbody") + DONE,
    "with another version": out(HEAD + b"bo") + out(b"dy", version=3),
    "with another request": out(HEAD + b"bo") + out(b"dy", request=9),
    "with OVERLOADED": out(HEAD + b"bo") + end(OVERLOADED),
}


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_that_breaks_off(site, backend, name, version):
    """Whatever the client got, it can tell that this is not all. (HTTP/1.0: a reset is all that tells it.)"""
    length = len(site.error_log())
    backend.plays(says(BROKEN[name]))
    answer = asked(site, version=version)
    assert answer is None or answer.status == 502 or not answer.complete, answer
    told_once(site, length, "FastCGI")


def test_stdout_may_be_closed_without_end_request(site, backend):
    """The empty record says that this was all, whatever the connection does then."""
    backend.plays(says(out(HEAD + b"body") + out(b"")))
    answer = site.get("/x")
    assert (answer.status, answer.body, answer.complete) == (200, b"body", True)


@pytest.mark.parametrize("where", ["behind the head", "in the body"])
def test_a_reset_in_the_middle(house, backend, where):
    site = house.sites["port.test"]
    length = len(site.error_log())

    def act(talk):
        talk.read_request().say(BROKEN[where])
        talk.settle()
        time.sleep(0.05)  # the house has it in hand
        talk.reset()

    backend.plays(act)
    answer = asked(site)
    assert answer is None or answer.status == 502 or not answer.complete
    told_once(site, length, "FastCGI")


def test_a_reset_behind_the_answer(house, backend):
    def act(talk):
        talk.read_request().say(out(HEAD + b"body"), DONE)
        talk.reset()

    backend.plays(act)
    answer = house.sites["port.test"].get("/x")
    assert (answer.status, answer.body, answer.complete) == (200, b"body", True)


# ---- stderr ----


def test_a_megabyte_of_stderr_before_the_head(site, backend):
    """It costs no memory to speak of, and the log gets its begin and the number of what was left out."""
    length = len(site.error_log())
    flood = b"".join(b"PHP Warning: number %d of many\n" % i for i in range(MIB // 32))
    backend.plays(says(records_of(STDERR, flood, 8000), out(HEAD + b"body"), DONE))
    assert site.get("/flood").body == b"body"
    wait_until("the end of the flood", lambda: "more lines suppressed" in site.error_log()[length:])
    lines = lines_since(site, length)
    assert "number 0 of many" in lines[0] and len(lines) <= 201 and sum(map(len, lines)) < 64 * KIB


def test_a_line_of_stderr_in_many_records(site, backend):
    length = len(site.error_log())
    backend.plays(says(err(b"one "), out(HEAD), err(b"line"), out(b"body"), err(b"\nand another"), DONE))
    assert site.get("/words").body == b"body"
    wait_until("two lines", lambda: len(lines_since(site, length)) == 2)
    assert [line.rpartition(": ")[2] for line in lines_since(site, length)] == ["one line", "and another"]


def test_stderr_cannot_write_lines_of_its_own(site, backend):
    length = len(site.error_log())
    backend.plays(says(err(b"a\rb\x1b[2Jc\0d\n"), out(HEAD + b"body"), DONE))
    site.get("/words")
    wait_until("a line", lambda: "\n" in site.error_log()[length:])
    assert not set("\r\x1b\0") & set(site.error_log()[length:])
