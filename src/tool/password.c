/* `longhouse password`: sets the password of a user in a file that PasswordFile names. */
#include "base/arena.h"
#include "base/encode.h"
#include "base/sum.h"
#include "os/fd.h"
#include "os/password_hash.h"
#include "tool/tool.h"
#include "tool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define USAGE     "password [--digest REALM] FILE USER"
#define FILE_MOST ((size_t)16 * 1024 * 1024)
#define NEW_MODE  0640 /* of a file that was not there */

struct order {
    struct arena arena;
    const char *path;
    struct slice user;
    struct slice realm; /* empty: a basic file */
    char password[PASSWORD_MOST + 1];
};

/* ---- the password ---- */

static bool read_line(char *out, size_t room)
{
    if (!fgets(out, (int)room, stdin))
        return false;
    const size_t len = strcspn(out, "\n");
    const bool whole = out[len] == '\n' || len + 1 < room;

    out[len] = '\0';
    return whole;
}

/* Asks on the terminal, without an echo. */
static bool ask_line(const char *prompt, char *out, size_t room)
{
    struct termios before;
    struct termios silent;

    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return false;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fprintf(stderr, "%s", prompt); /* what is typed from here on counts */
    const bool good = read_line(out, room);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fprintf(stderr, "\n");
    return good;
}

static const char *read_twice(struct order *order)
{
    char again[PASSWORD_MOST + 1];
    const char *why = NULL;

    if (!ask_line("New password: ", order->password, sizeof(order->password)) ||
        !ask_line("Once more: ", again, sizeof(again)))
        why = "no password was read";
    else if (strcmp(order->password, again) != 0)
        why = "the two are not the same";
    explicit_bzero(again, sizeof(again));
    return why;
}

/* NULL, or why there is none. */
static const char *read_password(struct order *order)
{
    const char *why = NULL;

    if (isatty(STDIN_FILENO))
        why = read_twice(order);
    else if (!read_line(order->password, sizeof(order->password)))
        why = "no password was read from the standard input (at most 511 bytes)";
    if (!why && order->password[0] == '\0')
        why = "the password is empty";
    return why;
}

/* ---- the lines ---- */

static struct slice hex_of(struct order *order, const unsigned char *sum, size_t len)
{
    struct text text = text_on(arena_bytes(&order->arena, 2 * len), 2 * len);

    hex_encode(&text, slice_of(sum, len));
    return text_slice(&text);
}

/* Both sums: new clients want SHA-256, old ones know MD5 only. */
static struct slice digest_lines(struct order *order)
{
    const struct slice password = slice_cstr(order->password);
    const struct slice secret =
        arena_printf(&order->arena, "%.*s:%.*s:%.*s", SLICE_ARGS(order->user),
                     SLICE_ARGS(order->realm), SLICE_ARGS(password));
    unsigned char sum[SHA256_LEN];

    sum_of(SUM_MD5, &secret, 1, sum);
    const struct slice old = hex_of(order, sum, MD5_LEN);
    sha256_of(secret, sum);
    const struct slice new = hex_of(order, sum, SHA256_LEN);
    return arena_printf(&order->arena, "%.*s:%.*s:%.*s\n%.*s:%.*s:%.*s\n", SLICE_ARGS(order->user),
                        SLICE_ARGS(order->realm), SLICE_ARGS(new), SLICE_ARGS(order->user),
                        SLICE_ARGS(order->realm), SLICE_ARGS(old));
}

static struct slice basic_lines(struct order *order)
{
    struct password_hasher *hasher = password_hasher_new();
    char hash[PASSWORD_HASH_MOST];
    const int r = password_hash_make(hasher, slice_cstr(order->password), hash);

    password_hasher_free(hasher);
    if (r < 0)
        return SLICE("");
    return arena_printf(&order->arena, "%.*s:%s\n", SLICE_ARGS(order->user), hash);
}

/* The text with the user's lines in the place of the old ones, or at the end. */
static struct slice replace_lines(struct order *order, struct slice text, struct slice lines)
{
    const struct slice owner =
        order->realm.len > 0 ? arena_printf(&order->arena, "%.*s:%.*s:", SLICE_ARGS(order->user),
                                            SLICE_ARGS(order->realm))
                             : arena_printf(&order->arena, "%.*s:", SLICE_ARGS(order->user));
    const size_t room = text.len + lines.len + 1;
    struct text out = text_on(arena_bytes(&order->arena, room), room);
    bool is_in = false;

