#include "os/beneath.h"

#include "os/fd.h"
#include "os_private.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define SOMEBODY 12345 /* any user but root */

/*
 *   base/outside/secret                     u_...: a link of somebody
 *   base/outside/{u,r}_link -> secret       r_...: a link of root
 *   base/outside/r_back -> base/root
 *   base/root/...
 */
static char base[] = "/tmp/test-beneath-XXXXXX";
static bool as_root;

static const char *in_base(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", base, name);
    return path;
}

static void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(in_base(name), 0755), 0);
}

static void make_file(const char *name, const char *content)
{
    scoped_fd fd = open(in_base(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fd_write_all(fd, content, strlen(content)), 0);
}

/* Links whose last component begins with r_ are root's; without rights to give away, all are ours.
 */
static void make_link(const char *name, const char *target)
{
    const char *last = strrchr(name, '/') + 1;

    ck_assert_int_eq(symlink(target, in_base(name)), 0);
    if (as_root && strncmp(last, "r_", 2) != 0)
        ck_assert_int_eq(lchown(in_base(name), SOMEBODY, SOMEBODY), 0);
}

static void make_absolute_link(const char *name, const char *target)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", base, target);
    make_link(name, path);
}

static int build_tree(void)
{
    int root;

    as_root = geteuid() == 0;
    ck_assert_ptr_nonnull(mkdtemp(base));
    make_folder("outside");
    make_file("outside/secret", "secret");
    make_link("outside/u_link", "secret");
    make_link("outside/r_link", "secret");
    make_absolute_link("outside/r_back", "root");

    make_folder("root");
    make_folder("root/dir");
    make_folder("root/dir/deep");
    make_file("root/file", "file");
    make_file("root/dir/inner", "inner");
    ck_assert_int_eq(mkfifo(in_base("root/fifo"), 0600), 0);
    make_link("root/dir/u_up", "../file");
    make_link("root/u_in", "dir/inner");
    make_link("root/u_dir", "dir/");
    make_link("root/u_dangling", "nothing");
    make_link("root/u_self", "u_self");
    make_link("root/u_chain", "r_out");
    make_link("root/u_out", "../outside/secret");
    make_link("root/u_top", "..");
    make_absolute_link("root/u_abs", "outside/secret");
    make_absolute_link("root/u_abs_in", "root/file");
    make_link("root/r_out", "../outside/secret");
    make_absolute_link("root/r_abs", "outside");
    make_link("root/dir/deep/r_far", "../../../outside/r_link");

    ck_assert_int_eq(beneath_root(in_base("root"), &root), 0);
    return root;
}

static void remove_tree(int root)
{
    char command[300];

    fd_close(&root);
    snprintf(command, sizeof(command), "rm -r %s", base);
    ck_assert_int_eq(system(command), 0);
}

#define DIRECTORY "(directory)"
#define FIFO      "(fifo)"

struct expectation {
    const char *path;
    enum beneath_links links;
    const char *content; /* NULL: error */
    int error;
    bool needs_root; /* to have links of two owners */
};

#define FINDS(path, links, content)                                                                \
    {                                                                                              \
        path, links, content, 0, false                                                             \
    }
#define FAILS(path, links, error)                                                                  \
    {                                                                                              \
        path, links, NULL, -(error), false                                                         \
    }
#define FINDS_ROOTS(path, content)                                                                 \
    {                                                                                              \
        path, BENEATH_OWNED_LINKS, content, 0, true                                                \
    }
#define FAILS_ROOTS(path, error)                                                                   \
    {                                                                                              \
        path, BENEATH_OWNED_LINKS, NULL, -(error), true                                            \
    }

