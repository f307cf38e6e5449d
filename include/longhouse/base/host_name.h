#ifndef BASE_HOST_NAME_H
#define BASE_HOST_NAME_H

/*
 * Names of hosts, as they may be asked of a resolver: labels of letters, digits, '-' and '_',
 * parted by dots (RFC 1123 2.1; '_' for SRV, RFC 2782). Pure.
 */
#include "base/slice.h"

#include <stdbool.h>

#define HOST_NAME_MOST 253 /* bytes */

/* The last label has a letter, so that a mistyped address is none. A dot at the end is allowed. */
bool host_name_is_good(struct slice name);

#endif
