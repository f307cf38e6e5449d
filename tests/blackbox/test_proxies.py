"""Behind trusted proxies: who the client is, for programs, logs and limits."""
import pytest

from house import House, free_port, opened, wait_until


@pytest.fixture(scope="module")
def house():
    house = House("proxies")
    house.outer = free_port()
    house.option("CGIextension = cgi")
    house.option("LogFormat = extended")
    house.option("HideProxy = 10.0.0.0/8")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  TrustedProxy = 127.0.0.1\n}}")
    house.section(f"Binding {{\n  Port = {house.outer}\n  Interface = 127.0.0.1\n}}")
    site = house.host("p.test", "  ExecuteCGI = yes")
    site.program("cgi_env")
    site.put("a.txt", "a")
    with opened(house):
        yield house


@pytest.mark.parametrize(
    "fields, client",
    [
        ([("X-Forwarded-For", "203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "1.2.3.4, 203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "203.0.113.9, 10.7.7.7")], "203.0.113.9"),
        ([("X-Forwarded-For", "2001:db8::9")], "2001:db8::9"),
        ([("Forwarded", 'for="[2001:db8::9]:4711";proto=https')], "2001:db8::9"),
        ([("Forwarded", "for=1.2.3.4"), ("X-Forwarded-For", "203.0.113.9")], "203.0.113.9"),
        ([("X-Real-IP", "203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "203.0.113.9, unknown")], "127.0.0.1"),
        ([], "127.0.0.1"),
    ],
)
def test_the_client_is_whom_the_proxy_names(house, fields, client):
    site = house.sites["p.test"]
    answer = site.get("/env.cgi", fields=fields)
    env = answer.facts("env")
    assert env["REMOTE_ADDR"] == client
    assert ("REMOTE_PORT" in env) == (client == "127.0.0.1")
    assert env["SERVER_PORT"] == str(house.port)
    wait_until("its line in the log", lambda: site.access_log().splitlines()[-1:] and site.access_log().splitlines()[-1].startswith(client + " "))


@pytest.mark.parametrize(
    "fields, scheme",
    [
        ([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")], "https"),
        ([("Forwarded", "for=203.0.113.9;proto=https")], "https"),
        ([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "http")], "http"),
        ([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "evil")], "http"),
        ([("X-Forwarded-For", "203.0.113.9")], "http"),
    ],
)
def test_the_scheme_is_the_one_before_the_proxy(house, fields, scheme):
    env = house.sites["p.test"].get("/env.cgi", fields=fields).facts("env")
    assert env["REQUEST_SCHEME"] == scheme
    assert env.get("HTTPS") == ("on" if scheme == "https" else None)


def test_from_anybody_else_the_fields_are_data(house):
    fields = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=203.0.113.9")]
    env = house.get("/env.cgi", host="p.test", port=house.outer, fields=fields).facts("env")
    assert env["REMOTE_ADDR"] == "127.0.0.1"
    assert "REMOTE_PORT" in env
    assert env["REQUEST_SCHEME"] == "http" and "HTTPS" not in env
    assert env["HTTP_X_FORWARDED_FOR"] == "203.0.113.9"


def test_clients_on_one_connection_are_kept_apart(house):
    with house.visit() as visitor:
        for client in ("203.0.113.1", "203.0.113.2", "2001:db8::3", "203.0.113.1"):
            visitor.request("GET", "/env.cgi", host="p.test", fields=[("X-Forwarded-For", client)])
            assert visitor.answer().facts("env")["REMOTE_ADDR"] == client
        visitor.request("GET", "/env.cgi", host="p.test")
        assert visitor.answer().facts("env")["REMOTE_ADDR"] == "127.0.0.1"


def test_limits_count_the_client_and_not_the_proxy(new_house):
    house = new_house("proxycrowd")
    house.option("ConnectionsPerIP = 2")
    house.option("TrustedProxy = 127.0.0.1")
    house.option("CGIhandler = /bin/sh:sh")
    site = house.host("p.test", "  ExecuteCGI = yes\n  TimeForCGI = 30")
    site.put("wait.sh", "echo Content-Type: text/plain; echo; echo begun; head -c 1 >/dev/null\n")
    site.put("a.txt", "a")
    house.start()

    def begin(client):
        visitor = house.visit()
        visitor.request(
            "POST", "/wait.sh", host="p.test", fields=[("X-Forwarded-For", client), ("Content-Length", "1")]
        )
        assert visitor.head().status == 200
        return visitor

    held = [begin("203.0.113.9") for _ in range(2)]
    with house.visit() as visitor:
        for client, status in (("203.0.113.9", 429), ("203.0.113.8", 200), ("203.0.113.9", 429), (None, 200)):
            fields = [("X-Forwarded-For", client)] if client else []
            visitor.request("GET", "/a.txt", host="p.test", fields=fields)
            assert visitor.answer().status == status, client
    for visitor in held:
        visitor.send(b"x")
        visitor.rest() if visitor.ended else visitor.first_bytes(1)
        visitor.close()

    def welcome():
        return site.get("/a.txt", fields=[("X-Forwarded-For", "203.0.113.9")]).status == 200

    wait_until("room for the client", welcome)
    with_many = [house.visit() for _ in range(10)]  # the proxy's own connections have no such limit
    for visitor in with_many:
        visitor.request("GET", "/a.txt", host="p.test", fields=[("X-Forwarded-For", "203.0.113.7")])
        assert visitor.answer().status == 200
        visitor.close()
