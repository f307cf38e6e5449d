#include "ipc/spawn.h"

#include "ipc_private.h"

#include <errno.h>

/*
 * Every message begins with kind and token (u32 each); then
 *
 *   ASK      generation u32, rule u32, account u32, stdin u32, lengths u32 of script, environment
 *            and arguments, then these
 *   KILL     nothing
 *   STARTED  pid u32, has_stdin u32
 *   FAILED   stage u32, errno u32
 *   EXITED   status u32, family_left u32, cpu u64, peak u64
 *   LOOK     nothing
 *   SEEN     length u32 of the text, then this
 */
#define SCRIPT_AT 36 /* fixed part of ASK */
#define TEXT_AT   12 /* fixed part of SEEN */

static int encode_ask(const struct spawn_ask *ask, unsigned char *at,
                      struct iovec parts[SPAWN_PARTS_MOST])
{
    if (ask->script.len > SPAWN_MESSAGE_MOST || ask->environment.len > SPAWN_MESSAGE_MOST ||
        ask->arguments.len > SPAWN_MESSAGE_MOST ||
        SCRIPT_AT + ask->script.len + ask->environment.len + ask->arguments.len >
            SPAWN_MESSAGE_MOST)
        return -EMSGSIZE;

    at = put_u32(at, ask->token);
    at = put_u32(at, ask->generation);
    at = put_u32(at, ask->rule);
    at = put_u32(at, ask->account);
    at = put_u32(at, (uint32_t)ask->stdin_kind);
    at = put_u32(at, (uint32_t)ask->script.len);
    at = put_u32(at, (uint32_t)ask->environment.len);
    put_u32(at, (uint32_t)ask->arguments.len);
    parts[0].iov_len = SCRIPT_AT;
    parts[1] = (struct iovec){ (void *)ask->script.at, ask->script.len };
    parts[2] = (struct iovec){ (void *)ask->environment.at, ask->environment.len };
    parts[3] = (struct iovec){ (void *)ask->arguments.at, ask->arguments.len };
    return 4;
}

static unsigned char *encode_exited(const struct spawn_exited *exited, unsigned char *at)
{
    at = put_u32(at, exited->token);
    at = put_u32(at, (uint32_t)exited->status);
    at = put_u32(at, exited->family_left);
    at = put_u64(at, exited->cpu_us);
    return put_u64(at, exited->peak_kib);
}

static int encode_seen(const struct spawn_seen *seen, unsigned char *at,
                       struct iovec parts[SPAWN_PARTS_MOST])
{
    if (seen->text.len > SPAWN_SEEN_MOST)
        return -EMSGSIZE;
    at = put_u32(at, seen->token);
    put_u32(at, (uint32_t)seen->text.len);
    parts[0].iov_len = TEXT_AT;
    parts[1] = (struct iovec){ (void *)seen->text.at, seen->text.len };
    return 2;
}

int spawn_encode(const struct spawn_message *message, unsigned char head[SPAWN_HEAD_MOST],
                 struct iovec parts[SPAWN_PARTS_MOST])
{
    unsigned char *at = put_u32(head, (uint32_t)message->kind);

    parts[0] = (struct iovec){ .iov_base = head };
    switch (message->kind) {
    case SPAWN_ASK:
        return encode_ask(&message->ask, at, parts);
    case SPAWN_KILL:
        at = put_u32(at, message->kill_token);
        break;
    case SPAWN_STARTED:
        at = put_u32(at, message->started.token);
        at = put_u32(at, (uint32_t)message->started.pid);
        at = put_u32(at, message->started.has_stdin);
        break;
    case SPAWN_FAILED:
        at = put_u32(at, message->failed.token);
        at = put_u32(at, (uint32_t)message->failed.stage);
        at = put_u32(at, (uint32_t)message->failed.error);
        break;
    case SPAWN_EXITED:
        at = encode_exited(&message->exited, at);
        break;
    case SPAWN_LOOK:
        at = put_u32(at, message->look_token);
        break;
    case SPAWN_SEEN:
        return encode_seen(&message->seen, at, parts);
    }
    parts[0].iov_len = (size_t)(at - head);
    return 1;
}

