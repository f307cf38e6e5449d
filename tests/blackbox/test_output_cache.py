"""What a program said is given again for as long as it wishes, and to nobody whom it does not concern."""
import re

import pytest

from h2wire import H2Visitor
from house import House, opened
from test_http_backend import KEPT, Http

COUNTER = r"""
folder=$DOCUMENT_ROOT/count
n=$(($(cat "$folder/$QUERY_STRING" 2>/dev/null || echo 0) + 1))
echo $n >"$folder/$QUERY_STRING"
echo "Content-Type: text/plain"
echo 'ETag: "of-this"'
case $QUERY_STRING in
cookie*) echo "Set-Cookie: session=$n" ;;
esac
echo "X-Hiawatha-Cache: 60"
echo
echo "run $n"
"""


@pytest.fixture(scope="module")
def house():
    house = House("kept")
    house.option("Reactors = 1")
    house.option("CGIhandler = /bin/sh:sh")
    house.option("LogFormat = json")
    site = house.host("kept.test", "  ExecuteCGI = yes\n  SkipCacheCookie = login, admin")
    site.put("count.sh", COUNTER)
    site.put("edit.sh", 'echo "Content-Type: text/plain"\necho "X-Hiawatha-Cache-Remove: $HTTP_X_WHAT"\necho\necho saved\n')
    (site.root / "count").mkdir()
    (site.root / "count").chmod(0o777)
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["kept.test"]


def test_a_program_runs_once(site):
    answers = [site.get("/count.sh?once") for _ in range(3)]
    assert [answer.text for answer in answers] == ["run 1\n"] * 3
    assert [answer["X-Hiawatha-Cache"] for answer in answers] == [None] * 3
    assert answers[0]["Age"] is None and re.fullmatch(r"\d+", answers[2]["Age"])
    assert answers[2]["Content-Length"] == "6"
    assert site.get("/count.sh?other").text == "run 1\n"
    head = site.get("/count.sh?once", method="HEAD")
    assert (head.status, head["Content-Length"], head.text) == (200, "6", "")
    known = site.get("/count.sh?once", fields=[("If-None-Match", '"of-this"')])
    assert (known.status, known.text) == (304, "")


def test_a_cookie_is_given_to_one_only(site):
    first, second = site.get("/count.sh?cookie"), site.get("/count.sh?cookie")
    assert (first["Set-Cookie"], second["Set-Cookie"]) == ("session=1", "session=2")
    assert (first.text, second.text) == ("run 1\n", "run 2\n")


@pytest.mark.parametrize("field", [("Cookie", "x=1; login=joe"), ("Authorization", "Bearer x")], ids=["cookie", "auth"])
def test_who_is_known_has_an_answer_of_his_own(site, field):
    query = field[0].lower()
    target = f"/count.sh?a-{query}"
    assert site.get(target).text == "run 1\n"
    assert site.get(target, fields=[field]).text == "run 2\n"
    assert site.get(target, fields=[("Cookie", "x=1")]).text == "run 1\n"


@pytest.mark.parametrize("what", ["/count.sh?taken", "all"])
def test_a_program_takes_it_back(site, what):
    before = site.get("/count.sh?taken").text
    assert site.get("/count.sh?taken").text == before
    answer = site.get("/edit.sh", method="POST", body=b"", fields=[("X-What", what)])
    assert answer.text == "saved\n" and answer["X-Hiawatha-Cache-Remove"] is None
    assert site.get("/count.sh?taken").text != before


def test_nothing_is_kept_where_there_is_no_room(new_house):
    house = new_house("none")
    house.option("Reactors = 1")
    house.option("CacheSize = 0")
    house.option("CGIhandler = /bin/sh:sh")
    site = house.host("none.test", "  ExecuteCGI = yes")
    site.put("count.sh", COUNTER)
    (site.root / "count").mkdir()
    (site.root / "count").chmod(0o777)
    house.start()
    assert [site.get("/count.sh?x").text for _ in range(2)] == ["run 1\n", "run 2\n"]


# ---- ReverseProxy ----


