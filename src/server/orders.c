#include "server/orders.h"

#include "config/bans_conf.h"
#include "gateway/backend.h"
#include "server/bans.h"
#include "server/legacy.h"
#include "server/reactor.h"
#include "server/warden.h"

#include <time.h>

#define BAN_USUAL_MS ((uint64_t)86400 * 1000)

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

    for (unsigned i = 0; i < house->edition->backend_count; i++) {
        struct backend_group *group = house->edition->backends[i];
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
    const unsigned found = drain_everywhere(house, name, drain);

    if (found > 0)
        legacy_touch(house->legacy);
    if (found == 0) {
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

/* ---- bans ---- */

/* An address, or the /64 of an IPv6 client as the list shows it. */
static bool client_parse(struct slice text, union socket_address *ret)
{
    struct address_net net;

    if (!address_net_parse(text, &net) || net.all)
        return false;
    *ret = net.base;
    address_unmap(ret);
    return ret->any.sa_family == AF_INET ? net.bits == 32 : net.bits == 64 || net.bits == 128;
}

static void complain_of_address(struct slice name, struct text *text)
{
    text_printf(text, "error: '%.*s' is no address; write 192.0.2.7 or 2001:db8::7\n",
                SLICE_ARGS(name));
}

static void order_ban(const struct house *house, struct slice words, struct text *text)
{
    union socket_address client;
    struct slice name;
    struct slice time = { 0 };
    uint64_t time_ms = BAN_USUAL_MS;
    char buffer[64];
    struct text how_long = text_on(buffer, sizeof(buffer));

    const bool has_time = slice_cut(words, ' ', &name, &time);
    time = slice_trim(time);
    if (!client_parse(name, &client)) {
        complain_of_address(name, text);
        return;
    }
    if (has_time && !ban_time_parse(time, &time_ms)) {
        text_printf(text, "error: '%.*s' is no time; write seconds, or 10m, 2h, 30d\n",
                    SLICE_ARGS(time));
        return;
    }
    bans_add(house->bans, &client, OFFENCE_ORDER, time_ms, house_now_ms(house));
    if (house->edition->snapshot->conf->bans.kick)
        warden_kick(house, &client);
    ban_time_add(&how_long, time_ms);
    log_notice(house->log, "%.*s is banned for %s: by order", SLICE_ARGS(name),
               text_cstr(&how_long));
    text_printf(text, "ok: %.*s is banned for %s\n", SLICE_ARGS(name), text_cstr(&how_long));
}

static void order_unban(const struct house *house, struct slice name, struct text *text)
{
    union socket_address client;

    if (slice_equal_nocase(name, SLICE("all"))) {
        const unsigned count = bans_lift_all(house->bans, house_now_ms(house));

        log_notice(house->log, "all %u bans are lifted by order", count);
        text_printf(text, "ok: %u ban%s lifted\n", count, count == 1 ? "" : "s");
    } else if (!client_parse(name, &client)) {
        complain_of_address(name, text);
    } else if (!bans_lift(house->bans, &client, house_now_ms(house))) {
        text_printf(text, "error: %.*s is not banned; 'longhouse bans' shows who is\n",
                    SLICE_ARGS(name));
    } else {
        log_notice(house->log, "the ban of %.*s is lifted by order", SLICE_ARGS(name));
        text_printf(text, "ok: %.*s is not banned any more\n", SLICE_ARGS(name));
    }
}

static void order_bans(const struct house *house, struct text *text)
{
    const uint64_t now_ms = house_now_ms(house);

    if (bans_count(house->bans, now_ms) == 0)
        text_add_cstr(text, "nobody is banned\n");
    else
        bans_describe(house->bans, now_ms, (int64_t)time(NULL), text);
}

bool orders_obey(const struct house *house, struct slice line, struct text *text)
{
    static const struct slice drain = SLICE_INIT("backend drain ");
    static const struct slice enable = SLICE_INIT("backend enable ");
    static const struct slice ban = SLICE_INIT("ban ");
    static const struct slice unban = SLICE_INIT("unban ");

    if (slice_starts(line, drain))
        order_backend(house, slice_trim(slice_skip(line, drain.len)), true, text);
    else if (slice_starts(line, enable))
        order_backend(house, slice_trim(slice_skip(line, enable.len)), false, text);
    else if (slice_starts(line, ban))
        order_ban(house, slice_trim(slice_skip(line, ban.len)), text);
    else if (slice_starts(line, unban))
        order_unban(house, slice_trim(slice_skip(line, unban.len)), text);
    else if (slice_equal(line, SLICE("bans")))
        order_bans(house, text);
    else
        return false;
    return true;
}
