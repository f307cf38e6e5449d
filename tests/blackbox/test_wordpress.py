"""WordPress (Debian's package, with a MariaDB of its own) over two php-fpm pools with session folders of their own: installed,
logged in, a post written, a picture uploaded, all by pretty URLs. As root the database and the pools run as www-data. Nothing
of it listens on a port or stays.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import pytest

import family
from backends import PhpFpm
from browser import PICTURE, Browser, hidden
from howto import follow
from house import House, open_folder, opened, wait_until

PACKAGE = pathlib.Path("/usr/share/wordpress")
PASSWORD = "correct horse"
THEME = """<?php while (have_posts()) { the_post(); the_title('<h1>', '</h1>'); the_content(); }
if (!have_posts() && is_404()) echo 'nothing here';
"""


class Database:
    def __init__(self):
        self.folder = open_folder("mariadb")
        self.folder.chmod(0o777)
        self.socket = self.folder / "socket"
        self.common = ["--no-defaults", f"--datadir={self.folder}/data"]
        self.common += ["--user=www-data"] if os.getuid() == 0 else []

    def __enter__(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            ["mariadb-install-db", *self.common, "--auth-root-authentication-method=normal"], check=True, **quiet
        )
        self.process = subprocess.Popen(
            ["/usr/sbin/mariadbd", *self.common, f"--socket={self.socket}", "--skip-networking"], **quiet
        )
        family.OURS.add(self.process.pid)
        self.say = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "-e"]
        wait_until("the database", lambda: subprocess.run([*self.say, "SELECT 1"], check=False, **quiet).returncode == 0, 60)
        subprocess.run(
            [*self.say, "CREATE DATABASE wp; CREATE USER wp@localhost IDENTIFIED BY 'wp'; GRANT ALL ON wp.* TO wp@localhost"],
            check=True,
        )
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        family.OURS.discard(self.process.pid)
        shutil.rmtree(self.folder)


def install(site, database):
    shutil.copytree(PACKAGE, site.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("wp-config.php"))
    theme = site.root / "wp-content" / "themes" / "plain"
    theme.mkdir()
    (theme / "style.css").write_text("/* Theme Name: Plain */")
    (theme / "index.php").write_text(THEME)
    uploads = site.root / "wp-content" / "uploads"
    uploads.mkdir()
    uploads.chmod(0o777)
    keys = ("AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY", "AUTH_SALT", "SECURE_AUTH_SALT", "LOGGED_IN_SALT",
            "NONCE_SALT")
    facts = {
        "DB_NAME": "wp", "DB_USER": "wp", "DB_PASSWORD": "wp", "DB_HOST": f"localhost:{database.socket}",
        "DB_CHARSET": "utf8mb4", "DB_COLLATE": "", "WP_HOME": "http://wp.test", "WP_SITEURL": "http://wp.test",
        "WP_DEFAULT_THEME": "plain", "FS_METHOD": "direct", **{key: f"{key} of this test" for key in keys},
    }
    lines = [f"define('{name}', '{value}');" for name, value in facts.items()]
    lines += ["define('DISABLE_WP_CRON', true);", "define('WP_HTTP_BLOCK_EXTERNAL', true);"]
    lines += ["define('AUTOMATIC_UPDATER_DISABLED', true);", "$table_prefix = 'wp_';", "define('ABSPATH', __DIR__ . '/');"]
    (site.root / "wp-config.php").write_text("<?php\n" + "\n".join(lines) + "\nrequire_once ABSPATH . 'wp-settings.php';\n")


@pytest.fixture(scope="module")
def house():
    house = House("wordpress")
    pools = []
    for name in ("north", "south"):
        folder = house.folder / f"sessions-{name}"
        folder.mkdir()
        folder.chmod(0o777)
        pools.append(PhpFpm(f"wp-{name}", f"php_admin_value[session.save_path] = {folder}"))
    with Database() as database, pools[0], pools[1]:
        follow(house, "wordpress", {
            "blog.example.org": "wp.test",
            "UseFastCGI = WORDPRESS\n": "UseFastCGI = WORDPRESS-PAIR\n",
            "/run/php/blog.sock": pools[0].socket,
            "/run/php/blog-north.sock": pools[0].socket,
            "/run/php/blog-south.sock": pools[1].socket,
        })
        install(house.sites["wp.test"], database)
        with opened(house):
            yield house


@pytest.fixture(scope="module")
def browser(house):
    """Installed, logged in, with pretty URLs."""
    browser = Browser(house, "wp.test")
    done = browser.ask("/wp-admin/install.php?step=2", form={
        "weblog_title": "House Blog", "user_name": "ada", "admin_password": PASSWORD, "admin_password2": PASSWORD,
        "pw_weak": "1", "admin_email": "ada@house.test", "blog_public": "0", "language": "",
    })
    assert "Success" in done.text, done.text
    browser.ask("/wp-login.php")
    desk = browser.ask("/wp-login.php", form={
        "log": "ada", "pwd": PASSWORD, "wp-submit": "Log In", "testcookie": "1", "redirect_to": "http://wp.test/wp-admin/",
    })
    assert desk.status == 200 and "wp-admin-bar-my-account" in desk.text
    form = hidden(browser.ask("/wp-admin/options-permalink.php"))
    browser.ask("/wp-admin/options-permalink.php", form={
        "_wpnonce": form["_wpnonce"], "_wp_http_referer": "/wp-admin/options-permalink.php", "selection": "/%postname%/",
        "permalink_structure": "/%postname%/", "category_base": "", "tag_base": "", "submit": "Save Changes",
    })
    browser.nonce = browser.ask("/wp-admin/admin-ajax.php?action=rest-nonce").text
    assert re.fullmatch(r"[0-9a-f]{10}", browser.nonce)
    return browser


def test_a_folder_of_the_package_needs_no_start_file_line(house, browser):
    answer = house.get("/wp-admin?x=1", host="wp.test")
    assert (answer.status, answer["location"]) == (301, "/wp-admin/?x=1")
    assert "wp-admin-bar-my-account" in browser.ask("/wp-admin/").text


def test_a_post_is_written_read_and_changed(browser):
    post = {"title": "The Hall", "content": "Twelve <b>lights</b> &amp; a clock", "status": "publish", "slug": "the-hall"}
    made = browser.ask("/wp-json/wp/v2/posts", body=json.dumps(post).encode(), kind="application/json",
                       more=[("X-WP-Nonce", browser.nonce)])
    assert made.status == 201, made.text
    number = json.loads(made.body)["id"]
    assert "<b>lights</b> &amp; a clock" in browser.ask("/the-hall/").text
    changed = browser.ask(f"/wp-json/wp/v2/posts/{number}", body=b'{"content": "thirteen"}', kind="application/json",
                          more=[("X-WP-Nonce", browser.nonce)])
    assert changed.status == 200
    assert "thirteen" in browser.ask("/the-hall/").text and "thirteen" in browser.ask("/?s=thirteen").text


def test_a_picture_is_uploaded(browser):
    made = browser.ask("/wp-json/wp/v2/media", body=PICTURE, kind="image/png",
                       more=[("X-WP-Nonce", browser.nonce), ("Content-Disposition", 'attachment; filename="lamp.png"')])
    assert made.status == 201, made.text
    picture = browser.ask(urllib.parse.urlsplit(json.loads(made.body)["source_url"]).path)
    assert (picture.status, picture.body, picture["content-type"]) == (200, PICTURE, "image/png")


def test_nothing_runs_where_uploads_lie(house):
    house.sites["wp.test"].put("wp-content/uploads/evil.php", "<?php echo 6 * 7;")
    answer = house.get("/wp-content/uploads/evil.php", host="wp.test")
    assert answer.status == 403 and "42" not in answer.text and "echo" not in answer.text


def test_what_is_not_there(house, browser):
    answer = browser.ask("/no-such-post/v1.2.php")
    assert answer.status == 404 and "nothing here" in answer.text  # by WordPress
    uploaded = house.get("/wp-content/themes/plain/style.css/x.php", host="wp.test")
    assert uploaded.status == 404 and "nothing here" not in uploaded.text  # by us
    assert "answering 5" not in house.sites["wp.test"].error_log()


def test_the_visitor_is_still_known(browser):
    assert "wp-admin-bar-my-account" in browser.ask("/wp-admin/profile.php").text
