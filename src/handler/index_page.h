#ifndef HANDLER_INDEX_PAGE_H
#define HANDLER_INDEX_PAGE_H

/*
 * How the index of a folder looks: as a page, or as XML. Each part is a text that is put into the
 * body at once. Names may hold any byte: they are escaped for where they stand, and what is no
 * UTF-8 is shown as U+FFFD, while the link still leads to it. Pure; private to this floor.
 */
#include "base/text.h"
#include "index_list.h"

struct index_look {
    bool as_xml;
    struct slice path; /* of the folder, decoded, with its slash behind */
    struct slice host; /* its name, for the foot of the page */
    bool is_cut;       /* there are more entries than are shown */
};

#define INDEX_ROW_MOST 8192u /* room that one row needs at most: names have up to 255 bytes */

/* Room that head and foot need at most. */
size_t index_head_room(const struct index_look *look);

void index_add_head(struct text *text, const struct index_look *look,
                    const struct index_list *list);
void index_add_row(struct text *text, const struct index_look *look,
                   const struct index_entry *entry);
void index_add_foot(struct text *text, const struct index_look *look,
                    const struct index_list *list);

#endif
