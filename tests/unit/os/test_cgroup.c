#include "os/cgroup.h"

#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- where ---- */

#define HYBRID                                                                                     \
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"                          \
    "36 31 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"                            \
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:4 master:1 - cgroup2 cgroup2 rw\n"
#define CONTAINER "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate\n"

static const struct {
    const char *membership;
    const char *mounts;
    const char *place; /* NULL: none */
} places[] = {
    { "9:memory:/x\n0::/system.slice/longhouse.service\n", HYBRID,
      "/sys/fs/cgroup/unified/system.slice/longhouse.service" },
    { "0::/\n", HYBRID, "/sys/fs/cgroup/unified" },
    { "0::/docker/abc\n", CONTAINER, "/sys/fs/cgroup" },
    { "0::/docker/abc/deep/er\n", CONTAINER, "/sys/fs/cgroup/deep/er" },
    { "0::/docker/abcd\n", CONTAINER, NULL },
    { "0::/docker\n", CONTAINER, NULL },
    { "0::/x\n", CONTAINER HYBRID, "/sys/fs/cgroup/unified/x" },
    { "0::/a b\n", "30 23 0:26 / /mnt/c\\040d\\134 ro - cgroup2 x rw\n", "/mnt/c d\\/a b" },
    { "0::/x\n", "30 23 0:26 / /mnt/c\\000d ro - cgroup2 x rw\n", NULL },
    { "0::/x\n", "30 23 0:26 / /mnt/c\\04 ro - cgroup2 x rw\n", "/mnt/c\\04/x" },
    { "0::x\n", HYBRID, NULL },
    { "9:memory:/x\n", HYBRID, NULL },
    { "", HYBRID, NULL },
    { "0::/\n", "", NULL },
    { "0::/\n", "41 31 0:38 / /sys/fs/cgroup/unified rw\n", NULL },
    { "0::/\n", "41 31 0:38\n", NULL },
    { "0::/0123456789012345678901234567890123456789012345678901234567890\n", HYBRID, NULL },
};

START_TEST(the_folder_of_a_process_is_found)
{
    char place[64];
    bool found = cgroup_locate(slice_cstr(places[_i].membership), slice_cstr(places[_i].mounts),
                               place, sizeof(place));

    ck_assert_int_eq(found, places[_i].place != NULL);
    if (found)
        ck_assert_str_eq(place, places[_i].place);
}
END_TEST

static const struct {
    const char *text;
    unsigned found;
} controllers[] = {
    { "cpuset cpu io memory hugetlb pids rdma\n", CGROUP_CPU | CGROUP_MEMORY | CGROUP_PIDS },
    { "cpu\n", CGROUP_CPU },
    { "cpuset hugetlb\n", 0 },
    { "", 0 },
    { "memory pids", CGROUP_MEMORY | CGROUP_PIDS },
};

START_TEST(controllers_are_read)
{
    ck_assert_uint_eq(cgroup_controllers_parse(slice_cstr(controllers[_i].text)),
                      controllers[_i].found);
}
END_TEST

START_TEST(what_is_no_control_group_is_no_base)
{
    char base[4096];

    ck_assert_int_eq(cgroup_find_base("/tmp", base, sizeof(base)), -ENOTSUP);
    ck_assert_int_eq(cgroup_find_base("/no/such/folder", base, sizeof(base)), -ENOENT);
    ck_assert_int_eq(cgroup_find_base("/tmp", base, 3), -ENAMETOOLONG);
    ck_assert_str_eq(cgroup_base_text(-ENOTSUP),
                     "that is no folder of control groups of version 2");
    ck_assert_str_eq(cgroup_base_text(-EBUSY), "other processes are in that control group, beside "
                                               "which the kernel limits nothing");
    ck_assert_str_eq(cgroup_base_text(-EACCES), "Permission denied");
}
END_TEST

/* ---- files, in a folder that only looks like one of the kernel ---- */

static char fake[] = "/tmp/test_cgroup_XXXXXX";
static int fake_fd = -1;

