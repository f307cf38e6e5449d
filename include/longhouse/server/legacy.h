#ifndef SERVER_LEGACY_H
#define SERVER_LEGACY_H

/*
 * What a server leaves to the next one, after an upgrade or its own death: who is banned, and which
 * targets are drained or rest. It is written, as text, into a memory file that the supervisor keeps
 * and hands to each server (HANDOVER_LEGACY): a second after something has changed, so that many
 * changes are written once, and at once before an upgrade. Times are those of the machine's
 * monotonic clock, which all processes share.
 *
 * Main thread, but for legacy_touch().
 */
#include "base/log.h"
#include "base/slice.h"
#include "gateway/backend.h"
#include "server/bans.h"

#include <stdbool.h>

struct edition;
struct legacy;
struct loop;
struct mailbox;

/* Whose state it is; borrowed. `edition` may change while the server runs. */
struct legacy_estate {
    struct bans *bans;
    struct edition *const *edition;
};

/* Takes over what the file holds (`fd` is taken), before there are reactors, and keeps it from then
 * on. NULL: there is no file. */
struct legacy *legacy_open(struct loop *loop, struct mailbox *mailbox, struct legacy_estate estate,
                           int fd, struct log *log);

/* Something has changed. From any thread; `self` may be NULL. */
void legacy_touch(void *self);

/* Writes what is known now. */
void legacy_write(struct legacy *legacy);

/* Nothing is written any more: the file is another server's. */
void legacy_rest(struct legacy *legacy);

/* When there are no reactors any more. */
void legacy_close(struct legacy *legacy);

/* ---- the text ---- */

enum legacy_kind { LEGACY_NOTHING, LEGACY_BAN, LEGACY_TARGET };

struct legacy_line {
    enum legacy_kind kind; /* NOTHING: of another version, or no line of ours */
    struct ban_note ban;
    struct slice section; /* of the target: FastCGIid; borrowed from the line, as its name is */
    struct backend_note target;
};

/* Pure. */
struct legacy_line legacy_parse(struct slice line);

#endif
