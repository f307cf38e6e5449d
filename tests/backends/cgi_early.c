/* Gives its whole answer, closes its output and reads the body only then. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    char data[65536];

    printf("Content-Type: text/plain\nContent-Length: 6\n\nfirst\n");
    fclose(stdout);
    while (read(0, data, sizeof(data)) > 0)
        continue;
    return 0;
}
