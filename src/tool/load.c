#include "tool/load.h"

#include "os/fd.h"
#include "tool/tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool find_program(const char *name, char *path, size_t room)
{
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (len > 0) {
        self[len] = '\0';
        char *slash = strrchr(self, '/');

        if (slash)
            *slash = '\0';
        /* Beside us comes second: in a shared bin folder that may be somebody else's "server". */
        if ((size_t)snprintf(path, room, "%s/../libexec/longhouse/%s", self, name) < room &&
            access(path, X_OK) == 0)
            return true;
        if ((size_t)snprintf(path, room, "%s/%s", self, name) < room && access(path, X_OK) == 0)
            return true;
    }
    if ((size_t)snprintf(path, room, "%s/%s", LIBEXEC_FOLDER, name) < room &&
        access(path, X_OK) == 0)
        return true;
    fprintf(stderr,
            "longhouse: the program '%s' is neither beside this one, nor in ../libexec/longhouse, "
            "nor in "
            "%s; is the installation complete?\n",
            name, LIBEXEC_FOLDER);
    return false;
}

struct server_conf *tool_load_into(const char *path, bool disk, struct diags *diags,
                                   const char **ret_why)
{
    struct source *source = NULL;

    *ret_why = NULL;
    struct source_text *text = disk_source_open(path, diags->arena, &source, ret_why);
    if (!text)
        return NULL;
    const struct load load = {
        .arena = diags->arena,
        .diags = diags,
        .source = source,
        .ask = disk ? tool_ask() : NULL,
    };
    return load_config(&load, text);
}

static void print(const struct diags *diags, const char *path)
{
    diags_print(diags, stderr, isatty(2));
    if (diags->errors > 0)
        fprintf(stderr, "%s: %u error%s, %u warning%s\n", path, diags->errors,
                diags->errors == 1 ? "" : "s", diags->warnings, diags->warnings == 1 ? "" : "s");
}

static bool is_readable(const char *path, const char *why)
{
    if (why)
        fprintf(stderr, "longhouse: %s: %s\n", path, why);
    return !why;
}

struct server_conf *tool_load(const char *path, bool disk, struct arena *arena, bool *ret_warned)
{
    const char *why = NULL;
    struct diags diags;

    diags_init(&diags, arena);
    struct server_conf *conf = tool_load_into(path, disk, &diags, &why);
    if (!is_readable(path, why))
        return NULL;
    print(&diags, path);
    if (ret_warned)
        *ret_warned = diags.warnings > 0;
    return diags.errors > 0 ? NULL : conf;
}

struct server_conf *tool_load_of_house(const char *path, struct arena *arena)
{
    const char *why = NULL;
    struct diags diags;

    diags_init(&diags, arena);
    struct server_conf *conf = tool_load_into(path, false, &diags, &why);
    if (!is_readable(path, why))
        return NULL;
    if (diags.errors > 0)
        print(&diags, path);
    return diags.errors > 0 ? NULL : conf;
}

int control_connect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    scoped_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    return fd_take(&fd);
}

int usage(const char *text)
{
    fprintf(stderr, "usage: longhouse %s\n", text);
    return 2;
}

const char *word_value(const char *name, int argc, char **argv, int *at)
{
    size_t len = strlen(name);
    const char *word = argv[*at];

    if (strcmp(word, name) == 0 && *at + 1 < argc)
        return argv[++*at];
    if (strncmp(word, name, len) == 0 && word[len] == '=')
        return word + len + 1;
    return NULL;
}
