"""Options whose effect no other test shows: see ../options.txt."""
import pytest

from backends import Worker
from house import House, opened

KEY = "2b7e151628aed2a6abf7158809cf4f3c"


@pytest.fixture(scope="module")
def house():
    house = House("options")
    work = house.folder
    (work / "types").write_text("text/x-odd odd\n")
    (work / "key").write_text(f"  {KEY}\n")
    for line in (
        "Reactors = 1",
        "ServerString = Den",
        "ErrorPageVersion = yes",
        "MaxFields = 12",
        "MinBodyRate = 1000000",
        "BodyGrace = 0",
        "MimetypeConfig = types",
        "SessionKeyFile = key",
        "CGIhandler = /bin/sh:sh",
        "CGIextension = cgi",
        "CacheMaxFilesize = 1",
    ):
        house.option(line)
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  EnableTRACE = yes\n}}")
    house.section("Directory {\n  DirectoryID = pictures\n  Path = /\n  Extensions = jpg\n  ExpirePeriod = 2 hours, public\n}")
    site = house.host(
        "a.test",
        "  ExecuteCGI = yes\n  MaxAge = 60\n  NoExtensionAs = odd\n  Charset = koi8-r\n  UseDirectory = pictures",
    )
    site.put("a.txt", "text")
    site.put("README", "read me")
    site.put("a.jpg", "picture")
    site.put("kept.sh", 'n=$(($(cat count || echo 0) + 1)); echo $n >count; echo "X-Hiawatha-Cache: 60"\necho\nhead -c $QUERY_STRING /dev/zero\necho $n')
    site.root.chmod(0o777)
    house.host("b.test", "  ExecuteCGI = yes", more_names=["other.test"]).program("cgi_env")
    house.host("c.test", "  ExecuteCGI = yes\n  ServerNameAs = request", more_names=["*.c.test"]).program("cgi_env")
    with Worker("a") as first, Worker("b") as second:
        house.section(
            f"FastCGIserver {{\n  FastCGIid = APP\n  ConnectTo = {first.socket}, {second.socket}\n"
            "  StickTo = cookie\n  StickyCookieName = taste\n}"
        )
        house.host("app.test", "  UseFastCGI = APP")
        with opened(house):
            yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


def test_what_the_server_tells_of_itself(site):
    assert site.get("/a.txt")["server"] == "Den"
    assert "Longhouse 0." in site.get("/gone").text


def test_as_many_fields_as_it_says(site):
    few = [(f"X-{n}", "v") for n in range(9)]
    assert site.get("/a.txt", fields=few).status == 200
    assert site.get("/a.txt", fields=[*few, ("X-9", "v"), ("X-10", "v")]).status == 431


def test_a_body_slower_than_its_rate_is_late(house):
    with house.visit() as visitor:
        visitor.send(b"POST /kept.sh?1 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n1234")
        assert visitor.answer().status == 408


def test_trace_sends_back_what_came(site):
    answer = site.get("/a.txt", method="TRACE", fields=[("X-Mine", "yes")])
    assert answer.status == 200 and "x-mine: yes" in answer.text.lower()


def test_types_of_files(site):
    assert site.get("/README")["content-type"] == "text/x-odd; charset=koi8-r"


def test_the_name_that_programs_are_told(house):
    def name(host):
        return house.get("/env.cgi", host=host).facts("env")["SERVER_NAME"]

    assert name("other.test") == "b.test"
    assert name("any.c.test") == "any.c.test"


def test_how_long_files_are_fresh(site):
    assert site.get("/a.txt")["cache-control"] == "max-age=60"
    picture = site.get("/a.jpg")
    assert picture["cache-control"] == "public, max-age=7200" and picture["expires"]


def test_only_short_answers_are_kept(site):
    assert site.get("/kept.sh?10").text.strip("\0") == site.get("/kept.sh?10").text.strip("\0")
    assert site.get("/kept.sh?2000").text.strip("\0") != site.get("/kept.sh?2000").text.strip("\0")


def test_the_cookie_has_the_name_it_shall_have_and_the_key_of_the_file(house, new_house):
    app = house.sites["app.test"]
    (line,) = app.get("/who").all("set-cookie")
    name, _, value = line.split(";")[0].partition("=")
    assert name == "taste" and value
    answers = [app.get("/who", fields=[("Cookie", f"taste={value}")]) for _ in range(4)]
    assert len({answer.text.split()[0] for answer in answers}) == 1
    assert not any(answer.all("set-cookie") for answer in answers)

    other = new_house("other-front")  # which has the key in its configuration
    other.option(f"SessionKey = {KEY}")
    other.section(house.sections[-2])
    other.host("app.test", "  UseFastCGI = APP")
    other.start()
    assert not other.sites["app.test"].get("/who", fields=[("Cookie", f"taste={value}")]).all("set-cookie")


# ---- clients ----


def test_who_sends_too_much_is_banned_by_the_field_that_counts(new_house):
    house = new_house("large")
    house.option("BanOnMaxReqSize = 300")
    house.option("TrustedProxy = 127.0.0.1")
    house.option("ProxyField = X-Real-IP")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 1\n}}")
    house.default.put("a.txt", "text")
    house.start()

    def ask(client, **more):
        return house.get("/a.txt", fields=[("X-Real-IP", client), ("X-Forwarded-For", "192.0.2.99")], **more).status

    assert ask("192.0.2.7", method="POST", body=b"x" * 2048) == 413
    assert ask("192.0.2.7") == 429
    assert ask("192.0.2.8") == 200
    status, said, _ = house.verb("bans")
    assert status == 0 and "192.0.2.7" in said and "192.0.2.99" not in said


def test_a_closed_connection_still_counts(new_house):
    house = new_house("delay")
    house.option("ConnectionsPerIP = 2")
    house.option("ReconnectDelay = 3600")
    house.default.put("a.txt", "text")
    house.start()
    assert [house.get("/a.txt").status for _ in range(3)][-1] in (429, 503)


def test_all_connections_are_counted_together(new_house):
    house = new_house("total")
    house.option("ConnectionsTotal = 1")
    house.default.put("a.txt", "text")
    house.start()
    with house.visit() as first:
        first.request("GET", "/a.txt")
        assert first.answer().status == 200
        assert house.get("/a.txt").status == 503
