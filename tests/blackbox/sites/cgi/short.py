# Says ten bytes and sends fewer.
print("Content-Type: text/plain\nContent-Length: 10\n\n01234", end="")
