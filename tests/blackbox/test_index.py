"""ShowIndex: folders that list what is in them."""
import xml.etree.ElementTree

import pytest

from house import House, opened

ODD = ["<script>alert(1)<script>", "a b&c=d?e#f%20", "ü ö", "'\"", "javascript:alert(1)", "..x", "new\nline"]
MANY = 3000


@pytest.fixture(scope="module")
def house():
    house = House("index")
    house.option("CGIextension = cgi")
    house.section("Directory {\n  DirectoryID = xml\n  Path = /xml\n  ShowIndex = xml\n}")
    house.section("Directory {\n  DirectoryID = shut\n  Path = /shut\n  AccessList = deny all\n}")
    site = house.host("a.test", "  ShowIndex = yes\n  UseDirectory = xml, shut")
    for name in ODD:
        site.put(f"odd/{name}", name)
        site.put(f"xml/{name}", name)
    for i in range(MANY):
        site.put(f"many/file{i}.txt", "x" * (i % 10))
    site.put("started/index.html", "the start file")
    site.put("program.cgi", "#!/bin/sh\n", 0o755)
    site.put("shut/a.txt")
    (site.root / "raw").mkdir()
    with open(bytes(site.root / "raw") + b"/\xff\xfe.txt", "wb") as file:
        file.write(b"raw")
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


def links(answer):
    return [part.split('"')[0] for part in answer.text.split('<td><a href="')[1:]]


def unescaped(link):
    return link.replace("&amp;", "&").replace("&#39;", "'").replace("&quot;", '"')


def test_every_name_leads_to_its_file(site):
    answer = site.get("/odd/")
    assert answer.status == 200
    found = [link for link in links(answer) if link != "../"]
    assert len(found) == len(ODD) - 1  # one begins with a dot
    assert "<script>" not in answer.text
    names = {site.get("/odd/" + unescaped(link).removeprefix("./")).text for link in found if "%0A" not in link}
    assert names == {name for name in ODD if name[0] != "." and "\n" not in name}


def test_a_name_that_is_no_utf8_still_leads_there(site):
    answer = site.get("/raw/")
    assert "\ufffd\ufffd.txt" in answer.text
    assert site.get("/raw/%FF%FE.txt").text == "raw"
    assert links(answer) == ["../", "./%FF%FE.txt"]


def test_xml_can_be_read(site):
    answer = site.get("/xml/")
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    root = xml.etree.ElementTree.fromstring(answer.body)
    assert root.get("complete") == "yes"
    assert {file.text for file in root} >= {"<script>alert(1)<script>", "'\"", "ü ö"}


def test_many_files_come_in_order(site):
    found = links(site.get("/many/"))
    assert found == ["../"] + [f"./file{i}.txt" for i in range(MANY)]
    found = links(site.get("/many/?sort=-size"))[1:]
    assert [int(link.removeprefix("./file").removesuffix(".txt")) % 10 for link in found] == sorted(
        (i % 10 for i in range(MANY)), reverse=True
    )


def test_a_slow_reader_gets_all_and_one_that_leaves_costs_nothing(house, site):
    with house.visit() as visitor:
        visitor.request("GET", "/many/", host="a.test")
        visitor.reset()
    assert len(links(site.get("/many/"))) == MANY + 1


def test_what_is_no_use_is_not_shown(site):
    found = links(site.get("/"))
    assert "./program.cgi" not in found  # it does not run here
    assert "./shut/" not in found
    assert found == ["./many/", "./odd/", "./raw/", "./started/", "./xml/"]
    assert site.get("/shut/").status == 403
    assert site.get("/started/").text == "the start file"
    assert site.get("/many").status == 301


def test_conditions_and_head(site):
    answer = site.get("/odd/", method="HEAD")
    assert answer.status == 200 and answer.body == b""
    again = site.get("/odd/", fields=[("If-None-Match", answer["ETag"])])
    assert again.status == 304
    site.put("odd/one more", "x")
    assert site.get("/odd/", fields=[("If-None-Match", answer["ETag"])]).status == 200


def test_a_wrong_value_is_explained(house):
    house.config_path.with_name("wrong.conf").write_text(house.config_text().replace("ShowIndex = yes", "ShowIndex = maybe"))
    kept, house.config_path = house.config_path, house.config_path.with_name("wrong.conf")
    status, _, errors = house.verb("check")
    house.config_path = kept
    assert status == 1
    assert "must be no, yes, xml or the path of a stylesheet, not 'maybe'" in errors
