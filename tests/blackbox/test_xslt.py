"""UseXSLT, ErrorXSLTfile and ShowIndex with a stylesheet: xsltproc makes the answer, in a sandbox of its own."""
import hashlib
import os

import pytest

from house import House, opened, wait_until

STYLESHEET = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    '<xsl:output {output}/><xsl:template match="/">{body}</xsl:template></xsl:stylesheet>\n'
)
HTML = 'method="html"'
SECRET = "<secret>treasure</secret>"


def style(body, output=HTML):
    return STYLESHEET.format(output=output, body=body)


def page(select, output=HTML):
    return style(f'<html><p><xsl:value-of select="{select}"/></p></html>', output)


@pytest.fixture(scope="module")
def house():
    house = House("xslt")
    tools = house.folder / "tools"
    tools.mkdir()
    tools.chmod(0o755)

    def tool(name, text):
        path = tools / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    secret = tool("secret.xml", SECRET)
    house.option("Reactors = 1")
    site = house.host("a.test", "  UseXSLT = yes")
    site.put("own.xml", "<a>one</a>")
    site.put("own.xslt", page("a"))
    site.put("deep/x.xml", "<a>two</a>")
    site.put("deep/index.xslt", style('<feed><xsl:value-of select="a"/></feed>', 'method="xml" media-type="application/atom+xml"'))
    site.put("else/x.xml", "<a>three</a>")
    site.put("index.xslt", style('<xsl:value-of select="a"/>', 'method="text" encoding="iso-8859-1"'))
    site.put("broken.xml", "<a>")
    site.put("torn.xml", "<a/>")
    site.put("torn.xslt", "<xsl:stylesheet")
    site.put("empty.xml", "")
    site.put("nosy.xml", "<a/>")
    site.put("nosy.xslt", style(f"<html>got <xsl:copy-of select=\"document('{secret}')\"/></html>"))
    site.put("entity.xml", f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{secret}">]>\n<a>got &e;</a>')
    site.put("long.xml", "<a>" + "x" * 300_000 + "</a>")
    house.host("plain.test").put("own.xml", "<a>one</a>")
    alone = house.host("alone.test", "  UseXSLT = yes")
    alone.put("own.xml", "<a>one</a>")
    page_of_error = page("concat(error/code, '|', error/message, '|', error/hostname, '|', string-length(error/request) > 0)")
    house.host("error.test", f"  ErrorXSLTfile = {tool('error.xslt', page_of_error)}\n  ErrorHandler = 410:/gone.txt")
    house.host("fault.test", f"  ErrorXSLTfile = {tool('fault.xslt', '<html>')}")
    hashes = house.folder / "hashes"
    hashed = house.host("hashed.test", f"  UseXSLT = yes\n  FileHashes = {hashes}")
    for name in ("good", "bad"):
        hashed.put(f"{name}.xml", "<a>one</a>")
        hashed.put(f"{name}.xslt", page("a"))
    known = [hashed.root / name for name in ("good.xml", "good.xslt", "bad.xml")]
    hashes.write_text("".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}:{path}\n" for path in known))
    house.section(f"Directory {{\n  DirectoryID = list\n  Path = /list\n  ShowIndex = {tool('list.xslt', page('count(index/file)'))}\n}}")
    listed = house.host("list.test", "  UseDirectory = list")
    for number in range(3):
        listed.put(f"list/{number}.txt", "x")
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


@pytest.mark.parametrize(
    "path, media, text",
    [
        ("/own.xml", "text/html; charset=utf-8", "<html><p>one</p></html>\n"),
        ("/deep/x.xml", "application/atom+xml; charset=utf-8", '<?xml version="1.0"?>\n<feed>two</feed>\n'),
        ("/else/x.xml", "text/plain; charset=iso-8859-1", "three"),
    ],
)
def test_the_nearest_stylesheet_shows_it(site, path, media, text):
    answer = site.get(path)
    assert (answer.status, answer["Content-Type"], answer.text) == (200, media, text)
    head = site.get(path, method="HEAD")
    assert (head.status, head["Content-Type"], head["ETag"], head.body) == (200, media, answer["ETag"], b"")


def test_without_option_or_stylesheet_the_file_is_sent(house, site):
    for name in ("plain.test", "alone.test"):
        answer = house.sites[name].get("/own.xml")
        assert (answer.status, answer.text) == (200, "<a>one</a>")
    assert site.get("/own.xslt").text == page("a")
    assert site.get("/own.xml", method="POST", body=b"x").status == 405


def test_a_long_document_is_read_to_its_end(site):
    assert site.get("/long.xml").text == "x" * 300_000
    assert site.get("/long.xml").text == "x" * 300_000


def test_what_is_unchanged_is_not_made_again(site):
    site.put("fresh.xml", "<a>one</a>")
    site.put("fresh.xslt", page("a"))
    answer = site.get("/fresh.xml")
    assert answer["ETag"].startswith('W/"') and answer["Last-Modified"]
    for field in (("If-None-Match", answer["ETag"]), ("If-Modified-Since", answer["Last-Modified"])):
        assert site.get("/fresh.xml", fields=[field]).status == 304
    assert site.get("/fresh.xml", fields=[("If-Match", '"other"')]).status == 412
    site.put("fresh.xslt", page("concat(a, a)"))
    os.utime(site.root / "fresh.xslt", (1, 1))

    def changed():
        return site.get("/fresh.xml", fields=[("If-None-Match", answer["ETag"])]).status == 200

    wait_until("the change is seen", changed)
    assert site.get("/nosy.xml")["ETag"] is None and site.get("/entity.xml")["ETag"] is None


@pytest.mark.parametrize(
    "path, words", [("/broken.xml", "unable to parse -"), ("/torn.xml", "cannot parse"), ("/empty.xml", "Document is empty")]
)
def test_what_cannot_be_shown_is_500_with_the_words_in_the_log(site, path, words):
    answer = site.get(path)
    assert (answer.status, answer["Content-Type"], answer["ETag"]) == (500, "text/html; charset=utf-8", None)
    assert site.wait_for_error(path.replace("broken.xml", "index.xslt").replace(".xml", ".xslt").replace("empty", "index"), "it gave no output", words)


def test_nobody_reads_what_is_not_of_the_website(site):
    assert site.get("/nosy.xml").text == "<html>got </html>\n"
    assert "treasure" not in site.get("/entity.xml").text


def test_a_stylesheet_must_be_the_one_that_is_noted(house):
    site = house.sites["hashed.test"]
    assert site.get("/good.xml").text == "<html><p>one</p></html>\n"
    assert site.get("/bad.xml").status == 403
    assert site.wait_for_error("FileHashes", "bad.xslt", "answering 403")


def test_errors_have_a_page_of_their_own(house):
    site = house.sites["error.test"]
    answer = site.get("/none")
    assert (answer.status, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert answer.text == "<html><p>404|Not Found|error.test|true</p></html>\n"
    answer = site.get("/", method="POST", body=b"x" * 100_000)
    assert "404|Not Found" in answer.text
    site.put("a.txt", "a")
    answer = site.get("/a.txt", method="POST", body=b"x")
    assert (answer.status, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert "405|Method Not Allowed" in answer.text
    assert site.get("/none", method="HEAD").status == 404


def test_a_broken_one_gives_the_usual_page_and_a_line(house):
    site = house.sites["fault.test"]
    answer = site.get("/none")
    assert answer.status == 404 and answer.text.startswith("<!doctype html>") and "404 Not Found" in answer.text
    assert site.wait_for_error("fault.xslt", "cannot parse", "answering 404")


def test_an_index_is_shown_by_it(house):
    answer = house.sites["list.test"].get("/list/")
    assert (answer.status, answer["Content-Type"], answer.text) == (200, "text/html; charset=utf-8", "<html><p>3</p></html>\n")


def test_explain_names_the_stylesheet(house, site):
    status, said, errors = house.verb("explain", f"http://a.test:{house.port}/deep/x.xml", f"http://error.test:{house.port}/none")
    assert (status, errors) == (0, "")
    assert f"xslt: {site.root}/deep/x.xml, shown by {site.root}/deep/index.xslt" in said
    assert "Sandbox = strict" in said
    assert f"ErrorXSLTfile: {house.folder}/tools/error.xslt makes the page" in said
