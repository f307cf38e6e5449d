"""`longhouse explain` against the running house: requests that nobody thought of. LONGHOUSE_FAULTS_SEED throws others."""
import re
import urllib.parse

import pytest

from long_run import TIMES, dice
from test_explain import (  # noqa: F401
    ASKED,
    JOE,
    NOT_JOE,
    ask,
    explain,
    house,
    is_asked_of_target,
    notes,
    notes_of,
    told_to_program,
    without_chance,
)

GROUPS = 25 * TIMES
EACH = 12

HOSTS = ["a.test"] * 6 + ["A.TEST", "x.wild.test", "nobody.test", "second.test", "first.test", "front.test", "proxy.test", "lone.test"]
PIECES = (
    "a.txt docs docs/a.txt index.html env.cgi still/env.cgi staff/a.txt staff/env.cgi staff far/a.txt near/a.txt shelf/s.txt shelf tool "
    "page.app page.app/echo flat.cgi dark.txt shut/a.txt .hidden blocked.bak listed empty old/x moved secret/a.txt gone short/a.txt "
    "short/env.cgi short/staff/a.txt anywhere/echo none style.css sorry.html d.txt w.txt f.txt api/x api live more %41.txt"
).split()
QUERIES = ["", "", "", "?", "?a=b", "?a=b&c=%20d", "?x=%0d", "?a=b?c=d", "?%zz"]
METHODS = ["GET"] * 6 + ["HEAD", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"]
FIELDS = [
    JOE, NOT_JOE, ("X-Robot", "yes"), ("X-Robot", "no"), ("If-None-Match", "*"), ("Range", "bytes=0-1"), ("Range", "bytes=900-"),
    ("Accept-Encoding", "gzip"), ("Cookie", "a=b; c=d"), ("X-Forwarded-For", "192.0.2.7"), ("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"),
    ("User-Agent", "dice/1"), ("Referer", "http://else.test/"), ("Authorization", "Bearer x"),
]  # fmt: skip


def bent(throw, path):
    """The same path written otherwise, or nearly the same."""
    at = throw.randrange(len(path) + 1)
    return throw.choice(
        [
            path,
            path,
            path + "/",
            path + "/more",
            path + "/../" + throw.choice(PIECES),
            path.replace("/", "//", 1),
            "./" + path,
            "../" + path,
            "x/../" + path,
            path[:at] + urllib.parse.quote(path[at : at + 1], safe="") + path[at + 1 :],
            path[:at] + "".join(f"%{byte:02x}" for byte in path[at : at + 1].encode()) + path[at + 1 :],
            path[:at] + throw.choice(["%00", "%2f", "%5c", "%ff", "%0a", "%", "+", "~"]) + path[at:],
            path.upper(),
            path + "/" + throw.choice(PIECES),
        ]
    )


def thrown(number):
    """A method, fields, and some (host, target)."""
    throw = dice(f"explain {number}")
    fields = [ASKED, *throw.sample(FIELDS, throw.choice([0, 0, 1, 1, 2]))]
    requests = []
    for _ in range(EACH):
        path = throw.choice(["", bent(throw, throw.choice(PIECES)), bent(throw, throw.choice(PIECES))])
        requests.append((throw.choice(HOSTS), "/" + path + throw.choice(QUERIES)))
    return throw.choice(METHODS), fields, requests


def as_json(text):
    """A byte that is no UTF-8 is lost in JSON; in a field it is written as \\xff."""
    return re.sub(r"[\udc80-\udcff]|\\x[89a-f][0-9a-f]", "\N{REPLACEMENT CHARACTER}", text)


def compare(said, done, method):
    assert done["Location"] == said["location"]
    if said["status"] is not None:
        assert done.status == said["status"]
        if said["handler"] == "file" and done.status in (200, 404) and method == "GET":
            assert as_json(done.text) == said["path"]
    elif said["handler"] == "proxy":
        assert done.status == 200
        is_asked_of_target(said, done)
    else:
        assert done.status == 200
        if method != "HEAD" and (told := told_to_program(done, said["handler"])):
            told = {name: as_json(value) for name, value in told.items()}
            assert told["SCRIPT_FILENAME"] == said["path"]
            assert without_chance(told) == without_chance(said["environment"])
    if notes(done):
        apart = ("binding ",) if said["status"] is not None else ("binding ", "backend + chosen", "answer ")
        noted = [as_json(note) for note in notes(done)]
        assert [note for note in noted if not note.startswith(apart)] == [
            note for note in notes_of(said) if not note.startswith(apart)
        ]


@pytest.mark.parametrize("number", range(GROUPS))
def test_what_is_explained_is_what_is_done(house, number):  # noqa: F811
    method, fields, requests = thrown(number)
    words = ["--json", "-X", method, *(word for name, value in fields for word in ("-H", f"{name}: {value}"))]
    explained = explain(house, *words, *(f"http://{host}:{house.port}{target}" for host, target in requests))
    for (host, target), said in zip(requests, explained, strict=True):
        done = ask(house, method, host, target, fields)
        try:
            compare(said, done, method)
        except AssertionError as wrong:
            raise AssertionError(f"{method} {host}{target} {fields}: {said['handler']} {said['status']}, done: {done}") from wrong
