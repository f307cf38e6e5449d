/*
 * Sends each piece of the body back as soon as it comes: a house that wants all of one direction
 * first would stand still, as would one that reads no answer while it writes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(1, data, len);

        if (n <= 0)
            exit(1);
        data += n;
        len -= (size_t)n;
    }
}

int main(void)
{
    static const char head[] = "Content-Type: application/octet-stream\n\n";
    char data[65536];
    ssize_t n;

    put(head, strlen(head));
    while ((n = read(0, data, sizeof(data))) > 0)
        put(data, (size_t)n);
    return n < 0;
}
