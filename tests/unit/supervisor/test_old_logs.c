#include "supervisor_private.h"

#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR 3600
#define NOON 1795867200 /* 2026-11-28 12:00 UTC, a Saturday */

static char folder[64];
static char path[128];
static struct journal journal;
static struct log_entry entry;
static struct logs logs;

static char *in_folder(const char *name)
{
    static char whole[4][256];
    static unsigned turn;
    char *out = whole[turn++ % 4];

    snprintf(out, sizeof(whole[0]), "%s/%s", folder, name);
    return out;
}

static bool exists(const char *name)
{
    return access(in_folder(name), F_OK) == 0;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void begin(enum conf_rotate rotate, const char *text)
{
    setenv("TZ", "UTC", 1);
    tzset();
    snprintf(folder, sizeof(folder), "/tmp/longhouse-old-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/access.log", folder);
    put("access.log", text);
    journal_init(&journal, true);
    entry = (struct log_entry){
        .path = path,
        .fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC),
        .rotate = rotate,
        .day = calendar_day(&(struct tm){ .tm_year = 126, .tm_mon = 10, .tm_mday = 28 }),
    };
    ck_assert_int_ge(entry.fd, 0);
    logs = (struct logs){ .first = &entry };
}

/* Nothing else was left there. */
static void end(const char *const *names)
{
    fd_close(&entry.fd);
    for (; *names; names++)
        ck_assert_msg(unlink(in_folder(*names)) == 0, "%s", *names);
    ck_assert_int_eq(rmdir(folder), 0);
}

#define END(...) end((const char *const[]){ __VA_ARGS__, NULL })

static unsigned rotate_at(time_t now)
{
    return logs_rotate(&logs, now, &journal.log);
}

/* As the supervisor does afterwards. */
static void open_again(void)
{
    fd_close(&entry.fd);
    entry.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    ck_assert_int_ge(entry.fd, 0);
}

START_TEST(at_midnight_a_log_becomes_an_old_one)
{
    begin(ROTATE_DAILY, "a line\n");
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR - 1), 0);
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR), 1);
    ck_assert(!exists("access.log"));
    open_again();
    ck_assert_int_eq(write(entry.fd, "x\n", 2), 2);
    ck_assert_uint_eq(rotate_at(NOON + 13 * HOUR), 0);
    ck_assert_uint_eq(rotate_at(NOON + 36 * HOUR), 1);
    END("access-2026-11-29.log", "access-2026-11-30.log");
}
END_TEST

START_TEST(midnight_is_that_of_the_place)
{
    begin(ROTATE_DAILY, "a line\n");
    setenv("TZ", "XXX-3", 1); /* three hours before UTC */
    tzset();
    ck_assert_uint_eq(rotate_at(NOON + 9 * HOUR - 1), 0);
    ck_assert_uint_eq(rotate_at(NOON + 9 * HOUR), 1);
    END("access-2026-11-29.log");
}
END_TEST

START_TEST(a_week_begins_on_monday)
{
    begin(ROTATE_WEEKLY, "a line\n");
    ck_assert_uint_eq(rotate_at(NOON + 24 * HOUR), 0);
    ck_assert_uint_eq(rotate_at(NOON + 36 * HOUR), 1);
    END("access-2026-11-30.log");
}
END_TEST

START_TEST(what_was_slept_through_is_made_up_for_once)
{
    begin(ROTATE_DAILY, "a line\n");
    ck_assert_uint_eq(rotate_at(NOON + 24 * 10 * HOUR), 1);
    ck_assert_uint_eq(rotate_at(NOON + 24 * 10 * HOUR + 60), 0);
    END("access-2026-12-08.log");
}
END_TEST

START_TEST(a_clock_that_is_put_back_does_no_harm)
{
    begin(ROTATE_DAILY, "a line\n");
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR), 1);
    open_again();
    ck_assert_int_eq(write(entry.fd, "x\n", 2), 2);
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR - 2), 0); /* a second before midnight again */
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR), 0);
    ck_assert_uint_eq(rotate_at(NOON - 24 * 700 * HOUR), 0); /* it was far ahead: the past counts */
    ck_assert_uint_eq(rotate_at(NOON - 24 * 699 * HOUR), 1);
    END("access-2026-11-29.log", "access-2024-12-29.log");
}
END_TEST

START_TEST(an_old_log_never_takes_the_name_of_another)
{
    begin(ROTATE_DAILY, "a line\n");
    put("access-2026-11-29.log", "somebody's");
    put("access-2026-11-29-2.log.gz", "somebody's");
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR), 1);
    END("access-2026-11-29.log", "access-2026-11-29-2.log.gz", "access-2026-11-29-3.log");
}
END_TEST

START_TEST(an_empty_log_stays)
{
    begin(ROTATE_DAILY, "");
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR), 0);
    END("access.log");
}
END_TEST

