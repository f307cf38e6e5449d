"""Requests and answers that are hidden in others: by HTTP/1.1 and HTTP/2, with and without TLS, to backends that are asked
with and without TLS. The backends remember each byte, and nobody's request is another's."""
import contextlib
import re
import shutil
import socket

import hpack
import pytest

from h2wire import (
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    Frames,
    H2Visitor,
    connect,
    frame,
)
from house import House, free_port, opened
from secure import SecureVisitor, make_certificate, secure_binding
from test_http_backend import HELLO, HttpBackend, HttpTalk
from test_https_backend import SecureBackend
from wire import Visitor

AFTER = "GET /after HTTP/1.1"
EVIL = "GET /evil HTTP/1.1\r\nHost: HOST\r\n\r\n"
EVIL_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


class Recording:
    """A talk that keeps what was heard."""

    def __init__(self, connection):
        super().__init__(connection)
        self.heard = b""
        self.requests = []  # (request line, fields, body)
        self.understood = 0  # so many bytes were these

    def _exactly(self, count):
        data = super()._exactly(count)
        self.heard += data
        return data

    def read_request(self):
        super().read_request()
        assert re.fullmatch(r"[A-Z]+ [!-~]+ HTTP/1\.1", self.line), self.line
        for name, value in self.fields:
            assert re.fullmatch(r"[A-Za-z0-9-]+", name) and not re.search(r"[\r\n\0]", value), (name, value)
        assert self.field("Host") is not None and self.field("Content-Length") in (None, str(len(self.body)))
        self.requests.append((self.line, dict(self.fields), self.body))
        self.understood = len(self.heard)
        return self


class PlainRecorder(HttpBackend):
    talk = type("Talk", (Recording, HttpTalk), {})


class SecureRecorder(SecureBackend):
    def __init__(self, certificate):
        super().__init__(certificate)
        self.talk = type("Talk", (Recording, self.talk), {})


def serves(talk):
    while True:
        talk.read_request().say(HELLO)


@pytest.fixture(scope="module")
def house():
    house = House("smuggling")
    folder = house.folder / "certificates"
    folder.mkdir()
    shown = make_certificate(folder, "localhost", more=("-addext", "subjectAltName=IP:127.0.0.1"))
    (folder / "believed").mkdir()
    shutil.copy(shown.with_suffix(".crt"), folder / "believed")
    house.option(f"CAcertificates = {folder}/believed")
    house.tls_port = free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  AcceptHTTP2 = prior-knowledge\n}}")
    house.section(secure_binding(house.tls_port, f"  TLScertFile = {shown}"))
    with contextlib.ExitStack() as stack:
        house.backends = {
            "plain.test": stack.enter_context(PlainRecorder()),
            "secure.test": stack.enter_context(SecureRecorder(shown)),
        }
        for (name, backend), scheme in zip(house.backends.items(), ("", "https://")):
            house.section(
                f"FastCGIserver {{\n  FastCGIid = {name}\n  Protocol = http\n  KeepConnections = 4\n  KeepTime = 1m\n"
                f"  ConnectTo = {scheme}127.0.0.1:{backend.port}\n}}"
            )
            house.host(name, f"  UseFastCGI = {name}\n  TimeForCGI = 8")
        with opened(house):
            yield house


@pytest.fixture(params=["plain", "tls"])
def secure(request):
    """The client asks by TLS."""
    return request.param == "tls"


@pytest.fixture(params=["plain.test", "secure.test"])
def site(house, request):
    site = house.sites[request.param]
    site.backend = house.backends[request.param]
    site.others = [backend for backend in house.backends.values() if backend is not site.backend]
    for backend in house.backends.values():
        backend.plays(serves)
    yield site
    for backend in house.backends.values():
        hang_up(backend)


def hang_up(backend):
    for talk in backend.talks:
        with contextlib.suppress(OSError):
            talk.socket.shutdown(socket.SHUT_RDWR)
    backend.wait_until_quiet()


