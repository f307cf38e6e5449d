#include "os/hindrance.h"

#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 12345 /* root passes everything */

static char root[64];

static void make(const char *name, bool is_folder)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    if (is_folder)
        ck_assert_int_eq(mkdir(path, 0755), 0);
    else
        ck_assert_int_eq(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644)), 0);
}

static void change(const char *name, mode_t mode)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void set_up(void)
{
    snprintf(root, sizeof(root), "/tmp/hindrance-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    change("", 0755);
    make("clear.txt", false);
    make("dark.txt", false);
    make("shut", true);
    make("shut/in.txt", false);
    change("dark.txt", 0);
    change("shut", 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(NOBODY), 0);
}

static void tear_down(void)
{
    static const char *const names[] = { "shut/in.txt", "shut", "dark.txt", "clear.txt", "" };
    char path[256];

    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    change("shut", 0755);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, names[i]);
        ck_assert_int_eq(remove(path), 0);
    }
}

static const struct {
    const char *path;
    const char *stops; /* NULL: nothing */
    bool is_folder;
} cases[] = {
    { "clear.txt", NULL, false },      { "none/in.txt", NULL, false },
    { "dark.txt", "dark.txt", false }, { "shut", "shut", false },
    { "shut/in.txt", "shut", true },   { "shut/none/in.txt", "shut", true },
};

START_TEST(what_stops_us_is_named)
{
    char path[256];
    char stops[256];
    struct hindrance it;

    set_up();
    snprintf(path, sizeof(path), "%s/%s", root, cases[_i].path);
    const bool stopped = hindrance_find(path, &it);
    ck_assert_int_eq(stopped, cases[_i].stops != NULL);
    if (stopped) {
        snprintf(stops, sizeof(stops), "%s/%s", root, cases[_i].stops);
        ck_assert_str_eq(it.path, stops);
        ck_assert_int_eq(it.is_folder, cases[_i].is_folder);
        ck_assert_uint_eq(it.mode, 0);
        ck_assert_uint_eq(it.owner, getuid());
    }
    tear_down();
}
END_TEST

START_TEST(what_is_no_absolute_path_is_not_looked_at)
{
    struct hindrance it;

    ck_assert(!hindrance_find("", &it));
    ck_assert(!hindrance_find("etc", &it));
    ck_assert(!hindrance_find("/", &it));
}
END_TEST

SUITE("hindrance", LOOP(what_stops_us_is_named, cases),
      TEST(what_is_no_absolute_path_is_not_looked_at))
