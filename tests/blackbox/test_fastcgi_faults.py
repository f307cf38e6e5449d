"""FastCGI, spoken right at every split and against everything that an application can do wrong.

The application is ours and says exactly the bytes of each case. Each case looks at the status, at the body, at whether
the client notices that something is missing, and at the error log: one line for what went wrong, none otherwise.
"""
import contextlib
import os
import socket
import threading
import time

import pytest

from fault_backend import (
    CANT_MULTIPLEX,
    DATA,
    GET_VALUES,
    OVERLOADED,
    STDERR,
    STDIN,
    STDOUT,
    UNKNOWN_ROLE,
    UNKNOWN_TYPE,
    FaultBackend,
    HungUp,
    Talk,
    end,
    err,
    out,
    record,
    records_of,
)
from house import House, opened, wait_until

KIB = 1024
MIB = 1024 * KIB
HEAD = b"Content-Type: text/plain\r\n\r\n"
DONE = out(b"") + end()


@pytest.fixture(scope="module")
def house():
    house = House("faults")
    house.option("MaxHeadSize = 200K")
    house.option("MaxEnvironment = 500K")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 200M\n}}")
    with FaultBackend() as backend:
        house.backend = backend
        house.section(f"FastCGIserver {{\n  FastCGIid = unix\n  ConnectTo = {backend.socket}\n  Extension = php\n}}")
        house.section(f"FastCGIserver {{\n  FastCGIid = port\n  ConnectTo = 127.0.0.1:{backend.port}\n}}")
        house.section(f"FastCGIserver {{\n  FastCGIid = any\n  ConnectTo = {backend.socket}\n}}")
        house.section(f"FastCGIserver {{\n  FastCGIid = short\n  ConnectTo = {backend.socket}\n  Queue = 5, 1s\n}}")
        house.host("fault.test", "  UseFastCGI = any\n  TimeForCGI = 8")
        house.section(
            f"FastCGIserver {{\n  FastCGIid = kept\n  ConnectTo = 127.0.0.1:{backend.port}\n"
            "  KeepConnections = 1\n  MaxConnections = 1\n  KeepTime = 1s\n}"
        )
        house.host("kept.test", "  UseFastCGI = kept\n  TimeForCGI = 8")
        house.host("short.test", "  UseFastCGI = short\n  TimeForCGI = 8")
        house.host("port.test", "  UseFastCGI = port\n  TimeForCGI = 8")
        house.host("brief.test", "  UseFastCGI = any\n  TimeForCGI = 1")
        files = house.host("files.test", "  UseFastCGI = unix\n  EnablePathInfo = yes\n  StartFile = index.php")
        for name in ("a.jpg", "plain.txt", "script.php", "İ.php", "İ.php.d/deep.php", "two words.php"):
            files.put(name, "<?php")
        with opened(house):
            yield house


@pytest.fixture(params=["unix", "port"])
def site(house, request):
    """The application by its unix socket and by its port."""
    return house.sites["fault.test" if request.param == "unix" else "port.test"]


@pytest.fixture
def backend(house):
    yield house.backend
    house.backend.wait_until_quiet()


def says(*parts):
    """An act: hears the whole request, says this, closes."""

    def act(talk):
        talk.read_request()
        talk.say(*parts)

    return act


def lines_since(site, length):
    return site.error_log()[length:].splitlines()


def told_once(site, length, *words):
    """The error log got one line since it was `length` long, and it has the words."""
    wait_until(f"a line about {words}", lambda: "\n" in site.error_log()[length:])
    lines = lines_since(site, length)
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0], lines[0]


def logged(site):
    """All that the house has to say about what is answered already is in the log."""
    before = site.access_log().count("\n")
    site.house.backend.act = says(out(HEAD), DONE)
    site.get("/mark")
    wait_until("the access log", lambda: site.access_log().count("\n") > before)


