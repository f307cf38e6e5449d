#include "handler/two_programs.h"

#include "gateway/backend.h"
#include "gateway/place.h"
#include "handler/registry.h"
#include "os/fd.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void open_section(struct two_programs *two, unsigned i)
{
    fastcgi_fake_open(&two->fakes[i], 64);
    two->targets[i] = (struct connect_conf){ .address = two->fakes[i].address,
                                             .text = slice_cstr(two->fakes[i].path),
                                             .weight = 1 };
    two->sections[i] = (struct fastcgi_conf){ .index = i,
                                              .id = i == 0 ? SLICE("FIRST") : SLICE("SECOND"),
                                              .targets = &two->targets[i],
                                              .target_count = 1,
                                              .connect_timeout_ms = 1000,
                                              .queue_length = 256,
                                              .queue_ms = 2000 };
    two->groups[i] = backend_group_new(&two->sections[i]);
}

struct two_programs *two_programs_open(void)
{
    struct two_programs *two = calloc(1, sizeof(*two));

    ck_assert_ptr_nonnull(two);
    two->open_before = fd_count_open();
    two->v = visitor_new();
    ck_assert_int_eq(mailbox_open(&two->mailbox, &two->v->loop), 0);
    desk_open(&two->desk, &two->v->loop, &two->mailbox);
    open_section(two, 0);
    open_section(two, 1);
    two->conf =
        (struct server_conf){ .max_environment_bytes = 65536, .work_directory = SLICE("/tmp") };
    two->vhost =
        (struct vhost_conf){ .website_root = SLICE("/srv/www"), .folder.time_for_cgi_ms = 5000 };
    two->host =
        (struct host){ .conf = &two->vhost, .name = SLICE("a.example"), .error_log = &two->v->log };
    two->snapshot = (struct snapshot){ .conf = &two->conf };
    two->services = (struct services){ .loop = &two->v->loop,
                                       .log = &two->v->log,
                                       .snapshot = &two->snapshot,
                                       .desk = &two->desk,
                                       .backends = two->groups,
                                       .backend_count = 2 };
    two->verdict = (struct verdict){
        .answer = ANSWER_FASTCGI,
        .host = &two->host,
        .folder = &two->vhost.folder,
        .fastcgi = &two->sections[0],
        .resource = { .relative = SLICE("a.php"),
                      .absolute = SLICE("/srv/www/a.php"),
                      .script_name = SLICE("/a.php") },
    };
    two->v->handler = &handler_fastcgi;
    two->v->verdict = &two->verdict;
    two->v->host = &two->host;
    two->v->services = &two->services;
    return two;
}

struct two_programs *two_programs_open_http(void)
{
    struct two_programs *two = two_programs_open();

    two->sections[0].protocol = PROTOCOL_HTTP;
    two->sections[0].keep_connections = 4;
    two->sections[0].keep_ms = 30000;
    two->fakes[0].raw = true;
    return two;
}

void two_programs_close(struct two_programs *two)
{
    ck_assert_ptr_null(two->v->x);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(atomic_load(&two->groups[i]->targets[0].now), 0);
        fastcgi_fake_close(&two->fakes[i]);
        place_close_kept(two->groups[i], &two->desk);
        ck_assert_uint_eq(two->groups[i]->targets[0].open, 0);
        ck_assert_uint_eq(two->groups[i]->waiting, 0);
        backend_group_free(two->groups[i]);
    }
    desk_close(&two->desk);
    mailbox_close(&two->mailbox);
    visitor_free(two->v);
    ck_assert_uint_eq(fd_count_open(), two->open_before);
    free(two);
}

struct fastcgi_fake *two_programs_accept(struct two_programs *two, unsigned section)
{
    ck_assert(fastcgi_fake_accept(&two->fakes[section]));
    ck_assert(!fastcgi_fake_accept(&two->fakes[1 - section]));
    visitor_settle(two->v); /* what was greeted goes on */
    fastcgi_fake_read(&two->fakes[section], SIZE_MAX);
    return &two->fakes[section];
}

void raw_say(struct two_programs *two, struct fastcgi_fake *fake, const char *text)
{
    fastcgi_fake_say_raw(fake, text, strlen(text));
    visitor_settle(two->v);
}

void raw_hang_up(struct two_programs *two, struct fastcgi_fake *fake)
{
    fastcgi_fake_hang_up(fake);
    visitor_settle(two->v);
}

struct slice raw_heard(const struct fastcgi_fake *fake)
{
    return slice_of(fake->pending, fake->pending_len);
}

bool raw_has_heard(const struct fastcgi_fake *fake, struct slice part)
{
    return slice_find_slice(raw_heard(fake), part) != SLICE_NONE;
}

void two_programs_check_body(const struct two_programs *two, const char *text)
{
    two->v->body[two->v->body_len] = '\0';
    ck_assert_str_eq(two->v->body, text);
}
