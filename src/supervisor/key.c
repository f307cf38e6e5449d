/* The key of our own cookies, of challenges and of TLS session tickets where the configuration has
 * none: drawn once, and kept so that both hold over restarts. */
#include "supervisor_private.h"

#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct diag_place nowhere = { 0 };

static bool is_needed(const struct server_conf *conf)
{
    if (conf->session_key.len > 0)
        return false;
    if (conf->challenge.threshold > 0 && conf->challenge.secret.len == 0)
        return true;
    for (const struct fastcgi_conf *f = conf->fastcgi; f; f = f->next)
        if (f->stick_to == STICK_TO_COOKIE)
            return true;
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if (binding->tls.certificates)
            return true;
    return false;
}

/* The folder belongs to the user of the server: what lies there is ours only if nobody else could
 * have made it. */
static bool is_ours(const struct stat *found)
{
    return S_ISREG(found->st_mode) && found->st_uid == geteuid() && found->st_nlink == 1 &&
           (found->st_mode & 077) == 0 && found->st_size == KEY_DIGITS;
}

/* 0, -EINVAL when it is no key of ours, or negative errno. */
static int read_key(const char *path, char out[KEY_DIGITS + 1])
{
    scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat found;
    char text[KEY_DIGITS + 1] = "";

    if (fd < 0)
        return errno == ELOOP ? -EINVAL : -errno;
    if (fstat(fd, &found) < 0)
        return -errno;
    if (!is_ours(&found) || read(fd, text, KEY_DIGITS) != KEY_DIGITS ||
        strspn(text, "0123456789abcdef") != KEY_DIGITS)
        return -EINVAL;
    memcpy(out, text, sizeof(text));
    return 0;
}

static int draw(char out[KEY_DIGITS + 1])
{
    unsigned char bytes[KEY_DIGITS / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return errno ? -errno : -EIO;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static int write_file(const char *path, const char key[KEY_DIGITS + 1])
{
    scoped_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    return fd_write_all(fd, key, KEY_DIGITS);
}

/* Whole or not at all; a house that starts at the same time may be the first. */
static int keep(const char *path, const char *draft, const char key[KEY_DIGITS + 1])
{
    unlink(draft);
    int r = write_file(draft, key);
    if (r == 0 && link(draft, path) < 0 && errno != EEXIST)
        r = -errno;
    unlink(draft);
    return r;
}

int key_find(const char *path, char out[KEY_DIGITS + 1])
{
    char key[KEY_DIGITS + 1];
    char draft[4096];

    int r = read_key(path, out);
    if (r == 0)
        return 0;
    if (r == -EINVAL && unlink(path) < 0)
        r = -errno;
    if (r != -EINVAL && r != -ENOENT)
        return r;
    if (snprintf(draft, sizeof(draft), "%s.%d", path, (int)getpid()) >= (int)sizeof(draft))
        return -ENAMETOOLONG;
    r = draw(key);
    if (r == 0)
        r = keep(path, draft, key);
    return r < 0 ? r : read_key(path, out);
}

bool key_open(const struct server_conf *conf, struct arena *arena, struct diags *diags,
              char ret[KEY_DIGITS + 1])
{
    ret[0] = '\0';
    if (!is_needed(conf))
        return true;

    const char *path = arena_printf(arena, "%.*s/session.key", SLICE_ARGS(conf->work_directory)).at;
    int r = conf->work_directory.len > 0 ? key_find(path, ret) : -ENOENT;
    if (r == 0)
        return true;
    diag_hint(diags,
              diag_add(diags, DIAG_WARNING, &nowhere,
                       "the key of sessions cannot be kept as '%s': %s; visitors will lose their "
                       "targets when the house is started anew",
                       path, strerror(-r)),
              "set SessionKey or SessionKeyFile");
    r = draw(ret);
    if (r < 0)
        diag_add(diags, DIAG_ERROR, &nowhere, "no random numbers are to be had: %s", strerror(-r));
    return r == 0;
}
