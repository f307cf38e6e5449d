"""FastCGIauth: a program of one's own decides who is let in, and to what."""
import contextlib
import os
import select
import shutil
import socket
import threading

import pytest

from backends import Program, Worker
from house import BACKENDS, House, opened, wait_until

COOKIE = ("Cookie", "key=joe")
PASSWORD = ("Authorization", "Basic am9lOnNlY3JldA==")


class Authorizer(Program):
    def __init__(self):
        super().__init__("authorizer")
        self.command = [str(BACKENDS / "fcgi_authorizer"), str(self.socket)]

    def start(self):
        self.socket.unlink(missing_ok=True)
        super().start()


@pytest.fixture(scope="module")
def house():
    house = House("auth")
    house.option("CGIextension = cgi")
    house.option("LogFormat = extended")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n}}")
    with contextlib.ExitStack() as stack:
        house.authorizer = stack.enter_context(Authorizer())
        house.busy = stack.enter_context(Authorizer())
        echo = stack.enter_context(Worker("echo"))

        def section(name, target, more=""):
            house.section(f"FastCGIserver {{\n  FastCGIid = {name}\n  ConnectTo = {target}\n{more}\n}}")

        section("login", house.authorizer.socket, "  Queue = 20, 2s\n  RestartHold = 1")
        section("form", house.authorizer.socket, "  Extension = form")
        section("busy", house.busy.socket, "  MaxConnections = 1\n  Queue = 0")
        section("gone", f"{house.run}/nobody.sock", "  RestartHold = 0")
        section("app", echo.socket)
        options = "  FastCGIauth = login\n  ExecuteCGI = yes\n  LocalRedirect = yes\n  AllowDotFiles = no\n"
        site = house.host("site.test", options + "  TimeForCGI = 2")
        site.put("index.html", "<p>home")
        site.put("file.txt", "the secret")
        site.put("folder/index.html", "<p>folder")
        site.put("basic/file.txt", "by password")
        site.put("slow.txt", "never")
        site.put("env.cgi", "#!/bin/sh\necho 'Content-Type: text/plain'\necho\nenv\n", mode=0o755)
        site.put("body.cgi", "#!/bin/sh\necho 'Content-Type: text/plain'\necho\ncat\n", mode=0o755)
        site.put("vague.cgi", "#!/bin/sh\necho\n", mode=0o755)
        site.put("to.cgi", "#!/bin/sh\necho \"Location: $QUERY_STRING\"\necho\n", mode=0o755)
        site.put("login.cgi", "#!/bin/sh\necho 'Location: /file.txt'\necho\n", mode=0o755)
        site.put("send.cgi", "#!/bin/sh\necho \"X-Sendfile: $DOCUMENT_ROOT/file.txt\"\necho\n", mode=0o755)
        house.host("form.test", "  FastCGIauth = login\n  UseFastCGI = form").put("login.form", "x")
        house.host("app.test", "  FastCGIauth = login\n  UseFastCGI = app")
        house.host("gone.test", "  FastCGIauth = gone").put("file.txt", "the secret")
        house.host("busy.test", "  FastCGIauth = busy\n  TimeForCGI = 9").put("file.txt", "the secret")
        house.host("open.test").put("file.txt", "for all")
        for name, auth in (("members", "login"), ("public", "none")):
            house.section(f"Directory {{\n  DirectoryID = {name}\n  Path = /{name}\n  FastCGIauth = {auth}\n}}")
        for name, auth in (("partly", ""), ("mostly", "  FastCGIauth = login\n")):
            partly = house.host(f"{name}.test", f"{auth}  UseDirectory = members, public")
            for path in ("file.txt", "members/file.txt", "public/file.txt"):
                partly.put(path, path)
        with opened(house):
            yield house


@pytest.fixture
def site(house):
    return house.sites["site.test"]


def is_sent_to_login(answer):
    return (answer.status, answer["location"]) == (303, "/login")


# ---- where it is asked ----


@pytest.mark.parametrize("host, guarded", [("partly", {"members/"}), ("mostly", {"", "members/"})])
def test_paths_of_a_directory(house, host, guarded):
    site = house.sites[f"{host}.test"]
    for folder in ("", "members/", "public/"):
        for target in (f"/{folder}file.txt", f"/{folder}nothing", f"/x/../{folder}file.txt"):
            answer = site.get(target)
            known = site.get(target, fields=[COOKIE])
            assert is_sent_to_login(answer) == (folder in guarded), target
            assert known.status == (404 if "nothing" in target else 200), target
            if folder not in guarded:
                assert answer.status == known.status and answer.body == known.body or "nothing" in target


