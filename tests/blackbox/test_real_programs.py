"""Programs that people run as CGI, as Debian has them: gitweb and cgit by docs/howto/gitweb-cgit.md, AWStats, man2html."""
import datetime
import io
import os
import pathlib
import subprocess
import tarfile

import pytest

from house import House, opened
from howto import follow
from test_git import git

CGIT_STYLE = pathlib.Path("/usr/share/cgit/cgit.css")
AWSTATS = pathlib.Path("/usr/lib/cgi-bin/awstats.pl")
MAN2HTML = pathlib.Path("/usr/lib/cgi-bin/man/man2html")

def give_to_the_server(*folders):
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "www-data:", *folders], check=True)


def make_repository(folder):
    work = folder / "work-tree"
    git("init", work)
    (work / "hello.txt").write_text("hello from a repository\n")
    git("add", ".", cwd=work)
    git("commit", "-m", "the very first words", cwd=work)
    bare = folder / "demo.git"
    git("clone", "--bare", work, bare)
    return bare, git("rev-parse", "HEAD", cwd=work).strip()


def install_gitweb_and_cgit(house):
    repository, house.commit = make_repository(house.folder)
    give_to_the_server(repository)
    config = house.folder / "cgitrc"
    config.write_text(
        f"css=/cgit.css\nvirtual-root=/repos/\nsnapshots=tar.gz\ncache-size=0\nrepo.url=demo\nrepo.path={repository}\nrepo.desc=a repository to be seen\n"
    )
    (house.folder / "gitweb.conf").write_text(f"$projectroot = '{house.folder}';\n")
    follow(house, "gitweb-cgit", {
        "/etc/gitweb.conf": house.folder / "gitweb.conf",
        "/etc/cgitrc": config,
        "gitweb.example.org": "gitweb.test",
        "cgit.example.org": "cgit.test",
    })


def access_log_lines():
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
    return "".join(
        f'192.0.2.{visitor} - - [{now}] "GET /page-{visitor % 3}.html HTTP/1.1" 200 1234 "-" "{agent}"\n'
        for visitor in range(1, 22)
    )


def install_awstats(house, site):
    folder = house.folder / "awstats"
    folder.mkdir()
    (folder / "access.log").write_text(access_log_lines())
    site.put(
        "awstats.demo.conf",
        f'LogFile="{folder}/access.log"\nLogType=W\nLogFormat=1\nSiteDomain="stats.test"\nDNSLookup=0\n'
        f'DirData="{folder}"\nDirCgi="/"\nDirIcons="/icon"\nAllowToUpdateStatsFromBrowser=1\n',
    )
    give_to_the_server(folder)
    site.put("awstats.pl", AWSTATS.read_bytes())
    return ""


def install_man2html(_house, site):
    site.put("man2html.cgi", MAN2HTML.read_bytes(), 0o755)  # it shows pages of the system only: its own
    return "  IndexedQuery = yes\n"


INSTALLERS = {"awstats": install_awstats, "man2html": install_man2html}


@pytest.fixture(scope="module")
def house():
    house = House("real")
    house.option("CGIextension = cgi")
    house.option("CGIhandler = /usr/bin/perl:pl")
    for name, install in INSTALLERS.items():
        site = house.host(f"{name}.test")
        own = install(house, site)
        house.sections[-1] = house.sections[-1].replace(
            "\n\n}", f"\n  ExecuteCGI = yes\n  EnablePathInfo = yes\n  TimeForCGI = 60\n{own}\n}}"
        )
    install_gitweb_and_cgit(house)
    with opened(house):
        yield house


def site(house, name):
    return house.sites[f"{name}.test"]


# ---- cgit ----


def test_cgit_lists_the_repository_and_its_style(house):
    answer = site(house, "cgit").get("/repos")
    assert answer.status == 200 and "a repository to be seen" in answer.text
    assert "href='/cgit.css'" in answer.text
    style = site(house, "cgit").get("/cgit.css")
    assert (style.status, style.body) == (200, CGIT_STYLE.read_bytes())
    assert style["Content-Type"].startswith("text/css")


def test_cgit_shows_a_commit(house):
    answer = site(house, "cgit").get(f"/repos/demo/commit/?id={house.commit}")
    assert answer.status == 200
    assert "the very first words" in answer.text and "hello from a repository" in answer.text


def test_cgit_sends_a_snapshot(house):
    answer = site(house, "cgit").get("/repos/demo/snapshot/demo-main.tar.gz")
    assert answer.status == 200 and answer["Content-Disposition"] == 'inline; filename="demo-main.tar.gz"'
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as archive:
        assert archive.extractfile("demo-main/hello.txt").read() == b"hello from a repository\n"


def test_cgit_says_404_by_itself_and_answers_head(house):
    missing = site(house, "cgit").get("/repos/demo/commit/?id=0000000000000000000000000000000000000000")
    assert missing.status == 404 and "<div class='error'>" in missing.text
    head = site(house, "cgit").get("/repos/demo/", method="HEAD")
    assert head.status == 200 and head.body == b""


# ---- gitweb ----


def test_gitweb_lists_the_repository_and_has_its_style(house):
    answer = site(house, "gitweb").get("/")
    assert answer.status == 200 and "demo.git" in answer.text
    assert site(house, "gitweb").get("/static/gitweb.css")["Content-Type"].startswith("text/css")
    assert "the very first words" in site(house, "gitweb").get("/gitweb.cgi?p=demo.git;a=log").text


# ---- AWStats ----


def test_awstats_reads_a_log_and_renders_its_report(house):
    report = site(house, "awstats").get("/awstats.pl?config=demo&update=1&framename=mainright")
    assert report.status == 200 and report.complete
    for words in ("stats.test", "/page-1.html", "192.0.2.1", "Firefox"):
        assert words in report.text, words


# ---- man2html ----


def test_man2html_shows_a_page_by_the_words_of_an_indexed_query(house):
    answer = site(house, "man2html").get("/man2html.cgi?1+man2html")
    assert answer.status == 200 and "<TITLE>Man page of man2html</TITLE>" in answer.text
    assert answer["Last-Modified"]


def test_man2html_says_404_by_itself(house):
    answer = site(house, "man2html").get("/man2html.cgi?1+no-such-page")
    assert answer.status == 404 and "Man page not found" in answer.text
