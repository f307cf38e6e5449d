"""HTTP backends: Python's standard library, a real nginx, and one that misbehaves."""
import contextlib
import hashlib
import os
import pathlib
import sys

import pytest

from backends import Program
from fault_backend import FaultBackend, HungUp, Talk
from house import House, opened, wait_until
from nginx import Nginx

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1024 * 1024
KEPT = "  KeepConnections = 4\n  KeepTime = 1s"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
NGINX = """
    server {
        listen 127.0.0.1:{port};
        keepalive_requests 2;
        location /told { return 200 "$request|$http_host|$http_x_forwarded_for|$http_connection|$connection"; }
        location /gone { return 404 "not here"; }
    }
"""


class Http(Program):
    def __init__(self):
        super().__init__("http")
        self.command = [sys.executable, str(HERE / "http_program.py"), str(self.socket)]


class HttpTalk(Talk):
    """A connection on which HTTP is spoken, as strictly as a backend should."""

    def read_request(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._exactly(1)
        self.head = head
        self.line, *lines = head[:-4].decode("latin-1").split("\r\n")
        self.fields = [tuple(line.split(": ", 1)) for line in lines]
        lengths = [value for name, value in self.fields if name.lower() == "content-length"]
        assert len(lengths) <= 1 and "transfer-encoding" not in str(self.fields).lower()
        self.body = self._exactly(int(lengths[0])) if lengths else b""
        return self

    def field(self, name):
        found = [value for other, value in self.fields if other.lower() == name.lower()]
        assert len(found) <= 1, f"{name} is told {len(found)} times"
        return found[0] if found else None


class HttpBackend(FaultBackend):
    talk = HttpTalk


@pytest.fixture(scope="module")
def house():
    house = House("http_backend")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 20M\n}}")
    with contextlib.ExitStack() as stack:
        house.python = stack.enter_context(Http())
        house.backend = stack.enter_context(HttpBackend())
        house.nginx = Nginx(house.backend.folder, NGINX)
        house.nginx.start()
        stack.callback(house.nginx.stop)

        def section(name, targets, more=""):
            house.section(
                f"FastCGIserver {{\n  FastCGIid = {name}\n  Protocol = http\n  ConnectTo = {targets}\n{more}\n}}"
            )
            house.host(f"{name}.test", f"  UseFastCGI = {name}\n  TimeForCGI = 8")

        section("python", house.python.socket, KEPT)
        section("nginx", f"127.0.0.1:{house.nginx.port}", KEPT)
        section("fault", f"127.0.0.1:{house.backend.port}")
        section("kept", house.backend.socket, KEPT)
        house.host(
            "rules.test",
            "\n".join(
                (
                    f"  ReverseProxy = ^/api/ 1 http://127.0.0.1:{house.nginx.port}/told keep-alive",
                    f"  ReverseProxy = ^/slow http://127.0.0.1:{house.backend.port} 1",
                    f"  ReverseProxy = ^/named http://localhost:{house.nginx.port}/told",
                    f"  ReverseProxy = ^/told {house.python.socket}",
                )
            ),
        ).put("page.txt", "of the house")
        house.host("closed.test", f"  ReverseProxy = . {house.python.socket}\n  AccessList = deny all")
        house.host("custom.test", "  UseFastCGI = fault\n  CustomHeaderBackend = X-Role: guest\n  TimeForCGI = 8")
        with opened(house):
            yield house


@pytest.fixture
def python(house):
    return house.sites["python.test"]


@pytest.fixture
def fault(house):
    yield house.sites["fault.test"]
    house.backend.wait_until_quiet()


def test_the_request_as_it_is_told(house, python):
    fields = [
        ("X-Two", "1"),
        ("X-Two", "2"),
        ("X-Forwarded-For", "6.6.6.6"),
        ("X_Forwarded_For", "6.6.6.6"),
        ("X-Real-IP", "6.6.6.6"),
        ("Connection", "x-secret"),
        ("X-Secret", "1"),
    ]
    told = python.get("/told?a=b%20c", fields=fields).body.decode()
    line, *rest = told.strip().split("\n")
    assert line == "GET /told?a=b%20c HTTP/1.1"
    assert rest == [
        "Host: python.test",
        "X-Two: 1",
        "X-Two: 2",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: python.test",
        'Forwarded: for=127.0.0.1;host="python.test";proto=http',
        "Via: 1.1 longhouse",
    ]


def test_the_administrator_speaks_for_the_client(house, fault):
    house.backend.plays(says(HELLO))
    assert house.sites["custom.test"].get("/", fields=[("x-role", "admin")]).body == b"hello"
    assert house.backend.last.field("X-Role") == "guest"


def test_nginx(house):
    site = house.sites["nginx.test"]
    answers = [site.get("/told/a?b=c") for _ in range(5)]
    request, _, forwarded, connection, first = answers[0].body.decode().split("|")
    assert (request, forwarded, connection) == ("GET /told/a?b=c HTTP/1.1", "127.0.0.1", "")
    assert answers[1].body.decode().split("|")[-1] == first  # kept
    assert answers[2].body.decode().split("|")[-1] != first  # nginx had ended it
    assert [answer.status for answer in answers] == [200] * 5
    assert (site.get("/gone").status, site.get("/gone").body) == (404, b"not here")
    assert site.get("/told", method="HEAD").body == b""


