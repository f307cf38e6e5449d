"""HTTP/2: by ALPN and by prior knowledge, the answers of HTTP/1.1, bodies both ways, and clients that misbehave."""
import hashlib
import os
import re
import subprocess

import pytest

import h2wire
from backends import Worker
from h2wire import ENHANCE_YOUR_CALM, Frames, H2Visitor, frame
from house import House, free_port, open_folder, opened, wait_until
from test_reload import reload, settled
from test_tls import SecureVisitor, make_certificate

BIG = bytes(range(256)) * 4096 * 2
GET = b"\x82\x84\x86\x41\x0cdefault.test"  # :method GET, :path /, :scheme http, :authority


@pytest.fixture(scope="module")
def house():
    folder = open_folder("http2")
    certificate = make_certificate(folder, "default.test")
    house = House("http2")
    house.certificate = folder / "default.test.crt"
    house.tls_port, house.plain_port, house.old_port = free_port(), free_port(), free_port()
    words = "  Interface = 127.0.0.1\n  MaxRequestSize = 64M"
    house.section(f"Binding {{\n  Port = {house.port}\n{words}\n  AcceptHTTP2 = prior-knowledge\n}}")
    house.section(f"Binding {{\n  Port = {house.tls_port}\n{words}\n  TLScertFile = {certificate}\n}}")
    house.section(f"Binding {{\n  Port = {house.plain_port}\n{words}\n}}")
    old = f"  TLScertFile = {certificate}\n  AcceptHTTP2 = no"
    house.section(f"Binding {{\n  Port = {house.old_port}\n{words}\n{old}\n}}")
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("ExecuteCGI = yes")
    house.option("TimeForCGI = 10")
    site = house.default
    site.put("hello.txt", b"hello\n")
    site.put("index.html", b"<p>home</p>")
    site.put("big.bin", BIG)
    site.put("folder/index.html", b"inside")
    site.put("late.sh", "printf 'Content-Type: text/plain\\n\\none\\n'; sleep 1; echo two")
    site.put("status.sh", "printf 'Status: 418 Tea\\nX-A: 1\\nSet-Cookie: a=1\\nSet-Cookie: b=2\\n\\nshort and stout'")
    site.put("short.sh", "printf 'Content-Length: 100\\n\\nshort'")
    site.put("nohead.sh", "exit 3")
    site.put("redirect.sh", "printf 'Location: /hello.txt\\n\\n'")
    site.put("count.sh", "printf 'Content-Type: text/plain\\n\\n'; echo length=$CONTENT_LENGTH; wc -c")
    site.program("cgi_env")
    site.program("cgi_mirror")
    with Worker("echo") as echo:
        house.section(f"FastCGIserver {{\n  FastCGIid = echo\n  ConnectTo = {echo.socket}\n}}")
        house.host("echo.test", "  UseFastCGI = echo")
        with opened(house):
            yield house
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture(params=["plain", "tls"])
def visitor(house, request):
    secure = request.param == "tls"
    with H2Visitor(house.tls_port if secure else house.port, secure) as visitor:
        yield visitor


# ---- the same answers ----

REQUESTS = [
    ("GET", "/hello.txt", [], None),
    ("HEAD", "/hello.txt", [], None),
    ("GET", "/", [], None),
    ("GET", "/folder", [], None),
    ("GET", "/nothing", [], None),
    ("GET", "/a%2fb", [], None),
    ("GET", "/%00", [], None),
    ("GET", "/" + "x" * 9000, [], None),
    ("GET", "/big.bin", [], None),
    ("GET", "/big.bin", [("Range", "bytes=1000-300000")], None),
    ("GET", "/hello.txt", [("Range", "bytes=1-1,3-3")], None),
    ("GET", "/hello.txt", [("Range", "bytes=99-")], None),
    ("GET", "/hello.txt", [("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")], None),
    ("GET", "/hello.txt", [("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT")], None),
    ("POST", "/hello.txt", [], b"abc"),
    ("BREW", "/hello.txt", [], None),
    ("TRACE", "/hello.txt", [], None),
    ("OPTIONS", "/hello.txt", [], None),
    ("OPTIONS", "*", [], None),
    ("GET", "/hello.txt", [("Expect", "cake")], None),
    ("GET", "/hello.txt", [(f"X-{i}", "y") for i in range(150)], None),
    ("GET", "/hello.txt", [("X-Large", "y" * 20000)], None),
    ("GET", "/status.sh", [], None),
    ("HEAD", "/status.sh", [], None),
    ("GET", "/nohead.sh", [], None),
    ("GET", "/redirect.sh", [], None),
    ("POST", "/count.sh", [], b"x" * 100000),
    ("GET", "/mirror.cgi", [], None),
    ("POST", "/mirror.cgi", [], BIG[:300000]),
]


