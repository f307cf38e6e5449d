"""What requests may not hold, and where such requests are written down."""
import signal

import pytest
from house import House, opened, wait_until

SHOW = "printf 'Content-Type: text/plain\\n\\n%s %s ' \"$REQUEST_METHOD\" \"$QUERY_STRING\"; cat\n"
FORM = ("Content-Type", "application/x-www-form-urlencoded")


@pytest.fixture(scope="module")
def house():
    house = House("screen")
    house.exploits = house.folder / "exploit.log"
    house.garbage = house.folder / "garbage.log"
    house.option("TrustedProxy = 127.0.0.1")
    house.option(f"ExploitLogfile = {house.exploits}")
    house.option(f"GarbageLogfile = {house.garbage}")
    house.option("BanOnDeniedBody = 10m")
    house.option("BanOnSQLi = 5m")
    house.option("CGIhandler = /bin/sh:sh")
    house.site = house.host(
        "s.test",
        "  ExecuteCGI = yes\n  DenyBody = ^.*%3Cbad.*$\n  PreventSQLi = block\n  PreventXSS = prevent\n"
        "  PreventCSRF = prevent",
    )
    house.site.put("show.sh", SHOW)
    house.site.put("a.txt", "here")
    with opened(house):
        yield house


def ask(house, client, target="/show.sh", body=None, fields=()):
    return house.site.get(
        target, method="GET" if body is None else "POST", body=body, fields=[("X-Forwarded-For", client), *fields]
    )


def wait_for_line(path, *words):
    return wait_until(
        f"{words} in {path}", lambda: [x for x in path.read_text().splitlines() if all(w in x for w in words)]
    )[0]


def test_a_denied_body_bans_and_is_written_down(house):
    assert ask(house, "198.51.100.1", body=b"a=%3CBAD", fields=[FORM]).status == 403
    assert ask(house, "198.51.100.1", "/a.txt").status == 429
    line = wait_for_line(house.exploits, "denied body").split("|")
    assert line[0] == "198.51.100.1"
    assert line[2:] == ["s.test", "/show.sh", "denied body", "^.*%3Cbad.*$"]
    house.site.wait_for_error("denied body (DenyBody)", "answering 403")


def test_sql_is_blocked_and_bans(house):
    assert ask(house, "198.51.100.2", "/show.sh?id=1%27%20or%201=1--").status == 441
    assert ask(house, "198.51.100.2", "/a.txt").status == 429
    wait_for_line(house.exploits, "198.51.100.2", "|SQL injection|")


def test_what_may_pass_comes_whole(house):
    body = b"a=%20b&c=" + b"x" * 100_000  # through a file
    answer = ask(house, "198.51.100.3", "/show.sh?q=1", body=body, fields=[FORM])
    assert answer.body == b"POST q=1 " + body


def test_scripts_are_tamed(house):
    answer = ask(house, "198.51.100.3", "/show.sh?%3cscript%3e", body=b"a=%3Cscript%3e", fields=[FORM])
    assert answer.text == "POST %5fscript%3e a=%5fscript%3e"


def test_a_post_from_another_site_is_a_get(house):
    answer = ask(house, "198.51.100.3", body=b"a=b", fields=[FORM, ("Origin", "http://evil.test")])
    assert answer.text == "GET  "
    answer = ask(house, "198.51.100.3", body=b"a=b", fields=[FORM, ("Origin", "http://s.test")])
    assert answer.text == "POST  a=b"
    wait_for_line(house.exploits, "|CSRF|http://evil.test")


def test_urls_that_no_link_leads_to_are_written_down(house):
    assert ask(house, "198.51.100.4", "/.git/config").status == 404
    assert wait_for_line(house.exploits, "198.51.100.4").endswith("|s.test|/.git/config|invalid URL")


def test_garbage_is_written_down(house):
    with house.visit() as visitor:
        visitor.send(b"\x16\x03|junk\r\nHost: a\r\n\r\n")
        assert visitor.answer().status == 400
    line = wait_for_line(house.garbage, "junk")
    assert "|\\x16\\x03\\x7cjunk\\x0d\\x0aHost: a" in line
    assert "junk" not in house.exploits.read_text()


def test_logs_are_opened_again(house):
    house.exploits.rename(house.exploits.with_suffix(".1"))
    house.process.send_signal(signal.SIGUSR1)
    wait_until("the new log", house.exploits.exists)

    def is_told():  # the file is there a moment before the server writes to it
        ask(house, "198.51.100.5", "/.svn/entries")
        return "198.51.100.5" in house.exploits.read_text()

    wait_until("a line in the new log", is_told)
