/* PID file, control socket, work folder and logs, in a folder of their own. */
#include "supervisor_private.h"

#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct estate nothing = { .channel = -1, .control.fd = -1, .pid_file.fd = -1 };
static char folder[] = "/tmp/test_places_XXXXXX";
static struct arena arena;
static struct diags diags;
static struct server_conf conf;
static struct vhost_conf host;
static const struct identity as_we_are = { .name = "somebody" };

static struct slice in_folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static struct conf_log asked_for(const char *name)
{
    return (struct conf_log){ .path = in_folder(name), .place = { .file = "x.conf", .line = 1 } };
}

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    diags_init(&diags, &arena);
    host =
        (struct vhost_conf){ .access_log = asked_for("access"), .error_log = asked_for("error") };
    conf = (struct server_conf){
        .exploit_log.kind = LOG_TO_NOWHERE,
        .garbage_log.kind = LOG_TO_NOWHERE,
        .pid_file = in_folder("pid"),
        .control_socket = in_folder("run/control"),
        .work_directory = in_folder("work"),
        .system_log = asked_for("system"),
        .hosts = &host,
    };
}

static void tear_down(void)
{
    char command[64];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    arena_done(&arena);
}

static bool message_has(const char *text)
{
    for (const struct diag *diag = diags.first; diag; diag = diag->next)
        if (slice_find_slice(diag->message, slice_cstr(text)) != SLICE_NONE)
            return true;
    return false;
}

START_TEST(one_house_for_one_pid_file)
{
    struct places first;
    struct places second;

    set_up();
    ck_assert(places_take_pid(&conf, &nothing, &arena, &diags, &first));
    ck_assert_int_eq(places_write_pid(&first, 4711), 0);
    ck_assert(!places_take_pid(&conf, &nothing, &arena, &diags, &second));
    ck_assert(message_has("already running as pid 4711"));
    places_close(&first);
    ck_assert_int_ne(access(first.pid_path, F_OK), 0);
    tear_down();
}
END_TEST