static const struct expectation cases[] = {
    FINDS("file", BENEATH_NO_LINKS, "file"),
    FINDS("dir/inner", BENEATH_NO_LINKS, "inner"),
    FINDS("./dir//./inner", BENEATH_NO_LINKS, "inner"),
    FINDS("dir", BENEATH_NO_LINKS, DIRECTORY),
    FINDS("dir/", BENEATH_NO_LINKS, DIRECTORY),
    FINDS(".", BENEATH_NO_LINKS, DIRECTORY),
    FINDS("", BENEATH_NO_LINKS, DIRECTORY),
    FINDS("dir/..", BENEATH_NO_LINKS, DIRECTORY),
    FINDS("dir/../file", BENEATH_NO_LINKS, "file"),
    FINDS("fifo", BENEATH_NO_LINKS, FIFO),
    FAILS("file/", BENEATH_NO_LINKS, ENOTDIR),
    FAILS("file/x", BENEATH_NO_LINKS, ENOTDIR),
    FAILS("file/..", BENEATH_NO_LINKS, ENOTDIR),
    FAILS("nothing", BENEATH_NO_LINKS, ENOENT),
    FAILS("nothing/x", BENEATH_NO_LINKS, ENOENT),
    FAILS("..", BENEATH_NO_LINKS, EXDEV),
    FAILS("../root/file", BENEATH_NO_LINKS, EXDEV),
    FAILS("dir/../../root/file", BENEATH_NO_LINKS, EXDEV),
    FAILS("/etc/passwd", BENEATH_NO_LINKS, EXDEV),
    FAILS("u_in", BENEATH_NO_LINKS, ELOOP),
    FAILS("u_dir/inner", BENEATH_NO_LINKS, ELOOP),
    FAILS("u_out", BENEATH_NO_LINKS, ELOOP),
    FAILS("r_out", BENEATH_NO_LINKS, ELOOP),

    FINDS("file", BENEATH_OWNED_LINKS, "file"),
    FINDS("u_in", BENEATH_OWNED_LINKS, "inner"),
    FINDS("u_dir/inner", BENEATH_OWNED_LINKS, "inner"),
    FINDS("u_dir", BENEATH_OWNED_LINKS, DIRECTORY),
    FINDS("dir/u_up", BENEATH_OWNED_LINKS, "file"),
    FINDS("u_dir/u_up", BENEATH_OWNED_LINKS, "file"),
    FINDS("fifo", BENEATH_OWNED_LINKS, FIFO),
    FAILS("u_in/", BENEATH_OWNED_LINKS, ENOTDIR),
    FAILS("u_dangling", BENEATH_OWNED_LINKS, ENOENT),
    FAILS("u_self", BENEATH_OWNED_LINKS, ELOOP),
    FAILS("u_out", BENEATH_OWNED_LINKS, EXDEV),
    FAILS("u_top", BENEATH_OWNED_LINKS, EXDEV),
    FAILS("u_top/root/file", BENEATH_OWNED_LINKS, EXDEV),
    FAILS("u_abs", BENEATH_OWNED_LINKS, EXDEV),
    FAILS("u_abs_in", BENEATH_OWNED_LINKS, EXDEV),
    FAILS("..", BENEATH_OWNED_LINKS, EXDEV),
    FAILS("/etc/passwd", BENEATH_OWNED_LINKS, EXDEV),
    FINDS_ROOTS("r_out", "secret"),
    FINDS_ROOTS("u_chain", "secret"),
    FINDS_ROOTS("r_abs", DIRECTORY),
    FINDS_ROOTS("r_abs/", DIRECTORY),
    FINDS_ROOTS("r_abs/secret", "secret"),
    FINDS_ROOTS("r_abs/r_link", "secret"),
    FINDS_ROOTS("dir/deep/r_far", "secret"),
    FINDS_ROOTS("r_abs/r_back/file", "file"),
    FINDS_ROOTS("r_abs/r_back/u_in", "inner"),
    FINDS_ROOTS("r_abs/r_back/r_abs/secret", "secret"),
    FAILS_ROOTS("r_abs/u_link", EXDEV),
    FAILS_ROOTS("r_abs/r_back/u_out", EXDEV),
    FAILS_ROOTS("r_abs/r_back/..", EXDEV),
    FAILS_ROOTS("r_abs/..", EXDEV),
    FAILS_ROOTS("r_abs/../outside/secret", EXDEV),
    FAILS_ROOTS("r_out/", ENOTDIR),
    FAILS_ROOTS("r_abs/nothing", ENOENT),

    FINDS("file", BENEATH_ANY_LINKS, "file"),
    FINDS("u_in", BENEATH_ANY_LINKS, "inner"),
    FINDS("u_out", BENEATH_ANY_LINKS, "secret"),
    FINDS("u_abs", BENEATH_ANY_LINKS, "secret"),
    FINDS("u_top/outside/u_link", BENEATH_ANY_LINKS, "secret"),
    FINDS("r_abs/secret", BENEATH_ANY_LINKS, "secret"),
    FINDS("", BENEATH_ANY_LINKS, DIRECTORY),
    FAILS("u_self", BENEATH_ANY_LINKS, ELOOP),
    FAILS("..", BENEATH_ANY_LINKS, EXDEV),
    FAILS("dir/../file", BENEATH_ANY_LINKS, EXDEV),
    FAILS("dir/..", BENEATH_ANY_LINKS, EXDEV),
    FAILS("/etc/passwd", BENEATH_ANY_LINKS, EXDEV),
};

