"""A real application: DokuWiki (Debian's package) in a folder of its own, over two php-fpm pools that know nothing of
each other's sessions. One visitor logs in, edits a page, uploads a picture and stays who he is."""
import hashlib
import os
import pathlib
import shutil

import pytest

from backends import PhpFpm
from browser import PICTURE, Browser, hidden
from howto import follow
from house import HERE, House, opened

PACKAGE = pathlib.Path("/usr/share/dokuwiki")
PASSWORD = "correct horse"


def open_to_all(folder):
    """The pools run as another user when root runs the tests."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)


def needless(folder, names):
    """Most of its files are translations."""
    if pathlib.Path(folder).name == "lang":
        return [name for name in names if name != "en"]
    return [name for name in names if name == "preload.php" or name.startswith(".htaccess")]


def install(house, site):
    shutil.copytree(PACKAGE, site.root, dirs_exist_ok=True, ignore=needless)
    conf, data = house.folder / "conf", house.folder / "data"
    shutil.copytree("/etc/dokuwiki", conf, ignore=shutil.ignore_patterns("*.auth.php", "local.php", ".htaccess", "htaccess"))
    for name in ("attic", "cache", "index", "locks", "log", "media", "media_attic", "media_meta", "meta", "pages", "tmp"):
        (data / name).mkdir(parents=True)
    (conf / "local.php").write_text(
        "<?php\n$conf['title'] = 'House Wiki';\n$conf['useacl'] = 1;\n$conf['superuser'] = '@admin';\n"
        f"$conf['savedir'] = '{data}';\n$conf['userewrite'] = 2;\n$conf['useslash'] = 1;\n$conf['license'] = '';\n"
    )
    (conf / "acl.auth.php").write_text("# <?php exit()?>\n*\t@ALL\t1\n*\t@user\t8\n")
    secret = hashlib.md5(PASSWORD.encode()).hexdigest()
    (conf / "users.auth.php").write_text(f"# <?php exit()?>\nada:{secret}:Ada:ada@house.test:admin,user\n")
    preload = (PACKAGE / "inc" / "preload.php").read_text()  # says where Debian keeps the configuration
    (site.root / "inc" / "preload.php").write_text(preload.replace("'/etc/dokuwiki/'", f"'{conf}/'"))
    shutil.copy(HERE / "sites" / "php" / "session.php", site.root)
    open_to_all(conf)
    open_to_all(data)


@pytest.fixture(scope="module")
def house():
    assert PACKAGE.exists(), "no DokuWiki: apt-get install dokuwiki"
    house = House("wiki")
    house.sessions = []
    pools = []
    for name in ("north", "south"):
        folder = house.folder / f"sessions-{name}"
        folder.mkdir()
        folder.chmod(0o777)
        house.sessions.append(folder)
        pools.append(PhpFpm(f"wiki-{name}", f"php_admin_value[session.save_path] = {folder}"))
    with pools[0], pools[1]:
        follow(house, "dokuwiki", {
            "wiki.example.org": "wiki.test",
            "/run/php/wiki-north.sock": pools[0].socket,
            "/run/php/wiki-south.sock": pools[1].socket,
        })
        install(house, house.sites["wiki.test"])
        with opened(house):
            yield house


@pytest.fixture(scope="module")
def browser(house):
    browser = Browser(house, "wiki.test")
    token = hidden(browser.ask("/doku.php/start?do=login"))["sectok"]
    answer = browser.ask(
        "/doku.php/start", form={"sectok": token, "id": "start", "do": "login", "u": "ada", "p": PASSWORD}
    )
    assert answer.status == 200 and "Ada" in answer.text and "do=logout" in answer.text
    return browser


def test_the_front_page(house):
    answer = Browser(house, "wiki.test").ask("/")
    assert answer.status == 200 and "House Wiki" in answer.text


def test_a_wrong_password(house):
    stranger = Browser(house, "wiki.test")
    token = hidden(stranger.ask("/doku.php/start?do=login"))["sectok"]
    answer = stranger.ask(
        "/doku.php/start", form={"sectok": token, "id": "start", "do": "login", "u": "ada", "p": "wrong"}
    )
    assert "do=logout" not in answer.text and "wrong" in answer.text.lower()


def test_a_page_is_edited(browser):
    form = hidden(browser.ask("/doku.php/rooms/hall?do=edit"))
    text = "====== The Hall ======\n\nTwelve **lights** & a clock <200%> über dem Tor.\n"
    answer = browser.ask("/doku.php/rooms/hall", form={**form, "wikitext": text, "do[save]": "1"})
    assert answer.status == 200
    page = browser.ask("/doku.php/rooms/hall").text
    assert "<strong>lights</strong> &amp; a clock" in page and "über dem Tor" in page
    revisions = browser.ask("/doku.php/rooms/hall?do=revisions").text
    assert "ada" in revisions.lower()


def test_a_picture_is_uploaded(browser):
    token = hidden(browser.ask("/lib/exe/mediamanager.php?ns=rooms"))["sectok"]
    mark = "a-boundary-of-ours"
    parts = [("sectok", token), ("ns", "rooms"), ("do", "media"), ("mediaid", "lamp.png")]
    body = b"".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in parts
    )
    body += f'--{mark}\r\nContent-Disposition: form-data; name="upload"; filename="lamp.png"\r\n'.encode()
    body += b"Content-Type: image/png\r\n\r\n" + PICTURE + f"\r\n--{mark}--\r\n".encode()
    answer = browser.ask("/lib/exe/mediamanager.php?ns=rooms", body=body, kind=f"multipart/form-data; boundary={mark}")
    assert answer.status == 200
    picture = browser.ask("/lib/exe/fetch.php/rooms/lamp.png")
    assert (picture.status, picture.body, picture["content-type"]) == (200, PICTURE, "image/png")


def test_the_session_stays_with_its_pool(house, browser):
    """Two pools, two session folders: all of one visitor's lie in one of them, and nothing is forgotten."""
    visitor = Browser(house, "wiki.test")
    answers = [visitor.ask("/session.php").text.split() for _ in range(10)]
    assert [int(count) for count, _ in answers] == list(range(1, 11))
    assert len({folder for _, folder in answers}) == 1
    used = [folder for folder in house.sessions if os.listdir(folder)]
    assert [str(folder) for folder in used] == [answers[0][1]]
    assert "do=logout" in browser.ask("/doku.php/start").text


@pytest.mark.parametrize("target", ["/inc/preload.php/x.png", "/lib/exe/none.php", "/VERSION/x.php", "/.htaccess"])
def test_paths_that_lead_nowhere(house, target):
    answer = house.get(target, host="wiki.test")
    assert answer.status in ((403,) if target.startswith("/inc/") else (200, 404)) and b"DOKU_CONF" not in answer.body and b"<?php" not in answer.body


def test_nothing_was_said_in_the_error_log(house, browser):
    assert "answering 5" not in house.sites["wiki.test"].error_log()
