#include "server/throttle.h"

#include "site/conf.h"
#include "suite.h"

#include <string.h>

#define EDGE "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\n"
#define CONF                                                                                       \
    EDGE "Throttle = .zip:200\nThrottle = video/:500\nThrottle = .iso : 2M\n"                      \
         "UseDirectory = d, e\n"                                                                   \
         "Directory {\nDirectoryID = d\nPath = /d\nUploadSpeed = 100, 2\n}\n"                      \
         "Directory {\nDirectoryID = e\nPath = /e\nUploadSpeed = 300, 2\n}\n"

static const struct server_conf *conf_of(const char *text)
{
    static struct snapshot *snapshots[2]; /* of the process, which ends with the test */
    static unsigned count;

    snapshots[count] = conf_text_snapshot(text);
    return snapshots[count++]->conf;
}

struct bench {
    struct loop loop;
    const struct server_conf *conf;
    struct throttle_lines *lines;
};

static void bench_open(struct bench *bench, const char *text)
{
    *bench = (struct bench){ .conf = conf_of(text) };
    bench->lines = throttle_lines_new(bench->conf, NULL);
}

/* An answer out of a Directory, or out of none. */
static void begin(const struct bench *bench, struct exchange *x, const char *directory,
                  struct verdict *verdict)
{
    *verdict = (struct verdict){ .answer = ANSWER_FILE,
                                 .folder = &bench->conf->hosts->folder,
                                 .resource = { .extension = SLICE("txt") } };
    *x = (struct exchange){ .loop = (struct loop *)&bench->loop, .response.status = 200 };
    for (const struct directory_conf *one = bench->conf->directories; one; one = one->next)
        if (directory && slice_equal_cstr(one->id, directory))
            verdict->folder = &one->folder;
    throttle_admit(x, bench->conf, bench->lines, verdict);
}

static void end(struct exchange *x)
{
    throttle_leave(x);
    x->response.body.pace = NULL;
    arena_done(&x->arena);
}

START_TEST(a_directory_takes_so_many_answers)
{
    struct bench bench;
    struct exchange x[4];
    struct verdict verdict[4];

    bench_open(&bench, CONF);
    for (unsigned i = 0; i < 3; i++)
        begin(&bench, &x[i], "d", &verdict[i]);
    ck_assert_int_eq(verdict[1].answer, ANSWER_FILE);
    ck_assert_int_eq(verdict[2].answer, ANSWER_STATUS);
    ck_assert_int_eq(verdict[2].status, 503);
    ck_assert_uint_gt(verdict[2].retry_after_s, 0);
    ck_assert_str_eq(verdict[2].why, "too many answers at a time (UploadSpeed of Directory 'd')");
    begin(&bench, &x[3], "e", &verdict[3]); /* another one has its own */
    ck_assert_int_eq(verdict[3].answer, ANSWER_FILE);
    end(&x[3]);
    end(&x[0]);
    begin(&bench, &x[0], "d", &verdict[0]);
    ck_assert_int_eq(verdict[0].answer, ANSWER_FILE);
    for (unsigned i = 0; i < 3; i++)
        end(&x[i]);
    ck_assert_uint_eq(bench.lines->at[0]->answers, 0);
    throttle_lines_free(bench.lines);
}
END_TEST

START_TEST(answers_of_a_directory_share_its_rate)
{
    struct bench bench;
    struct exchange x;
    struct verdict verdict;

    bench_open(&bench, CONF);
    begin(&bench, &x, "d", &verdict);
    throttle_slow_down(&x, bench.conf, &verdict);
    ck_assert_ptr_nonnull(x.response.body.pace);
    ck_assert_uint_eq(x.response.body.pace->count, 1);
    ck_assert_ptr_eq(x.response.body.pace->rates[0], &bench.lines->at[0]->rate);
    ck_assert_uint_eq(bench.lines->at[0]->rate.bytes_per_s, 102400);
    end(&x);
    throttle_lines_free(bench.lines);
}
END_TEST

START_TEST(short_answers_pass_no_line)
{
    struct bench bench;
    struct exchange x = { 0 };
    struct verdict verdict;

    bench_open(&bench, CONF);
    begin(&bench, &x, NULL, &verdict);
    ck_assert_ptr_null(x.throttle);
    throttle_slow_down(&x, bench.conf, &verdict);
    ck_assert_ptr_null(x.response.body.pace);
    end(&x);

    verdict.folder = &bench.conf->directories->folder;
    verdict.answer = ANSWER_STATUS;
    throttle_admit(&x, bench.conf, bench.lines, &verdict);
    ck_assert_uint_eq(bench.lines->at[0]->answers, 0);

    begin(&bench, &x, "d", &verdict); /* what was no success after all is let go */
    x.response.status = 404;
    throttle_slow_down(&x, bench.conf, &verdict);
    ck_assert_ptr_null(x.response.body.pace);
    end(&x);
    throttle_lines_free(bench.lines);
}
END_TEST

