"""DebugCGI: those who develop a program see why it failed, nobody else does."""
import pytest

from house import House, opened


@pytest.fixture(scope="module")
def house():
    house = House("debug")
    house.option("CGIhandler = /bin/sh:sh")
    for name, clients in (("seen.test", "10.0.0.0/8, 127.0.0.1"), ("hidden.test", "127.0.0.2, ::1"), ("plain.test", None)):
        site = house.host(
            name, "  ExecuteCGI = yes\n  Setenv SECRET = hush\n" + (f"  DebugCGI = {clients}" if clients else "")
        )
        site.put("fails.sh", "echo 'the <reason>' >&2; printf 'X-Half: head\\n'; exit 3")
        site.put("own.sh", "printf 'Status: 500\\n\\nmine'")
    with opened(house):
        yield house


def test_who_is_named_sees_reason_output_words_and_variables(house):
    answer = house.sites["seen.test"].get("/fails.sh?a=<b>", fields=[("X-Mine", "&")])
    assert answer.status == 502 and answer["cache-control"] == "no-store"
    for words in (
        "exited with status 3",
        "the &lt;reason&gt;",
        "X-Half: head",
        "SECRET=hush",
        "QUERY_STRING=a=&lt;b&gt;",
        "HTTP_X_MINE=&amp;",
    ):
        assert words in answer.text
    assert "<reason>" not in answer.text


@pytest.mark.parametrize("name", ["hidden.test", "plain.test"])
def test_others_see_the_plain_page(house, name):
    answer = house.sites[name].get("/fails.sh")
    assert answer.status == 502
    for words in ("hush", "reason", "QUERY_STRING", "status 3"):
        assert words not in answer.text


def test_a_page_of_the_program_is_left_alone(house):
    answer = house.sites["seen.test"].get("/own.sh")
    assert (answer.status, answer.text) == (500, "mine")
