/*
 * TLSstaple: the files in which answers about certificates are kept, read as far as they are there,
 * as if TLSstapleFile had named them.
 */
#include "base/encode.h"
#include "base/sum.h"
#include "build.h"
#include "config/load.h"

#define SUFFIX ".ocsp"

/* ---- the certificates of a text ---- */

#define DASHES "-----"

/* "CERTIFICATE-----" or "TRUSTED CERTIFICATE-----" in front of `rest`; empty: neither. */
static struct slice label_of(struct slice rest)
{
    static const struct slice labels[] = { SLICE_INIT("CERTIFICATE" DASHES),
                                           SLICE_INIT("TRUSTED CERTIFICATE" DASHES) };

    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (slice_starts(rest, labels[i]))
            return labels[i];
    return (struct slice){ 0 };
}

/* From its first line to its last, with nothing but a certificate between them: whatever is cut or
 * mixed up, no key is in it. False: there is no further one. */
static bool next_certificate(struct slice *rest, struct slice *ret)
{
    static const struct slice begin = SLICE_INIT(DASHES "BEGIN ");
    static const struct slice end = SLICE_INIT(DASHES "END ");

    for (size_t at; (at = slice_find_slice(*rest, begin)) != SLICE_NONE;) {
        const struct slice whole = slice_skip(*rest, at);
        const struct slice label = label_of(slice_skip(whole, begin.len));
        const struct slice body = slice_skip(whole, begin.len + label.len);
        const size_t len = label.len > 0 ? slice_find_slice(body, SLICE(DASHES)) : SLICE_NONE;
        const struct slice last = slice_skip(body, len == SLICE_NONE ? body.len : len);

        if (slice_starts(last, end) && slice_starts(slice_skip(last, end.len), label)) {
            *ret = slice_first(whole, begin.len + label.len + len + end.len + label.len);
            *rest = slice_skip(whole, ret->len);
            return true;
        }
        *rest = body;
    }
    return false;
}

struct slice staple_certificates(struct slice text, struct arena *arena)
{
    struct slice alone = { 0 };
    struct slice next;

    while (next_certificate(&text, &next))
        alone = arena_printf(arena, "%.*s%.*s\n", SLICE_ARGS(alone), SLICE_ARGS(next));
    return alone;
}

/* ---- by what an answer is known ---- */

struct slice staple_id(const struct conf_file *staple)
{
    const size_t slash = slice_find_last(staple->path, '/');
    const struct slice name = slice_skip(staple->path, slash == SLICE_NONE ? 0 : slash + 1);

    return slice_first(name, name.len - (sizeof(SUFFIX) - 1));
}

static const struct conf_file *find_in(const struct tls_conf *tls, struct slice id)
{
    const struct conf_file *staple = tls->asks ? tls->staples : NULL;

    for (const struct conf_file *file = tls->certificates; file && staple; file = file->next) {
        if (slice_equal(staple_id(staple), id))
            return file;
        staple = staple->next;
    }
    return NULL;
}

const struct conf_file *staple_find(const struct server_conf *conf, struct slice id)
{
    const struct conf_file *found = NULL;

    for (const struct binding_conf *one = conf->bindings; one && !found; one = one->next)
        found = find_in(&one->tls, id);
    for (const struct vhost_conf *one = conf->hosts; one && !found; one = one->next)
        found = find_in(&one->tls, id);
    return found;
}

/* ---- the files ---- */

/* Of another certificate it is another one: nothing old is taken for new. */
static struct slice path_for(const struct load *load, const struct server_conf *conf,
                             struct slice text)
{
    char digits[2 * SHA256_LEN];
    unsigned char sum[SHA256_LEN];
    struct text hex = text_on(digits, sizeof(digits));

    sha256_of(staple_certificates(text, load->arena), sum);
    hex_encode(&hex, slice_of((const char *)sum, sizeof(sum)));
    return arena_printf(load->arena, "%.*s/%.*s" SUFFIX, SLICE_ARGS(conf->acme.folder),
                        SLICE_ARGS(text_slice(&hex)));
}

static void load_answers(const struct load *load, const struct server_conf *conf,
                         struct tls_conf *tls)
{
    struct conf_file **end = &tls->staples;

    for (const struct conf_file *file = tls->certificates; file; file = file->next) {
        if (file->text.len == 0)
            continue; /* AutoTLS has not got it yet, or it cannot be read, which was said */
        *end = automatic_file(load, path_for(load, conf, file->text), &tls->asks_place);
        end = &(*end)->next;
    }
}

static void load_one(const struct load *load, const struct server_conf *conf, struct tls_conf *tls)
{
    if (!tls->asks)
        return;
    if (tls->staples)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &tls->asks_place,
                           "TLSstaple asks the authority, and TLSstapleFile names what it has "
                           "said"),
                  "leave out one of both");
    else if (!tls->certificates && !tls->automatic)
        diag_hint(load->diags,
                  diag_add(load->diags, DIAG_ERROR, &tls->asks_place,
                           "there is no certificate here that TLSstaple could ask about"),
                  "set it where TLScertFile or AutoTLS is");
    else
        load_answers(load, conf, tls);
}

void load_staples(const struct load *load, struct server_conf *conf)
{
    for (struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        load_one(load, conf, &binding->tls);
    for (struct vhost_conf *host = conf->hosts; host; host = host->next)
        load_one(load, conf, &host->tls);
}
