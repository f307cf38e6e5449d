#include "ipc/acme.h"

#include "base/number.h"
#include "ipc_private.h"

#include <stdlib.h>
#include <string.h>

/*
 * mark u32, proof u32, agrees u32, sites u32, staples u32, then directory, contact, roots and
 * account; for each site: id, names, pem; for each staple: id, name, certificates, answer. A text
 * is its length u32 and its bytes.
 */
#define TASKS_MARK   0x32414c48u /* "HLA2" */
#define TASKS_HEAD   ((size_t)36)
#define SITE_LEAST   ((size_t)12)
#define STAPLE_LEAST ((size_t)16)

static unsigned char *put_text(unsigned char *at, struct slice text)
{
    at = put_u32(at, (uint32_t)text.len);
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

static size_t size_of(const struct acme_tasks *tasks)
{
    size_t size = TASKS_HEAD + tasks->directory.len + tasks->contact.len + tasks->roots.len +
                  tasks->account.len;

    for (uint32_t i = 0; i < tasks->count; i++)
        size += SITE_LEAST + tasks->sites[i].id.len + tasks->sites[i].names.len +
                tasks->sites[i].pem.len;
    for (uint32_t i = 0; i < tasks->staple_count; i++)
        size += STAPLE_LEAST + tasks->staples[i].id.len + tasks->staples[i].name.len +
                tasks->staples[i].certificates.len + tasks->staples[i].answer.len;
    return size;
}

void acme_tasks_encode(const struct acme_tasks *tasks, char **ret_data, size_t *ret_len)
{
    const size_t size = size_of(tasks);
    unsigned char *data = malloc(size);

    if (!data)
        abort();
    unsigned char *at = put_u32(data, TASKS_MARK);
    at = put_u32(at, (uint32_t)tasks->proof);
    at = put_u32(at, tasks->agrees);
    at = put_u32(at, tasks->count);
    at = put_u32(at, tasks->staple_count);
    at = put_text(at, tasks->directory);
    at = put_text(at, tasks->contact);
    at = put_text(at, tasks->roots);
    at = put_text(at, tasks->account);
    for (uint32_t i = 0; i < tasks->count; i++) {
        at = put_text(at, tasks->sites[i].id);
        at = put_text(at, tasks->sites[i].names);
        at = put_text(at, tasks->sites[i].pem);
    }
    for (uint32_t i = 0; i < tasks->staple_count; i++) {
        at = put_text(at, tasks->staples[i].id);
        at = put_text(at, tasks->staples[i].name);
        at = put_text(at, tasks->staples[i].certificates);
        at = put_text(at, tasks->staples[i].answer);
    }
    *ret_data = (char *)data;
    *ret_len = size;
}

static struct slice take_text(struct cursor *cursor)
{
    return take_bytes(cursor, take_u32(cursor));
}

static void take_sites(struct cursor *cursor, struct arena *arena, struct acme_tasks *tasks)
{
    tasks->sites = arena_array(arena, struct acme_site, tasks->count);
    for (uint32_t i = 0; i < tasks->count; i++)
        tasks->sites[i] = (struct acme_site){
            .id = take_text(cursor),
            .names = take_text(cursor),
            .pem = take_text(cursor),
        };
}

static void take_staples(struct cursor *cursor, struct arena *arena, struct acme_tasks *tasks)
{
    tasks->staples = arena_array(arena, struct acme_staple, tasks->staple_count);
    for (uint32_t i = 0; i < tasks->staple_count; i++)
        tasks->staples[i] = (struct acme_staple){
            .id = take_text(cursor),
            .name = take_text(cursor),
            .certificates = take_text(cursor),
            .answer = take_text(cursor),
        };
}

enum parse acme_tasks_decode(struct slice data, struct arena *arena, struct acme_tasks *ret,
                             struct parse_fault *reterr)
{
    struct cursor cursor = { .rest = data };

    if (take_u32(&cursor) != TASKS_MARK)
        return parse_bad(reterr, 0, "these are no tasks");
    const uint32_t proof = take_u32(&cursor);
    const uint32_t agrees = take_u32(&cursor);
    const uint32_t count = take_u32(&cursor);
    const uint32_t staples = take_u32(&cursor);
    if (proof > ACME_PROOF_LAST || agrees > 1)
        return parse_bad(reterr, 4, "a number out of range");

    struct acme_tasks tasks = {
        .proof = (enum acme_proof)proof,
        .agrees = agrees,
        .count = count,
        .staple_count = staples,
        .directory = take_text(&cursor),
        .contact = take_text(&cursor),
        .roots = take_text(&cursor),
        .account = take_text(&cursor),
    };
    if (cursor.short_of || count > cursor.rest.len / SITE_LEAST ||
        staples > cursor.rest.len / STAPLE_LEAST)
        return parse_bad(reterr, data.len, "the tasks are too short");
    take_sites(&cursor, arena, &tasks);
    take_staples(&cursor, arena, &tasks);
    if (cursor.short_of)
        return parse_bad(reterr, data.len, "the tasks are too short");
    if (cursor.rest.len > 0)
        return parse_bad(reterr, data.len - cursor.rest.len, "bytes behind the tasks");
    *ret = tasks;
    return PARSE_DONE;
}

/* "ID UNTIL NEXT ERROR" */
void acme_state_encode(const struct acme_state *state, struct text *text)
{
    text_add(text, state->id);
    text_add_char(text, ' ');
    text_add_u64(text, state->until_unix_s);
    text_add_char(text, ' ');
    text_add_u64(text, state->next_unix_s);
    text_add_char(text, ' ');
    if (text->room > text->len)
        text_add(text, slice_first(state->error, text->room - text->len));
}

enum parse acme_state_decode(struct slice data, struct acme_state *ret, struct parse_fault *reterr)
{
    struct slice until;
    struct slice next;
    struct slice rest = data;
    struct acme_state state;

    if (data.len > ACME_STATE_MOST)
        return parse_bad(reterr, ACME_STATE_MOST, "the state is too long");
    if (!slice_cut(rest, ' ', &state.id, &rest) || !slice_cut(rest, ' ', &until, &rest) ||
        !slice_cut(rest, ' ', &next, &state.error))
        return parse_bad(reterr, data.len, "the state is too short");
    if (!number_parse(until, INT64_MAX, &state.until_unix_s) ||
        !number_parse(next, INT64_MAX, &state.next_unix_s))
        return parse_bad(reterr, 0, "a time that is no number");
    *ret = state;
    return PARSE_DONE;
}
