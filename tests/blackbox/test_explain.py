"""`longhouse explain`: what it says of a request is what the running house does with it."""
import base64
import hashlib
import json
import os
import pty
import socket
import subprocess

import pytest

from backends import Worker
from house import BINARY, House, opened
from test_access import basic, set_password
from test_http_backend import HttpBackend
from test_websocket import ASKED as WEBSOCKET
from wire import Visitor

TOOLKIT = r"""
UrlToolkit {
  ToolkitID = rules
  Match ^/old/(.*) Redirect /new/$1
  Match ^/moved Redirect 307 https://else.test/
  Match ^/secret DenyAccess
  Match ^/gone NotFound
  Match ^/short/(.*) Rewrite /docs/$1 Continue
  Match ^/anywhere UseFastCGI APP
  Header X-Robot yes DenyAccess
  Method PATCH Call patch
}
UrlToolkit {
  ToolkitID = patch
  Match .* Use /a.txt
}
"""

DIRECTORIES = """
Directory {{
  DirectoryID = far
  Path = /far
  AccessList = deny 127.0.0.0/8, allow all
}}
Directory {{
  DirectoryID = near
  Path = /near
  AccessList = allow 127.0.0.1, deny all
}}
Directory {{
  DirectoryID = staff
  Path = /staff
  PasswordFile = basic:{users}
}}
Directory {{
  DirectoryID = still
  Path = /still
  ExecuteCGI = no
}}
Directory {{
  DirectoryID = listed
  Path = /listed
  ShowIndex = yes
}}
"""

# Of one request only, or added by those who carry the others to the program.
BY_CHANCE = {"UNIQUE_ID", "REMOTE_PORT", "LONGHOUSE_PROGRAM", "FCGI_ROLE"}

JOE = basic("joe", "secret")
NOT_JOE = basic("joe", "guess")

# host, target, handler, status (None: the program's to say)
PLAIN = [
    # hosts
    ("a.test", "/a.txt", "file", 200),
    ("A.TEST", "/a.txt", "file", 200),
    ("x.wild.test", "/w.txt", "file", 200),
    ("deep.x.wild.test", "/w.txt", "file", 200),
    ("wild.test", "/w.txt", "file", 200),
    ("nobody.test", "/d.txt", "file", 200),
    ("second.test", "/a.txt", "redirect", 301),
    ("first.test", "/f.txt", "file", 200),
    # files and folders
    ("a.test", "/", "file", 200),
    ("a.test", "/docs", "redirect", 301),
    ("a.test", "/docs/", "file", 200),
    ("a.test", "/docs/../a.txt", "file", 200),
    ("a.test", "/docs//%61.txt", "file", 200),
    ("a.test", "/empty/", "reply", 404),
    ("a.test", "/listed/", "listing", 200),
    ("a.test", "/none", "reply", 404),
    ("a.test", "/a.txt/more", "reply", 404),
    ("a.test", "/a.txt/", "reply", 404),
    ("a.test", "/.hidden", "reply", 404),
    ("a.test", "/dark.txt", "reply", 403),
    ("a.test", "/shut/a.txt", "reply", 403),
    ("a.test", "/link-out.txt", "reply", 403),
    ("a.test", "/blocked.bak", "reply", 403),
    # aliases
    ("a.test", "/shelf/s.txt", "file", 200),
    ("a.test", "/shelf/none.txt", "reply", 404),
    ("a.test", "/tool", "cgi", None),
    ("a.test", "/tool/with/info?a=b", "cgi", None),
    # the gate
    ("a.test", "/a.txt?x=%0d", "reply", 403),
    ("a.test", "/%00", "reply", 400),
    ("a.test", "/a%2fb", "reply", 400),
    ("a.test", "/../a.txt", "reply", 400),
    # toolkits
    ("a.test", "/old/x?y=z", "redirect", 301),
    ("a.test", "/moved", "redirect", 307),
    ("a.test", "/secret/a.txt", "reply", 403),
    ("a.test", "/gone", "reply", 404),
    ("a.test", "/short/a.txt", "file", 200),
    ("a.test", "/anywhere/echo", "fastcgi", None),
    # access
    ("a.test", "/far/a.txt", "reply", 403),
    ("a.test", "/near/a.txt", "file", 200),
    ("a.test", "/staff/a.txt", "reply", 401),
    ("a.test", "/staff/none.txt", "reply", 401),
    # programs
    ("a.test", "/env.cgi", "cgi", None),
    ("a.test", "/env.cgi/info/more?q=1&r=%20", "cgi", None),
    ("a.test", "/still/env.cgi", "reply", 403),
    ("a.test", "/flat.cgi", "reply", 403),
    ("a.test", "/page.app/echo?q", "fastcgi", None),
    ("a.test", "/none.app", "reply", 404),
    ("front.test", "/any/where", "cgi", None),
    ("front.test", "/style.css", "file", 200),
    # backends
    ("proxy.test", "/api/x?y", "proxy", None),
    ("proxy.test", "/api/../far/x", "reply", 403),
    ("proxy.test", "/staff/x", "reply", 401),
    ("proxy.test", "/secret/x", "proxy", None),
    ("proxy.test", "/a.txt", "file", 200),
    ("proxy.test", "/live", "reply", 404),
    ("lone.test", "/any/where", "proxy", None),
    ("lone.test", "/secret/x", "reply", 403),
    ("lone.test", "/old/x", "redirect", 301),
    # error pages
    ("first.test", "/none", "file", 404),
    ("first.test", "/%00", "reply", 400),
]

