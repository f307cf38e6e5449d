#include "server/legacy.h"

#include "base/encode.h"
#include "base/number.h"
#include "base/sum.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "os/fd.h"
#include "server/edition.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEGACY_BYTES_MOST (16u << 20)
#define SETTLE_MS         1000u
#define SUM_DIGITS        ((size_t)2 * SHA256_LEN)

struct legacy {
    struct loop *loop;
    struct mailbox *mailbox;
    struct legacy_estate estate;
    struct log *log;
    int fd;
    struct timer timer; /* runs from the first change to the writing of it */
    struct task task;
    struct letter letter;
    _Atomic bool touched; /* the letter is on its way, or the timer runs */
    bool rests;
};

/* ---- one line ---- */

static bool take_number(struct slice *rest, uint64_t most, uint64_t *ret)
{
    struct slice word;

    (void)slice_cut(*rest, ' ', &word, rest);
    return number_parse(word, most, ret);
}

/* CLIENT CAUSE TIME UNTIL KNOCKS */
static bool parse_ban(struct slice rest, struct ban_note *ret)
{
    struct slice client;
    uint64_t cause;

    (void)slice_cut(rest, ' ', &client, &rest);
    if (!address_parse_ip(client, 0, &ret->client) || !take_number(&rest, OFFENCE_ORDER, &cause) ||
        !take_number(&rest, UINT32_MAX * UINT64_C(1000), &ret->time_ms) ||
        !take_number(&rest, UINT64_MAX / 2, &ret->until_ms) ||
        !take_number(&rest, UINT64_MAX / 2, &ret->knocks))
        return false;
    ret->cause = (enum offence)cause;
    return cause != OFFENCE_NONE && rest.len == 0;
}

/* DRAINED RESTS UNTIL NTH NAME SECTION */
static bool parse_target(struct slice rest, struct legacy_line *ret)
{
    struct backend_note *target = &ret->target;
    uint64_t drained;
    uint64_t rests;
    uint64_t nth;

    if (!take_number(&rest, 1, &drained) || !take_number(&rest, UINT16_MAX, &rests) ||
        !take_number(&rest, UINT64_MAX / 2, &target->rest_until_ms) ||
        !take_number(&rest, UINT16_MAX, &nth))
        return false;
    target->drained = drained == 1;
    target->rests = (unsigned)rests;
    target->nth = (unsigned)nth;
    return slice_cut(rest, ' ', &target->name, &ret->section) && target->name.len > 0 &&
           ret->section.len > 0;
}

struct legacy_line legacy_parse(struct slice line)
{
    struct legacy_line ret = { 0 };
    struct slice kind;
    struct slice rest;

    (void)slice_cut(line, ' ', &kind, &rest);
    if (slice_equal_cstr(kind, "ban") && parse_ban(rest, &ret.ban))
        ret.kind = LEGACY_BAN;
    else if (slice_equal_cstr(kind, "target") && parse_target(rest, &ret))
        ret.kind = LEGACY_TARGET;
    return ret;
}

/* ---- from the former server ---- */

static struct backend_group *find_group(const struct edition *edition, struct slice section)
{
    for (unsigned i = 0; i < edition->backend_count; i++)
        if (slice_equal(edition->backends[i]->conf->id, section))
            return edition->backends[i];
    return NULL;
}

static void recall(const struct legacy *legacy, struct slice text)
{
    const struct edition *edition = *legacy->estate.edition;
    const uint64_t now_ms = legacy->loop->now_ms;
    struct slice line;

    while (slice_next(&text, '\n', &line)) {
        const struct legacy_line one = legacy_parse(line);
        struct backend_group *group;

        if (one.kind == LEGACY_BAN)
            bans_recall(legacy->estate.bans, &one.ban, now_ms);
        else if (one.kind == LEGACY_TARGET && (group = find_group(edition, one.section)) != NULL)
            backend_group_recall(group, &one.target, now_ms);
    }
}

static void digits_of(struct slice text, char out[SUM_DIGITS + 1])
{
    struct text digits = text_on(out, SUM_DIGITS + 1);
    unsigned char sum[SHA256_LEN];

    sha256_of(text, sum);
    hex_encode(&digits, slice_of(sum, sizeof(sum)));
    text_cstr(&digits);
}

/* What was written by halves, when its server died of it, has another sum. */
static bool is_whole(struct slice text, struct slice *ret_rest)
{
    char sum[SUM_DIGITS + 1];
    struct slice first;

    if (!slice_cut(text, '\n', &first, ret_rest))
        return false;
    digits_of(*ret_rest, sum);
    return slice_equal_cstr(first, sum);
}

