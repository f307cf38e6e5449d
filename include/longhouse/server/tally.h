#ifndef SERVER_TALLY_H
#define SERVER_TALLY_H

/*
 * How often each client did something within a time that slides along: requests for BanOnFlooding,
 * wrong passwords for BanOnWrongPassword. Shared by all reactors, 64 stripes with one short lock
 * each. Of fixed size: among very many clients the one that was counted longest ago is forgotten.
 */
#include "base/address.h"

#include <stdint.h>

struct tally;

struct tally *tally_new(void);
void tally_free(struct tally *tally);

/*
 * Counts one more and tells how many there were in the last `window_ms`, this one included. Those
 * of the window before count by the share of it that is still within reach.
 */
uint64_t tally_count(struct tally *tally, const union socket_address *client, uint64_t window_ms,
                     uint64_t now_ms);

/* The client begins at 0 again. */
void tally_forget(struct tally *tally, const union socket_address *client);

#endif
