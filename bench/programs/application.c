/* A FastCGI application: as many bytes as the name of the script says (/1k.app, /100k.app). */
#include <fcgi_stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    static char bytes[1024];

    memset(bytes, 'a', sizeof(bytes));
    while (FCGI_Accept() >= 0) {
        const char *name = strrchr(getenv("SCRIPT_NAME"), '/') + 1;
        int kib = atoi(name);

        printf("Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n", 1024 * kib);
        for (; kib > 0; kib--)
            fwrite(bytes, 1, sizeof(bytes), stdout);
    }
    return 0;
}
