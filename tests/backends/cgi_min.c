/* The least a CGI program has to do: what remains of a request's time is the house's own. */
#include <stdio.h>

int main(void)
{
    puts("Content-Type: text/plain\r\n\r\nhello from C\r");
    return 0;
}
