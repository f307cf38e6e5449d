/* `longhouse explain` and `doctor`: hand over to the inspector. */
#include "tool/tool.h"
#include "tool_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int hand_over(char *verb, int argc, char **argv)
{
    static char name[] = "longhouse inspector";
    char path[4096];

    if (!find_program("inspector", path, sizeof(path)))
        return 1;
    char **words = calloc((size_t)argc + 3, sizeof(char *));
    if (!words)
        abort();
    words[0] = name;
    words[1] = verb;
    for (int i = 0; i < argc; i++)
        words[i + 2] = argv[i];
    execv(path, words);
    fprintf(stderr, "longhouse: cannot start %s: %s\n", path, strerror(errno));
    free(words);
    return 1;
}

int tool_explain(int argc, char **argv)
{
    static char verb[] = "explain";

    return hand_over(verb, argc, argv);
}

int tool_doctor(int argc, char **argv)
{
    static char verb[] = "doctor";

    return hand_over(verb, argc, argv);
}
