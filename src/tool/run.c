/* `longhouse run`: hands over to the supervisor. */
#include "tool/tool.h"
#include "tool_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int tool_run(int argc, char **argv)
{
    const char *config = CONFIG_FOLDER;
    const char *words[8];
    int count = 0;
    bool behind = false;
    bool quiet = false;
    char path[4096];

    for (int i = 0; i < argc; i++) {
        const char *value = word_value("-c", argc, argv, &i);

        if (value)
            config = value;
        else if (strcmp(argv[i], "--daemon") == 0)
            behind = true;
        else if (strcmp(argv[i], "--quiet") == 0)
            quiet = true;
        else
            return usage("run [-c FILE|DIR] [--daemon] [--quiet]");
    }
    if (strcmp(config, CONFIG_FOLDER) == 0 && access(config, F_OK) < 0) {
        fprintf(stderr,
                "longhouse: %s: %s\n      = name a configuration with -c, or serve a folder at "
                "once: longhouse serve DIR\n",
                config, strerror(errno));
        return 1;
    }
    if (!find_program("supervisor", path, sizeof(path)))
        return 1;
    words[count++] = "longhouse supervisor";
    words[count++] = "-c";
    words[count++] = config;
    if (behind)
        words[count++] = "--daemon";
    if (quiet)
        words[count++] = "--quiet";
    words[count] = NULL;
    execv(path, (char *const *)words);
    fprintf(stderr, "longhouse: cannot start %s: %s\n", path, strerror(errno));
    return 1;
}
