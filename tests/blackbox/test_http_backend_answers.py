"""What an HTTP backend says beside its answer: interim answers before it, fields behind its body."""
import base64
import contextlib
import gzip
import hashlib
import subprocess
import threading

import pytest

from h2wire import H2Visitor
from house import House, free_port, opened
from nginx import Nginx
from test_http_backend import HELLO, KEPT, Http, HttpBackend, says

HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nConnection: X-Own\r\nX-Own: 1\r\n\r\n"
LINK = ("link", "</style.css>; rel=preload")
IN_FRONT = """
    server {
        listen 127.0.0.1:{port};
        location / { proxy_pass http://127.0.0.1:HOUSE; proxy_http_version 1.1; proxy_set_header Host fault.test; }
    }
"""


@pytest.fixture(scope="module")
def house():
    house = House("http_answers")
    house.behind = free_port()
    words = "  Interface = 127.0.0.1\n  AcceptHTTP2 = prior-knowledge"
    house.section(f"Binding {{\n  Port = {house.port}\n{words}\n}}")
    house.section(f"Binding {{\n  Port = {house.behind}\n{words}\n  TrustedProxy = 127.0.0.1\n}}")
    house.option("CGIhandler = /bin/sh:sh")
    with contextlib.ExitStack() as stack:
        house.backend = stack.enter_context(HttpBackend())
        house.python = stack.enter_context(Http())
        house.nginx = Nginx(house.backend.folder, IN_FRONT.replace("HOUSE", str(house.behind)))
        rules = f"  ReverseProxy = ^/(page|gone)$ http://127.0.0.1:{house.backend.port} 5"
        house.host("fault.test", rules)
        for name, target, more in (
            ("pages", f"127.0.0.1:{house.backend.port}", "  Extension = php"),
            ("python", house.python.socket, KEPT),
        ):
            words = f"  FastCGIid = {name}\n  Protocol = http\n  ConnectTo = {target}\n{more}"
            house.section(f"FastCGIserver {{\n{words}\n}}")
        house.host("python.test", "  UseFastCGI = python")
        errors = "  ErrorHandler = 404:/gone.php\n  UseFastCGI = pages\n  ExecuteCGI = yes"
        site = house.host("errors.test", f"{errors}\n{rules}")
        site.put("away.sh", "printf 'Location: /gone\\n\\n'")
        site.put("gone.php", "for the backend to answer")
        with opened(house):
            house.nginx.start()
            stack.callback(house.nginx.stop)
            yield house


@pytest.fixture
def fault(house):
    yield house.sites["fault.test"]
    house.backend.wait_until_quiet()


@pytest.fixture(params=["1.1", "2"])
def get(house, request):
    """GET of a path of fault.test over either protocol."""

    def by_1(path, host="fault.test", fields=()):
        return house.get(path, host=host, fields=fields)

    def by_2(path, host="fault.test", fields=()):
        with H2Visitor(house.port, name=host) as visitor:
            return visitor.get(path, fields=fields)

    return by_1 if request.param == "1.1" else by_2


# ---- interim answers ----


def test_an_early_hint_is_there_before_the_answer(house, fault):
    seen = threading.Event()

    def act(talk):
        talk.read_request()
        talk.say(HINT)
        assert seen.wait(10)
        talk.say(HELLO)

    house.backend.plays(act)
    with house.visit() as visitor:
        visitor.request("GET", "/page", host="fault.test")
        hint = visitor.head()
        assert (hint.status, hint.phrase, hint.fields) == (103, "Early Hints", [LINK])
        seen.set()
        answer = visitor.answer()
        assert (answer.status, answer.body, answer["link"]) == (200, b"hello", None)
    house.backend.wait_until_quiet()

    seen.clear()
    house.backend.plays(act)
    with H2Visitor(house.port, name="fault.test") as visitor:
        stream = visitor.request("GET", "/page")
        while not visitor.answers[stream].interim:
            visitor.listen()
        assert visitor.answers[stream].hints == [LINK]
        seen.set()
        assert visitor.answer(stream).body == b"hello"


def test_all_that_was_said_before_the_answer_is_passed_on(house, fault, get):
    said = HINT + b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103\r\nLink: </b>\r\n\r\n"
    house.backend.plays(says(said + HELLO))
    answer = get("/page")
    assert (answer.interim, answer.hints) == ([103, 102, 103], [LINK, ("link", "</b>")])
    assert (answer.status, answer.body) == (200, b"hello")


def test_a_connection_goes_on_behind_it(house, fault):
    house.backend.plays(says(HINT + HELLO))
    with house.visit() as visitor:
        for _ in range(3):
            visitor.request("GET", "/page", host="fault.test")
            answer = visitor.answer()
            assert (answer.interim, answer.body) == ([103], b"hello")


