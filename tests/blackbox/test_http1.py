"""HTTP/1.1 on the wire (RFC 9112): framing, keep-alive, limits of time and size."""
import select
import threading
import time

import pytest

from house import House, opened, wait_until

OK = b"hello\n"


@pytest.fixture(scope="module")
def house():
    house = House("http1")
    house.option("CGIextension = cgi")
    house.option("MaxUrlLength = 1000")
    house.option("MaxHeadSize = 8K")
    house.option("MaxFields = 50")
    house.section(
        f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  TimeForRequest = 1, 1\n"
        "  MaxKeepAlive = 5\n  MaxRequestSize = 100K\n}"
    )
    house.default.put("hello.txt", OK)
    programs = house.host("programs.test", "  ExecuteCGI = yes")
    programs.program("cgi_mirror", "mirror.cgi")
    programs.program("cgi_env", "env.cgi")
    with opened(house):
        yield house


def say(house, text, method="GET"):
    """Sends exactly this; the first answer, and whether the connection was closed after it."""
    with house.visit() as visitor:
        visitor.send(text)
        answer = visitor.answer(method)
        closed = answer["connection"] == "close"
        if closed:
            assert visitor.is_at_end()
        return answer, closed


GET = "GET /hello.txt HTTP/1.1\r\nHost: default.test\r\n"
POST = "POST /mirror.cgi HTTP/1.1\r\nHost: programs.test\r\n"

