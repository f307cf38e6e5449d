#ifndef IPC_HANDOVER_H
#define IPC_HANDOVER_H

/*
 * What the supervisor hands to its children, and the little they say back: datagrams of one head
 * and perhaps a text, with descriptors. Pure codec; the descriptors travel beside it (os/pass).
 *
 *   supervisor -> server    BUNDLE (memory file)  LISTENER index  LOG path  CONTROL (listening unix
 * socket) SPAWNER index {pid} (channel of reactor `index`)  GO {reactors}  STOP {drain_ms}
 *                           LOGS_AGAIN   KEY text (of cookies)
 *   server -> supervisor    READY   FAILED text   STOPPED
 *   supervisor -> spawner   CGROUP (folder for programs)   SANDBOX index (ruleset)
 *                           POLICY (memory file)   CHANNEL index   STOP
 *   spawner -> supervisor   READY   FAILED text
 *   supervisor -> server, resolver   RESOLVER nameserver (their channel to each other)
 *   resolver -> supervisor  READY   FAILED text
 *
 * About certificates (ipc/acme.h), between supervisor and acme:
 *
 *   supervisor -> acme      ACME_TASKS (memory file)
 *   acme -> supervisor      READY   FAILED text
 *                           ACME_STATE index text (also to the server, as it came; enum acme_thing)
 *                           ACME_PIECE text (the next bytes of what is to be kept)
 *                           ACME_KEEP text (the pieces are the certificate of this site; without
 *                           text: the key of the account)
 *                           ACME_KEEP index 1 number text (they are the answer of OCSP, in
 *                           base64, about this certificate; none: it is not shown any more; enum
 *                           acme_news)
 *   supervisor -> acme      ACME_KEEP: they are kept; with a text: they are not, because
 *   server -> supervisor -> acme   ACME_RENEW text (a site: its next try is now; without: all)
 *   acme -> supervisor -> server, and back when it is so:
 *                           ACME_PROOF index number text ("NAME TOKEN ANSWER"; index 1: no
 *                           longer, "TOKEN")
 *
 * Generations of the configuration are numbered 1, 2, ...: BUNDLE and POLICY say which one they are
 * (number), READY and FAILED answer for one. For a further generation the server gets BUNDLE,
 * LISTENER (all of them), LOG (new ones), KEY and GO as at its start, and
 *
 *   server -> supervisor    RELOAD number (somebody asks for it, for the number-th time; index 1:
 *                           for an upgrade)
 *                           LEFT number (nothing of this generation is in use any more)
 *   supervisor -> server    OUTCOME index number text (memory file: what is to be told to those who
 *                           asked, up to the number-th; index 1: it failed; text: when)
 *   supervisor -> spawner   FORGET number (its policy)
 *
 * At an upgrade the supervisor hands LISTENER, CONTROL, PID_FILE, LEGACY and GO to another one,
 * which says READY or FAILED (src/supervisor/estate.h). What a server knows of bans and targets is
 * in a memory file that outlives it (server/legacy.h):
 *
 *   supervisor -> server    LEGACY (the file), before GO; LEGACY without it: write what you know
 *   server -> supervisor    LEGACY: it is written
 *
 * With pools of workers also: supervisor -> spawner   POOLS (memory file)   SOCKET index
 * (listening); spawner -> supervisor   WORKERS index text (ipc/workers_report)   SAID index text
 * (a line of a worker's stderr); supervisor -> server   WORKERS, as it came. `index` is that of the
 * pool.
 */
#include "base/parse.h"
#include "base/slice.h"

#include <stdint.h>
#include <sys/uio.h>

#define HANDOVER_TEXT_MOST 4096
#define HANDOVER_HEAD      24
#define HANDOVER_FD        3 /* the descriptor number of the channel in a child */

enum handover_kind {
    HANDOVER_BUNDLE = 1,
    HANDOVER_LISTENER,
    HANDOVER_LOG,
    HANDOVER_CONTROL,
    HANDOVER_SPAWNER,
    HANDOVER_GO,
    HANDOVER_STOP,
    HANDOVER_LOGS_AGAIN,
    HANDOVER_POLICY,
    HANDOVER_CHANNEL,
    HANDOVER_READY,
    HANDOVER_FAILED,
    HANDOVER_STOPPED,
    HANDOVER_CGROUP,
    HANDOVER_SANDBOX,
    HANDOVER_KEY,
    HANDOVER_POOLS,
    HANDOVER_SOCKET,
    HANDOVER_WORKERS,
    HANDOVER_SAID,
    HANDOVER_RESOLVER,
    HANDOVER_RELOAD,
    HANDOVER_OUTCOME,
    HANDOVER_LEFT,
    HANDOVER_FORGET,
    HANDOVER_PID_FILE,
    HANDOVER_LEGACY,
    HANDOVER_ACME_TASKS,
    HANDOVER_ACME_STATE,
    HANDOVER_ACME_PIECE,
    HANDOVER_ACME_KEEP,
    HANDOVER_ACME_PROOF,
    HANDOVER_ACME_RENEW,
    HANDOVER_KIND_LAST = HANDOVER_ACME_RENEW,
};

struct handover {
    enum handover_kind kind;
    uint32_t index;    /* of the binding or reactor; SANDBOX: 1, 2, ... in this order */
    uint64_t number;   /* GO: reactors; STOP: drain time in ms; SPAWNER: its pid; BUNDLE, POLICY,
                          READY, FAILED, LEFT, FORGET: a generation */
    struct slice text; /* LOG: path; FAILED: why; KEY: of cookies; RESOLVER: whom to ask, empty: as
                           the system says */
};

/* Returns the number of parts (1 or 2), or -EMSGSIZE. */
int handover_encode(const struct handover *message, unsigned char head[HANDOVER_HEAD],
                    struct iovec parts[2]);
enum parse handover_decode(struct slice datagram, struct handover *ret, struct parse_fault *reterr);

#endif
