/* `longhouse thttpd FLAG ...`: the command line of thttpd, read from left to right. */
#include "config/read_thttpd.h"
#include "os/fd.h"
#include "tool/tool.h"
#include "tool_private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Each flag is a word of thttpd.conf. */
static const struct flag {
    const char *flag;
    const char *word;
    bool has_value;
} flags[] = {
    { "-C", "include", true },       { "-p", "port", true },
    { "-d", "dir", true },           { "-dd", "data_dir", true },
    { "-r", "chroot", false },       { "-nor", "nochroot", false },
    { "-s", "symlinkcheck", false }, { "-nos", "nosymlinkcheck", false },
    { "-v", "vhost", false },        { "-nov", "novhost", false },
    { "-g", "globalpasswd", false }, { "-nog", "noglobalpasswd", false },
    { "-u", "user", true },          { "-c", "cgipat", true },
    { "-t", "throttles", true },     { "-h", "host", true },
    { "-l", "logfile", true },       { "-i", "pidfile", true },
    { "-T", "charset", true },       { "-P", "p3p", true },
    { "-M", "max_age", true },       { "-F", "fastopen", false },
};

#define FLAG_COUNT (sizeof(flags) / sizeof(flags[0]))

static int wrong_usage(void)
{
    fprintf(stderr, "usage: longhouse thttpd [-C file] [-p port] [-d dir] [-r|-nor] [-dd dir] "
                    "[-s|-nos] [-v|-nov]\n"
                    "       [-g|-nog] [-u user] [-c cgipat] [-t throttles] [-h host] [-l logfile] "
                    "[-i pidfile]\n"
                    "       [-T charset] [-P p3p] [-M max_age] [-F] [-V] [-D]\n");
    return 1; /* as thttpd's */
}

static const struct flag *find_flag(const char *word)
{
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (strcmp(word, flags[i].flag) == 0)
            return &flags[i];
    return NULL;
}

/* What thttpd does without -d: the folder it is started in. */
static bool write_folder(FILE *out)
{
    char folder[PATH_MAX];

    if (!getcwd(folder, sizeof(folder))) {
        fprintf(stderr, "longhouse: the folder this is started in: %s\n", strerror(errno));
        return false;
    }
    fprintf(out, "dir=%s\n", folder);
    return true;
}

/* False: not thttpd's usage. */
static bool write_words(int argc, char **argv, FILE *out, bool *ret_foreground)
{
    *ret_foreground = false;
    for (int i = 0; i < argc; i++) {
        const struct flag *flag = find_flag(argv[i]);

        if (strcmp(argv[i], "-D") == 0) {
            *ret_foreground = true;
        } else if (!flag || (flag->has_value && i + 1 == argc)) {
            return false;
        } else if (!flag->has_value) {
            fprintf(out, "%s\n", flag->word);
        } else if (strchr(argv[++i], '\n')) {
            fprintf(stderr, "longhouse: the value of %s holds a line end\n", flag->flag);
            return false;
        } else {
            fprintf(out, "%s=%s\n", flag->word, argv[i]);
        }
    }
    return true;
}

static int run_supervisor(int fd, bool foreground)
{
    char path[PATH_MAX];
    char number[16];

    if (!find_program("supervisor", path, sizeof(path)))
        return 1;
    snprintf(number, sizeof(number), "%d", fd);
    execl(path, "longhouse supervisor", "--config-fd", number, "--config-name", THTTPD_FLAGS_NAME,
          foreground ? NULL : "--daemon", (char *)NULL);
    fprintf(stderr, "longhouse: cannot start %s: %s\n", path, strerror(errno));
    return 1;
}

int tool_thttpd(int argc, char **argv)
{
    scoped_fd fd = memfd_create("configuration", 0); /* inherited by the supervisor */
    bool foreground;

    if (argc == 1 && strcmp(argv[0], "-V") == 0) {
        printf("Longhouse %s\n", LONGHOUSE_VERSION);
        return 0;
    }
    int copy = fd < 0 ? -1 : dup(fd);
    FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
    if (!out) {
        fprintf(stderr, "longhouse: no memory file: %s\n", strerror(errno));
        return 1;
    }
    bool folder = write_folder(out);
    bool good = folder && write_words(argc, argv, out, &foreground);
    fclose(out);
    if (!good)
        return folder ? wrong_usage() : 1;
    lseek(fd, 0, SEEK_SET);
    return run_supervisor(fd, foreground);
}
