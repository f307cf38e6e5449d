#include "server/names.h"

#include "gateway/desk.h"
#include "gateway/name_watch.h"
#include "gateway/named.h"
#include "os/fd.h"

#include <stdlib.h>

struct names {
    struct desk desk; /* nobody tells it anything: places belong to reactors */
    struct house *house;
};

static struct backend_group *group_of(const struct names *names, const struct connect_conf *conf)
{
    const struct edition *edition = names->house->edition;

    for (unsigned i = 0; i < edition->backend_count; i++) {
        const struct connect_conf *target = edition->backends[i]->conf->targets;

        for (; target; target = target->next)
            if (target == conf)
                return edition->backends[i];
    }
    return NULL;
}

static void log_addresses(const struct names *names, const struct connect_conf *conf,
                          const struct resolved *addresses, unsigned count)
{
    char line[1024];
    char address[ADDRESS_TEXT_MOST];
    struct text text = text_on(line, sizeof(line));

    for (unsigned i = 0; i < count; i++)
        text_printf(&text, " %s", address_text_port(&addresses[i].address, address));
    log_notice(names->house->log, "ConnectTo %.*s is now%s", SLICE_ARGS(conf->text),
               text_cstr(&text));
}

static void on_found(void *self, const struct connect_conf *conf, const struct resolved *addresses,
                     unsigned count)
{
    struct names *names = self;

    if (named_set(group_of(names, conf), conf, addresses, count, &names->desk))
        log_addresses(names, conf, addresses, count);
}

static void on_missing(void *self, const struct connect_conf *conf)
{
    struct names *names = self;

    named_fail(group_of(names, conf), conf, &names->desk);
}

struct names *names_open(struct loop *loop, struct mailbox *mailbox, struct house *house)
{
    struct names *names = calloc(1, sizeof(*names));
    bool any = false;

    if (!names)
        abort();
    names->house = house;
    desk_open(&names->desk, loop, mailbox);
    house->name_watch = name_watch_new(loop, house->log);
    for (unsigned i = 0; i < house->edition->backend_count; i++) {
        const struct connect_conf *target = house->edition->backends[i]->conf->targets;

        for (; target; target = target->next) {
            if (target->host.len == 0)
                continue;
            name_watch_add(house->name_watch, target,
                           (struct name_listener){ on_found, on_missing, names });
            any = true;
        }
    }
    if (any)
        return names;
    names_close(names);
    return NULL;
}

void names_close(struct names *names)
{
    if (!names)
        return;
    name_watch_free(names->house->name_watch);
    names->house->name_watch = NULL;
    desk_close(&names->desk);
    free(names);
}

void names_connect(struct names *names, int channel)
{
    if (names && channel >= 0)
        name_watch_connect(names->house->name_watch, channel);
    else
        fd_close(&channel);
}
