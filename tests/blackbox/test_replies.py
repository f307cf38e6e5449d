"""Answers that a program leaves to the house: local redirects and files it chose. The same for CGI and FastCGI."""
import os

import pytest

from backends import Worker
from house import House, opened, wait_until

PAGE = b"<p>a page of the house</p>\n"
DATA = bytes(range(256)) * 300


@pytest.fixture(scope="module")
def house():
    house = House("replies")
    house.option("CGIhandler = /usr/bin/perl:pl")
    house.option("CGIextension = cgi")
    listed = house.folder / "listed"
    inner = listed / "inner"
    inner.mkdir(parents=True)
    (listed / "report.pdf").write_bytes(DATA)
    (listed / "tool.pl").write_text("print 'source'")
    (listed / ".dot").write_text("dot")
    (listed / "link").symlink_to("/etc/hostname")
    if os.getuid() == 0:
        os.lchown(listed / "link", 12345, 12345)  # those of root may lead anywhere
    (inner / "deep.txt").write_text("deep")
    (house.folder / "outside.txt").write_text("outside")
    house.listed = listed
    with Worker("say") as worker:
        house.section(f"FastCGIserver {{\n  FastCGIid = say\n  ConnectTo = {worker.socket}\n  Extension = fcgi\n}}")
        options = "  ExecuteCGI = yes\n  UseFastCGI = say\n  TimeForCGI = 10\n  EnablePathInfo = yes\n"
        site = house.host("replies.test", options + f"  SendfileRoot = {listed}")
        for name in ("replies.test", "plain.test"):
            if name == "plain.test":
                site = house.host(name, options + "  LocalRedirect = no")
            site.copy("cgi")
            site.program("cgi_env")
            site.put("say.fcgi")
            site.put("page.html", PAGE)
            site.put("data.bin", DATA)
            site.put(".secret", "secret")
            site.put("odd name.txt", "odd")
        site = house.sites["replies.test"]
        site.link("escape.txt", house.folder / "outside.txt")
        site.put("unreadable.txt", "no", 0o000)
        with opened(house):
            yield house


@pytest.fixture
def site(house):
    return house.sites["replies.test"]


@pytest.fixture(params=["/say.pl", "/say.fcgi"], ids=["cgi", "fastcgi"])
def say(request, site):
    """A program that answers with the lines it is given."""

    def ask(*lines, then="", path=request.param, at=site, **more):
        text = "|".join([*lines, "", then]).replace(" ", "+")
        return at.get(f"{path}?{text}", **more)

    return ask


# ---- local redirects ----


def test_a_local_redirect_is_answered_from_the_path(say):
    answer = say("Location: /page.html")
    assert (answer.status, answer.body) == (200, PAGE)
    assert answer["content-type"].startswith("text/html") and answer["location"] is None


def test_a_local_redirect_to_a_program_is_a_get_without_body(say):
    answer = say("Location: /env.cgi/info?a=b", method="POST", body=b"12345", fields=[("Content-Type", "text/x")])
    env = answer.facts("env")
    assert env["REQUEST_METHOD"] == "GET" and env["QUERY_STRING"] == "a=b" and env["PATH_INFO"] == "/info"
    assert env["REQUEST_URI"] == "/env.cgi/info?a=b" and env["SCRIPT_NAME"] == "/env.cgi"
    assert "CONTENT_LENGTH" not in env and "CONTENT_TYPE" not in env
    assert answer.fact("stdin.bytes") == "0"


def test_a_local_redirect_for_head_has_no_body(house, say):
    answer = say("Location: /page.html", method="HEAD")
    assert (answer.status, answer["content-length"], answer.body) == (200, str(len(PAGE)), b"")


def test_the_connection_goes_on_behind_a_local_redirect(house, site):
    with house.visit() as visitor:
        for _ in range(3):
            visitor.request("POST", "/say.pl?Location:+/page.html||", host=site.name, body=b"x" * 60000)
            assert visitor.answer().body == PAGE


@pytest.mark.parametrize(
    "lines, body",
    [
        (["Location: /page.html"], "<p>moved"),
        (["Location: /page.html", "Status: 302 Found"], ""),
        (["Location: /page.html", "X-Other: 1"], ""),
        (["Location: //other.test/page.html"], ""),
        (["Location: http://other.test/"], ""),
        (["Location: page.html"], ""),
    ],
    ids=["body", "status", "field", "host", "absolute", "relative"],
)
def test_other_redirects_are_for_the_client(say, lines, body):
    answer = say(*lines, then=body)
    assert (answer.status, answer.text) == (302, body)
    assert answer["location"] == lines[0].removeprefix("Location: ")