# method, fields, and as above
MORE = [
    ("HEAD", [], [("a.test", "/a.txt", "file", 200), ("a.test", "/env.cgi", "cgi", None)]),
    ("OPTIONS", [], [("a.test", "/a.txt", "reply", 204)]),
    ("POST", [], [("a.test", "/a.txt", "reply", 405), ("a.test", "/env.cgi", "cgi", None), ("a.test", "/docs", "redirect", 308)]),
    ("DELETE", [], [("a.test", "/docs/", "reply", 405)]),
    ("PATCH", [], [("a.test", "/env.cgi", "reply", 405)]),
    ("TRACE", [], [("a.test", "/a.txt", "reply", 405)]),
    ("GET", [("X-Robot", "yes")], [("a.test", "/a.txt", "reply", 403)]),
    ("GET", [("If-None-Match", "*")], [("a.test", "/a.txt", "file", 304)]),
    ("GET", [("Range", "bytes=0-1")], [("a.test", "/a.txt", "file", 206)]),
    ("GET", [("Range", "bytes=900-")], [("a.test", "/a.txt", "file", 416)]),
    ("GET", [JOE], [("a.test", "/staff/a.txt", "file", 200), ("a.test", "/staff/env.cgi", "cgi", None)]),
    ("GET", [NOT_JOE], [("a.test", "/staff/a.txt", "reply", 401)]),
    ("GET", WEBSOCKET, [("proxy.test", "/live?room=1", "proxy", None), ("proxy.test", "/chat/a", "proxy", None),
                        ("proxy.test", "/chat", "reply", 404), ("lone.test", "/any", "proxy", None), ("a.test", "/a.txt", "file", 200)]),
]

CASES = [("GET", [], case) for case in PLAIN] + [(method, fields, case) for method, fields, cases in MORE for case in cases]


class TalkingBackend(HttpBackend):
    """Says by which target it was asked, and agrees to be a WebSocket."""

    def __enter__(self):
        self.act = self._answers
        return super().__enter__()

    def _answers(self, talk):
        talk.read_request()
        family = talk.socket.family
        target = f"127.0.0.1:{self.port}" if family == socket.AF_INET else self.socket
        key = talk.field("Sec-WebSocket-Key")
        asked = base64.b64encode(talk.head).decode()
        told = f"X-Backend: {target}\r\nX-Asked: {asked}\r\n"
        if key is None:
            talk.say(f"HTTP/1.1 200 OK\r\n{told}Content-Length: 0\r\n\r\n".encode())
            return
        proof = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        talk.say(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"{told}Sec-WebSocket-Accept: {proof}\r\n\r\n".encode()
        )


