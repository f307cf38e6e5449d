#ifndef OS_NOTIFY_H
#define OS_NOTIFY_H

/*
 * The service manager's two small protocols: NOTIFY_SOCKET (readiness) and LISTEN_FDS (sockets
 * handed in).
 */

/* Sends e.g. "READY=1"; nothing happens without NOTIFY_SOCKET. 0 or negative errno. */
int notify_send(const char *state);

/* Number of sockets handed in, as descriptors 3, 4, ...; 0 without any. */
int notify_listen_fds(void);

#endif
