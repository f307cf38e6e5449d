#include "config/password_file.h"

#include "base/container.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>

#define BCRYPT "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
#define MD5C   "$1$saltsalt$9xy1btjgzLYfb7hivXtC//"
#define HA1    "939e7578ed9e3c518a452acee763bce9"
#define HA256  "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"

/* Keeps what it is told as "1! 2? ": the lines with their faults and doubts. */
struct notes {
    struct password_critic critic;
    char text[200];
    const char *last;
};

static void note(struct password_critic *critic, unsigned line, const char *why, char kind)
{
    struct notes *notes = container_of(critic, struct notes, critic);
    size_t len = strlen(notes->text);

    notes->last = why;
    snprintf(notes->text + len, sizeof(notes->text) - len, "%u%c ", line, kind);
}

static void note_fault(struct password_critic *critic, unsigned line, const char *why)
{
    note(critic, line, why, '!');
}

static void note_doubt(struct password_critic *critic, unsigned line, const char *why)
{
    note(critic, line, why, '?');
}

static struct arena arena;
static struct notes notes;
static struct password_file file;

static void parse(enum password_kind kind, const char *text)
{
    arena_init(&arena);
    notes = (struct notes){ .critic = { note_fault, note_doubt } };
    password_file_parse(slice_cstr(text), kind, &arena, &notes.critic, &file);
}

static void end(void)
{
    password_file_done(&file);
    arena_done(&arena);
}

static void check_user(const char *user, const char *hash)
{
    const struct password_entry *entry = password_file_user(&file, slice_cstr(user));

    ck_assert_msg((entry != NULL) == (hash != NULL), "%s", user);
    if (hash)
        assert_slice(entry->hash, hash);
}

START_TEST(a_basic_file_gives_users_and_hashes)
{
    parse(PASSWORD_BASIC, "# the staff\n\njoe:" BCRYPT "\r\nann:" BCRYPT ":Ann:1000\n"
                          "with blank:" BCRYPT " \njoe2:" BCRYPT);
    ck_assert_str_eq(notes.text, "");
    check_user("joe", BCRYPT);
    check_user("ann", BCRYPT);
    check_user("with blank", BCRYPT);
    check_user("joe2", BCRYPT); /* though its line does not end */
    check_user("jo", NULL);
    check_user("# the staff", NULL);
    check_user("", NULL);
    ck_assert_uint_eq(file.entry_count, 4);
    assert_slice(file.entries[1]->name, "ann");
    end();
}
END_TEST

START_TEST(faulty_lines_are_told_and_do_not_count)
{
    parse(PASSWORD_BASIC, "joe\n:" BCRYPT "\nann:\nbob:secret\ncid:{SHA}abc=\n\ndan:" BCRYPT
                          "\ndan:" BCRYPT "x\neve:!\nfay:" MD5C "\n");
    ck_assert_str_eq(notes.text, "1! 2! 3! 4! 5! 8! 9? 10? ");
    check_user("joe", NULL);
    check_user("ann", NULL);
    check_user("bob", NULL);
    check_user("dan", BCRYPT);
    check_user("eve", "!");
    ck_assert(password_file_user(&file, SLICE("eve"))->locked);
    check_user("fay", MD5C);
    ck_assert(!password_file_user(&file, SLICE("fay"))->locked);
    ck_assert_uint_eq(file.entry_count, 2);
    assert_slice(file.entries[1]->name, "fay");
    end();
}
END_TEST

START_TEST(a_line_is_explained)
{
    parse(PASSWORD_BASIC, "joe\n");
    ck_assert_str_eq(notes.last, "there is no ':' in the line");
    end();
    parse(PASSWORD_BASIC, "joe:plain\n");
    ck_assert(strstr(notes.last, "longhouse password") != NULL);
    end();
}
END_TEST

static void check_digest(enum digest_algorithm algorithm, const char *user, const char *realm,
                         const char *hash)
{
    const struct password_entry *entry =
        password_file_digest(&file, algorithm, slice_cstr(user), slice_cstr(realm));

    ck_assert_msg((entry != NULL) == (hash != NULL), "%s in %s", user, realm);
    if (hash)
        assert_slice(entry->hash, hash);
}

