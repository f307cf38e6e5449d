/*
 * From one generation of the configuration to the next, without an end of anything that runs.
 *
 *   NONE ──HUP, asked──> POLICY ──all spawners READY──> SERVER ──READY──> NONE
 *          faulty: NONE        └── FAILED, somebody died: NONE, as before ──┘
 *
 * The same way goes a generation that has nothing new but a certificate (renewal.c).
 *
 * A rule is known to the spawners before the server can ask for it, and forgotten when the server
 * says that the generation is left.
 */
#include "supervisor_private.h"

#include "base/text.h"
#include "os/fd.h"
#include "os/notify.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINES_LOGGED_MOST 40u

/* ---- the outcome ---- */

static void log_lines(struct log *log, struct slice text)
{
    struct slice line;
    unsigned count = 0;

    while (text.len > 0 && count++ < LINES_LOGGED_MOST) {
        slice_cut(text, '\n', &line, &text);
        log_error(log, "  %.*s", SLICE_ARGS(line));
    }
}

void reload_tell(struct house *house)
{
    const struct reload *reload = &house->reload;
    int fd = -1;

    if (!reload->outcome)
        return;
    if (fd_sealed("outcome", reload->outcome, strlen(reload->outcome), &fd) < 0)
        return;
    child_send(&house->server,
               &(struct handover){ .kind = HANDOVER_OUTCOME,
                                   .index = reload->failed,
                                   .number = reload->answers,
                                   .text = slice_cstr(reload->when) },
               fd);
    fd_close(&fd);
}

void reload_note(struct house *house, bool good, char *text)
{
    struct reload *reload = &house->reload;
    struct text when = text_on(reload->when, sizeof(reload->when));

    free(reload->outcome);
    reload->outcome = text;
    reload->failed = !good;
    reload->state = RELOAD_NONE;
    reload->renews = SLICE("");
    text_add_local_time(&when, (int64_t)time(NULL));
    text_cstr(&when);
    reload_tell(house);
    (void)notify_send("READY=1");
}

static void note_failure(struct house *house, char *text)
{
    log_lines(&house->journal.log, slice_cstr(text));
    reload_note(house, false, text);
}

/* "error: ", and what did not come about. */
static void begin_failure(const struct reload *reload, FILE *out)
{
    if (reload->renews.len > 0)
        fprintf(out, "error: the changed certificate '%.*s' was not taken over",
                SLICE_ARGS(reload->renews));
    else
        fputs("error: the configuration was not reloaded", out);
    fputs(", and nothing has changed:", out);
}

/* With the diagnostics and their carets; malloc'd. */
static char *failure_text(const struct reload *reload, const struct diags *diags)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    begin_failure(reload, out);
    fputc('\n', out);
    diags_print(diags, out, false);
    fclose(out);
    return text;
}

static char *reason_text(const struct reload *reload, const char *why)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    begin_failure(reload, out);
    fprintf(out, " %s\n", why);
    fclose(out);
    return text;
}

static char *success_text(const struct house *house, const struct draft *draft)
{
    const size_t room = 8192;
    char *room_at = malloc(room);

    if (!room_at)
        abort();
    struct text text = text_on(room_at, room);
    text_printf(&text, "ok: generation %llu\n", (unsigned long long)draft->generation);
    if (house->reload.renews.len > 0)
        text_printf(&text, "  renewed certificate: %.*s\n", SLICE_ARGS(house->reload.renews));
    else
        changes_describe(house->plan.conf, draft->plan.conf, &text);
    text_cstr(&text);
    return room_at;
}

/* ---- the way back ---- */

static void drop_draft(struct house *house)
{
    const uint64_t generation = house->reload.draft->generation;

    for (unsigned i = 0; i < house->plan.spawners; i++)
        child_send(&house->spawners[i],
                   &(struct handover){ .kind = HANDOVER_FORGET, .number = generation }, -1);
    draft_free(house->reload.draft);
    house->reload.draft = NULL;
}

static void abandon(struct house *house, const char *why)
{
    drop_draft(house);
    note_failure(house, reason_text(&house->reload, why));
    reload_again(house);
}

void reload_failed(struct house *house, const struct handover *message)
{
    char why[512];

    if (house->reload.state == RELOAD_NONE || message->number != house->reload.draft->generation)
        return;
    snprintf(why, sizeof(why), "%.*s", SLICE_ARGS(message->text));
    abandon(house, why);
}

void reload_on_death(struct house *house, const struct child *child)
{
    char why[128];

    if (child == &house->server)
        past_release_all(house);
    if (house->reload.state == RELOAD_NONE || child == &house->resolver || child == &house->acme)
        return;
    if (child != &house->server && house->reload.state == RELOAD_SERVER)
        return; /* the next spawner gets both policies */
    snprintf(why, sizeof(why), "the %s died meanwhile", child->name);
    renewal_try_again(house);
    abandon(house, why);
}

void reload_give_up(struct house *house)
{
    if (house->reload.draft)
        draft_free(house->reload.draft);
    house->reload.draft = NULL;
    house->reload.state = RELOAD_NONE;
    free(house->reload.outcome);
    house->reload.outcome = NULL;
}

/* ---- the way there ---- */

void reload_send_policy(struct child *spawner, const struct sandboxes *sandboxes, int policy_fd,
                        uint64_t generation)
{
    for (const struct sandbox *one = sandboxes->first; one; one = one->next)
        child_send(spawner, &(struct handover){ .kind = HANDOVER_SANDBOX, .index = one->number },
                   one->ruleset);
    child_send(spawner, &(struct handover){ .kind = HANDOVER_POLICY, .number = generation },
               policy_fd);
}

