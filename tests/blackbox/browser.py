"""As much of a browser as an application needs: cookies, redirects and forms."""
import html
import re
import urllib.parse

# One pixel.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class Browser:
    """Follows redirects and keeps cookies."""

    def __init__(self, house, host):
        self.house = house
        self.host = host
        self.cookies = {}

    def ask(self, target, form=None, body=None, kind="application/x-www-form-urlencoded", more=()):
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
        fields = [("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())), *more]
        if body is not None:
            fields.append(("Content-Type", kind))
        answer = self.house.get(
            target, host=self.host, method="GET" if body is None else "POST", body=body, fields=fields, timeout_s=60
        )
        for cookie in answer.all("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            if value == "deleted":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        if answer.status in (301, 302, 303):
            place = urllib.parse.urlsplit(answer["location"])
            return self.ask(place.path + ("?" + place.query if place.query else ""))
        return answer


def hidden(answer):
    """The hidden fields of all forms of a page."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", answer.text):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden":
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return found