def told_to(site):
    """All requests that reached the backend, up to one that nobody tampered with; and nothing came beside them."""
    assert site.get("/after").body == b"hello"
    talks = site.backend.talks
    assert not site.backend.wrongs, site.backend.wrongs
    assert not any(backend.talks for backend in site.others)
    assert [talk.heard[talk.understood :] for talk in talks] == [b""] * len(talks)
    requests = [request for talk in talks for request in talk.requests]
    assert [line for line, _, _ in requests].count(AFTER) == 1
    return [request for request in requests if request[0] != AFTER]


# ---- requests of HTTP/1.1 ----

GET = "GET /x HTTP/1.1\r\nHost: HOST\r\n"
POST = "POST /x HTTP/1.1\r\nHost: HOST\r\n"
CHUNKED = POST + "Transfer-Encoding: chunked\r\n"
SPLIT = "0\r\n\r\n" + EVIL

REFUSED = [
    ("length and coding", POST + f"Content-Length: {len(SPLIT)}\r\nTransfer-Encoding: chunked\r\n\r\n{SPLIT}", 400),
    ("coding and length", CHUNKED + f"Content-Length: {len(SPLIT)}\r\n\r\n{SPLIT}", 400),
    ("coding and length of nothing", CHUNKED + f"Content-Length: 0\r\n\r\n{SPLIT}", 400),
    ("two codings", CHUNKED + f"Transfer-Encoding: identity\r\n\r\n{SPLIT}", 501),
    ("two codings, the other way", POST + f"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n{SPLIT}", 501),
    ("an odd coding", POST + f"Transfer-Encoding: xchunked\r\n\r\n{SPLIT}", 501),
    ("coding before a blank", POST + f"Transfer-Encoding : chunked\r\n\r\n{SPLIT}", 400),
    ("coding behind a vertical tab", POST + f"Transfer-Encoding: \x0bchunked\r\n\r\n{SPLIT}", 400),
    ("coding in a folded line", POST + f"Transfer-Encoding:\r\n chunked\r\n\r\n{SPLIT}", 400),
    ("coding behind a bare LF", POST + f"X: a\nTransfer-Encoding: chunked\r\n\r\n{SPLIT}", 400),
    ("coding behind a bare CR", POST + f"X: a\rTransfer-Encoding: chunked\r\n\r\n{SPLIT}", 400),
    ("coding behind a NUL", POST + f"X: a\0\r\nTransfer-Encoding: chunked\r\n\r\n{SPLIT}", 400),
    ("coding in 1.0", CHUNKED.replace("1.1", "1.0") + f"\r\n{SPLIT}", 400),
    ("two lengths", POST + f"Content-Length: 0\r\nContent-Length: {len(EVIL)}\r\n\r\n{EVIL}", 400),
    ("two lengths in a list", POST + f"Content-Length: 0, {len(EVIL)}\r\n\r\n{EVIL}", 400),
    ("two lengths in one", POST + f"Content-Length: 0 {len(EVIL)}\r\n\r\n{EVIL}", 400),
    ("length with a sign", POST + f"Content-Length: +{len(EVIL)}\r\n\r\n{EVIL}", 400),
    ("negative length", POST + "Content-Length: -1\r\n\r\n" + EVIL, 400),
    ("length in hexadecimal", POST + f"Content-Length: 0x{len(EVIL):x}\r\n\r\n{EVIL}", 400),
    ("length that wraps", POST + "Content-Length: 18446744073709551616\r\n\r\n" + EVIL, 400),
    ("two hosts", GET + "Host: other.test\r\n\r\n", 400),
    ("bare LF for an end", f"GET /x HTTP/1.1\r\nHost: HOST\r\n\n{EVIL}", 400),
    ("a request in the target", f"GET /x HTTP/1.1\r\nHost: HOST HTTP/1.1\r\n\r\n{EVIL}", 400),
    ("encoded line ends in the path", "GET /x%0d%0aX:%20y HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", 400),
    ("blank in the target", "GET /x /evil HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
]  # fmt: skip

BAD_CHUNKS = [
    ("size with a sign", "+0\r\n\r\n"),
    ("negative size", "-1\r\n\r\n"),
    ("size in 0x", "0x0\r\n\r\n"),
    ("size that wraps", "10000000000000000\r\n\r\n"),
    ("bare LF behind the size", "1\na\r\n0\r\n\r\n"),
    ("bare LF behind the data", "1\r\na\n0\r\n\r\n"),
    ("bare CR in an extension", "1;\rx\r\na\r\n0\r\n\r\n"),
    ("bare LF in an extension", "1;a\nx\r\na\r\n0\r\n\r\n"),
    ("longer than its size", "1\r\nab0\r\n\r\n"),
    ("bare LF for an end", "0\r\n\n"),
    ("blank before the size", " 1\r\na\r\n0\r\n\r\n"),
]

ONE = [("POST /x HTTP/1.1", b"abc")]

UNDERSTOOD = [
    ("a body that looks like a request", POST + f"Content-Length: {len(EVIL)}\r\n\r\n{EVIL}",
     [("POST /x HTTP/1.1", EVIL.encode())]),
    ("the same of GET", GET + f"Content-Length: {len(EVIL)}\r\n\r\n{EVIL}", [("GET /x HTTP/1.1", EVIL.encode())]),
    ("the same in chunks", CHUNKED + f"\r\n{len(EVIL):x};x\r\n{EVIL}\r\n0\r\n\r\n", [("POST /x HTTP/1.1", EVIL.encode())]),
    ("coding in capitals", POST + "TRANSFER-ENCODING:\tCHUNKED \r\n\r\n3\r\nabc\r\n0\r\n\r\n", ONE),
    ("fields behind the chunks", CHUNKED + f"\r\n3\r\nabc\r\n0\r\nContent-Length: {len(EVIL)}\r\nHost: evil\r\n\r\n", ONE),
    ("Connection names the length", POST + "Connection: content-length\r\nContent-Length: 3\r\n\r\nabc", ONE),
    ("Connection names the host", POST + "Connection: host, transfer-encoding\r\nContent-Length: 3\r\n\r\nabc", ONE),
    ("a length with zeros", POST + "Content-Length: 0003\r\n\r\nabc", ONE),
    ("a length said twice", POST + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", ONE),
    ("what looks like a length", GET + "Content_Length: 9\r\nContent.Length: 9\r\n\r\n", [("GET /x HTTP/1.1", b"")]),
    ("another protocol", GET + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
     [("GET /x HTTP/1.1", b"")]),
    ("encoded line ends in the query", "GET /x?a%0d%0ab HTTP/1.1\r\nHost: HOST\r\n\r\n", [("GET /x?a%0d%0ab HTTP/1.1", b"")]),
    ("another host in the target", "GET http://HOST/x HTTP/1.1\r\nHost: evil.test\r\n\r\n", [("GET /x HTTP/1.1", b"")]),
]  # fmt: skip


def visit(house, site, secure):
    return SecureVisitor(house.tls_port, site.name) if secure else Visitor(house.port)


def on(site, text):
    """The text for this host."""
    return text.replace("HOST", site.name)


def resized(site, text):
    """The same with lengths of bodies as they are once the name of the host is in them."""
    more = text.split("\r\n\r\n", 1)[1].count("HOST") * (len(site.name) - len("HOST"))
    head, end, body = text.partition("\r\n\r\n")
    for old in (len(EVIL), len(SPLIT)):
        head = re.sub(rf"(Content-Length:.*?)\b{old}\b", rf"\g<1>{old + more}", head)
        body = re.sub(rf"^{old:x};", f"{old + more:x};", body)
    return on(site, head + end + body)


def named(cases):
    values = [case[1:] if len(case) > 2 else case[1] for case in cases]
    return {"argvalues": values, "ids": [case[0] for case in cases]}


@pytest.mark.parametrize("text, status", **named(REFUSED))
def test_a_request_in_another_is_refused(house, site, secure, text, status):
    with visit(house, site, secure) as visitor:
        visitor.send(resized(site, text))
        assert visitor.answer().status == status
        assert visitor.is_at_end()
    assert told_to(site) == []


@pytest.mark.parametrize("chunks", **named(BAD_CHUNKS))
def test_chunks_that_hide_a_request_are_refused(house, site, secure, chunks):
    with visit(house, site, secure) as visitor:
        visitor.send(on(site, CHUNKED + "\r\n" + chunks + EVIL))
        assert visitor.answer().status == 400
        assert visitor.is_at_end()
    assert told_to(site) == []


@pytest.mark.parametrize("text, expected", **named(UNDERSTOOD))
def test_what_is_understood_is_one_request(house, site, secure, text, expected):
    expected = [(line, on(site, body.decode()).encode()) for line, body in expected]
    with visit(house, site, secure) as visitor:
        visitor.send(resized(site, text) + f"GET /next HTTP/1.1\r\nHost: {site.name}\r\n\r\n")
        for _ in expected:
            assert visitor.answer().body == b"hello"
        assert visitor.answer().body == b"hello"
    told = told_to(site)
    assert [(line, body) for line, _, body in told] == [*expected, ("GET /next HTTP/1.1", b"")]
    for _, fields, _ in told:
        assert fields["Host"] == site.name
        assert not {name.lower() for name in fields} & {"upgrade", "http2-settings", "transfer-encoding", "content_length"}


def test_what_follows_a_refused_upgrade_is_no_tunnel(house, site, secure):
    """The backend does not change the protocol, so what follows is a request to the house, and judged by it."""
    with visit(house, site, secure) as visitor:
        visitor.request("GET", "/x", host=site.name, fields=[
            ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ])  # fmt: skip
        visitor.send("GET /evil HTTP/1.1\r\nHost: default.test\r\n\r\n")
        visitor.answer()
        with contextlib.suppress(ConnectionError):
            assert visitor.answer().status == 404
    assert [line for line, _, _ in told_to(site)] == ["GET /x HTTP/1.1"]


# ---- requests of HTTP/2 ----


def literal(name, value):
    """A field as HPACK has it without any table, whatever bytes are in it."""
    parts = [b"\0"]
    for text in (name.encode("latin-1"), value.encode("latin-1")):
        assert len(text) < 127
        parts += [bytes([len(text)]), text]
    return b"".join(parts)


class RawStream(Frames):
    """One request, made of frames by hand."""

    def __init__(self, port, secure, name):
        self.socket = connect(port, secure, name, 10.0)
        self.send(PREFACE + frame(SETTINGS))
        self.decoder = hpack.Decoder()

    def ask(self, fields, body=None, trailers=None):
        blocks = [b"".join(literal(*field) for field in part) for part in (fields, trailers or [])]
        ends = END_STREAM if body is None and trailers is None else 0
        self.send(frame(HEADERS, END_HEADERS | ends, 1, blocks[0]))
        if body is not None:
            self.send(frame(DATA, END_STREAM if trailers is None else 0, 1, body))
        if trailers is not None:
            self.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, blocks[1]))

    def outcome(self):
        """The status of a whole answer; 0: the stream or the connection was ended instead."""
        data, status = b"", 0
        while True:
            while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
                length, kind, flags = int.from_bytes(data[:3], "big"), data[3], data[4]
                content, data = data[9 : 9 + length], data[9 + length :]
                if kind in (RST_STREAM, GOAWAY):
                    return status if kind == RST_STREAM and status >= 400 else 0
                if kind == HEADERS:
                    status = int(dict(self.decoder.decode(content))[":status"])
                if kind in (HEADERS, DATA) and flags & END_STREAM:
                    return status
            try:
                more = self.socket.recv(1 << 16)
            except ConnectionResetError:
                more = b""
            if not more:
                return 0
            data += more


