#ifndef BASE_LIST_H
#define BASE_LIST_H

/*
 * Intrusive doubly linked list. A link that is zeroed or has been removed is "alone" and may be
 * removed again: nothing happens.
 */
#include "base/container.h"

#include <stdbool.h>
#include <stddef.h>

struct list_link {
    struct list_link *next;
    struct list_link *prev;
};

struct list {
    struct list_link head; /* next = first, prev = last; points to itself when empty */
};

static inline void list_init(struct list *list)
{
    list->head.next = &list->head;
    list->head.prev = &list->head;
}

static inline bool list_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

static inline bool list_linked(const struct list_link *link)
{
    return link->next != NULL;
}

/* First / last link, NULL when empty. */
struct list_link *list_first(const struct list *list);
struct list_link *list_last(const struct list *list);

/* The link must be alone. */
void list_push_back(struct list *list, struct list_link *link);
void list_push_front(struct list *list, struct list_link *link);

void list_remove(struct list_link *link);

/* Removes and returns the first link, NULL when empty. */
struct list_link *list_pop_front(struct list *list);

/* Moves all of `from` behind what `to` has. */
void list_append_all(struct list *to, struct list *from);

/* Number of links; walks the list. */
size_t list_count(const struct list *list);

/* The walked link must not be removed inside; use list_pop_front() loops for that. */
#define list_for_each(link, list)                                                                  \
    for (struct list_link *link = (list)->head.next; link != &(list)->head; link = link->next)

#endif
