#ifndef PASSAGE_H
#define PASSAGE_H

/*
 * Whether the user of the server gets into folders, through all that lie above them. The folders of
 * many websites lie in the same few: each is asked about once.
 */
#include "base/table.h"
#include "config/load.h"

#include <stdbool.h>

struct passage {
    struct load_ask *ask;
    const struct account *who; /* NULL: this process is as good as the server */
    struct account account;
    struct table folders; /* what was asked about; keys are borrowed from the paths */
    struct arena *arena;  /* borrowed */
};

/* False: there is no such user, which is said elsewhere. */
bool passage_begin(struct passage *passage, const struct server_conf *conf, struct load_ask *ask,
                   struct arena *arena);
void passage_end(struct passage *passage);

/* `path` is absolute and lives as long as the passage. A folder that is not there can be entered.
 */
bool passage_enters(struct passage *passage, struct slice path);

#endif
