#include "gateway/desk.h"

static struct desk_note *next_note(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    struct list_link *link = list_pop_front(&desk->notes);
    pthread_mutex_unlock(&desk->lock);
    return link ? container_of(link, struct desk_note, link) : NULL;
}

/* Each note is read without the lock: what it says may lead to notes for others, and to this desk.
 */
static void read_all(struct desk *desk)
{
    struct desk_note *note;

    while ((note = next_note(desk)) != NULL)
        note->read(note);
}

static void desk_read(struct letter *letter)
{
    struct desk *desk = container_of(letter, struct desk, letter);

    pthread_mutex_lock(&desk->lock);
    desk->mailed = false;
    pthread_mutex_unlock(&desk->lock);
    read_all(desk);
}

void desk_open(struct desk *desk, struct loop *loop, struct mailbox *mailbox)
{
    *desk = (struct desk){ .loop = loop, .mailbox = mailbox, .letter.read = desk_read };
    pthread_mutex_init(&desk->lock, NULL);
    list_init(&desk->notes);
}

void desk_close(struct desk *desk)
{
    read_all(desk);
    pthread_mutex_destroy(&desk->lock);
}

void desk_tell(struct desk *desk, struct desk_note *note, const struct desk *own)
{
    if (desk == own) {
        note->read(note);
        return;
    }
    pthread_mutex_lock(&desk->lock);
    list_push_back(&desk->notes, &note->link);
    if (!desk->mailed) {
        desk->mailed = true;
        mailbox_send(desk->mailbox, &desk->letter);
    }
    pthread_mutex_unlock(&desk->lock);
}

bool desk_take_back(struct desk *desk, struct desk_note *note)
{
    pthread_mutex_lock(&desk->lock);
    const bool was_on_its_way = list_linked(&note->link);
    list_remove(&note->link);
    pthread_mutex_unlock(&desk->lock);
    return was_on_its_way;
}
