#include "server/certificates.h"

#include "base/container.h"
#include "base/text.h"
#include "net/self_signed.h"
#include "net/tls.h"
#include "os/socket.h"
#include "server/proofs.h"
#include "site/vhost_map.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define IDENTITIES_MOST 8u
#define NAME_MOST       255u /* bytes of a name that a client asks for */
#define REFUSALS_TOLD   10u  /* lines a minute about clients that are refused */

/* One binding's way to choose. */
struct chooser {
    struct tls_chooser chooser; /* embedded: what connections see */
    const struct certificates *certificates;
    const struct binding_conf *binding;
};

/* Of all reactors: anybody can be refused as often as it likes. */
struct refusals {
    _Atomic int64_t minute; /* the last in which there was one */
    _Atomic unsigned count; /* in it */
};

struct certificates {
    const struct snapshot *snapshot;               /* borrowed */
    struct proofs *proofs;                         /* borrowed */
    struct log *log;                               /* borrowed */
    struct refusals *refusals;                     /* owned */
    bool in_kernel;                                /* what goes out is enciphered there */
    struct slice ticket_secret;                    /* borrowed while they are made */
    struct tls_context **of_bindings;              /* by binding_conf.index; NULL: no TLS */
    struct tls_context **of_hosts;                 /* by vhost_conf.index; NULL: none of its own */
    struct tls_authority **of_clients_of_bindings; /* likewise; NULL: anybody may come */
    struct tls_authority **of_clients_of_hosts;    /* likewise; NULL: as the binding says */
    struct chooser *choosers;                      /* by binding_conf.index */
};

/* ---- choosing ---- */

/* As our names are written. */
static struct slice clean_name(struct slice name, char small[NAME_MOST])
{
    struct text text = text_on(small, NAME_MOST);

    if (name.len > 0 && name.at[name.len - 1] == '.')
        name.len--;
    for (size_t i = 0; i < name.len && i < NAME_MOST - 1; i++)
        text_add_char(&text, ascii_lower(name.at[i]));
    return text_slice(&text);
}

static struct tls_context *choose(const struct tls_chooser *base, struct slice name,
                                  struct tls_authority **ret_authority)
{
    const struct chooser *self = container_of(base, const struct chooser, chooser);
    const struct certificates *all = self->certificates;
    char small[NAME_MOST];

    unsigned host =
        vhost_map_find(all->snapshot->names, clean_name(name, small), self->binding, NULL);
    const unsigned binding = self->binding->index;
    *ret_authority = all->of_clients_of_hosts[host] ? all->of_clients_of_hosts[host]
                                                    : all->of_clients_of_bindings[binding];
    return all->of_hosts[host] ? all->of_hosts[host] : all->of_bindings[binding];
}

/* The how manieth of its minute it is, from 1 on. */
static unsigned count_refusal(struct refusals *refusals)
{
    const int64_t minute = (int64_t)time(NULL) / 60;

    if (atomic_exchange(&refusals->minute, minute) != minute)
        atomic_store(&refusals->count, 0);
    return atomic_fetch_add(&refusals->count, 1) + 1;
}

static void tell_refusal(const struct tls_chooser *base, int fd, const char *why)
{
    const struct chooser *self = container_of(base, const struct chooser, chooser);
    const unsigned count = count_refusal(self->certificates->refusals);
    char text[ADDRESS_TEXT_MOST] = "somebody";
    union socket_address peer;

    if (count > REFUSALS_TOLD)
        return;
    if (socket_peer_address(fd, &peer) == 0) {
        address_unmap(&peer);
        address_text(&peer, text);
    }
    log_notice(self->certificates->log, "the certificate of client %s on port %u is refused: %s%s",
               text, self->binding->port, why,
               count == REFUSALS_TOLD ? " (further ones in this minute are not told)" : "");
}

/* ---- building ---- */

static void *table_of(unsigned count, size_t size)
{
    void *table = calloc(count ? count : 1, size);

    if (!table)
        abort();
    return table;
}

/* Nothing of a site depends on it. */
static void tell_unstapled(const struct certificates *self, const struct tls_identity *identity,
                           const struct conf_file *staple)
{
    char why[TLS_WHY_MOST];
    int64_t until_s;

    if (staple && !tls_identity_staple(identity, &until_s, why))
        log_warning(self->log, "%s:%u: TLSstapleFile '%.*s' is not shown to clients: %s",
                    staple->place.file, staple->place.line, SLICE_ARGS(staple->path),
                    identity->staple.len > 0 ? why : "it is missing or empty");
}

