"""Who stays with which FastCGI target: by address, by our own cookie, by the application's session."""
import contextlib
import itertools
import json
import os
import signal

import pytest

from backends import PhpFpm, Worker
from house import House, opened, wait_until

KEY = "SessionKey = 2b7e151628aed2a6abf7158809cf4f3c"

SESSION_PHP = """<?php
session_start();
$_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
echo getenv('POOL'), ' ', $_SESSION['count'], ' ', $_SERVER['HTTP_COOKIE'] ?? '-';
"""
LOGOUT_PHP = """<?php
session_start();
session_destroy();
setcookie(session_name(), '', 1, '/');
echo getenv('POOL');
"""


class Pool(PhpFpm):
    """Keeps its sessions to itself."""

    def __init__(self, name):
        super().__init__()
        sessions = self.folder / "sessions"
        sessions.mkdir()
        sessions.chmod(0o777)
        config = self.folder / "php-fpm.conf"
        config.write_text(
            config.read_text() + f"env[POOL] = {name}\nphp_admin_value[session.save_path] = {sessions}\n"
        )


class Browser:
    """Keeps cookies, as far as these tests need it; all of them have one address."""

    def __init__(self, host, house, more=()):
        self.host = host
        self.house = house
        self.more = list(more)
        self.cookies = {}
        self.answer = None

    def get(self, target, house=None):
        fields = list(self.more)
        if self.cookies:
            fields.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        self.answer = (house or self.house).get(target, host=self.host, fields=fields)
        assert self.answer.status == 200, self.answer
        for line in self.answer.all("set-cookie"):
            name, _, value = line.split(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return self.answer.text

    def who(self, house=None):
        return self.get("/who", house).split()[0]


def section(house, name, targets, more=""):
    house.section(f"FastCGIserver {{\n  FastCGIid = {name}\n  ConnectTo = {', '.join(map(str, targets))}\n{more}\n}}")
    return house.host(f"{name}.test", f"  UseFastCGI = {name}\n  TimeForCGI = 10")


@pytest.fixture()
def pair():
    with Worker("one") as one, Worker("two") as two:
        yield [one, two]


@contextlib.contextmanager
def house_of(pair, *options, name="sessions", reverse=False):
    house = House(name)
    targets = [worker.socket for worker in (reversed(pair) if reverse else pair)]
    for option in options:
        house.option(option)
    section(house, "cookie", targets, "  StickTo = cookie\n  RestartHold = 0")
    section(house, "address", targets)
    with opened(house):
        yield house


def browsers(house, count=8):
    return [Browser("cookie.test", house) for _ in range(count)]


def places(visitors, house=None):
    return [visitor.who(house) for visitor in visitors]


# ---- by address ----


def test_all_behind_one_address_are_one_visitor(pair):
    with house_of(pair) as house:
        assert len({Browser("address.test", house).who() for _ in range(6)}) == 1


def test_behind_a_trusted_proxy_the_address_that_it_names_counts(pair):
    with house_of(pair, "TrustedProxy = 127.0.0.1") as house:
        visitors = [Browser("address.test", house, [("X-Forwarded-For", f"192.0.2.{i}")]) for i in range(8)]
        at = places(visitors)
        assert set(at) == {"one", "two"}
        for _ in range(3):
            assert places(visitors) == at


# ---- by our own cookie ----


def test_visitors_behind_one_address_are_told_apart(pair):
    with house_of(pair) as house:
        visitors = browsers(house)
        at = places(visitors)
        assert sorted(at) == ["one"] * 4 + ["two"] * 4
        assert all("LH-cookie" in visitor.cookies for visitor in visitors)
        assert all(visitor.answer["cache-control"] == "private" for visitor in visitors)
        for _ in range(3):
            assert places(visitors) == at
        assert not visitors[0].answer.all("set-cookie")


def test_the_application_does_not_see_our_cookie(pair):
    with house_of(pair) as house:
        visitor = browsers(house, 1)[0]
        visitor.cookies["a"] = '"1"'
        visitor.who()
        visitor.cookies["b"] = "x=y"
        assert 'param.HTTP_COOKIE=a="1"; b=x=y\n' in visitor.get("/echo")


def test_a_target_that_dies_moves_its_visitors_once(pair):
    with house_of(pair) as house:
        visitors = browsers(house)
        at = places(visitors)
        assert set(at) == {"one", "two"}
        pair[0].stop()
        assert places(visitors) == ["two"] * len(visitors)
        pair[0].socket.unlink()
        pair[0].start()
        wait_until("new visitors at the target that is back", lambda: "one" in places(browsers(house, 2)), 20)
        assert places(visitors) == ["two"] * len(visitors)


def test_the_cookie_holds_over_a_crash_and_a_restart(pair):
    with house_of(pair) as house:
        visitors = browsers(house)
        at = places(visitors)
        assert set(at) == {"one", "two"}

        former = house.server_pid()
        os.kill(former, signal.SIGKILL)
        wait_until("another server", lambda: house.pid_of("server") not in (None, former))
        house.wait_until_ready()
        assert places(visitors) == at

        key = house.work / "session.key"
        assert key.stat().st_mode & 0o777 == 0o600
        assert house.stop() == 0
        house.stderr.close()
        house.start()
        assert places(visitors) == at

        assert house.stop() == 0
        house.stderr.close()
        key.unlink()  # then all of them are strangers, and go in turn
        house.start()
        assert places(visitors) == ["one", "two"] * 4
        assert all(visitor.answer.all("set-cookie") for visitor in visitors)


def test_front_servers_with_one_key_agree(pair):
    with house_of(pair, KEY) as house, house_of(pair, KEY, name="second", reverse=True) as second:
        visitors = browsers(house)
        at = places(visitors)
        assert set(at) == {"one", "two"}
        assert not (house.work / "session.key").exists()
        for front in (second, house, second):
            assert places(visitors, front) == at
            assert not any(visitor.answer.all("set-cookie") for visitor in visitors)


def test_a_drained_target_keeps_its_visitors(pair):
    with house_of(pair) as house:
        visitors = browsers(house)
        at = places(visitors)
        status, _, errors = house.verb("backend", "drain", f"cookie/{pair[0].socket}")
        assert status == 0, errors
        assert places(visitors) == at
        assert set(places(browsers(house))) == {"two"}
        status, _, errors = house.verb("backend", "enable", f"cookie/{pair[0].socket}")
        assert status == 0, errors
        assert set(places(browsers(house))) == {"one", "two"}


@pytest.mark.parametrize("host", ["address", "cookie"])
def test_the_log_says_what_decided(pair, host):
    with house_of(pair, "LogFormat = json") as house:
        visitor = Browser(f"{host}.test", house)
        site = house.sites[f"{host}.test"]
        for number in range(3):
            visitor.get(f"/who?{number}")
        lines = wait_until("three lines", lambda: found if len(found := site.access_log().splitlines()) == 3 else None)
        told = map(json.loads, lines)  # each reactor writes its own, whoever came first
        assert {line["target"]: line.get("session") for line in told} == {"/who?0": None, "/who?1": host, "/who?2": host}


# ---- by the application's session ----


@pytest.fixture(scope="module")
def php():
    """Two front servers before two pools that do not share their sessions."""
    with contextlib.ExitStack() as stack:
        pools = [stack.enter_context(Pool(name)) for name in ("one", "two")]
        targets = [pool.socket for pool in pools]
        houses = []
        for name, order in (("front", targets), ("other", targets[::-1])):
            house = House(name)
            house.option(KEY)
            for host, more in (("session", ""), ("both", "  StickTo = cookie\n")):
                site = section(house, host, order, f"  Extension = php\n  SessionCookie = PHPSESSID\n{more}")
                site.put("session.php", SESSION_PHP)
                site.put("logout.php", LOGOUT_PHP)
                site.put("who.php", "<?php echo getenv('POOL');")
            houses.append(stack.enter_context(opened(house)))
        yield houses


def count(browser, house=None):
    pool, number, *_ = browser.get("/session.php", house).split()
    return pool, int(number)


@pytest.mark.parametrize("host", ["session.test", "both.test"])
def test_only_who_has_a_session_stays(php, host):
    house = php[0]
    stranger = Browser(host, house)
    assert {stranger.get("/who.php") for _ in range(4)} == {"one", "two"}
    assert not stranger.cookies

    visitors = [Browser(host, house) for _ in range(6)]
    at = [count(visitor)[0] for visitor in visitors]
    assert set(at) == {"one", "two"}
    for number in range(2, 6):
        assert [count(visitor) for visitor in visitors] == [(pool, number) for pool in at]
        assert {stranger.get("/who.php") for _ in range(2)} == {"one", "two"}


@pytest.mark.parametrize("host", ["session.test", "both.test"])
def test_the_session_ends_when_the_application_ends_it(php, host):
    visitor = Browser(host, php[0])
    pool, _ = count(visitor)
    assert count(visitor) == (pool, 2)
    assert visitor.get("/logout.php") == pool
    assert not visitor.cookies
    assert {visitor.get("/who.php") for _ in range(4)} == {"one", "two"}


def test_with_our_cookie_no_front_server_loses_a_session(php):
    visitors = [Browser("both.test", php[0]) for _ in range(6)]
    at = [count(visitor)[0] for visitor in visitors]
    assert set(at) == {"one", "two"}
    for number, house in zip(range(2, 8), itertools.cycle(php[::-1])):
        assert [count(visitor, house) for visitor in visitors] == [(pool, number) for pool in at]


def test_front_servers_agree_about_sessions_that_they_do_not_know(php):
    visitors = [Browser("session.test", php[0]) for _ in range(12)]
    for i, visitor in enumerate(visitors):
        visitor.cookies["PHPSESSID"] = f"madeup{os.getpid()}n{i}"
    at = [visitor.get("/who.php") for visitor in visitors]
    assert set(at) == {"one", "two"}
    for house in (php[1], php[0], php[1]):
        assert [visitor.get("/who.php", house) for visitor in visitors] == at