def test_a_rule_chooses_the_backend(house):
    site = house.sites["rules.test"]
    assert site.get("/page.txt").body == b"of the house"
    request, host, *_, connection = site.get("/api/a?b").body.decode().split("|")
    assert (request, host) == ("GET /told/a?b HTTP/1.1", "rules.test")
    assert site.get("/api/a?b").body.decode().split("|")[-1] == connection  # kept; now nginx ends it
    wait_until("localhost to be looked up", lambda: site.get("/named").status == 200)
    request, host, *_ = site.get("/named").body.decode().split("|")
    assert (request, host) == ("GET /told/named HTTP/1.1", f"localhost:{house.nginx.port}")
    assert site.get("/told").body.startswith(b"GET /told HTTP/1.1\nHost: rules.test\n")
    assert site.get("/told/../page.txt").status == 404  # by what was sent; asked for as it was judged
    assert house.sites["closed.test"].get("/told").status == 403


def test_a_rule_has_its_own_time_limit(house):
    site = house.sites["rules.test"]
    house.backend.plays(lambda talk: talk.read_request().waits_for_hangup())
    assert site.get("/slow").status == 504
    site.wait_for_error("the time limit of its ReverseProxy (1 s) is over")
    house.backend.wait_until_quiet()


def test_bodies_of_ten_megabytes(python):
    body = os.urandom(10 * MIB)
    assert python.get("/digest", method="POST", body=body).body.decode() == hashlib.sha256(body).hexdigest()
    answer = python.get(f"/chunks?{10 * MIB}")
    assert (len(answer.body), answer.complete) == (10 * MIB, True)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_body_of_unknown_length_for_any_client(python, version):
    answer = python.get("/chunks?300000", version=version)
    assert (len(answer.body), answer.complete) == (300000, True)


def test_a_chunked_body_is_sent_with_its_length(house, python):
    with house.visit() as visitor:
        visitor.send(
            b"POST /echo HTTP/1.1\r\nHost: python.test\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        )
        assert visitor.answer().body == b"hello world"


def test_connections_are_shared_by_clients(python):
    before = int(python.get("/connections").body)
    assert {int(python.get("/connections").body) for _ in range(20)} == {before}


def test_the_status_names_it(house):
    status, output, errors = house.verb("status")
    assert status == 0, errors
    assert "HTTP python" in output


# ---- one that misbehaves ----


def says(*parts):
    def act(talk):
        talk.read_request()
        talk.say(*parts)
        talk.waits_for_hangup()

    return act


def test_an_answer_split_at_every_byte(house, fault):
    whole = b"HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"

    def act(talk):
        for cut in range(1, len(whole)):
            talk.read_request()
            talk.say_apart(whole, cut)

    site = house.sites["kept.test"]
    house.backend.plays(act)
    for cut in range(1, len(whole)):
        answer = site.get("/split")
        assert (answer.status, answer.phrase, answer.body, answer.complete) == (201, "Made", b"body", True), cut
    house.backend.wait_until_quiet()
    assert len(house.backend.talks) == 1


@pytest.mark.parametrize(
    "said, words",
    [
        (b"220 mail.test ESMTP\r\n\r\n", "it does not begin with 'HTTP/'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "two different Content-Lengths"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "it has both"),
        (b"HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\n\r\n", "is refused"),
        (b"HTTP/1.1 200 OK\nX-A: 1\n\n", "does not end in CR LF"),
    ],
)
def test_an_answer_with_two_meanings_is_a_502(house, fault, said, words):
    house.backend.plays(says(said))
    answer = fault.get("/x", method="POST", body=b"")
    assert answer.status == 502
    fault.wait_for_error("HTTP fault", words)


def test_a_second_answer_reaches_nobody(house, fault):
    site = house.sites["kept.test"]
    house.backend.plays(says(HELLO, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"))
    assert site.get("/x").body == b"hello"
    house.backend.wait_until_quiet()
    house.backend.plays(lambda talk: talk.read_request().say(HELLO))
    assert site.get("/y").body == b"hello"
    assert len(house.backend.talks) == 1


def test_a_request_that_is_smuggled_is_none(house, fault):
    house.backend.plays(lambda talk: talk.read_request().say(HELLO))
    with house.visit() as visitor:
        visitor.send(
            b"POST /x HTTP/1.1\r\nHost: fault.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\nGET /evil HTTP/1.1\r\nHost: fault.test\r\n\r\n"
        )
        assert visitor.answer().status == 400
    assert not house.backend.talks


def test_one_that_dies_in_a_chunk_is_noticed(house, fault):
    house.backend.plays(
        lambda talk: talk.read_request().say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhell")
    )
    try:
        assert not fault.get("/x", method="POST", body=b"").complete
    except ConnectionError:
        pass  # cut before the head was out
    fault.wait_for_error("HTTP fault", "closed in the middle of its answer")


def test_a_client_that_leaves_ends_the_connection(house, fault):
    gone = []

    def act(talk):
        with contextlib.suppress(HungUp):
            talk.read_request()
            talk.say(b"HTTP/1.1 200 OK\r\n\r\nfirst")
            talk.waits_for_hangup()
        gone.append(talk)

    house.backend.plays(act)
    with house.visit() as visitor:
        visitor.request("GET", "/x", host="fault.test")
        wait_until("the backend to be asked", lambda: house.backend.talks)
    house.backend.wait_until_quiet()
    assert gone
