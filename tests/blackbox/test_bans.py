"""Clients that misbehave: what they are banned for, what they and the administrator see of it."""

import pytest
from house import House, opened, wait_until

OK = b"here you are"


def ask(house, client, target="/a.txt", **more):
    fields = [("X-Forwarded-For", client), *more.pop("fields", [])]
    return house.site.get(target, fields=fields, **more)


def wait_for_system(house, *words):
    def found():
        return [line for line in house.system_log().splitlines() if all(word in line for word in words)]

    return wait_until(f"{words} in the system log:\n{house.system_log()}", found)


@pytest.fixture(scope="module")
def strict():
    """A house that bans; a test has as many clients as it wants."""
    house = House("strict")
    house.option("TrustedProxy = 127.0.0.1")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("BanOnInvalidURL = 5m")
    house.option("BanOnFlooding = 20/1h:600")
    house.option("BanOnWrongPassword = 3:600")
    house.option("BanlistMask = deny 203.0.113.0/28, allow all")
    house.site = house.host("b.test", "  ExecuteCGI = yes\n  BanByCGI = yes, 2h\n  UseToolkit = doors")
    house.section("UrlToolkit {\n  ToolkitID = doors\n  Match ^/xmlrpc\\.php Ban 10m\n}")
    house.site.put("a.txt", OK)
    users = house.folder / "users"
    users.write_text("joe:$5$saltsalt$0123456789012345678901234567890123456789012\n")  # of no password
    users.chmod(0o644)
    house.host("door.test", f"  PasswordFile = basic:{users}").put("a.txt", OK)
    with opened(house):
        yield house


def test_a_url_that_no_link_leads_to(strict):
    assert ask(strict, "198.51.100.1", "/.git/config").status == 404
    refused = ask(strict, "198.51.100.1")
    assert refused.status == 429
    assert 290 <= int(refused["Retry-After"]) <= 300
    assert ask(strict, "198.51.100.2").body == OK
    assert len(wait_for_system(strict, "198.51.100.1 is banned for 300 s", "BanOnInvalidURL")) == 1


def test_a_rule_bans(strict):
    assert ask(strict, "198.51.100.3", "/xmlrpc.php").status == 403
    assert ask(strict, "198.51.100.3").status == 429
    wait_for_system(strict, "198.51.100.3 is banned for 0:10:00 h", "UrlToolkit")
    assert ask(strict, "203.0.113.8", "/xmlrpc.php").status == 403
    assert ask(strict, "203.0.113.8").body == OK


def test_who_is_spared_is_not_banned(strict):
    assert ask(strict, "203.0.113.7", "/.git/config").status == 404
    assert ask(strict, "203.0.113.7").body == OK


def test_flooding_counts_all_connections_of_a_client(strict):
    answers = [ask(strict, "198.51.100.20").status for _ in range(22)]
    assert answers == [200] * 20 + [429] * 2
    wait_for_system(strict, "198.51.100.20 is banned for 0:10:00 h", "BanOnFlooding")


def test_a_program_may_ask_for_it(strict):
    strict.site.put("ban.sh", "echo Content-Type: text/plain; echo X-Hiawatha-Ban: 86400; echo; echo go\n")
    answer = ask(strict, "198.51.100.30", "/ban.sh")
    assert answer.status == 200
    assert answer["X-Hiawatha-Ban"] is None
    assert ask(strict, "198.51.100.30").status == 429
    wait_for_system(strict, "198.51.100.30 is banned for 2:00:00 h", "BanByCGI")


def test_wrong_passwords_are_counted(strict):
    door = strict.sites["door.test"]
    client = ("X-Forwarded-For", "198.51.100.40")
    guess = ("Authorization", "Basic am9lOmd1ZXNz")
    for _ in range(4):  # a browser asks without one first
        assert door.get("/a.txt", fields=[client]).status == 401
    for _ in range(3):
        assert door.get("/a.txt", fields=[client, guess]).status == 401
    assert door.get("/a.txt", fields=[client, guess]).status == 429
    wait_for_system(strict, "198.51.100.40 is banned for 0:10:00 h", "BanOnWrongPassword")