START_TEST(a_log_that_somebody_else_moved_is_opened_again)
{
    begin(ROTATE_DAILY, "a line\n");
    ck_assert_int_eq(rename(path, in_folder("moved")), 0);
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR), 1);
    put("access.log", "another file");
    ck_assert_uint_eq(rotate_at(NOON + 36 * HOUR), 1);
    END("moved", "access.log");
}
END_TEST

START_TEST(a_link_is_not_renamed)
{
    begin(ROTATE_DAILY, "a line\n");
    ck_assert_int_eq(rename(path, in_folder("real")), 0);
    ck_assert_int_eq(symlink("real", path), 0);
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR), 0);
    END("access.log", "real");
}
END_TEST

START_TEST(logs_without_a_period_are_left_alone)
{
    begin(ROTATE_NEVER, "a line\n");
    ck_assert_uint_eq(rotate_at(NOON + 24 * 400 * HOUR), 0);
    END("access.log");
}
END_TEST

/* ---- packing ---- */

START_TEST(the_packed_form_takes_the_place_of_the_old_log)
{
    struct old_log old;
    struct stat before;
    struct stat after;

    begin(ROTATE_DAILY, "new\n");
    put("access-2026-11-28.log", "old\n");
    put("other-2026-11-28.log", "another's\n");
    ck_assert_int_eq(chmod(in_folder("access-2026-11-28.log"), 0604), 0);
    ck_assert_int_eq(stat(in_folder("access-2026-11-28.log"), &before), 0);
    put("access-2026-11-28.log.gz.part", "of a house that died\n");
    ck_assert_int_eq(old_log_begin(path, &old), 0);
    ck_assert_str_eq(old.name, "access-2026-11-28.log");
    ck_assert_int_eq(write(old.to, "packed", 6), 6);
    ck_assert(exists("access-2026-11-28.log"));
    ck_assert_int_eq(old_log_finish(&old), 0);
    ck_assert_int_eq(stat(in_folder("access-2026-11-28.log.gz"), &after), 0);
    ck_assert_int_eq(after.st_size, 6);
    ck_assert_uint_eq(after.st_mode, before.st_mode);
    ck_assert_uint_eq(after.st_uid, before.st_uid);
    ck_assert_int_eq(after.st_mtime, before.st_mtime);
    ck_assert_int_eq(old_log_begin(path, &old), -ENOENT);
    END("access.log", "access-2026-11-28.log.gz", "other-2026-11-28.log");
}
END_TEST

START_TEST(what_is_still_written_to_is_not_packed)
{
    struct old_log old;

    begin(ROTATE_DAILY, "a line\n");
    ck_assert_uint_eq(rotate_at(NOON + 12 * HOUR), 1);
    ck_assert_int_eq(old_log_begin(path, &old), -EAGAIN);
    open_again();
    ck_assert_int_eq(old_log_begin(path, &old), 0);
    old_log_give_up(&old);
    END("access.log", "access-2026-11-29.log");
}
END_TEST

START_TEST(an_old_log_that_another_took_the_place_of_stays)
{
    struct old_log old;

    begin(ROTATE_DAILY, "new\n");
    put("access-2026-11-28.log", "old\n");
    ck_assert_int_eq(old_log_begin(path, &old), 0);
    unlink(in_folder("access-2026-11-28.log"));
    put("access-2026-11-28.log", "another\n");
    ck_assert_int_eq(old_log_finish(&old), -ENOENT);
    END("access.log", "access-2026-11-28.log");
}
END_TEST

START_TEST(links_are_not_packed)
{
    struct old_log old;

    begin(ROTATE_DAILY, "new\n");
    put("secret", "secret\n");
    ck_assert_int_eq(symlink("secret", in_folder("access-2026-11-28.log")), 0);
    ck_assert_int_eq(old_log_begin(path, &old), -ELOOP);
    unlink(in_folder("access-2026-11-28.log"));
    ck_assert_int_eq(link(in_folder("secret"), in_folder("access-2026-11-28.log")), 0);
    ck_assert_int_eq(old_log_begin(path, &old), -EINVAL);
    ck_assert_str_eq(old.name, "access-2026-11-28.log");
    END("access.log", "secret", "access-2026-11-28.log");
}
END_TEST

SUITE("supervisor/old_logs", TEST(at_midnight_a_log_becomes_an_old_one),
      TEST(midnight_is_that_of_the_place), TEST(a_week_begins_on_monday),
      TEST(what_was_slept_through_is_made_up_for_once), TEST(a_clock_that_is_put_back_does_no_harm),
      TEST(an_old_log_never_takes_the_name_of_another), TEST(an_empty_log_stays),
      TEST(a_log_that_somebody_else_moved_is_opened_again), TEST(a_link_is_not_renamed),
      TEST(logs_without_a_period_are_left_alone),
      TEST(the_packed_form_takes_the_place_of_the_old_log),
      TEST(what_is_still_written_to_is_not_packed),
      TEST(an_old_log_that_another_took_the_place_of_stays), TEST(links_are_not_packed))