class Head(list):
    """The fields of a request, to be changed."""

    def __init__(self, site, secure, method="POST"):
        scheme = "https" if secure else "http"
        super().__init__([(":method", method), (":scheme", scheme), (":authority", site.name), (":path", "/x")])

    def but(self, name, *values):
        return [field for field in self if field[0] != name] + [(name, value) for value in values]

    def having(self, *fields):
        return [*self, *fields]


HIDDEN = b"0\r\n\r\nGET /evil HTTP/1.1\r\nHost: plain.test\r\n\r\n"
LINE = "/evil HTTP/1.1\r\nHost: evil.test\r\n\r\n"

# What the head is like, and whether there is a body.
FRAMES_REFUSED = [
    ("less length than data", lambda head: head.having(("content-length", "3")), HIDDEN),
    ("more length than data", lambda head: head.having(("content-length", "300")), HIDDEN),
    ("length without data", lambda head: head.having(("content-length", "3")), None),
    ("two lengths", lambda head: head.having(("content-length", "3"), ("content-length", str(len(HIDDEN)))), HIDDEN),
    ("two lengths in a list", lambda head: head.having(("content-length", f"3, {len(HIDDEN)}")), HIDDEN),
    ("length with a sign", lambda head: head.having(("content-length", f"+{len(HIDDEN)}")), HIDDEN),
    ("transfer-encoding", lambda head: head.having(("transfer-encoding", "chunked")), HIDDEN),
    ("transfer-encoding in capitals", lambda head: head.having(("Transfer-Encoding", "chunked")), HIDDEN),
    ("connection", lambda head: head.having(("connection", "transfer-encoding")), HIDDEN),
    ("keep-alive", lambda head: head.having(("keep-alive", "timeout=5")), HIDDEN),
    ("proxy-connection", lambda head: head.having(("proxy-connection", "keep-alive")), HIDDEN),
    ("upgrade", lambda head: head.having(("upgrade", "h2c")), HIDDEN),
    ("te", lambda head: head.having(("te", "chunked")), HIDDEN),
    ("CR LF in a value", lambda head: head.having(("x", "a\r\nTransfer-Encoding: chunked")), HIDDEN),
    ("LF in a value", lambda head: head.having(("x", "a\nTransfer-Encoding: chunked")), HIDDEN),
    ("CR in a value", lambda head: head.having(("x", "a\rTransfer-Encoding: chunked")), HIDDEN),
    ("NUL in a value", lambda head: head.having(("x", "a\0b")), HIDDEN),
    ("CR LF in a cookie", lambda head: head.having(("cookie", "a=b"), ("cookie", "c\r\nX: y")), HIDDEN),
    ("CR LF in a name", lambda head: head.having(("x: a\r\ntransfer-encoding", "chunked")), HIDDEN),
    ("LF in a name", lambda head: head.having(("x\ny", "a")), HIDDEN),
    ("NUL in a name", lambda head: head.having(("x\0y", "a")), HIDDEN),
    ("colon in a name", lambda head: head.having(("transfer-encoding: chunked\r\nx", "")), HIDDEN),
    ("blank in a name", lambda head: head.having(("transfer-encoding ", "chunked")), HIDDEN),
    ("no name", lambda head: head.having(("", "chunked")), HIDDEN),
    ("a request in the path", lambda head: head.but(":path", "/x HTTP/1.1\r\nHost: a\r\n\r\nGET /evil"), None),
    ("blank in the path", lambda head: head.but(":path", "/x HTTP/1.1 /evil"), None),
    ("tab in the path", lambda head: head.but(":path", "/x\t/evil"), None),
    ("NUL in the path", lambda head: head.but(":path", "/x\0/evil"), None),
    ("LF in the query", lambda head: head.but(":path", "/x?a\nX: y"), None),
    ("fragment in the path", lambda head: head.but(":path", "/x#/evil"), None),
    ("no path", lambda head: head.but(":path"), None),
    ("empty path", lambda head: head.but(":path", ""), None),
    ("path without a slash", lambda head: head.but(":path", "evil"), None),
    ("asterisk", lambda head: head.but(":path", "*"), None),
    ("two paths", lambda head: head.but(":path", "/x", "/evil"), None),
    ("a whole URL for a path", lambda head: head.but(":path", "@evil.test/"), None),
    ("a request in the method", lambda head: head.but(":method", f"GET {LINE}POST"), None),
    ("blank in the method", lambda head: head.but(":method", "GET /evil HTTP/1.1"), None),
    ("no method", lambda head: head.but(":method"), None),
    ("two methods", lambda head: head.but(":method", "GET", "POST"), None),
    ("a tunnel", lambda head: head.but(":method", "CONNECT"), None),
    ("CR LF in the scheme", lambda head: head.but(":scheme", f"http://evil.test{LINE}"), None),
    ("no scheme", lambda head: head.but(":scheme"), None),
    ("CR LF in the authority", lambda head: head.but(":authority", head[2][1] + "\r\nX: y"), None),
    ("a path in the authority", lambda head: head.but(":authority", head[2][1] + "/evil?"), None),
    ("a user in the authority", lambda head: head.but(":authority", "evil.test@" + head[2][1]), None),
    ("blank in the authority", lambda head: head.but(":authority", head[2][1] + " evil"), None),
    ("two authorities", lambda head: head.but(":authority", head[2][1], "evil.test"), None),
    ("two hosts", lambda head: head.having(("host", head[2][1]), ("host", "evil.test")), None),
    ("an unknown pseudo-header", lambda head: head.having((":evil", "yes")), None),
    ("one of an answer", lambda head: head.having((":status", "200")), None),
    ("a pseudo-header behind a field", lambda head: [("x", "y"), *head], None),
]  # fmt: skip