def comparable(target, answer):
    """Without what speaks about the connection, and what is drawn for each request. Whether the length of a program's
    answer is known when its head goes out is a matter of moments."""
    apart = ["connection", "transfer-encoding", "date", "keep-alive"]
    if re.search(r"\.(sh|cgi)", target):
        apart.append("content-length")
    drawn = re.compile(r"\b[0-9a-z]{13}\b|longhouse-\w+|(?<=boundary=)\S+|(?<=^--)\S+", re.MULTILINE)
    fields = sorted((name, drawn.sub("DRAWN", value)) for name, value in answer.fields if name not in apart)
    return answer.status, fields, drawn.sub("DRAWN", answer.body.decode("latin-1"))


@pytest.mark.parametrize(("method", "target", "fields", "body"), REQUESTS, ids=lambda v: str(v)[:24])
def test_the_answers_are_those_of_http_1(house, method, target, fields, body):
    over_1 = comparable(target, house.get(target, method=method, fields=fields, body=body))
    with H2Visitor(house.port) as visitor:
        over_2 = comparable(target, visitor.get(target, method, fields=fields, body=body))
    assert over_1 == over_2


@pytest.mark.parametrize("target", ["/env.cgi?a=b", "/echo?a=b"])
def test_programs_see_the_same(house, target):
    host = "echo.test" if "echo" in target else "default.test"
    apart = ("SERVER_PROTOCOL", "REMOTE_PORT", "UNIQUE_ID", "HTTP_CONNECTION", "REQUEST_ID", "LONGHOUSE_PROGRAM")
    fields = [("Cookie", "a=1; b=2"), ("X-Odd_Name", "v"), ("Authorization", "Bearer x")]

    def known(answer):
        lines = [line for line in answer.text.splitlines() if line.startswith(("env.", "param.", "arg."))]
        return sorted(line for line in lines if not any(word in line for word in apart))

    over_1 = house.get(target, host=host, fields=fields)
    with H2Visitor(house.port) as visitor:
        over_2 = visitor.get(target, host=host, fields=fields)
    assert known(over_1) == known(over_2)
    assert over_2.status == 200 and "SERVER_PROTOCOL=HTTP/2.0" in over_2.text


