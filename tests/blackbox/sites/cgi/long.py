# Says ten bytes and sends more.
print("Content-Type: text/plain\nContent-Length: 10\n\n0123456789ABCDEF", end="")