TRAILERS_REFUSED = [
    ("a pseudo-header", [(":path", "/evil")]),
    ("CR LF in a value", [("x", "a\r\n\r\nGET /evil HTTP/1.1")]),
    ("CR LF in a name", [("x\r\ny", "a")]),
    ("connection", [("connection", "close")]),
    ("transfer-encoding", [("transfer-encoding", "chunked")]),
]


def ask(house, site, secure, fields, body, trailers=None):
    with RawStream(house.tls_port if secure else house.port, secure, site.name) as stream:
        stream.ask(fields, body, trailers)
        return stream.outcome()


@pytest.mark.parametrize("change, body", **named(FRAMES_REFUSED))
def test_frames_that_hide_a_request_are_refused(house, site, secure, change, body):
    outcome = ask(house, site, secure, change(Head(site, secure)), body)
    assert outcome == 0 or 400 <= outcome < 502, outcome
    assert told_to(site) == []


def test_a_length_of_nothing_is_taken_at_its_word(house, site, secure):
    """It may be answered before the data comes, which is nobody's then."""
    ask(house, site, secure, Head(site, secure).having(("content-length", "0")), HIDDEN)
    assert [(line, body) for line, _, body in told_to(site)] in ([], [("POST /x HTTP/1.1", b"")])


@pytest.mark.parametrize("trailers", **named(TRAILERS_REFUSED))
def test_fields_behind_the_data_hide_nothing(house, site, secure, trailers):
    ask(house, site, secure, Head(site, secure), b"abc", trailers)
    told = told_to(site)
    assert [(line, body) for line, _, body in told] in ([], ONE)


