/* The spawner's core in this process, asked over a real channel; the programs are real. */
#include "spawner_private.h"

#include "ipc/handover.h"
#include "ipc/policy.h"
#include "os/fd.h"
#include "os/pass.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RULE_DIRECT,
    RULE_SH,
    RULE_NOTHING,
    RULE_GONE,
    RULE_GAMES,
    RULE_BELOW,
    RULE_LIMITS,
    RULE_COUNT,
};

#define GAMES       5
#define GAMES_GROUP 60

#define GRACE_MS 30

static struct spawner spawner;
static char root[] = "/tmp/test_children_XXXXXX";
static int boss = -1;
static int server = -1;

/* What came with the last message. */
static struct spawn_message message;
static char datagram[SPAWN_MESSAGE_MOST];
static int fds[3];
static int fd_count;

/* ---- the folder ---- */

static const char *in_root(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static void script(const char *name, mode_t mode, const char *text)
{
    FILE *file = fopen(in_root(name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(in_root(name), mode), 0);
}

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(root));
    mkdir(in_root("sub"), 0755);
    mkdir(in_root("folder.sh"), 0755);
    script("hello", 0755, "#!/bin/sh\necho \"hello $NAME\"\necho trouble >&2\nexit 3\n");
    script("sub/where", 0755, "#!/bin/sh\npwd\necho \"$0 $#\"\n");
    script("cat", 0755, "#!/bin/sh\nexec cat\n");
    script("plain.sh", 0644, "echo \"$0 $1\"\n");
    script("not-executable", 0644, "#!/bin/sh\n");
    script("no-interpreter", 0755, "#!/no/such/interpreter\n");
    script("no-program", 0755, "just some words\n");
    script("stubborn", 0755, "#!/bin/sh\ntrap '' TERM\necho ready\nwhile :; do sleep 10; done\n");
    script("family", 0755,
           "#!/bin/sh\nsleep 1000 >/dev/null 2>&1 &\nsleep 1000 &\necho $!\nwait\n");
    script("leaves-one", 0755, "#!/bin/sh\nsleep 1000 >/dev/null 2>&1 &\necho $!\n");
    script("escape", 0755, "#!/bin/sh\nsetsid ./escaped\n");
    script("daemon", 0755,
           "#!/bin/sh\n(setsid ./escaped 2>/dev/null &)\nsleep 0.1\nexec >&- 2>&-\n");
    script("anonymous", 0755, "#!/bin/sh\n(env -i setsid ./escaped 2>/dev/null &)\nsleep 0.1\n");
    script("stopped-daemon", 0755, "#!/bin/sh\n(setsid ./halted 2>/dev/null &)\nsleep 0.1\n");
    script("halted", 0755, "#!/bin/sh\necho $$\nkill -STOP $$\n");
    script("escaped", 0755, "#!/bin/sh\ntrap '' TERM\necho $$\nwhile :; do sleep 1000; done\n");
    script("stopped", 0755, "#!/bin/sh\necho ready\nkill -STOP $$\n");
    script("descriptors", 0755, "#!/bin/sh\nls /proc/self/fd | tr '\\n' ' '\n");
    script("signals", 0755, "#!/bin/sh\ngrep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status\n");
    script("session", 0755, "#!/bin/sh\ncut -d' ' -f1,5,6 /proc/self/stat; umask\n");
    script("who", 0755,
           "#!/bin/sh\nid -u\nid -g\nid -G\ngrep -E '^(Uid|Gid|CapPrm|CapEff|CapAmb|"
           "NoNewPrivs)' /proc/self/status\necho x >/dev/stderr\n");
    script("limits", 0755, "#!/bin/sh\nulimit -v\nulimit -n\nulimit -t\nnice\numask\n");
    script("quiet", 0755, "#!/bin/sh\nexit 0\n");
    script("silent", 0755, "#!/bin/sh\nexec sleep 1000\n");
    script("spin", 0755, "#!/bin/sh\nwhile :; do :; done\n");
    script("sub/who", 0755, "#!/bin/sh\nid -u\npwd\n");
    script("writable", 0775, "#!/bin/sh\n");
    script("set-id", 04755, "#!/bin/sh\n");
    script("others", 0755, "#!/bin/sh\n");
    mkdir(in_root("loose"), 0755);
    script("loose/who", 0755, "#!/bin/sh\n");
    chmod(in_root("loose"), 0777);
    mkdir(in_root("foreign"), 0755);
    script("foreign/who", 0755, "#!/bin/sh\n");
    mkdir(in_root("closed"), 0700);
    script("closed/who", 0755, "#!/bin/sh\n");
    if (geteuid() == 0) {
        ck_assert_int_eq(chmod(root, 0755), 0);
        ck_assert_int_eq(chown(in_root("others"), 12345, 12345), 0);
        ck_assert_int_eq(chown(in_root("foreign"), 12345, 12345), 0);
    }
    ck_assert_int_eq(symlink("/bin/true", in_root("outside")), 0);
    ck_assert_int_eq(symlink("hello", in_root("inside")), 0);
    ck_assert_int_eq(mkfifo(in_root("fifo"), 0755), 0);
}