@pytest.fixture(scope="module")
def house():
    house = House("explain")
    users, shelf, tools = house.folder / "users", house.folder / "shelf", house.folder / "tools"
    assert set_password(users, "joe", "secret").returncode == 0
    users.chmod(0o644)
    shelf.mkdir()
    (shelf / "s.txt").write_text(str(shelf / "s.txt"))
    with Worker("app") as app, TalkingBackend() as apple, TalkingBackend() as berry:
        house.option("CGIextension = cgi")
        house.option("BlockExtensions = bak")
        house.section(TOOLKIT)
        house.section(DIRECTORIES.format(users=users))
        house.section(f"FastCGIserver {{\n  FastCGIid = APP\n  ConnectTo = {app.socket}\n  Extension = app\n}}")
        site = house.host(
            "a.test",
            "  ExecuteCGI = yes\n  EnablePathInfo = yes\n  UseFastCGI = APP\n  UseToolkit = rules\n  SecureURL = yes\n"
            f"  Alias = /shelf:{shelf}\n  ScriptAlias = /tool:{tools}/env.cgi\n  Setenv COLOUR = deep blue\n"
            "  UseDirectory = far, near, staff, still, listed\n  TraceFor = 192.0.2.1, 127.0.0.1",
        )
        wild = house.host("*.wild.test")
        first = house.host(
            "first.test", "  EnforceFirstHostname = yes\n  ErrorHandler = 404:/sorry.html", more_names=["second.test"]
        )
        house.host(
            "proxy.test",
            f"  ReverseProxy = ^/api/ 1 http://127.0.0.1:{apple.port}/v2 8\n  ReverseProxy = !^/(a|live|chat) {berry.socket}\n"
            f"  WebSocket = ws://127.0.0.1:{berry.port} /live, /chat/*\n  UseDirectory = far, staff\n  UseToolkit = rules",
        ).put("a.txt", str(house.sites["proxy.test"].root / "a.txt"))
        house.section(f"FastCGIserver {{\n  FastCGIid = LONE\n  Protocol = http\n  ConnectTo = 127.0.0.1:{berry.port}\n}}")
        house.host("lone.test", "  UseFastCGI = LONE\n  UseToolkit = rules")
        front = house.host("front.test", "  ExecuteCGI = yes\n  FrontController = /front.cgi\n  TraceFor = 192.0.2.0/24")
        for place, name in [(house.default, "d.txt"), (wild, "w.txt"), (first, "f.txt"), (first, "sorry.html"), (front, "style.css")]:
            place.put(name, str(place.root / name))
        for name in ("a.txt", "index.html", "docs/index.html", "docs/a.txt", "far/a.txt", "near/a.txt", "staff/a.txt", "listed/a.txt",
                     "secret/a.txt", "flat.cgi", "page.app", "dark.txt", "shut/a.txt", ".hidden", "blocked.bak"):
            site.put(name, str(site.root / name))
        (site.root / "empty").mkdir()
        (site.root / "dark.txt").chmod(0)
        (site.root / "shut").chmod(0)
        site.link("link-out.txt", "/etc/passwd")
        (site.root / "still").mkdir()
        for name in ("env.cgi", "still/env.cgi", "staff/env.cgi"):
            site.program("cgi_env", name)
        front.program("cgi_env", "front.cgi")
        tools.mkdir()
        (tools / "env.cgi").write_bytes((site.root / "env.cgi").read_bytes())
        (tools / "env.cgi").chmod(0o755)
        with opened(house):
            yield house


def explain(house, *words):
    status, output, errors = house.verb("explain", *words)
    assert status == 0, errors
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def explained(house):
    """What is said of each case, by few calls: by number."""
    groups = {}
    for number, (method, fields, _) in enumerate(CASES):
        groups.setdefault((method, tuple(fields)), []).append(number)
    answers = {}
    for (method, fields), numbers in groups.items():
        words = ["--json", "-X", method, *(word for name, value in fields for word in ("-H", f"{name}: {value}"))]
        urls = [f"http://{CASES[number][2][0]}:{house.port}{CASES[number][2][1]}" for number in numbers]
        answers.update(zip(numbers, explain(house, *words, *urls), strict=True))
    return answers


def ask(house, method, host, target, fields):
    """The answer; of one that opens a WebSocket, its head."""
    with house.visit() as visitor:
        visitor.request(method, target, host=f"{host}:{house.port}", fields=fields)
        answer = visitor.head()
        if answer.status != 101:
            visitor.body_of(answer, method)
        return answer


