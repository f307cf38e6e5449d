#include "os/shortage.h"

#include "os/fd.h"

#include <check.h>
#include <sys/resource.h>
#include <unistd.h>

static struct rlimit before;

void shortage_begin(unsigned left)
{
    int next = dup(STDIN_FILENO);

    ck_assert_int_ge(next, 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit tight = { .rlim_cur = (rlim_t)next + left, .rlim_max = before.rlim_max };
    fd_close(&next);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
}

void shortage_end(void)
{
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}
