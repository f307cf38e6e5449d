"""Directory sections: what holds for a part of a website, however its URL is spelled."""
import pytest

from house import House, opened

SHOW = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\n%s %s %s|%s' "$A" "$B" "$C" "$HTTP_AUTHORIZATION"
"""


@pytest.fixture(scope="module")
def house():
    house = House("directories")
    house.section("Directory {\n  DirectoryID = uploads\n  Path = /uploads\n  ExecuteCGI = no\n}")
    house.section(
        "Directory {\n  DirectoryID = app\n  Path = /app\n  Setenv B = app\n  Setenv C = app\n  StartFile = show.cgi\n"
        "  TimeForCGI = 1\n  HTTPAuthToCGI = yes\n}"
    )
    house.section("Directory {\n  DirectoryID = inner\n  Path = /app/inner\n  Setenv C = inner\n}")
    house.section("Directory {\n  DirectoryID = bin\n  Path = /cgi-bin\n  ExecuteCGI = yes\n}")
    house.section("Directory {\n  DirectoryID = linked\n  Path = /linked\n  FollowSymlinks = yes\n}")
    house.option("CGIextension = cgi")
    site = house.host(
        "a.test", "  ExecuteCGI = yes\n  UseDirectory = uploads, app, inner, linked\n  Setenv A = host\n  Setenv B = host"
    )
    quiet = house.host("b.test", "  UseDirectory = bin")
    for path in ("show.cgi", "uploads/show.cgi", "app/show.cgi", "app/inner/show.cgi", "apple/show.cgi"):
        site.put(path, SHOW, 0o755)
    outside = house.folder / "outside.cgi"
    outside.write_text(SHOW)
    outside.chmod(0o755)
    for path in ("linked/show.cgi", "strict/show.cgi"):
        site.put(path).unlink()
        site.link(path, outside)
    site.put("app/slow.cgi", "#!/bin/sh\nexec sleep 30\n", 0o755)
    for path in ("show.cgi", "cgi-bin/show.cgi"):
        quiet.put(path, SHOW, 0o755)
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


@pytest.mark.parametrize(
    "target",
    [
        "/uploads/show.cgi", "/%75ploads/show.cgi", "//uploads/show.cgi", "/uploads//show.cgi", "/./uploads/show.cgi",
        "/app/../uploads/show.cgi", "/app/%2e%2e/uploads/show.cgi", "/uploads/show.cgi?/app/",
    ],
)
def test_no_spelling_gets_around_a_section(site, target):
    assert site.get(target).status == 403
    assert "ExecuteCGI is off here" in site.wait_for_error("ExecuteCGI")


@pytest.mark.parametrize(
    "target, variables",
    [
        ("/show.cgi", "host host |"),
        ("/apple/show.cgi", "host host |"),
        ("/app/show.cgi", "host app app|Basic abc"),
        ("/app/", "host app app|Basic abc"),
        ("/app/inner/show.cgi", "host app inner|Basic abc"),
        ("/app/inner/../show.cgi", "host app app|Basic abc"),
    ],
)
def test_variables_and_start_files(site, target, variables):
    answer = site.get(target, fields=[("Authorization", "Basic abc")])
    assert (answer.status, answer.text) == (200, variables)


def test_links_of_a_folder(site):
    assert site.get("/linked/show.cgi").status == 200
    assert site.get("/strict/show.cgi").status == 403
    assert site.get("/linked/../strict/show.cgi").status == 403


def test_time_for_cgi_of_a_folder(site):
    assert site.get("/app/slow.cgi").status == 504
    site.wait_for_error("/app/slow.cgi", "TimeForCGI (1 s) is over")


def test_programs_may_run_in_one_folder_only(house):
    quiet = house.sites["b.test"]
    assert quiet.get("/cgi-bin/show.cgi").status == 200
    assert quiet.get("/show.cgi").status == 403