@pytest.fixture(scope="module")
def proxied():
    house = House("kept_of_backend")
    house.option("Reactors = 1")
    house.option("CacheRProxyExtensions = css, .JS")
    house.option("CacheRProxyExtensions = odd")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  AcceptHTTP2 = prior-knowledge\n}}")
    with Http() as backend:
        house.host("rule.test", f"  ReverseProxy = . {backend.socket}\n  SkipCacheCookie = login").put("own.css", "of disk")
        house.host("other.test", f"  ReverseProxy = . {backend.socket}")
        words = f"  FastCGIid = section\n  Protocol = http\n  ConnectTo = {backend.socket}\n{KEPT}"
        house.section(f"FastCGIserver {{\n{words}\n}}")
        house.host("section.test", "  UseFastCGI = section")
        with opened(house):
            yield house


def count_of(answer):
    assert answer.status == 200
    return int(answer.text.removeprefix("run "))


def is_kept(site, target, **more):
    """The second answer is the first once more."""
    return count_of(site.get(target, **more)) == count_of(site.get(target, **more))


def test_answers_of_a_backend_are_kept_by_extension(proxied):
    rule = proxied.sites["rule.test"]
    first, second = rule.get("/count/kept.css?a"), rule.get("/count/kept.css?a")
    assert (second.text, second["content-type"]) == (first.text, "text/css")
    assert first["age"] is None and re.fullmatch(r"\d+", second["age"])
    with H2Visitor(proxied.port, name="rule.test") as visitor:
        assert visitor.get("/count/kept.css?a").body == first.body
    head = rule.get("/count/kept.css?a", method="HEAD")
    assert (head["content-length"], head.body) == (str(len(first.body)), b"")
    assert rule.get("/count/kept.css?b").text != first.text
    assert proxied.sites["other.test"].get("/count/kept.css?a").text != first.text
    assert is_kept(rule, "/count/a/b.JS") and is_kept(rule, "/count/kept.odd")
    assert not is_kept(rule, "/count/kept.png")
    assert not is_kept(proxied.sites["section.test"], "/count/kept.css")


@pytest.mark.parametrize(
    "field",
    [("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("Authorization", "Bearer x"), ("Cookie", "a=1; login=joe")],
    ids=["no-cache", "pragma", "auth", "cookie"],
)
def test_who_wants_his_own_gets_it_from_the_backend(proxied, field):
    site = proxied.sites["rule.test"]
    target = f"/count/own-{field[0]}.css"
    first = count_of(site.get(target))
    assert count_of(site.get(target, fields=[field])) > first
    assert is_kept(site, target) and not is_kept(site, target, fields=[field])


@pytest.mark.parametrize(
    "said",
    [
        "Set-Cookie: session=1",
        "Cache-Control: private",
        "Cache-Control: no-store",
        "Cache-Control: no-cache",
        "Cache-Control: max-age=0",
        "Expires: 0",
        "Vary: *",
        "Content-Type: text/html",
    ],
)
def test_what_a_backend_wants_for_one_is_for_one(proxied, said):
    site = proxied.sites["rule.test"]
    assert not is_kept(site, f"/count/{said.replace(' ', '').replace('*', 'x')}.css", fields=[("X-Say", said)])


def test_what_varies_is_kept_for_each(proxied):
    site = proxied.sites["rule.test"]
    say = ("X-Say", "Vary: Accept-Language")
    de, en = ([say, ("Accept-Language", language)] for language in ("de", "en"))
    first = site.get("/count/varies.css", fields=de).text
    assert site.get("/count/varies.css", fields=en).text != first
    assert site.get("/count/varies.css", fields=de).text == first


def test_what_is_cut_is_not_kept(proxied):
    site = proxied.sites["rule.test"]
    assert not site.get("/count/cut.css", fields=[("X-Say", "Content-Length: 100")]).complete
    assert not is_kept(site, "/count/cut.css", fields=[("X-Say", "Connection: close")])  # only its end ends it
    assert is_kept(site, "/count/cut.css")
