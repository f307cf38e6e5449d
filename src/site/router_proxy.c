/* ReverseProxy and WebSocket: what is sent on. */
#include "http/websocket.h"
#include "router_private.h"
#include "site/folder_rules.h"
#include "site/proxies.h"

/* As it was sent, without the scheme and the host of an absolute form: it means the same. */
static struct slice local_target(struct exchange *x)
{
    const struct target *target = &x->request.target;

    if (target->form != TARGET_ABSOLUTE)
        return target->raw;
    return arena_printf(&x->arena, "%.*s%s%.*s", SLICE_ARGS(target->raw_path),
                        target->has_query ? "?" : "", SLICE_ARGS(target->query));
}

bool router_judge_websockets(const struct judge *judge)
{
    struct exchange *x = judge->x;

    if (judge->host->conf->websockets && x->request.error_status == 0 &&
        websocket_key_of(&x->request).len > 0)
        judge->verdict->proxy = websockets_find(judge->host->conf, x->request.target.path);
    return false;
}

bool router_judge_proxies(const struct judge *judge)
{
    struct exchange *x = judge->x;
    const struct proxy_conf *rule;

    if (!judge->host->conf->proxies || judge->verdict->proxy || x->request.error_status != 0 ||
        router_is_challenge(x->request.target.path))
        return false;
    if (!proxies_find(judge->snapshot->proxies, judge->host->conf, local_target(x), &rule))
        return say(judge, 500,
                   arena_printf(&x->arena,
                                "the ReverseProxy rule at %s:%u: its pattern takes too long for "
                                "this request; make it simpler",
                                rule->place.file, rule->place.line)
                       .at);
    judge->verdict->proxy = rule;
    return false;
}

void router_judge_proxied(const struct judge *judge)
{
    struct exchange *x = judge->x;
    struct verdict *verdict = judge->verdict;
    const struct folder_names names = { .path = x->request.target.path,
                                        .asked = x->request.target.path };

    verdict->folder = folder_rules_for_path(judge->host, &names, &x->arena);
    verdict->resource.absolute = x->request.target.path;
    verdict->answer = ANSWER_FASTCGI;
    verdict->fastcgi = verdict->proxy->section;
    verdict->why = arena_printf(&x->arena, "a %s rule takes it", verdict->proxy->option).at;
}