static void read_former(const struct legacy *legacy)
{
    struct slice rest;
    char *data = NULL;
    size_t len = 0;

    if (fd_read_all(legacy->fd, LEGACY_BYTES_MOST, &data, &len) < 0)
        return;
    if (is_whole(slice_of(data, len), &rest))
        recall(legacy, rest);
    else if (len > 0)
        log_warning(legacy->log, "what the former server knew of bans and drained targets cannot "
                                 "be read; they begin anew");
    free(data);
}

/* ---- to the next one ---- */

static void add_ban(void *self, const struct ban_note *note)
{
    char client[ADDRESS_TEXT_MOST];

    fprintf(self, "ban %s %u %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
            address_text(&note->client, client), (unsigned)note->cause, note->time_ms,
            note->until_ms, note->knocks);
}

static void add_group(FILE *out, struct backend_group *group, uint64_t now_ms)
{
    struct backend_note note;

    for (unsigned i = 0; i < group->count; i++)
        if (backend_group_note(group, i, now_ms, &note))
            fprintf(out, "target %u %u %" PRIu64 " %u %.*s %.*s\n", note.drained, note.rests,
                    note.rest_until_ms, note.nth, SLICE_ARGS(note.name),
                    SLICE_ARGS(group->conf->id));
}

/* The sum stands in front, and is known last. */
static char *text_of(const struct legacy *legacy, size_t *ret_len)
{
    const struct edition *edition = *legacy->estate.edition;
    const uint64_t now_ms = legacy->loop->now_ms;
    char sum[SUM_DIGITS + 1] = "";
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_len);

    if (!out)
        abort();
    fprintf(out, "%*s\n", (int)SUM_DIGITS, "");
    bans_each(legacy->estate.bans, now_ms, add_ban, out);
    for (unsigned i = 0; i < edition->backend_count; i++)
        add_group(out, edition->backends[i], now_ms);
    fclose(out);
    if (!text)
        abort();
    digits_of(slice_of(text + SUM_DIGITS + 1, *ret_len - SUM_DIGITS - 1), sum);
    memcpy(text, sum, SUM_DIGITS);
    return text;
}

void legacy_write(struct legacy *legacy)
{
    size_t len;

    if (!legacy || legacy->rests)
        return;
    char *text = text_of(legacy, &len);
    int r = fd_rewrite(legacy->fd, text, len);
    if (r < 0)
        log_warning(legacy->log, "bans and drained targets cannot be kept for the next server: %s",
                    strerror(-r));
    free(text);
}

/* ---- changes ---- */

void legacy_touch(void *self)
{
    struct legacy *legacy = self;

    if (legacy && !atomic_exchange(&legacy->touched, true))
        mailbox_send(legacy->mailbox, &legacy->letter);
}

static void on_letter(struct letter *letter)
{
    struct legacy *legacy = container_of(letter, struct legacy, letter);

    if (!legacy->rests)
        timer_set(legacy->loop, &legacy->timer, legacy->loop->now_ms + SETTLE_MS);
}

static void on_settled(struct task *task)
{
    struct legacy *legacy = container_of(task, struct legacy, task);

    atomic_store(&legacy->touched, false); /* what changes from here on is written next time */
    legacy_write(legacy);
}

struct legacy *legacy_open(struct loop *loop, struct mailbox *mailbox, struct legacy_estate estate,
                           int fd, struct log *log)
{
    if (fd < 0)
        return NULL;
    struct legacy *legacy = calloc(1, sizeof(*legacy));

    if (!legacy)
        abort();
    *legacy = (struct legacy){
        .loop = loop,
        .mailbox = mailbox,
        .estate = estate,
        .log = log,
        .fd = fd,
        .task.run = on_settled,
        .letter.read = on_letter,
    };
    legacy->timer.task = &legacy->task;
    read_former(legacy);
    bans_watch(estate.bans, legacy_touch, legacy);
    return legacy;
}

void legacy_rest(struct legacy *legacy)
{
    if (!legacy)
        return;
    legacy->rests = true;
    timer_stop(legacy->loop, &legacy->timer);
    loop_forget(legacy->loop, &legacy->task);
}

void legacy_close(struct legacy *legacy)
{
    if (!legacy)
        return;
    legacy_rest(legacy);
    bans_watch(legacy->estate.bans, NULL, NULL);
    fd_close(&legacy->fd);
    free(legacy);
}
