/*
 * The inspector: what the front door hands over to for `explain` and `doctor`. It has the house's
 * own code for deciding about requests, and takes no part in answering any.
 */
#include "inspector/inspector.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc >= 2 && strcmp(argv[1], "explain") == 0)
        return inspector_explain(argc - 2, argv + 2);
    if (argc >= 2 && strcmp(argv[1], "doctor") == 0)
        return inspector_doctor(argc - 2, argv + 2);
    fprintf(stderr, "longhouse inspector: is started by `longhouse explain` and `doctor`\n");
    return 2;
}
