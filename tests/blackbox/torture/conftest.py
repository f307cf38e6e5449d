import contextlib

import pytest

from everything import everything
from house import BINARY, free_port, opened
from page import Page
from secure import make_certificate, secure_binding

PROCESSES = ("server", "spawner")


@pytest.fixture(scope="session", autouse=True)
def torture():
    """Without it a test would prove nothing."""
    server = (BINARY.parent / "server").read_bytes()
    assert b"LONGHOUSE_TORTURE" in server, f"{BINARY} is not built by the preset torture"


@pytest.fixture(scope="module")
def house():
    """Files, programs, FastCGI, uploads, TLS; one reactor, so that each request meets the same one."""
    with everything("torture") as house, contextlib.ExitStack() as stack:
        house.option("Reactors = 1")
        house.option("TimeForCGI = 20")
        house.options.remove("TimeForCGI = 30")
        house.secure_port = free_port()
        certificate = make_certificate(house.folder, "cert")
        more = "  EnableAlter = yes\n  MaxUploadSize = 20"
        house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  MaxRequestSize = 20M\n{more}\n}}")
        house.section(secure_binding(house.secure_port, f"  TLScertFile = {certificate}"))
        house.section("Directory {\n  DirectoryID = inbox\n  Path = /inbox\n  AlterList = allow 127.0.0.0/8\n}")
        house.option("UseDirectory = inbox")
        house.option("ShowIndex = yes")
        inbox = house.default.root / "inbox"
        inbox.mkdir()
        inbox.chmod(0o777)
        house.default.put("folder/one.txt", "one")
        house.default.put("middling.bin", bytes(200_000))
        folder = house.folder / "pages"
        folder.mkdir()
        house.pages = {process: Page(folder, process) for process in PROCESSES}
        for page in house.pages.values():
            stack.callback(page.close)
        house.entry = ["env", f"LONGHOUSE_TORTURE={folder}"]
        with opened(house):
            yield house