@pytest.mark.parametrize("user", [None, pytest.param("games", marks=pytest.mark.skipif(os.getuid() != 0, reason="changes users"))])
def test_workers_of_the_house_decide(new_house, user):
    """One pool for all hosts, as the section says, whoever the host's own programs are."""
    house = new_house("own-auth")
    house.keeps_workers = True
    house.option("MinUid = 5")
    program = house.folder / "fcgi_authorizer"
    shutil.copy(BACKENDS / "fcgi_authorizer", program)
    program.chmod(0o755)
    house.section(f"FastCGIserver {{\n  FastCGIid = own\n  Run = {program}\n  KeepTime = 300ms\n}}")
    site = house.host("own.test", "  FastCGIauth = own" + (f"\n  RunAs = {user}" if user else ""))
    site.put("file.txt", "the secret")
    house.start()
    assert is_sent_to_login(site.get("/file.txt"))
    assert site.get("/file.txt", fields=[COOKIE]).text == "the secret"
    assert [pool["section"] for pool in house.status()["workers"]] == ["own"]


# ---- who is let in ----

TARGETS = ["/", "/file.txt", "/folder/", "/folder", "/env.cgi", "/nothing", "/send.cgi", "/.git/config"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
def test_nobody_is_let_in_without_a_key(site, target, method):
    assert is_sent_to_login(site.get(target, method=method, body=b"x" if method == "POST" else None))


def test_with_a_key_all_is_as_ever(site):
    assert site.get("/", fields=[COOKIE]).body == b"<p>home"
    answer = site.get("/file.txt", fields=[COOKIE])
    assert (answer.status, answer.body, answer["set-cookie"]) == (200, b"the secret", None)
    assert site.get("/folder", fields=[COOKIE]).status == 301
    assert site.get("/nothing", fields=[COOKIE]).status == 404
    answer = site.get("/file.txt", method="HEAD", fields=[COOKIE])
    assert (answer.status, answer["content-length"], answer.body) == (200, "10", b"")
    answer = site.get("/file.txt", fields=[COOKIE, ("Range", "bytes=4-")])
    assert (answer.status, answer.body) == (206, b"secret")
    assert site.get("/send.cgi", fields=[COOKIE]).body == b"the secret"


def test_a_password(site):
    answer = site.get("/basic/file.txt")
    assert (answer.status, answer["www-authenticate"], answer.body) == (401, 'Basic realm="x"', b"password, please")
    assert site.get("/basic/file.txt", fields=[("Authorization", "Basic eDp5")]).status == 401
    assert site.get("/basic/file.txt", fields=[PASSWORD]).body == b"by password"
    assert site.get("/basic/file.txt", method="HEAD").body == b""


def test_the_program_learns_the_user_and_nobody_forges_it(site):
    fields = [PASSWORD, ("Remote-User", "root"), ("Variable-REMOTE_USER", "root"), ("Login-By", "root")]
    told = dict(line.split("=", 1) for line in site.get("/env.cgi", fields=fields).body.decode().splitlines() if "=" in line)
    assert told["REMOTE_USER"] == "joe"
    assert told["AUTH_TYPE"] == "Basic"
    assert told["LOGIN_BY"] == "password"
    assert told["REMOTE_ADDR"] == "127.0.0.1"
    assert "HTTP_AUTHORIZATION" not in told
    told = site.get("/env.cgi", fields=[COOKIE]).body.decode().splitlines()
    assert "REMOTE_USER=joe" in told and "LOGIN_BY=cookie" in told
    wait_until("the user in the access log", lambda: " - joe [" in site.access_log())
    site.wait_for_error("FastCGIauth", "REMOTE_ADDR")


def test_a_fastcgi_program_behind(house):
    app = house.sites["app.test"]
    assert is_sent_to_login(app.get("/x/echo", method="POST", body=b"hello"))
    body = app.get("/x/echo", method="POST", body=b"hello", fields=[COOKIE]).body.decode()
    assert "param.REMOTE_USER=joe\n" in body and "param.FCGI_ROLE=RESPONDER\n" in body
    assert "body.bytes=5\nbody=hello" in body


def test_a_form_and_a_session(house):
    site = house.sites["form.test"]
    assert is_sent_to_login(site.get("/"))
    assert site.get("/login.form").body == b"<form method=post>"
    answer = site.get("/login.form", method="POST", body=b"name=joe&password=wrong")
    assert (answer.status, answer["set-cookie"]) == (200, None)
    answer = site.get("/login.form", method="POST", body=b"name=joe&password=secret")
    assert (answer.status, answer["set-cookie"], answer["location"]) == (303, "key=joe", "/")
    assert site.get("/missing", fields=[("Cookie", answer["set-cookie"])]).status == 404


def test_a_path_that_a_program_leads_to_is_asked_for_as_well(site):
    # /login.cgi is for everybody, /file.txt is not
    assert is_sent_to_login(site.get("/login.cgi"))
    assert site.get("/login.cgi", fields=[COOKIE]).body == b"the secret"
    assert site.get("/to.cgi?/basic/file.txt", fields=[COOKIE]).body == b"by password"


def test_hosts_without_it_are_open(house):
    assert house.sites["open.test"].get("/file.txt").body == b"for all"


# ---- bodies ----


def test_no_continue_before_it_is_let_in(house, site):
    head = f"POST /body.cgi HTTP/1.1\r\nHost: {site.name}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
    with house.visit() as visitor:
        visitor.send(f"{head}\r\n".encode())
        assert visitor.answer().status == 303
    with house.visit() as visitor:
        visitor.send(f"{head}Cookie: key=joe\r\n\r\n".encode())
        assert select.select([visitor.socket], [], [], 10)[0], "no 100 Continue"
        visitor.send(b"hello")
        answer = visitor.answer()
        assert (answer.interim, answer.body) == ([100], b"hello")


def test_uploads_arrive_behind_it(house, site):
    body = bytes(range(256)) * 4096
    assert site.get("/body.cgi", method="POST", body=body, fields=[COOKIE]).body == body
    with house.visit() as visitor:
        visitor.send(
            f"POST /body.cgi HTTP/1.1\r\nHost: {site.name}\r\nCookie: key=joe\r\nTransfer-Encoding: chunked\r\n\r\n"
            "5\r\nhello\r\n0\r\n\r\n".encode()
        )
        assert visitor.answer().body == b"hello"


def test_a_connection_goes_on_behind_a_refusal(house, site):
    with house.visit() as visitor:
        for _ in range(3):
            visitor.request("GET", "/file.txt", host=site.name)
            assert visitor.answer().status == 303
            visitor.request("GET", "/file.txt", host=site.name, fields=[COOKIE])
            assert visitor.answer().body == b"the secret"


# ---- when it cannot be asked ----


def refused(site, length, status, *words, target="/file.txt"):
    answer = site.get(target, fields=[COOKIE])
    assert answer.status == status
    assert b"secret" not in answer.body
    wait_until(f"a line about {words}", lambda: all(word in site.error_log()[length:] for word in words))


def test_one_that_is_not_there(house):
    site = house.sites["gone.test"]
    refused(site, len(site.error_log()), 503, "FastCGI gone", "does the program run?")


def test_one_that_says_no_status(site):
    refused(site, len(site.error_log()), 502, "it says no status", target="/vague.cgi")


def test_one_that_is_slow(house, site):
    refused(site, len(site.error_log()), 504, "TimeForCGI", target="/slow.txt")
    house.authorizer.restart()  # it sleeps on


def test_one_that_is_killed(house, site):
    refused(site, len(site.error_log()), 502, "closed before", target="/crash.txt")
    house.authorizer.restart_if_gone()
    assert site.get("/file.txt", fields=[COOKIE]).status == 200


def test_a_restart_is_waited_for(house, site):
    house.authorizer.process.kill()
    house.authorizer.process.wait()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(site.get("/file.txt", fields=[COOKIE])))
    thread.start()
    wait_until("the house to notice", lambda: "FastCGI login" in house.system_log())
    house.authorizer.start()
    thread.join()
    assert answers[0].status in (200, 503)
    assert site.get("/file.txt", fields=[COOKIE]).body == b"the secret"


def test_one_that_is_busy(house):
    site = house.sites["busy.test"]
    slow = threading.Thread(target=lambda: site.get("/slow", fields=[COOKIE]))
    slow.start()
    wait_until("it to be busy", lambda: " 1 of 1 connection" in house.verb("status")[1])
    refused(site, len(site.error_log()), 503, "FastCGI busy")
    slow.join()


def test_a_client_that_leaves_frees_it(house):
    site = house.sites["busy.test"]
    with socket.create_connection(("127.0.0.1", house.port)) as client:
        client.sendall(f"GET /slow HTTP/1.1\r\nHost: {site.name}\r\nCookie: key=joe\r\n\r\n".encode())
    house.busy.restart()
    wait_until("its place to be free", lambda: site.get("/file.txt", fields=[COOKIE]).status == 200)


def test_check_says_what_is_wrong(new_house):
    house = new_house("unknown")
    house.option("FastCGIauth = nobody")
    status, said = house.check()
    assert status != 0
    assert "FastCGIauth names 'nobody', but no FastCGIserver has that FastCGIid" in said
