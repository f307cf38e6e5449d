"""HTTP backends that are asked by TLS, and what is believed of them."""
import base64
import contextlib
import hashlib
import shutil
import socket
import ssl
import subprocess

import pytest

from fault_backend import HungUp
from house import House, opened, wait_until
from secure import make_certificate
from test_http_backend import HELLO, HttpBackend, HttpTalk
from test_websocket import ASKED

TO_END = b"HTTP/1.1 200 OK\r\n\r\nall of it"


class SecureTalk(HttpTalk):
    """The handshake happens within the first read."""

    context = None  # set before the first connection

    def __init__(self, connection):
        super().__init__(connection)
        if connection.family == socket.AF_INET:
            self.socket = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def _exactly(self, count):
        try:
            return super()._exactly(count)
        except ssl.SSLError:
            raise HungUp from None

    def say(self, *parts):
        try:
            super().say(*parts)
        except ssl.SSLError:  # the house has left, as it may when its client has
            raise HungUp from None

    def end(self):
        """Says that it ends."""
        with contextlib.suppress(OSError):
            self.socket.settimeout(0.0)
            self.socket.unwrap()
        self.socket.close()

    def cut(self):
        self.socket.close()


class SecureBackend(HttpBackend):
    def __init__(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.talk = type("Talk", (SecureTalk,), {"context": context})
        super().__init__()


@pytest.fixture(scope="module")
def house():
    house = House("https_backend")
    folder = house.folder / "certificates"
    folder.mkdir()
    known = make_certificate(folder, "localhost", more=("-addext", "subjectAltName=DNS:localhost"))
    stranger = make_certificate(folder, "stranger", more=("-addext", "subjectAltName=IP:127.0.0.1"))
    house.authorities = folder / "believed"
    house.authorities.mkdir()
    shutil.copy(known.with_suffix(".crt"), house.authorities)
    house.option(f"CAcertificates = {house.authorities}")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 20M\n}}")
    with contextlib.ExitStack() as stack:
        house.known = stack.enter_context(SecureBackend(known))
        house.stranger = stack.enter_context(SecureBackend(stranger))
        house.plain = stack.enter_context(HttpBackend())
        for name, url in (
            ("known.test", f"https://localhost:{house.known.port}/app 8 keep-alive"),
            ("once.test", f"https://localhost:{house.known.port} 8"),
            ("address.test", f"https://127.0.0.1:{house.known.port}"),
            ("stranger.test", f"https://127.0.0.1:{house.stranger.port}"),
            ("unverified.test", f"https://127.0.0.1:{house.stranger.port} unverified"),
            ("plain.test", f"https://localhost:{house.plain.port}"),
        ):
            house.host(name, f"  ReverseProxy = . {url}")
        house.host("chat.test", f"  WebSocket = wss://localhost:{house.known.port} *")
        house.section(
            f"FastCGIserver {{\n  FastCGIid = two\n  Protocol = http\n"
            f"  ConnectTo = https://127.0.0.1:{house.stranger.port}, https://localhost:{house.known.port}\n}}"
        )
        house.host("two.test", "  UseFastCGI = two\n  TimeForCGI = 8")
        with opened(house):
            house.known.plays(lambda talk: talk.read_request().say(HELLO))
            wait_until("localhost to be looked up", lambda: house.sites["once.test"].get("/").status == 200)
            yield house


def serves(talk):
    """Request after request, on one connection."""
    while True:
        talk.read_request().say(HELLO)


def test_requests_share_a_connection_that_is_secure(house):
    house.known.plays(serves)
    site = house.sites["known.test"]
    assert [site.get(f"/{i}").body for i in range(3)] == [b"hello"] * 3
    assert len(house.known.talks) == 1
    talk = house.known.last
    assert talk.line == "GET /app/2 HTTP/1.1"
    assert talk.field("Host") == f"localhost:{house.known.port}"
    assert talk.socket.version() == "TLSv1.3"
    talk.socket.shutdown(socket.SHUT_RDWR)
    house.known.wait_until_quiet()


def test_a_session_is_resumed(house):
    resumed = []

    def act(talk):
        talk.read_request()
        resumed.append(talk.socket.session_reused)
        talk.say(HELLO)
        talk.end()

    house.known.plays(act)
    assert [house.sites["once.test"].get("/").body for _ in range(3)] == [b"hello"] * 3
    assert resumed[1:] == [True, True]