static void send_to_server(struct house *house)
{
    const struct draft *draft = house->reload.draft;
    struct child *server = &house->server;

    house->reload.state = RELOAD_SERVER;
    child_send(server, &(struct handover){ .kind = HANDOVER_BUNDLE, .number = draft->generation },
               draft->bundle_fd);
    for (unsigned i = 0; i < draft->ports.count; i++)
        child_send(server, &(struct handover){ .kind = HANDOVER_LISTENER, .index = i },
                   draft->ports.fds[i]);
    for (const struct log_entry *entry = draft->logs.first; entry; entry = entry->next)
        if (entry->fd >= 0 && !entry->known)
            child_send(server,
                       &(struct handover){ .kind = HANDOVER_LOG, .text = slice_cstr(entry->path) },
                       entry->fd);
    if (draft->key[0] != '\0')
        child_send(server,
                   &(struct handover){ .kind = HANDOVER_KEY, .text = slice_cstr(draft->key) }, -1);
    child_send(server, &(struct handover){ .kind = HANDOVER_GO, .number = house->plan.reactors },
               -1);
}

static void log_taken_over(struct house *house)
{
    const struct slice renewed = house->reload.renews;
    const unsigned long long generation = house->generation;

    if (renewed.len > 0)
        log_notice(&house->journal.log,
                   "the changed certificate '%.*s' was taken over: generation %llu",
                   SLICE_ARGS(renewed), generation);
    else
        log_notice(&house->journal.log, "the configuration was reloaded: generation %llu",
                   generation);
}

static void settle(struct house *house)
{
    struct draft *draft = house->reload.draft;
    char *text = success_text(house, draft);

    house->reload.draft = NULL;
    draft_adopt(draft, house);
    workers_hand_over(&house->workers, house->generation, &house->spawners[0]);
    workers_tell_all(&house->workers, &house->server);
    names_renew(house);
    acme_renew(house);
    log_taken_over(house);
    reload_note(house, true, text);
    rotation_begin(house);
    renewal_begin(house);
    reload_again(house);
}

bool reload_ready(struct house *house, const struct child *child, uint64_t generation)
{
    struct reload *reload = &house->reload;

    if (reload->state == RELOAD_NONE || generation != reload->draft->generation)
        return false;
    if (reload->state == RELOAD_SERVER && child == &house->server)
        settle(house);
    else if (reload->state == RELOAD_POLICY && child != &house->server && --reload->waits_for == 0)
        send_to_server(house);
    return true;
}

static void send_policies(struct house *house)
{
    const struct draft *draft = house->reload.draft;

    house->reload.state = RELOAD_POLICY;
    house->reload.waits_for = house->plan.spawners;
    for (unsigned i = 0; i < house->plan.spawners; i++)
        reload_send_policy(&house->spawners[i], &draft->sandboxes, draft->policy_fd,
                           draft->generation);
}

/* All children stand, so that each of them can be asked. */
static bool all_are_ready(const struct house *house)
{
    bool good = house->phase == PHASE_RUNNING && house->server.ready;

    for (unsigned i = 0; i < house->plan.spawners; i++)
        good = good && house->spawners[i].ready;
    return good;
}

/* Of what was found good, or not. */
static void go_on_with(struct house *house, struct draft *draft, const struct diags *diags)
{
    if (!draft->good) {
        note_failure(house, failure_text(&house->reload, diags));
        draft_free(draft);
        return;
    }
    house->reload.draft = draft;
    send_policies(house);
}

bool reload_is_possible(const struct house *house)
{
    return all_are_ready(house) && house->reload.state == RELOAD_NONE && !upgrade_is_asked(house);
}

void reload_renew(struct house *house, const struct tls_conf *anew)
{
    struct diags diags;

    assert(reload_is_possible(house));
    house->reload.renews = (anew->certificates ? anew->certificates : anew->authorities)->path;
    struct draft *draft = draft_renew(house, anew, ++house->last_generation, &diags);
    go_on_with(house, draft, &diags);
}

static void begin(struct house *house)
{
    struct diags diags;

    (void)notify_send("RELOADING=1");
    house->reload.again = false;
    house->reload.renews = SLICE("");
    house->reload.answers = house->reload.asked;
    if (upgrade_is_asked(house)) {
        note_failure(house, reason_text(&house->reload, "the house is being upgraded"));
        return;
    }
    if (!all_are_ready(house)) {
        note_failure(house, reason_text(&house->reload,
                                        "a process of the house is being started again; try it in "
                                        "a moment"));
        return;
    }
    if (!house->from.path) {
        note_failure(
            house, reason_text(&house->reload, "it was handed in at the start, and is in no file"));
        return;
    }
    struct draft *draft = draft_new(house, ++house->last_generation, &diags);
    go_on_with(house, draft, &diags);
}

void reload_again(struct house *house)
{
    if (house->reload.again && house->phase == PHASE_RUNNING)
        begin(house);
}

void reload_ask(struct house *house, uint64_t number)
{
    if (number > house->reload.asked)
        house->reload.asked = number;
    if (house->phase > PHASE_RUNNING)
        return; /* it ends anyway */
    if (house->reload.state != RELOAD_NONE)
        house->reload.again = true; /* the files may have changed since they were read */
    else
        begin(house);
}
