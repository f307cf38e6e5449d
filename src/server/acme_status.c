#include "server/acme_status.h"

#include "base/arena.h"
#include "ipc/acme.h"

#include <inttypes.h>
#include <stdlib.h>

#define DAY_S 86400

/* Its slices are owned: in the arena of its own. */
struct entry {
    struct entry *next;
    struct arena arena;
    struct acme_state state;
};

struct acme_status {
    struct entry *first; /* in the order of the first word about each */
};

struct acme_status *acme_status_new(void)
{
    struct acme_status *status = calloc(1, sizeof(*status));

    if (!status)
        abort();
    return status;
}

void acme_status_free(struct acme_status *status)
{
    if (!status)
        return;
    for (struct entry *entry = status->first, *next; entry; entry = next) {
        next = entry->next;
        arena_done(&entry->arena);
        free(entry);
    }
    free(status);
}

static bool has_staple(const struct server_conf *conf, struct slice id)
{
    return staple_find(conf, id) != NULL;
}

static void forget(struct acme_status *status, const struct server_conf *conf,
                   bool (*is_known)(const struct server_conf *, struct slice))
{
    struct entry **at = &status->first;

    while (*at) {
        struct entry *entry = *at;

        if (is_known(conf, entry->state.id)) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        arena_done(&entry->arena);
        free(entry);
    }
}

void acme_status_forget(struct acme_status *status, const struct server_conf *conf)
{
    forget(status, conf, acme_has);
}

void acme_status_forget_staples(struct acme_status *status, const struct server_conf *conf)
{
    forget(status, conf, has_staple);
}

/* Made if it is not there. */
static struct entry *entry_of(struct acme_status *status, struct slice id)
{
    struct entry **at = &status->first;

    while (*at && !slice_equal((*at)->state.id, id))
        at = &(*at)->next;
    if (!*at && !(*at = calloc(1, sizeof(**at))))
        abort();
    return *at;
}

void acme_status_take(struct acme_status *status, struct slice state)
{
    struct arena arena = { 0 };
    struct acme_state decoded;

    if (acme_state_decode(arena_copy(&arena, state), &decoded, NULL) != PARSE_DONE) {
        arena_done(&arena);
        return;
    }
    struct entry *entry = entry_of(status, decoded.id);
    arena_done(&entry->arena);
    entry->arena = arena;
    entry->state = decoded;
}

bool acme_status_knows(const struct acme_status *status, struct slice host)
{
    const struct entry *entry = status->first;

    while (entry && host.len > 0 && !slice_equal_nocase(entry->state.id, host))
        entry = entry->next;
    return entry != NULL;
}

static void add_error(const struct acme_state *state, struct text *text)
{
    if (state->error.len == 0)
        return;
    text_add_cstr(text, "    the last try failed: ");
    text_add_escaped(text, state->error);
    text_add_char(text, '\n');
}

static void describe(const struct acme_state *state, int64_t now_unix_s, struct text *text)
{
    text_add_cstr(text, "  ");
    text_add_escaped(text, state->id);
    if (state->until_unix_s == 0) {
        text_add_cstr(text, ": none yet, a self-signed one is shown; the next try: ");
    } else {
        text_add_cstr(text, ": good until ");
        text_add_local_time(text, (int64_t)state->until_unix_s);
        text_printf(text, " (%" PRId64 " days); the next one: ",
                    ((int64_t)state->until_unix_s - now_unix_s) / DAY_S);
    }
    text_add_local_time(text, (int64_t)state->next_unix_s);
    text_add_char(text, '\n');
    add_error(state, text);
}

void acme_status_describe(const struct acme_status *status, int64_t now_unix_s, struct text *text)
{
    if (status->first)
        text_add_cstr(text, "\nCertificates of AutoTLS\n");
    for (const struct entry *entry = status->first; entry; entry = entry->next)
        describe(&entry->state, now_unix_s, text);
}

void acme_status_describe_json(const struct acme_status *status, struct text *text)
{
    for (const struct entry *entry = status->first; entry; entry = entry->next) {
        text_add_cstr(text, entry == status->first ? "{\"host\":" : ",{\"host\":");
        text_add_json(text, entry->state.id);
        text_printf(text, ",\"until\":%" PRIu64 ",\"next_try\":%" PRIu64 ",\"error\":",
                    entry->state.until_unix_s, entry->state.next_unix_s);
        text_add_json(text, entry->state.error);
        text_add_char(text, '}');
    }
}

/* ---- answers of TLSstaple ---- */

static void add_staple(const struct acme_state *state, int64_t now_unix_s, struct text *text)
{
    if (state->next_unix_s == 0) { /* nobody can be asked */
        text_add_cstr(text, ": none: ");
        text_add_escaped(text, state->error);
        text_add_char(text, '\n');
        return;
    }
    if (state->until_unix_s <= (uint64_t)now_unix_s) {
        text_add_cstr(text, ": none is shown; the next try: ");
    } else if (state->until_unix_s == INT64_MAX) {
        text_add_cstr(text, ": shown; the next one: ");
    } else {
        text_add_cstr(text, ": shown until ");
        text_add_local_time(text, (int64_t)state->until_unix_s);
        text_add_cstr(text, "; the next one: ");
    }
    text_add_local_time(text, (int64_t)state->next_unix_s);
    text_add_char(text, '\n');
    add_error(state, text);
}

void acme_status_describe_staples(const struct acme_status *status, const struct server_conf *conf,
                                  int64_t now_unix_s, struct text *text)
{
    if (status->first)
        text_add_cstr(text, "\nAnswers about certificates (TLSstaple)\n");
    for (const struct entry *entry = status->first; entry; entry = entry->next) {
        const struct conf_file *file = staple_find(conf, entry->state.id);

        if (!file)
            continue;
        text_add_cstr(text, "  ");
        text_add_escaped(text, file->path);
        add_staple(&entry->state, now_unix_s, text);
    }
}

void acme_status_describe_staples_json(const struct acme_status *status,
                                       const struct server_conf *conf, struct text *text)
{
    bool is_first = true;

    for (const struct entry *entry = status->first; entry; entry = entry->next) {
        const struct conf_file *file = staple_find(conf, entry->state.id);

        if (!file)
            continue;
        text_add_cstr(text, is_first ? "{\"certificate\":" : ",{\"certificate\":");
        text_add_json(text, file->path);
        text_printf(text, ",\"until\":%" PRIu64 ",\"next_try\":%" PRIu64 ",\"error\":",
                    entry->state.until_unix_s, entry->state.next_unix_s);
        text_add_json(text, entry->state.error);
        text_add_char(text, '}');
        is_first = false;
    }
}
