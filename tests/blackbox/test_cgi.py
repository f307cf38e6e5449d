"""CGI programs: perl, python, sh and C; what they are given, and every way in which they may end."""
import os
import threading
import time

import family
import pytest

from house import House, opened, wait_until

MIB = 1024 * 1024


def fill(site):
    site.copy("cgi")
    for name in ("env", "mirror", "deaf", "early", "stubborn", "min"):
        site.program(f"cgi_{name}")


@pytest.fixture(scope="module")
def house():
    house = House("cgi")
    house.option("CGIhandler = /usr/bin/perl:pl")
    house.option("CGIhandler = /usr/bin/python3:py")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("CGIextension = cgi")
    house.option("KillGrace = 300ms")
    house.section(
        f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  BindingId = outer\n"
        "  MaxRequestSize = 20M\n}"
    )
    site = house.host("cgi.test", "  ExecuteCGI = yes\n  TimeForCGI = 30\n  StartFile = index.cgi, index.html")
    fill(site)
    site.program("cgi_env", "index.cgi")
    site.put("noexec.cgi", "#!/bin/sh\necho\n", 0o644)
    site.put("badinterpreter.cgi", "#!/no/such/interpreter\n", 0o755)
    site.put("nointerpreter.cgi", "echo no interpreter named\n", 0o755)
    site.put("crlf.cgi", "#!/bin/sh\r\necho\r\n", 0o755)
    site.put("noread.py", "print()", 0o000)
    site.put("folder.cgi/x", "a folder with a program's name")
    site.put("data.txt", "not a program")
    site.link("outside.py", "/etc/hostname")
    site.link("folder/inside.py", "where.py")
    os.mkfifo(site.root / "fifo.py")

    slow = house.host("slow.test", "  ExecuteCGI = yes\n  TimeForCGI = 1")
    fill(slow)
    info = house.host("info.test", "  ExecuteCGI = yes\n  EnablePathInfo = yes\n  Setenv COLOUR = blue green\n  Setenv SERVER_NAME = overruled")
    fill(info)
    off = house.host("off.test")
    fill(off)
    for plain in (site, off):
        plain.put("real.py", "print('the source')\n")
        plain.link("page.txt", "real.py")
        plain.link("page.html", "page.txt")
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["cgi.test"]


def programs_of(site):
    return [pid for pid in family.with_words(str(site.root)) if family.is_alive(pid)]


# ---- the four kinds ----


@pytest.mark.parametrize(
    "target, body",
    [
        ("/hello.pl", "hello from perl\n"),
        ("/hello.py", "hello from python\n"),
        ("/hello.sh", "hello from sh\n"),
        ("/min.cgi", "hello from C\r\n"),
    ],
)
def test_hello(site, target, body):
    answer = site.get(target)
    assert (answer.status, answer.text) == (200, body)
    assert answer["content-type"] == "text/plain"


def test_head_runs_the_program_and_sends_no_body(house, site):
    with house.visit() as visitor:
        visitor.request("HEAD", "/hello.py", host=site.name)
        assert visitor.answer("HEAD").status == 200
        visitor.request("GET", "/hello.py", host=site.name)
        assert visitor.answer().text == "hello from python\n"


