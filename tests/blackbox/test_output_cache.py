"""What a program said is given again for as long as it wishes, and to nobody whom it does not concern."""
import re

import pytest

from house import House, opened

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