def is_asked_of_target(said, done):
    """The backend that has answered is the one that was named, and got what it was said to get."""
    assert said["request"].encode() == base64.b64decode(done["X-Asked"])
    assert [fact["text"] for fact in said["facts"] if fact["text"].startswith(f"target {done['X-Backend']}, ")]


def told_to_program(answer, handler):
    """The variables that a program has really got."""
    return answer.facts("env" if handler == "cgi" else "param")


def without_chance(variables):
    return {name: value for name, value in variables.items() if name not in BY_CHANCE}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{m}-{c[0]}{c[1]}" for m, _, c in CASES])
def test_what_is_explained_is_what_is_done(house, explained, number):
    method, fields, (host, target, handler, status) = CASES[number]
    said = explained[number]
    done = ask(house, method, host, target, fields)
    assert (said["handler"], said["status"]) == (handler, status)
    if handler == "proxy":
        is_asked_of_target(said, done)
        assert done.status == (101 if fields == WEBSOCKET else 200)
        return
    assert done.status == (status or 200)
    assert done["Location"] == said["location"]
    if handler == "file" and status in (200, 404) and method != "HEAD":
        assert done.text == said["path"]
    if status is None and method != "HEAD":
        told = told_to_program(done, handler)
        assert told["SCRIPT_FILENAME"] == said["path"]
        assert without_chance(told) == without_chance(said["environment"])


def test_the_reasons_have_their_places(house):
    (said,) = explain(house, "--json", f"a.test:{house.port}/short/a.txt")
    text = house.config_path.read_text().splitlines()
    for part, words in [("binding", "Binding {"), ("host", "VirtualHost {"), ("toolkit", "Match ^/short"), ("disk", "WebsiteRoot")]:
        places = [fact for fact in said["facts"] if fact["part"] == part and fact["holds"] is not False and "line" in fact]
        assert any(words in text[fact["line"] - 1] for fact in places), (part, places)


def test_it_names_the_folder_that_lacks_a_right(house):
    (shut, dark) = explain(house, "--json", f"a.test:{house.port}/shut/a.txt", f"a.test:{house.port}/dark.txt")
    root = house.sites["a.test"].root
    assert any(f"the folder '{root}/shut' (mode 0000" in fact["text"] and "(x)" in fact["text"] for fact in shut["facts"])
    assert any(f"the file '{root}/dark.txt' (mode 0000" in fact["text"] and "(r)" in fact["text"] for fact in dark["facts"])


def test_another_client_is_judged_as_such(house):
    (said,) = explain(house, "--json", "--from", "192.0.2.7", f"http://a.test:{house.port}/far/a.txt")
    assert said["status"] == 200


def test_it_knows_who_is_banned(house):
    def asked():
        with Visitor(house.port, source="127.0.0.66") as visitor:
            visitor.request("GET", "/a.txt", host="a.test")
            return visitor.answer().status

    def said():
        return explain(house, "--json", "--from", "127.0.0.66", f"http://a.test:{house.port}/a.txt")[0]["status"]

    assert house.verb("ban", "127.0.0.66")[0] == 0
    assert (said(), asked()) == (429, 429)
    assert house.verb("unban", "127.0.0.66")[0] == 0
    assert (said(), asked()) == (200, 200)


def test_another_address_is_judged_as_it_is_answered(house):
    for source, status in (("127.0.0.1", 200), ("127.0.0.2", 403)):
        (said,) = explain(house, "--json", "--from", source, f"http://a.test:{house.port}/near/a.txt")
        with Visitor(house.port, source=source) as visitor:
            visitor.request("GET", "/near/a.txt", host="a.test")
            assert (said["status"], visitor.answer().status) == (status, status)


def test_run_asks_the_running_house(house):
    (said,) = explain(house, "--json", "--run", f"http://a.test:{house.port}/env.cgi")
    sent = said["sent"]
    assert (said["status"], sent["status"]) == (None, 200)
    assert 0 <= sent["connect_us"] <= sent["secured_us"] <= sent["first_byte_us"] <= sent["end_us"]
    status, output, _ = house.verb("explain", "--run", f"http://a.test:{house.port}/a.txt")
    assert status == 0
    assert "first byte" in output and f"sent to 127.0.0.1:{house.port}: 200" in output


def notes(answer):
    return answer.all("X-Longhouse-Trace")


