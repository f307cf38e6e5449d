/* The watch over certificates: files of its own, a clock in the test's hands, and no house that
 * would reload: these stand in for reload.c, which is not linked. */
#include "supervisor_private.h"

#include "loop/driver_fake.h"
#include "os/fd.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 1000u

static char folder[64];
static struct house house;
static struct server_conf conf;
static struct binding_conf binding;
static struct vhost_conf hosts[2];
static struct conf_file files[3]; /* one.pem of the binding, two.pem and three.pem of the hosts */
static struct conf_file staple;
static struct arena arena; /* of their texts */
static bool possible;      /* no reload is in progress */
static bool refused;       /* what is there now is no certificate */
static unsigned renewals;
static const struct tls_conf *renewed; /* the last one */
static time_t written;                 /* the time that the next file bears */

/* ---- in place of reload.c ---- */

static char *in_folder(struct slice name)
{
    static char whole[128];

    snprintf(whole, sizeof(whole), "%s/%.*s", folder, SLICE_ARGS(name));
    return whole;
}

static struct slice text_in(struct slice name)
{
    scoped_fd fd = open(in_folder(name), O_RDONLY | O_CLOEXEC);
    char *data;
    size_t len;

    if (fd < 0)
        return SLICE("");
    ck_assert_int_eq(fd_read_all(fd, 4096, &data, &len), 0);
    struct slice text = arena_copy(&arena, slice_of(data, len));
    free(data);
    return text;
}

bool reload_is_possible(const struct house *asked)
{
    ck_assert_ptr_eq(asked, &house);
    return possible;
}

void reload_renew(struct house *asked, const struct tls_conf *anew)
{
    ck_assert_ptr_eq(asked, &house);
    ck_assert(possible);
    renewals++;
    renewed = anew;
    for (struct conf_file *file = anew->certificates; file && !refused; file = file->next)
        file->text = text_in(file->path);
    for (struct conf_file *file = anew->staples; file && !refused; file = file->next)
        file->text = text_in(file->path);
}

/* ---- files ---- */