def test_cookie_crumbs_are_one_again(house):
    with H2Visitor(house.port) as visitor:
        answer = visitor.get("/env.cgi", fields=[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")])
    assert answer.facts("env")["HTTP_COOKIE"] == "a=1; b=2"


def test_the_log_names_the_protocol(house, visitor):
    assert visitor.get("/hello.txt?for-the-log").status == 200
    wait_until("a line", lambda: "GET /hello.txt?for-the-log HTTP/2.0" in house.default.access_log())


def test_an_answer_that_breaks_off_is_a_reset(visitor):
    stream = visitor.request("GET", "/short.sh")
    assert visitor.answer(stream).body == b"short" and not visitor.answer(stream).complete
    assert visitor.resets[stream] == 2  # INTERNAL_ERROR
    assert visitor.get("/hello.txt").body == b"hello\n"


# ---- bodies ----


@pytest.mark.parametrize("announced", [True, False])
def test_an_upload_arrives_as_it_is(visitor, announced):
    body = os.urandom(3_000_000)
    if announced:
        answer = visitor.get("/mirror.cgi", "POST", body=body)
    else:
        stream = visitor.request("POST", "/mirror.cgi", fields=(), end=False)
        visitor.send_body(stream, body)
        answer = visitor.answer(stream)
    assert answer.status == 200
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(body).digest()


def test_an_unknown_length_is_known_to_the_program(visitor):
    stream = visitor.request("POST", "/count.sh", end=False)
    visitor.send_body(stream, b"x" * 70000)
    assert visitor.answer(stream).text.split() == ["length=70000", "70000"]


def test_an_upload_to_fastcgi(house, visitor):
    body = b"y" * 500_000
    answer = visitor.get("/echo", "POST", host="echo.test", body=body)
    assert answer.status == 200 and "param.CONTENT_LENGTH=500000" in answer.text


def test_100_continue(visitor):
    stream = visitor.request(
        "POST", "/count.sh", fields=[("expect", "100-continue"), ("content-length", "5")], end=False
    )
    while not visitor.answers[stream].interim:
        visitor.listen()
    visitor.send_body(stream, b"12345")
    assert visitor.answer(stream).text.split() == ["length=5", "5"]


def test_a_hundred_requests_beside_a_slow_one(house):
    with H2Visitor(house.tls_port, secure=True) as visitor:
        slow = visitor.request("GET", "/late.sh")
        others = [visitor.request("GET", "/hello.txt") for _ in range(99)]
        for stream in others:
            assert visitor.answer(stream).body == b"hello\n"
        assert not visitor.answers[slow].complete
        assert visitor.answer(slow).body == b"one\ntwo\n"


def test_a_client_that_takes_one_back_ends_its_program_only(house, visitor):
    stream = visitor.request("GET", "/late.sh")
    while not visitor.answers[stream].body:
        visitor.listen()
    visitor.h2.reset_stream(stream, 8)
    visitor.flush()
    assert visitor.get("/hello.txt").status == 200
    wait_until("no program", lambda: not house.programs(), 0.8)


# ---- who speaks what ----


def curl(*words):
    done = subprocess.run(["curl", "-sS", "-w", " %{http_version}", *words], capture_output=True, check=False)
    return done.stdout.decode(), done.stderr.decode()


def test_curl(house):
    secure = ["--cacert", house.certificate, "--resolve", f"default.test:{house.tls_port}:127.0.0.1"]
    assert curl(*secure, f"https://default.test:{house.tls_port}/hello.txt") == ("hello\n 2", "")
    assert curl(*secure, "--http1.1", f"https://default.test:{house.tls_port}/hello.txt") == ("hello\n 1.1", "")
    plain = f"http://127.0.0.1:{house.port}/hello.txt"
    assert curl("--http2-prior-knowledge", plain) == ("hello\n 2", "")
    assert curl("--http2", plain) == ("hello\n 1.1", "")  # no upgrade (RFC 9113 3.1)
    assert curl("--http1.1", plain) == ("hello\n 1.1", "")


def test_curl_hears_a_refusal_of_its_upload(house, tmp_path):
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(70 << 20)
    output, errors = curl("--http2-prior-knowledge", "-T", large, f"http://127.0.0.1:{house.port}/count.sh")
    assert "413" in output, errors


def test_it_is_not_spoken_where_nobody_said_so(house):
    assert curl("-k", f"https://127.0.0.1:{house.old_port}/hello.txt") == ("hello\n 1.1", "")
    with house.visit(house.plain_port) as visitor:
        visitor.send(h2wire.PREFACE)
        assert visitor.answer().status == 505


def test_h2load(house):
    done = subprocess.run(
        ["h2load", "-n", "2000", "-c", "10", "-m", "50", f"https://127.0.0.1:{house.tls_port}/hello.txt"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "2000 succeeded, 0 failed, 0 errored" in done.stdout


def test_alpn_and_http_1_clients(house):
    with SecureVisitor(house.tls_port) as visitor:  # asks for nothing
        visitor.request("GET", "/hello.txt")
        assert visitor.answer().body == b"hello\n"


# ---- reload and stop ----


@pytest.fixture
def small(new_house):
    house = new_house("http2-life")
    house.binding = f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  AcceptHTTP2 = prior-knowledge\n}}"
    house.section(house.binding)
    house.option("CGIhandler = /bin/sh:sh")
    house.option("ExecuteCGI = yes")
    house.default.put("hello.txt", b"hello\n")
    house.default.put("late.sh", "printf 'Content-Type: text/plain\\n\\none\\n'; sleep 0.6; echo two")
    return house.start()


def until_first_bytes(visitor, stream):
    while not visitor.answers[stream].body:
        visitor.listen()


def test_a_reload_within_an_answer_is_no_end(small):
    with H2Visitor(small.port) as visitor:
        slow = visitor.request("GET", "/late.sh")
        until_first_bytes(visitor, slow)
        small.option("CustomHeader = X-Made: by the new one")
        reload(small)
        answer = visitor.get("/hello.txt")
        assert answer.body == b"hello\n" and answer["x-made"] == "by the new one"
        assert visitor.answer(slow).body == b"one\ntwo\n" and visitor.goaway is None
        settled(small)


def test_where_it_is_not_spoken_any_more_it_ends_in_peace(small):
    with H2Visitor(small.port) as visitor:
        slow = visitor.request("GET", "/late.sh")
        until_first_bytes(visitor, slow)
        small.sections[0] = small.binding.replace("prior-knowledge", "no")
        reload(small)
        assert visitor.answer(slow).body == b"one\ntwo\n"
        while not visitor.ended:
            visitor.listen()
        assert visitor.goaway == 0
    assert small.get("/hello.txt").status == 200


def test_a_stop_waits_for_the_answers(small):
    with H2Visitor(small.port) as visitor:
        slow = visitor.request("GET", "/late.sh")
        until_first_bytes(visitor, slow)
        small.process.terminate()
        assert visitor.answer(slow).body == b"one\ntwo\n"
        while not visitor.ended:
            visitor.listen()
        assert visitor.goaway == 0
    assert small.process.wait(10) == 0


def test_who_wears_it_out_is_banned_if_asked_for(small):
    small.option("BanOnGarbage = 1h")
    reload(small)
    with Frames(small.port) as client:
        client.send(ping_flood())
        assert client.last_error() == ENHANCE_YOUR_CALM
    wait_until("a ban", lambda: "127.0.0.1 is banned for 1:00:00 h" in small.system_log())
    with H2Visitor(small.port) as visitor:
        assert visitor.get("/hello.txt").status == 429
        while not visitor.ended:
            visitor.listen()
        assert visitor.goaway == 0


# ---- who wears the house out ----


def settings_flood():
    return frame(h2wire.SETTINGS) * 3000


def ping_flood():
    return frame(h2wire.PING, payload=b"12345678") * 3000


def continuation_flood():
    return frame(h2wire.HEADERS, 0, 1, GET) + frame(h2wire.CONTINUATION, 0, 1, b"\x00\x01a\x01b" * 100) * 500


def rapid_reset():
    return b"".join(
        frame(h2wire.HEADERS, 5, stream, GET) + frame(h2wire.RST_STREAM, 0, stream, b"\0\0\0\x08")
        for stream in range(1, 2001, 2)
    )


def empty_data_flood():
    return frame(h2wire.HEADERS, 4, 1, GET) + frame(h2wire.DATA, 0, 1) * 3000


def header_bomb():
    large = b"\x40\x01b\x7f\x81\x1e" + b"x" * 4000
    return frame(h2wire.HEADERS, 5, 1, GET + large + b"\xbe" * 9000)


@pytest.mark.parametrize(
    "flood", [settings_flood, ping_flood, continuation_flood, rapid_reset, empty_data_flood, header_bomb]
)
def test_a_flood_ends_the_connection(house, flood):
    before = house.system_log().count("HTTP/2 from 127.0.0.1")
    with Frames(house.port) as client:
        client.send(flood())
        assert client.last_error() == ENHANCE_YOUR_CALM
    wait_until("one line", lambda: house.system_log().count("HTTP/2 from 127.0.0.1") == before + 1)
    assert house.get("/hello.txt").status == 200
