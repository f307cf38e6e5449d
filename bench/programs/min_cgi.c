/* The least a CGI program can do. */
#include <unistd.h>

int main(void)
{
    static const char answer[] = "Content-Type: text/plain\nContent-Length: 6\n\nhello\n";

    return write(1, answer, sizeof(answer) - 1) < 0;
}