FRAMES_UNDERSTOOD = [
    ("data that looks like a request", lambda head: head, HIDDEN, None),
    ("the same with its length", lambda head: head.having(("content-length", str(len(HIDDEN)))), HIDDEN, None),
    ("a host beside the authority", lambda head: head.having(("host", head[2][1])), HIDDEN, None),
    ("a host in its place", lambda head: head.but(":authority") + [("host", head[2][1])], HIDDEN, None),
    ("te", lambda head: head.having(("te", "trailers")), HIDDEN, None),
    ("a length behind the data", lambda head: head, HIDDEN, [("content-length", "3"), ("host", "evil.test")]),
    ("what looks like a length", lambda head: head.having(("content_length", "3")), HIDDEN, None),
]


@pytest.mark.parametrize("change, body, trailers", **named(FRAMES_UNDERSTOOD))
def test_what_frames_say_is_one_request(house, site, secure, change, body, trailers):
    assert ask(house, site, secure, change(Head(site, secure)), body, trailers) in (200, 0 if trailers else 200)
    told = told_to(site)
    if trailers and not told:
        return
    assert [(line, body) for line, _, body in told] == [("POST /x HTTP/1.1", HIDDEN)]
    assert told[0][1]["Host"] == site.name
    assert told[0][1].get("TE", "trailers") == "trailers"  # the house's own word


