#include "index_list.h"

#include <stdlib.h>

#define RUN_LEN 512u

struct index_run {
    struct index_run *next; /* older */
    unsigned count;
    unsigned at; /* the first that was not taken yet */
    const struct index_entry *entries[RUN_LEN];
};

void index_list_init(struct index_list *list, struct arena *arena, enum index_order order,
                     bool reversed)
{
    *list = (struct index_list){ .arena = arena, .order = order, .reversed = reversed };
}

/* ---- order ---- */

static size_t digits_at(struct slice text, size_t at)
{
    size_t len = 0;

    while (at + len < text.len && ascii_is_digit(text.at[at + len]))
        len++;
    return len;
}

/* Two numbers of digits: the longer one is greater once leading zeros are gone. */
static int number_compare(struct slice a, struct slice b)
{
    while (a.len > 1 && a.at[0] == '0')
        a = slice_skip(a, 1);
    while (b.len > 1 && b.at[0] == '0')
        b = slice_skip(b, 1);
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return slice_compare(a, b);
}

static int byte_compare(char a, char b)
{
    const unsigned char small_a = (unsigned char)ascii_lower(a);
    const unsigned char small_b = (unsigned char)ascii_lower(b);

    return (small_a > small_b) - (small_a < small_b);
}

int index_name_compare(struct slice a, struct slice b)
{
    size_t i = 0;
    size_t j = 0;

    while (i < a.len && j < b.len) {
        const size_t digits_a = digits_at(a, i);
        const size_t digits_b = digits_at(b, j);
        const bool numbers = digits_a > 0 && digits_b > 0;
        const int order =
            numbers ? number_compare(slice_of(a.at + i, digits_a), slice_of(b.at + j, digits_b))
                    : byte_compare(a.at[i], b.at[j]);

        if (order != 0)
            return order;
        i += numbers ? digits_a : 1;
        j += numbers ? digits_b : 1;
    }
    if ((i < a.len) != (j < b.len))
        return i < a.len ? 1 : -1;
    return slice_compare(a, b); /* "a01" and "a1", "A" and "a": some order, always the same */
}

static int by_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_date(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare(const struct index_list *list, const struct index_entry *a,
                   const struct index_entry *b)
{
    int order = 0;

    if (a->is_folder != b->is_folder)
        return a->is_folder ? -1 : 1;
    if (list->order == INDEX_BY_SIZE && !a->is_folder)
        order = by_number(a->size, b->size);
    else if (list->order == INDEX_BY_DATE)
        order = by_date(a->modified_s, b->modified_s);
    if (order == 0)
        order = index_name_compare(a->name, b->name);
    return list->reversed ? -order : order;
}

static int compare_places(const void *a, const void *b, void *list)
{
    return compare(list, *(const struct index_entry *const *)a,
                   *(const struct index_entry *const *)b);
}

static void sort(struct index_list *list, struct index_run *run)
{
    qsort_r(run->entries, run->count, sizeof(void *), compare_places, list);
}

/* ---- in ---- */

static struct index_run *run_with_room(struct index_list *list)
{
    struct index_run *run = list->newest;

    if (run && run->count < RUN_LEN)
        return run;
    if (run)
        sort(list, run);
    run = arena_new(list->arena, struct index_run);
    run->next = list->newest;
    list->newest = run;
    list->run_count++;
    return run;
}

void index_list_add(struct index_list *list, const struct index_entry *entry)
{
    struct index_run *run = run_with_room(list);
    struct index_entry *copy = arena_new(list->arena, struct index_entry);

    *copy = *entry;
    copy->name = arena_copy(list->arena, entry->name);
    run->entries[run->count++] = copy;
    list->entries++;
    list->folders += entry->is_folder;
    list->bytes += entry->is_folder ? 0 : entry->size;
}

/* ---- out ---- */

static const struct index_entry *first_of(const struct index_run *run)
{
    return run->entries[run->at];
}

static void sink(struct index_list *list, unsigned place)
{
    struct index_run **heap = list->heap;

    for (unsigned child = 2 * place + 1; child < list->heap_count; child = 2 * place + 1) {
        if (child + 1 < list->heap_count &&
            compare(list, first_of(heap[child + 1]), first_of(heap[child])) < 0)
            child++;
        if (compare(list, first_of(heap[place]), first_of(heap[child])) <= 0)
            return;
        struct index_run *run = heap[place];
        heap[place] = heap[child];
        heap[child] = run;
        place = child;
    }
}

void index_list_close(struct index_list *list)
{
    if (list->newest)
        sort(list, list->newest);
    list->heap = arena_array(list->arena, struct index_run *, list->run_count);
    for (struct index_run *run = list->newest; run; run = run->next)
        list->heap[list->heap_count++] = run;
    for (unsigned place = list->heap_count / 2; place-- > 0;)
        sink(list, place);
}

const struct index_entry *index_list_next(struct index_list *list)
{
    if (list->heap_count == 0)
        return NULL;

    struct index_run *run = list->heap[0];
    const struct index_entry *entry = first_of(run);
    if (++run->at == run->count)
        list->heap[0] = list->heap[--list->heap_count];
    sink(list, 0);
    return entry;
}
