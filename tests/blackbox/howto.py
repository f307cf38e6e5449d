"""The pages of docs/howto, word for word: their blocks are cut out, and only places, ports and users are changed."""
import re

from house import TOP, Site


def blocks(page, kind="longhouse"):
    """The code blocks of a page that are marked with the word."""
    text = (TOP / "docs" / "howto" / f"{page}.md").read_text()
    found = re.findall(rf"^```{kind}\n(.*?)^```$", text, re.S | re.M)
    assert found, f"{page}.md has no block of {kind}"
    return found


def _swap(text, old, new):
    assert old in text, f"'{old}' is not in the page any more:\n{text}"
    return text.replace(old, str(new))


def adapt(house, text, swaps):
    """The text for this house: its folders, its port; and the swaps, each of which must be needed."""
    text = text.replace("Port = 80\n", f"Port = {house.port}\n    Interface = 127.0.0.1\n")
    for old, new in swaps.items():
        text = _swap(text, old, new)
    for section in re.findall(r"^VirtualHost \{\n.*?^\}", text, re.S | re.M):
        name = re.search(r"Hostname = ([^,\s]+)", section).group(1)
        root = re.search(r"WebsiteRoot = (\S+)", section).group(1)
        site = house.sites.get(name) or Site(house, name)
        house.sites[name] = site
        lines = section
        if not root.startswith("/usr/"):  # what a package brings stays where it is
            lines = lines.replace(f"WebsiteRoot = {root}\n", f"WebsiteRoot = {site.root}\n")
        for option, path in (("AccessLogfile", site.access_path), ("ErrorLogfile", site.error_path)):
            lines = re.sub(rf"\n *{option} = .*", "", lines)
            lines = lines.replace("\n}", f"\n    {option} = {path}\n}}")
        text = _swap(text, section, lines)
    return text


def follow(house, page, swaps, kind="longhouse"):
    """Gives the house all that the page configures; its sites are house.sites[NAME]."""
    house.sections.append(adapt(house, "\n".join(blocks(page, kind)), swaps))
