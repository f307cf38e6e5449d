#ifndef INSPECTOR_TRIAL_H
#define INSPECTOR_TRIAL_H

/*
 * A program that is started once, as somebody, to see whether it can be: with nothing to read, what
 * it writes is thrown away, and it is ended with all that it started when it takes too long.
 */
#include "config/model.h"
#include "config/run_as.h"

enum trial_end {
    TRIAL_NOT_STARTED, /* error */
    TRIAL_EXITED,      /* value: its status */
    TRIAL_KILLED,      /* value: the signal */
    TRIAL_TOO_LONG,
};

struct trial {
    const char *folder; /* where it is started */
    char **words;       /* the program first; NULL behind the last one */
    char **environment;
    const struct account *account; /* NULL: it stays who we are */
    const struct confine_conf *limits;
    unsigned patience_ms;
};

struct trial_result {
    enum trial_end end;
    int error; /* positive errno */
    int value;
};

void trial_run(const struct trial *trial, struct trial_result *ret);

#endif
