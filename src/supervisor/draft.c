/* The next generation of the configuration: all that can be wrong with it is found here. */
#include "supervisor_private.h"

#include "os/fd.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a running house cannot change ---- */

static void refuse(struct diags *diags, const struct diag_place *place, const char *what,
                   const char *why)
{
    static const struct diag_place nowhere = { 0 };

    diag_hint(diags,
              diag_add(diags, DIAG_ERROR, place ? place : &nowhere,
                       "%s cannot change while the house runs: %s", what, why),
              "stop the house and start it again, or take this change back");
}

static bool same_words(const struct conf_word *a, const struct conf_word *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (!slice_equal(a->text, b->text))
            return false;
    return !a && !b;
}

static bool same_log(const struct conf_log *a, const struct conf_log *b)
{
    return a->kind == b->kind && (a->kind != LOG_TO_FILE || slice_equal(a->path, b->path));
}

static void check_places(const struct server_conf *now, const struct server_conf *next,
                         struct diags *diags)
{
    if (!slice_equal(now->pid_file, next->pid_file))
        refuse(diags, NULL, "PIDfile", "`longhouse stop` looks for it where it was");
    if (!slice_equal(now->control_socket, next->control_socket))
        refuse(diags, NULL, "ControlSocket", "it is open where it was");
    if (!slice_equal(now->work_directory, next->work_directory))
        refuse(diags, NULL, "WorkDirectory", "sockets and uploads lie in it");
    if (!same_log(&now->system_log, &next->system_log))
        refuse(diags, &next->system_log.place, "SystemLogfile", "it is open in every process");
}

static void check_processes(const struct house *house, const struct plan *plan, struct diags *diags)
{
    const struct server_conf *now = house->plan.conf;
    const struct server_conf *next = plan->conf;

    if (!slice_equal(now->server_user, next->server_user) ||
        !same_words(now->server_groups, next->server_groups))
        refuse(diags, &next->server_id_place, "ServerId", "the processes are that user's already");
    if (house->plan.reactors != plan->reactors)
        refuse(diags, NULL, "Reactors", "the threads are there already");
    if (house->plan.spawners != plan->spawners)
        refuse(diags, NULL, "Spawners", "they are there already");
    if (house->identity.switches && (plan_rights(next) & ~house->rights) != 0)
        refuse(diags, NULL, "the first RunAs, Wrap or WrapUserCGI of a house",
               "its spawner was started without the right to change users");
}

static void check_groups(const struct house *house, const struct server_conf *next,
                         struct diags *diags)
{
    const struct conf_cgroup *a = &house->plan.conf->cgroup;
    const struct conf_cgroup *b = &next->cgroup;

    if (a->kind != b->kind || !slice_equal(a->path, b->path))
        refuse(diags, &b->place, "Cgroup", "the programs that run are in the former one");
    if (groups_lack(&house->groups, next))
        refuse(diags, NULL, "the first limit by a control group of its kind",
               "the control groups were made without its controller");
}

/* Checked as a whole: what could be applied alone would leave a house that no file describes. */
static void check_fixed(const struct house *house, const struct plan *plan, struct diags *diags)
{
    check_places(house->plan.conf, plan->conf, diags);
    check_processes(house, plan, diags);
    check_groups(house, plan->conf, diags);
}

/* ---- the draft ---- */

static bool seal(struct draft *draft, struct diags *diags)
{
    static const struct diag_place nowhere = { 0 };
    int r = plan_seal(&draft->plan, &draft->sandboxes, &draft->bundle_fd, &draft->policy_fd);

    if (r < 0)
        diag_add(diags, DIAG_ERROR, &nowhere, "no memory file for the configuration: %s",
                 strerror(-r));
    return r == 0;
}