REFUSED = [
    ("length and coding", POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("coding and length", POST + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    ("differing lengths", POST + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456", 400),
    ("differing lengths in a list", POST + "Content-Length: 5, 6\r\n\r\n123456", 400),
    ("length with a sign", POST + "Content-Length: +5\r\n\r\n12345", 400),
    ("negative length", POST + "Content-Length: -5\r\n\r\n12345", 400),
    ("hexadecimal length", POST + "Content-Length: 0x5\r\n\r\n12345", 400),
    ("empty length", POST + "Content-Length:\r\n\r\n", 400),
    ("endless length", POST + "Content-Length: 99999999999999999999999\r\n\r\n", 400),
    ("length with a blank", POST + "Content-Length: 5 5\r\n\r\n12345", 400),
    ("blank before the colon", POST + "Content-Length : 5\r\n\r\n12345", 400),
    ("tab before the colon", GET + "X\t: 5\r\n\r\n", 400),
    ("unknown coding", POST + "Transfer-Encoding: gzip\r\n\r\n", 501),
    ("chunked before another", POST + "Transfer-Encoding: chunked, gzip\r\n\r\n", 501),
    ("chunked twice", POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("coding in quotes", POST + 'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 501),
    ("coding with a form feed", POST + "Transfer-Encoding: \x0cchunked\r\n\r\n0\r\n\r\n", 400),
    ("coding in 1.0", POST.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("folded line", GET + "X: a\r\n b\r\n\r\n", 400),
    ("folded first line", "GET /hello.txt HTTP/1.1\r\n Host: default.test\r\n\r\n", 400),
    ("bare LF after the request line", "GET /hello.txt HTTP/1.1\nHost: default.test\r\n\r\n", 400),
    ("bare LF after a field", "GET /hello.txt HTTP/1.1\r\nHost: default.test\n\r\n", 400),
    ("bare CR in a value", GET + "X: a\rb\r\n\r\n", 400),
    ("NUL in a value", GET + "X: a\0b\r\n\r\n", 400),
    ("NUL in a name", GET + "X\0Y: a\r\n\r\n", 400),
    ("no colon", GET + "nothing\r\n\r\n", 400),
    ("empty name", GET + ": a\r\n\r\n", 400),
    ("no Host", "GET /hello.txt HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", GET + "Host: default.test\r\n\r\n", 400),
    ("odd Host", "GET /hello.txt HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("Host with a user", "GET /hello.txt HTTP/1.1\r\nHost: u@default.test\r\n\r\n", 400),
    ("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("two blanks", "GET  /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("tab for a blank", "GET\t/hello.txt HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("control byte in the target", "GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("relative target", "GET hello.txt HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("asterisk without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("method is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("blank in front", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("version 2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("version 0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    ("version 1.2 is no name we know", "GET / HTTP/1.22\r\nHost: a\r\n\r\n", 400),
    ("small version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    ("no version", "GET /\r\n\r\n", 400),
    ("TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ("long target", f"GET /{'a' * 1100} HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ("endless request line", f"GET /{'a' * 9000}", 414),
    ("large head", GET + f"X: {'a' * 9000}\r\n\r\n", 431),
    ("many fields", GET + "X: a\r\n" * 60 + "\r\n", 431),
    ("expectation", GET + "Expect: miracles\r\n\r\n", 417),
    ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405),
    ("CONNECT with a body", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 3\r\n\r\nabc", 400),
    ("too large", POST + "Content-Length: 200000\r\n\r\n", 413),
]


@pytest.mark.parametrize("text, status", [(t, s) for _, t, s in REFUSED], ids=[n for n, _, _ in REFUSED])
def test_what_is_refused_closes_the_connection(house, text, status):
    answer, closed = say(house, text)
    assert answer.status == status
    assert closed


CHUNKS_REFUSED = [
    ("no size", "\r\nabc\r\n0\r\n\r\n"),
    ("no digit", "g\r\nabc\r\n0\r\n\r\n"),
    ("sign", "+3\r\nabc\r\n0\r\n\r\n"),
    ("0x", "0x3\r\nabc\r\n0\r\n\r\n"),
    ("too many digits", "00000000000000003\r\nabc\r\n0\r\n\r\n"),
    ("over the top", "ffffffffffffffff\r\nabc"),
    ("bare LF", "3\nabc\r\n0\r\n\r\n"),
    ("bare LF after the data", "3\r\nabc\n0\r\n\r\n"),
    ("longer than its size", "3\r\nabcd\r\n0\r\n\r\n"),
    ("bare CR in an extension", "3;a=\rb\r\nabc\r\n0\r\n\r\n"),
    ("trailer is no field", "3\r\nabc\r\n0\r\nnothing\r\n\r\n"),
    ("trailer is folded", "3\r\nabc\r\n0\r\nX: a\r\n b\r\n\r\n"),
]


@pytest.mark.parametrize("text", [t for _, t in CHUNKS_REFUSED], ids=[n for n, _ in CHUNKS_REFUSED])
def test_bad_chunks_never_end_well(house, text):
    with house.visit() as visitor:
        visitor.send(POST + "Transfer-Encoding: chunked\r\n\r\n" + text)
        try:
            answer = visitor.answer()
        except ConnectionError:
            return
        assert answer.status in (400, 413) or not answer.complete
        assert visitor.is_at_end()


@pytest.mark.parametrize(
    "text",
    [
        "3\r\nabc\r\n0\r\n\r\n",
        "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
        "3;name=value\r\nabc\r\n0\r\n\r\n",
        '3;name="a;b"\r\nabc\r\n0;last\r\n\r\n',
        "3 ; n\r\nabc\r\n0\r\n\r\n",
        "003\r\nabc\r\n000\r\n\r\n",
        "3\r\nabc\r\n0\r\nX-Trailer: a\r\nContent-Length: 9\r\n\r\n",
    ],
)
def test_chunked_requests(house, text):
    with house.visit() as visitor:
        for _ in range(2):  # the second one shows that the first one's end was seen
            visitor.send(POST + "Transfer-Encoding: chunked\r\n\r\n" + text)
            answer = visitor.answer()
            assert (answer.status, answer.body) == (200, b"abc")


def test_a_chunked_body_byte_by_byte(house):
    with house.visit() as visitor:
        text = POST + "Transfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nT: v\r\n\r\n"
        for byte in text.encode():
            visitor.send(bytes([byte]))
        assert visitor.answer().body == b"abc"


def test_a_chunked_body_over_the_limit(house):
    with house.visit() as visitor:
        visitor.send(POST + "Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(20):
            visitor.send(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        visitor.send(b"0\r\n\r\n")
        answer = visitor.answer()
        assert answer.status == 413
        assert visitor.is_at_end()


# ---- one connection, several requests ----


def test_pipelined_requests_are_answered_in_order(house):
    with house.visit() as visitor:
        visitor.send(
            POST + "Content-Length: 3\r\n\r\none" + GET + "\r\n" + POST + "Content-Length: 5\r\n\r\nthree"
        )
        assert [visitor.answer().body for _ in range(3)] == [b"one", OK, b"three"]


def test_pipelined_head_and_get(house):
    with house.visit() as visitor:
        visitor.send(GET.replace("GET", "HEAD") + "\r\n" + GET + "\r\n")
        assert visitor.answer("HEAD")["content-length"] == "6"
        assert visitor.answer().body == OK


def test_the_body_of_a_refused_post_is_not_the_next_request(house):
    smuggled = GET.replace("/hello.txt", "/smuggled") + "\r\n"
    with house.visit() as visitor:
        visitor.send(f"POST /hello.txt HTTP/1.1\r\nHost: default.test\r\nContent-Length: {len(smuggled)}\r\n\r\n")
        visitor.send(smuggled + GET + "\r\n")
        assert visitor.answer().status == 405
        assert visitor.answer().body == OK
    assert "/smuggled" not in house.default.access_log()


def test_empty_lines_before_a_request(house):
    answer, closed = say(house, "\r\n\r\n" + GET + "\r\n")
    assert answer.body == OK and not closed


def test_max_keep_alive(house):
    with house.visit() as visitor:
        for i in range(6):  # the first one, and five times more
            visitor.request("GET", "/hello.txt")
            answer = visitor.answer()
            assert (answer["connection"] == "close") == (i == 5)
        assert visitor.is_at_end()


@pytest.mark.parametrize(
    "version, connection, kept",
    [
        ("1.1", None, True),
        ("1.1", "close", False),
        ("1.1", "Close", False),
        ("1.1", "x, close", False),
        ("1.1", "keep-alive", True),
        ("1.0", None, False),
        ("1.0", "keep-alive", True),
        ("1.0", "Keep-Alive, x", True),
        ("1.0", "close", False),
    ],
)
def test_keep_alive(house, version, connection, kept):
    with house.visit() as visitor:
        fields = [("Connection", connection)] if connection else []
        visitor.request("GET", "/hello.txt", version=version, fields=fields)
        answer = visitor.answer()
        assert answer.body == OK
        if not kept:
            assert answer["connection"] == "close" and visitor.is_at_end()
        else:
            if version == "1.0":
                assert answer["connection"].lower() == "keep-alive"
            visitor.request("GET", "/hello.txt")
            assert visitor.answer().body == OK


def test_a_program_and_a_client_of_1_0(house):
    answer = house.get("/mirror.cgi", host="programs.test", method="POST", body=b"abc", version="1.0")
    assert answer["transfer-encoding"] is None and answer.body == b"abc"


# ---- forms of the target ----


def test_absolute_form(house):
    answer, _ = say(house, "GET http://default.test/hello.txt HTTP/1.1\r\nHost: default.test\r\n\r\n")
    assert answer.body == OK
    answer, _ = say(house, "GET HTTP://default.test:80/hello.txt?x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.body == OK


def test_options_of_the_whole_house(house):
    answer, closed = say(house, "OPTIONS * HTTP/1.1\r\nHost: default.test\r\n\r\n", "OPTIONS")
    assert answer.status in (200, 204) and not closed
    assert "GET" in answer["allow"]


def test_trace_is_off(house):
    answer, _ = say(house, "TRACE / HTTP/1.1\r\nHost: default.test\r\nX-Secret: 1\r\n\r\n")
    assert answer.status == 405 and b"X-Secret" not in answer.body
    assert "GET" in answer["allow"]  # RFC 9110 15.5.6: a 405 has it, always


@pytest.mark.parametrize(
    "text, word",
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"r" * 300, "plain HTTP"),
        (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00", "no HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP"),
        (b"EHLO mail.test\r\n", "no HTTP"),
        (b"GET /\r\n", "no HTTP"),
    ],
    ids=["TLS", "old SSL", "SSH", "SMTP", "HTTP/0.9"],
)
def test_another_protocol_is_told_at_once(house, text, word):
    with house.visit() as visitor:
        begun = time.monotonic()
        visitor.send(text)  # and no end of a head in it
        answer = visitor.answer()
        assert answer.status == 400 and answer["connection"] == "close"
        assert time.monotonic() - begun < 0.9  # the time limit is 1 s
    request_id = answer.text.partition("request ")[2].partition("<")[0].strip()
    house.default.wait_for_error(word, request_id)


def test_any_method_reaches_a_program(house):
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "BREW"):
        answer = house.get("/env.cgi", host="programs.test", method=method, body=b"x")
        assert answer.status == 200
        assert answer.facts("env")["REQUEST_METHOD"] == method


# ---- 100 Continue ----


def test_continue_is_said_when_the_body_is_wanted(house):
    with house.visit() as visitor:
        visitor.send(POST + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert visitor.first_bytes(25).startswith(b"HTTP/1.1 100 ")
        visitor.send("abc")
        answer = visitor.answer()
        assert (answer.interim, answer.status, answer.body) == ([100], 200, b"abc")


@pytest.mark.parametrize(
    "head, status",
    [
        ("POST /none HTTP/1.1\r\nHost: default.test\r\nContent-Length: 3\r\n", 404),
        ("POST /hello.txt HTTP/1.1\r\nHost: default.test\r\nContent-Length: 3\r\n", 405),
        (POST + "Content-Length: 900000\r\n", 413),
    ],
)
def test_continue_is_not_said_when_the_body_is_not_wanted(house, head, status):
    with house.visit() as visitor:
        visitor.send(head + "Expect: 100-continue\r\n\r\n")
        answer = visitor.answer()
        assert answer.interim == [] and answer.status in (status, 405)


def test_continue_is_not_said_after_the_body(house):
    with house.visit() as visitor:
        visitor.send(POST + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc")
        answer = visitor.answer()
        assert (answer.status, answer.body) == (200, b"abc")


# ---- time ----


def test_a_slow_head_is_answered_408(house):
    with house.visit() as visitor:
        begun = time.monotonic()
        visitor.send("GET /hello.txt HTTP/1.1\r\nHost: def")
        answer = visitor.answer()
        assert answer.status == 408 and answer["connection"] == "close"
        assert visitor.is_at_end()
        assert 0.9 < time.monotonic() - begun < 3


def test_an_idle_connection_is_closed_in_silence(house):
    with house.visit() as visitor:
        visitor.request("GET", "/hello.txt")
        assert visitor.answer().status == 200
        assert visitor.is_at_end()


def test_a_head_byte_by_byte_is_no_way_round_the_limit(house):
    with house.visit() as visitor:
        begun = time.monotonic()
        try:
            for byte in (GET + "X: " + "a" * 100).encode():
                visitor.send(bytes([byte]))
                if select.select([visitor.socket], [], [], 0.02)[0]:  # a slow sender: that is the test
                    break
            visitor.answer()
        except ConnectionError:
            pass
        assert time.monotonic() - begun < 3


# ---- the end ----


def test_the_answer_arrives_although_the_body_is_not_read(house):
    """A close with unread bytes would reset the connection and could overtake the answer."""
    for _ in range(5):
        with house.visit() as visitor:
            visitor.send(POST.replace("/mirror.cgi", "/none") + "Content-Length: 90000\r\n\r\n")
            visitor.send(b"x" * 40000)
            answer = visitor.answer()
            assert answer.status == 404 and answer.complete


def test_the_413_arrives_while_the_client_still_sends(house):
    with house.visit() as visitor:
        visitor.send(POST + "Content-Length: 1000000\r\n\r\n")
        try:
            for _ in range(10):
                visitor.send(b"x" * 100000)
        except ConnectionError:
            pytest.fail("reset before the answer could be read")
        answer = visitor.answer()
        assert answer.status == 413 and answer.complete


def test_ten_thousand_pipelined_requests(new_house):
    house = new_house("pipeline")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxKeepAlive = 20000\n}}")
    house.default.put("hello.txt", OK)
    house.start()
    with house.visit() as visitor:
        requests = (GET + "\r\n") * 9999 + GET + "Connection: close\r\n\r\n"
        writer = threading.Thread(target=visitor.send, args=(requests,))
        writer.start()
        for _ in range(10000):
            assert visitor.answer().body == OK
        writer.join()
        assert visitor.is_at_end()


def test_a_client_that_asks_much_and_reads_nothing(new_house):
    """Its answers wait in its own connection: what it may still send is bounded by what it reads."""
    house = new_house("greedy")
    house.option("SocketSendTimeout = 1")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxKeepAlive = 1000000\n}}")
    house.default.put("hello.txt", OK)
    house.start()
    with house.visit(timeout_s=0.5) as visitor:
        sent = 0
        try:
            while sent < 50_000_000:
                sent += visitor.socket.send((GET + "\r\n").encode() * 1000)
        except OSError:
            pass
        assert sent < 50_000_000
    assert house.get("/hello.txt").body == OK


def test_half_closed_clients_get_their_answer(house):
    with house.visit() as visitor:
        visitor.send(GET + "\r\n")
        visitor.socket.shutdown(1)
        assert visitor.answer().body == OK
        assert visitor.is_at_end()


def test_connections_that_say_nothing(house):
    for _ in range(20):
        with house.visit():
            pass
        with house.visit() as visitor:
            visitor.send(b"GET / HT")
            visitor.reset()
    assert house.get("/hello.txt").body == OK


def test_too_many_connections_are_told(new_house):
    house = new_house("crowd")
    house.option("ConnectionsPerIP = 3")
    house.default.put("hello.txt", OK)
    house.start()
    wait_until("who looked whether it is there to be gone", lambda: house.status()["connections_now"] == 0)
    held = [house.visit() for _ in range(3)]
    for visitor in held:
        visitor.request("GET", "/hello.txt")
        assert visitor.answer().status == 200
    with house.visit() as visitor:
        visitor.request("GET", "/hello.txt")
        assert visitor.answer().status in (429, 503)
    for visitor in held:
        visitor.request("GET", "/hello.txt")
        assert visitor.answer().status == 200
        visitor.close()