def test_many_at_once(house, site):
    failed = []

    def visit():
        for target in ("/hello.sh", "/min.cgi", "/mirror.cgi"):
            answer = site.get(target, method="POST", body=b"x" * 1000)
            if answer.status != 200:
                failed.append(answer)

    threads = [threading.Thread(target=visit) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


# ---- what a program is given ----


def test_the_variables(house, site):
    answer = site.get(
        "/env.cgi?a=%20b&c",
        method="POST",
        body=b"12345",
        fields=[
            ("Content-Type", "text/x-test"),
            ("User-Agent", "tester"),
            ("Cookie", "a=1"),
            ("Cookie", "b=2"),
            ("X-Two", "one"),
            ("X-Two", "two"),
            ("X_Hidden", "hides behind X-Hidden"),
            ("Proxy", "evil.test"),
            ("Authorization", "Basic secret"),
            ("Content-Length-X", "7"),
        ],
    )
    env = answer.facts("env")
    expected = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": "/env.cgi?a=%20b&c",
        "SCRIPT_NAME": "/env.cgi",
        "SCRIPT_FILENAME": f"{site.root}/env.cgi",
        "DOCUMENT_ROOT": str(site.root),
        "QUERY_STRING": "a=%20b&c",
        "CONTENT_LENGTH": "5",
        "CONTENT_TYPE": "text/x-test",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_ADDR": "127.0.0.1",
        "SERVER_PORT": str(house.port),
        "SERVER_NAME": "cgi.test",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_BINDING": "outer",
        "REDIRECT_STATUS": "200",
        "REQUEST_SCHEME": "http",
        "HTTP_HOST": "cgi.test",
        "HTTP_USER_AGENT": "tester",
        "HTTP_COOKIE": "a=1; b=2",
        "HTTP_X_TWO": "one, two",
    }
    assert {name: env.get(name) for name in expected} == expected
    assert env["SERVER_SOFTWARE"].startswith("Longhouse")
    assert env["REMOTE_PORT"].isdigit() and "PATH" in env
    for name in ("HTTP_PROXY", "HTTP_X_HIDDEN", "HTTP_AUTHORIZATION", "HTTP_CONNECTION", "PATH_INFO",
                 "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTPS"):
        assert name not in env, name
    allowed = set(expected) | {"SERVER_SOFTWARE", "LONGHOUSE_PROGRAM", "REMOTE_PORT", "PATH", "UNIQUE_ID", "HTTP_SCHEME",
                               "HTTP_RETURN_CODE", "HTTP_CONTENT_LENGTH_X"}
    assert set(env) <= allowed, f"inherited: {set(env) - allowed}"
    assert answer.fact("stdin.bytes") == "5" and answer.fact("stdin.end") == "0"


def test_without_query_and_body(site):
    env = site.get("/env.cgi").facts("env")
    assert env["QUERY_STRING"] == ""
    assert "CONTENT_LENGTH" not in env and "CONTENT_TYPE" not in env


def test_the_script_name_is_decoded_and_clean(site):
    env = site.get("//folder/..//%65nv.cgi?x").facts("env")
    assert env["SCRIPT_NAME"] == "/env.cgi" and env["REQUEST_URI"] == "//folder/..//%65nv.cgi?x"


def test_a_start_file_that_is_a_program(site):
    assert site.get("/").facts("env")["SCRIPT_NAME"] == "/index.cgi"


def test_path_info_and_setenv(house, site):
    info = house.sites["info.test"]
    env = info.get("/env.cgi/more/of%20it/?q").facts("env")
    assert env["SCRIPT_NAME"] == "/env.cgi"
    assert env["PATH_INFO"] == "/more/of it/"
    assert env["PATH_TRANSLATED"] == f"{info.root}/more/of it/"
    assert env["COLOUR"] == "blue green" and env["SERVER_NAME"] == "overruled"
    assert info.get("/hello.py/x").text == "hello from python\n"
    assert site.get("/env.cgi/more").status == 404


def test_arguments_and_folder(site):
    answer = site.get("/env.cgi?a+b")
    assert answer.facts("arg") == {"0": f"{site.root}/env.cgi"}
    assert answer.fact("cwd") == str(site.root)
    where = site.get("/folder/inside.py")
    assert where.status == 200
    where = site.get("/folder/where.py")
    assert where.text.splitlines() == [f"{site.root}/folder", "a file beside the script"]


def test_only_three_descriptors(site):
    fds = site.get("/env.cgi", method="POST", body=b"x").facts("fd")
    assert set(fds) == {"0", "1", "2"}
    assert site.get("/env.cgi").facts("fd")["0"] == "/dev/null"


def test_only_three_descriptors_while_others_run(house, site):
    with house.visit() as other:
        other.request("GET", "/trickle.sh", host=site.name)
        other.first_bytes(10)
        assert set(site.get("/env.cgi").facts("fd")) == {"0", "1", "2"}