/* NULL, or the rule that the path breaks. */
static const char *script_fault(struct slice script)
{
    struct slice rest = script;
    struct slice segment;

    if (script.len == 0)
        return "the script has no name";
    if (script.at[0] == '/')
        return "the script is not relative";
    if (slice_has(script, '\0'))
        return "NUL in the script's name";
    for (bool more = true; more;) {
        more = slice_cut(rest, '/', &segment, &rest);
        if (slice_equal(segment, SLICE("..")))
            return "the script has a '..' segment";
    }
    return NULL;
}

static const char *environment_fault(struct slice environment)
{
    struct slice rest = environment;

    if (environment.len > 0 && environment.at[environment.len - 1] != '\0')
        return "the environment does not end with NUL";
    while (rest.len > 0) {
        struct slice entry;

        slice_cut(rest, '\0', &entry, &rest);
        size_t name_len = slice_find(entry, '=');
        if (name_len == 0 || name_len == SLICE_NONE)
            return "an entry of the environment has no name";
    }
    return NULL;
}

/* The server may give words of a query to a program, never an option. */
static const char *arguments_fault(struct slice arguments)
{
    struct slice rest = arguments;
    struct slice word;

    if (arguments.len > 0 && arguments.at[arguments.len - 1] != '\0')
        return "the arguments do not end with NUL";
    while (rest.len > 0) {
        slice_cut(rest, '\0', &word, &rest);
        if (slice_starts(word, SLICE("-")))
            return "an argument begins with '-'";
    }
    return NULL;
}

static enum parse decode_ask(struct cursor *cursor, struct spawn_ask *ask,
                             struct parse_fault *reterr)
{
    ask->generation = take_u32(cursor);
    ask->rule = take_u32(cursor);
    ask->account = take_u32(cursor);
    uint32_t stdin_kind = take_u32(cursor);
    uint32_t script_len = take_u32(cursor);
    uint32_t environment_len = take_u32(cursor);
    uint32_t arguments_len = take_u32(cursor);
    ask->script = take_bytes(cursor, script_len);
    ask->environment = take_bytes(cursor, environment_len);
    ask->arguments = take_bytes(cursor, arguments_len);
    if (cursor->short_of)
        return PARSE_DONE; /* the caller says so */
    if (stdin_kind > SPAWN_STDIN_FILE)
        return parse_bad(reterr, 20, "unknown kind of stdin");
    ask->stdin_kind = (enum spawn_stdin)stdin_kind;

    const char *why = script_fault(ask->script);
    if (why)
        return parse_bad(reterr, SCRIPT_AT, why);
    why = environment_fault(ask->environment);
    if (why)
        return parse_bad(reterr, SCRIPT_AT + ask->script.len, why);
    why = arguments_fault(ask->arguments);
    if (why)
        return parse_bad(reterr, SCRIPT_AT + ask->script.len + ask->environment.len, why);
    return PARSE_DONE;
}

static enum parse decode_seen(struct cursor *cursor, struct spawn_seen *seen,
                              struct parse_fault *reterr)
{
    uint32_t len = take_u32(cursor);

    if (len > SPAWN_SEEN_MOST)
        return parse_bad(reterr, TEXT_AT - 4, "the text is too long");
    seen->text = take_bytes(cursor, len);
    for (size_t i = 0; i < seen->text.len; i++)
        if ((unsigned char)seen->text.at[i] < ' ' || seen->text.at[i] == 0x7f)
            return parse_bad(reterr, TEXT_AT + i, "a control byte in the text");
    return PARSE_DONE;
}

/* Yes or no as a number. */
static bool take_bool(struct cursor *cursor, bool *ret_strange)
{
    uint32_t number = take_u32(cursor);

    *ret_strange = number > 1;
    return number == 1;
}

static enum parse decode_rest(struct cursor *cursor, struct spawn_message *message,
                              struct parse_fault *reterr)
{
    uint32_t token = take_u32(cursor);
    uint32_t stage;
    bool strange = false;

