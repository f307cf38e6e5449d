"""Which host answers."""
import pytest

from house import House, free_port, opened


@pytest.fixture(scope="module")
def house():
    house = House("hosts")
    house.inner_port = free_port()
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  BindingId = outer\n}}")
    house.section(
        f"Binding {{\n  Port = {house.inner_port}\n  Interface = 127.0.0.1\n  BindingId = inner\n}}"
    )
    house.host("one.test", more_names=["www.one.test"])
    house.host("exact.wild.test")
    house.host("*.wild.test")
    house.host("late.wild.test")
    house.host("inner.test", "  RequiredBinding = inner")
    house.host("custom.test", "  CustomHeaderClient = X-Frame-Options: deny\n  CustomHeaderClient = X-Two: 2")
    for site in house.sites.values():
        site.put("name.txt", site.name)
    with opened(house):
        yield house


@pytest.mark.parametrize(
    "host, site",
    [
        ("default.test", "default.test"),
        ("one.test", "one.test"),
        ("www.one.test", "one.test"),
        ("ONE.Test", "one.test"),
        ("one.test.", "one.test"),
        ("one.test:80", "one.test"),
        ("one.test:1", "one.test"),
        ("xone.test", "default.test"),
        ("sub.one.test", "default.test"),
        ("unknown.test", "default.test"),
        ("127.0.0.1", "default.test"),
        ("[::1]", "default.test"),
        ("exact.wild.test", "exact.wild.test"),
        ("other.wild.test", "any.wild.test"),
        ("a.b.wild.test", "any.wild.test"),
        ("wild.test", "any.wild.test"),
        ("late.wild.test", "any.wild.test"),  # the order of the text counts
        ("inner.test", "default.test"),
    ],
)
def test_the_host_of_a_name(house, host, site):
    assert house.get("/name.txt", host=host).text == site


def test_required_binding(house):
    assert house.get("/name.txt", host="inner.test", port=house.inner_port).text == "inner.test"
    assert house.get("/name.txt", host="one.test", port=house.inner_port).text == "one.test"


def test_without_a_name_the_default_host_answers(house):
    with house.visit() as visitor:
        visitor.request("GET", "/name.txt", host=None, version="1.0")
        assert visitor.answer().text == "default.test"


def test_the_name_of_an_absolute_target_counts(house):
    answer = house.get("http://one.test/name.txt", host="default.test")
    assert answer.text == "one.test"


def test_several_hosts_on_one_connection(house):
    with house.visit() as visitor:
        for host in ("one.test", "exact.wild.test", "default.test", "one.test"):
            visitor.request("GET", "/name.txt", host=host)
            assert visitor.answer().text == host


def test_status_counts_them(house, new_house):
    status, output, _ = house.verb("status")
    assert status == 0 and "7 hosts on 2 bindings, " in output
    one = new_house("one")
    one.option("Reactors = 1")
    one.start()
    assert "1 host on 1 binding, 1 reactor\n" in one.verb("status")[1]


@pytest.mark.parametrize("target, status", [("/name.txt", 200), ("/none", 404), ("/.dot", 404)])
def test_custom_fields_are_in_every_answer(house, target, status):
    answer = house.get(target, host="custom.test")
    assert answer.status == status
    assert answer["x-frame-options"] == "deny" and answer["x-two"] == "2"
    assert house.get(target, host="one.test")["x-frame-options"] is None
