/* What `longhouse check` knows about certificates, which the supervisor does not look into. */
#include "config/load.h"
#include "net/staple.h"
#include "net/tls.h"
#include "tool_private.h"

static const char *unaskable(struct slice certificates)
{
    struct arena arena = { 0 };
    struct staple_question question;
    const char *why = staple_ask(certificates, &arena, &question);

    arena_done(&arena);
    return why;
}

static void look_at(struct load_ask *ask, struct slice certificates, struct slice key,
                    struct slice staple, struct load_certificate *ret)
{
    static char why[TLS_WHY_MOST];
    static char gap[TLS_WHY_MOST];
    static char unstapled[TLS_WHY_MOST];
    const struct tls_identity identity = { certificates, key, staple };
    int64_t until_s;

    (void)ask;
    *ret = (struct load_certificate){ 0 };
    if (!tls_identity_check(&identity, why)) {
        ret->fault = why;
        return;
    }
    ret->days_left = tls_identity_days_left(&identity);
    ret->unaskable = unaskable(certificates);
    ret->must_staple = tls_identity_must_staple(&identity);
    if (!tls_identity_is_whole(&identity, gap))
        ret->gap = gap;
    if (staple.len > 0 && !tls_identity_staple(&identity, &until_s, unstapled))
        ret->unstapled = unstapled;
}

static bool covers(struct load_ask *ask, struct slice certificates, struct slice name)
{
    const struct tls_identity identity = { .certificates = certificates, .key = certificates };

    (void)ask;
    return tls_identity_covers(&identity, name);
}

static void look_at_authority(struct load_ask *ask, struct slice certificates, struct slice revoked,
                              struct load_authority *ret)
{
    static char why[TLS_WHY_MOST];
    const struct tls_authority_options options = {
        .certificates = certificates,
        .revoked = revoked,
    };
    struct tls_authority *authority = tls_authority_new(&options, why);

    (void)ask;
    tls_authority_drop(authority);
    *ret = (struct load_authority){
        .fault = authority ? NULL : why,
        .days_left = tls_revoked_days_left(revoked),
    };
}

struct load_ask *tool_ask(void)
{
    static struct load_ask all;

    all = *load_ask_disk();
    all.certificate = look_at;
    all.certificate_covers = covers;
    all.authority = look_at_authority;
    return &all;
}
