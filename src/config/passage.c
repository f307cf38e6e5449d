#include "passage.h"

/* What the table says of a folder: values that are nothing but themselves. */
static char passes;
static char bars;

bool passage_begin(struct passage *passage, const struct server_conf *conf, struct load_ask *ask,
                   struct arena *arena)
{
    *passage = (struct passage){ .ask = ask, .arena = arena };
    if (!ask->is_root(ask))
        return true;
    passage->who = &passage->account;
    return !ask->account(ask, conf->server_user, conf->server_groups, arena, &passage->account);
}

void passage_end(struct passage *passage)
{
    table_done(&passage->folders);
}

static bool may_pass(struct passage *passage, struct slice folder)
{
    struct load_ask *ask = passage->ask;
    char *known = table_find(&passage->folders, folder);

    if (!known) {
        known =
            ask->may_pass(ask, arena_cstr(passage->arena, folder), passage->who) ? &passes : &bars;
        table_put(&passage->folders, folder, known);
    }
    return known == &passes;
}

bool passage_enters(struct passage *passage, struct slice path)
{
    for (size_t at = 1; at < path.len; at++)
        if (path.at[at] == '/' && !may_pass(passage, slice_first(path, at)))
            return false;
    return may_pass(passage, path);
}
