#include "http/answer_store.h"

#include <stdlib.h>

/* What an answer takes beside its texts and its body: the records, and a block that is half full.
 */
#define OVERHEAD ((size_t)4096)

void answer_store_init(struct answer_store *store, size_t most_bytes)
{
    *store = (struct answer_store){ .most_bytes = most_bytes };
    list_init(&store->by_use);
}

struct stored_answer *stored_answer_new(struct slice key)
{
    struct stored_answer *answer = calloc(1, sizeof(*answer));

    if (!answer)
        abort();
    arena_init(&answer->arena);
    answer->key = arena_copy(&answer->arena, key);
    return answer;
}

void stored_answer_free(struct stored_answer *answer)
{
    if (!answer)
        return;
    file_ref_drop(answer->body);
    arena_done(&answer->arena);
    free(answer);
}

/* ---- what it varies by ---- */

/* All values of the name, with commas between: several fields are one list (RFC 9110 5.3). */
static struct slice joined(const struct fields *fields, struct slice name, struct arena *arena)
{
    struct slice all = { 0 };

    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->at[i];
        const struct slice parts[] = { all, SLICE(", "), field->value };

        if (slice_equal_nocase(field->name, name))
            all = all.at ? arena_join(arena, parts, 3) : arena_copy(arena, field->value);
    }
    return all;
}

static bool take(struct slice *rest, struct slice part)
{
    if (!slice_starts(*rest, part))
        return false;
    *rest = slice_skip(*rest, part.len);
    return true;
}

/* The same as joined() gives, without making it. A field without a value is no field at all. */
static bool is_the_same(const struct fields *fields, struct slice name, struct slice wanted)
{
    bool is_first = true;

    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->at[i];

        if (!slice_equal_nocase(field->name, name))
            continue;
        if ((!is_first && !take(&wanted, SLICE(", "))) || !take(&wanted, field->value))
            return false;
        is_first = false;
    }
    return wanted.len == 0;
}

void stored_answer_vary(struct stored_answer *answer, struct slice name,
                        const struct fields *request)
{
    fields_add(&answer->varies, &answer->arena, arena_copy(&answer->arena, name),
               joined(request, name, &answer->arena));
}

static bool fits(const struct stored_answer *answer, const struct fields *request)
{
    for (uint32_t i = 0; i < answer->varies.count; i++)
        if (!is_the_same(request, answer->varies.at[i].name, answer->varies.at[i].value))
            return false;
    return true;
}

/* Both would be given to the same requests. */
static bool is_variant(const struct stored_answer *a, const struct stored_answer *b)
{
    if (a->varies.count != b->varies.count)
        return false;
    for (uint32_t i = 0; i < a->varies.count; i++)
        if (!slice_equal_nocase(a->varies.at[i].name, b->varies.at[i].name) ||
            !slice_equal(a->varies.at[i].value, b->varies.at[i].value))
            return false;
    return true;
}

/* ---- in and out ---- */

/* The chain of a key begins with this one from now on. */
static void set_first(struct answer_store *store, struct slice former_key,
                      struct stored_answer *first)
{
    table_remove(&store->by_key, former_key);
    if (first)
        table_put(&store->by_key, first->key, first);
}

static void drop(struct answer_store *store, struct stored_answer *answer)
{
    struct stored_answer *first = table_find(&store->by_key, answer->key);

    if (first == answer) {
        set_first(store, answer->key, answer->next);
    } else {
        while (first->next != answer)
            first = first->next;
        first->next = answer->next;
    }
    list_remove(&answer->by_use);
    store->used_bytes -= answer->size;
    store->count--;
    stored_answer_free(answer);
}

static struct stored_answer *from_link(struct list_link *link)
{
    return container_of(link, struct stored_answer, by_use);
}

const struct stored_answer *answer_store_find(struct answer_store *store, struct slice key,
                                              const struct fields *request, uint64_t now_ms)
{
    struct stored_answer *answer = table_find(&store->by_key, key);

    while (answer && !fits(answer, request))
        answer = answer->next;
    if (!answer)
        return NULL;
    if (now_ms >= answer->until_ms) {
        drop(store, answer);
        return NULL;
    }
    list_remove(&answer->by_use);
    list_push_front(&store->by_use, &answer->by_use);
    return answer;
}

/* The one that says the same, or the oldest of too many. */
static void make_way(struct answer_store *store, const struct stored_answer *answer)
{
    struct stored_answer *other = table_find(&store->by_key, answer->key);
    unsigned count = 1;

    for (; other; other = other->next, count++) {
        if (is_variant(other, answer) || count == STORE_VARIANTS_MOST) {
            drop(store, other);
            return;
        }
    }
}

/* The oldest go until so many bytes are left. */
static void shrink_to(struct answer_store *store, size_t bytes)
{
    while (store->used_bytes > bytes)
        drop(store, from_link(list_last(&store->by_use)));
}

void answer_store_limit(struct answer_store *store, size_t most_bytes)
{
    store->most_bytes = most_bytes;
    shrink_to(store, most_bytes);
}

void answer_store_put(struct answer_store *store, struct stored_answer *answer)
{
    answer->size = OVERHEAD + answer->arena.used_bytes + (size_t)answer->body->size;
    if (answer->size > store->most_bytes) {
        stored_answer_free(answer);
        return;
    }
    make_way(store, answer);
    shrink_to(store, store->most_bytes - answer->size);
    answer->next = table_find(&store->by_key, answer->key);
    set_first(store, answer->key, answer);
    list_push_front(&store->by_use, &answer->by_use);
    store->used_bytes += answer->size;
    store->count++;
}

void answer_store_forget(struct answer_store *store, uint64_t owner, uint64_t name, bool any_name)
{
    struct list_link *link = store->by_use.head.next;

    while (link != &store->by_use.head) {
        struct stored_answer *answer = from_link(link);

        link = link->next;
        if (answer->owner == owner && (any_name || answer->name == name))
            drop(store, answer);
    }
}

void answer_store_forget_all(struct answer_store *store)
{
    while (!list_empty(&store->by_use))
        drop(store, from_link(list_first(&store->by_use)));
}

void answer_store_done(struct answer_store *store)
{
    answer_store_forget_all(store);
    table_done(&store->by_key);
}
