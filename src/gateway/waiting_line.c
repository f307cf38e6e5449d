#include "gateway/waiting_line.h"

#include <assert.h>
#include <stdlib.h>

/* The row of one client; there is one only while it holds somebody. */
struct client_line {
    struct list_link turn;
    struct list waiters; /* oldest first */
    unsigned count;
    unsigned char key[16]; /* address_client_key() */
    unsigned key_len;
};

void waiting_line_init(struct waiting_line *line)
{
    *line = (struct waiting_line){ 0 };
    list_init(&line->turns);
}

void waiting_line_done(struct waiting_line *line)
{
    assert(line->count == 0);
    table_done(&line->clients);
}

static struct client_line *find(const struct waiting_line *line, const union socket_address *client)
{
    unsigned char key[16];
    unsigned len = address_client_key(client, key);

    return table_find(&line->clients, slice_of((const char *)key, len));
}

static struct slice key_of(const struct client_line *client)
{
    return slice_of((const char *)client->key, client->key_len);
}

/* A new client has its turn after all others. */
static struct client_line *add_client(struct waiting_line *line,
                                      const union socket_address *address)
{
    struct client_line *client = calloc(1, sizeof(*client));

    if (!client)
        abort();
    client->key_len = address_client_key(address, client->key);
    list_init(&client->waiters);
    list_push_back(&line->turns, &client->turn);
    table_put(&line->clients, key_of(client), client);
    return client;
}

static void take_out(struct waiting_line *line, struct waiter *waiter)
{
    struct client_line *client = waiter->client;

    list_remove(&waiter->link);
    waiter->client = NULL;
    line->count--;
    if (--client->count > 0)
        return;
    list_remove(&client->turn);
    table_remove(&line->clients, key_of(client));
    free(client);
}

void waiting_line_add(struct waiting_line *line, struct waiter *waiter,
                      const union socket_address *address)
{
    struct client_line *client = find(line, address);

    if (!client)
        client = add_client(line, address);
    waiter->client = client;
    list_push_back(&client->waiters, &waiter->link);
    client->count++;
    line->count++;
}

void waiting_line_remove(struct waiting_line *line, struct waiter *waiter)
{
    if (waiter->client)
        take_out(line, waiter);
}

struct waiter *waiting_line_next(struct waiting_line *line)
{
    struct list_link *turn = list_pop_front(&line->turns);

    if (!turn)
        return NULL;

    struct client_line *client = container_of(turn, struct client_line, turn);
    struct waiter *waiter = container_of(list_first(&client->waiters), struct waiter, link);
    list_push_back(&line->turns, turn);
    take_out(line, waiter);
    return waiter;
}

static struct client_line *longest_of(const struct waiting_line *line)
{
    struct client_line *longest = NULL;

    list_for_each (turn, &line->turns) {
        struct client_line *client = container_of(turn, struct client_line, turn);

        if (!longest || client->count > longest->count)
            longest = client;
    }
    return longest;
}

static struct waiter *take_youngest(struct waiting_line *line, struct client_line *client)
{
    struct waiter *waiter = container_of(list_last(&client->waiters), struct waiter, link);

    take_out(line, waiter);
    return waiter;
}

struct waiter *waiting_line_yield(struct waiting_line *line, const union socket_address *address)
{
    const struct client_line *own = find(line, address);
    struct client_line *longest = longest_of(line);

    if (!longest || longest->count < (own ? own->count : 0) + 2)
        return NULL;
    return take_youngest(line, longest);
}

struct waiter *waiting_line_yield_any(struct waiting_line *line)
{
    struct client_line *longest = longest_of(line);

    return longest ? take_youngest(line, longest) : NULL;
}
