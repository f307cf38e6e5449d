/* What the fakes of tests/support assert by Check, outside of a test of Check: a failure ends the
 * target. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void _mark_point(const char *file, int line)
{
    (void)file;
    (void)line;
}

void _ck_assert_failed(const char *file, int line, const char *text, const char *message, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: %s: ", file, line, text);
    va_start(args, message);
    if (message)
        vfprintf(stderr, message, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}