def asked(site, *, method="GET", body=None, version="1.1", target="/x", fields=()):
    """The answer, or None when the house cut the connection before a head."""
    try:
        return site.get(target, method=method, body=body, version=version, fields=fields)
    except ConnectionError:
        return None


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
    "HTTP": (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", ["FastCGI program?"]),
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


# ---- busy ----


@pytest.mark.parametrize("status", [OVERLOADED, CANT_MULTIPLEX])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_application_that_is_busy_is_asked_again(site, backend, status, method):
    """Nothing was executed: also a POST may be sent once more, with all of its body."""
    heard = []

    def act(talk):
        heard.append(talk.read_request().body)
        talk.say(end(status) if len(heard) < 4 else out(HEAD + b"at last") + DONE)

    length = len(site.error_log())
    backend.plays(act)
    body = b"x" * 20000 if method == "POST" else b""
    answer = site.get("/busy", method=method, body=body or None)
    assert (answer.status, answer.body) == (200, b"at last") and heard == [body] * 4
    logged(site)
    assert not lines_since(site, length)


def test_an_application_that_stays_busy_is_503(house, backend):
    site = house.sites["short.test"]
    length = len(site.error_log())
    backend.plays(says(end(OVERLOADED)))
    answer = site.get("/busy")
    assert answer.status == 503 and int(answer["retry-after"]) > 0
    told_once(site, length, "busy", "answering 503")


# ---- gone for a moment ----


def sockets_of_its_own(new_house, more=""):
    house = new_house("moment")
    house.path = house.folder / "app.sock"
    house.section(f"FastCGIserver {{\n  FastCGIid = app\n  ConnectTo = {house.path}\n{more}\n}}")
    house.host("app.test", "  UseFastCGI = app\n  TimeForCGI = 8")
    house.start()
    return house


def asks_aside(house, method):
    """A request on a thread of its own; call the result to have the answer."""
    answers = []
    body = b"x" * 1000 if method == "POST" else None
    thread = threading.Thread(
        target=lambda: answers.append(house.get("/x", host="app.test", method=method, body=body))
    )
    thread.start()

    def answer():
        thread.join(20)
        return answers[0]

    return answer


def answer_next(listener):
    """Accepts until a connection holds a request, and answers that."""
    listener.settimeout(10)
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            talk = Talk(connection)
            try:
                talk.read_request()
            except HungUp:
                continue  # one that only filled the queue
            talk.say(out(HEAD + b"body"), DONE)
            return talk


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_queue_that_is_full_for_a_second(new_house, method):
    """EAGAIN is no failure: the request waits, and nobody hears of it."""
    house = sockets_of_its_own(new_house)
    with full_socket(house.path) as (listener, others):
        answer = asks_aside(house, method)
        time.sleep(1)
        others.close()
        talk = answer_next(listener)
        answer = answer()
    assert (answer.status, answer.body) == (200, b"body") and len(talk.body) == (1000 if method == "POST" else 0)
    assert house.sites["app.test"].error_log() == ""


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_socket_that_is_removed_and_made_again(new_house, method):
    """RestartHold: the request waits for the new one."""
    house = sockets_of_its_own(new_house)
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(str(house.path))
        house.path.chmod(0o666)
        first.listen(5)
        answer = asks_aside(house, method)
        assert len(answer_next(first).body) == (1000 if method == "POST" else 0)
        assert answer().body == b"body"
    house.path.unlink()
    answer = asks_aside(house, method)
    time.sleep(0.7)
    with socket.socket(socket.AF_UNIX) as second:
        second.bind(str(house.path))
        house.path.chmod(0o666)
        second.listen(5)
        talk = answer_next(second)
        answer = answer()
    assert (answer.status, answer.body) == (200, b"body") and len(talk.body) == (1000 if method == "POST" else 0)
    assert house.sites["app.test"].error_log() == ""


# ---- kept connections ----


@pytest.fixture
def kept(house):
    """A host whose connection is kept; nothing is left of it afterwards."""
    yield house.sites["kept.test"]
    wait_until("the kept connection to go", lambda: house.backend.running == 0, 5)


def body_for(method):
    return b"x" * 1000 if method == "POST" else None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_kept_connection_serves_many_requests(kept, backend, method):
    def act(talk):
        for number in range(5):
            talk.read_request()
            assert talk.keep
            talk.say(out(HEAD + b"%d" % number), DONE)

    backend.plays(act)
    answers = [kept.get("/x", method=method, body=body_for(method)).body for _ in range(5)]
    assert answers == [b"0", b"1", b"2", b"3", b"4"] and len(backend.talks) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_kept_connection_that_was_closed_while_idle(kept, backend, method):
    length = len(kept.error_log())
    backend.plays(says(out(HEAD + b"body"), DONE))  # and closes, although it was asked to keep
    for _ in range(3):
        answer = kept.get("/x", method=method, body=body_for(method))
        assert (answer.status, answer.body) == (200, b"body")
        backend.wait_until_quiet()
    assert len(backend.talks) == 3 and kept.error_log()[length:] == ""


@pytest.mark.parametrize("method, status, talks", [("GET", 200, 2), ("POST", 502, 1)])
def test_a_kept_connection_that_is_closed_in_the_face_of_a_request(kept, backend, method, status, talks):
    """It had read all of it, and may have done what it says: only what is safe is sent once more."""

    def act(talk):
        talk.read_request().say(out(HEAD + b"body"), DONE)
        if len(backend.talks) == 1:
            talk.read_request()

    backend.plays(act)
    assert kept.get("/x").body == b"body"
    answer = kept.get("/x", method=method, body=body_for(method))
    backend.wait_until_quiet()
    assert answer.status == status and len(backend.talks) == talks


def test_what_lies_behind_an_answer_is_never_the_next_one(kept, backend):
    """A connection with a byte too many is not used again."""

    def act(talk):
        talk.read_request().say(out(HEAD + b"first"), DONE, out(HEAD + b"for nobody"), DONE)
        with contextlib.suppress(HungUp):
            talk.read_request().say(out(HEAD + b"second"), DONE)

    backend.plays(act)
    assert kept.get("/x").body == b"first"
    assert kept.get("/x").body == b"first" and len(backend.talks) == 2


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


# ---- whose socket it is ----


@pytest.mark.parametrize("owner, good", [("us", True), ("daemon", False), ("no-such-user", False)])
def test_the_owner_of_a_socket(new_house, backend, owner, good):
    """Another's socket is not told a word."""
    house = new_house("owner")
    user = str(os.getuid()) if owner == "us" else owner
    house.section(
        f"FastCGIserver {{\n  FastCGIid = own\n  ConnectTo = {backend.socket}\n  SocketOwner = USER\n}}"
    )
    site = house.host("own.test", "  UseFastCGI = own")
    if owner == "no-such-user":
        house.sections[-2] = house.sections[-2].replace("USER", owner)
        house.config_path.write_text(house.config_text())
        status, _, errors = house.verb("check")
        assert status == 1 and "SocketOwner: there is no user 'no-such-user'" in errors
        return
    house.sections[-2] = house.sections[-2].replace("USER", user)
    house.start()
    backend.plays(says(out(HEAD + b"body"), DONE))
    answer = site.get("/x")
    status, _, errors = house.verb("check")
    assert status == 0 and ("SocketOwner" in errors) != good
    if good:
        assert (answer.status, answer.body) == (200, b"body")
    else:
        assert answer.status == 503 and not any(talk.records for talk in backend.talks)
        told_once(site, 0, "SocketOwner", "answering 503")


@pytest.mark.skipif(os.getuid() != 0, reason="without root the server is whoever runs the tests")
def test_a_socket_that_the_server_may_not_open(new_house, backend):
    house = new_house("closed")
    house.section(f"FastCGIserver {{\n  FastCGIid = own\n  ConnectTo = {backend.socket}\n}}")
    site = house.host("own.test", "  UseFastCGI = own")
    backend.plays(says(out(HEAD), DONE))
    house.start()
    backend.socket.chmod(0o600)
    try:
        status, _, errors = house.verb("check")
        assert status == 0 and f"the user www-data may not open the socket '{backend.socket}'" in errors
        assert site.get("/x").status == 503
        told_once(site, 0, "listen.owner", "answering 503")
        backend.socket.chmod(0o666)
        backend.folder.chmod(0o700)
        assert f"may not open the socket '{backend.socket}'" in house.verb("check")[2]
        backend.folder.chmod(0o755)
        assert "may not open" not in house.verb("check")[2]
    finally:
        backend.folder.chmod(0o755)
        backend.socket.chmod(0o666)


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


# ---- large bodies that nobody reads ----


def upload(house, host, size, heard=None):
    """Sends a body of `size` bytes as far as it is taken; returns the answer."""
    with house.visit(timeout_s=20) as visitor:
        stop = threading.Event()

        def send():
            piece = b"x" * 65536
            try:
                for _ in range(size // len(piece)):
                    if stop.is_set():
                        return
                    visitor.send(piece)
            except OSError:
                pass

        visitor.send(f"POST /x HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n")
        sender = threading.Thread(target=send)
        sender.start()
        try:
            return visitor.answer()
        finally:
            stop.set()
            visitor.socket.shutdown(socket.SHUT_RDWR)
            sender.join()


@pytest.mark.parametrize("size", [10 * MIB, 100 * MIB])
def test_an_application_that_answers_without_reading(site, backend, size):
    def act(talk):
        talk.read_params().say(out(b"Status: 403 No\r\nContent-Length: 4\r\n\r\nbody"), DONE)

    backend.plays(act)
    answer = upload(site.house, site.name, size)
    assert (answer.status, answer.body) == (403, b"body")


def test_an_application_that_reads_a_part_and_answers(site, backend):
    def act(talk):
        talk.read_params()
        for _ in range(10):
            talk.read_record()
        talk.say(out(HEAD + b"enough"), DONE)

    backend.plays(act)
    answer = upload(site.house, site.name, 10 * MIB)
    assert (answer.status, answer.body) == (200, b"enough")


def test_an_application_that_answers_and_never_reads_on(site, backend):
    """It leaves its side open: the answer is complete, and the house closes."""

    def act(talk):
        talk.read_params().say(out(HEAD + b"body"), DONE)
        assert talk.waits_for_hangup() < 1

    backend.plays(act)
    assert upload(site.house, site.name, 10 * MIB).body == b"body"


def test_an_application_that_never_reads_and_never_answers(house, backend):
    """A hundred megabytes for nobody: the limit of time ends it, and memory stays where it was."""
    site = house.sites["brief.test"]
    length = len(site.error_log())
    left = threading.Event()
    backend.plays(lambda talk: left.wait(10))
    begun = time.monotonic()
    try:
        answer = upload(house, site.name, 100 * MIB)
    finally:
        left.set()
    assert answer.status == 504 and time.monotonic() - begun < 5
    told_once(site, length, "TimeForCGI", "answering 504")


def test_an_application_that_closes_while_it_is_sent_a_body(site, backend):
    """Without a word of an answer: a POST is not sent again."""
    length = len(site.error_log())
    backend.plays(lambda talk: talk.read_params())
    assert upload(site.house, site.name, 10 * MIB).status == 502
    assert len(backend.talks) == 1
    told_once(site, length, "answering 502")


def test_an_answer_while_the_body_is_sent(site, backend):
    """Both ways at once, record by record."""

    def act(talk):
        talk.read_params().say(out(HEAD))
        while True:
            _, content = talk.read_record()
            if not content:
                break
            talk.say(records_of(STDOUT, content, 10000))
        talk.say(DONE)

    backend.plays(act)
    body = bytes(range(256)) * 4 * KIB * 8
    with site.house.visit(timeout_s=30) as visitor:
        sender = threading.Thread(
            target=visitor.request, args=("POST", "/x"), kwargs={"host": site.name, "body": body}
        )
        sender.start()
        answer = visitor.answer()
        sender.join()
    assert answer.body == body


# ---- an end before the end ----


def test_an_early_end_frees_the_client_and_the_connection(site, backend):
    """fastcgi_finish_request(): the answer is complete, whatever the worker still does."""

    def act(talk):
        talk.read_request().say(out(HEAD + b"body"), DONE)
        assert talk.waits_for_hangup() < 1

    backend.plays(act)
    begun = time.monotonic()
    answer = site.get("/x")
    assert (answer.body, answer.complete) == (b"body", True) and time.monotonic() - begun < 1


def test_events_arrive_when_they_are_said(site, backend):
    """What an application said is with the client before it says more."""
    go_on = threading.Event()

    def act(talk):
        talk.read_request().say(out(b"Content-Type: text/event-stream\r\n\r\n"))
        for number in range(3):
            talk.say(out(b"data: %d\n\n" % number))
            assert go_on.wait(5)
            go_on.clear()
        talk.say(DONE)

    backend.plays(act)
    with site.house.visit() as visitor:
        visitor.request("GET", "/x", host=site.name)
        assert visitor.head().status == 200
        for number in range(3):
            while b"data: %d\n\n" % number not in visitor.data:
                visitor.first_bytes(len(visitor.data) + 1)
            go_on.set()


# ---- clients that leave ----


PHASES = {
    "nothing is read": (lambda talk: None, None),
    "the body is on its way": (lambda talk: talk.read_params(), 10 * MIB),
    "a part of the body is here": (lambda talk: (talk.read_params(), talk.read_record()), 100 * KIB),
    "it thinks": (lambda talk: talk.read_request(), None),
    "it thinks about a body": (lambda talk: talk.read_request(), 0),
    "a part of the head is said": (lambda talk: talk.read_request().say(out(b"Content-Ty")), None),
    "the head is said": (lambda talk: talk.read_request().say(out(HEAD)), None),
    "a part of the body is said": (lambda talk: talk.read_request().say(out(HEAD + b"bo")), None),
    "it said words": (lambda talk: talk.read_request().say(err(b"words\n")), None),
}


@contextlib.contextmanager
def full_port():
    """A port whose queue is full: who connects to it waits for an answer to its SYN."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        with contextlib.ExitStack() as stack:
            for _ in range(2):
                visitor = stack.enter_context(socket.socket())
                visitor.setblocking(False)
                visitor.connect_ex(listener.getsockname())
            yield listener.getsockname()[1]


@contextlib.contextmanager
def full_socket(path):
    """A unix socket whose queue is full: who connects to it is told EAGAIN."""
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as stack:
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen(0)
        while True:
            visitor = stack.enter_context(socket.socket(socket.AF_UNIX))
            visitor.setblocking(False)
            if visitor.connect_ex(str(path)) != 0:
                break
        yield listener, stack


@pytest.mark.parametrize("manner", ["port", "unix"])
def test_a_client_that_leaves_while_the_application_has_no_room(new_house, manner):
    house = new_house("full")
    with full_port() as port, full_socket(house.folder / "full.sock"):
        target = f"127.0.0.1:{port}" if manner == "port" else f"{house.folder}/full.sock"
        house.section(f"FastCGIserver {{\n  FastCGIid = full\n  ConnectTo = {target}\n  ConnectTimeout = 9\n}}")
        house.host("full.test", "  UseFastCGI = full\n  TimeForCGI = 9")
        house.start()
        visitor = house.visit()
        visitor.request("GET", "/x", host="full.test")
        wait_until("the request", lambda: house.status()["requests_in_progress"] == 1)
        if manner == "port":  # the visitor's and the one that is being opened
            assert len(house.server_sockets()) == len(house.sockets_before) + 2
        visitor.close()
        wait_until("the request to be over", lambda: house.status()["requests_in_progress"] == 0, 1)
        assert len(house.server_sockets()) <= len(house.sockets_before)


@pytest.mark.parametrize("manner", ["closes", "resets"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_client_that_leaves_frees_the_application(site, backend, phase, manner):
    act, announced = PHASES[phase]
    ready, left = threading.Event(), threading.Event()
    held = []

    def play(talk):
        act(talk)
        ready.set()
        assert left.wait(10)
        held.append(talk.waits_for_hangup())

    backend.plays(play)
    visitor = site.house.visit()
    if announced is None:
        visitor.request("GET", "/x", host=site.name)
    elif announced == 0:
        visitor.request("POST", "/x", host=site.name, body=b"whole")
    else:
        visitor.send(f"POST /x HTTP/1.1\r\nHost: {site.name}\r\nContent-Length: {announced}\r\n\r\n" + "x" * 70000)
    assert ready.wait(10)
    visitor.close() if manner == "closes" else visitor.reset()
    left.set()
    backend.wait_until_quiet()
    assert held[0] < 1, f"the application was held for {held[0]} s"


def test_a_client_that_leaves_in_a_long_answer_frees_the_application(site, backend):
    held = []

    def play(talk):
        talk.read_request().say(out(HEAD))
        try:
            while True:
                talk.say(out(b"x" * 60000))
        finally:
            held.append(time.monotonic())

    backend.plays(play)
    visitor = site.house.visit()
    visitor.request("GET", "/x", host=site.name)
    visitor.first_bytes(100000)
    visitor.reset()
    left = time.monotonic()
    backend.wait_until_quiet()
    assert held[0] - left < 1
