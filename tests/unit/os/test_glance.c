/* Words made of texts like those of /proc, and of real processes of this test. */
#include "os/glance.h"

#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char stat_text[] = "4711 (a) b) S 1 4711 4711 0 -1 4194560 129 0 0 0 120 35 0 0 20 0 "
                                "1 0 1972402 2990080 395 184 1";

START_TEST(a_line_of_the_kernel_is_taken_apart)
{
    struct glance glance = { 0 };

    ck_assert(glance_parse_stat(SLICE(stat_text), 100, 4, &glance));
    ck_assert_int_eq(glance.state, 'S');
    ck_assert(slice_equal(glance.name, SLICE("a) b")));
    ck_assert_uint_eq(glance.cpu_ms, 1550);
    ck_assert_uint_eq(glance.memory_kib, 395 * 4);
}
END_TEST

START_TEST(what_is_cut_short_is_no_line)
{
    struct glance glance = { 0 };
    const struct slice whole = SLICE(stat_text);

    for (size_t len = 0; len <= whole.len - strlen("395 184 1"); len++)
        ck_assert_msg(!glance_parse_stat(slice_first(whole, len), 100, 4, &glance),
                      "accepted after %zu bytes", len);
    ck_assert(!glance_parse_stat(SLICE(") 1 ("), 100, 4, &glance));
}
END_TEST

static const struct {
    struct glance glance;
    bool whole;
    const char *text;
} cases[] = {
    { { .state = 'S',
        .cpu_ms = 12,
        .memory_kib = 5120,
        .command = SLICE_INIT("perl\0/www/a.pl\0"),
        .name = SLICE_INIT("perl"),
        .place = SLICE_INIT("pipe_read"),
        .stack = SLICE_INIT("[<0>] pipe_read+0xb5/0x130\n[<0>] vfs_read+0x1/0x2\n") },
      true,
      "\"perl /www/a.pl\" (7) asleep in pipe_read, cpu 12 ms, 5120 kB, stack pipe_read < "
      "vfs_read" },
    { { .state = 'R', .cpu_ms = 4000, .command = SLICE_INIT("a\0"), .memory_kib = 1 },
      false,
      "\"a\" (7) running, cpu 4000 ms" },
    { { .state = 'Z', .name = SLICE_INIT("sh") },
      false,
      "\"sh\" (7) dead, and not waited for, cpu 0 ms" },
    { { .state = 'T', .name = SLICE_INIT("sh") }, false, "\"sh\" (7) stopped, cpu 0 ms" },
    { { .state = 't', .name = SLICE_INIT("sh") },
      false,
      "\"sh\" (7) stopped by a tracer, cpu 0 ms" },
    { { .state = 'D', .name = SLICE_INIT("cp"), .place = SLICE_INIT("io_schedule") },
      false,
      "\"cp\" (7) waiting (uninterruptible) in io_schedule, cpu 0 ms" },
    { { .state = '?', .name = SLICE_INIT("x") }, false, "\"x\" (7) in an unknown state, cpu 0 ms" },
    { { .state = 'R', .command = SLICE_INIT("a\n\"b\0\0c\0") },
      false,
      "\"a\\x0a\\\"b  c\" (7) running, cpu 0 ms" },
};

START_TEST(a_process_is_told_in_words)
{
    char room[512];
    struct text text = text_on(room, sizeof(room));

    glance_put(&text, 7, &cases[_i].glance, cases[_i].whole);
    ck_assert_str_eq(text_cstr(&text), cases[_i].text);
}
END_TEST

START_TEST(a_long_command_is_cut_visibly)
{
    char room[512];
    char command[200];
    struct text text = text_on(room, sizeof(room));
    struct glance glance = { .state = 'R', .command = slice_of(command, sizeof(command)) };

    memset(command, 'x', sizeof(command));
    glance_put(&text, 7, &glance, false);
    ck_assert_uint_eq(slice_find(text_slice(&text), '.'), 121);
    ck_assert(slice_ends(text_slice(&text), SLICE("xxx...\" (7) running, cpu 0 ms")));
}
END_TEST

/* A child that waits, with so many children of its own that wait. */
static pid_t start_family(unsigned children, int ready)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    for (unsigned i = 0; i < children; i++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            break;
        }
    if (write(ready, "", 1) == 1)
        pause();
    _exit(0);
}

static const struct {
    unsigned children;
    unsigned shown;
    const char *end; /* NULL: no more than is shown */
} families[] = { { 0, 1, NULL }, { 2, 3, NULL }, { 9, 8, "; and 2 more" } };

static void wait_until_asleep(pid_t pid)
{
    char path[64];
    char state = '\0';

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    while (state != 'S') {
        FILE *stat = fopen(path, "r");
        ck_assert_ptr_nonnull(stat);
        ck_assert_int_eq(fscanf(stat, "%*d (%*[^)]) %c", &state), 1);
        fclose(stat);
    }
}

START_TEST(a_family_is_shown_one_by_one)
{
    char room[4096];
    char expect[64];
    char byte;
    int ends[2];
    struct glance_report report = { .text = text_on(room, sizeof(room)) };

    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = start_family(families[_i].children, ends[1]);
    for (unsigned i = 0; i <= families[_i].children; i++)
        ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    wait_until_asleep(pid);
    glance_at_family(&report, pid);
    glance_end(&report);
    snprintf(expect, sizeof(expect), "(%d) asleep", (int)pid);
    ck_assert_ptr_nonnull(strstr(text_cstr(&report.text), expect));
    ck_assert_uint_eq(report.shown, families[_i].shown);
    ck_assert_uint_eq(strstr(room, "; with it: ") != NULL, families[_i].children > 0);
    ck_assert_uint_eq(report.left_out, families[_i].children + 1 - families[_i].shown);
    if (families[_i].end)
        ck_assert(slice_ends(text_slice(&report.text), slice_cstr(families[_i].end)));

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(who_is_gone_is_not_shown)
{
    char room[256];
    struct glance_report report = { .text = text_on(room, sizeof(room)) };
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    glance_at_family(&report, pid);
    glance_end(&report);
    ck_assert_uint_eq(report.text.len, 0);
}
END_TEST

SUITE("glance", TEST(a_line_of_the_kernel_is_taken_apart), TEST(what_is_cut_short_is_no_line),
      LOOP(a_process_is_told_in_words, cases), TEST(a_long_command_is_cut_visibly),
      LOOP(a_family_is_shown_one_by_one, families), TEST(who_is_gone_is_not_shown))