    switch (message->kind) {
    case SPAWN_ASK:
        message->ask.token = token;
        return decode_ask(cursor, &message->ask, reterr);
    case SPAWN_KILL:
        message->kill_token = token;
        return PARSE_DONE;
    case SPAWN_STARTED:
        message->started.token = token;
        message->started.pid = (int32_t)take_u32(cursor);
        message->started.has_stdin = take_bool(cursor, &strange);
        break;
    case SPAWN_FAILED:
        message->failed.token = token;
        stage = take_u32(cursor);
        strange = stage >= SPAWN_STAGE_GONE; /* which is never sent */
        message->failed.stage = (enum spawn_stage)stage;
        message->failed.error = (int32_t)take_u32(cursor);
        break;
    case SPAWN_EXITED:
        message->exited.token = token;
        message->exited.status = (int32_t)take_u32(cursor);
        message->exited.family_left = take_bool(cursor, &strange);
        message->exited.cpu_us = take_u64(cursor);
        message->exited.peak_kib = take_u64(cursor);
        break;
    case SPAWN_LOOK:
        message->look_token = token;
        return PARSE_DONE;
    case SPAWN_SEEN:
        message->seen.token = token;
        return decode_seen(cursor, &message->seen, reterr);
    }
    return strange ? parse_bad(reterr, 8, "a value is outside its range") : PARSE_DONE;
}

enum parse spawn_decode(struct slice datagram, struct spawn_message *ret,
                        struct parse_fault *reterr)
{
    struct cursor cursor = { .rest = datagram };
    struct spawn_message message = { 0 };

    if (datagram.len > SPAWN_MESSAGE_MOST)
        return parse_bad(reterr, SPAWN_MESSAGE_MOST, "message too long");
    uint32_t kind = take_u32(&cursor);
    if (cursor.short_of || kind < SPAWN_ASK || kind > SPAWN_SEEN)
        return parse_bad(reterr, 0, "unknown kind of message");

    message.kind = (enum spawn_kind)kind;
    if (decode_rest(&cursor, &message, reterr) != PARSE_DONE)
        return PARSE_BAD;
    if (cursor.short_of)
        return parse_bad(reterr, datagram.len, "message too short");
    if (cursor.rest.len > 0)
        return parse_bad(reterr, datagram.len - cursor.rest.len, "bytes behind the message");
    *ret = message;
    return PARSE_DONE;
}

const char *spawn_stage_text(enum spawn_stage stage)
{
    switch (stage) {
    case SPAWN_STAGE_RULE:
        return "no rule allows it";
    case SPAWN_STAGE_SCRIPT:
        return "the script cannot be used";
    case SPAWN_STAGE_FOLDER:
        return "its folder cannot be entered";
    case SPAWN_STAGE_PIPES:
        return "no pipes for it";
    case SPAWN_STAGE_PROCESS:
        return "no process for it";
    case SPAWN_STAGE_EXEC:
        return "it cannot be executed";
    case SPAWN_STAGE_OWNER:
        return "it may not run as its user";
    case SPAWN_STAGE_LIMITS:
        return "its limits cannot be set";
    case SPAWN_STAGE_USER:
        return "it cannot become its user";
    case SPAWN_STAGE_GROUP:
        return "it cannot be in a control group of its own";
    case SPAWN_STAGE_SANDBOX:
        return "its sandbox cannot be closed";
    case SPAWN_STAGE_CHROOT:
        return "its root directory cannot be changed";
    case SPAWN_STAGE_GONE:
        return "the spawner went away";
    }
    return "unknown";
}

const char *spawn_refusal_text(int32_t refusal)
{
    static const char *const texts[] = {
        [SPAWN_REFUSED_OUTSIDE] = "the script lies outside the folder of its Wrap line",
        [SPAWN_REFUSED_SCRIPT_OWNER] = "the script belongs to somebody else (chown it)",
        [SPAWN_REFUSED_SCRIPT_WRITABLE] =
            "its group or others may write to the script (chmod go-w)",
        [SPAWN_REFUSED_SCRIPT_SET_ID] = "the script is set-user-id or set-group-id (chmod a-s)",
        [SPAWN_REFUSED_FOLDER_OWNER] =
            "the folder of the script belongs to somebody else (chown it)",
        [SPAWN_REFUSED_FOLDER_WRITABLE] =
            "its group or others may write to the folder of the script (chmod go-w)",
    };

    if (refusal < 1 || (size_t)refusal >= sizeof(texts) / sizeof(texts[0]))
        return "the script is refused";
    return texts[refusal];
}
