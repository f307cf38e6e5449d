"""FrontController: files and folders first, then one script answers for every path. With a real php-fpm."""
import json

import pytest

from backends import PhpFpm
from house import House, opened

SHOW = """<?php
header('Content-Type: application/json');
$names = ['SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_INFO', 'REQUEST_URI', 'QUERY_STRING', 'PHP_SELF', 'REQUEST_METHOD'];
$told = array_intersect_key($_SERVER, array_flip($names));
echo json_encode($told + ['body' => file_get_contents('php://input')]);
"""


@pytest.fixture(scope="module")
def house():
    house = House("front")
    with PhpFpm() as php:
        house.section(f"FastCGIserver {{\n  FastCGIid = PHP\n  ConnectTo = {php.socket}\n  Extension = php\n}}")
        site = house.host("front.test", "  UseFastCGI = PHP\n  FrontController = /index.php\n  TimeForCGI = 10")
        site.put("index.php", SHOW)
        site.put("admin/index.php", SHOW)
        site.put("other.php", SHOW)
        site.put("style.css", "p {}")
        site.put("upload/x.jpg", "<?php echo 'evil'; ?>")
        site.put("empty/.keep")
        page = house.host("page.test", "  FrontController = /index.html")
        page.put("index.html", "the application")
        page.put("app.js", "code")
        with opened(house):
            yield house


@pytest.fixture
def site(house):
    return house.sites["front.test"]


@pytest.mark.parametrize(
    "target",
    [
        "/", "/blog/2024/a-post", "/blog/2024/", "/v1.2/john.doe", "/wiki/Node.js", "/wiki/index.php.txt", "/none.php",
        "/none.php/x", "/empty/", "/%C4%B0.php", "/a%20b/%2525", "//twice", "/?", "/x?a=%20&b=//..&c[]=+", "/x?=%00%ff",
        "/" + "long" * 100,
    ],
)
def test_what_is_nowhere_is_for_the_front_controller(site, target):
    told = json.loads(site.get(target).body)
    assert told["SCRIPT_NAME"] == told["PHP_SELF"] == "/index.php"
    assert told["SCRIPT_FILENAME"] == f"{site.root}/index.php"
    assert told["REQUEST_URI"] == target and told["QUERY_STRING"] == target.partition("?")[2]
    assert "PATH_INFO" not in told


def test_a_body_and_any_method(site):
    told = json.loads(site.get("/api/items/7?x=1", method="PUT", body=b"hello").body)
    assert (told["REQUEST_METHOD"], told["body"], told["QUERY_STRING"]) == ("PUT", "hello", "x=1")


def test_the_front_controller_by_its_name(site):
    told = json.loads(site.get("/index.php/user/7?q").body)
    assert (told["SCRIPT_NAME"], told["PATH_INFO"]) == ("/index.php", "/user/7")
    assert told["PHP_SELF"] == "/index.php/user/7" and told["REQUEST_URI"] == "/index.php/user/7?q"


def test_files_and_folders_come_first(site):
    answer = site.get("/style.css")
    assert (answer.text, answer["content-type"].partition(";")[0]) == ("p {}", "text/css")
    assert json.loads(site.get("/other.php").body)["SCRIPT_NAME"] == "/other.php"
    assert json.loads(site.get("/admin/").body)["SCRIPT_NAME"] == "/admin/index.php"
    answer = site.get("/admin?a=%2F")
    assert (answer.status, answer["location"]) == (301, "/admin/?a=%2F")


@pytest.mark.parametrize("target", ["/upload/x.jpg/y.php", "/upload/x.jpg/", "/style.css/x", "/other.php/x", "/.git/x"])
def test_what_goes_on_behind_a_file_is_nobodys(site, target):
    answer = site.get(target)
    assert answer.status == 404 and b"evil" not in answer.body and b"SCRIPT_NAME" not in answer.body


def test_a_picture_is_never_run(site):
    assert site.get("/upload/x.jpg").text == "<?php echo 'evil'; ?>"


def test_one_page_that_is_a_whole_application(house):
    page = house.sites["page.test"]
    for target in ("/", "/users/7", "/users/", "/v1.2/x.y"):
        answer = page.get(target)
        assert (answer.status, answer.text) == (200, "the application")
        assert answer["content-type"].startswith("text/html")
    assert page.get("/app.js").text == "code"
    assert page.get("/users/7", method="POST", body=b"x").status == 405