def notes_of(said):
    """What is explained, as the running house would note it."""
    marks = {True: "+ ", False: "- ", None: ""}
    return [
        f"{fact['part']} {marks[fact['holds']]}{fact['text']}" + (f" ({fact['file']}:{fact['line']})" if "file" in fact else "")
        for fact in said["facts"]
        if fact["part"] != "binding"
    ]


ASKED = ("X-Longhouse-Trace", "yes")


@pytest.mark.parametrize("target", ["/short/a.txt", "/staff/none.txt", "/shut/a.txt", "/secret/a.txt", "/page.app/echo"])
def test_a_request_tells_what_explain_tells(house, target):
    (said,) = explain(house, "--json", f"http://a.test:{house.port}{target}")
    answer = house.get(target, host=f"a.test:{house.port}", fields=[ASKED])
    expected = notes_of(said)
    # a rehearsal ends before the program has said what there would be to compress
    apart = ("binding ", "backend + chosen", "answer not compressed") if ".app" in target else "binding "
    assert [note for note in notes(answer) if not note.startswith(apart)] == expected
    assert answer["Cache-Control"] == "no-store"
    if target.startswith("/page"):
        assert any(note.startswith("backend + chosen: ") for note in notes(answer))


def test_nobody_else_is_told(house):
    for host, fields in [
        ("a.test", []),
        ("a.test", [("X-Longhouse-Trace", "no")]),
        ("front.test", [ASKED]),
        ("first.test", [ASKED]),
        ("front.test", [ASKED, ("X-Forwarded-For", "192.0.2.7")]),
    ]:
        answer = house.get("/a.txt", host=host, fields=fields)
        assert notes(answer) == [] and answer["Cache-Control"] is None


def test_what_a_client_wrote_ends_no_line(house):
    answer = house.get("/%e2%82%ac%ff/none", host="a.test", fields=[ASKED])
    assert answer.status == 404
    assert any("\\xff/none: No such file" in note for note in notes(answer))


def test_run_prints_what_the_running_house_notes(house):
    (said,) = explain(house, "--json", "--run", f"http://a.test:{house.port}/page.app/echo")
    assert any(note.startswith("backend + chosen: ") for note in said["sent"]["trace"])
    (said,) = explain(house, "--json", "--run", f"http://front.test:{house.port}/style.css")
    assert said["sent"]["trace"] == []


@pytest.mark.parametrize(
    "words, cure",
    [
        ([], "usage: longhouse explain"),
        (["--nonsense", "a.test/"], "there is no option '--nonsense'"),
        (["/a.txt"], "it names no host"),
        (["ftp://a.test/"], "neither http nor https"),
        (["a.test:9/"], "there are: http on port"),
        (["https://a.test/"], "there are: http on port"),
        (["a.test/", "--from", "next door"], "IPv4 or IPv6"),
        (["a.test/", "-X", "GET IT"], "one word"),
        (["a.test/", "-H", "Accept"], "a name, a colon, a value"),
        (["a.test/", "-H", "Host: b.test"], "told by the URL"),
        (["a.test/", "--run", "--from", "192.0.2.1"], "leave one of them out"),
    ],
)
def test_wrong_words_get_a_cure(house, words, cure):
    status, output, errors = house.verb("explain", *words)
    assert (status, output) == (2, "")
    assert cure in errors


def test_a_name_that_is_nearly_right_is_guessed(house):
    status, _, errors = house.verb("explain", f"http://frnt.test:{house.port}/")
    assert status == 0
    assert "no Hostname of the configuration is 'frnt.test'" in errors and "did you mean 'front.test'?" in errors


def test_a_terminal_gets_colours_and_a_pipe_none(house):
    words = [BINARY, "explain", "-c", house.config_path, f"http://a.test:{house.port}/a.txt"]
    plain = subprocess.run(words, capture_output=True, timeout=30, check=True).stdout
    assert b"\x1b" not in plain and b"  host        + 'a.test' is its name" in plain
    ours, its = pty.openpty()
    with subprocess.Popen(words, stdout=its, stdin=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm"}) as process:
        os.close(its)
        text = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            text += piece
        assert process.wait(30) == 0
    os.close(ours)
    assert "✓".encode() in text and b"\x1b[1m" in text
