#ifndef HANDLER_OUTCOME_H
#define HANDLER_OUTCOME_H

/*
 * How a program was refused or has ended, as status and words for the log: what happened, and what
 * can be done about it. Private to this floor.
 */
#include "base/arena.h"
#include "config/model.h"
#include "gateway/spawn_client.h"

/* What to answer when the spawner did not start a program. The words are in the arena or static.
 * `user`: as whom it would have run. */
struct refusal {
    int status;
    const char *why;
};
struct refusal refusal_of(const struct spawn_failed *failed, struct slice user,
                          struct arena *arena);

/* How a program ended that was started: "it exited with status 1". */
const char *exit_text(const struct program *program, const struct confine_conf *confine,
                      struct arena *arena);

#endif
