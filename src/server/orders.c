#include "server/orders.h"

#include "gateway/backend.h"

/* The target's name within this section; empty: another section is meant. */
static struct slice name_within(const struct backend_group *group, struct slice name)
{
    const struct slice id = group->conf->id;

    if (name.len > id.len + 1 && slice_starts(name, id) && name.at[id.len] == '/')
        return slice_skip(name, id.len + 1);
    return (struct slice){ 0 };
}

static unsigned drain_everywhere(const struct house *house, struct slice name, bool drain)
{
    unsigned found = 0;

    for (unsigned i = 0; i < house->backend_count; i++) {
        struct backend_group *group = house->backends[i];
        const struct slice within = name_within(group, name);

        found += backend_group_drain(group, name, drain);
        if (within.len > 0)
            found += backend_group_drain(group, within, drain);
    }
    return found;
}

static void order_backend(const struct house *house, struct slice name, bool drain,
                          struct text *text)
{
    if (drain_everywhere(house, name, drain) == 0) {
        text_printf(text,
                    "error: no FastCGIserver has a target '%.*s'; write it as in ConnectTo, or as "
                    "FastCGIid/TARGET\n",
                    SLICE_ARGS(name));
        return;
    }
    log_notice(house->log, "%.*s %s by order", SLICE_ARGS(name),
               drain ? "takes no new sessions" : "takes sessions again");
    text_printf(text, "ok: %.*s %s\n", SLICE_ARGS(name),
                drain ? "takes no new sessions; those it has go on" : "takes sessions again");
}

bool orders_obey(const struct house *house, struct slice line, struct text *text)
{
    static const struct slice drain = SLICE_INIT("backend drain ");
    static const struct slice enable = SLICE_INIT("backend enable ");

    if (slice_starts(line, drain))
        order_backend(house, slice_trim(slice_skip(line, drain.len)), true, text);
    else if (slice_starts(line, enable))
        order_backend(house, slice_trim(slice_skip(line, enable.len)), false, text);
    else
        return false;
    return true;
}
