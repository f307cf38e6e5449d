"""FastCGI: real php-fpm, libfcgi workers, two targets, and applications that misbehave."""
import contextlib
import hashlib
import os
import threading
import time

import pytest

from backends import Fake, PhpFpm, Worker
from house import House, opened, wait_until

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def house():
    house = House("fastcgi")
    house.option("CGIhandler = /usr/bin/perl:pl")
    house.option("CGIextension = cgi")
    house.section(
        f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 20M\n}}"
    )
    with contextlib.ExitStack() as stack:
        house.php = stack.enter_context(PhpFpm())
        house.echo = stack.enter_context(Worker("echo"))
        house.pair = [stack.enter_context(Worker(n)) for n in ("one", "two")]
        house.half = stack.enter_context(Worker("half"))
        house.fake = stack.enter_context(Fake())

        def section(name, targets, more=""):
            house.section(f"FastCGIserver {{\n  FastCGIid = {name}\n  ConnectTo = {targets}\n{more}\n}}")

        section("php", house.php.socket, "  Extension = php")
        section("echo", house.echo.socket)
        section("pair", f"{house.pair[0].socket}, {house.pair[1].socket}")
        section("turns", f"{house.pair[0].socket}, {house.pair[1].socket}", "  SessionTimeout = 0")
        section("half", f"{house.run}/nobody.sock, {house.half.socket}", "  SessionTimeout = 0")
        section("down", f"{house.run}/nobody.sock, {house.run}/nobody-else.sock, 127.0.0.1:1")
        section("fake", f"127.0.0.1:{house.fake.port}", "  Queue = 256, 2s")
        section("overrule", house.echo.socket, "  Extension = pl, cgi")

        php = house.host(
            "php.test", "  UseFastCGI = php\n  EnablePathInfo = yes\n  StartFile = index.php\n  TimeForCGI = 10"
        )
        php.copy("php")
        php.put("plain.txt", "beside the scripts")
        for name in ("echo", "pair", "turns", "half", "down", "fake"):
            seconds = 3 if name == "fake" else 2  # a busy application is asked again for two seconds
            house.host(f"{name}.test", f"  UseFastCGI = {name}\n  TimeForCGI = {seconds}")
        house.host("off.test", "  UseFastCGI = php\n  ExecuteCGI = no").copy("php")
        overrule = house.host("overrule.test", "  UseFastCGI = overrule")
        overrule.put("script.pl", "print 'source'")
        overrule.program("cgi_min", "program.cgi")
        with opened(house):
            yield house


def at(house, name):
    return house.sites[f"{name}.test"]


# ---- php-fpm ----


def test_php_says_hello(house):
    answer = at(house, "php").get("/hello.php?name=world")
    assert (answer.status, answer.text) == (200, "hello world from fpm-fcgi")
    assert answer["content-type"].startswith("text/html")


def test_php_as_a_start_file(house):
    assert at(house, "php").get("/").text == "index at /index.php"


def test_php_form(house):
    answer = at(house, "php").get(
        "/post.php", method="POST", body=b"a=1&b=two+words",
        fields=[("Content-Type", "application/x-www-form-urlencoded")],
    )
    assert answer.text == '{"a":"1","b":"two words"}'


def test_php_upload(house):
    content = os.urandom(MIB)
    mark = "the-boundary"
    body = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a b.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + content + f"\r\n--{mark}--\r\n".encode()
    answer = at(house, "php").get(
        "/upload.php", method="POST", body=body,
        fields=[("Content-Type", f"multipart/form-data; boundary={mark}")],
    )
    assert answer.text == f"a b.bin {len(content)} {hashlib.sha256(content).hexdigest()}"


