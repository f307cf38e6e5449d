#include "os/syslog_socket.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char folder[64];
static char path[100];
static struct syslog_socket syslog;

static int listen_there(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    unlink(path);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void begin(void)
{
    snprintf(folder, sizeof(folder), "/tmp/longhouse-syslog-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/log", folder);
    syslog_socket_init(&syslog, slice_cstr(path), SLICE("probe"));
}

static void end(void)
{
    syslog_socket_done(&syslog);
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static bool send_one(const char *line)
{
    int patience_ms = 0;

    return syslog_socket_send(&syslog, LEVEL_ERROR, "error", slice_cstr(line), &patience_ms);
}

/* The text behind the name and number of the process; NULL: nothing was sent. */
static const char *received(int fd)
{
    static char bytes[SYSLOG_LINE_MOST + 1];
    ssize_t n = recv(fd, bytes, SYSLOG_LINE_MOST, 0);

    if (n < 0)
        return NULL;
    bytes[n] = '\0';
    const char *text = strstr(bytes, "]: ");
    ck_assert_ptr_nonnull(text);
    return text + 3;
}

static const struct {
    enum log_level level;
    const char *wanted;
} lines[] = {
    { LEVEL_DEBUG, "<31>Nov  8 09:01:02 probe[4711]: error|it failed" },
    { LEVEL_INFO, "<30>Nov  8 09:01:02 probe[4711]: error|it failed" },
    { LEVEL_NOTICE, "<29>Nov  8 09:01:02 probe[4711]: error|it failed" },
    { LEVEL_WARNING, "<28>Nov  8 09:01:02 probe[4711]: error|it failed" },
    { LEVEL_ERROR, "<27>Nov  8 09:01:02 probe[4711]: error|it failed" },
};

START_TEST(a_line_has_the_form_of_the_c_library)
{
    const struct tm local = { .tm_mon = 10, .tm_mday = 8, .tm_hour = 9, .tm_min = 1, .tm_sec = 2 };
    char bytes[128];
    struct text text = text_on(bytes, sizeof(bytes));

    syslog_line(&text, lines[_i].level, &local, "probe", 4711, "error", SLICE("it failed"));
    ck_assert_str_eq(text_cstr(&text), lines[_i].wanted);
}
END_TEST

START_TEST(lines_arrive_one_by_one)
{
    begin();
    int log = listen_there();
    ck_assert(send_one("first"));
    ck_assert(send_one("second"));
    ck_assert_str_eq(received(log), "error|first");
    ck_assert_str_eq(received(log), "error|second");
    ck_assert_ptr_null(received(log));
    close(log);
    end();
}
END_TEST

START_TEST(what_could_not_be_sent_is_told_when_somebody_listens_again)
{
    begin();
    ck_assert(!send_one("nobody is there"));
    int log = listen_there();
    ck_assert(!send_one("it is not tried again so soon"));
    ck_assert_uint_eq(syslog.lost, 2);
    syslog.retry_at_ms = 0; /* as if a second had passed */
    ck_assert(send_one("here"));
    ck_assert_str_eq(received(log), "system|2 lines could not be sent here");
    ck_assert_str_eq(received(log), "error|here");
    ck_assert_uint_eq(syslog.lost, 0);
    close(log);
    end();
}
END_TEST

START_TEST(a_reader_that_was_started_anew_is_found_at_once)
{
    begin();
    int log = listen_there();
    ck_assert(send_one("before"));
    close(log);
    log = listen_there();
    syslog.retry_at_ms = 0;
    ck_assert(send_one("after"));
    ck_assert_str_eq(received(log), "error|after");
    close(log);
    end();
}
END_TEST

START_TEST(a_full_reader_costs_lines_and_no_time)
{
    unsigned sent = 0;

    begin();
    int log = listen_there();
    while (sent < 100000 && send_one("more"))
        sent++;
    ck_assert_uint_gt(sent, 0);
    ck_assert_uint_lt(sent, 100000);
    ck_assert(!send_one("more"));
    for (unsigned i = 0; i < sent; i++)
        ck_assert_str_eq(received(log), "error|more");
    ck_assert(send_one("again"));
    ck_assert_str_eq(received(log), "system|2 lines could not be sent here");
    ck_assert_str_eq(received(log), "error|again");
    close(log);
    end();
}
END_TEST

START_TEST(a_long_line_is_cut)
{
    static char line[20000];

    begin();
    memset(line, 'a', sizeof(line) - 1);
    int log = listen_there();
    ck_assert(send_one(line));
    const char *text = received(log);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(strlen(text), 8000);
    ck_assert_uint_lt(strlen(text), SYSLOG_LINE_MOST);
    close(log);
    end();
}
END_TEST

SUITE("os/syslog_socket", LOOP(a_line_has_the_form_of_the_c_library, lines),
      TEST(lines_arrive_one_by_one),
      TEST(what_could_not_be_sent_is_told_when_somebody_listens_again),
      TEST(a_reader_that_was_started_anew_is_found_at_once),
      TEST(a_full_reader_costs_lines_and_no_time), TEST(a_long_line_is_cut))
