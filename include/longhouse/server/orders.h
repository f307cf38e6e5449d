#ifndef SERVER_ORDERS_H
#define SERVER_ORDERS_H

/*
 * What the administrator may change in the running house through its control socket: one line each,
 * answered by one line that begins with "ok: " or "error: ", or by a list.
 *
 *   backend drain NAME     the target takes no new sessions
 *   backend enable NAME    it does again
 *   ban ADDRESS [TIME]     the client is banned, for a day without TIME
 *   unban ADDRESS|all      it is not any more
 *   bans                   the list of those who are, a line each
 *
 * NAME is a target as written in ConnectTo, in all sections that have it, or FastCGIid/TARGET.
 */
#include "base/text.h"
#include "server/house.h"

#include <stdbool.h>

/* False: the line is no order, and nothing was written. */
bool orders_obey(const struct house *house, struct slice line, struct text *text);

#endif
