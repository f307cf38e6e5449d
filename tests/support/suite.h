#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

/*
 * The end of each test_<thing>.c: SUITE("thing", TEST(a), TEST(b), LOOP(cases, count)) makes its
 * main().
 */
#include <check.h>
#include <stddef.h>
#include <stdlib.h>

struct suite_row {
    const TTest *test;
    size_t count;
};

#define TEST(name)                                                                                 \
    {                                                                                              \
        name, 1                                                                                    \
    }
#define LOOP(name, cases)                                                                          \
    {                                                                                              \
        name, sizeof(cases) / sizeof((cases)[0])                                                   \
    }

#define SUITE(title, ...)                                                                          \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct suite_row rows[] = { __VA_ARGS__ };                                           \
        Suite *suite = suite_create(title);                                                        \
        TCase *tcase = tcase_create("all");                                                        \
                                                                                                   \
        tcase_set_timeout(tcase, 60);                                                              \
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)                                \
            tcase_add_loop_test(tcase, rows[i].test, 0, (int)rows[i].count);                       \
        suite_add_tcase(suite, tcase);                                                             \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_ENV);                                                           \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }

#endif