/* NULL with a sentence in `why`. */
static struct tls_context *context_of(const struct certificates *self,
                                      const struct tls_identity *identities, unsigned count,
                                      char *why)
{
    const struct tls_options options = {
        .identities = identities,
        .identity_count = count,
        .least_version = self->snapshot->conf->least_tls,
        .in_kernel = self->in_kernel,
        .ticket_secret = self->ticket_secret,
        .session_id = SLICE("longhouse"),
    };

    return tls_context_new(&options, why);
}

/* Of the files. NULL with a sentence in `why`. */
static struct tls_context *read_context(const struct certificates *self, const struct tls_conf *tls,
                                        char *why)
{
    struct tls_identity identities[IDENTITIES_MOST];
    const struct conf_file *key = tls->keys;
    const struct conf_file *staple = tls->staples;
    unsigned count = 0;

    for (const struct conf_file *file = tls->certificates; file && count < IDENTITIES_MOST;
         file = file->next) {
        identities[count] = (struct tls_identity){
            .certificates = file->text,
            .key = key ? key->text : file->text,
            .staple = staple ? staple->text : SLICE(""),
        };
        if (!tls->asks) /* who asks tells how it stands */
            tell_unstapled(self, &identities[count], staple);
        count++;
        key = key ? key->next : NULL;
        staple = staple ? staple->next : NULL;
    }
    return context_of(self, identities, count, why);
}

/* What is shown in place of a certificate that AutoTLS has not got yet. */
static struct tls_context *self_signed_context(const struct certificates *self,
                                               const struct tls_conf *tls, char *why)
{
    struct arena arena = { 0 };
    const struct slice pem = self_signed_pem(acme_id(tls), &arena);
    const struct tls_identity identity = { .certificates = pem, .key = pem };
    struct tls_context *context = context_of(self, &identity, 1, why);
    arena_done(&arena);
    return context;
}

static struct tls_context *prove(const struct tls_chooser *base, struct slice name)
{
    const struct certificates *all =
        container_of(base, const struct chooser, chooser)->certificates;
    struct arena arena = { 0 };
    char small[NAME_MOST];
    char why[TLS_WHY_MOST];
    const struct slice pem = proofs_certificate(all->proofs, clean_name(name, small), &arena);
    const struct tls_identity identity = { .certificates = pem, .key = pem };
    const struct tls_options options = {
        .identities = &identity,
        .identity_count = 1,
        .least_version = all->snapshot->conf->least_tls,
    };
    struct tls_context *context = pem.len > 0 ? tls_context_new(&options, why) : NULL;

    arena_done(&arena);
    return context;
}

/* NULL with *ret_why. */
static struct tls_context *make_context(const struct certificates *self, const struct tls_conf *tls,
                                        const char **ret_why)
{
    static char why[TLS_WHY_MOST];
    static char sentence[TLS_WHY_MOST + 512];
    const struct conf_file *file = tls->certificates;
    const bool is_missing = tls->automatic && file->text.len == 0;
    struct tls_context *context = is_missing ? NULL : read_context(self, tls, why);

    if (!context && tls->automatic) {
        log_notice(self->log, "'%.*s' %s: a self-signed certificate is shown meanwhile",
                   SLICE_ARGS(file->path), is_missing ? "is not there yet" : why);
        context = self_signed_context(self, tls, why);
    }
    if (!context) {
        snprintf(sentence, sizeof(sentence), "%s:%u: the certificate '%.*s': %s", file->place.file,
                 file->place.line, SLICE_ARGS(file->path), why);
        *ret_why = sentence;
    }
    return context;
}

/* NULL with *ret_why. */
static struct tls_authority *make_authority(const struct tls_conf *tls, const char **ret_why)
{
    static char why[TLS_WHY_MOST];
    static char sentence[TLS_WHY_MOST + 512];
    const struct conf_file *file = tls->authorities;
    const struct tls_authority_options options = {
        .certificates = file->text,
        .revoked = file->next ? file->next->text : SLICE(""),
        .id = slice_of((const char *)tls->authority_id, sizeof(tls->authority_id)),
    };
    struct tls_authority *authority = tls_authority_new(&options, why);

    if (!authority) {
        snprintf(sentence, sizeof(sentence), "%s:%u: RequiredCA '%.*s': %s", file->place.file,
                 file->place.line, SLICE_ARGS(file->path), why);
        *ret_why = sentence;
    }
    return authority;
}

