/* What the machine gives the house: descriptors, queues, time, room on disks, ports. */
#include "doctor.h"

#include "base/number.h"
#include "net/staple.h"
#include "net/tls.h"
#include "os/fd.h"
#include "tool/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define DAYS_TO_RENEW 14
#define FILES_BESIDES 256u       /* logs, sockets, what libraries open */
#define FILES_OF_CGI  3u         /* pipes */
#define OLDEST_TIME   1704067200 /* 2024-01-01: before this program was written */
#define ROOM_LEAST    (UINT64_C(16) << 20)
#define ROOM_GOOD     (UINT64_C(256) << 20)

/* ---- certificates ---- */

/* What its authority has said of it, which clients are shown in the handshake. */
static void look_at_staple(const struct visit_of_doctor *visit, const struct tls_identity *identity,
                           const struct conf_file *certificate, const struct conf_file *staple)
{
    char why[TLS_WHY_MOST];
    int64_t until_s;

    if (!staple && tls_identity_must_staple(identity))
        finding_add(visit->findings, FINDING_FAIL, "certificate",
                    "TLSstaple = yes gets the answer of its authority; docs/tls.md says more",
                    "%.*s: it wants to be stapled, and nothing is: browsers refuse it",
                    SLICE_ARGS(certificate->path));
    else if (staple && !tls_identity_staple(identity, &until_s, why))
        finding_add(visit->findings,
                    tls_identity_must_staple(identity) ? FINDING_FAIL : FINDING_WARN, "certificate",
                    "ask its authority again; docs/tls.md says how",
                    "%.*s is not stapled to %.*s: %s", SLICE_ARGS(staple->path),
                    SLICE_ARGS(certificate->path), why);
}

/* The same, where the house asks itself (TLSstaple). */
static void look_at_answer(const struct visit_of_doctor *visit, const struct tls_identity *identity,
                           const struct conf_file *certificate)
{
    struct arena arena = { 0 };
    struct staple_question question;
    char sentence[TLS_WHY_MOST];
    int64_t until_s;
    const char *why = staple_ask(identity->certificates, &arena, &question);

    arena_done(&arena);
    if (!why && identity->staple.len == 0)
        why = "there is no answer yet, or the certificate is revoked";
    if (!why && !tls_identity_staple(identity, &until_s, sentence))
        why = sentence;
    if (why)
        finding_add(visit->findings,
                    tls_identity_must_staple(identity) ? FINDING_FAIL : FINDING_WARN, "certificate",
                    "'longhouse status' says how it stands; docs/tls.md helps",
                    "%.*s: nothing is stapled to it: %s", SLICE_ARGS(certificate->path), why);
}

static void look_at_certificate(const struct visit_of_doctor *visit, const struct tls_conf *tls,
                                const struct conf_file *certificate, const struct conf_file *key,
                                const struct conf_file *staple)
{
    const struct tls_identity identity = {
        .certificates = certificate->text,
        .key = key ? key->text : certificate->text,
        .staple = staple ? staple->text : SLICE(""),
    };
    char why[TLS_WHY_MOST];

    if (!tls_identity_check(&identity, why)) {
        finding_add(visit->findings, FINDING_FAIL, "certificate",
                    "make or renew it; docs/tls.md says how", "%.*s: %s",
                    SLICE_ARGS(certificate->path), why);
        return;
    }
    const int64_t days = tls_identity_days_left(&identity);
    finding_add(visit->findings,
                days < 0               ? FINDING_FAIL
                : days < DAYS_TO_RENEW ? FINDING_WARN
                                       : FINDING_OK,
                "certificate", days < DAYS_TO_RENEW ? "renew it; it is taken over by itself" : NULL,
                "%.*s: good for %" PRId64 " days", SLICE_ARGS(certificate->path), days);
    if (!tls_identity_is_whole(&identity, why))
        finding_add(visit->findings, FINDING_WARN, "certificate",
                    "put the chain behind it (certbot: fullchain.pem)", "%.*s: %s",
                    SLICE_ARGS(certificate->path), why);
    if (tls->asks)
        look_at_answer(visit, &identity, certificate);
    else
        look_at_staple(visit, &identity, certificate, staple);
}

static void look_at_tls(const struct visit_of_doctor *visit, const struct tls_conf *tls)
{
    const struct conf_file *key = tls->keys;
    const struct conf_file *staple = tls->staples;

    if (tls->automatic && tls->certificates->text.len == 0) {
        finding_add(visit->findings, FINDING_WARN, "certificate",
                    "'longhouse status' says how it stands; docs/acme.md helps",
                    "%.*s: AutoTLS has not got it yet", SLICE_ARGS(tls->certificates->path));
        return;
    }
    for (const struct conf_file *one = tls->certificates; one; one = one->next) {
        look_at_certificate(visit, tls, one, key, staple);
        key = key ? key->next : NULL;
        staple = staple ? staple->next : NULL;
    }
}