static const struct {
    enum answer answer;
    const char *extension;
    const char *type;
    uint64_t speed; /* 0: none */
} kinds[] = {
    { ANSWER_FILE, "zip", "application/zip", 200 * 1024 },
    { ANSWER_FILE, "ZIP", "video/mp4", 200 * 1024 }, /* the first line that fits */
    { ANSWER_FILE, "mp4", "Video/mp4", 500 * 1024 },
    { ANSWER_FILE, "iso", "application/octet-stream", 2 * 1024 * 1024 },
    { ANSWER_FILE, "txt", "text/plain", 0 },
    { ANSWER_CGI, "zip", "text/html", 0 }, /* it is the program's extension */
    { ANSWER_CGI, "cgi", "video/webm", 500 * 1024 },
    { ANSWER_FASTCGI, "php", "", 0 },
};

START_TEST(each_answer_has_the_speed_of_its_kind)
{
    struct bench bench;
    struct exchange x;
    struct verdict verdict;

    bench_open(&bench, CONF);
    begin(&bench, &x, NULL, &verdict);
    verdict.answer = kinds[_i].answer;
    verdict.resource.extension = slice_cstr(kinds[_i].extension);
    exchange_field_id(&x, FIELD_CONTENT_TYPE, slice_cstr(kinds[_i].type));
    throttle_slow_down(&x, bench.conf, &verdict);
    if (kinds[_i].speed == 0) {
        ck_assert_ptr_null(x.response.body.pace);
    } else {
        ck_assert_uint_eq(x.response.body.pace->count, 1);
        ck_assert_uint_eq(x.response.body.pace->rates[0]->bytes_per_s, kinds[_i].speed);
    }
    end(&x);
    throttle_lines_free(bench.lines);
}
END_TEST

START_TEST(a_pattern_is_a_line_for_files_by_their_names)
{
    struct bench bench;
    struct exchange x[5];
    struct verdict verdict[5];

    bench_open(&bench, EDGE "ThrottlePattern = **.iso 30-100\nThrottlePattern = big/** 200\n");
    for (unsigned i = 0; i < 4; i++) {
        verdict[i] = (struct verdict){ .answer = ANSWER_FILE,
                                       .folder = &bench.conf->hosts->folder,
                                       .resource.relative = SLICE("big/x.iso") };
        x[i] = (struct exchange){ .loop = &bench.loop, .response.status = 200 };
        throttle_admit(&x[i], bench.conf, bench.lines, &verdict[i]);
    }
    ck_assert_int_eq(verdict[2].answer, ANSWER_FILE); /* 33 for each of three */
    ck_assert_int_eq(verdict[3].status, 503);
    ck_assert_uint_eq(bench.lines->at[0]->answers, 3);
    ck_assert_uint_eq(bench.lines->at[1]->answers, 3);
    throttle_slow_down(&x[0], bench.conf, &verdict[0]);
    ck_assert_uint_eq(x[0].response.body.pace->count, 2);
    begin(&bench, &x[4], NULL, &verdict[4]);
    ck_assert_ptr_null(x[4].throttle);
    for (unsigned i = 0; i < 5; i++)
        end(&x[i]);
    ck_assert_uint_eq(bench.lines->at[0]->answers, 0);
    throttle_lines_free(bench.lines);
}
END_TEST

/* By their names: with new speeds, and with who is on them. */
START_TEST(lines_live_on)
{
    const struct server_conf *conf = conf_of(CONF);
    const struct server_conf *next = conf_of(
        EDGE "UseDirectory = e, d\n"
             "Directory {\nDirectoryID = e\nPath = /d\nUploadSpeed = 100, 2\n}\n"
             "Directory {\nDirectoryID = f\nPath = /e\nUploadSpeed = 900, 2\n}\nUseDirectory = f\n"
             "Directory {\nDirectoryID = d\nPath = /e\nUploadSpeed = 900, 2\n}\n");
    struct throttle_lines *before = throttle_lines_new(conf, NULL);
    struct throttle_lines *after = throttle_lines_new(next, before);

    ck_assert_uint_eq(after->count, 3);
    ck_assert_ptr_eq(after->at[0], before->at[1]);
    ck_assert_ptr_eq(after->at[2], before->at[0]);
    ck_assert_ptr_ne(after->at[1], before->at[1]);
    ck_assert_uint_eq(after->at[2]->rate.bytes_per_s, 102400);
    throttle_lines_settle(after, next);
    ck_assert_uint_eq(after->at[2]->rate.bytes_per_s, 921600);
    throttle_lines_free(before);
    ck_assert_uint_eq(after->at[0]->rate.bytes_per_s, 102400); /* not gone with them */
    throttle_lines_free(after);
}
END_TEST

START_TEST(two_lines_of_one_pattern_stay_two)
{
    const struct server_conf *conf =
        conf_of(EDGE "ThrottlePattern = **.iso 30\nThrottlePattern = **.iso 20\n");
    struct throttle_lines *before = throttle_lines_new(conf, NULL);
    struct throttle_lines *after = throttle_lines_new(conf, before);

    ck_assert_ptr_eq(after->at[0], before->at[0]);
    ck_assert_ptr_eq(after->at[1], before->at[1]);
    ck_assert_ptr_ne(after->at[0], after->at[1]);
    throttle_lines_free(before);
    throttle_lines_free(after);
}
END_TEST

SUITE("throttle", TEST(a_directory_takes_so_many_answers),
      TEST(a_pattern_is_a_line_for_files_by_their_names),
      TEST(answers_of_a_directory_share_its_rate), TEST(short_answers_pass_no_line),
      LOOP(each_answer_has_the_speed_of_its_kind, kinds), TEST(lines_live_on),
      TEST(two_lines_of_one_pattern_stay_two))
