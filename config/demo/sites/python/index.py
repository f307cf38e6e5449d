# What a program is told about a request. Run by python3 for each request, through CGIhandler.
import html
import os
import sys

rows = "".join(
    f"<tr><th>{html.escape(name)}<td>{html.escape(value)}\n" for name, value in sorted(os.environ.items())
)
sys.stdout.reconfigure(encoding="utf-8", errors="replace")
print(f"""Content-Type: text/html; charset=utf-8

<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>python.localhost</title>
<link rel="stylesheet" href="/house.css">
<nav><a href="http://localhost:8080/">← the demo house</a></nav>
<header>
<h1>What Python is told</h1>
<p class="lead">Python {sys.version.split()[0]}, process {os.getpid()}, in {html.escape(os.getcwd())}</p>
</header>
<p><a href="/clock.py">A clock</a> that sends each second as it passes; the program ends when you leave.</p>
<h2>Variables</h2>
<p>Only these, whatever the house itself was started with. <code>GREETING</code> comes from <code>Setenv</code>.</p>
<table>
{rows}</table>
</html>""")