static bool make_authorities(struct certificates *self, const char **ret_why)
{
    const struct server_conf *conf = self->snapshot->conf;
    struct tls_authority **made;

    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        made = &self->of_clients_of_bindings[binding->index];
        if (binding->tls.authorities && !(*made = make_authority(&binding->tls, ret_why)))
            return false;
    }
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        made = &self->of_clients_of_hosts[host->index];
        if (host->tls.authorities && !(*made = make_authority(&host->tls, ret_why)))
            return false;
    }
    return true;
}

static bool make_contexts(struct certificates *self, const char **ret_why)
{
    const struct server_conf *conf = self->snapshot->conf;

    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        self->choosers[binding->index] = (struct chooser){
            .chooser = { choose, tell_refusal, prove, binding->http2 != HTTP2_NO },
            .certificates = self,
            .binding = binding,
        };
        if (!binding->tls.certificates)
            continue;
        self->of_bindings[binding->index] = make_context(self, &binding->tls, ret_why);
        if (!self->of_bindings[binding->index])
            return false;
    }
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        if (!host->tls.certificates)
            continue;
        self->of_hosts[host->index] = make_context(self, &host->tls, ret_why);
        if (!self->of_hosts[host->index])
            return false;
    }
    return true;
}

struct certificates *certificates_new(const struct snapshot *snapshot, struct slice ticket_secret,
                                      struct proofs *proofs, struct log *log, const char **ret_why)
{
    const struct server_conf *conf = snapshot->conf;
    struct certificates *self = table_of(1, sizeof(*self));

    *self = (struct certificates){
        .snapshot = snapshot,
        .proofs = proofs,
        .log = log,
        .refusals = table_of(1, sizeof(struct refusals)),
        .in_kernel = conf->kernel_tls && tls_kernel_is_there(),
        .ticket_secret = ticket_secret,
        .of_bindings = table_of(conf->binding_count, sizeof(struct tls_context *)),
        .of_hosts = table_of(conf->host_count, sizeof(struct tls_context *)),
        .of_clients_of_bindings = table_of(conf->binding_count, sizeof(struct tls_authority *)),
        .of_clients_of_hosts = table_of(conf->host_count, sizeof(struct tls_authority *)),
        .choosers = table_of(conf->binding_count, sizeof(struct chooser)),
    };
    if (make_contexts(self, ret_why) && make_authorities(self, ret_why))
        return self;
    certificates_free(self);
    return NULL;
}

void certificates_free(struct certificates *self)
{
    if (!self)
        return;
    for (unsigned i = 0; i < self->snapshot->conf->binding_count; i++) {
        tls_context_drop(self->of_bindings[i]);
        tls_authority_drop(self->of_clients_of_bindings[i]);
    }
    for (unsigned i = 0; i < self->snapshot->conf->host_count; i++) {
        tls_context_drop(self->of_hosts[i]);
        tls_authority_drop(self->of_clients_of_hosts[i]);
    }
    free(self->of_bindings);
    free(self->of_hosts);
    free(self->of_clients_of_bindings);
    free(self->of_clients_of_hosts);
    free(self->choosers);
    free(self->refusals);
    free(self);
}

struct transport *certificates_transport(const struct certificates *self, struct loop *loop, int fd,
                                         const struct binding_conf *binding)
{
    struct tls_context *context = self->of_bindings[binding->index];

    return context ? tls_transport(loop, fd, context, &self->choosers[binding->index].chooser)
                   : tcp_transport(loop, fd);
}

/* ---- fields ---- */

static void add_hsts(struct exchange *x, const struct require_tls_conf *require)
{
    struct slice value = arena_printf(&x->arena, "max-age=%" PRIu64 "%s%s", require->hsts_ms / 1000,
                                      require->subdomains ? "; includeSubDomains" : "",
                                      require->preload ? "; preload" : "");

    exchange_field(x, SLICE("Strict-Transport-Security"), value);
}

/* Random bytes would do as well; letters are a valid value for sure. */
static void add_random(struct exchange *x, uint64_t most)
{
    uint16_t dice = 0;

    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != (ssize_t)sizeof(dice))
        return;
    size_t len = 1 + dice % most;
    char *bytes = arena_bytes(&x->arena, len);
    memset(bytes, 'a' + dice / 256 % 26, len);
    exchange_field(x, SLICE("X-Random"), slice_of(bytes, len));
}

void secrecy_fields(struct exchange *x, const struct vhost_conf *host)
{
    if (host->require_tls.is_on && host->require_tls.hsts_ms > 0)
        add_hsts(x, &host->require_tls);
    if (host->random_header > 0)
        add_random(x, host->random_header);
}
