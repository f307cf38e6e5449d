/* A FastCGI application: reads what it is sent, and says as many bytes as the name of the script
 * tells (/1k.app, /100k.app). */
#include <fcgi_stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    static char bytes[1024];
    static char sent[65536];

    memset(bytes, 'a', sizeof(bytes));
    while (FCGI_Accept() >= 0) {
        const char *name = strrchr(getenv("SCRIPT_NAME"), '/') + 1;
        int kib = atoi(name);

        while (fread(sent, 1, sizeof(sent), stdin) > 0)
            ;
        printf("Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n", 1024 * kib);
        for (; kib > 0; kib--)
            fwrite(bytes, 1, sizeof(bytes), stdout);
    }
    return 0;
}