def test_the_administrator_bans_and_lifts(strict):
    assert strict.verb("ban", "2001:db8::7", "10m")[:2] == (0, "ok: 2001:db8::7 is banned for 0:10:00 h\n")
    assert ask(strict, "2001:db8::99").status == 429  # the same /64
    status, listed, _ = strict.verb("bans")
    assert status == 0 and "2001:db8::/64" in listed and "by order" in listed
    assert strict.status()["banned"] >= 1
    assert strict.verb("unban", "2001:db8::/64")[0] == 0
    assert ask(strict, "2001:db8::99").body == OK
    assert strict.verb("unban", "2001:db8::7")[0] == 1
    assert strict.verb("ban", "somebody")[0] == 1
    assert strict.verb("ban", "192.0.2.1", "soon")[0] == 1
    assert strict.verb("ban", "192.0.2.0/24")[0] == 1
    assert strict.verb("ban", "203.0.113.7")[0] == 0  # BanlistMask is for bans that come by themselves
    assert ask(strict, "203.0.113.7").status == 429
    assert strict.verb("unban", "all")[0] == 0
    assert strict.verb("bans")[1] == "nobody is banned\n"


def test_who_connects_himself_is_told_first_and_then_dropped(new_house):
    house = new_house("direct")
    house.option("BanOnGarbage = 1h")
    house.option("KickOnBan = yes")
    house.default.put("a.txt", OK)
    house.start()
    with house.visit() as other:
        other.request("GET", "/a.txt")
        assert other.answer().status == 200
        with house.visit() as visitor:
            visitor.send(b"this is no HTTP\r\n\r\n")
            assert visitor.answer().status == 400
        assert other.rest() == b""  # KickOnBan
    told = 0
    while True:
        with house.visit() as visitor:
            try:
                visitor.request("GET", "/a.txt")
                answer = visitor.answer()
            except (ConnectionError, AssertionError):
                break
            assert answer.status == 429 and 3500 < int(answer["Retry-After"]) <= 3600
            told += 1
    assert told == 8
    assert house.verb("unban", "127.0.0.1")[0] == 0
    assert house.get("/a.txt").body == OK


def test_who_connects_since_the_ban_is_told_and_not_dropped_by_it(new_house):
    house = new_house("since")
    house.option("KickOnBan = yes")
    house.default.put("a.txt", OK)
    house.start()
    assert house.verb("ban", "127.0.0.1", "1h")[0] == 0
    with house.visit() as visitor:
        wait_until("the connection is taken", lambda: house.status()["connections_now"] == 1)
        assert house.verb("ban", "127.0.0.1", "2h")[0] == 0
        visitor.request("GET", "/a.txt")
        assert visitor.answer().status == 429


def test_limits_spare_whom_the_mask_names(new_house):
    house = new_house("spared")
    house.option("ConnectionsPerIP = 1")
    house.option("RequestLimitMask = deny 127.0.0.1")
    house.option("MaxServerLoad = 0.01")
    house.default.put("a.txt", OK)
    house.start()
    with house.visit() as one, house.visit() as two:
        for visitor in (one, two, one):
            visitor.request("GET", "/a.txt")
            assert visitor.answer().body == OK


def test_a_begun_request_that_stalls(new_house):
    house = new_house("stall")
    house.option("BanOnTimeout = 60")
    house.option("BanOnMaxPerIP = 60")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  TimeForRequest = 1, 1\n}}")
    house.default.put("a.txt", OK)
    house.start()
    with house.visit() as idle:  # one that asks nothing is no offence
        assert idle.rest() == b""
    assert house.get("/a.txt").body == OK
    with house.visit() as slow:
        slow.send(b"GET /a.txt HT")
        assert slow.answer().status == 408
    assert house.get("/a.txt").status == 429
    wait_for_system(house, "127.0.0.1 is banned for 60 s", "BanOnTimeout")
    assert house.verb("unban", "all")[1] == "ok: 1 ban lifted\n"