/* All that the plan of the draft asks for. */
static bool prepare(const struct house *house, struct draft *draft, struct diags *diags)
{
    struct arena *arena = &draft->arena;
    const struct server_conf *conf = draft->plan.conf;

    check_fixed(house, &draft->plan, diags);
    if (diags->errors > 0)
        return false;
    bool good = ports_renew(conf, house->plan.conf, &house->ports, diags, &draft->ports);
    good &= logs_renew(conf, &house->logs, arena, diags, &draft->logs);
    good = good && key_open(conf, arena, diags, draft->key);
    good = good && acme_check_folder(conf, diags);
    good = good && sandboxes_open(conf, &house->identity, arena, diags, &draft->sandboxes);
    good = good && workers_renew(conf, &draft->sandboxes, &house->workers, &house->identity, diags,
                                 &draft->workers);
    good = good && seal(draft, diags);
    return good && diags->errors == 0;
}

static struct draft *draft_empty(uint64_t generation, struct diags *diags)
{
    struct draft *draft = calloc(1, sizeof(*draft));

    if (!draft)
        abort();
    *draft = (struct draft){
        .generation = generation, .bundle_fd = -1, .policy_fd = -1, .workers.pools_fd = -1
    };
    arena_init(&draft->arena);
    diags_init(diags, &draft->arena);
    return draft;
}

struct draft *draft_new(const struct house *house, uint64_t generation, struct diags *diags)
{
    struct draft *draft = draft_empty(generation, diags);

    draft->good =
        plan_load(&house->from, &draft->arena, diags, &draft->plan) && prepare(house, draft, diags);
    return draft;
}

struct draft *draft_renew(const struct house *house, const struct tls_conf *anew,
                          uint64_t generation, struct diags *diags)
{
    struct draft *draft = draft_empty(generation, diags);

    draft->good = plan_renew(&house->plan, anew, &draft->arena, diags, &draft->plan) &&
                  prepare(house, draft, diags);
    return draft;
}

void draft_free(struct draft *draft)
{
    ports_close(&draft->ports);
    logs_close(&draft->logs);
    sandboxes_close(&draft->sandboxes);
    workers_take_back(&draft->workers);
    plan_done(&draft->plan);
    fd_close(&draft->bundle_fd);
    fd_close(&draft->policy_fd);
    arena_done(&draft->arena);
    free(draft);
}

/* What programs of the former generation use stays in `past` until the server has let go of it. */
static void keep_past(struct house *house, struct draft *draft)
{
    struct past *past = calloc(1, sizeof(*past));

    if (!past)
        abort();
    *past = (struct past){
        .next = house->past,
        .generation = house->generation,
        .arena = house->arena,
        .sandboxes = house->sandboxes,
    };
    house->past = past;
    house->arena = draft->arena;
    house->sandboxes = draft->sandboxes;
    house->generation = draft->generation;
}

void draft_adopt(struct draft *draft, struct house *house)
{
    keep_past(house, draft);
    ports_close(&house->ports);
    logs_close(&house->logs);
    workers_replace(&house->workers, &draft->workers);
    plan_done(&house->plan);
    fd_close(&house->bundle_fd);
    fd_close(&house->policy_fd);
    house->ports = draft->ports;
    house->logs = draft->logs;
    house->plan = draft->plan;
    house->bundle_fd = draft->bundle_fd;
    house->policy_fd = draft->policy_fd;
    house->workers = draft->workers;
    memcpy(house->key, draft->key, sizeof(house->key));
    if (house->plan.conf->system_log.kind == LOG_TO_FILE)
        house->journal.fd = logs_find(&house->logs, &house->plan.conf->system_log);
    journal_tell_syslog(&house->journal, house->plan.conf);
    free(draft);
}

static void free_past(struct past *past)
{
    sandboxes_close(&past->sandboxes);
    arena_done(&past->arena);
    free(past);
}

void past_release(struct house *house, uint64_t generation)
{
    for (struct past **at = &house->past; *at; at = &(*at)->next) {
        struct past *past = *at;

        if (past->generation != generation)
            continue;
        *at = past->next;
        free_past(past);
        arena_give_back();
        return;
    }
}

void past_release_all(struct house *house)
{
    while (house->past)
        past_release(house, house->past->generation);
}