    while (text.len > 0) {
        struct slice line;

        slice_cut(text, '\n', &line, &text);
        if (!slice_starts(line, owner)) {
            text_add(&out, line);
            text_add_char(&out, '\n');
        } else if (!is_in) {
            text_add(&out, lines);
            is_in = true;
        }
    }
    if (!is_in)
        text_add(&out, lines);
    return text_slice(&out);
}

/* ---- the file ---- */

static int read_old(struct order *order, struct slice *ret_text, struct stat *ret_info)
{
    scoped_fd fd = open(order->path, O_RDONLY | O_CLOEXEC);
    char *bytes = NULL;
    size_t len = 0;

    *ret_text = SLICE("");
    *ret_info = (struct stat){ .st_mode = NEW_MODE, .st_uid = geteuid(), .st_gid = getegid() };
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(fd, ret_info) < 0)
        return -errno;
    int r = fd_read_all(fd, FILE_MOST, &bytes, &len);
    if (r < 0)
        return r;
    *ret_text = arena_copy(&order->arena, slice_of(bytes, len));
    free(bytes);
    return 0;
}

/* A new file that takes the place of the old one when it is complete: nobody reads half of it. */
static int write_new(struct order *order, struct slice text, const struct stat *like)
{
    const size_t room = strlen(order->path) + sizeof(".XXXXXX");
    char *name = arena_bytes(&order->arena, room);

    snprintf(name, room, "%s.XXXXXX", order->path);
    scoped_fd fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return -errno;

    int r = fd_write_all(fd, text.at, text.len);
    /* The owner first: it takes bits of the mode away. Who may not give a file away keeps it. */
    if (r == 0 && fchown(fd, like->st_uid, like->st_gid) < 0 && errno != EPERM)
        r = -errno;
    if (r == 0 &&
        (fchmod(fd, like->st_mode & 07777) < 0 || fsync(fd) < 0 || rename(name, order->path) < 0))
        r = -errno;
    if (r < 0)
        unlink(name);
    return r;
}

static int change(struct order *order)
{
    const struct slice lines = order->realm.len > 0 ? digest_lines(order) : basic_lines(order);
    struct slice text;
    struct stat info;

    if (lines.len == 0) {
        fprintf(stderr, "longhouse: this password cannot be hashed\n");
        return 1;
    }
    int r = read_old(order, &text, &info);
    if (r == 0)
        r = write_new(order, replace_lines(order, text, lines), &info);
    if (r < 0) {
        fprintf(stderr, "longhouse: cannot write '%s': %s\n", order->path, strerror(-r));
        return 1;
    }
    return 0;
}

/* A name that can stand in front of a ':'. */
static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] == ':' || (unsigned char)name.at[i] < 0x20 || name.at[i] == 0x7f)
            return false;
    return name.len > 0 && name.at[0] != '#';
}

static int run(struct order *order)
{
    static char real[PATH_MAX];
    const char *why = NULL;

    if (!is_name(order->user) || (order->realm.len > 0 && !is_name(order->realm))) {
        fprintf(stderr, "longhouse: names have neither ':' nor control characters, nor a '#' in "
                        "front\n");
        return 2;
    }
    if (realpath(order->path, real)) /* a link stays one */
        order->path = real;
    why = read_password(order);
    if (why) {
        fprintf(stderr, "longhouse: %s; nothing was changed\n", why);
        return 1;
    }
    return change(order);
}

int tool_password(int argc, char **argv)
{
    struct order order = { 0 };
    int words = 0;

    for (int i = 0; i < argc; i++) {
        const char *realm = word_value("--digest", argc, argv, &i);

        if (realm)
            order.realm = slice_cstr(realm);
        else if (argv[i][0] == '-' || words == 2)
            return usage(USAGE);
        else if (words++ == 0)
            order.path = argv[i];
        else
            order.user = slice_cstr(argv[i]);
    }
    if (words < 2)
        return usage(USAGE);
    const int status = run(&order);
    explicit_bzero(order.password, sizeof(order.password));
    arena_done(&order.arena);
    return status;
}