def test_php_chunked_post(house):
    with house.visit() as visitor:
        visitor.send(
            "POST /body.php HTTP/1.1\r\nHost: php.test\r\nTransfer-Encoding: chunked\r\n\r\n"
            "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        )
        assert visitor.answer().text == "11:hello world"


def test_php_path_info(house):
    answer = at(house, "php").get("/path.php/more/of%20it?q=1")
    assert answer.text == "/path.php|/more/of it|q=1"


def test_php_head_and_status(house):
    assert at(house, "php").get("/status.php", method="HEAD").status == 404
    answer = at(house, "php").get("/status.php")
    assert answer.status == 404 and answer["x-from"] == "php" and answer.text == "mine"


def test_php_redirect(house):
    answer = at(house, "php").get("/redirect.php")
    assert answer.status == 302 and answer["location"] == "/hello.php"


def test_php_errors_go_to_the_error_log(house):
    site = at(house, "php")
    assert site.get("/error.php").text == "still answering"
    site.wait_for_error("a word for the log", "error.php")


def test_php_big_answer(house):
    answer = at(house, "php").get("/big.php?bytes=5000000")
    assert answer.body == b"x" * 5_000_000


def test_php_leaves_files_alone(house):
    assert at(house, "php").get("/plain.txt").text == "beside the scripts"


@pytest.mark.parametrize("target", ["/none.php", "/none.php/x", "/plain.txt/hello.php"])
def test_a_script_that_is_not_there(house, target):
    assert at(house, "php").get(target).status == 404


def test_php_without_execute_cgi_never_shows_the_source(house):
    answer = house.sites["off.test"].get("/hello.php")
    assert answer.status == 403 and b"<?php" not in answer.body


def test_many_visitors_and_few_children(house):
    """php-fpm has two children here: the others wait their turn and none is refused."""
    failed = []

    def visit():
        for _ in range(5):
            answer = at(house, "php").get("/hello.php?name=x")
            if answer.status != 200:
                failed.append(answer)

    threads = [threading.Thread(target=visit) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


# ---- libfcgi ----


def test_the_parameters(house):
    site = at(house, "echo")
    answer = site.get("/echo/some/path?a=b", method="POST", body=b"hello", fields=[("X-One", "1"), ("Proxy", "x")])
    params = answer.facts("param")
    expected = {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "a=b",
        "CONTENT_LENGTH": "5",
        "SERVER_NAME": "echo.test",
        "SERVER_PORT": str(house.port),
        "REMOTE_ADDR": "127.0.0.1",
        "DOCUMENT_ROOT": str(site.root),
        "REQUEST_URI": "/echo/some/path?a=b",
        "HTTP_X_ONE": "1",
    }
    assert {name: params.get(name) for name in expected} == expected
    assert "HTTP_PROXY" not in params
    assert answer.fact("body.bytes") == "5" and answer.text.endswith("body=hello")


def test_a_hundred_kilobytes_of_parameters(new_house, house):
    big = new_house("params")
    big.option("MaxHeadSize = 200K")
    big.option("MaxEnvironment = 500K")
    big.section(f"FastCGIserver {{\n  FastCGIid = echo\n  ConnectTo = {house.echo.socket}\n}}")
    site = big.host("echo.test", "  UseFastCGI = echo")
    big.start()
    fields = [(f"X-Big-{i}", chr(ord("a") + i) * 7000) for i in range(10)]
    fields.append(("Cookie", "c=" + "z" * 60000))
    answer = site.get("/echo", fields=fields)
    assert answer.status == 200, site.error_log()
    params = answer.facts("param")
    for i in range(10):
        assert params[f"HTTP_X_BIG_{i}"] == chr(ord("a") + i) * 7000
    cookie = params.get("HTTP_COOKIE")
    assert cookie == "c=" + "z" * 60000


def test_more_than_the_environment_may_hold_is_431(new_house, house):
    small = new_house("params")
    small.option("MaxHeadSize = 100K")
    small.option("MaxEnvironment = 8K")
    small.section(f"FastCGIserver {{\n  FastCGIid = echo\n  ConnectTo = {house.echo.socket}\n}}")
    site = small.host("echo.test", "  UseFastCGI = echo")
    small.start()
    assert site.get("/echo", fields=[("X-Big", "x" * 20000)]).status == 431
    assert site.get("/echo", fields=[("X-Small", "x")]).status == 200


def test_both_ways_at_once(house):
    body = os.urandom(MIB) * 10
    with house.visit(timeout_s=30) as visitor:
        sender = threading.Thread(
            target=visitor.request, args=("POST", "/mirror"), kwargs={"host": "echo.test", "body": body}
        )
        sender.start()
        answer = visitor.answer()
        sender.join()
    assert answer.status == 200 and answer.body == body


def test_a_body_that_the_application_does_not_read(house):
    with house.visit() as visitor:
        visitor.request("POST", "/who", host="echo.test", body=b"x" * MIB)
        assert visitor.answer().text.startswith("echo ")


def test_words_on_stderr(house):
    site = at(house, "echo")
    assert site.get("/stderr").text.startswith("echo ")
    assert site.wait_for_error("first words of echo") != site.wait_for_error("second words")


@pytest.mark.parametrize("target, status", [("/mute", 502), ("/nohead", 502), ("/crash", 502), ("/status?404", 404)])
def test_answers_that_are_none(house, target, status):
    assert at(house, "echo").get(target).status == status
    house.echo.restart_if_gone()
    if status == 502:
        at(house, "echo").wait_for_error(target.strip("/"))


def test_an_answer_that_breaks_off_is_cut_visibly(house):
    answer = at(house, "echo").get("/cut")
    assert answer.status == 200 and not answer.complete
    house.echo.restart_if_gone()


def test_an_application_that_overstays_gets_504(house):
    begun = time.monotonic()
    assert at(house, "echo").get("/slow?20000").status == 504
    assert time.monotonic() - begun < 5
    house.echo.restart()


def test_an_answer_that_stalls_is_cut(house):
    answer = at(house, "echo").get("/stall?20000")
    assert answer.status == 200 and answer.body == b"so far" and not answer.complete
    house.echo.restart()


def test_a_client_that_leaves_frees_the_connection(house):
    with house.visit() as visitor:
        visitor.request("GET", "/big?2000000000", host="echo.test")
        visitor.first_bytes(10000)
        visitor.reset()
    assert at(house, "echo").get("/who").status == 200


# ---- several targets ----


def test_a_client_stays_with_its_target(house):
    assert len({at(house, "pair").get("/who").text for _ in range(8)}) == 1


def test_without_a_session_they_take_turns(house):
    assert {at(house, "turns").get("/who").text.split()[0] for _ in range(8)} == {"one", "two"}


def test_a_target_that_is_down_is_passed_over(house):
    for _ in range(4):
        answer = at(house, "half").get("/who")
        assert answer.status == 200 and answer.text.startswith("half ")
    for _ in range(2):
        answer = at(house, "half").get("/echo", method="POST", body=b"kept")
        assert answer.text.endswith("body=kept")


def test_a_client_moves_on_when_its_target_dies(house):
    first = at(house, "pair").get("/who").text.split()[0]
    dead = next(worker for worker in house.pair if worker.name == first)
    dead.stop()
    os.unlink(dead.socket)
    try:
        answer = at(house, "pair").get("/who")
        assert answer.status == 200 and answer.text.split()[0] != first
    finally:
        dead.start()


def test_nobody_there_is_503(house):
    answer = at(house, "down").get("/who")
    assert answer.status == 503
    at(house, "down").wait_for_error("down")


def test_nobody_there_in_the_check_verb(house):
    status, output, errors = house.verb("check")
    assert status == 0, errors
    assert "nobody.sock" in output and str(house.php.socket) in output


# ---- who speaks no FastCGI ----


@pytest.mark.parametrize(
    "act, status",
    [
        ("rubbish", 502),
        ("close", 502),
        ("half_record", 502),
        ("no_end", None),
        ("wrong_id", 502),
        ("overloaded", 503),
        ("byte_by_byte", 200),
        ("empty_records", 200),
        ("mixed", 200),
        ("silent", 504),
    ],
)
def test_applications_that_misbehave(house, act, status):
    house.fake.act = act
    answer = at(house, "fake").get("/anything")
    if status is None:  # the answer had begun; that its end is missing may be forgiven or shown
        assert answer.status in (200, 502)
    else:
        assert answer.status == status
    if status == 200:
        assert answer.body == b"fake body"


def test_records_are_as_the_fine_print_says(house):
    """A pair never straddles two records, padding brings each to a multiple of eight, streams are closed."""
    house.fake.act = "byte_by_byte"
    at(house, "fake").get("/x", method="POST", body=b"hello", fields=[("Cookie", "c" * 5000)])
    seen = house.fake.seen
    assert [kind for kind, _, _ in seen][0] == 1
    params = [(content, padding) for kind, content, padding in seen if kind == 4]
    assert params[-1][0] == b""
    stdin = b"".join(content for kind, content, _ in seen if kind == 5)
    assert stdin == b"hello" and [content for kind, content, _ in seen if kind == 5][-1] == b""
    for kind, content, padding in seen:
        assert len(content) + padding <= 65535


# ---- precedence ----


def test_fastcgi_overrules_cgi(house):
    for target in ("/script.pl", "/program.cgi"):
        answer = at(house, "overrule").get(target)
        assert answer.fact("worker") == "echo"


def test_a_php_child_that_dies(house):
    """One child dies in the middle of an answer: only its own request suffers."""
    answer = at(house, "php").get("/die.php")
    assert answer.status in (502, 200)
    assert answer.status == 502 or not answer.complete
    wait_until("php-fpm to answer again", lambda: at(house, "php").get("/hello.php?name=x").status == 200)
