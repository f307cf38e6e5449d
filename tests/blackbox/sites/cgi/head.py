# The query is the head of the answer, '|' for the end of a line.
import os
import urllib.parse

print(urllib.parse.unquote(os.environ["QUERY_STRING"]).replace("|", "\n"))
print("\nbody", end="")
