#ifndef SITE_ROOT_H
#define SITE_ROOT_H

/*
 * A descriptor of a root, for one look at what lies below it. That of a host is open as long as the
 * snapshot; the folder of an account is opened anew each time, so that thousands of them cost
 * nothing, and what its owner does to it is seen.
 */
#include "config/model.h"
#include "site/snapshot.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Returns it, or a negative errno (-ENOENT: it is not there). *ret_own is what the caller has to
 * close, or -1. */
int site_root_at(const struct site_root *root, int *ret_own);

/* Opens what lies there for reading, anew, as beneath_open() does. */
int site_root_open(const struct site_root *root, const char *relative, int *ret_fd,
                   struct stat *ret_stat);

/* There may be something below it: it is open, or an account's. */
static inline bool site_root_is_there(const struct site_root *root)
{
    return root->fd >= 0 || root->user;
}

/* The number of the root among those that programs of the host run from (config/roots.h). */
unsigned site_root_number(const struct site_root *root, const struct host *host);

/* The number of the account in the policy, from 1 on; 0: the root is nobody's. */
uint32_t site_root_account(const struct site_root *root, const struct host *host);

/* The website of an account in the host, with the treatment of links that `folder` asks for; NULL:
 * there is none of this name. */
const struct site_root *site_root_of_user(const struct host *host, const struct folder_conf *folder,
                                          struct slice name);

#endif
