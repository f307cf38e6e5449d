# An answer that is sent while it is made: ten seconds, one at a time.
import sys
import time

print("""Content-Type: text/html; charset=utf-8

<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A clock</title>
<link rel="stylesheet" href="/house.css">
<style>.big + .big { display: block } .big { margin: 0 } .big:not(:last-child) { display: none }</style>
<nav><a href="/">← python.localhost</a></nav>
<h1>A clock that streams</h1>
<p class="lead">Each line leaves the house when the program writes it. Close the tab, and the program ends at once.</p>
<div>""", flush=True)
for _ in range(10):
    print(f'<p class="big">{time.strftime("%H:%M:%S")}</p>', flush=True)
    time.sleep(1)
print("</div>\n</html>")
sys.exit(0)
