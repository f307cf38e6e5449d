#ifndef TESTS_WIRE_H2_CLIENT_H
#define TESTS_WIRE_H2_CLIENT_H

/*
 * The client of a house (wire/house.h) that speaks HTTP/2: nghttp2's client side on the other end
 * of the memory transport. What it sends is what nghttp2 takes for right; raw bytes may be fed
 * besides.
 */
#include "base/slice.h"
#include "wire/house.h"

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_REPLIES 512

/* What came for one stream. */
struct h2_reply {
    int status;
    char interim[32]; /* "100 103 " */
    char fields[2048];
    char trailers[512]; /* as the fields: what came behind the body */
    char body[1 << 16]; /* the beginning */
    size_t body_len;    /* all of it */
    bool ended;         /* END_STREAM came */
    bool closed;
    uint32_t error; /* with `closed` */
    unsigned at;    /* the how manieth stream that ended */
};

struct h2_client {
    struct house *house; /* borrowed */
    nghttp2_session *session;
    struct h2_reply *replies[H2_REPLIES]; /* by half the id; owned */
    bool hoards;                          /* gives no window back */
    unsigned goaways;
    uint32_t goaway_error; /* of the last one */
    int32_t goaway_last;
    unsigned pings;    /* that were answered */
    unsigned settings; /* frames, acknowledgements not counted */
    unsigned ended;
    char order[256]; /* the ids of DATA frames as they came: "1 3 3 " */

    const char *body; /* of the upload that is under way */
    size_t body_len;
    size_t body_sent;
    size_t body_most;   /* no more than this is sent for now */
    const char *method; /* of uploads; NULL: POST */
};

/* The house is opened, and the first frames have been exchanged. */
struct h2_client *h2_client_new(struct house *house);
void h2_client_free(struct h2_client *client);

/* Frames go to and fro until nobody has more to say. */
void h2_client_pump(struct h2_client *client);

/* What the client says without being heard yet. */
void h2_client_send(struct h2_client *client);

/* Requests; the number of the stream. `more` are fields: "name: value\n..."; NULL: none. */
int32_t h2_client_ask(struct h2_client *client, const char *method, const char *path,
                      const char *more);
int32_t h2_client_get(struct h2_client *client, const char *path);

/* With a body, of which body_most bytes may go. One at a time. */
int32_t h2_client_upload(struct h2_client *client, const char *path, const char *more,
                         const char *body, size_t len);
void h2_client_let_go(struct h2_client *client, int32_t id, size_t most);

/* Only these pseudo-fields and fields. */
int32_t h2_client_ask_raw(struct h2_client *client, const char *fields);

struct h2_reply *h2_client_reply(struct h2_client *client, int32_t id);

/* Of a reply: the value of a field, or NULL. */
const char *h2_reply_field(const struct h2_reply *reply, const char *name);

/* A frame as bytes, straight to the house: for what nghttp2 would never send. */
void h2_client_frame(struct h2_client *client, uint8_t type, uint8_t flags, int32_t id,
                     struct slice payload);

#endif
