/* The targets of FastCGIserver: connected to, and asked for the page of Probe, by the house's own
 * prober. */
#include "doctor.h"

#include "base/container.h"
#include "gateway/named.h"
#include "gateway/probe.h"
#include "loop/mailbox.h"
#include "net/tls_remote.h"

#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 10000u

/* One section at a time. */
struct rounds {
    const struct visit_of_doctor *visit;
    struct probe_news news;
    struct tls_trust *trust; /* NULL: none is asked by TLS */
    struct loop loop;
    struct mailbox mailbox;
    struct desk desk;
    struct log silence;
    const struct fastcgi_conf *section;
    unsigned left; /* targets that were not heard of */
};

static void write_nothing(struct log *log, enum log_level level, struct slice line)
{
    (void)log;
    (void)level;
    (void)line;
}

/* ---- what came of it ---- */

static void on_told(struct probe_news *news, const struct backend *backend, enum probe_word word,
                    const char *why)
{
    struct rounds *rounds = container_of(news, struct rounds, news);
    struct findings *findings = rounds->visit->findings;
    const struct fastcgi_conf *section = rounds->section;
    char name[BACKEND_NAME_MOST];

    if (rounds->left > 0)
        rounds->left--;
    if (backend->absent)
        return;
    backend_name(backend, name);
    switch (word) {
    case PROBE_WELL:
        finding_add(findings, FINDING_OK, "backend", NULL, "%.*s: %s %s", SLICE_ARGS(section->id),
                    name,
                    section->probe_path.len > 0 ? "answers its probe"
                    : backend->remote           ? "can be connected to, and its TLS handshake is "
                                                  "good"
                                                : "can be connected to");
        break;
    case PROBE_SAYS_NOTHING:
        finding_add(findings, FINDING_WARN, "backend",
                    "it needs more workers (php-fpm: pm.max_children), or has come to a standstill",
                    "%.*s: %s is there, and its queue is full", SLICE_ARGS(section->id), name);
        break;
    case PROBE_INSECURE:
        finding_add(findings, FINDING_FAIL, "backend", NULL, "%.*s: %s: %s",
                    SLICE_ARGS(section->id), name, why);
        break;
    case PROBE_ILL:
        finding_add(
            findings, FINDING_FAIL, "backend",
            section->probe_path.len > 0
                ? "is it running, does it listen there, may the user of the server connect, "
                  "and is its ping path that of Probe?"
                : "is it running, does it listen there, and may the user of the server "
                  "connect?",
            "%.*s: %s: %s", SLICE_ARGS(section->id), name, why);
        break;
    }
}

/* ---- names ---- */

static void look_up(struct rounds *rounds, struct backend_group *group,
                    const struct connect_conf *target)
{
    const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
    struct resolved found[BACKEND_ADDRESSES_MOST];
    struct findings *findings = rounds->visit->findings;
    struct addrinfo *list = NULL;
    unsigned count = 0;

    if (target->is_srv) {
        finding_add(findings, FINDING_NOTE, "backend", "longhouse check looks it up",
                    "%.*s: %.*s is an SRV record, and not asked here",
                    SLICE_ARGS(rounds->section->id), SLICE_ARGS(target->text));
        return;
    }
    const int r = getaddrinfo(arena_cstr(findings->arena, target->host), NULL, &wanted, &list);
    for (const struct addrinfo *one = list; one && count < BACKEND_ADDRESSES_MOST;
         one = one->ai_next) {
        struct resolved *resolved = &found[count++];

        *resolved = (struct resolved){ .weight = 1 };
        memcpy(&resolved->address, one->ai_addr, one->ai_addrlen);
        address_set_port(&resolved->address, target->port);
    }
    if (list)
        freeaddrinfo(list);
    if (r == 0)
        (void)named_set(group, target, found, count, &rounds->desk);
    else
        finding_add(findings, FINDING_FAIL, "backend",
                    "is the name right, and the DNS server (/etc/resolv.conf, /etc/hosts)?",
                    "%.*s: %.*s: %s", SLICE_ARGS(rounds->section->id), SLICE_ARGS(target->host),
                    gai_strerror(r));
}

