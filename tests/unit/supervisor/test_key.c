#include "supervisor_private.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[128];

static void begin(void)
{
    snprintf(folder, sizeof(folder), "/tmp/longhouse-key-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/session.key", folder);
}

/* Nothing else was left there. */
static void end(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void put(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(a_key_is_drawn_once_and_kept)
{
    char first[KEY_DIGITS + 1];
    char second[KEY_DIGITS + 1];
    char other[KEY_DIGITS + 1];
    struct stat found;

    begin();
    ck_assert_int_eq(key_find(path, first), 0);
    ck_assert_uint_eq(strlen(first), KEY_DIGITS);
    ck_assert_int_eq(stat(path, &found), 0);
    ck_assert_uint_eq(found.st_mode & 07777, 0600);
    ck_assert_int_eq(key_find(path, second), 0);
    ck_assert_str_eq(first, second);
    unlink(path);
    ck_assert_int_eq(key_find(path, other), 0);
    ck_assert_str_ne(first, other);
    end();
}
END_TEST

#define A_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct {
    const char *text;
    mode_t mode;
    bool good;
} files[] = {
    { A_KEY, 0600, true },
    { A_KEY, 0400, true },
    { A_KEY, 0640, false }, /* others know it */
    { A_KEY, 0604, false },
    { A_KEY "00", 0600, false },
    { "000102030405060708090a0b0c0d0e0f", 0600, false },
    { "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", 0600, false },
    { "", 0600, false },
};

START_TEST(what_is_no_key_of_ours_is_replaced)
{
    char key[KEY_DIGITS + 1];
    char again[KEY_DIGITS + 1];

    begin();
    put(files[_i].text, files[_i].mode);
    ck_assert_int_eq(key_find(path, key), 0);
    ck_assert_int_eq(strcmp(key, A_KEY) == 0, files[_i].good);
    ck_assert_int_eq(key_find(path, again), 0);
    ck_assert_str_eq(key, again);
    end();
}
END_TEST

static int (*const link_ways[])(const char *, const char *) = { symlink, link };

START_TEST(a_link_is_not_followed)
{
    char target[128];
    char key[KEY_DIGITS + 1];
    struct stat found;

    begin();
    put(A_KEY, 0600);
    snprintf(target, sizeof(target), "%s/elsewhere", folder);
    ck_assert_int_eq(rename(path, target), 0);
    ck_assert_int_eq(link_ways[_i](target, path), 0);
    ck_assert_int_eq(key_find(path, key), 0);
    ck_assert_str_ne(key, A_KEY);
    ck_assert_int_eq(lstat(path, &found), 0);
    ck_assert(S_ISREG(found.st_mode));
    ck_assert_int_eq(stat(target, &found), 0);
    ck_assert_int_eq(found.st_size, KEY_DIGITS);
    unlink(target);
    end();
}
END_TEST

START_TEST(without_a_folder_there_is_no_key)
{
    char key[KEY_DIGITS + 1];

    ck_assert_int_eq(key_find("/nonexistent/session.key", key), -ENOENT);
    ck_assert_int_eq(key_find("/tmp", key), -EISDIR);
}
END_TEST

static const struct {
    const char *name;
    enum conf_stick_to stick_to;
    bool given;
    bool needed;
    uint64_t threshold; /* ChallengeClient */
    struct slice secret;
} needs[] = {
    { "by address", STICK_TO_ADDRESS, false, false, 0, SLICE_INIT("") },
    { "by cookie", STICK_TO_COOKIE, false, true, 0, SLICE_INIT("") },
    { "with SessionKey", STICK_TO_COOKIE, true, false, 0, SLICE_INIT("") },
    { "challenged", STICK_TO_ADDRESS, false, true, 100, SLICE_INIT("") },
    { "challenged with SessionKey", STICK_TO_ADDRESS, true, false, 100, SLICE_INIT("") },
    { "challenged with a secret", STICK_TO_ADDRESS, false, false, 100, SLICE_INIT("secret") },
};

START_TEST(a_key_is_made_where_one_is_needed)
{
    struct fastcgi_conf section = { .stick_to = needs[_i].stick_to };
    struct server_conf conf = { .fastcgi = &section };
    struct arena arena;
    struct diags diags;
    char key[KEY_DIGITS + 1];

    begin();
    arena_init(&arena);
    diags_init(&diags, &arena);
    conf.work_directory = slice_cstr(folder);
    conf.challenge.threshold = needs[_i].threshold;
    conf.challenge.secret = needs[_i].secret;
    if (needs[_i].given)
        conf.session_key = SLICE("a key of the administrator");
    ck_assert(key_open(&conf, &arena, &diags, key));
    ck_assert_int_eq(key[0] != '\0', needs[_i].needed);
    ck_assert_int_eq(access(path, F_OK) == 0, needs[_i].needed);
    ck_assert_uint_eq(diags.errors, 0);
    arena_done(&arena);
    end();
}
END_TEST

START_TEST(a_key_that_cannot_be_kept_is_a_warning)
{
    struct fastcgi_conf section = { .stick_to = STICK_TO_COOKIE };
    struct server_conf conf = { .fastcgi = &section, .work_directory = SLICE("/nonexistent") };
    struct arena arena;
    struct diags diags;
    char key[KEY_DIGITS + 1];

    arena_init(&arena);
    diags_init(&diags, &arena);
    ck_assert(key_open(&conf, &arena, &diags, key));
    ck_assert_uint_eq(strlen(key), KEY_DIGITS);
    ck_assert_uint_eq(diags.errors, 0);
    ck_assert_ptr_nonnull(strstr(diags.first->message.at, "/nonexistent/session.key"));
    arena_done(&arena);
}
END_TEST

SUITE("key", TEST(a_key_is_drawn_once_and_kept), LOOP(what_is_no_key_of_ours_is_replaced, files),
      LOOP(a_link_is_not_followed, link_ways), TEST(without_a_folder_there_is_no_key),
      LOOP(a_key_is_made_where_one_is_needed, needs), TEST(a_key_that_cannot_be_kept_is_a_warning))
