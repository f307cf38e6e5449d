"""One configuration in several forms."""
import subprocess

from house import BINARY, TOP, House, opened


def longhouse(*words):
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_examples_mean_the_same():
    for form in ("--block", "--yaml"):
        block = longhouse("show", "-c", TOP / "config/longhouse.conf", form)
        yaml = longhouse("show", "-c", TOP / "config/longhouse.yaml", form)
        assert block[0] == 0 and "ServerId" in block[1]
        assert block == yaml


class YamlHouse(House):
    """Its configuration, read from the block form and written in YAML by the house itself."""

    def config_text(self):
        block = self.folder / "block.conf"
        block.write_text(super().config_text())
        status, text, errors = longhouse("show", "-c", block, "--yaml")
        assert (status, errors) == (0, "")
        self.config_path = self.folder / "longhouse.yaml"
        self.config_path.touch()
        return text


def test_a_house_runs_with_yaml():
    house = YamlHouse("yaml")
    house.config_path = house.folder / "longhouse.yaml"
    site = house.host("a.test", "  ExecuteCGI = yes\n  CGIextension = cgi\n  Setenv A = b: c", ["*.a.test"])
    site.program("cgi_env")
    site.put("x.txt", "here")
    with opened(house):
        assert house.config_path.read_text().startswith("PIDfile: ")
        assert house.get("/x.txt", host="www.a.test").body == b"here"
        assert site.get("/env.cgi").facts("env")["A"] == "b: c"


def test_a_fault_in_yaml_has_its_place(tmp_path):
    path = tmp_path / "longhouse.yaml"
    path.write_text("Hostname: a\nWebsiteRoot: /\nBinding:\n  - Port: 80\n    Intreface: ::1\n")
    status, _, errors = longhouse("check", "-c", path)
    assert status == 1
    assert f"{path}:5:5: error: unknown option 'Intreface'" in errors and "did you mean 'Interface'?" in errors


def test_import_makes_a_longhouse_conf(tmp_path):
    thttpd = tmp_path / "thttpd.conf"
    root = tmp_path / "www"
    root.mkdir()
    thttpd.write_text(f"port=8123 host=127.0.0.1 dir={root} user=www-data\nurlpat=**.jpg\nlogfile=/dev/null\n")
    status, text, errors = longhouse("import", thttpd)
    assert status == 0 and "thttpd.conf:2:1: warning: 'urlpat'" in errors
    assert "# urlpat=**.jpg: is without effect" in text
    (tmp_path / "longhouse.conf").write_text(text)
    status, output, errors = longhouse("check", "-c", tmp_path / "longhouse.conf")
    assert status == 0, errors
    assert "8123" in output
    status, text, _ = longhouse("import", thttpd, "--yaml")
    (tmp_path / "longhouse.yaml").write_text(text)
    assert longhouse("show", "-c", tmp_path / "longhouse.yaml") == longhouse("show", "-c", tmp_path / "longhouse.conf")


def test_import_keeps_what_it_cannot_use(tmp_path):
    old = tmp_path / "hiawatha.conf"
    old.write_text("Hostname = a\nWebsiteRoot = /srv\nUseGZfile = yes\nBinding {\n  Port = 80\n}\n")
    status, text, _ = longhouse("import", old)
    assert status == 0 and "\n# UseGZfile = yes: " in text


def test_words_that_are_no_use():
    for words in (["show", "-x"], ["import"], ["import", "a", "b"], ["import", "--block", "a"]):
        assert longhouse(*words)[0] == 2
    assert longhouse("import", "/nonexistent")[0] == 1