def test_local_redirects_can_be_switched_off(house, say):
    answer = say("Location: /page.html", at=house.sites["plain.test"])
    assert (answer.status, answer["location"]) == (302, "/page.html")


def test_what_a_visitor_may_not_see_a_local_redirect_does_not_show(say):
    assert say("Location: /.secret").status == 404
    assert say("Location: /missing").status == 404
    assert say("Location: /../../etc/passwd").status == 302  # no target: for the client to stumble over


def test_a_circle_of_local_redirects_ends(house, site):
    site.put("circle.pl", 'print "Location: /circle.pl\\n\\n";')
    assert site.get("/circle.pl").status == 502
    line = site.wait_for_error("/circle.pl", "local redirect", "circle?")
    assert "behind 10 others" in line
    assert site.error_log().count("circle?") == 1


def test_ten_local_redirects_in_a_row_are_followed(site):
    site.put("steps.pl", '$n = $ENV{QUERY_STRING}; $n-- ? print "Location: /steps.pl?$n\\n\\n" : print "Location: /page.html\\n\\n";')
    assert site.get("/steps.pl?9").body == PAGE
    assert site.get("/steps.pl?10").status == 502


# ---- files ----


def test_a_chosen_file_keeps_the_fields_of_the_program(house, say):
    answer = say(
        f"X-Sendfile: {house.listed}/report.pdf",
        "Content-Type: application/x-report",
        "Content-Disposition: attachment; filename=a.pdf",
        "Set-Cookie: a=1",
        "Set-Cookie: b=2",
        "Cache-Control: private",
        "ETag: bogus",
        "Content-Length: 7",
        then="ignored",
    )
    assert (answer.status, answer.body) == (200, DATA)
    assert answer["content-type"] == "application/x-report"
    assert answer["content-disposition"] == "attachment; filename=a.pdf"
    assert answer.all("set-cookie") == ["a=1", "b=2"] and answer["cache-control"] == "private"
    assert answer["etag"] != "bogus" and answer["x-sendfile"] is None
    assert answer["content-length"] == str(len(DATA)) and answer["accept-ranges"] == "bytes"


def test_without_a_type_the_file_has_its_own(house, say):
    assert say("X-Accel-Redirect: /page.html")["content-type"].startswith("text/html")
    assert say(f"X-Sendfile: {house.listed}/report.pdf")["content-type"] == "application/pdf"


def test_a_chosen_file_in_the_website(house, site, say):
    assert say(f"X-Sendfile: {site.root}/page.html").body == PAGE
    assert say(f"X-Sendfile: {site.root}//x/../page.html").body == PAGE
    assert say("X-Accel-Redirect: /odd%20name.txt?v=2").text == "odd"
    assert say("X-Accel-Redirect: /./page.html").body == PAGE


def test_ranges_and_conditions_of_a_chosen_file(house, say):
    head = [f"X-Sendfile: {house.listed}/report.pdf", "Set-Cookie: a=1", "Content-Type: a/b"]
    part = say(*head, fields=[("Range", "bytes=100-199")])
    assert (part.status, part.body) == (206, DATA[100:200])
    assert part["content-range"] == f"bytes 100-199/{len(DATA)}" and part["set-cookie"] == "a=1"
    parts = say(*head, fields=[("Range", "bytes=0-0,5-5")])
    assert parts.status == 206 and parts["content-type"].startswith("multipart/byteranges")
    assert b"Content-Type: a/b\r\n" in parts.body
    known = say(*head, fields=[("If-None-Match", part["etag"])])
    assert (known.status, known.body, known["set-cookie"], known["content-type"]) == (304, b"", "a=1", None)
    assert say(*head, fields=[("If-Match", '"other"')]).status == 412
    assert say(*head, fields=[("Range", "bytes=999999-")]).status == 416


def test_head_and_post_for_a_chosen_file(house, say):
    head = say("X-Accel-Redirect: /data.bin", method="HEAD")
    assert (head.status, head["content-length"], head.body) == (200, str(len(DATA)), b"")
    post = say("X-Accel-Redirect: /data.bin", method="POST", body=b"x", fields=[("If-None-Match", "*")])
    assert (post.status, post.body) == (200, DATA)


def test_a_status_of_its_own_for_a_chosen_file(say):
    answer = say("Status: 404 Gone Fishing", "X-Accel-Redirect: /page.html", fields=[("Range", "bytes=0-1")])
    assert (answer.status, answer.body, answer["content-range"]) == (404, PAGE, None)