static void remove_folder(void)
{
    char command[300];

    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

/* ---- the two sides ---- */

static void tell_spawner(enum handover_kind kind, int fd)
{
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    struct handover order = { .kind = kind };
    int count = handover_encode(&order, head, parts);

    ck_assert_int_eq(pass_send(boss, parts, count, &fd, fd < 0 ? 0 : 1), 0);
}

static void hear_boss(enum handover_kind kind, struct handover *ret)
{
    static char bytes[HANDOVER_HEAD + HANDOVER_TEXT_MOST];
    int len;
    int none;

    while ((len = pass_receive(boss, bytes, sizeof(bytes), NULL, 0, &none)) == -EAGAIN)
        loop_turn(&spawner.loop, -1);
    ck_assert_int_gt(len, 0);
    ck_assert_int_eq(handover_decode(slice_of(bytes, (size_t)len), ret, NULL), PARSE_DONE);
    ck_assert_int_eq(ret->kind, kind);
}

static void send_policy(void)
{
    char below[300];

    snprintf(below, sizeof(below), "%s/sub", root);
    struct policy_rule rules[RULE_COUNT] = {
        [RULE_DIRECT] = { .host = SLICE("a"), .root = slice_cstr(root) },
        [RULE_SH] = { .host = SLICE("a"),
                      .root = slice_cstr(root),
                      .interpreter = SLICE("/bin/sh") },
        [RULE_NOTHING] = { .host = SLICE("b") },
        [RULE_GONE] = { .host = SLICE("c"), .root = SLICE("/no/such/folder") },
        [RULE_GAMES] = { .host = SLICE("d"),
                         .root = slice_cstr(root),
                         .confine = { .switches = true,
                                      .user = GAMES,
                                      .group = GAMES_GROUP,
                                      .groups = (uint32_t[]){ GAMES_GROUP, 12345 },
                                      .group_count = 2,
                                      .no_new_privs = true } },
        [RULE_BELOW] = { .host = SLICE("e"),
                         .root = slice_cstr(root),
                         .confine = { .switches = true,
                                      .user = GAMES,
                                      .group = GAMES_GROUP,
                                      .below = slice_cstr(below) } },
        [RULE_LIMITS] = { .host = SLICE("f"),
                          .root = slice_cstr(root),
                          .confine = { .limits = { 512u << 20, 0, 17, 3 },
                                       .nice = 7,
                                       .has_umask = true,
                                       .umask = 027 } },
    };
    struct policy policy = { .rules = rules, .rule_count = RULE_COUNT, .kill_grace_ms = GRACE_MS };
    struct handover ready;
    char *data;
    size_t len;
    int fd;

    policy_encode(&policy, &data, &len);
    ck_assert_int_eq(fd_sealed("policy", data, len, &fd), 0);
    tell_spawner(HANDOVER_POLICY, fd);
    fd_close(&fd);
    free(data);
    hear_boss(HANDOVER_READY, &ready);
}

static void open_channel(void)
{
    int theirs;

    ck_assert_int_eq(pass_pair(&server, &theirs), 0);
    tell_spawner(HANDOVER_CHANNEL, theirs);
    fd_close(&theirs);
}

static void set_up(void)
{
    struct driver *driver;
    int theirs;

    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* whatever the test was started with */
    make_folder();
    ck_assert_int_eq(pass_pair(&boss, &theirs), 0);
    ck_assert_int_eq(driver_epoll_new(&driver), 0);
    ck_assert_int_eq(spawner_open(&spawner, driver, theirs), 0);
    send_policy();
    open_channel();
    while (list_empty(&spawner.channels))
        loop_turn(&spawner.loop, 0);
}

/* Ends as the program does: the supervisor goes away. */
static void tear_down(void)
{
    fd_close(&boss);
    loop_run(&spawner.loop);
    spawner_close(&spawner);
    fd_close(&server);
    while (waitpid(-1, NULL, 0) >
           0) /* orphans that had KILL; one that lives on holds this test up */
        ;
    ck_assert_int_eq(errno, ECHILD);
    remove_folder();
}

static void send_message(const struct spawn_message *order, int fd)
{
    unsigned char head[SPAWN_HEAD_MOST];
    struct iovec parts[SPAWN_PARTS_MOST];
    int count = spawn_encode(order, head, parts);

    ck_assert_int_gt(count, 0);
    ck_assert_int_eq(pass_send(server, parts, count, &fd, fd < 0 ? 0 : 1), 0);
}

static void ask(uint32_t token, uint32_t rule, const char *name, enum spawn_stdin stdin_kind,
                int fd)
{
    struct spawn_message order = {
        .kind = SPAWN_ASK,
        .ask = { .token = token,
                 .rule = rule,
                 .stdin_kind = stdin_kind,
                 .script = slice_cstr(name),
                 .environment = SLICE("NAME=world\0PATH=/usr/bin:/bin\0") },
    };
    send_message(&order, fd);
}

static void kill_token(uint32_t token)
{
    send_message(&(struct spawn_message){ .kind = SPAWN_KILL, .kill_token = token }, -1);
}

static void hear(enum spawn_kind kind)
{
    int len;

    while ((len = pass_receive(server, datagram, sizeof(datagram), fds, 3, &fd_count)) == -EAGAIN)
        loop_turn(&spawner.loop, -1);
    ck_assert_int_gt(len, 0);
    ck_assert_int_eq(spawn_decode(slice_of(datagram, (size_t)len), &message, NULL), PARSE_DONE);
    ck_assert_msg(message.kind == kind, "expected kind %d, got %d (stage %d, error %d)", (int)kind,
                  (int)message.kind, (int)message.failed.stage, message.failed.error);
}

static void close_fds(void)
{
    while (fd_count > 0)
        fd_close(&fds[--fd_count]);
}

/* All of a pipe, while the spawner turns. */
static const char *read_text(int fd)
{
    static char text[4096];
    size_t len = 0;

    for (;;) {
        ssize_t got = read(fd, text + len, sizeof(text) - 1 - len);
        if (got == 0)
            break;
        if (got > 0) {
            len += (size_t)got;
        } else {
            struct pollfd one = { fd, POLLIN, 0 };
            ck_assert_int_eq(errno, EAGAIN);
            poll(&one, 1, 10);
            loop_turn(&spawner.loop, 0);
        }
    }
    text[len] = '\0';
    return text;
}

/* One line, for programs that go on. */
static const char *read_line(int fd)
{
    static char line[256];
    size_t len = 0;

    while (len == 0 || line[len - 1] != '\n') {
        struct pollfd one = { fd, POLLIN, 0 };
        ck_assert_int_eq(poll(&one, 1, 10000), 1);
        ck_assert_int_eq(read(fd, line + len, 1), 1);
        len++;
    }
    line[len - 1] = '\0';
    return line;
}

static bool lives(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* ---- starts ---- */

START_TEST(a_program_answers_on_its_pipes_and_its_exit_is_told)
{
    set_up();
    ask(5, RULE_DIRECT, "hello", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    ck_assert_uint_eq(message.started.token, 5);
    ck_assert(!message.started.has_stdin);
    ck_assert_int_eq(fd_count, 2);
    ck_assert_int_ne(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    ck_assert_str_eq(read_text(fds[0]), "hello world\n");
    ck_assert_str_eq(read_text(fds[1]), "trouble\n");
    close_fds();
    hear(SPAWN_EXITED);
    ck_assert_uint_eq(message.exited.token, 5);
    ck_assert_int_eq(WEXITSTATUS(message.exited.status), 3);
    ck_assert_uint_gt(message.exited.peak_kib, 0);
    ck_assert(!message.exited.family_left);
    tear_down();
}
END_TEST

START_TEST(a_program_runs_in_the_folder_of_its_script)
{
    char expected[600];

    set_up();
    ask(1, RULE_DIRECT, "sub/where", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    snprintf(expected, sizeof(expected), "%s/sub\n%s/sub/where 0\n", root, root);
    ck_assert_str_eq(read_text(fds[0]), expected);
    close_fds();
    hear(SPAWN_EXITED);
    tear_down();
}
END_TEST

START_TEST(an_interpreter_gets_the_absolute_path_and_nothing_else)
{
    char expected[300];

    set_up();
    ask(1, RULE_SH, "plain.sh", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    snprintf(expected, sizeof(expected), "%s/plain.sh \n", root);
    ck_assert_str_eq(read_text(fds[0]), expected);
    close_fds();
    hear(SPAWN_EXITED);
    tear_down();
}
END_TEST

START_TEST(stdin_is_a_pipe_that_the_server_writes)
{
    set_up();
    ask(1, RULE_DIRECT, "cat", SPAWN_STDIN_PIPE, -1);
    hear(SPAWN_STARTED);
    ck_assert(message.started.has_stdin);
    ck_assert_int_eq(fd_count, 3);
    ck_assert_int_eq(write(fds[0], "body", 4), 4);
    fd_close(&fds[0]);
    ck_assert_str_eq(read_text(fds[1]), "body");
    close_fds();
    hear(SPAWN_EXITED);
    ck_assert_int_eq(message.exited.status, 0);
    tear_down();
}
END_TEST

START_TEST(stdin_is_a_file_that_came_with_the_ask)
{
    set_up();
    int fd = open(in_root("no-program"), O_RDONLY | O_CLOEXEC);
    ask(1, RULE_DIRECT, "cat", SPAWN_STDIN_FILE, fd);
    fd_close(&fd);
    hear(SPAWN_STARTED);
    ck_assert(!message.started.has_stdin);
    ck_assert_str_eq(read_text(fds[0]), "just some words\n");
    close_fds();
    hear(SPAWN_EXITED);
    tear_down();
}
END_TEST

static const struct {
    uint32_t rule;
    const char *script;
    enum spawn_stage stage;
    int error; /* 0: any */
} failures[] = {
    { RULE_NOTHING, "hello", SPAWN_STAGE_RULE, EPERM },
    { RULE_COUNT, "hello", SPAWN_STAGE_RULE, EPERM },
    { 0xffffffff, "hello", SPAWN_STAGE_RULE, EPERM },
    { RULE_GONE, "hello", SPAWN_STAGE_SCRIPT, ENOENT },
    { RULE_DIRECT, "missing", SPAWN_STAGE_SCRIPT, ENOENT },
    { RULE_DIRECT, "missing/hello", SPAWN_STAGE_SCRIPT, ENOENT },
    { RULE_DIRECT, "hello/missing", SPAWN_STAGE_SCRIPT, ENOTDIR },
    { RULE_DIRECT, "folder.sh", SPAWN_STAGE_SCRIPT, EISDIR },
    { RULE_DIRECT, "fifo", SPAWN_STAGE_SCRIPT, EACCES },
    { RULE_SH, "fifo", SPAWN_STAGE_SCRIPT, EACCES },
    { RULE_DIRECT, "not-executable", SPAWN_STAGE_EXEC, EACCES },
    { RULE_DIRECT, "no-interpreter", SPAWN_STAGE_EXEC, ENOENT },
    { RULE_DIRECT, "no-program", SPAWN_STAGE_EXEC, ENOEXEC },
};

START_TEST(what_cannot_be_started_says_where_and_why)
{
    set_up();
    size_t before = fd_count_open();
    ask(9, failures[_i].rule, failures[_i].script, SPAWN_STDIN_PIPE, -1);
    hear(SPAWN_FAILED);
    ck_assert_uint_eq(message.failed.token, 9);
    ck_assert_int_eq(message.failed.stage, failures[_i].stage);
    ck_assert_int_eq(message.failed.error, failures[_i].error);
    ck_assert_int_eq(fd_count, 0);
    ck_assert_uint_eq(fd_count_open(), before);
    tear_down();
}
END_TEST

/* Links of another owner; those of root may lead out under this rule (Hiawatha's FollowSymlinks =
 * no). */
START_TEST(a_link_of_another_owner_may_not_leave_the_root)
{
    set_up();
    if (geteuid() == 0)
        ck_assert_int_eq(lchown(in_root("outside"), 12345, 12345), 0);
    ask(1, RULE_DIRECT, "outside", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_FAILED);
    ck_assert_int_eq(message.failed.stage, SPAWN_STAGE_SCRIPT);
    ask(1, RULE_DIRECT, "inside", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    close_fds();
    hear(SPAWN_EXITED);
    tear_down();
}
END_TEST

START_TEST(a_root_that_was_replaced_is_found_again)
{
    char aside[300];

    set_up();
    snprintf(aside, sizeof(aside), "%s.old", root);
    ck_assert_int_eq(rename(root, aside), 0);
    ck_assert_int_eq(mkdir(root, 0755), 0);
    script("hello", 0755, "#!/bin/sh\necho new\n");
    ask(1, RULE_DIRECT, "hello", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    ck_assert_str_eq(read_text(fds[0]), "new\n");
    close_fds();
    hear(SPAWN_EXITED);
    remove_folder();
    ck_assert_int_eq(rename(aside, root), 0);
    tear_down();
}
END_TEST

/* ---- what a program finds ---- */

static const char *answer_of(const char *name)
{
    static char answer[4096];

    ask(1, RULE_DIRECT, name, SPAWN_STDIN_PIPE, -1);
    hear(SPAWN_STARTED);
    snprintf(answer, sizeof(answer), "%s", read_text(fds[1]));
    close_fds();
    hear(SPAWN_EXITED);
    return answer;
}

START_TEST(only_the_first_three_descriptors_are_open)
{
    set_up();
    /* 3 is the folder that ls reads */
    ck_assert_str_eq(answer_of("descriptors"), "0 1 2 3 ");
    tear_down();
}
END_TEST

START_TEST(signals_are_at_their_defaults)
{
    sigset_t some;

    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGPIPE);
    sigprocmask(SIG_BLOCK, &some, NULL);
    set_up();
    const char *answer = answer_of("signals");
    ck_assert_ptr_nonnull(strstr(answer, "SigBlk:\t0000000000000000"));
    ck_assert_ptr_nonnull(strstr(answer, "SigIgn:\t0000000000000000"));
    tear_down();
}
END_TEST

START_TEST(a_program_leads_its_own_session_and_group)
{
    int self;
    int group;
    int session;
    unsigned mask;

    umask(022);
    set_up();
    ck_assert_int_eq(sscanf(answer_of("session"), "%d %d %d %o", &self, &group, &session, &mask),
                     4);
    ck_assert_int_eq(group, session);
    ck_assert_int_ne(group, getpgrp());
    ck_assert_uint_eq(mask, 022);
    tear_down();
}
END_TEST

/* ---- who runs, with what ---- */

START_TEST(a_program_is_the_user_of_its_rule_and_no_more)
{
    if (geteuid() != 0)
        return;
    set_up();
    ask(1, RULE_GAMES, "who", SPAWN_STDIN_PIPE, -1);
    hear(SPAWN_STARTED);
    const char *said = read_text(fds[1]);
    ck_assert_str_eq(said, "5\n60\n60 12345\n"
                           "Uid:\t5\t5\t5\t5\nGid:\t60\t60\t60\t60\n"
                           "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
                           "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
    ck_assert_str_eq(read_text(fds[2]), "x\n");
    close_fds();
    hear(SPAWN_EXITED);
    ck_assert_int_eq(message.exited.status, 0);
    ck_assert_uint_eq(geteuid(), 0);
    tear_down();
}
END_TEST

START_TEST(a_program_of_another_user_can_be_ended)
{
    if (geteuid() != 0)
        return;
    set_up();
    ask(1, RULE_GAMES, "stubborn", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    ck_assert_str_eq(read_line(fds[0]), "ready");
    close_fds();
    kill_token(1);
    hear(SPAWN_EXITED);
    ck_assert_int_eq(WTERMSIG(message.exited.status), SIGKILL);
    tear_down();
}
END_TEST

static const struct {
    uint32_t rule;
    const char *script;
    enum spawn_stage stage;
    int error;
} refusals[] = {
    { RULE_GAMES, "writable", SPAWN_STAGE_OWNER, SPAWN_REFUSED_SCRIPT_WRITABLE },
    { RULE_GAMES, "set-id", SPAWN_STAGE_OWNER, SPAWN_REFUSED_SCRIPT_SET_ID },
    { RULE_GAMES, "others", SPAWN_STAGE_OWNER, SPAWN_REFUSED_SCRIPT_OWNER },
    { RULE_GAMES, "loose/who", SPAWN_STAGE_OWNER, SPAWN_REFUSED_FOLDER_WRITABLE },
    { RULE_GAMES, "foreign/who", SPAWN_STAGE_OWNER, SPAWN_REFUSED_FOLDER_OWNER },
    { RULE_GAMES, "closed/who", SPAWN_STAGE_FOLDER, EACCES },
    { RULE_BELOW, "who", SPAWN_STAGE_OWNER, SPAWN_REFUSED_OUTSIDE },
};

START_TEST(what_somebody_else_could_have_written_does_not_run_as_a_user)
{
    if (geteuid() != 0)
        return;
    set_up();
    size_t before = fd_count_open();
    ask(1, refusals[_i].rule, refusals[_i].script, SPAWN_STDIN_PIPE, -1);
    hear(SPAWN_FAILED);
    ck_assert_int_eq(message.failed.stage, refusals[_i].stage);
    ck_assert_int_eq(message.failed.error, refusals[_i].error);
    ck_assert_uint_eq(fd_count_open(), before);
    tear_down();
}
END_TEST

START_TEST(the_folder_of_a_wrap_line_holds_its_scripts)
{
    char expected[300];

    if (geteuid() != 0)
        return;
    set_up();
    ask(1, RULE_BELOW, "sub/who", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    snprintf(expected, sizeof(expected), "5\n%s/sub\n", root);
    ck_assert_str_eq(read_text(fds[0]), expected);
    close_fds();
    hear(SPAWN_EXITED);
    tear_down();
}
END_TEST

START_TEST(who_is_not_root_becomes_nobody_else)
{
    if (geteuid() == 0)
        return;
    set_up();
    ask(1, RULE_GAMES, "hello", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_FAILED);
    ck_assert(message.failed.stage == SPAWN_STAGE_OWNER ||
              message.failed.stage == SPAWN_STAGE_USER);
    tear_down();
}
END_TEST

START_TEST(limits_are_those_of_the_rule)
{
    set_up();
    ask(1, RULE_LIMITS, "limits", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    ck_assert_str_eq(read_text(fds[0]), "524288\n17\n3\n7\n0027\n");
    close_fds();
    hear(SPAWN_EXITED);
    tear_down();
}
END_TEST

START_TEST(processor_time_ends_by_its_own_signal)
{
    set_up();
    ask(1, RULE_LIMITS, "spin", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    close_fds();
    hear(SPAWN_EXITED);
    ck_assert_int_eq(WTERMSIG(message.exited.status), SIGXCPU);
    tear_down();
}
END_TEST

/* ---- ends ---- */

START_TEST(kill_ends_the_family_and_may_be_repeated)
{
    set_up();
    ask(3, RULE_DIRECT, "family", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t member = atoi(read_line(fds[0]));
    ck_assert(lives(member));
    kill_token(3);
    kill_token(3);
    kill_token(77);
    hear(SPAWN_EXITED);
    ck_assert_int_eq(WTERMSIG(message.exited.status), SIGTERM);
    while (lives(member))
        loop_turn(&spawner.loop, 10);
    kill_token(3);
    close_fds();
    tear_down();
}
END_TEST

START_TEST(who_ignores_term_gets_kill_after_the_grace)
{
    set_up();
    ask(3, RULE_DIRECT, "stubborn", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    ck_assert_str_eq(read_line(fds[0]), "ready");
    kill_token(3);
    loop_turn(&spawner.loop, 0);
    uint64_t since_ms = spawner.loop.now_ms;
    hear(SPAWN_EXITED);
    ck_assert_int_eq(WTERMSIG(message.exited.status), SIGKILL);
    ck_assert_uint_ge(spawner.loop.now_ms - since_ms, GRACE_MS - 1);
    ck_assert(!message.exited.family_left);
    close_fds();
    tear_down();
}
END_TEST

START_TEST(a_stopped_program_ends_too)
{
    set_up();
    ask(3, RULE_DIRECT, "stopped", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    ck_assert_str_eq(read_line(fds[0]), "ready");
    kill_token(3);
    hear(SPAWN_EXITED);
    ck_assert(WIFSIGNALED(message.exited.status));
    close_fds();
    tear_down();
}
END_TEST

START_TEST(a_family_that_is_left_is_told_and_can_be_ended)
{
    set_up();
    ask(3, RULE_DIRECT, "leaves-one", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t member = atoi(read_line(fds[0]));
    hear(SPAWN_EXITED);
    ck_assert_int_eq(message.exited.status, 0);
    ck_assert(message.exited.family_left);
    ck_assert(lives(member));
    kill_token(3);
    while (lives(member))
        loop_turn(&spawner.loop, 10);
    ck_assert(list_empty(&spawner.families));
    close_fds();
    tear_down();
}
END_TEST

START_TEST(a_closed_channel_ends_its_programs)
{
    set_up();
    ask(1, RULE_DIRECT, "family", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t leader = message.started.pid;
    pid_t member = atoi(read_line(fds[0]));
    close_fds();
    ask(2, RULE_DIRECT, "stubborn", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t stubborn = message.started.pid;
    ck_assert_str_eq(read_line(fds[0]), "ready");
    close_fds();

    fd_close(&server);
    while (lives(leader) || lives(member) || lives(stubborn))
        loop_turn(&spawner.loop, 10);
    ck_assert(list_empty(&spawner.running));
    ck_assert(list_empty(&spawner.channels));

    open_channel(); /* the next server */
    ck_assert_str_eq(answer_of("hello"), "hello world\n");
    tear_down();
}
END_TEST

START_TEST(what_left_its_group_ends_with_its_program)
{
    set_up();
    ask(2, RULE_DIRECT, "escape", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t escaped = atoi(read_line(fds[0]));
    ck_assert_int_ne(getpgid(escaped), getpgid(message.started.pid));
    close_fds();
    kill_token(2);
    hear(SPAWN_EXITED);
    while (lives(escaped) || !list_empty(&spawner.strays)) /* its own child comes to us then */
        loop_turn(&spawner.loop, 10);
    ck_assert(list_empty(&spawner.families));
    tear_down();
}
END_TEST

/* What a look at token 2 tells. */
static struct slice look(void)
{
    send_message(&(struct spawn_message){ .kind = SPAWN_LOOK, .look_token = 2 }, -1);
    hear(SPAWN_SEEN);
    ck_assert_uint_eq(message.seen.token, 2);
    return message.seen.text;
}

static bool names(struct slice text, pid_t pid)
{
    char word[32];

    snprintf(word, sizeof(word), " (%d) ", (int)pid);
    return memmem(text.at, text.len, word, strlen(word)) != NULL;
}

START_TEST(a_look_shows_the_family_wherever_it_went)
{
    set_up();
    send_message(&(struct spawn_message){ .kind = SPAWN_LOOK, .look_token = 2 }, -1); /* none yet */
    ask(2, RULE_DIRECT, "family", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t leader = message.started.pid;
    pid_t child = atoi(read_line(fds[0]));
    close_fds();
    struct slice seen = look();
    ck_assert(slice_starts(seen, SLICE("\"/bin/sh ")));
    ck_assert(names(seen, leader));
    ck_assert(names(seen, child));
    kill_token(2);
    hear(SPAWN_EXITED);
    tear_down();
}
END_TEST

START_TEST(a_look_shows_a_daemon_whose_program_is_gone)
{
    set_up();
    ask(2, RULE_DIRECT, "daemon", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t daemon = atoi(read_line(fds[0]));
    hear(SPAWN_EXITED);
    ck_assert(message.exited.family_left);
    ck_assert(names(look(), daemon));
    close_fds();
    tear_down();
}
END_TEST

/* ---- more programs than processors ---- */

static void set_up_crowded(void)
{
    set_up();
    spawner.processors = 0;
}

/* False: there is no message yet. */
static bool was_told(void)
{
    struct pollfd one = { server, POLLIN, 0 };

    return poll(&one, 1, 0) > 0;
}

START_TEST(start_and_exit_of_a_short_program_are_told_together)
{
    set_up_crowded();
    ask(5, RULE_DIRECT, "quiet", SPAWN_STDIN_NONE, -1);
    while (!was_told())
        loop_turn(&spawner.loop, -1);
    ck_assert_uint_eq(spawner.by_pid.count, 0);
    hear(SPAWN_STARTED);
    ck_assert_int_eq(fd_count, 2);
    ck_assert_str_eq(read_text(fds[0]), "");
    close_fds();
    hear(SPAWN_EXITED);
    ck_assert_uint_eq(message.exited.token, 5);
    ck_assert(list_empty(&spawner.unannounced));
    tear_down();
}
END_TEST

START_TEST(a_program_that_goes_on_is_told_of_with_its_first_output)
{
    set_up_crowded();
    ask(5, RULE_DIRECT, "stubborn", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    ck_assert_uint_eq(message.started.token, 5);
    ck_assert_str_eq(read_line(fds[0]), "ready");
    close_fds();
    tear_down();
}
END_TEST

START_TEST(a_silent_program_is_told_of_all_the_same)
{
    set_up_crowded();
    ask(5, RULE_DIRECT, "silent", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    ck_assert(lives(message.started.pid));
    close_fds();
    tear_down();
}
END_TEST

START_TEST(a_program_that_waits_for_a_body_is_told_of_at_once)
{
    set_up_crowded();
    ask(5, RULE_DIRECT, "cat", SPAWN_STDIN_PIPE, -1);
    while (spawner.by_pid.count == 0)
        loop_turn(&spawner.loop, -1);
    ck_assert(list_empty(&spawner.unannounced));
    hear(SPAWN_STARTED);
    ck_assert_int_eq(fd_count, 3);
    close_fds();
    hear(SPAWN_EXITED);
    tear_down();
}
END_TEST

START_TEST(a_program_ends_before_anybody_knew_of_it)
{
    set_up_crowded();
    ask(5, RULE_DIRECT, "silent", SPAWN_STDIN_NONE, -1);
    while (spawner.by_pid.count == 0)
        loop_turn(&spawner.loop, -1);
    kill_token(5);
    hear(SPAWN_STARTED);
    close_fds();
    hear(SPAWN_EXITED);
    ck_assert(WIFSIGNALED(message.exited.status));
    tear_down();
}
END_TEST

START_TEST(nobody_is_left_to_be_told)
{
    set_up_crowded();
    ask(5, RULE_DIRECT, "silent", SPAWN_STDIN_NONE, -1);
    while (spawner.by_pid.count == 0)
        loop_turn(&spawner.loop, -1);
    ck_assert(!list_empty(&spawner.unannounced));
    fd_close(&server);
    while (!list_empty(&spawner.channels))
        loop_turn(&spawner.loop, -1);
    ck_assert(list_empty(&spawner.unannounced));
    tear_down();
}
END_TEST

static const char *const daemons[] = { "daemon", "stopped-daemon" };

START_TEST(a_daemon_is_family_and_ends_when_it_is_asked_for)
{
    set_up();
    ask(7, RULE_DIRECT, "hello", SPAWN_STDIN_PIPE, -1); /* another one that is not touched */
    hear(SPAWN_STARTED);
    close_fds();
    hear(SPAWN_EXITED);
    ask(1, RULE_DIRECT, "cat", SPAWN_STDIN_PIPE, -1);
    hear(SPAWN_STARTED);
    pid_t other = message.started.pid;
    int others[3] = { fds[0], fds[1], fds[2] };

    ask(2, RULE_DIRECT, daemons[_i], SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t daemon = atoi(read_line(fds[0]));
    hear(SPAWN_EXITED);
    ck_assert_int_eq(message.exited.status, 0);
    ck_assert(message.exited.family_left);
    ck_assert(lives(daemon));
    kill_token(2);
    while (lives(daemon) || !list_empty(&spawner.strays))
        loop_turn(&spawner.loop, 10);
    ck_assert(lives(other));
    for (int i = 0; i < 3; i++)
        fd_close(&others[i]);
    tear_down();
}
END_TEST

START_TEST(a_daemon_without_a_mark_ends_with_the_last_that_can_own_it)
{
    set_up();
    ask(1, RULE_DIRECT, "cat", SPAWN_STDIN_PIPE, -1);
    hear(SPAWN_STARTED);
    int others[3] = { fds[0], fds[1], fds[2] };

    ask(2, RULE_DIRECT, "anonymous", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t daemon = atoi(read_line(fds[0]));
    hear(SPAWN_EXITED);
    ck_assert_uint_eq(message.exited.token, 2);
    ck_assert(!message.exited.family_left);
    ck_assert(lives(daemon));
    for (int i = 0; i < 3; i++)
        fd_close(&others[i]);
    hear(SPAWN_EXITED);
    ck_assert_uint_eq(message.exited.token, 1);
    while (lives(daemon) || !list_empty(&spawner.strays))
        loop_turn(&spawner.loop, 10);
    tear_down();
}
END_TEST

START_TEST(what_left_its_group_ends_with_the_spawner)
{
    set_up();
    ask(2, RULE_DIRECT, "escape", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t escaped = atoi(read_line(fds[0]));
    close_fds();
    tear_down();
    ck_assert(!lives(escaped));
}
END_TEST

START_TEST(without_supervisor_all_ends)
{
    set_up();
    ask(2, RULE_DIRECT, "stubborn", SPAWN_STDIN_NONE, -1);
    hear(SPAWN_STARTED);
    pid_t stubborn = message.started.pid;
    ck_assert_str_eq(read_line(fds[0]), "ready");
    close_fds();
    tear_down();
    ck_assert(!lives(stubborn));
}
END_TEST

/* ---- channels ---- */

START_TEST(a_server_that_lies_loses_its_channel)
{
    static const struct spawn_message lies[] = {
        { .kind = SPAWN_STARTED, .started = { 1, 1, true } },
        { .kind = SPAWN_ASK,
          .ask = { .script = SLICE_INIT("hello"), .stdin_kind = SPAWN_STDIN_FILE } },
        { .kind = SPAWN_ASK, .ask = { .script = SLICE_INIT("../hello") } },
        { .kind = SPAWN_ASK, .ask = { .script = SLICE_INIT("cat"), .token = 1 } },
    };
    struct handover complaint;

    set_up();
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        ask(1, RULE_DIRECT, "family", SPAWN_STDIN_NONE, -1);
        hear(SPAWN_STARTED);
        close_fds();
        send_message(&lies[i], -1);
        hear_boss(HANDOVER_FAILED, &complaint);
        ck_assert_int_ne((int)slice_find_slice(complaint.text, SLICE("refused")), -1);
        while (!list_empty(&spawner.channels) || !list_empty(&spawner.running))
            loop_turn(&spawner.loop, 10);
        fd_close(&server);
        open_channel();
    }
    tear_down();
}
END_TEST

START_TEST(answers_wait_while_the_server_does_not_read)
{
    enum { ASKS = 5000 };

    set_up();
    int asked = 0;
    int heard = 0;
    while (heard < ASKS) {
        unsigned char head[SPAWN_HEAD_MOST];
        struct iovec parts[SPAWN_PARTS_MOST];
        struct spawn_message order = {
            .kind = SPAWN_ASK,
            .ask = { .token = (uint32_t)asked, .rule = RULE_NOTHING, .script = SLICE("x") }
        };
        int count = spawn_encode(&order, head, parts);
        if (asked < ASKS && pass_send(server, parts, count, NULL, 0) == 0) {
            asked++;
            continue;
        }
        for (int i = 0; i < 1000; i++) /* far more turns than it needs to fill all queues */
            loop_turn(&spawner.loop, 0);
        hear(SPAWN_FAILED);
        ck_assert_uint_eq(message.failed.token, (uint32_t)heard);
        heard++;
        while (heard < asked) {
            hear(SPAWN_FAILED);
            ck_assert_uint_eq(message.failed.token, (uint32_t)heard);
            heard++;
        }
    }
    tear_down();
}
END_TEST

START_TEST(two_hundred_starts_leave_nothing)
{
    set_up();
    answer_of("hello");
    size_t before = fd_count_open();
    for (uint32_t i = 0; i < 200; i++) {
        ask(i, RULE_DIRECT, i % 5 == 0 ? "missing" : "hello", SPAWN_STDIN_PIPE, -1);
        hear(i % 5 == 0 ? SPAWN_FAILED : SPAWN_STARTED);
        close_fds();
        if (i % 5 != 0)
            hear(SPAWN_EXITED);
    }
    ck_assert_uint_eq(fd_count_open(), before);
    ck_assert_uint_eq(spawner.by_pid.count, 0);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    tear_down();
}
END_TEST

SUITE("spawner/children", TEST(a_program_answers_on_its_pipes_and_its_exit_is_told),
      TEST(a_program_runs_in_the_folder_of_its_script),
      TEST(an_interpreter_gets_the_absolute_path_and_nothing_else),
      TEST(stdin_is_a_pipe_that_the_server_writes), TEST(stdin_is_a_file_that_came_with_the_ask),
      LOOP(what_cannot_be_started_says_where_and_why, failures),
      TEST(a_link_of_another_owner_may_not_leave_the_root),
      TEST(a_root_that_was_replaced_is_found_again),
      TEST(only_the_first_three_descriptors_are_open), TEST(signals_are_at_their_defaults),
      TEST(a_program_leads_its_own_session_and_group),
      TEST(a_program_is_the_user_of_its_rule_and_no_more),
      TEST(a_program_of_another_user_can_be_ended),
      LOOP(what_somebody_else_could_have_written_does_not_run_as_a_user, refusals),
      TEST(the_folder_of_a_wrap_line_holds_its_scripts), TEST(who_is_not_root_becomes_nobody_else),
      TEST(limits_are_those_of_the_rule), TEST(processor_time_ends_by_its_own_signal),
      TEST(kill_ends_the_family_and_may_be_repeated),
      TEST(who_ignores_term_gets_kill_after_the_grace), TEST(a_stopped_program_ends_too),
      TEST(a_family_that_is_left_is_told_and_can_be_ended),
      TEST(a_closed_channel_ends_its_programs), TEST(what_left_its_group_ends_with_its_program),
      TEST(a_look_shows_the_family_wherever_it_went),
      TEST(a_look_shows_a_daemon_whose_program_is_gone),
      TEST(start_and_exit_of_a_short_program_are_told_together),
      TEST(a_program_that_goes_on_is_told_of_with_its_first_output),
      TEST(a_silent_program_is_told_of_all_the_same),
      TEST(a_program_that_waits_for_a_body_is_told_of_at_once),
      TEST(a_program_ends_before_anybody_knew_of_it), TEST(nobody_is_left_to_be_told),
      LOOP(a_daemon_is_family_and_ends_when_it_is_asked_for, daemons),
      TEST(a_daemon_without_a_mark_ends_with_the_last_that_can_own_it),
      TEST(what_left_its_group_ends_with_the_spawner), TEST(without_supervisor_all_ends),
      TEST(a_server_that_lies_loses_its_channel), TEST(answers_wait_while_the_server_does_not_read),
      TEST(two_hundred_starts_leave_nothing))
