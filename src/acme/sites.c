/* Which certificate is due, and what became of the last try. */
#include "acme_private.h"

#include <stdlib.h>
#include <string.h>

#define SPREAD 24u /* of a life, or of a pause */

static void site_free(struct site *site)
{
    free(site->id);
    free(site->names);
    free(site->pem);
    free(site->error);
}

/* By its certificate: when it holds and when the next one is due. */
static void plan(struct site *site, int64_t now_unix_s)
{
    const struct slice pem = slice_cstr(site->pem);
    struct validity validity;

    site->due_unix_s = now_unix_s;
    site->until_unix_s = 0;
    if (certificate_fault(pem, pem, slice_cstr(site->names), now_unix_s) ||
        !certificate_validity(pem, &validity))
        return;
    site->until_unix_s = (uint64_t)validity.until_unix_s;
    const uint64_t life_s = (uint64_t)(validity.until_unix_s - validity.from_unix_s);
    const int64_t due_s = certificate_renewal(&validity) +
                          (int64_t)spread_s(site->id, site->until_unix_s, life_s / SPREAD);
    if (due_s > now_unix_s)
        site->due_unix_s = due_s;
}

static struct site site_new(const struct acme_site *from, int64_t now_unix_s)
{
    struct site site = {
        .id = slice_dup(from->id),
        .names = slice_dup(from->names),
        .pem = slice_dup(from->pem),
    };

    plan(&site, now_unix_s);
    return site;
}

static struct site *find_same(const struct sites *sites, const struct acme_site *site)
{
    unsigned char sum[SHA256_LEN];

    sha256_of(site->pem, sum);
    for (unsigned i = 0; i < sites->count; i++) {
        struct site *known = &sites->sites[i];

        if (known->id && slice_equal_cstr(site->id, known->id) &&
            slice_equal_cstr(site->names, known->names) &&
            (slice_equal_cstr(site->pem, known->pem) || memcmp(sum, known->told, sizeof(sum)) == 0))
            return known;
    }
    return NULL;
}

void sites_take(struct sites *sites, const struct acme_tasks *tasks, int64_t now_unix_s)
{
    struct sites taken = { .sites = calloc((size_t)tasks->count + 1, sizeof(struct site)),
                           .count = tasks->count };

    if (!taken.sites)
        abort();
    for (unsigned i = 0; i < tasks->count; i++) {
        struct site *known = find_same(sites, &tasks->sites[i]);

        taken.sites[i] = known ? *known : site_new(&tasks->sites[i], now_unix_s);
        sha256_of(tasks->sites[i].pem, taken.sites[i].told);
        if (known)
            *known = (struct site){ 0 };
    }
    sites_done(sites);
    *sites = taken;
}

void sites_done(struct sites *sites)
{
    for (unsigned i = 0; i < sites->count; i++)
        site_free(&sites->sites[i]);
    free(sites->sites);
    *sites = (struct sites){ 0 };
}

struct site *sites_first(const struct sites *sites)
{
    struct site *first = NULL;

    for (unsigned i = 0; i < sites->count; i++)
        if (!first || sites->sites[i].due_unix_s < first->due_unix_s)
            first = &sites->sites[i];
    return first;
}

void sites_renew(const struct sites *sites, struct slice id, int64_t now_unix_s)
{
    for (unsigned i = 0; i < sites->count; i++)
        if (id.len == 0 || slice_equal_nocase(id, slice_cstr(sites->sites[i].id)))
            sites->sites[i].due_unix_s = now_unix_s;
}

void site_obtained(struct site *site, struct slice pem, int64_t now_unix_s)
{
    free(site->pem);
    site->pem = slice_dup(pem);
    free(site->error);
    site->error = NULL;
    site->failures = 0;
    plan(site, now_unix_s);
    if (site->due_unix_s <= now_unix_s) /* of a clock that is wrong, or a very short life */
        site->due_unix_s = now_unix_s + (int64_t)pause_after_s(1, 0);
}

bool site_failed(struct site *site, struct slice why, uint64_t asked_s, int64_t now_unix_s)
{
    const bool is_news = !site->error || !slice_equal_cstr(why, site->error);

    if (is_news) {
        free(site->error);
        site->error = slice_dup(why);
    }
    if (site->failures < 1000)
        site->failures++;
    uint64_t pause_s = pause_after_s(site->failures, asked_s);
    if (asked_s < pause_s)
        pause_s += spread_s(site->id, site->failures, pause_s / SPREAD);
    site->due_unix_s = now_unix_s + (int64_t)pause_s;
    return is_news;
}

struct acme_state site_state(const struct site *site)
{
    return (struct acme_state){
        .id = slice_cstr(site->id),
        .until_unix_s = site->until_unix_s,
        .next_unix_s = (uint64_t)(site->due_unix_s > 0 ? site->due_unix_s : 0),
        .error = slice_cstr(site->error),
    };
}
