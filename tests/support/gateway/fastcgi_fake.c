#include "gateway/fastcgi_fake.h"

#include "gateway/fcgi_record.h"
#include "os/fd.h"
#include "os/socket.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void fastcgi_fake_open(struct fastcgi_fake *fake, int backlog)
{
    static unsigned count;

    fake->fd = -1;
    snprintf(fake->path, sizeof(fake->path), "/tmp/longhouse-test-%d-%u.sock", (int)getpid(),
             count++);
    ck_assert(address_parse_target(slice_cstr(fake->path), &fake->address));
    ck_assert_int_eq(socket_listen(&fake->address, backlog, &fake->listener), 0);
}

void fastcgi_fake_close(struct fastcgi_fake *fake)
{
    fastcgi_fake_stop(fake, true);
    fd_close(&fake->fd);
}

void fastcgi_fake_stop(struct fastcgi_fake *fake, bool remove)
{
    fd_close(&fake->listener);
    if (remove)
        unlink(fake->path);
}

bool fastcgi_fake_accept(struct fastcgi_fake *fake)
{
    union socket_address peer;
    int fd;

    if (fake->listener < 0 || socket_accept(fake->listener, &peer, &fd) < 0)
        return false;
    fd_close(&fake->fd);
    fake->fd = fd;
    fastcgi_fake_again(fake);
    return true;
}

void fastcgi_fake_again(struct fastcgi_fake *fake)
{
    fake->begins = 0;
    fake->params_len = fake->body_len = fake->pending_len = 0;
    fake->params_ended = fake->body_ended = fake->closed = false;
    fastcgi_fake_read(fake, SIZE_MAX);
}

/* ---- what comes ---- */

static size_t read_len(const unsigned char **at)
{
    const unsigned char *p = *at;

    *at += *p & 0x80 ? 4 : 1;
    return *p & 0x80 ? (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]
                     : p[0];
}

static void keep_param(struct fastcgi_fake *fake, const void *at, size_t len)
{
    ck_assert_uint_le(fake->params_len + len, sizeof(fake->params));
    memcpy(fake->params + fake->params_len, at, len);
    fake->params_len += len;
}

/* As php-fpm does it: each record by itself. */
static void take_params(struct fastcgi_fake *fake, const unsigned char *at, size_t len)
{
    const unsigned char *end = at + len;

    ck_assert(!fake->params_ended);
    fake->params_ended = len == 0;
    while (at < end) {
        size_t name_len = read_len(&at);
        size_t value_len = read_len(&at);

        ck_assert_uint_le(name_len + value_len, (size_t)(end - at));
        keep_param(fake, at, name_len);
        keep_param(fake, "=", 1);
        keep_param(fake, at + name_len, value_len);
        keep_param(fake, "", 1);
        at += name_len + value_len;
    }
}

static void take_record(struct fastcgi_fake *fake, unsigned type, const unsigned char *at,
                        size_t len)
{
    switch (type) {
    case FCGI_BEGIN_REQUEST:
        ck_assert_uint_eq(len, 8);
        ck_assert_uint_eq(at[1], fake->role != 0 ? fake->role : FCGI_RESPONDER);
        ck_assert_uint_le(at[2], 1);
        fake->keep = at[2] & 1;
        fake->begins++;
        break;
    case FCGI_PARAMS:
        take_params(fake, at, len);
        break;
    case FCGI_STDIN:
        ck_assert(fake->params_ended && !fake->body_ended);
        fake->body_ended = len == 0;
        ck_assert_uint_le(fake->body_len + len, sizeof(fake->body));
        memcpy(fake->body + fake->body_len, at, len);
        fake->body_len += len;
        break;
    default:
        ck_abort_msg("record of type %u", type);
    }
}

static void take_records(struct fastcgi_fake *fake)
{
    const unsigned char *at = (const unsigned char *)fake->pending;
    size_t left = fake->pending_len;

    while (left >= 8) {
        size_t content = (size_t)at[4] << 8 | at[5];
        size_t whole = 8 + content + at[6];

        ck_assert_uint_eq(at[0], 1);
        ck_assert_uint_eq(at[3], 1);
        ck_assert_uint_le(content + at[6], 65535);
        if (left < whole)
            break;
        take_record(fake, at[1], at + 8, content);
        at += whole;
        left -= whole;
    }
    memmove(fake->pending, at, left);
    fake->pending_len = left;
}

void fastcgi_fake_read(struct fastcgi_fake *fake, size_t most)
{
    while (most > 0) {
        size_t room = sizeof(fake->pending) - fake->pending_len;
        ssize_t got =
            recv(fake->fd, fake->pending + fake->pending_len, room < most ? room : most, 0);

        fake->closed |= got == 0 || (got < 0 && errno == ECONNRESET);
        if (got <= 0)
            return;
        fake->pending_len += (size_t)got;
        most -= (size_t)got;
        if (!fake->raw)
            take_records(fake);
    }
}

const char *fastcgi_fake_param(const struct fastcgi_fake *fake, const char *name)
{
    size_t len = strlen(name);

    for (size_t at = 0; at < fake->params_len; at += strlen(fake->params + at) + 1)
        if (strncmp(fake->params + at, name, len) == 0 && fake->params[at + len] == '=')
            return fake->params + at + len + 1;
    return NULL;
}

/* ---- what is said ---- */

void fastcgi_fake_say_raw(struct fastcgi_fake *fake, const void *bytes, size_t len)
{
    ck_assert_int_eq(send(fake->fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

void fastcgi_fake_say(struct fastcgi_fake *fake, unsigned type, const char *content)
{
    unsigned char head[FCGI_HEAD_LEN];
    size_t len = strlen(content);

    fcgi_head_encode((enum fcgi_type)type, len, head);
    head[6] = 0;
    fastcgi_fake_say_raw(fake, head, sizeof(head));
    if (len > 0)
        fastcgi_fake_say_raw(fake, content, len);
}

void fastcgi_fake_end(struct fastcgi_fake *fake, unsigned app_status, unsigned char status)
{
    unsigned char record[16];

    fcgi_head_encode(FCGI_END_REQUEST, 8, record);
    memset(record + 8, 0, 8);
    record[11] = (unsigned char)app_status;
    record[12] = status;
    fastcgi_fake_say_raw(fake, record, sizeof(record));
}

void fastcgi_fake_hang_up(struct fastcgi_fake *fake)
{
    fd_close(&fake->fd);
}