def test_signals_group_and_rights(site):
    answer = site.get("/env.cgi")
    status = {
        line.split(":")[0].removeprefix("status."): line.split(":")[1].strip()
        for line in answer.text.splitlines()
        if line.startswith("status.")
    }
    nothing = "0" * 16
    assert int(status["SigIgn"], 16) == 0 and int(status["SigBlk"], 16) == 0
    assert status["CapEff"] == nothing and status["CapPrm"] == nothing
    assert answer.fact("pid") == answer.fact("pgid")
    assert answer.fact("uid") != "0" and answer.fact("gid") != "0" or os.getuid() != 0


# ---- bodies ----


def test_post_by_length(site):
    assert site.get("/post.pl", method="POST", body=b"hello").text == "5:hello"


def test_stdin_ends_after_the_body(site):
    assert site.get("/upper.py", method="POST", body=b"to the end").text == "TO THE END"
    assert site.get("/upper.py", method="POST", body=b"").text == ""
    assert site.get("/upper.py").text == ""


def test_a_chunked_post_has_a_length_for_the_program(house, site):
    with house.visit() as visitor:
        visitor.send(
            "POST /post.pl HTTP/1.1\r\nHost: cgi.test\r\nTransfer-Encoding: chunked\r\n\r\n"
            "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        )
        assert visitor.answer().text == "11:hello world"


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_both_ways_at_once(house, site, chunked):
    body = os.urandom(MIB) * 10
    with house.visit(timeout_s=30) as visitor:

        def send():
            if not chunked:
                visitor.request("POST", "/mirror.cgi", host=site.name, body=body)
                return
            visitor.request("POST", "/mirror.cgi", host=site.name, fields=[("Transfer-Encoding", "chunked")])
            for at in range(0, len(body), 50000):
                piece = body[at : at + 50000]
                visitor.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            visitor.send(b"0\r\n\r\n")

        sender = threading.Thread(target=send)
        sender.start()
        answer = visitor.answer()
        sender.join()
    assert answer.status == 200 and answer.body == body


def test_a_program_that_never_reads(house, site):
    with house.visit() as visitor:
        visitor.request("POST", "/deaf.cgi", host=site.name, body=b"x" * 500_000)
        assert visitor.answer().text == "I did not listen\n"


def test_a_program_that_answers_before_it_reads(house, site):
    with house.visit() as visitor:
        visitor.request("POST", "/early.cgi", host=site.name, body=b"x" * MIB)
        answer = visitor.answer()
        assert answer.text == "first\n"


def test_a_body_that_comes_slowly(house, site):
    with house.visit() as visitor:
        visitor.send("POST /upper.py HTTP/1.1\r\nHost: cgi.test\r\nContent-Length: 6\r\n\r\nabc")
        time.sleep(0.1)  # the second half comes later: that is the test
        visitor.send("def")
        assert visitor.answer().text == "ABCDEF"


def test_what_is_there_is_sent_at_once(house, site):
    with house.visit() as visitor:
        begun = time.monotonic()
        visitor.request("GET", "/trickle.sh", host=site.name)
        while b"data: one\n" not in visitor.first_bytes(len(visitor.data) + 1):
            pass
        assert time.monotonic() - begun < 5


# ---- heads ----


@pytest.mark.parametrize(
    "head, status, fields",
    [
        ("Status: 404 Gone fishing|Content-Type: text/x", 404, {"content-type": "text/x"}),
        ("Status: 201|X-A: b", 201, {"x-a": "b"}),
        ("Location: /other", 302, {"location": "/other"}),
        ("Location: http://a.test/|Status: 307", 307, {"location": "http://a.test/"}),
        ("HTTP/1.1 418 Teapot|X-A: b", 418, {"x-a": "b"}),
        ("Content-Type: text/x|Content-Length: 4", 200, {"content-length": "4"}),
        ("Content-Type: text/x|Transfer-Encoding: gzip|Connection: upgrade", 200, {"content-type": "text/x"}),
        ("Content-Type: text/x|X-Accel-Buffering: no", 200, {"x-accel-buffering": None}),
        ("Content-Type: text/x|Status: 99", 502, {}),
        ("Content-Type: text/x|Status: abc", 502, {}),
        ("Content-Type: text/x|Content-Length: abc", 502, {}),
        ("Content-Type: text/x|Content-Length: 4|Content-Length: 5", 502, {}),
    ],
)
def test_heads(site, head, status, fields):
    answer = site.get("/head.py?" + head.replace("|", "%7C").replace(" ", "%20"))
    assert answer.status == status
    for name, value in fields.items():
        assert answer[name] == value
    assert answer.complete
    if status in (200, 201, 302, 404, 418, 307):
        assert answer.body == b"body"
    assert b"root:" not in answer.body


def test_a_programs_own_500_is_said_in_the_log(site):
    site.put("own500.sh", "echo Status: 500 Oops\necho Content-Type: text/plain\necho\necho its own page\n")
    answer = site.get("/own500.sh")
    assert (answer.status, answer.text) == (500, "its own page\n")
    site.wait_for_error("own500.sh", "answered 500 by itself")


def test_two_cookies_stay_two(site):
    answer = site.get("/head.py?Set-Cookie:%20a%7CSet-Cookie:%20b")
    assert answer.all("set-cookie") == ["a", "b"]


def test_no_body_where_none_may_be(house, site):
    with house.visit() as visitor:
        for status in ("204", "304"):
            visitor.request("GET", f"/head.py?Status:%20{status}", host=site.name)
            answer = visitor.answer()
            assert answer.status == int(status) and answer.body == b""
        visitor.request("GET", "/hello.py", host=site.name)
        assert visitor.answer().text == "hello from python\n"


def test_more_than_the_length_says_never_reaches_the_next_answer(house, site):
    with house.visit() as visitor:
        visitor.request("GET", "/long.py", host=site.name)
        answer = visitor.answer()
        assert answer.body == b"0123456789"
        if answer["connection"] != "close":
            try:
                visitor.request("GET", "/hello.py", host=site.name)
                assert visitor.answer().text == "hello from python\n"
            except ConnectionError:
                pass  # it closed instead, which is as good


def test_less_than_the_length_says_is_cut_visibly(house, site):
    with house.visit() as visitor:
        visitor.request("GET", "/short.py", host=site.name)
        answer = visitor.answer()
        assert not answer.complete and answer.body == b"01234"
        assert visitor.is_at_end()


# ---- stderr ----


def test_what_a_program_says_on_stderr_is_in_the_error_log(site):
    answer = site.get("/words.py")
    assert answer.text == "spoken\n"
    first = site.wait_for_error("first words", "words.py")
    second = site.wait_for_error("second", "words.py")
    assert first != second and "\x1b" not in second
    site.wait_for_error("an unfinished line")
    assert not any(line.startswith("2026-01-01") for line in site.error_log().split("\n"))


def test_a_program_that_talks_too_much_is_cut_short(site):
    assert site.get("/chatter.pl").text == "still here"
    site.wait_for_error("chatter 1 ") if " chatter 1 " in site.error_log() else site.wait_for_error("chatter 1")
    assert site.error_log().count("chatter ") < 2000


# ---- when it goes wrong ----


@pytest.mark.parametrize(
    "target, word",
    [
        ("/silent.sh", "silent.sh"),
        ("/nohead.sh", "nohead.sh"),
        ("/halfhead.sh", "halfhead.sh"),
        ("/badhead.py", "badhead.py"),
        ("/fails.sh", "fails.sh"),
        ("/killed.sh", "killed.sh"),
    ],
)
def test_no_answer_is_502_and_said_in_the_log(site, target, word):
    answer = site.get(target)
    assert answer.status == 502
    assert "html" in answer["content-type"]
    site.wait_for_error(word)


@pytest.mark.parametrize(
    "target, status",
    [
        ("/noexec.cgi", (403, 500)),
        ("/badinterpreter.cgi", (500, 502)),
        ("/nointerpreter.cgi", (500, 502)),
        ("/crlf.cgi", (500, 502)),
        ("/noread.py", (403, 500, 502)),
        ("/none.py", (404,)),
        ("/none.cgi", (404,)),
        ("/folder.cgi", (301,)),
        ("/folder.cgi/", (403, 404)),
        ("/outside.py", (403,)),
        ("/fifo.py", (403,)),
    ],
)
def test_programs_that_cannot_be_started(site, target, status):
    answer = site.get(target)
    assert answer.status in status
    assert b"#!" not in answer.body and b"print" not in answer.body
    if answer.status in (500, 502):
        site.wait_for_error(target.strip("/"))


@pytest.mark.parametrize("name", ["cgi.test", "off.test"])
@pytest.mark.parametrize("target", ["/page.txt", "/page.html"])
def test_a_link_to_a_program_does_not_show_its_source(house, name, target):
    site = house.sites[name]
    answer = site.get(target)
    assert answer.status == 403 and b"source" not in answer.body
    site.wait_for_error(target, "it is a link to a program; the source is not sent")


@pytest.mark.parametrize("target", ["/hello.pl", "/hello.py", "/hello.sh", "/min.cgi", "/hello%2epy", "/folder/..//hello.py"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_without_execute_cgi_it_is_403_and_never_the_source(house, target, method):
    answer = house.sites["off.test"].get(target, method=method, body=b"x" if method == "POST" else None)
    assert answer.status in (403, 405)
    assert b"print" not in answer.body and b"echo" not in answer.body and b"ELF" not in answer.body


# ---- time ----


def test_a_program_that_overstays_gets_504_and_its_whole_group_goes(house):
    slow = house.sites["slow.test"]
    begun = time.monotonic()
    answer = slow.get("/sleep.sh")
    assert answer.status == 504
    assert 0.9 < time.monotonic() - begun < 4
    wait_until("the group to be gone", lambda: not house.programs())
    slow.wait_for_error("sleep.sh")


def test_a_program_that_ignores_term_is_killed(house):
    slow = house.sites["slow.test"]
    assert slow.get("/stubborn.cgi").status == 504
    wait_until("the group to be gone", lambda: not house.programs() and not programs_of(slow), 5)


def test_an_answer_that_had_begun_is_cut_visibly(house):
    slow = house.sites["slow.test"]
    answer = slow.get("/partial.sh")
    assert answer.status == 200 and answer.text == "so far\n"
    assert not answer.complete
    wait_until("the program to be gone", lambda: not house.programs())


def test_a_child_that_holds_the_output_ends_with_the_time(house):
    slow = house.sites["slow.test"]
    answer = slow.get("/orphan.sh")
    assert answer.status == 200 and answer.text == "parent\n"
    wait_until("the orphan to be gone", lambda: not house.programs())


def test_what_a_program_leaves_behind_is_ended(house, site):
    assert site.get("/quiet_orphan.sh").text == "parent\n"
    wait_until("the orphan to be gone", lambda: not house.programs(), 5)


# ---- the client leaves ----


@pytest.mark.parametrize("target", ["/sleep.sh", "/trickle.sh", "/flood.pl"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_ends_the_program(house, site, target, how):
    with house.visit() as visitor:
        visitor.request("GET", target, host=site.name)
        wait_until("the program to run", house.programs)
        if target != "/sleep.sh":
            visitor.first_bytes(10)
        getattr(visitor, how)()
    wait_until("the program to be gone", lambda: not house.programs(), 2)


def test_a_client_that_leaves_within_its_body(house, site):
    with house.visit() as visitor:
        visitor.send("POST /upper.py HTTP/1.1\r\nHost: cgi.test\r\nContent-Length: 100000\r\n\r\nabc")
        wait_until("the program to run", house.programs)
    wait_until("the program to be gone", lambda: not house.programs(), 2)


def test_a_slow_client_makes_the_program_wait_not_the_memory_grow(house, site):
    def memory_kib():
        for line in open(f"/proc/{house.server_pid()}/status", encoding="ascii"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    with house.visit() as visitor:
        visitor.request("GET", "/flood.pl", host=site.name)
        visitor.first_bytes(1000)
        before = memory_kib()
        time.sleep(0.5)  # it would be hundreds of megabytes by then
        assert memory_kib() - before < 20_000
    wait_until("the program to be gone", lambda: not house.programs(), 2)
