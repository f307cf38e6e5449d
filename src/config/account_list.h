#ifndef ACCOUNT_LIST_H
#define ACCOUNT_LIST_H

/*
 * The accounts of the system that have a folder of one name in their homes, as a text that can be
 * kept: supervisor and server read the same one, and count alike. A line for each, in no order:
 *
 *   NAME:UID:GID:ERROR:GROUP,GROUP...:HOME
 *
 * ERROR is 0, or the errno by which the folder cannot be a website's root (os/beneath.h,
 * beneath_home()). Accounts without the folder are left out.
 */
#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

/* Asks the system; memory from the arena. */
struct slice account_list(const char *folder, struct arena *arena);

struct account_line {
    struct slice name;
    uint32_t user;
    uint32_t group;
    int error;
    struct slice groups; /* numbers with commas between them */
    struct slice home;   /* absolute */
};

/* Takes the next line off *rest. False: there is none. Lines that are none are passed over. Pure.
 */
bool account_line_next(struct slice *rest, struct account_line *ret);

#endif
