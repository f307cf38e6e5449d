#include "gateway/fair_line.h"

#include <assert.h>
#include <stdlib.h>

/* The row of one host; there is one only while it holds somebody. */
struct host_row {
    struct list_link turn;
    struct waiting_line line;
    unsigned host;
};

void fair_line_init(struct fair_line *line)
{
    *line = (struct fair_line){ 0 };
    list_init(&line->turns);
}

void fair_line_done(struct fair_line *line)
{
    assert(line->count == 0 && list_empty(&line->turns));
    (void)line;
}

static struct host_row *row_of_link(struct list_link *turn)
{
    return container_of(turn, struct host_row, turn);
}

/* Few hosts wait at the same place at the same time. */
static struct host_row *find(const struct fair_line *line, unsigned host)
{
    list_for_each (turn, &line->turns)
        if (row_of_link(turn)->host == host)
            return row_of_link(turn);
    return NULL;
}

/* A host that was not there has its turn after all others. */
static struct host_row *add_row(struct fair_line *line, unsigned host)
{
    struct host_row *row = calloc(1, sizeof(*row));

    if (!row)
        abort();
    row->host = host;
    waiting_line_init(&row->line);
    list_push_back(&line->turns, &row->turn);
    return row;
}

/* The waiter is out of the row already. */
static struct fair_waiter *note_taken(struct fair_line *line, struct host_row *row,
                                      struct waiter *taken)
{
    struct fair_waiter *waiter = container_of(taken, struct fair_waiter, waiter);

    waiter->row = NULL;
    line->count--;
    if (row->line.count == 0) {
        list_remove(&row->turn);
        waiting_line_done(&row->line);
        free(row);
    }
    return waiter;
}

void fair_line_add(struct fair_line *line, struct fair_waiter *waiter, unsigned host,
                   const union socket_address *client)
{
    struct host_row *row = find(line, host);

    if (!row)
        row = add_row(line, host);
    waiter->row = row;
    waiting_line_add(&row->line, &waiter->waiter, client);
    line->count++;
}

void fair_line_remove(struct fair_line *line, struct fair_waiter *waiter)
{
    struct host_row *row = waiter->row;

    if (!row)
        return;
    waiting_line_remove(&row->line, &waiter->waiter);
    note_taken(line, row, &waiter->waiter);
}

struct fair_waiter *fair_line_next(struct fair_line *line)
{
    struct list_link *turn = list_pop_front(&line->turns);

    if (!turn)
        return NULL;

    struct host_row *row = row_of_link(turn);
    list_push_back(&line->turns, turn);
    return note_taken(line, row, waiting_line_next(&row->line));
}

static struct host_row *longest_row(const struct fair_line *line)
{
    struct host_row *longest = NULL;

    list_for_each (turn, &line->turns) {
        struct host_row *row = row_of_link(turn);

        if (!longest || row->line.count > longest->line.count)
            longest = row;
    }
    return longest;
}

struct fair_waiter *fair_line_yield(struct fair_line *line, unsigned host,
                                    const union socket_address *client)
{
    struct host_row *own = find(line, host);
    struct host_row *longest = longest_row(line);
    struct host_row *yielding = own;
    struct waiter *taken;

    if (longest && longest->line.count >= (own ? own->line.count : 0) + 2) {
        yielding = longest;
        taken = waiting_line_yield_any(&longest->line);
    } else {
        taken = own ? waiting_line_yield(&own->line, client) : NULL;
    }
    return taken ? note_taken(line, yielding, taken) : NULL;
}
