/* Control groups of programs, where this user may make them; the programs are real. */
#include "spawner_private.h"

#include "ipc/handover.h"
#include "os/fd.h"
#include "os/pass.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RULE_PLAIN, RULE_LIMITED, RULE_COUNT };

static struct spawner spawner;
static struct cgroup_house house = CGROUP_HOUSE_NONE;
static char root[] = "/tmp/test_leaves_XXXXXX";
static int boss = -1;
static int server = -1;

static struct spawn_message message; /* what came last */
static char datagram[SPAWN_MESSAGE_MOST];
static int fds[3];
static int fd_count;

static void script(const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0755), 0);
}

static void tell_spawner(enum handover_kind kind, int fd)
{
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    struct handover order = { .kind = kind };
    int count = handover_encode(&order, head, parts);

    ck_assert_int_eq(pass_send(boss, parts, count, &fd, 1), 0);
}

static void send_policy(void)
{
    struct policy_rule rules[RULE_COUNT] = {
        [RULE_PLAIN] = { .host = SLICE("a"), .root = slice_cstr(root) },
        [RULE_LIMITED] = { .host = SLICE("b"),
                           .root = slice_cstr(root),
                           .confine = { .group_limits = { 64u << 20, 20, 50 } } },
    };
    struct policy policy = { .rules = rules, .rule_count = RULE_COUNT, .kill_grace_ms = 30 };
    char *data;
    size_t len;
    int fd;

    policy_encode(&policy, &data, &len);
    ck_assert_int_eq(fd_sealed("policy", data, len, &fd), 0);
    tell_spawner(HANDOVER_POLICY, fd);
    fd_close(&fd);
    free(data);
}

/* False: there are no control groups for us; the spawner goes without, then. */
static bool set_up(void)
{
    struct driver *driver;
    char base[4096];
    int theirs;

    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* whatever the test was started with */
    ck_assert_ptr_nonnull(mkdtemp(root));
    script("hello", "#!/bin/sh\nexit 0\n");
    script("cat", "#!/bin/sh\nexec cat\n");
    script("escaped", "#!/bin/sh\ntrap '' TERM\necho $$\nwhile :; do sleep 1000; done\n");
    script("anonymous", "#!/bin/sh\n(env -i setsid ./escaped 2>/dev/null &)\nsleep 0.1\n");
    script("short", "#!/bin/sh\n(setsid sh -c 'echo $$; exec 1>&-; sleep 0.2' &)\nsleep 0.1\n");
    bool grouped = cgroup_find_base(NULL, base, sizeof(base)) == 0 &&
                   cgroup_house_make(base, geteuid(), getegid(), 0, &house) == 0;

    ck_assert_int_eq(pass_pair(&boss, &theirs), 0);
    ck_assert_int_eq(driver_epoll_new(&driver), 0);
    ck_assert_int_eq(spawner_open(&spawner, driver, theirs), 0);
    if (grouped)
        tell_spawner(HANDOVER_CGROUP, house.programs);
    send_policy();
    ck_assert_int_eq(pass_pair(&server, &theirs), 0);
    tell_spawner(HANDOVER_CHANNEL, theirs);
    fd_close(&theirs);
    while (list_empty(&spawner.channels))
        loop_turn(&spawner.loop, 0);
    return grouped;
}

