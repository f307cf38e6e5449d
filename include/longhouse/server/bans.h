#ifndef SERVER_BANS_H
#define SERVER_BANS_H

/*
 * Who is banned, why and until when: a table of clients (IPv6 by /64), shared by all reactors. One
 * short lock, taken only while somebody is banned at all. Bans end by themselves: they are looked
 * at when somebody comes. There are at most BANS_MOST; beyond, the oldest makes room.
 *
 * This is only the table. What earns a ban is decided in server/warden.
 */
#include "base/address.h"
#include "base/text.h"
#include "http/offence.h"

#include <stdbool.h>
#include <stdint.h>

#define BANS_MOST 65536u

struct bans;

struct bans *bans_new(void);
void bans_free(struct bans *bans);

/*
 * Bans the client for `time_ms` from now. A ban it has already and that lasts longer stays as it
 * is. True: it was not banned before.
 */
bool bans_add(struct bans *bans, const union socket_address *client, enum offence cause,
              uint64_t time_ms, uint64_t now_ms);

/* How long the client is still banned; 0: it is not. */
uint64_t bans_left(struct bans *bans, const union socket_address *client, uint64_t now_ms);

/*
 * The client connects: as bans_left(). The first few times it is told that it is banned; then
 * *ret_silent says that it is not worth an answer any more. `restart`: its ban begins anew.
 */
uint64_t bans_knock(struct bans *bans, const union socket_address *client, bool restart,
                    uint64_t now_ms, bool *ret_silent);

/* False: it was not banned. */
bool bans_lift(struct bans *bans, const union socket_address *client, uint64_t now_ms);
unsigned bans_lift_all(struct bans *bans, uint64_t now_ms); /* how many there were */

unsigned bans_count(struct bans *bans, uint64_t now_ms);

/* One line for each, as far as there is room, and how many are left out: the client, until when,
 * why, how often it came since. `unix_s` is the time of day at `now_ms`. */
void bans_describe(struct bans *bans, uint64_t now_ms, int64_t unix_s, struct text *text);

/* ---- for the next server (server/legacy.h) ---- */

struct ban_note {
    union socket_address client;
    enum offence cause;
    uint64_t time_ms;
    uint64_t until_ms;
    uint64_t knocks;
};

/* Each ban that lasts, the oldest first; `see` is called under the lock. */
void bans_each(struct bans *bans, uint64_t now_ms, void (*see)(void *self, const struct ban_note *),
               void *self);

/* One that another server has noted: it ends when it would have ended there. */
void bans_recall(struct bans *bans, const struct ban_note *note, uint64_t now_ms);

/* Before there are other threads, or when there are none any more: `changed` is called by whoever
 * changes who is banned or until when. NULL: nobody wants to know. */
void bans_watch(struct bans *bans, void (*changed)(void *self), void *self);

/* "too many requests (BanOnFlooding)": for logs and lists. */
const char *offence_text(enum offence offence);

/* "1 d 02:00:00", "90 s": how long. */
void ban_time_add(struct text *text, uint64_t ms);

#endif
