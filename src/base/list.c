#include "base/list.h"

#include <assert.h>

struct list_link *list_first(const struct list *list)
{
    return list_empty(list) ? NULL : list->head.next;
}

struct list_link *list_last(const struct list *list)
{
    return list_empty(list) ? NULL : list->head.prev;
}

static void insert_between(struct list_link *prev, struct list_link *link, struct list_link *next)
{
    assert(!list_linked(link));
    link->prev = prev;
    link->next = next;
    prev->next = link;
    next->prev = link;
}

void list_push_back(struct list *list, struct list_link *link)
{
    insert_between(list->head.prev, link, &list->head);
}

void list_push_front(struct list *list, struct list_link *link)
{
    insert_between(&list->head, link, list->head.next);
}

void list_remove(struct list_link *link)
{
    if (!list_linked(link))
        return;

    link->prev->next = link->next;
    link->next->prev = link->prev;
    *link = (struct list_link){ 0 };
}

struct list_link *list_pop_front(struct list *list)
{
    struct list_link *link = list_first(list);

    if (link)
        list_remove(link);
    return link;
}

void list_append_all(struct list *to, struct list *from)
{
    assert(to != from);
    if (list_empty(from))
        return;

    from->head.next->prev = to->head.prev;
    to->head.prev->next = from->head.next;
    from->head.prev->next = &to->head;
    to->head.prev = from->head.prev;
    list_init(from);
}

size_t list_count(const struct list *list)
{
    size_t count = 0;

    for (const struct list_link *link = list->head.next; link != &list->head; link = link->next)
        count++;
    return count;
}
