/* Which interpreters are in effect for each host, and the numbers of its rules. */
#include "build.h"
#include "config/roots.h"

static unsigned count_handlers(const struct cgi_handler_conf *handler)
{
    unsigned count = 0;

    for (; handler; handler = handler->next)
        count++;
    return count;
}

/* The host's own come before the server's: the first that claims an extension wins. */
static void collect_handlers(const struct server_conf *conf, struct vhost_conf *host,
                             struct arena *arena)
{
    unsigned count = count_handlers(host->cgi_handlers) + count_handlers(conf->cgi_handlers);

    host->handlers = arena_array(arena, struct cgi_handler_conf *, count);
    host->handler_count = 0;
    for (struct cgi_handler_conf *one = host->cgi_handlers; one; one = one->next)
        host->handlers[host->handler_count++] = one;
    for (struct cgi_handler_conf *one = conf->cgi_handlers; one; one = one->next)
        host->handlers[host->handler_count++] = one;
}

void programs_number(struct build *build)
{
    unsigned rule = 0;

    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next) {
        collect_handlers(build->conf, host, build->arena);
        host->rule_base = rule;
        rule += roots_rules(host);
    }
}
