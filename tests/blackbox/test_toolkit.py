"""UrlToolkit: rules between the client and the disk, with a real php-fpm behind the front controllers."""
import json

import pytest

from backends import PhpFpm, Worker
from house import House, opened, wait_until

SHOW = """<?php
header('Content-Type: application/json');
$names = ['SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_INFO', 'REQUEST_URI', 'QUERY_STRING', 'REQUEST_METHOD'];
echo json_encode(array_intersect_key($_SERVER, array_flip($names)) + ['get' => $_GET]);
"""

TOOLKITS = r"""
UrlToolkit {
  ToolkitID = wordpress
  Match ^/(wp-config|xmlrpc)\.php DenyAccess
  RequestURI exists Return
  Match .* Rewrite /index.php
}
UrlToolkit {
  ToolkitID = drupal
  RequestURI isfile Return
  Match ^/favicon\.ico$ Return
  Match ^/([^?]*)\?(.*)$ Rewrite /index.php?q=$1&$2
  Match ^/(.*)$ Rewrite /index.php?q=$1
}
UrlToolkit {
  ToolkitID = rules
  Match ^/old/(.*) Redirect https://new.test/$1
  Match ^/here/(.*) Redirect 307 /there/$1
  Match ^/secret DenyAccess
  MatchCI ^/GONE NotFound
  Match ^/quiet OmitRequestLog
  Match ^/broken Rewrite broken
  Match ^/slow\?(=|==)+$ DenyAccess
  Method PUT Call put
  Header User-Agent "bad robot" DenyAccess
  TotalConnections 1000 Redirect /busy.html
  UseTLS DenyAccess
  Match ^/app UseFastCGI ECHO
}
UrlToolkit {
  ToolkitID = put
  Match ^/(.*) Use /put.txt
}
"""


@pytest.fixture(scope="module")
def house():
    house = House("toolkit")
    with PhpFpm() as php, Worker("echo") as echo:
        house.section(f"FastCGIserver {{\n  FastCGIid = PHP\n  ConnectTo = {php.socket}\n  Extension = php\n}}")
        house.section(f"FastCGIserver {{\n  FastCGIid = echo\n  ConnectTo = {echo.socket}\n}}")
        house.section(TOOLKITS)
        for name in ("wordpress", "drupal"):
            site = house.host(f"{name}.test", f"  UseFastCGI = PHP\n  UseToolkit = {name}\n  StartFile = index.php")
            site.put("index.php", SHOW)
            site.put("admin.php", SHOW)
            site.put("wp-config.php", SHOW)
            site.put("wp-admin/index.php", SHOW)
            site.put("style.css", "p {}")
        rules = house.host("rules.test", "  UseToolkit = rules")
        for name in ("a.txt", "put.txt", "quiet.txt", "busy.html", "slow"):
            rules.put(name, name)
        with opened(house):
            yield house


def told(house, host, target):
    return json.loads(house.sites[host].get(target).body)


@pytest.mark.parametrize("target", ["/", "/2024/05/a-post/", "/none.php", "/?p=1", "/a%20b?x=%20", "/.git/config"])
def test_wordpress_asks_its_front_controller(house, target):
    answer = told(house, "wordpress.test", target)
    assert answer["SCRIPT_NAME"] == "/index.php"
    assert answer["SCRIPT_FILENAME"] == f"{house.sites['wordpress.test'].root}/index.php"
    assert answer["REQUEST_URI"] == target
    assert "PATH_INFO" not in answer


def test_what_exists_is_left_alone(house):
    assert house.sites["wordpress.test"].get("/style.css").body == b"p {}"
    assert told(house, "wordpress.test", "/admin.php?a=b")["get"] == {"a": "b"}
    assert told(house, "wordpress.test", "/wp-admin/")["SCRIPT_NAME"] == "/wp-admin/index.php"


@pytest.mark.parametrize("target", ["/wp-config.php", "/%77p-config.php", "//wp-config.php", "/x/../wp-config.php"])
def test_no_spelling_gets_around_a_rule(house, target):
    assert house.sites["wordpress.test"].get(target).status == 403


@pytest.mark.parametrize(
    "target, get", [("/node/7", {"q": "node/7"}), ("/a%20b/c?page=2", {"q": "a b/c", "page": "2"}), ("/?x=1", {"q": "", "x": "1"})]
)
def test_drupal_gets_the_path_in_the_query(house, target, get):
    answer = told(house, "drupal.test", target)
    assert answer["get"] == get and answer["REQUEST_URI"] == target and answer["SCRIPT_NAME"] == "/index.php"


@pytest.mark.parametrize(
    "target, status, location",
    [
        ("/old/a?b=c", 301, "https://new.test/a?b=c"),
        ("/here//evil.test/", 307, "/there/evil.test/"),
        ("/secret/x", 403, None),
        ("/gone", 404, None),
        ("/a.txt", 200, None),
        ("/none", 404, None),
    ],
)
def test_rules_answer(house, target, status, location):
    answer = house.sites["rules.test"].get(target)
    assert answer.status == status
    assert answer.all("Location") == ([location] if location else [])


def test_what_is_asked_besides_the_url(house):
    site = house.sites["rules.test"]
    assert site.get("/a.txt", method="GET", fields=[("User-Agent", "a Bad Robot/1")]).status == 403
    assert site.get("/none", method="PUT", body=b"x").status == 405  # a file, by Use


def test_a_rule_names_the_fastcgi_section(house):
    answer = house.sites["rules.test"].get("/app/echo?x=1")
    assert answer.status == 200 and answer.facts("").get("SCRIPT_NAME", "/app/echo") == "/app/echo"
    assert b"/app/echo?x=1" in answer.body


def test_a_faulty_rule_is_500_and_named_once(house):
    site = house.sites["rules.test"]
    assert site.get("/broken").status == 500
    line = site.wait_for_error("/broken", "answering 500")
    assert "longhouse.conf:" in line and "Match ^/broken Rewrite broken" in line
    assert site.error_log().count("/broken") == line.count("/broken")


def test_a_pattern_that_takes_too_long_is_500_and_never_a_hang(house):
    site = house.sites["rules.test"]
    assert site.get("/slow?" + 200 * "=" + "!").status == 500
    assert "takes too long" in site.wait_for_error("/slow", "answering 500")
    assert site.get("/slow?==").status == 403


def test_the_log_keeps_the_original_or_nothing(house):
    site = house.sites["rules.test"]
    site.get("/quiet.txt")
    site.get("/here/logged")
    wait_until("the line", lambda: "/here/logged" in site.access_log())
    assert "quiet" not in site.access_log()
    php = house.sites["drupal.test"]
    php.get("/logged/too")
    wait_until("the line", lambda: "GET /logged/too " in php.access_log())


def test_check_names_what_is_wrong():
    house = House("toolkit-check")
    house.section("UrlToolkit {\n  ToolkitID = a\n  Match ^/(x Exit\n  Do Call b\n  Do Ban soon\n}")
    house.option("UseToolkit = a")
    house.config_path.write_text(house.config_text())
    status, _, errors = house.verb("check")
    house.close()
    assert status != 0
    for words in ("a '(' without its ')'", "no UrlToolkit has that ToolkitID", "Ban needs a time"):
        assert words in errors