/* ---- one section ---- */

static void ask_section(struct rounds *rounds, const struct fastcgi_conf *section)
{
    struct backend_group *group = backend_group_new(section);

    rounds->section = section;
    rounds->left = group->count;
    if (section->uses_tls)
        backend_group_set_trust(group, rounds->trust);
    for (const struct connect_conf *target = section->targets; target; target = target->next)
        if (target->host.len > 0)
            look_up(rounds, group, target);
    struct prober *prober = prober_new(&rounds->loop, &rounds->desk, &rounds->silence, group);
    prober_tell(prober, &rounds->news);
    const uint64_t end_ms = rounds->loop.now_ms + PATIENCE_MS;
    while (rounds->left > 0 && rounds->loop.now_ms < end_ms)
        loop_turn(&rounds->loop, 100);
    prober_free(prober);
    backend_group_free(group);
}

/* Workers of our own are there when the house runs. */
static void ask_pool(const struct rounds *rounds, const struct fastcgi_conf *section)
{
    finding_add(rounds->visit->findings, FINDING_NOTE, "backend", NULL,
                "%.*s: %.*s is started by the house; longhouse status tells how its workers are",
                SLICE_ARGS(section->id), SLICE_ARGS(section->run.program));
}

static bool uses(const struct proxy_conf *rules, const struct fastcgi_conf *section)
{
    for (const struct proxy_conf *rule = rules; rule; rule = rule->next)
        if (rule->section == section)
            return true;
    return false;
}

static bool is_used(const struct vhost_conf *host, const struct fastcgi_conf *section)
{
    if (host->folder.fastcgi_auth == section)
        return true;
    for (unsigned i = 0; i < host->use_fastcgi_count; i++)
        if (host->use_fastcgi[i] == section)
            return true;
    if (uses(host->proxies, section) || uses(host->websockets, section))
        return true;
    for (unsigned i = 0; i < host->forced_count; i++)
        if (host->forced[i].used == section)
            return true;
    for (unsigned i = 0; i < host->directory_count; i++)
        if (host->directories[i]->folder.fastcgi_auth == section)
            return true;
    return false;
}

/* False: it cannot be used, and that is found. */
static bool make_trust(struct rounds *rounds)
{
    const struct visit_of_doctor *visit = rounds->visit;
    char why[TLS_WHY_MOST];

    if (visit->conf->ca_text.len == 0)
        return true;
    rounds->trust = tls_trust_new(visit->conf->ca_text, why);
    if (!rounds->trust)
        finding_add(visit->findings, FINDING_FAIL, "backend",
                    "CAcertificates names PEM files of the certificates of authorities",
                    "none is asked: who vouches for them is not known: %s", why);
    return rounds->trust != NULL;
}

static void ask_all(struct rounds *rounds)
{
    const struct visit_of_doctor *visit = rounds->visit;

    for (const struct fastcgi_conf *section = visit->conf->fastcgi; section;
         section = section->next) {
        if (visit->host && !is_used(visit->host, section))
            continue;
        if (section->run.program.len > 0)
            ask_pool(rounds, section);
        else
            ask_section(rounds, section);
    }
}

void doctor_backends(const struct visit_of_doctor *visit)
{
    struct rounds rounds = { .visit = visit, .news.told = on_told, .silence.write = write_nothing };
    struct driver *driver;
    int r = driver_epoll_new(&driver);

    if (r == 0) {
        loop_init(&rounds.loop, driver);
        r = mailbox_open(&rounds.mailbox, &rounds.loop);
    }
    if (r < 0) {
        finding_add(visit->findings, FINDING_WARN, "backend", NULL, "none can be asked: %s",
                    strerror(-r));
        return;
    }
    desk_open(&rounds.desk, &rounds.loop, &rounds.mailbox);
    if (make_trust(&rounds))
        ask_all(&rounds);
    tls_trust_drop(rounds.trust);
    desk_close(&rounds.desk);
    mailbox_close(&rounds.mailbox);
    loop_done(&rounds.loop);
}
