/* What `longhouse check` knows about certificates, which the supervisor does not look into. */
#include "config/load.h"
#include "net/tls.h"
#include "tool_private.h"

static void look_at(struct load_ask *ask, struct slice certificates, struct slice key,
                    struct load_certificate *ret)
{
    static char why[TLS_WHY_MOST];
    const struct tls_identity identity = { certificates, key };

    (void)ask;
    *ret = (struct load_certificate){ 0 };
    if (!tls_identity_check(&identity, why))
        ret->fault = why;
    else
        ret->days_left = tls_identity_days_left(&identity);
}

static bool covers(struct load_ask *ask, struct slice certificates, struct slice name)
{
    const struct tls_identity identity = { certificates, certificates };

    (void)ask;
    return tls_identity_covers(&identity, name);
}

struct load_ask *tool_ask(void)
{
    static struct load_ask all;

    all = *load_ask_disk();
    all.certificate = look_at;
    all.certificate_covers = covers;
    return &all;
}
