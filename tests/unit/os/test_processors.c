#include "os/processors.h"

#include "suite.h"

#include <sched.h>

START_TEST(those_that_it_is_bound_to_count)
{
    cpu_set_t all;
    cpu_set_t one;

    ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    ck_assert_uint_eq(processors_count(), (unsigned)CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
    ck_assert_uint_eq(processors_count(), 1);
}
END_TEST

SUITE("processors", TEST(those_that_it_is_bound_to_count))