def test_a_kept_connection_that_ended_is_replaced(house):
    def act(talk):
        talk.read_request().say(HELLO)
        talk.end()

    house.known.plays(act)
    site = house.sites["known.test"]
    for _ in range(3):
        assert site.get("/", method="POST", body=b"x").body == b"hello"
        house.known.wait_until_quiet()  # the end is there before the next request
    assert len(house.known.talks) == 3


def test_a_large_body_and_its_echo(house):
    body = bytes(range(256)) * 8192

    def act(talk):
        talk.read_request()
        talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(talk.body), talk.body)
        talk.end()

    house.known.plays(act)
    answer = house.sites["once.test"].get("/", method="POST", body=body)
    assert (answer.complete, answer.body) == (True, body)


@pytest.mark.parametrize("ending", ["end", "cut"])
def test_an_answer_that_the_end_ends_is_whole_only_if_the_end_is_said(house, ending):
    def act(talk):
        talk.read_request().say(TO_END)
        getattr(talk, ending)()

    house.known.plays(act)
    site = house.sites["once.test"]
    try:
        whole = site.get("/", method="POST", body=b"").complete
    except ConnectionError:
        whole = False  # cut before the head was out
    assert whole == (ending == "end")
    if not whole:
        site.wait_for_error("closed in the middle of its answer")


@pytest.mark.parametrize(
    "name, words",
    [
        ("address.test", "its certificate does not cover '127.0.0.1'; ask it by a name that is in it"),
        ("stranger.test", "the issuer of its certificate is unknown"),
        ("plain.test", "does it speak http:// at that port?"),
    ],
)
def test_who_is_not_believed_is_told_nothing(house, name, words):
    heard = []
    for backend in (house.known, house.stranger):
        backend.plays(lambda talk: heard.append(talk.read_request()))
    house.plain.plays(lambda talk: talk.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
    site = house.sites[name]
    assert site.get("/secret").status == 502
    site.wait_for_error("502", words)
    for backend in (house.known, house.stranger, house.plain):
        backend.wait_until_quiet()
    assert not heard


def test_a_websocket_goes_through_tls(house):
    """Nobody looks at what is said, so plain bytes do."""
    spoken = bytes(range(256)) * 2048

    def act(talk):
        talk.read_request()
        proof = hashlib.sha1(talk.field("Sec-WebSocket-Key").encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        talk.say(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(proof.digest()) + b"\r\n\r\nearly"
        )
        talk.say(talk._exactly(len(spoken)))
        talk.end()

    house.known.plays(act)
    with house.visit() as visitor:
        visitor.request("GET", "/chat", host="chat.test", fields=ASKED)
        assert visitor.head().status == 101
        visitor.send(spoken)
        assert visitor.rest() == b"early" + spoken


def test_one_that_need_not_be_verified(house):
    house.stranger.plays(lambda talk: talk.read_request().say(HELLO))
    assert house.sites["unverified.test"].get("/").body == b"hello"


def test_another_target_is_asked_when_one_is_not_believed(house):
    house.known.plays(lambda talk: talk.read_request().say(HELLO))
    house.stranger.plays(lambda talk: talk.read_request().say(HELLO))
    site = house.sites["two.test"]
    wait_until("localhost to be looked up", lambda: site.get("/").status == 200)
    assert {site.get("/").body for _ in range(4)} == {b"hello"}


def test_the_doctor_shakes_hands(house):
    for backend in (house.known, house.stranger, house.plain):
        backend.plays(lambda talk: talk.read_request())
    _, output, _ = house.verb("doctor")
    assert f"https://localhost:{house.known.port}" in output and "its TLS handshake is good" in output
    assert "the issuer of its certificate is unknown" in output


def test_authorities_that_cannot_be_read_are_an_error(house):
    house.option("CAcertificates = /no/such/file")
    status, output = house.check()
    house.options.pop()
    house.write_config()
    assert status != 0
    assert "cannot read '/no/such/file': No such file or directory" in output


def test_other_authorities_count_after_a_reload(house):
    house.known.plays(serves)
    site = house.sites["known.test"]
    assert site.get("/").status == 200
    (house.authorities / "localhost.crt").unlink()
    shutil.copy(house.folder / "certificates" / "stranger.crt", house.authorities)
    status, _, errors = house.verb("reload")
    assert status == 0, errors
    house.stranger.plays(serves)
    assert (site.get("/").status, house.sites["stranger.test"].get("/").status) == (502, 200)
