#include "config/option.h"

#include "build.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* clang-format off */
static const struct option_group *const groups[] = {
    &server_options,
    &ban_options,
    &log_options, &syslog_options, &acme_options,
    &cache_options,
    &throttle_options,
    &screen_options,
    &challenge_options,
    &binding_options,
    &http2_options,
    &host_options,
    &header_options,
    &path_options,
    &compress_options,
    &file_options,
    &fastcgi_options,
    &proxy_options,
    &websocket_options,
    &session_options,
    &program_options,
    &sandbox_options,
    &worker_options,
    &directory_options,
    &access_options,
    &alter_options,
    &local_options,
    &hash_options,
    &index_options,
    &tls_options,
    &alias_options,
    &gate_options,
    &trace_options,
    &ssh_options,
    &error_options,
    &toolkit_options,
    &user_options,
    &xslt_options,
    &needless_options,
};
/* clang-format on */

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

#define SCOPE_COUNT 7u

struct option_name {
    struct slice text;
    size_t number; /* of the row */
};

/* All rows in the order of the groups, and all names in that of the alphabet: made once, read only
 * afterwards. */
static struct {
    const struct option_row **rows;
    size_t row_count;
    struct option_name *names;
    size_t name_count;
    struct option_list of_scope[SCOPE_COUNT];
} table;

static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static int compare_names(const void *a, const void *b)
{
    const struct option_name *left = a;
    const struct option_name *right = b;
    const int order = slice_compare_nocase(left->text, right->text);

    return order != 0 ? order : (left->number > right->number) - (left->number < right->number);
}

static size_t count_names(const struct option_row *row)
{
    struct slice rest = slice_cstr(row->former);
    struct slice former;
    size_t count = 1;

    while (slice_next(&rest, ' ', &former))
        count++;
    return count;
}

static void add_names(const struct option_row *row, size_t number)
{
    struct slice rest = slice_cstr(row->former);
    struct option_name name = { .text = slice_cstr(row->name), .number = number };

    do
        table.names[table.name_count++] = name;
    while (slice_next(&rest, ' ', &name.text));
}

static void *array_of(size_t count, size_t size)
{
    void *array = calloc(count, size);

    if (!array)
        abort();
    return array;
}

/* The rows of a scope; room for as many as there are. */
static struct option_list list_of_scope(unsigned scope)
{
    const struct option_row **rows = array_of(table.row_count, sizeof(struct option_row *));
    size_t count = 0;

    for (size_t i = 0; i < table.row_count; i++)
        if (table.rows[i]->scopes & scope)
            rows[count++] = table.rows[i];
    return (struct option_list){ .rows = rows, .count = count };
}

static void make_table(void)
{
    size_t name_count = 0;

    for (size_t i = 0; i < GROUP_COUNT; i++) {
        table.row_count += groups[i]->count;
        for (size_t k = 0; k < groups[i]->count; k++)
            name_count += count_names(&groups[i]->rows[k]);
    }
    table.rows = array_of(table.row_count, sizeof(struct option_row *));
    table.names = array_of(name_count, sizeof(*table.names));

    size_t number = 0;
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        for (size_t k = 0; k < groups[i]->count; k++, number++) {
            table.rows[number] = &groups[i]->rows[k];
            add_names(&groups[i]->rows[k], number);
        }
    }
    qsort(table.names, table.name_count, sizeof(*table.names), compare_names);
    for (unsigned i = 0; i < SCOPE_COUNT; i++)
        table.of_scope[i] = list_of_scope(1u << i);
}

size_t option_count(void)
{
    pthread_once(&table_once, make_table);
    return table.row_count;
}

struct option_list option_rows(enum option_scope scope)
{
    unsigned number = 0;

    pthread_once(&table_once, make_table);
    while (scope >> number > 1)
        number++;
    return table.of_scope[number];
}

size_t option_index(const struct option_row *row)
{
    size_t before = 0;

    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (row >= groups[i]->rows && row < groups[i]->rows + groups[i]->count)
            return before + (size_t)(row - groups[i]->rows);
        before += groups[i]->count;
    }
    assert(!"a row of the table");
    return 0;
}

const struct option_row *option_next(const struct option_row *row)
{
    const size_t number = row ? option_index(row) + 1 : 0;

    return number < option_count() ? table.rows[number] : NULL;
}

/* The first of the names that is not before `name`. */
static size_t first_name(struct slice name)
{
    size_t from = 0;
    size_t to = table.name_count;

    while (from < to) {
        const size_t middle = from + (to - from) / 2;

        if (slice_compare_nocase(table.names[middle].text, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const struct option_row *option_find(struct slice name, unsigned scope)
{
    pthread_once(&table_once, make_table);
    for (size_t i = first_name(name);
         i < table.name_count && slice_equal_nocase(table.names[i].text, name); i++) {
        if (table.rows[table.names[i].number]->scopes & scope)
            return table.rows[table.names[i].number];
    }
    return NULL;
}
