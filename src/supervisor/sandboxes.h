#ifndef SANDBOXES_H
#define SANDBOXES_H

/*
 * What programs of a host, and workers of a pool, may see and write: a Landlock ruleset for each
 * one that has a sandbox, and the private folder for its temporary files.
 */
#include "config/model.h"

#include <stdbool.h>

struct arena;
struct diags;
struct identity;

struct sandbox {
    struct sandbox *next;
    const struct confine_conf *confine; /* borrowed: of a host, or of a pool */
    unsigned number;                    /* 1, 2, ... */
    int ruleset;                        /* owned */
    const char *tmp;                    /* a folder that is removed at the end */
};

struct sandboxes {
    struct sandbox *first;
    struct sandbox **end;
    unsigned count;
};

/* For each host and each pool of workers that has one. False: a diagnostic says why. */
bool sandboxes_open(const struct server_conf *conf, const struct identity *identity,
                    struct arena *arena, struct diags *diags, struct sandboxes *ret);

/* NULL: it has none. */
const struct sandbox *sandboxes_find(const struct sandboxes *sandboxes,
                                     const struct confine_conf *confine);

/* Removes what was made. */
void sandboxes_close(struct sandboxes *sandboxes);

#endif
