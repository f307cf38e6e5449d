#include "proxy_cache.h"

#include "handler/services.h"
#include "http/clock.h"
#include "http/freshness.h"
#include "site/media.h"
#include "site/resource.h"

#define MOST_S 60u /* for one that does not say itself how long it holds */

bool proxy_cache_is_meant(const struct exchange *x, const struct verdict *verdict)
{
    const struct services *services = x->services;

    if (!verdict->proxy)
        return false;
    const struct slice extension = path_extension(x->request.target.path);
    const struct conf_word *word = services->snapshot->conf->cache_proxy_extensions;
    while (word && !slice_equal_nocase(word->text, extension))
        word = word->next;
    return word != NULL;
}

/*
 * The answer is of the kind that its path names. A backend that does not know "/account/x.css" may
 * answer with the page of "/account", which is a visitor's own, and is not to lie there for all.
 */
static bool is_what_it_seems(const struct exchange *x, const struct verdict *verdict,
                             const struct fields *answer)
{
    const struct slice extension = path_extension(x->request.target.path);
    const struct slice expected = media_type(verdict->host->media, extension);

    return slice_equal_cstr(expected, "application/octet-stream") || /* nobody knows it */
           media_is_kin(expected, fields_value(answer, FIELD_CONTENT_TYPE));
}

bool proxy_cache_lasts(const struct exchange *x, const struct verdict *verdict,
                       const struct fields *answer, uint64_t *ret_ms)
{
    if (!proxy_cache_is_meant(x, verdict) || !is_what_it_seems(x, verdict, answer) ||
        cache_control_has(&x->request.fields, SLICE("no-store")))
        return false;
    *ret_ms = 1000 * freshness_s(answer, clock_unix_ms() / 1000, MOST_S);
    return *ret_ms > 0;
}