static void put_at(const char *name, const char *text, int flags)
{
    const struct timespec times[2] = { { .tv_sec = written }, { .tv_sec = written } };
    scoped_fd fd = open(in_folder(slice_cstr(name)), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(futimens(fd, times), 0);
    written++;
}

static void write_over(const char *name, const char *text)
{
    put_at(name, text, O_TRUNC);
}

static void rename_over(const char *name, const char *text)
{
    char new_path[128];

    write_over("new", text);
    snprintf(new_path, sizeof(new_path), "%s/new", folder);
    ck_assert_int_eq(rename(new_path, in_folder(slice_cstr(name))), 0);
}

/* A link to another file, as certbot has it. */
static void link_over(const char *name, const char *text)
{
    char new_path[128];

    write_over("archive", text);
    snprintf(new_path, sizeof(new_path), "%s/link", folder);
    ck_assert_int_eq(symlink("archive", new_path), 0);
    ck_assert_int_eq(rename(new_path, in_folder(slice_cstr(name))), 0);
}

static void append(const char *name, const char *text)
{
    put_at(name, text, O_APPEND);
}

static void take_away(const char *name)
{
    ck_assert_int_eq(unlink(in_folder(slice_cstr(name))), 0);
}

/* ---- the house ---- */

static void use(struct tls_conf *tls, struct conf_file *file, const char *name)
{
    write_over(name, "former");
    *file = (struct conf_file){ .path = slice_cstr(name), .text = SLICE("former") };
    tls->certificates = file;
}

static void begin(void)
{
    snprintf(folder, sizeof(folder), "/tmp/longhouse-renewal-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    arena_init(&arena);
    possible = true;
    refused = false;
    renewals = 0;
    written = 1795867200;
    conf = (struct server_conf){ .bindings = &binding, .hosts = hosts };
    hosts[0].next = &hosts[1];
    use(&binding.tls, &files[0], "one.pem");
    use(&hosts[0].tls, &files[1], "two.pem");
    use(&hosts[1].tls, &files[2], "three.pem");
    house = (struct house){
        .phase = PHASE_RUNNING,
        .plan = { .conf = &conf, .config_folder = slice_cstr(folder) },
    };
    loop_init(&house.loop, driver_fake_new());
    renewal_init(&house.renewal);
    renewal_begin(&house);
    loop_pass(&house.loop, 3 * LOOK_MS);
    ck_assert_uint_eq(house.renewal.look, 3);
    ck_assert_uint_eq(renewals, 0);
}

static void end(void)
{
    static const char *const names[] = { "one.pem", "two.pem", "three.pem", "archive", "staple" };

    renewal_close(&house);
    loop_done(&house.loop);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unlink(in_folder(slice_cstr(names[i])));
    ck_assert_int_eq(rmdir(folder), 0);
    arena_done(&arena);
}

/* So many more looks later, so many renewals have been in all. */
static void check_after(unsigned looks, unsigned expected)
{
    loop_pass(&house.loop, looks * (uint64_t)LOOK_MS);
    ck_assert_uint_eq(renewals, expected);
}

/* ---- */

static const struct {
    void (*put)(const char *name, const char *text);
} ways[] = { { write_over }, { rename_over }, { link_over } };

START_TEST(another_file_is_taken_over_once_it_rests)
{
    begin();
    ways[_i].put("one.pem", "latter");
    check_after(1, 0);
    check_after(1, 1);
    ck_assert_ptr_eq(renewed, &binding.tls);
    ck_assert(slice_equal(files[0].text, SLICE("latter")));
    check_after(10, 1);
    ways[_i].put("one.pem", "former");
    check_after(10, 2);
    end();
}
END_TEST

START_TEST(the_same_content_is_no_change)
{
    begin();
    ways[_i].put("one.pem", "former");
    check_after(10, 0);
    end();
}
END_TEST

START_TEST(what_is_still_written_is_left_alone)
{
    begin();
    write_over("one.pem", "");
    for (unsigned i = 0; i < 5; i++) {
        check_after(1, 0);
        append("one.pem", "a line\n");
    }
    check_after(1, 0);
    check_after(1, 1);
    ck_assert_uint_eq(files[0].text.len, 5 * strlen("a line\n"));
    end();
}
END_TEST

START_TEST(what_changes_between_looks_and_back_is_no_change)
{
    begin();
    write_over("one.pem", "latter");
    check_after(1, 0);
    write_over("one.pem", "former");
    check_after(10, 0);
    end();
}
END_TEST

START_TEST(a_file_that_is_gone_is_told_once)
{
    begin();
    refused = true;
    take_away("one.pem");
    check_after(1, 0);
    check_after(1, 1);
    check_after(10, 1);
    write_over("one.pem", "former"); /* what is in use is back */
    check_after(10, 1);
    take_away("one.pem");
    check_after(10, 2);
    refused = false;
    write_over("one.pem", "latter");
    check_after(2, 3);
    ck_assert(slice_equal(files[0].text, SLICE("latter")));
    end();
}
END_TEST

START_TEST(a_file_that_is_gone_for_a_moment_is_no_change)
{
    begin();
    take_away("one.pem");
    check_after(1, 0);
    write_over("one.pem", "former");
    check_after(10, 0);
    end();
}
END_TEST

START_TEST(what_is_not_there_yet_has_no_text)
{
    begin();
    staple = (struct conf_file){ .path = SLICE("staple") };
    binding.tls.staples = &staple;
    check_after(10, 0);
    rename_over("staple", "good");
    check_after(2, 1);
    ck_assert(slice_equal(staple.text, SLICE("good")));
    binding.tls.staples = NULL;
    end();
}
END_TEST

START_TEST(what_was_refused_is_not_tried_again)
{
    begin();
    refused = true;
    write_over("one.pem", "rubbish");
    check_after(20, 1);
    write_over("one.pem", "rubbish, too");
    check_after(20, 2);
    renewal_try_again(&house); /* a process died, that was all */
    check_after(1, 3);
    check_after(20, 3);
    end();
}
END_TEST

START_TEST(while_a_reload_runs_nobody_looks)
{
    begin();
    possible = false;
    write_over("one.pem", "latter");
    check_after(10, 0);
    possible = true;
    check_after(1, 0);
    check_after(1, 1);
    end();
}
END_TEST

START_TEST(what_changes_while_a_reload_runs_has_to_rest_again)
{
    begin();
    write_over("one.pem", "latter");
    check_after(1, 0);
    possible = false;
    write_over("one.pem", "the last");
    check_after(1, 0);
    possible = true;
    check_after(1, 0);
    check_after(1, 1);
    ck_assert(slice_equal(files[0].text, SLICE("the last")));
    end();
}
END_TEST

START_TEST(what_a_reload_took_is_not_taken_once_more)
{
    begin();
    possible = false;
    write_over("one.pem", "latter");
    files[0].text = SLICE("latter");
    check_after(2, 0);
    possible = true;
    renewal_begin(&house); /* as a reload does in the end */
    check_after(10, 0);
    end();
}
END_TEST

START_TEST(one_at_a_time_and_none_keeps_the_next_from_its_turn)
{
    begin();
    refused = true;
    rename_over("one.pem", "rubbish");
    rename_over("two.pem", "rubbish");
    rename_over("three.pem", "rubbish");
    check_after(2, 1);
    ck_assert_ptr_eq(renewed, &binding.tls);
    check_after(1, 2);
    ck_assert_ptr_eq(renewed, &hosts[0].tls);
    check_after(1, 3);
    ck_assert_ptr_eq(renewed, &hosts[1].tls);
    check_after(10, 3);
    end();
}
END_TEST

START_TEST(two_hosts_with_the_same_file_are_renewed_once)
{
    begin();
    hosts[1].tls.certificates = hosts[0].tls.certificates;
    check_after(2, 0);
    write_over("two.pem", "latter");
    check_after(10, 1);
    ck_assert_ptr_eq(renewed, &hosts[0].tls);
    end();
}
END_TEST

START_TEST(a_file_from_the_past_is_another_one)
{
    begin();
    written -= 50L * 365 * 86400; /* the wall clock was set back */
    write_over("one.pem", "latter");
    check_after(2, 1);
    end();
}
END_TEST

START_TEST(hours_that_were_slept_through_are_one_look)
{
    begin();
    write_over("one.pem", "latter");
    driver_fake_pass(house.loop.driver, UINT64_C(8) * 3600 * 1000);
    loop_settle(&house.loop);
    ck_assert_uint_eq(house.renewal.look, 4);
    ck_assert_uint_eq(renewals, 0);
    check_after(1, 1);
    end();
}
END_TEST

START_TEST(without_a_certificate_on_a_binding_nobody_looks)
{
    begin();
    binding.tls.certificates = NULL;
    renewal_begin(&house);
    write_over("two.pem", "latter");
    check_after(10, 0);
    ck_assert_uint_eq(house.renewal.look, 3);
    end();
}
END_TEST

START_TEST(a_house_that_ends_does_not_look)
{
    begin();
    write_over("one.pem", "latter");
    house.phase = PHASE_DRAINING;
    check_after(10, 0);
    end();
}
END_TEST

SUITE("supervisor/renewal", LOOP(another_file_is_taken_over_once_it_rests, ways),
      LOOP(the_same_content_is_no_change, ways), TEST(what_is_still_written_is_left_alone),
      TEST(what_changes_between_looks_and_back_is_no_change),
      TEST(a_file_that_is_gone_is_told_once), TEST(a_file_that_is_gone_for_a_moment_is_no_change),
      TEST(what_is_not_there_yet_has_no_text), TEST(what_was_refused_is_not_tried_again),
      TEST(while_a_reload_runs_nobody_looks),
      TEST(what_changes_while_a_reload_runs_has_to_rest_again),
      TEST(what_a_reload_took_is_not_taken_once_more),
      TEST(one_at_a_time_and_none_keeps_the_next_from_its_turn),
      TEST(two_hosts_with_the_same_file_are_renewed_once),
      TEST(a_file_from_the_past_is_another_one), TEST(hours_that_were_slept_through_are_one_look),
      TEST(without_a_certificate_on_a_binding_nobody_looks), TEST(a_house_that_ends_does_not_look))