static void tear_down(void)
{
    char command[300];

    fd_close(&boss);
    loop_run(&spawner.loop);
    spawner_close(&spawner);
    fd_close(&server);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    ck_assert_int_eq(errno, ECHILD);
    cgroup_house_remove(&house);
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

static void send_message(const struct spawn_message *order)
{
    unsigned char head[SPAWN_HEAD_MOST];
    struct iovec parts[SPAWN_PARTS_MOST];
    int count = spawn_encode(order, head, parts);

    ck_assert_int_eq(pass_send(server, parts, count, NULL, 0), 0);
}

static void ask(uint32_t token, uint32_t rule, const char *name)
{
    send_message(&(struct spawn_message){
        .kind = SPAWN_ASK,
        .ask = { .token = token,
                 .rule = rule,
                 .stdin_kind = SPAWN_STDIN_PIPE,
                 .script = slice_cstr(name),
                 .environment = SLICE("PATH=/usr/bin:/bin\0") },
    });
}

static void hear(enum spawn_kind kind)
{
    int len;

    while ((len = pass_receive(server, datagram, sizeof(datagram), fds, 3, &fd_count)) == -EAGAIN)
        loop_turn(&spawner.loop, -1);
    ck_assert_int_gt(len, 0);
    ck_assert_int_eq(spawn_decode(slice_of(datagram, (size_t)len), &message, NULL), PARSE_DONE);
    ck_assert_int_eq(message.kind, kind);
}

static void close_fds(void)
{
    while (fd_count > 0)
        fd_close(&fds[--fd_count]);
}

/* A number, from a program that goes on. */
static pid_t read_pid(int fd)
{
    char line[32];
    size_t len = 0;

    while (len == 0 || line[len - 1] != '\n') {
        struct pollfd one = { fd, POLLIN, 0 };
        ck_assert_int_eq(poll(&one, 1, 10000), 1);
        ck_assert_int_eq(read(fd, line + len, 1), 1);
        len++;
    }
    return atoi(line);
}

static void run(const char *name)
{
    ask(1, RULE_PLAIN, name);
    hear(SPAWN_STARTED);
    close_fds();
    hear(SPAWN_EXITED);
}

static bool lives(pid_t pid)
{
    return kill(pid, 0) == 0;
}

START_TEST(an_empty_leaf_is_used_again)
{
    if (set_up()) {
        size_t before = fd_count_open();
        run("hello");
        ck_assert_uint_eq(spawner.last_leaf, 1);
        ck_assert_uint_eq(spawner.idle_count, 1);
        run("hello");
        run("hello");
        ck_assert_uint_eq(spawner.last_leaf, 1);
        ck_assert_uint_eq(fd_count_open(), before + 2);

        ask(1, RULE_PLAIN, "cat");
        ask(2, RULE_PLAIN, "cat");
        hear(SPAWN_STARTED);
        close_fds();
        hear(SPAWN_STARTED);
        close_fds();
        ck_assert_uint_eq(spawner.last_leaf, 2);
        hear(SPAWN_EXITED);
        hear(SPAWN_EXITED);
        ck_assert_uint_eq(spawner.idle_count, 2);
    }
    tear_down();
}
END_TEST

START_TEST(a_leaf_in_which_kill_was_used_is_not)
{
    if (set_up()) {
        ask(1, RULE_PLAIN, "escaped"); /* ignores TERM */
        hear(SPAWN_STARTED);
        read_pid(fds[1]);
        close_fds();
        send_message(&(struct spawn_message){ .kind = SPAWN_KILL, .kill_token = 1 });
        hear(SPAWN_EXITED);
        ck_assert_int_eq(WTERMSIG(message.exited.status), SIGKILL);
        while (!list_empty(&spawner.dying_leaves) || !list_empty(&spawner.families))
            loop_turn(&spawner.loop, 10);
        ck_assert_uint_eq(spawner.idle_count, 0);
        run("hello");
        ck_assert_int_eq(message.exited.status, 0);
        ck_assert_uint_eq(spawner.last_leaf, 2);
    }
    tear_down();
}
END_TEST

START_TEST(a_daemon_without_a_mark_ends_with_its_program_while_others_run)
{
    if (set_up()) {
        ask(1, RULE_PLAIN, "cat");
        hear(SPAWN_STARTED);
        pid_t other = message.started.pid;
        int others[3] = { fds[0], fds[1], fds[2] };

        ask(2, RULE_PLAIN, "anonymous");
        hear(SPAWN_STARTED);
        pid_t daemon = read_pid(fds[1]);
        close_fds();
        hear(SPAWN_EXITED);
        ck_assert_uint_eq(message.exited.token, 2);
        ck_assert(message.exited.family_left);
        send_message(&(struct spawn_message){ .kind = SPAWN_KILL, .kill_token = 2 });
        while (lives(daemon) || !list_empty(&spawner.families))
            loop_turn(&spawner.loop, 10);
        ck_assert(lives(other));
        for (int i = 0; i < 3; i++)
            fd_close(&others[i]);
    }
    tear_down();
}
END_TEST

START_TEST(the_end_of_the_last_process_frees_the_leaf)
{
    if (set_up()) {
        ask(1, RULE_PLAIN, "short");
        hear(SPAWN_STARTED);
        pid_t last = read_pid(fds[1]);
        close_fds();
        hear(SPAWN_EXITED);
        ck_assert(message.exited.family_left);
        ck_assert(lives(last));
        while (!list_empty(&spawner.families)) /* nobody asked for its end */
            loop_turn(&spawner.loop, -1);
        ck_assert(!lives(last));
        ck_assert_uint_eq(spawner.idle_count, 1);
        run("hello");
        ck_assert_uint_eq(spawner.last_leaf, 1);
    }
    tear_down();
}
END_TEST

START_TEST(a_limit_that_cannot_be_set_starts_nothing)
{
    bool grouped = set_up(); /* without controllers */

    ask(1, RULE_LIMITED, "hello");
    hear(SPAWN_FAILED);
    ck_assert_int_eq(message.failed.stage, SPAWN_STAGE_GROUP);
    ck_assert_int_eq(message.failed.error, grouped ? ENOENT : ENOTSUP);
    ck_assert(list_empty(&spawner.running));
    tear_down();
}
END_TEST

START_TEST(without_control_groups_programs_run_as_well)
{
    set_up();
    fd_close(&spawner.programs);
    run("hello");
    ck_assert_int_eq(message.exited.status, 0);
    ck_assert_uint_eq(spawner.last_leaf, 0);
    tear_down();
}
END_TEST

START_TEST(when_no_leaf_can_be_made_it_is_said_once_and_programs_run)
{
    char bytes[HANDOVER_HEAD + HANDOVER_TEXT_MOST];
    struct handover complaint;
    int none;
    int len;

    set_up();
    fd_close(&spawner.programs);
    spawner.programs = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    run("hello");
    run("hello");
    ck_assert_int_eq(message.exited.status, 0);
    len = pass_receive(boss, bytes, sizeof(bytes), NULL, 0, &none); /* READY of the policy */
    ck_assert_int_gt(len, 0);
    len = pass_receive(boss, bytes, sizeof(bytes), NULL, 0, &none);
    ck_assert_int_eq(handover_decode(slice_of(bytes, (size_t)len), &complaint, NULL), PARSE_DONE);
    ck_assert_int_eq(complaint.kind, HANDOVER_FAILED);
    ck_assert_uint_ne(slice_find_slice(complaint.text, SLICE("goes without a control group")),
                      SLICE_NONE);
    ck_assert_int_eq(pass_receive(boss, bytes, sizeof(bytes), NULL, 0, &none), -EAGAIN);
    tear_down();
}
END_TEST

SUITE("leaves", TEST(an_empty_leaf_is_used_again), TEST(a_leaf_in_which_kill_was_used_is_not),
      TEST(a_daemon_without_a_mark_ends_with_its_program_while_others_run),
      TEST(the_end_of_the_last_process_frees_the_leaf),
      TEST(a_limit_that_cannot_be_set_starts_nothing),
      TEST(without_control_groups_programs_run_as_well),
      TEST(when_no_leaf_can_be_made_it_is_said_once_and_programs_run))
