import os

print("Content-Type: text/plain\n")
print(os.getcwd())
print(open("beside.txt").read())
