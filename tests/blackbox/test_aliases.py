"""Alias and ScriptAlias: paths that lie elsewhere, with files, programs and links."""
import os

import pytest

from house import House, opened

NAMES = ("SCRIPT_NAME", "SCRIPT_FILENAME", "PATH_INFO", "PATH_TRANSLATED", "DOCUMENT_ROOT", "ALIAS_FROM", "ALIAS_TO", "PWD")
SHOW = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n" + "".join(
    f'printf "%s\\n" "{name}=${{{name}-unset}}"\n' for name in NAMES
)


@pytest.fixture(scope="module")
def house():
    house = House("aliases")
    lib = house.folder / "lib"
    lib.mkdir()
    (lib / "plain.txt").write_text("of the library")
    (lib / "show.cgi").write_text(SHOW)
    (lib / "show.cgi").chmod(0o755)
    (lib / "sub").mkdir()
    (lib / "secret").symlink_to("/etc/passwd")
    if os.getuid() == 0:
        os.lchown(lib / "secret", 12345, 12345)
    house.option("CGIextension = cgi")
    site = house.host(
        "a.test",
        f"  ExecuteCGI = yes\n  EnablePathInfo = yes\n  Alias = /lib:{lib}\n  ScriptAlias = /app:{lib}/show.cgi\n"
        f"  Alias = /lib/sub/gone:{house.folder}/gone",
    )
    site.put("own.txt", "of the website")
    whole = house.host("whole.test", f"  ExecuteCGI = yes\n  EnablePathInfo = yes\n  ScriptAlias = /:{lib}/show.cgi")
    whole.put("own.txt", "never seen")
    house.host("other.test", "  ExecuteCGI = yes")
    with opened(house):
        yield house


def told(answer):
    assert answer.status == 200
    return dict(line.split("=", 1) for line in answer.text.splitlines())


def test_files_and_links(house):
    site = house.sites["a.test"]
    assert site.get("/lib/plain.txt").text == "of the library"
    assert site.get("/own.txt").text == "of the website"
    assert site.get("/lib/secret").status == 403
    assert site.get("/lib/sub")["location"] == "/lib/sub/"
    assert site.get("/lib/sub/gone/x").status == 404
    assert house.sites["other.test"].get("/lib/plain.txt").status == 404


def test_a_program_below_an_alias(house):
    site, lib = house.sites["a.test"], house.folder / "lib"
    assert told(site.get("/lib/show.cgi/lib/x")) == {
        "SCRIPT_NAME": "/lib/show.cgi",
        "SCRIPT_FILENAME": f"{lib}/show.cgi",
        "PATH_INFO": "/lib/x",
        "PATH_TRANSLATED": f"{lib}/x",
        "DOCUMENT_ROOT": str(site.root),
        "ALIAS_FROM": "/lib",
        "ALIAS_TO": str(lib),
        "PWD": str(lib),
    }


def test_a_program_with_a_path_of_its_own(house):
    site, lib = house.sites["a.test"], house.folder / "lib"
    seen = told(site.get("/app/a%20b"))
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == ("/app", "/a b")
    assert seen["SCRIPT_FILENAME"] == f"{lib}/show.cgi" and seen["PATH_TRANSLATED"] == f"{site.root}/a b"
    assert seen["ALIAS_FROM"] == seen["ALIAS_TO"] == "unset"


@pytest.mark.parametrize("target", ["/", "/own.txt", "/a/b/"])
def test_a_program_for_the_whole_website(house, target):
    seen = told(house.sites["whole.test"].get(target))
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == ("", target)


def test_check_tells_what_is_missing(house):
    _, output, errors = house.verb("check")
    assert "the Alias '" in output + errors and "/gone': No such file" in output + errors
