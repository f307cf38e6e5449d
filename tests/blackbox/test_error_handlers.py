"""ErrorHandler: pages and programs of the website for what fails."""
import pytest

from house import House, opened

SHOW = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\n%s %s %s %s %s %s' "$HTTP_GENERATED_ERROR" "$HTTP_RETURN_CODE" "$REQUEST_METHOD" \
  "$QUERY_STRING" "$REQUEST_URI" "$(wc -c)"
"""


@pytest.fixture(scope="module")
def house():
    house = House("errors")
    house.option("CGIextension = cgi")
    site = house.host(
        "a.test",
        "  ExecuteCGI = yes\n  TimeForCGI = 2\n  ErrorHandler = 404:/show.cgi?page=none\n"
        "  ErrorHandler = 502:/sorry.html\n  ErrorHandler = 403:/broken.cgi\n  ErrorHandler = 405:/own.cgi",
    )
    own = house.host(
        "own.test",
        "  ExecuteCGI = yes\n  TriggerOnCGIstatus = yes\n  ErrorHandler = 418:/sorry.html\n  ErrorHandler = 404:/gone.cgi",
    )
    own.put("418.cgi", "#!/bin/sh\nprintf 'Status: 418\\n\\ntea'\n", 0o755)
    own.put("404.cgi", "#!/bin/sh\nprintf 'Status: 404\\n\\ntea'\n", 0o755)
    own.put("gone.cgi", "#!/bin/sh\nprintf 'Status: 410\\n\\ngone'\n", 0o755)
    own.put("sorry.html", "sorry")
    site.put("show.cgi", SHOW, 0o755)
    site.put("broken.cgi", "#!/bin/sh\nexit 3\n", 0o755)
    site.put("own.cgi", "#!/bin/sh\nprintf 'Status: 410\\nLocation: /never\\n\\nown'\n", 0o755)
    site.put("sorry.html", "sorry")
    site.put("plain.cgi", "#!/bin/sh\n")
    site.put("a.txt", "x")
    with opened(house):
        yield house


@pytest.fixture
def site(house):
    return house.sites["a.test"]


@pytest.mark.parametrize("method, body", [("GET", None), ("POST", b"abc")])
def test_a_program_is_told_what_failed(site, method, body):
    answer = site.get("/no%20ne?x=y", method=method, body=body)
    assert (answer.status, answer.text.split()) == (404, ["404", "404", "GET", "page=none", "/no%20ne?x=y", "0"])


def test_a_program_that_fails_has_a_page(site):
    answer = site.get("/broken.cgi")
    assert (answer.status, answer.text) == (502, "sorry")


def test_a_handler_that_fails_leaves_the_small_page(site):
    answer = site.get("/plain.cgi")
    assert answer.status == 403 and "<title>403 Forbidden" in answer.text
    site.wait_for_error("broken.cgi", "answering 403")


def test_a_program_may_say_another_status(site):
    answer = site.get("/a.txt", method="DELETE")
    assert (answer.status, answer.text) == (410, "own")
    assert "GET" in answer["allow"]


def test_the_errors_of_programs_may_have_the_pages_of_the_house(house):
    site = house.sites["own.test"]
    answer = site.get("/418.cgi")
    assert (answer.status, answer.text) == (418, "sorry")
    answer = site.get("/404.cgi")  # what the page itself says counts
    assert (answer.status, answer.text) == (410, "gone")