void doctor_certificates(const struct visit_of_doctor *visit)
{
    const struct server_conf *conf = visit->conf;

    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        look_at_tls(visit, &binding->tls);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (doctor_looks_at(visit, host))
            look_at_tls(visit, &host->tls);
}

static bool speaks_tls(const struct server_conf *conf)
{
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        if (binding->tls.certificates)
            return true;
    return false;
}

void doctor_kernel_tls(const struct visit_of_doctor *visit)
{
    if (!visit->conf->kernel_tls || !speaks_tls(visit->conf))
        return;
    if (tls_kernel_is_there())
        finding_add(visit->findings, FINDING_OK, "certificate", NULL,
                    "KernelTLS: the kernel enciphers what goes out");
    else
        finding_add(visit->findings, FINDING_NOTE, "certificate",
                    "large files cost less with it: modprobe tls, before the house starts",
                    "KernelTLS: this kernel does not encipher; OpenSSL does");
}

/* ---- the house itself ---- */

static int try_to_bind(const struct binding_conf *binding)
{
    const int on = 1;
    union socket_address address = binding->address;
    scoped_fd fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    address_set_port(&address, binding->port);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address.any.sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, &address.any, address_size(&address)) < 0 || listen(fd, 1) < 0)
        return -errno;
    return 0;
}

static const char *bind_cure(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "another program listens there: ss -ltnp says which; stop it, or change Port";
    case EACCES:
        return "ports below 1024 want root, or CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL:
        return "no interface of this machine has the address; correct Interface";
    default:
        return "see bind(2)";
    }
}

static void look_at_binding(const struct visit_of_doctor *visit, const struct binding_conf *binding)
{
    const int r = try_to_bind(binding);

    if (r < 0)
        finding_add(visit->findings, FINDING_FAIL, "binding", bind_cure(-r), "%.*s, port %u: %s",
                    SLICE_ARGS(binding->interface), binding->port, strerror(-r));
    else
        finding_add(visit->findings, FINDING_OK, "binding", NULL, "%.*s, port %u: free",
                    SLICE_ARGS(binding->interface), binding->port);
}

void doctor_house(const struct visit_of_doctor *visit)
{
    struct findings *findings = visit->findings;
    const struct server_conf *conf = visit->conf;

    scoped_fd fd = control_connect(arena_cstr(findings->arena, conf->control_socket));
    if (fd >= 0) {
        finding_add(findings, FINDING_OK, "house", NULL, "it runs with this configuration");
        return;
    }
    if (fd == -EACCES)
        finding_add(findings, FINDING_NOTE, "house",
                    "call this as root, or as the user of the server",
                    "whether it runs cannot be told: the control socket may not be opened");
    else
        finding_add(findings, FINDING_NOTE, "house", NULL, "it does not run now");
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        look_at_binding(visit, binding);
}

/* ---- limits ---- */

uint64_t doctor_wanted_files(const struct server_conf *conf)
{
    return conf->connections_total * 2 + conf->max_cgi_total * FILES_OF_CGI + conf->host_count +
           FILES_BESIDES;
}

/* Of the running house, which may have been started with another one than this shell has. */
static bool limit_of_house(const struct visit_of_doctor *visit, uint64_t *ret)
{
    const char *path = arena_cstr(visit->findings->arena, visit->conf->pid_file);
    scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct rlimit limit;
    char text[32];
    uint64_t pid;

    const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (got <= 0 || !number_parse(slice_trim_space(slice_of(text, (size_t)got)), INT32_MAX, &pid) ||
        prlimit((pid_t)pid, RLIMIT_NOFILE, NULL, &limit) < 0)
        return false;
    *ret = limit.rlim_max;
    return true;
}

static void look_at_files(const struct visit_of_doctor *visit)
{
    const uint64_t wanted = doctor_wanted_files(visit->conf);
    struct rlimit own = { 0 };
    uint64_t has;

    (void)getrlimit(RLIMIT_NOFILE, &own);
    const bool is_house = limit_of_house(visit, &has);
    if (!is_house)
        has = own.rlim_max;
    finding_add(visit->findings, has < wanted ? FINDING_WARN : FINDING_OK, "limits",
                has < wanted ? "raise it (LimitNOFILE of the service, ulimit -Hn), or lower "
                               "ConnectionsTotal"
                             : NULL,
                "open files: %" PRIu64 " allowed%s, %" PRIu64
                " wanted for ConnectionsTotal = %" PRIu64,
                has, is_house ? "" : " in this shell", wanted, visit->conf->connections_total);
}

