#ifndef SERVER_WARDEN_H
#define SERVER_WARDEN_H

/*
 * What the house does about clients that misbehave: it looks at what exchanges leave behind
 * (http/offence.h), counts, and bans as the configuration says (struct bans_conf). Each ban is one
 * line in the system log. Called by the reactor whose client it is.
 *
 * Others need not call it: who notices something says exchange_blame().
 */
#include "http/exchange.h"

#include <stdbool.h>

struct reactor;

/* The client is one that can be banned, and BanlistMask does not spare it. */
bool warden_may_ban(const struct reactor *reactor, const struct visit *visit);

/* One more request of the client; if that is too many, it is banned (BanOnFlooding). */
void warden_counts(struct reactor *reactor, const struct visit *visit);

/* The head of the answer is final: takes a program's wish for a ban out of it. */
void warden_reads_head(struct exchange *x);

/* The exchange has ended: what is to be done about its client? */
void warden_judge(struct reactor *reactor, struct exchange *x);

/* Bans the client, if it can be banned and `time_ms` is not 0. */
void warden_ban(struct reactor *reactor, const struct visit *visit, enum offence cause,
                uint64_t time_ms);

/* Ends all connections of the client in all reactors. By the main thread. */
struct house;
void warden_kick(const struct house *house, const union socket_address *client);

#endif