START_TEST(a_digest_file_gives_hashes_by_user_and_realm)
{
    parse(PASSWORD_DIGEST, "joe:Private page:939E7578ED9E3C518A452ACEE763BCE9\n"
                           "joe:Private page:" HA256 "\njoe:Other:" HA1 "\n"
                           "ann:Private page:abc\nbob:Private page\njoe:Other:" HA1 "\n");
    ck_assert_str_eq(notes.text, "4! 5! 6! ");
    check_digest(DIGEST_MD5, "joe", "Private page", HA1);
    check_digest(DIGEST_SHA256, "joe", "Private page", HA256);
    check_digest(DIGEST_MD5, "joe", "Other", HA1);
    check_digest(DIGEST_SHA256, "joe", "Other", NULL);
    check_digest(DIGEST_MD5, "joe:Private page", "", NULL);
    check_digest(DIGEST_MD5, "joe", "Private", NULL);
    check_digest(DIGEST_MD5, "ann", "Private page", NULL);
    end();
}
END_TEST

static const struct {
    const char *text;
    unsigned algorithms;
} offers[] = {
    { "", 0 },
    { "joe:r:" HA1 "\n", 1u << DIGEST_MD5 },
    { "joe:r:" HA256 "\n", 1u << DIGEST_SHA256 },
    { "joe:r:" HA256 "\njoe:r:" HA1 "\n", 1u << DIGEST_MD5 | 1u << DIGEST_SHA256 },
    { "joe:r:" HA256 "\njoe:r:" HA1 "\nann:r:" HA1 "\n", 1u << DIGEST_MD5 },
    { "joe:r:" HA256 "\nann:r:" HA1 "\n", 1u << DIGEST_MD5 | 1u << DIGEST_SHA256 },
};

START_TEST(what_is_offered_is_what_all_users_have)
{
    parse(PASSWORD_DIGEST, offers[_i].text);
    ck_assert_uint_eq(file.algorithms, offers[_i].algorithms);
    end();
}
END_TEST

START_TEST(a_group_file_gives_members)
{
    parse(PASSWORD_GROUPS, "staff: joe  ann,bob\nguests:cid\n\nstaff:dan\nnothing\nempty:\n");
    ck_assert_str_eq(notes.text, "5! ");
    ck_assert(password_file_is_member(&file, SLICE("staff"), SLICE("joe")));
    ck_assert(password_file_is_member(&file, SLICE("staff"), SLICE("ann")));
    ck_assert(password_file_is_member(&file, SLICE("staff"), SLICE("bob")));
    ck_assert(password_file_is_member(&file, SLICE("staff"), SLICE("dan")));
    ck_assert(password_file_is_member(&file, SLICE("guests"), SLICE("cid")));
    ck_assert(!password_file_is_member(&file, SLICE("guests"), SLICE("joe")));
    ck_assert(!password_file_is_member(&file, SLICE("staff"), SLICE("jo")));
    ck_assert(!password_file_is_member(&file, SLICE("staff"), SLICE("")));
    ck_assert(!password_file_is_member(&file, SLICE("empty"), SLICE("")));
    ck_assert(!password_file_is_member(&file, SLICE("none"), SLICE("joe")));
    end();
}
END_TEST

START_TEST(a_name_longer_than_any_is_nobodys)
{
    char many[2000];

    memset(many, 'a', sizeof(many));
    parse(PASSWORD_GROUPS, "staff: joe\n");
    ck_assert(!password_file_is_member(&file, SLICE("staff"), slice_of(many, sizeof(many))));
    end();
}
END_TEST

SUITE("password file", TEST(a_basic_file_gives_users_and_hashes),
      TEST(faulty_lines_are_told_and_do_not_count), TEST(a_line_is_explained),
      TEST(a_digest_file_gives_hashes_by_user_and_realm),
      LOOP(what_is_offered_is_what_all_users_have, offers), TEST(a_group_file_gives_members),
      TEST(a_name_longer_than_any_is_nobodys))
