/* Answers and ends without ever looking at its standard input. */
#include <stdio.h>

int main(void)
{
    printf("Content-Type: text/plain\n\nI did not listen\n");
    return 0;
}
