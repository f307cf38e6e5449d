/* Reads its body to the end and says how long it was. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    static char bytes[65536];
    unsigned long total = 0;
    ssize_t got;

    while ((got = read(0, bytes, sizeof(bytes))) > 0)
        total += (unsigned long)got;
    return printf("Content-Type: text/plain\n\n%lu\n", total) < 0;
}