START_TEST(a_pid_file_that_was_left_behind_does_not_matter)
{
    struct places places;

    set_up();
    scoped_fd fd = open(arena_cstr(&arena, conf.pid_file), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_eq(fd_write_all(fd, "1\n", 2), 0); /* that process lives, but is no house */
    ck_assert(places_take_pid(&conf, &nothing, &arena, &diags, &places));
    places_close(&places);
    tear_down();
}
END_TEST

START_TEST(the_control_socket_is_for_its_owner_and_goes_at_the_end)
{
    struct places places;
    struct stat found;

    set_up();
    ck_assert(places_take_pid(&conf, &nothing, &arena, &diags, &places));
    ck_assert(places_open(&conf, &nothing, &as_we_are, &arena, &diags, &places));
    ck_assert_int_eq(stat(places.control_path, &found), 0);
    ck_assert_uint_eq(found.st_mode & 0777, 0600);
    ck_assert_int_eq(stat(arena_cstr(&arena, conf.work_directory), &found), 0);
    ck_assert_uint_eq(found.st_mode & 0777, 0700);
    places_close(&places);
    ck_assert_int_ne(access(places.control_path, F_OK), 0);
    tear_down();
}
END_TEST

START_TEST(a_work_folder_that_is_a_file_is_refused)
{
    struct places places;

    set_up();
    scoped_fd fd =
        open(arena_cstr(&arena, conf.work_directory), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert(places_take_pid(&conf, &nothing, &arena, &diags, &places));
    ck_assert(!places_open(&conf, &nothing, &as_we_are, &arena, &diags, &places));
    ck_assert(message_has("Not a directory"));
    places_close(&places);
    tear_down();
}
END_TEST

/* ---- logs ---- */

START_TEST(a_log_that_two_name_is_opened_once)
{
    struct logs logs;
    struct stat found;
    size_t before;

    set_up();
    host.error_log.path = conf.system_log.path;
    before = fd_count_open();
    ck_assert(logs_open(&conf, &as_we_are, false, &arena, &diags, &logs));
    ck_assert_uint_eq(fd_count_open(), before + 2);
    ck_assert_int_eq(logs_find(&logs, &host.error_log), logs_find(&logs, &conf.system_log));
    ck_assert_int_eq(fstat(logs_find(&logs, &host.access_log), &found), 0);
    ck_assert_uint_eq(found.st_mode & 0777, 0640);
    logs_close(&logs);
    ck_assert_uint_eq(fd_count_open(), before);
    tear_down();
}
END_TEST

START_TEST(after_rotation_lines_go_to_the_new_file)
{
    struct logs logs;
    struct stat old;
    struct stat found;
    struct journal journal;

    set_up();
    journal_init(&journal, true);
    ck_assert(logs_open(&conf, &as_we_are, false, &arena, &diags, &logs));
    fstat(logs_find(&logs, &host.access_log), &old);
    ck_assert_int_eq(rename(in_folder("access").at, in_folder("access.1").at), 0);
    logs_reopen(&logs, &journal.log);
    ck_assert_int_eq(fstat(logs_find(&logs, &host.access_log), &found), 0);
    ck_assert_uint_ne(found.st_ino, old.st_ino);
    logs_close(&logs);
    tear_down();
}
END_TEST

START_TEST(a_log_without_folder_is_an_error_with_a_cure)
{
    struct logs logs;

    set_up();
    host.access_log = asked_for("missing/access");
    ck_assert(!logs_open(&conf, &as_we_are, false, &arena, &diags, &logs));
    ck_assert_uint_eq(diags.errors, 1);
    ck_assert(slice_starts(diags.first->hint, SLICE("make its folder")));
    logs_close(&logs);
    tear_down();
}
END_TEST

START_TEST(a_default_log_that_is_not_to_be_had_is_a_note)
{
    struct logs logs;

    set_up();
    scoped_fd file = open(in_folder("file").at, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_ge(file, 0);
    host.access_log = (struct conf_log){ .path = in_folder("file/access") };
    host.error_log = (struct conf_log){ .path = in_folder("file/error") };
    ck_assert(logs_open(&conf, &as_we_are, false, &arena, &diags, &logs));
    ck_assert_uint_eq(diags.errors, 0);
    ck_assert_uint_eq(diags.notes, 1);
    ck_assert_int_eq(logs_find(&logs, &host.access_log), -1);
    logs_close(&logs);
    tear_down();
}
END_TEST

START_TEST(a_strangers_link_is_not_followed)
{
    struct logs logs;

    if (geteuid() != 0) /* nobody else's link can be made */
        return;
    set_up();
    ck_assert_int_eq(symlink("/dev/null", in_folder("access").at), 0);
    ck_assert_int_eq(lchown(in_folder("access").at, 12345, 12345), 0);
    ck_assert(!logs_open(&conf, &as_we_are, false, &arena, &diags, &logs));
    logs_close(&logs);
    tear_down();
}
END_TEST

/* ---- who runs ---- */

START_TEST(the_superuser_is_refused)
{
    struct identity identity;

    if (geteuid() != 0)
        return;
    diags_init(&diags, &arena);
    conf = (struct server_conf){ .server_user = SLICE("root"), .server_id_place.file = "x.conf" };
    ck_assert(!identity_find(&conf, &arena, &diags, &identity));
    ck_assert(message_has("superuser"));
    conf.server_user = SLICE("0");
    ck_assert(!identity_find(&conf, &arena, &diags, &identity));
    arena_done(&arena);
}
END_TEST

START_TEST(numbers_need_no_account)
{
    struct conf_word second = { .text = SLICE("54322") };
    struct conf_word first = { .next = &second, .text = SLICE("54321") };
    struct identity identity;

    if (geteuid() != 0)
        return;
    diags_init(&diags, &arena);
    conf = (struct server_conf){ .server_user = SLICE("54320"), .server_id_place.file = "x.conf" };
    ck_assert(identity_find(&conf, &arena, &diags, &identity));
    ck_assert(identity.switches);
    ck_assert_uint_eq(identity.user, 54320);
    ck_assert_uint_eq(identity.group, 54320);
    conf.server_groups = &first;
    ck_assert(identity_find(&conf, &arena, &diags, &identity));
    ck_assert_uint_eq(identity.group, 54321);
    ck_assert_uint_eq(identity.group_count, 2);
    arena_done(&arena);
}
END_TEST

SUITE("supervisor/places", TEST(one_house_for_one_pid_file),
      TEST(a_pid_file_that_was_left_behind_does_not_matter),
      TEST(the_control_socket_is_for_its_owner_and_goes_at_the_end),
      TEST(a_work_folder_that_is_a_file_is_refused), TEST(a_log_that_two_name_is_opened_once),
      TEST(after_rotation_lines_go_to_the_new_file),
      TEST(a_log_without_folder_is_an_error_with_a_cure),
      TEST(a_default_log_that_is_not_to_be_had_is_a_note), TEST(a_strangers_link_is_not_followed),
      TEST(the_superuser_is_refused), TEST(numbers_need_no_account))