static void check_content(int fd, const struct stat *found, const char *content)
{
    char data[32];

    if (strcmp(content, DIRECTORY) == 0) {
        ck_assert(S_ISDIR(found->st_mode));
    } else if (strcmp(content, FIFO) == 0) {
        ck_assert(S_ISFIFO(found->st_mode));
    } else {
        ck_assert(S_ISREG(found->st_mode));
        ssize_t len = read(fd, data, sizeof(data) - 1);
        ck_assert_int_ge(len, 0);
        data[len] = '\0';
        ck_assert_str_eq(data, content);
    }
}

START_TEST(open_answers_each_case)
{
    const struct expectation *expect = &cases[_i];
    scoped_fd root = build_tree();
    scoped_fd fd = -1;
    struct stat found;

    if (!expect->needs_root || as_root) {
        int r = beneath_open(root, expect->path, expect->links, &fd, &found);
        ck_assert_int_eq(r, expect->error);
        if (expect->content)
            check_content(fd, &found, expect->content);
    }
    remove_tree(fd_take(&root));
}
END_TEST

START_TEST(find_answers_the_same_without_reading)
{
    const struct expectation *expect = &cases[_i];
    scoped_fd root = build_tree();
    scoped_fd fd = -1;
    struct stat found;

    if (!expect->needs_root || as_root) {
        int r = beneath_find(root, expect->path, expect->links, &fd, &found);
        ck_assert_int_eq(r, expect->error);
        if (r == 0)
            ck_assert_int_ne(fcntl(fd, F_GETFL) & O_PATH, 0);
    }
    remove_tree(fd_take(&root));
}
END_TEST

START_TEST(the_walk_answers_as_the_kernel_does)
{
    const struct expectation *expect = &cases[_i];
    scoped_fd root = build_tree();
    scoped_fd fd = -1;
    struct stat found;
    const size_t open_before = fd_count_open();

    /* A leading slash and links of any kind never come to the walk. */
    if (expect->links != BENEATH_ANY_LINKS && expect->path[0] != '/' &&
        (!expect->needs_root || as_root)) {
        int r =
            beneath_walk(root, expect->path, expect->links, O_RDONLY | O_NONBLOCK | O_CLOEXEC, &fd);
        ck_assert_int_eq(r, expect->error);
        ck_assert_uint_eq(fd_count_open(), open_before + (r == 0));
        if (expect->content) {
            ck_assert_int_eq(fstat(fd, &found), 0);
            check_content(fd, &found, expect->content);
        }
    }
    remove_tree(fd_take(&root));
}
END_TEST

START_TEST(a_long_chain_of_links_is_followed_and_a_longer_one_is_not)
{
    char name[32], target[32];
    scoped_fd root = build_tree();
    scoped_fd fd = -1;

    for (int i = 0; i <= 40; i++) { /* u_0 -> file, u_1 -> u_0, ... u_40 has 41 links before it */
        snprintf(name, sizeof(name), "root/u_%d", i);
        snprintf(target, sizeof(target), "u_%d", i - 1);
        make_link(name, i ? target : "file");
    }
    ck_assert_int_eq(beneath_walk(root, "u_39", BENEATH_OWNED_LINKS, O_RDONLY | O_CLOEXEC, &fd), 0);
    fd_close(&fd);
    ck_assert_int_eq(beneath_walk(root, "u_40", BENEATH_OWNED_LINKS, O_RDONLY | O_CLOEXEC, &fd),
                     -ELOOP);
    remove_tree(fd_take(&root));
}
END_TEST

