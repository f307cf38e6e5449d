#include "config/same.h"

static bool same_words(const struct conf_word *a, const struct conf_word *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (!slice_equal(a->text, b->text))
            return false;
    return !a && !b;
}

static bool same_targets(const struct connect_conf *a, const struct connect_conf *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (!slice_equal(a->text, b->text))
            return false;
    return !a && !b;
}

/* What is not among the options of the section itself: it comes from the server and the hosts. */
static bool same_surroundings(const struct fastcgi_conf *a, const struct fastcgi_conf *b)
{
    return slice_equal(a->run.confine.user, b->run.confine.user) &&
           same_words(a->run.confine.groups, b->run.confine.groups) &&
           a->max_connections == b->max_connections && a->keep_connections == b->keep_connections &&
           a->keep_ms == b->keep_ms;
}

bool config_same_section(const struct fastcgi_conf *a, const struct fastcgi_conf *b)
{
    return slice_equal(a->id, b->id) && slice_equal(a->written, b->written) &&
           same_targets(a->targets, b->targets) && same_surroundings(a, b);
}