def test_curl_and_nghttp_see_it(house, fault):
    house.backend.plays(says(HINT + HELLO))
    url = f"http://fault.test:{house.port}/page"
    resolve = ["--resolve", f"fault.test:{house.port}:127.0.0.1"]
    for version in ("--http1.1", "--http2-prior-knowledge"):
        done = subprocess.run(["curl", "-sSi", version, *resolve, url], capture_output=True, text=True, check=True)
        first, second, body = done.stdout.split("\n\n")
        assert "103" in first.splitlines()[0] and "style.css" in first
        assert "200" in second.splitlines()[0] and "style.css" not in second
        assert body == "hello"
    words = ["nghttp", "-v", "-H", ":authority: fault.test", f"http://127.0.0.1:{house.port}/page"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.index(":status: 103") < done.stdout.index(":status: 200")


def test_who_may_not_know_of_it_is_told_nothing(house, fault):
    house.backend.plays(says(HINT + HELLO))
    with house.visit() as visitor:
        visitor.request("GET", "/page", host="fault.test", version="1.0")
        answer = visitor.answer()
        assert (answer.interim, answer.status, answer.body) == ([], 200, b"hello")
    answer = house.get("/page", port=house.nginx.port)
    assert (answer.interim, answer.status, answer.body) == ([], 200, b"hello")


@pytest.mark.parametrize("path", ["/missing", "/away.sh"])
def test_what_nobody_asked_for_has_none(house, fault, get, path):
    house.backend.plays(says(HINT + HELLO))
    answer = get(path, host="errors.test")
    assert (answer.interim, answer.body) == ([], b"hello")


def test_interim_answers_without_end_are_a_502(house, fault, get):
    house.backend.plays(says(*[HINT] * 40))
    answer = get("/page")
    assert (answer.status, len(answer.interim)) == (502, 32)
    fault.wait_for_error("it has said 1xx more than 32 times")


def test_a_backend_that_leaves_behind_it_is_not_asked_again(house, fault):
    house.backend.plays(lambda talk: talk.read_request().say(HINT))
    answer = fault.get("/page")
    assert (answer.interim, answer.status) == ([103], 502)
    assert len(house.backend.talks) == 1


# ---- fields behind the body ----

WANTED = ("TE", "trailers")


def digest_of(body):
    return ("content-digest", f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:")


@pytest.mark.parametrize("size", [0, 5, 300000])
def test_fields_behind_the_body_are_passed_on(get, size):
    for _ in range(2):
        answer = get(f"/trailers?{size}", host="python.test", fields=[WANTED])
        assert (answer.status, answer.body, answer.complete) == (200, b"x" * size, True)
        assert answer.trailers == [("x-sum", str(size)), digest_of(answer.body), ("x-te", "trailers")]
        assert answer["trailer"] == "X-Sum, Content-Digest"


def test_over_http_2_nobody_has_to_ask(house):
    with H2Visitor(house.port, name="python.test") as visitor:
        assert visitor.get("/trailers?5").trailers == [("x-sum", "5"), digest_of(b"xxxxx"), ("x-te", "None")]


@pytest.mark.parametrize("version, fields", [("1.1", []), ("1.0", [WANTED])])
def test_who_does_not_read_them_gets_none(house, version, fields):
    answer = house.sites["python.test"].get("/trailers?300000", version=version, fields=fields)
    assert (len(answer.body), answer.complete, answer.trailers, answer["trailer"]) == (300000, True, [], None)


def test_what_is_compressed_has_no_digest_of_other_bytes(get):
    answer = get("/trailers?300000", host="python.test", fields=[WANTED, ("Accept-Encoding", "gzip")])
    assert dict(answer.fields)["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"x" * 300000
    assert answer.trailers == [("x-sum", "300000"), ("x-te", "trailers")]


def test_curl_and_nghttp_read_them(house):
    resolve = ["--resolve", f"python.test:{house.port}:127.0.0.1"]
    url = f"http://python.test:{house.port}/trailers?5"
    for version in ("--http1.1", "--http2-prior-knowledge"):
        words = ["curl", "-sS", "-D", "-", "-H", "TE: trailers", version, *resolve, url]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert "x-sum: 5" in done.stdout.lower() and "a=b" not in done.stdout
    words = ["nghttp", "-v", "-H", ":authority: python.test", f"http://127.0.0.1:{house.port}/trailers?5"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.index("x-sum: 5") > done.stdout.index("recv DATA")


def test_too_many_of_them_cut_the_answer(house, fault):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    house.backend.plays(says(chunked, b"0\r\n" + b"X-A: 1\r\n" * 101 + b"\r\n"))
    with contextlib.suppress(ConnectionError):  # perhaps before the head was out
        assert not fault.get("/page", fields=[WANTED]).complete
    fault.wait_for_error("more than 100 fields stand behind its body")