def test_a_listed_folder_is_given_as_a_whole(house, say):
    assert say(f"X-Sendfile: {house.listed}/inner/deep.txt").text == "deep"
    assert say(f"X-Sendfile: {house.listed}/tool.pl").text == "print 'source'"
    assert say(f"X-Sendfile: {house.listed}/.dot").text == "dot"


@pytest.mark.parametrize(
    "field, status, why",
    [
        ("X-Sendfile: /etc/passwd", 502, "neither below WebsiteRoot nor below a SendfileRoot"),
        ("X-Sendfile: etc/passwd", 502, "no absolute path"),
        ("X-Sendfile: /../etc/passwd", 502, "above the root of the disk"),
        ("X-Sendfile: {listed}/../outside.txt", 502, "neither below"),
        ("X-Sendfile: {listed}", 502, "neither below"),
        ("X-Sendfile: {listed}-other", 502, "neither below"),
        ("X-Sendfile: {listed}/link", 403, "leads out"),
        ("X-Sendfile: {listed}/inner", 403, "it is no file"),
        ("X-Sendfile: {listed}/none", 404, "no such file"),
        ("X-Sendfile: {root}/.secret", 403, "begins with a dot"),
        ("X-Sendfile: {root}/say.pl", 403, "source of a program"),
        ("X-Sendfile: {root}/unreadable.txt", 403, "permissions"),
        ("X-Accel-Redirect: /escape.txt", 403, "leads out"),
        ("X-Accel-Redirect: /say.pl", 403, "source of a program"),
        ("X-Accel-Redirect: /.secret", 403, "begins with a dot"),
        ("X-Accel-Redirect: /%2esecret", 403, "begins with a dot"),
        ("X-Accel-Redirect: /../etc/passwd", 502, "above the root"),
        ("X-Accel-Redirect: /", 403, "no file"),
        ("X-Accel-Redirect: /none.html", 404, "no such file"),
        ("X-Accel-Redirect: http://other.test/", 502, "no absolute path"),
        ("X-Accel-Redirect: /a%zz", 502, "hexadecimal"),
    ],
)
def test_refused_files_are_one_line_in_the_log(house, site, say, field, status, why):
    before = len(site.error_log().splitlines())
    answer = say(field.format(listed=house.listed, root=site.root), "Content-Type: text/plain")
    assert answer.status == status and b"secret" not in answer.body and b"root:" not in answer.body
    lines = wait_until("a line in the log", lambda: site.error_log().splitlines()[before:])
    assert len(lines) == 1 and why in lines[0] and field.split(":")[0] + " '" in lines[0], lines


def test_a_host_without_listed_folders_has_its_own_files_only(house, say):
    plain = house.sites["plain.test"]
    assert say(f"X-Sendfile: {house.listed}/report.pdf", at=plain).status == 502
    assert say(f"X-Sendfile: {plain.root}/page.html", at=plain).body == PAGE


def test_contradicting_files_are_refused(say):
    assert say("X-Accel-Redirect: /page.html", "X-Accel-Redirect: /data.bin").status == 502


def test_buffering_is_no_business_of_the_client(say):
    answer = say("X-Accel-Buffering: no", "Content-Type: text/plain", then="text")
    assert (answer.text, answer["x-accel-buffering"]) == ("text", None)


# ---- nph- programs ----


def nph(site, *lines):
    site.put("nph-say.cgi", "\n".join(["#!/bin/sh", "cat <<'END'", *lines, "END", ""]), 0o755)
    return site.get("/nph-say.cgi")


def test_an_nph_program_says_the_whole_head(site):
    answer = nph(site, "HTTP/1.1 203 My Own Words", "Content-Type: text/x-nph", "Connection: keep-alive", "Server: mine", "", "hello")
    assert (answer.status, answer.phrase, answer.text) == (203, "My Own Words", "hello\n")
    assert (answer["content-type"], answer["server"], answer["connection"]) == ("text/x-nph", "mine", "close")


def test_what_an_nph_program_says_is_checked(site):
    assert nph(site, "HTTP/1.1 999 Nonsense", "", "x").status == 502
    assert nph(site, "HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 6", "", "x").status == 502
    answer = nph(site, "HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: 2", "", "more than two")
    assert (answer.status, answer.text) == (200, "mo")


def test_an_nph_program_that_frames_its_body_is_refused(site):
    assert nph(site, "HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "3", "abc", "0", "").status == 502
    site.wait_for_error("nph-say.cgi", "frames its body itself")
