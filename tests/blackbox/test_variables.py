"""The variables of RFC 3875 4.1.1 to 4.1.18, one by one, for CGI and FastCGI; and what the configuration adds."""
import os

import pytest

from backends import Worker
from house import House, opened


@pytest.fixture(scope="module")
def house():
    os.environ["LH_PASSED"] = "from outside"
    os.environ["LH_HIDDEN"] = "stays outside"
    os.environ["LH_BOTH"] = "from outside"
    os.environ["LH_EMPTY"] = ""
    house = House("variables")
    house.option("CGIextension = cgi")
    with Worker("variables") as worker:
        house.section(f"FastCGIserver {{\n  FastCGIid = echo\n  ConnectTo = {worker.socket}\n  Extension = fcgi\n}}")
        options = "  ExecuteCGI = yes\n  UseFastCGI = echo\n  EnablePathInfo = yes\n"
        house.host("vars.test", options, more_names=["*.wild.test"])
        house.host("words.test", options + "  IndexedQuery = yes\n")
        house.host("more.test", options + "  HTTPAuthToCGI = yes\n  Setenv LH_BOTH = ours\n"
                   "  PassEnv = LH_PASSED, LH_BOTH, LH_UNSET\n  PassEnv = LH_EMPTY")
        for site in list(house.sites.values())[1:]:
            site.program("cgi_env")
            site.put("echo.fcgi")
        with opened(house):
            yield house
    for name in ("LH_PASSED", "LH_HIDDEN", "LH_BOTH", "LH_EMPTY"):
        del os.environ[name]


@pytest.fixture(params=["/env.cgi", "/echo.fcgi"], ids=["cgi", "fastcgi"])
def script(request):
    return request.param


@pytest.fixture
def env(house, script):
    """The variables for a request of `script` with something behind it."""

    def ask(behind="", name="vars.test", host=None, **more):
        answer = house.get(script + behind, host=host or name, **more)
        assert answer.status == 200, answer
        return answer.facts("env") or answer.facts("param")

    return ask


def test_4_1_1_auth_type(env):
    assert "AUTH_TYPE" not in env(fields=[("Authorization", "Basic YTpi")])


def test_4_1_2_content_length(env):
    assert env(method="POST", body=b"12345")["CONTENT_LENGTH"] == "5"
    assert "CONTENT_LENGTH" not in env() and "CONTENT_LENGTH" not in env(method="POST", body=b"")
    chunked = env(method="POST", fields=[("Transfer-Encoding", "chunked")], body=b"3\r\nabc\r\n0\r\n\r\n")
    assert chunked["CONTENT_LENGTH"] == "3"


def test_4_1_3_content_type(env):
    assert env(method="POST", body=b"x", fields=[("Content-Type", "text/x; a=b")])["CONTENT_TYPE"] == "text/x; a=b"
    assert "CONTENT_TYPE" not in env(method="POST", body=b"x")


def test_4_1_4_gateway_interface(env):
    assert env()["GATEWAY_INTERFACE"] == "CGI/1.1"


def test_4_1_5_path_info(env):
    assert env("/a/b%20c%3fd/?q")["PATH_INFO"] == "/a/b c?d/"
    assert env("/")["PATH_INFO"] == "/"
    assert "PATH_INFO" not in env()


def test_4_1_6_path_translated(house, env):
    assert env("/a%20b")["PATH_TRANSLATED"] == f"{house.sites['vars.test'].root}/a b"
    assert "PATH_TRANSLATED" not in env()


def test_4_1_7_query_string(env):
    assert env("?a=%20b&c+d?e")["QUERY_STRING"] == "a=%20b&c+d?e"
    assert env("?")["QUERY_STRING"] == "" and env()["QUERY_STRING"] == ""


def test_4_1_8_remote_addr(env):
    assert env()["REMOTE_ADDR"] == "127.0.0.1"


def test_4_1_9_and_10_remote_host_and_ident(env):
    found = env()
    assert "REMOTE_HOST" not in found and "REMOTE_IDENT" not in found


def test_4_1_11_remote_user(env):
    assert "REMOTE_USER" not in env(fields=[("Authorization", "Basic YTpi")])


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "aBc"])
def test_4_1_12_request_method(env, method):
    assert env(method=method)["REQUEST_METHOD"] == method


def test_4_1_13_script_name(env, script):
    assert env()["SCRIPT_NAME"] == script
    assert env("/info")["SCRIPT_NAME"] == script


def test_4_1_14_server_name(env):
    assert env()["SERVER_NAME"] == "vars.test"
    assert env(host="a.wild.test")["SERVER_NAME"] in ("vars.test", "a.wild.test")


def test_4_1_15_server_port(house, env):
    assert env()["SERVER_PORT"] == str(house.port)


def test_4_1_16_server_protocol(env):
    assert env()["SERVER_PROTOCOL"] == "HTTP/1.1"


def test_4_1_17_server_software(env):
    assert env()["SERVER_SOFTWARE"].startswith("Longhouse/")


def test_4_1_18_fields_of_the_request(house, env):
    found = env(
        host=f"vars.test:{house.port}",
        fields=[("X-One", "1"), ("x-two", "a"), ("X-Two", "b"), ("X_One", "hides"), ("Proxy", "evil"), ("Cookie", "a=1")],
    )
    assert found["HTTP_HOST"] == f"vars.test:{house.port}"
    assert (found["HTTP_X_ONE"], found["HTTP_X_TWO"], found["HTTP_COOKIE"]) == ("1", "a, b", "a=1")
    assert "HTTP_PROXY" not in found and "HTTP_CONNECTION" not in found


def test_authorization(house, env, script):
    field = [("Authorization", "Bearer key")]
    assert env(fields=field).get("HTTP_AUTHORIZATION") == (None if script == "/env.cgi" else "Bearer key")
    assert env(fields=field, name="more.test")["HTTP_AUTHORIZATION"] == "Bearer key"


def test_variables_from_outside(env):
    found = env(name="more.test")
    assert (found["LH_PASSED"], found["LH_BOTH"], found["LH_EMPTY"]) == ("from outside", "ours", "")
    assert "LH_HIDDEN" not in found and "LH_UNSET" not in found
    assert not any(name.startswith("LH_") for name in env())


def test_a_variable_that_is_not_there_is_a_warning(house):
    status, output, errors = house.verb("check")
    assert status == 0 and "there is no variable 'LH_UNSET'" in output + errors


# ---- indexed queries ----


@pytest.mark.parametrize(
    "query, words",
    [
        ("old+house", ["old", "house"]),
        ("a%20b+%26%24%28id%29", ["a b", "&$(id)"]),
        ("one", ["one"]),
        ("", []),
        ("a=b", []),
        ("a+b=c", []),
        ("a%3Db", ["a=b"]),
        ("-s", []),
        ("a+-x", []),
        ("a+%2dx", []),
        ("%2D%73", []),
        ("a+%00b", []),
        ("a%zz", []),
    ],
)
def test_the_words_of_an_indexed_query(house, query, words):
    given = house.sites["words.test"].get(f"/env.cgi?{query}").facts("arg")
    assert [given[str(n)] for n in range(1, len(given))] == words


def test_words_are_for_those_who_want_them(house):
    assert len(house.sites["vars.test"].get("/env.cgi?old+house").facts("arg")) == 1
    assert len(house.sites["words.test"].get("/env.cgi?a", method="POST", body=b"x").facts("arg")) == 1
