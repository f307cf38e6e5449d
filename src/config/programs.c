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

/* A document may come from anybody and name any file, and a stylesheet as well: what xsltproc can
 * read is bounded, whatever else the host is. */
static void confine_styles(struct vhost_conf *host)
{
    host->style_confine = host->confine;
    host->style_confine.sandbox = SANDBOX_STRICT;
    host->style_confine.sandbox_writes = NULL;
    host->style_confine.sandbox_network = true; /* of no use to it: --nonet */
    host->style_confine.no_new_privs = true;
}

void programs_number(struct build *build)
{
    unsigned rule = 0;

    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next) {
        collect_handlers(build->conf, host, build->arena);
        confine_styles(host);
        host->rule_base = rule;
        rule += roots_rules(host);
    }
}
