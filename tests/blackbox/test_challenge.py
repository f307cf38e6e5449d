"""ChallengeClient: who keeps no cookie gets nothing while it is full."""
import pytest
from house import House, opened


def open_house(kind):
    house = House(f"challenge-{kind}")
    house.option("TrustedProxy = 127.0.0.1")
    house.option(f"ChallengeClient = 1, {kind}, 10m")
    house.option("BanlistMask = deny 203.0.113.0/28, allow all")
    house.site = house.host("c.test")
    house.site.put("a b.txt", "here")
    house.site.put(".well-known/acme-challenge/token", "token")
    return house


@pytest.fixture(scope="module")
def house():
    with opened(open_house("httpheader")) as house:
        yield house


def ask(house, client, target="/a%20b.txt?x=y", cookie=None, **more):
    fields = [("X-Forwarded-For", client)] + ([("Cookie", f"a=b; {cookie}")] if cookie else [])
    return house.site.get(target, fields=fields, **more)


def test_a_cookie_lets_its_client_pass(house):
    answer = ask(house, "198.51.100.1")
    assert (answer.status, answer["location"]) == (307, "/a%20b.txt?x=y")
    cookie, *rest = answer["set-cookie"].split("; ")
    assert rest == ["Path=/", "Max-Age=3600", "HttpOnly", "SameSite=Lax"]
    assert ask(house, "198.51.100.1", cookie=cookie).text == "here"
    assert ask(house, "198.51.100.2", cookie=cookie).status == 307
    assert "clients are challenged" in house.system_log()


def test_who_does_not_learn_is_banned(house):
    answers = [ask(house, "198.51.100.3").status for _ in range(12)]
    assert answers == [307] * 10 + [503, 429]


def test_who_is_not_challenged(house):
    assert ask(house, "203.0.113.1").text == "here"
    assert ask(house, "198.51.100.4", "/.well-known/acme-challenge/token").text == "token"
    assert ask(house, "198.51.100.4", "/.well-known/acme-challenge/../../a%20b.txt").status == 307
    assert ask(house, "198.51.100.4", "localhost:22", method="CONNECT").status == 405  # no page is a tunnel
    answer = ask(house, "198.51.100.4", method="POST", body=b"a=b")
    assert answer.status == 503 and "set-cookie" not in str(answer.fields).lower()


def test_by_script():
    with opened(open_house("javascript")) as house:
        answer = ask(house, "198.51.100.1")
        assert answer.status == 503
        cookie = answer.text.split('document.cookie="')[1].split(";")[0]
        assert ask(house, "198.51.100.1", cookie=cookie).text == "here"