static bool read_number(const char *path, uint64_t *ret)
{
    scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[32];
    const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));

    return got > 0 && number_parse(slice_trim_space(slice_of(text, (size_t)got)), UINT64_MAX, ret);
}

static void look_at_queue(const struct visit_of_doctor *visit)
{
    const uint64_t wanted = visit->conf->listen_backlog;
    uint64_t most;

    if (!read_number("/proc/sys/net/core/somaxconn", &most))
        return;
    finding_add(visit->findings, most < wanted ? FINDING_WARN : FINDING_OK, "limits",
                most < wanted ? "sysctl net.core.somaxconn, and a file in /etc/sysctl.d" : NULL,
                "connections that wait to be accepted: %" PRIu64 " by ListenBacklog, %" PRIu64
                " by the kernel (somaxconn)",
                wanted, most);
}

static void look_at_clock(const struct visit_of_doctor *visit)
{
    struct timex state = { 0 };

    if (time(NULL) < OLDEST_TIME)
        finding_add(visit->findings, FINDING_FAIL, "clock", "set it; timedatectl",
                    "it is years behind: certificates and sessions will be refused");
    else if (adjtimex(&state) == TIME_ERROR)
        finding_add(visit->findings, FINDING_NOTE, "clock",
                    "an NTP service (chrony, systemd-timesyncd) keeps it right",
                    "the kernel does not know it to be synchronized");
    else
        finding_add(visit->findings, FINDING_OK, "clock", NULL, "synchronized");
}

void doctor_limits(const struct visit_of_doctor *visit)
{
    look_at_files(visit);
    look_at_queue(visit);
    look_at_clock(visit);
}

/* ---- disks ---- */

enum finding_level doctor_judge_room(uint64_t free_bytes, uint64_t most_bytes)
{
    if (free_bytes < ROOM_LEAST)
        return FINDING_FAIL;
    return free_bytes < ROOM_GOOD || free_bytes < most_bytes / 50 ? FINDING_WARN : FINDING_OK;
}

static void look_at_disk(const struct visit_of_doctor *visit, const char *what, struct slice path)
{
    const char *folder = arena_cstr(visit->findings->arena, path);
    struct statvfs disk;

    if (path.len == 0)
        return;
    if (statvfs(folder, &disk) < 0) {
        finding_add(visit->findings, FINDING_FAIL, "disk", "make it, for the user of the server",
                    "%s %s: %s", what, folder, strerror(errno));
        return;
    }
    const uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
    const bool no_names = disk.f_files > 0 && disk.f_favail == 0;
    const enum finding_level level =
        no_names ? FINDING_FAIL : doctor_judge_room(room, (uint64_t)disk.f_blocks * disk.f_frsize);
    finding_add(visit->findings, level, "disk", level == FINDING_OK ? NULL : "make room",
                "%s %s: %" PRIu64 " MiB free%s", what, folder, room >> 20,
                no_names ? ", but no file more can be made (inodes)" : "");
}

/* The folder of the file. */
static struct slice folder_of(struct slice path)
{
    const size_t slash = slice_find_last(path, '/');

    return slash == SLICE_NONE ? SLICE("") : slice_first(path, slash > 0 ? slash : 1);
}

struct seen {
    struct slice folder;
    struct seen *next;
};

static void look_at_log(const struct visit_of_doctor *visit, const struct conf_log *log,
                        struct seen **seen)
{
    const struct slice folder = folder_of(log->path);

    if (log->kind != LOG_TO_FILE)
        return;
    for (const struct seen *one = *seen; one; one = one->next)
        if (slice_equal(one->folder, folder))
            return;
    struct seen *fresh = arena_new(visit->findings->arena, struct seen);
    *fresh = (struct seen){ folder, *seen };
    *seen = fresh;
    look_at_disk(visit, "logs", folder);
}

void doctor_disks(const struct visit_of_doctor *visit)
{
    const struct server_conf *conf = visit->conf;
    struct seen *seen = NULL;

    look_at_log(visit, &conf->system_log, &seen);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        if (!doctor_looks_at(visit, host))
            continue;
        look_at_log(visit, &host->access_log, &seen);
        look_at_log(visit, &host->error_log, &seen);
    }
    look_at_disk(visit, "WorkDirectory", conf->work_directory);
}
