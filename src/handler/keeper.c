#include "handler/keeper.h"

#include "base/container.h"
#include "base/siphash.h"
#include "base/sum.h"
#include "login_file.h"
#include "os/password_hash.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define THREADS_MOST 8u
#define SEALS        4096u /* good passwords that are known at a time */
#define KEY_LEN      32u

/* A password that was right: the seal on it, on its user and on the file as it was then. */
struct known {
    unsigned char seal[SHA256_LEN];
    uint64_t until_ms;
};

struct keeper {
    struct log *log;
    unsigned thread_most;
    struct password_hasher *hasher; /* of keeper_work(), when there are no threads */
    pthread_mutex_t lock;           /* guards all below, and `state` of every login */
    pthread_cond_t news;
    pthread_t threads[THREADS_MOST];
    unsigned thread_count;
    bool stopping;
    struct fair_line line;
    struct list files;
    uint64_t generations;
    struct nonces nonces;
    unsigned char key[KEY_LEN];
    struct known known[SEALS];
};

/* Without secrets nobody could be told apart: there is no going on. */
static void draw(unsigned char ret[KEY_LEN])
{
    ssize_t got;

    do
        got = getrandom(ret, KEY_LEN, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)KEY_LEN) {
        perror("longhouse: no random key from getrandom(), ending");
        abort();
    }
}

struct keeper *keeper_new(unsigned threads, struct log *log)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));
    unsigned char key[KEY_LEN];

    if (!keeper)
        abort();
    keeper->log = log;
    keeper->thread_most = threads < THREADS_MOST ? threads : THREADS_MOST;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->news, NULL);
    fair_line_init(&keeper->line);
    list_init(&keeper->files);
    draw(keeper->key);
    draw(key);
    nonces_init(&keeper->nonces, key);
    return keeper;
}