START_TEST(deep_and_long_names_are_walked_or_refused)
{
    char path[3000] = "", name[300];
    scoped_fd root = build_tree();
    scoped_fd fd = -1;

    for (int i = 0; i < 100; i++)
        strcat(path, "dir/../dir/deep/../../");
    strcat(path, "file");
    ck_assert_int_eq(beneath_walk(root, path, BENEATH_NO_LINKS, O_RDONLY | O_CLOEXEC, &fd), 0);

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    scoped_fd none = -1;
    ck_assert_int_eq(beneath_walk(root, name, BENEATH_NO_LINKS, O_RDONLY | O_CLOEXEC, &none),
                     -ENAMETOOLONG);
    remove_tree(fd_take(&root));
}
END_TEST

START_TEST(a_root_must_be_a_directory)
{
    int root, none;

    root = build_tree();
    ck_assert_int_eq(beneath_root(in_base("root/file"), &none), -ENOTDIR);
    ck_assert_int_eq(beneath_root(in_base("nothing"), &none), -ENOENT);
    remove_tree(root);
}
END_TEST

static const struct {
    const char *path;
    const char *name; /* "": it is no link */
} names[] = {
    { "file", "" },
    { "dir/inner", "" },
    { "nothing", "" },
    { "u_in", "inner" },
    { "dir/u_up", "file" },
    { "u_chain", "secret" },
    { "u_abs_in", "file" },
    { "u_dir/inner", "" },
    { "dir/deep/r_far", "secret" },
    { "u_dangling", "nothing" },
};

START_TEST(a_link_is_known_by_the_name_it_leads_to)
{
    scoped_fd root = build_tree();
    char name[16];
    char cut[4];

    ck_assert_uint_eq(beneath_link_name(root, names[_i].path, name, sizeof(name)),
                      strlen(names[_i].name));
    if (names[_i].name[0] != '\0') {
        ck_assert_str_eq(name, names[_i].name);
        ck_assert_uint_eq(beneath_link_name(root, names[_i].path, cut, sizeof(cut)), 3);
        ck_assert_str_eq(cut, names[_i].name + strlen(names[_i].name) - 3); /* its end */
    }
    remove_tree(fd_take(&root));
}
END_TEST

/* ---- homes ---- */

static const struct {
    const char *folder;
    int result;
} homes[] = {
    { "dir", 0 },          { "dir/deep", 0 },    { "gone", -ENOENT },
    { "file", -ENOTDIR },  { "linked", -ELOOP }, { "linked/deep", -ELOOP },
    { "../root", -EXDEV }, { "/tmp", -EXDEV },   { "theirs", -EPERM },
};

START_TEST(a_folder_in_a_home_is_its_own_and_no_link)
{
    scoped_fd root = build_tree();
    const uid_t owner = as_root ? SOMEBODY + 1 : geteuid();
    scoped_fd fd = -1;

    make_link("root/linked", "dir");
    make_folder("root/theirs");
    if (as_root) { /* those of root are good for everybody */
        ck_assert_int_eq(chown(in_base("root/dir/deep"), owner, owner), 0);
        ck_assert_int_eq(chown(in_base("root/theirs"), SOMEBODY, SOMEBODY), 0);
    }
    const bool as_other = !as_root && homes[_i].result == -EPERM;
    int r = beneath_home(in_base("root"), homes[_i].folder, as_other ? owner + 1 : owner, &fd);
    ck_assert_int_eq(r, homes[_i].result);
    ck_assert_int_eq(fd >= 0, r == 0);
    ck_assert_int_eq(beneath_home(in_base("gone"), "dir", owner, &fd), -ENOENT);
    remove_tree(fd_take(&root));
}
END_TEST

START_TEST(a_link_to_itself_ends)
{
    scoped_fd root = build_tree();
    char name[16];

    ck_assert_uint_gt(beneath_link_name(root, "u_self", name, sizeof(name)), 0);
    remove_tree(fd_take(&root));
}
END_TEST

SUITE("beneath", LOOP(open_answers_each_case, cases),
      LOOP(find_answers_the_same_without_reading, cases),
      LOOP(the_walk_answers_as_the_kernel_does, cases),
      TEST(a_long_chain_of_links_is_followed_and_a_longer_one_is_not),
      TEST(deep_and_long_names_are_walked_or_refused), TEST(a_root_must_be_a_directory),
      LOOP(a_link_is_known_by_the_name_it_leads_to, names), TEST(a_link_to_itself_ends),
      LOOP(a_folder_in_a_home_is_its_own_and_no_link, homes))