static void put(const char *name, const char *text)
{
    scoped_fd fd = openat(fake_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
}

static const char *get(const char *name)
{
    static char text[64];
    scoped_fd fd = openat(fake_fd, name, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static void fake_open(void)
{
    ck_assert_ptr_nonnull(mkdtemp(fake));
    fake_fd = open(fake, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(fake_fd, 0);
}

static void fake_close(void)
{
    char command[64];

    fd_close(&fake_fd);
    snprintf(command, sizeof(command), "rm -r %s", fake);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(limits_are_written_where_the_kernel_reads_them)
{
    const struct cgroup_limits all = { 64u << 20, 20, 300 };
    const struct cgroup_limits one = { .processes = 7 };

    fake_open();
    ck_assert_int_eq(cgroup_limit(fake_fd, &(struct cgroup_limits){ 0 }), 0);
    ck_assert_int_eq(cgroup_limit(fake_fd, &all), -ENOENT); /* no controller */
    put("memory.max", "");
    put("memory.oom.group", "");
    put("pids.max", "");
    put("cpu.weight", "");
    ck_assert_int_eq(cgroup_limit(fake_fd, &all), 0);
    ck_assert_str_eq(get("memory.max"), "67108864");
    ck_assert_str_eq(get("memory.oom.group"), "1");
    ck_assert_str_eq(get("pids.max"), "20");
    ck_assert_str_eq(get("cpu.weight"), "300");
    put("memory.max", "max");
    ck_assert_int_eq(cgroup_limit(fake_fd, &one), 0);
    ck_assert_str_eq(get("memory.max"), "max");
    ck_assert_int_eq(get("pids.max")[0], '7');
    ck_assert_uint_eq(cgroup_limits_need(&all), CGROUP_CPU | CGROUP_MEMORY | CGROUP_PIDS);
    ck_assert_uint_eq(cgroup_limits_need(&one), CGROUP_PIDS);
    fake_close();
}
END_TEST

START_TEST(what_was_used_is_read)
{
    struct cgroup_use use = { 0 };

    fake_open();
    ck_assert_int_eq(cgroup_used(fake_fd, &use), -ENOENT);
    put("cpu.stat", "user_usec 17\nsystem_usec 4\n");
    ck_assert_int_eq(cgroup_used(fake_fd, &use), -EBADMSG);
    put("cpu.stat", "usage_usec 123456\nuser_usec 17\n");
    ck_assert_int_eq(cgroup_used(fake_fd, &use), 0);
    ck_assert_uint_eq(use.cpu_us, 123456);
    ck_assert_uint_eq(use.peak_kib, 0); /* no controller, or an old kernel */
    put("memory.peak", "4194304\n");
    ck_assert_int_eq(cgroup_used(fake_fd, &use), 0);
    ck_assert_uint_eq(use.peak_kib, 4096);
    fake_close();
}
END_TEST

START_TEST(only_what_says_so_is_empty)
{
    fake_open();
    put("cgroup.events", "populated 0\nfrozen 0\n");
    scoped_fd events = openat(fake_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    ck_assert(!cgroup_populated(events));
    put("cgroup.events", "populated 1\nfrozen 0\n");
    ck_assert(cgroup_populated(events));
    put("cgroup.events", "frozen 0\n");
    ck_assert(cgroup_populated(events));
    put("cgroup.events", "");
    ck_assert(cgroup_populated(events));
    ck_assert(cgroup_populated(-1));
    fake_close();
}
END_TEST

START_TEST(a_leaf_that_cannot_be_limited_is_not_made)
{
    const struct cgroup_limits limits = { .processes = 7 };
    struct stat info;
    int folder;
    int events;

    fake_open(); /* where a folder has no files of the kernel */
    ck_assert_int_eq(cgroup_leaf_make(fake_fd, 1, &limits, &folder, &events), -ENOENT);
    ck_assert_int_eq(fstatat(fake_fd, "1", &info, 0), -1);
    ck_assert_int_eq(mkdirat(fake_fd, "2", 0755), 0);
    ck_assert_int_eq(cgroup_leaf_make(fake_fd, 2, NULL, &folder, &events), -EEXIST);
    fake_close();
}
END_TEST

/* ---- the real thing, where this user may make it ---- */

static pid_t sleeper_in(int folder)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close_range(3, (unsigned)folder - 1, 0); /* a copy of the lock is among them */
        close_range((unsigned)folder + 1, ~0U, 0);
        if (cgroup_enter(folder) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    while (true) { /* until it is there */
        unsigned number;
        if (cgroup_leaf_of(pid, &number))
            return pid;
        ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
    }
}

START_TEST(a_house_is_made_locked_and_removed_with_all_that_is_in_it)
{
    struct cgroup_house house = CGROUP_HOUSE_NONE;
    char base[4096];
    unsigned number;
    int folder;
    int events;
    int status;

    if (cgroup_find_base(NULL, base, sizeof(base)) < 0)
        return;
    size_t before = fd_count_open();
    ck_assert_int_eq(cgroup_house_make(base, geteuid(), getegid(), 0, &house), 0);
    ck_assert_int_eq(cgroup_leaf_make(house.programs, 17, NULL, &folder, &events), 0);
    ck_assert(!cgroup_populated(events));
    ck_assert(!cgroup_leaf_of(getpid(), &number));
    pid_t pid = sleeper_in(folder);
    ck_assert(cgroup_populated(events));
    ck_assert(cgroup_leaf_of(pid, &number));
    ck_assert_uint_eq(number, 17);

    struct cgroup_house other = CGROUP_HOUSE_NONE; /* takes a living house for no dead one */
    ck_assert_int_eq(cgroup_house_make(base, geteuid(), getegid(), 0, &other), 0);
    ck_assert_str_ne(other.name, house.name);
    ck_assert(cgroup_populated(events));
    cgroup_house_remove(&other);

    ck_assert_int_eq(cgroup_remove(house.programs, "17"), -EBUSY);
    ck_assert_int_eq(cgroup_kill(folder), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    fd_close(&folder);
    fd_close(&events);
    while (cgroup_remove(house.programs, "17") == -EBUSY)
        ;
    cgroup_house_remove(&house);
    ck_assert_uint_eq(fd_count_open(), before);
}
END_TEST

START_TEST(each_spawner_has_a_folder_for_programs)
{
    struct cgroup_house house = CGROUP_HOUSE_NONE;
    char base[4096];
    int programs = -1;
    int folder;
    int events;
    int status;

    if (cgroup_find_base(NULL, base, sizeof(base)) < 0)
        return;
    size_t before = fd_count_open();
    ck_assert_int_eq(cgroup_house_make(base, geteuid(), getegid(), 0, &house), 0);
    ck_assert_int_eq(cgroup_programs_make(&house, 2, geteuid(), getegid(), 0, &programs), 0);
    ck_assert_int_eq(cgroup_programs_make(&house, 2, geteuid(), getegid(), 0, &folder), -EEXIST);
    ck_assert_int_eq(cgroup_leaf_make(programs, 17, NULL, &folder, &events), 0);
    pid_t pid = sleeper_in(folder);
    ck_assert_int_eq(cgroup_kill(house.programs), 0); /* those of another spawner */
    ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
    ck_assert_int_eq(cgroup_kill(programs), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    fd_close(&folder);
    fd_close(&events);
    while (cgroup_remove(programs, "17") == -EBUSY)
        ;
    fd_close(&programs);
    cgroup_house_remove(&house);
    ck_assert_uint_eq(fd_count_open(), before);
}
END_TEST

START_TEST(what_a_dead_house_left_is_ended_by_the_next)
{
    struct cgroup_house dead = CGROUP_HOUSE_NONE;
    struct cgroup_house next = CGROUP_HOUSE_NONE;
    char base[4096];
    int folder;
    int events;
    int status;

    if (cgroup_find_base(NULL, base, sizeof(base)) < 0)
        return;
    ck_assert_int_eq(cgroup_house_make(base, geteuid(), getegid(), 0, &dead), 0);
    ck_assert_int_eq(cgroup_leaf_make(dead.programs, 1, NULL, &folder, &events), 0);
    pid_t pid = sleeper_in(folder);
    fd_close(&dead.folder); /* its processes are gone, and their lock */

    ck_assert_int_eq(cgroup_house_make(base, geteuid(), getegid(), 0, &next), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    cgroup_house_remove(&next);
    fd_close(&folder);
    fd_close(&events);
    while (cgroup_remove(dead.base, dead.name) == -EBUSY)
        ;
    cgroup_house_remove(&dead);
}
END_TEST

/* With controllers the process itself moves; afterwards it is where it was, whether it worked or
 * not. */
START_TEST(a_house_with_controllers_is_left_again)
{
    struct cgroup_house house = CGROUP_HOUSE_NONE;
    char before[4096];
    char after[4096];
    char name[64];
    struct stat info;

    if (cgroup_find_base(NULL, before, sizeof(before)) < 0)
        return;
    int r = cgroup_house_make(before, geteuid(), getegid(), CGROUP_PIDS, &house);
    ck_assert_int_eq(house.entered, r == 0);
    cgroup_house_remove(&house);
    ck_assert_int_eq(cgroup_find_base(NULL, after, sizeof(after)), 0);
    ck_assert_str_eq(after, before);
    snprintf(name, sizeof(name), "/longhouse-%d-1", (int)getpid());
    strcat(after, name);
    ck_assert_int_eq(stat(after, &info), -1);
}
END_TEST

SUITE("cgroup", TEST(a_house_with_controllers_is_left_again),
      LOOP(the_folder_of_a_process_is_found, places), LOOP(controllers_are_read, controllers),
      TEST(what_is_no_control_group_is_no_base),
      TEST(limits_are_written_where_the_kernel_reads_them), TEST(what_was_used_is_read),
      TEST(only_what_says_so_is_empty), TEST(a_leaf_that_cannot_be_limited_is_not_made),
      TEST(a_house_is_made_locked_and_removed_with_all_that_is_in_it),
      TEST(each_spawner_has_a_folder_for_programs),
      TEST(what_a_dead_house_left_is_ended_by_the_next))