void keeper_free(struct keeper *keeper)
{
    struct list_link *link;

    if (!keeper)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->stopping = true;
    pthread_cond_broadcast(&keeper->news);
    pthread_mutex_unlock(&keeper->lock);
    for (unsigned i = 0; i < keeper->thread_count; i++)
        pthread_join(keeper->threads[i], NULL);
    fair_line_done(&keeper->line);
    while ((link = list_pop_front(&keeper->files)) != NULL)
        login_file_free(container_of(link, struct login_file, link));
    password_hasher_free(keeper->hasher);
    pthread_cond_destroy(&keeper->news);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

/* ---- files ---- */

static struct login_file *find_file(struct keeper *keeper, enum password_kind kind,
                                    struct slice path, struct slice below)
{
    list_for_each (link, &keeper->files) {
        struct login_file *file = container_of(link, struct login_file, link);

        if (file->kind == kind && slice_equal_cstr(path, file->path) &&
            slice_equal_cstr(below, file->below))
            return file;
    }
    struct login_file *file = login_file_new(kind, path, below);
    list_push_back(&keeper->files, &file->link);
    return file;
}

static bool is_fresh(const struct login_file *file, uint64_t now_ms)
{
    return !file || (file->text && file->looked_ms + KEEPER_BELIEVE_MS > now_ms);
}

/* A text that came in the meantime, by another thread, gives way as well. */
static void put_text(struct keeper *keeper, struct login_file *file, struct login_text *text,
                     uint64_t now_ms)
{
    struct login_text *former = NULL;

    pthread_mutex_lock(&keeper->lock);
    file->looked_ms = now_ms;
    if (text) {
        former = file->text;
        file->text = text;
        file->generation = ++keeper->generations;
    }
    pthread_mutex_unlock(&keeper->lock);
    login_text_free(former);
}

static void look_at(struct keeper *keeper, struct login_file *file, uint64_t now_ms)
{
    struct login_stamp stamp;
    bool has_stamp = false;

    pthread_mutex_lock(&keeper->lock);
    const bool fresh = is_fresh(file, now_ms);
    if (!fresh && file->text && file->text->error == 0) {
        stamp = file->text->stamp;
        has_stamp = true;
    }
    pthread_mutex_unlock(&keeper->lock);
    if (fresh)
        return;
    put_text(keeper, file, login_text_read(file, has_stamp ? &stamp : NULL, keeper->log), now_ms);
}

/* ---- what was right a moment ago ---- */

static struct known *seal_of(struct keeper *keeper, const struct login *login,
                             unsigned char ret[SHA256_LEN])
{
    const uint64_t lengths[] = { login->file->generation, login->auth.user.len };
    const struct slice parts[] = { slice_of(lengths, sizeof(lengths)), login->auth.user,
                                   login->auth.password };
    uint32_t slot;

    hmac_sha256(slice_of(keeper->key, sizeof(keeper->key)), parts, 3, ret);
    memcpy(&slot, ret, sizeof(slot));
    return &keeper->known[slot % SEALS];
}

static bool is_known(struct keeper *keeper, const struct login *login)
{
    unsigned char seal[SHA256_LEN];
    const struct known *known = seal_of(keeper, login, seal);

    return known->until_ms > login->now_ms &&
           slice_equal_secret(slice_of(known->seal, sizeof(known->seal)),
                              slice_of(seal, sizeof(seal)));
}

static void remember(struct keeper *keeper, const struct login *login)
{
    unsigned char seal[SHA256_LEN];
    struct known *known = seal_of(keeper, login, seal);

    memcpy(known->seal, seal, sizeof(seal));
    known->until_ms = login->now_ms + KEEPER_KNOWS_MS;
}

/* ---- judging, under the lock ---- */

static enum login_answer say_broken(struct login *login, const char *what, int error)
{
    login->broken = what;
    login->error = error;
    return LOGIN_BROKEN;
}

/* Whoever the user is, the password was right. */
static enum login_answer judge_groups(struct login *login)
{
    if (!login->groups)
        return LOGIN_GOOD;
    if (!login->group_file)
        return LOGIN_NO_MEMBER;
    for (const struct conf_word *group = login->groups; group; group = group->next)
        if (password_file_is_member(&login->group_file->text->parsed, group->text,
                                    login->auth.user))
            return LOGIN_GOOD;
    return LOGIN_NO_MEMBER;
}

/* One algorithm for each user: the one that the client chose. */
static enum login_answer judge_digest(struct keeper *keeper, struct login *login)
{
    const struct password_file *file = &login->file->text->parsed;
    const struct authorization *auth = &login->auth;
    enum digest_algorithm algorithm;

    login->algorithms = file->algorithms;
    if (auth->scheme != AUTH_DIGEST)
        return LOGIN_NEEDED;
    if (!digest_algorithm_find(auth->algorithm, &algorithm) ||
        !slice_equal(auth->realm, login->realm))
        return LOGIN_WRONG;
    const struct password_entry *entry =
        password_file_digest(file, algorithm, auth->user, login->realm);
    if (!entry || !digest_response_fits(auth, algorithm, entry->hash, login->method))
        return LOGIN_WRONG;
    if (!nonces_take(&keeper->nonces, login->realm, auth->nonce, auth->nc, login->now_ms))
        return LOGIN_STALE;
    return judge_groups(login);
}

/* LOGIN_WAITS: only a hash can tell. */
static enum login_answer judge_basic(struct keeper *keeper, struct login *login)
{
    if (login->auth.scheme != AUTH_BASIC)
        return LOGIN_NEEDED;
    return is_known(keeper, login) ? judge_groups(login) : LOGIN_WAITS;
}

static enum login_answer judge(struct keeper *keeper, struct login *login)
{
    if (login->file->text->error < 0)
        return say_broken(login, "PasswordFile", login->file->text->error);
    if (login->group_file && login->group_file->text->error < 0)
        return say_broken(login, "group file", login->group_file->text->error);
    if (login->is_proven)
        return judge_groups(login);
    return login->conf->kind == LOGIN_DIGEST ? judge_digest(keeper, login)
                                             : judge_basic(keeper, login);
}

/* ---- hashing ---- */

/* Whose hash is tried. A user who does not exist, or is locked, costs what another one costs:
 * always the same, so that nobody can tell them apart by asking again. */
static bool choose_hash(const struct password_file *file, struct slice user,
                        char ret[PASSWORD_HASH_MOST])
{
    const struct password_entry *entry = password_file_user(file, user);
    const bool exists = entry && !entry->locked;

    if (!exists && file->entry_count > 0)
        entry = file->entries[siphash(siphash_process_key(), user) % file->entry_count];
    const struct slice hash = entry ? entry->hash : SLICE("");
    memcpy(ret, hash.at, hash.len);
    ret[hash.len] = '\0';
    return exists;
}

/* The file may have changed while the hash was made: then the next request asks it anew. */
static enum login_answer conclude(struct keeper *keeper, struct login *login, uint64_t generation)
{
    if (login->file->generation == generation)
        remember(keeper, login);
    return judge_groups(login);
}

static enum login_answer hash_and_judge(struct keeper *keeper, struct login *login,
                                        struct password_hasher *hasher)
{
    char hash[PASSWORD_HASH_MOST];

    pthread_mutex_lock(&keeper->lock);
    const uint64_t generation = login->file->generation;
    const bool exists = choose_hash(&login->file->text->parsed, login->auth.user, hash);
    pthread_mutex_unlock(&keeper->lock);

    const bool fits = password_hash_fits(hasher, slice_cstr(hash), login->auth.password);

    explicit_bzero(hash, sizeof(hash));
    if (!fits || !exists)
        return LOGIN_WRONG;
    pthread_mutex_lock(&keeper->lock);
    const enum login_answer answer = conclude(keeper, login, generation);
    pthread_mutex_unlock(&keeper->lock);
    return answer;
}

static enum login_answer find_answer(struct keeper *keeper, struct login *login,
                                     struct password_hasher *hasher)
{
    look_at(keeper, login->file, login->now_ms);
    if (login->group_file)
        look_at(keeper, login->group_file, login->now_ms);
    pthread_mutex_lock(&keeper->lock);
    const enum login_answer answer = judge(keeper, login);
    pthread_mutex_unlock(&keeper->lock);
    return answer == LOGIN_WAITS ? hash_and_judge(keeper, login, hasher) : answer;
}

/* ---- telling ---- */

/* The lock is held over desk_tell(): whoever reads the note waits until it is let go, so that
 * nothing of the desk is touched after it was read. */
static void tell(struct login *login, enum login_answer answer)
{
    login->answer = answer;
    login->state = LOGIN_TOLD;
    desk_tell(login->desk, &login->note, NULL);
}

static void login_read(struct desk_note *note)
{
    struct login *login = container_of(note, struct login, note);
    struct keeper *keeper = login->keeper;

    pthread_mutex_lock(&keeper->lock);
    login->state = LOGIN_IDLE;
    pthread_mutex_unlock(&keeper->lock);
    login->told(login);
}

/* ---- threads ---- */

static struct login *take_next(struct keeper *keeper)
{
    struct fair_waiter *waiter = fair_line_next(&keeper->line);

    if (!waiter)
        return NULL;
    struct login *login = container_of(waiter, struct login, waiter);
    login->state = LOGIN_WORKING;
    return login;
}

static void work_on(struct keeper *keeper, struct login *login, struct password_hasher *hasher)
{
    const enum login_answer answer = find_answer(keeper, login, hasher);

    pthread_mutex_lock(&keeper->lock);
    tell(login, answer);
    pthread_mutex_unlock(&keeper->lock);
}

static struct login *wait_for_next(struct keeper *keeper)
{
    struct login *login;

    pthread_mutex_lock(&keeper->lock);
    while ((login = take_next(keeper)) == NULL && !keeper->stopping)
        pthread_cond_wait(&keeper->news, &keeper->lock);
    pthread_mutex_unlock(&keeper->lock);
    return login;
}

static void *keeper_run(void *arg)
{
    struct password_hasher *hasher = password_hasher_new();
    struct keeper *keeper = arg;
    struct login *login;

    while ((login = wait_for_next(keeper)) != NULL)
        work_on(keeper, login, hasher);
    password_hasher_free(hasher);
    arena_pool_drain();
    return NULL;
}

bool keeper_work(struct keeper *keeper)
{
    if (!keeper->hasher)
        keeper->hasher = password_hasher_new();
    pthread_mutex_lock(&keeper->lock);
    struct login *login = take_next(keeper);
    pthread_mutex_unlock(&keeper->lock);
    if (login)
        work_on(keeper, login, keeper->hasher);
    return login != NULL;
}

/* False: there is none, and there will be none. */
static bool start_threads(struct keeper *keeper)
{
    while (keeper->thread_count < keeper->thread_most) {
        const int r =
            pthread_create(&keeper->threads[keeper->thread_count], NULL, keeper_run, keeper);

        if (r != 0) {
            log_error(keeper->log, "a thread for passwords cannot be started: %s", strerror(r));
            break;
        }
        keeper->thread_count++;
    }
    return keeper->thread_count > 0 || keeper->thread_most == 0;
}

/* ---- asking ---- */

static enum login_answer stand_in_line(struct keeper *keeper, struct login *login)
{
    if (!start_threads(keeper))
        return LOGIN_BUSY;
    if (keeper->line.count >= KEEPER_LINE_MOST) {
        struct fair_waiter *gone = fair_line_yield(&keeper->line, login->host, login->client);

        if (!gone)
            return LOGIN_BUSY;
        tell(container_of(gone, struct login, waiter), LOGIN_BUSY);
    }
    login->state = LOGIN_QUEUED;
    fair_line_add(&keeper->line, &login->waiter, login->host, login->client);
    pthread_cond_signal(&keeper->news);
    return LOGIN_WAITS;
}

enum login_answer keeper_ask(struct keeper *keeper, struct login *login)
{
    const bool is_digest = login->conf->kind == LOGIN_DIGEST;
    const struct slice groups = login->conf->group_file;
    enum login_answer answer = LOGIN_WAITS;

    login->keeper = keeper;
    login->note.read = login_read;
    pthread_mutex_lock(&keeper->lock);
    login->file = find_file(keeper, is_digest ? PASSWORD_DIGEST : PASSWORD_BASIC, login->conf->file,
                            login->conf->below);
    if (login->groups && groups.len > 0)
        login->group_file = find_file(keeper, PASSWORD_GROUPS, groups, login->conf->below);
    if (is_fresh(login->file, login->now_ms) && is_fresh(login->group_file, login->now_ms))
        answer = judge(keeper, login);
    if (answer == LOGIN_WAITS)
        answer = stand_in_line(keeper, login);
    pthread_mutex_unlock(&keeper->lock);
    return answer;
}

bool keeper_forget(struct login *login)
{
    struct keeper *keeper = login->keeper;

    pthread_mutex_lock(&keeper->lock);
    const bool was_queued = login->state == LOGIN_QUEUED;
    if (was_queued) {
        fair_line_remove(&keeper->line, &login->waiter);
        login->state = LOGIN_IDLE;
    }
    pthread_mutex_unlock(&keeper->lock);
    return was_queued;
}

void keeper_nonce(struct keeper *keeper, struct slice realm, uint64_t now_ms,
                  char ret[DIGEST_NONCE_LEN])
{
    pthread_mutex_lock(&keeper->lock);
    nonces_give(&keeper->nonces, realm, now_ms, ret);
    pthread_mutex_unlock(&keeper->lock);
}
