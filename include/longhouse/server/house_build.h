#ifndef SERVER_HOUSE_BUILD_H
#define SERVER_HOUSE_BUILD_H

/*
 * From what was handed over to a house that is ready for its reactors, and back.
 */
#include "server/house.h"
#include "server/takeover.h"

/* NULL, or why it cannot be built (static text). What is used is taken out of the takeover. */
const char *house_build(struct house *house, struct takeover *takeover);

/* After all reactors have ended: writes the logs out and gives everything back. */
void house_free(struct house *house);

#endif
