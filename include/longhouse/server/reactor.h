#ifndef SERVER_REACTOR_H
#define SERVER_REACTOR_H

/*
 * One thread: accepts, routes, answers. Owns its connections, exchanges, timers and links to
 * programs; other threads reach it through its mailbox only.
 */
#include "gateway/turnstile.h"
#include "handler/services.h"
#include "http/press_shelf.h"
#include "loop/mailbox.h"
#include "server/access_log.h"
#include "server/house.h"
#include "server/reading.h"
#include "server/stats.h"

#include <pthread.h>

/*  OPEN ──drain──> DRAINING ──nothing left──> ENDED  */
enum reactor_state { REACTOR_OPEN, REACTOR_DRAINING, REACTOR_ENDED };

struct listener;

struct reactor {
    struct house *house; /* borrowed */
    unsigned index;
    pthread_t thread;
    enum reactor_state state;
    struct loop loop;
    struct mailbox mailbox;
    struct desk desk;
    struct spawn_client *spawner;
    int spawner_pid;      /* of the main thread, for people; -1: not known */
    struct list readings; /* the current one first */
    struct task readings_task;
    struct exchange_owner exchanges;
    struct conn_owner conns;
    uint64_t exchange_count;
    struct listener *listeners; /* by binding of the current reading; owned array */
    unsigned listener_count;
    bool listening;            /* the listeners are watched */
    struct timer listen_again; /* after a pause: no descriptors, or more than the fair share */
    struct task listen_task;
    struct timer drain_timer;
    struct task drain_task;
    int spare_fd;             /* given up for a moment when descriptors run out */
    uint64_t starved_told_ms; /* when that was said last; 0: never */
    struct press_shelf shelf;
    struct access_log access;
    struct stats stats;
    struct mailbox *ended; /* of the main thread: told when this one ends, and of readings */
    struct letter ended_letter;
};

/* Builds one and starts its thread: 0 or negative errno. `spawner_fd` (taken): its channel, or -1.
 */
int reactor_start(struct house *house, unsigned index, int spawner_fd, struct mailbox *ended,
                  void (*on_ended)(struct letter *), struct reactor **ret);

/* From other threads: no new connections; what is in flight has `drain_ms` to end. */
void reactor_drain(struct reactor *reactor, uint64_t drain_ms);

/* From any thread: ends the connections of a client that was banned. */
void reactor_kick(struct reactor *reactor, const union socket_address *client);

/* From other threads: a new spawner (the descriptor is taken). */
void reactor_new_spawner(struct reactor *reactor, int spawner_fd);

/* After it told that it ended. */
void reactor_join(struct reactor *reactor);

#endif