def test_another_host_beside_the_authority_is_never_told(house, site, secure):
    outcome = ask(house, site, secure, Head(site, secure).having(("host", "evil.test")), None)
    told = told_to(site)
    assert (outcome == 200) == (len(told) == 1)
    assert all(fields["Host"] == site.name for _, fields, _ in told)


# ---- answers ----

OK = b"HTTP/1.1 200 OK\r\n"
IN_CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"

ANSWERS_REFUSED = [
    ("length and coding", OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + EVIL_ANSWER),
    ("coding and length", OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + EVIL_ANSWER),
    ("two lengths", OK + b"Content-Length: 0\r\nContent-Length: 45\r\n\r\n" + EVIL_ANSWER),
    ("two lengths in a list", OK + b"Content-Length: 0, 45\r\n\r\n" + EVIL_ANSWER),
    ("length with a sign", OK + b"Content-Length: +5\r\n\r\nhello"),
    ("negative length", OK + b"Content-Length: -5\r\n\r\nhello"),
    ("an odd coding", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + EVIL_ANSWER),
    ("chunked twice", OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + EVIL_ANSWER),
    ("coding behind a bare LF", OK + b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + EVIL_ANSWER),
    ("coding behind a bare CR", OK + b"X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + EVIL_ANSWER),
    ("coding in a folded line", OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + EVIL_ANSWER),
    ("coding before a blank", OK + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + EVIL_ANSWER),
    ("NUL in a value", OK + b"X: a\0b\r\nContent-Length: 0\r\n\r\n"),
    ("bare LF for an end", OK + b"Content-Length: 0\r\n\n" + EVIL_ANSWER),
    ("bare LF in the first line", b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n" + EVIL_ANSWER),
    ("a status too long", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n" + EVIL_ANSWER),
    ("another protocol, unasked", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + EVIL_ANSWER),
]  # fmt: skip

CHUNKS_REFUSED = [
    ("bare LF behind the size", b"5\nhello\r\n0\r\n\r\n"),
    ("bare LF behind the data", b"5\r\nhello\n0\r\n\r\n"),
    ("bare LF in an extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("size with a sign", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("size in 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("size that wraps", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("longer than its size", b"5\r\nhello, world\r\n0\r\n\r\n"),
]

ANSWERS_WITH_MORE = [
    ("behind a length", "GET", HELLO, b"hello"),
    ("behind chunks", "GET", IN_CHUNKS + b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    ("behind a head", "HEAD", OK + b"Content-Length: 45\r\n\r\n", b""),
    ("behind 204", "GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ("behind 304", "GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 45\r\n\r\n", b""),
]  # fmt: skip


@pytest.fixture(params=["plain", "tls", "h2"])
def client(request):
    return request.param


def once(said):
    """Says it to the first request, and what is right to all others."""
    heard = []

    def act(talk):
        while True:
            talk.read_request()
            heard.append(talk)
            talk.say(said if len(heard) == 1 else HELLO)

    return act


def answered(house, site, client, method="GET"):
    """The answer, and that nothing came behind it."""
    if client == "h2":
        with H2Visitor(house.tls_port, True, site.name) as visitor:
            return visitor.get("/x", method)
    with visit(house, site, client == "tls") as visitor:
        visitor.request(method, "/x", host=site.name, fields=[("Connection", "close")])
        try:
            answer = visitor.answer(method)
        except ConnectionError:
            return None  # cut
        assert visitor.is_at_end()
        return answer


@pytest.mark.parametrize("said", **named(ANSWERS_REFUSED))
def test_an_answer_in_another_is_refused(house, site, client, said):
    site.backend.plays(once(said))
    assert answered(house, site, client).status == 502
    assert [line for line, _, _ in told_to(site)] == ["GET /x HTTP/1.1"]


@pytest.mark.parametrize("chunks", **named(CHUNKS_REFUSED))
def test_chunks_that_hide_an_answer_are_cut(house, site, client, chunks):
    site.backend.plays(once(IN_CHUNKS + chunks + EVIL_ANSWER))
    answer = answered(house, site, client)
    assert not answer or answer.status == 502 or not answer.complete
    assert not answer or b"evil" not in answer.body
    assert [line for line, _, _ in told_to(site)] == ["GET /x HTTP/1.1"]


@pytest.mark.parametrize("method, said, body", **named(ANSWERS_WITH_MORE))
def test_what_follows_an_answer_reaches_nobody(house, site, client, method, said, body):
    site.backend.plays(once(said + EVIL_ANSWER))
    answer = answered(house, site, client, method)
    assert (answer.body, answer.complete) == (body, True)
    assert [line for line, _, _ in told_to(site)] == [f"{method} /x HTTP/1.1"]
    assert len(site.backend.talks) == 2
