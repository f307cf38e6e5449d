/* The interpreters of CGIhandler, each started once with an empty script, as each user that it
 * would be. Programs of websites are not started: nobody knows what they do. */
#include "doctor.h"

#include "base/table.h"
#include "config/folder.h"
#include "config/roots.h"
#include "config/xslt.h"
#include "os/remove.h"
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MOST  64u
#define PATIENCE_MS 5000u

struct rounds {
    const struct visit_of_doctor *visit;
    struct table tried; /* "user\nprogram": what was tried need not be tried again */
    char folder[64];
};

/* ---- what came of it ---- */

static const char *exec_cure(int error)
{
    switch (error) {
    case ENOENT:
        return "it is not there, or the program in its #! line is not; correct CGIhandler, or "
               "install it";
    case EACCES:
        return "is it executable (chmod +x) for that user, and each folder on the way?";
    case ENOMEM:
        return "CGImemory is too little to begin with";
    default:
        return "see execve(2)";
    }
}

static void tell(struct findings *findings, const char *program, struct slice user,
                 const struct trial_result *result)
{
    switch (result->end) {
    case TRIAL_NOT_STARTED:
        finding_add(findings, FINDING_FAIL, "interpreter", exec_cure(result->error),
                    "%s cannot be started as user %.*s: %s", program, SLICE_ARGS(user),
                    strerror(result->error));
        break;
    case TRIAL_KILLED:
        finding_add(findings, FINDING_FAIL, "interpreter",
                    "are CGImemory and CGIcpu enough for it?",
                    "%s as user %.*s was ended by signal %d (%s)", program, SLICE_ARGS(user),
                    result->value, strsignal(result->value));
        break;
    case TRIAL_TOO_LONG:
        finding_add(findings, FINDING_WARN, "interpreter",
                    "does it wait for something? try it by hand",
                    "%s as user %.*s still ran after %u s with an empty script", program,
                    SLICE_ARGS(user), PATIENCE_MS / 1000);
        break;
    case TRIAL_EXITED:
        finding_add(findings, result->value == 127 ? FINDING_WARN : FINDING_OK, "interpreter",
                    result->value == 127
                        ? "127 often means that a library is missing (ldd), or that "
                          "CGImemory is too little"
                        : NULL,
                    "%s starts as user %.*s (exit status %d with an empty script)", program,
                    SLICE_ARGS(user), result->value);
        break;
    }
}

/* ---- one trial ---- */

static const char *write_script(const struct rounds *rounds, struct slice extension)
{
    const struct slice path = arena_printf(rounds->visit->findings->arena, "%s/empty.%.*s",
                                           rounds->folder, SLICE_ARGS(extension));
    const int fd = open(path.at, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0 || fchmod(fd, 0644) < 0)
        return NULL;
    close(fd);
    return path.at;
}

static void fill_words(struct arena *arena, const struct cgi_handler_conf *handler,
                       const char *script, char *words[WORDS_MOST])
{
    unsigned count = 0;

    words[count++] = arena_cstr(arena, handler->program);
    for (const struct conf_word *word = handler->arguments; word && count < WORDS_MOST - 2;
         word = word->next)
        words[count++] = arena_cstr(arena, word->text);
    words[count++] = arena_cstr(arena, slice_cstr(script));
    words[count] = NULL;
}

/* NULL account: nobody need be changed. False: there is none; said. */
static bool find_account(const struct rounds *rounds, const struct confine_conf *confine,
                         struct slice *ret_user, struct account *ret)
{
    const struct server_conf *conf = rounds->visit->conf;
    const bool is_own = confine->user.len > 0;
    struct findings *findings = rounds->visit->findings;

    *ret_user = is_own ? confine->user : conf->server_user;
    if (geteuid() != 0)
        return true;
    const char *why = account_find(*ret_user, is_own ? confine->groups : conf->server_groups,
                                   findings->arena, ret);
    if (why)
        finding_add(findings, FINDING_FAIL, "interpreter", "adduser, or correct RunAs",
                    "user %.*s: %s", SLICE_ARGS(*ret_user), why);
    return !why;
}

static bool is_new(struct rounds *rounds, struct slice user, const struct cgi_handler_conf *handler)
{
    const struct slice parts[] = { user, SLICE("\n"), handler->program };
    const struct slice key = arena_join(rounds->visit->findings->arena, parts, 3);

    return !table_put(&rounds->tried, key, rounds);
}

static void try_handler(struct rounds *rounds, const struct confine_conf *confine,
                        const struct cgi_handler_conf *handler)
{
    struct findings *findings = rounds->visit->findings;
    static char path_word[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    static char status_word[] = "REDIRECT_STATUS=200";
    char *environment[] = { path_word, status_word, NULL };
    char *words[WORDS_MOST];
    struct account account;
    struct trial_result result;
    struct slice user;

    if (!find_account(rounds, confine, &user, &account) || !is_new(rounds, user, handler))
        return;
    const char *script = write_script(rounds, handler->extensions->text);
    if (!script) {
        finding_add(findings, FINDING_WARN, "interpreter", NULL, "no script in %s: %s",
                    rounds->folder, strerror(errno));
        return;
    }
    fill_words(findings->arena, handler, script, words);
    const struct trial trial = {
        .folder = rounds->folder,
        .words = words,
        .environment = environment,
        .account = geteuid() == 0 ? &account : NULL,
        .limits = confine,
        .patience_ms = PATIENCE_MS,
    };
    trial_run(&trial, &result);
    tell(findings, words[0], geteuid() == 0 ? user : SLICE("running this"), &result);
}

/* Of a host: its own programs', or those of a Directory with WrapCGI. */
static void try_identity(struct rounds *rounds, const struct vhost_conf *host,
                         const struct confine_conf *confine)
{
    if (confine->chroot.len > 0) {
        finding_add(rounds->visit->findings, FINDING_NOTE, "interpreter", NULL,
                    "those below %.*s (WrapCGI) are not tried", SLICE_ARGS(confine->chroot));
        return;
    }
    for (unsigned i = 0; i < host->handler_count; i++)
        if (host->handlers[i]->extensions)
            try_handler(rounds, confine, host->handlers[i]);
}

static void try_host(struct rounds *rounds, const struct vhost_conf *host)
{
    struct conf_word extension = { .text = SLICE("xslt") };
    const struct cgi_handler_conf styles = { .program = SLICE(XSLT_PROGRAM),
                                             .extensions = &extension };

    if (roots_transform(host))
        try_handler(rounds, &host->style_confine, &styles);
    for (unsigned identity = 0; folder_any_executes(host) && identity <= host->wrap_count;
         identity++)
        try_identity(rounds, host, roots_confine(host, identity));
}

void doctor_programs(const struct visit_of_doctor *visit)
{
    struct rounds rounds = { .visit = visit, .folder = "/tmp/longhouse-doctor-XXXXXX" };

    if (!mkdtemp(rounds.folder) || chmod(rounds.folder, 0755) < 0) {
        finding_add(visit->findings, FINDING_WARN, "interpreter", NULL, "no folder in /tmp: %s",
                    strerror(errno));
        return;
    }
    for (const struct vhost_conf *host = visit->conf->hosts; host; host = host->next)
        if (doctor_looks_at(visit, host))
            try_host(&rounds, host);
    table_done(&rounds.tried);
    (void)remove_all(rounds.folder);
}
