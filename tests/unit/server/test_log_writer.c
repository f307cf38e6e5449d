#include "server/log_writer.h"

#include "suite.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct log_block *block_of(const char *text)
{
    struct log_block *block = log_block_new(strlen(text));

    memcpy(block->data, text, strlen(text));
    block->len = strlen(text);
    return block;
}

static char content[65536];

static const char *read_all(int fd)
{
    ssize_t n = pread(fd, content, sizeof(content) - 1, 0);

    ck_assert_int_ge(n, 0);
    content[n] = '\0';
    return content;
}

START_TEST(what_was_put_is_written_in_order_when_it_stops)
{
    struct log_writer *writer = log_writer_start();
    int fd = memfd_create("log", 0);
    struct log_file *file = log_writer_add(writer, LOG_TO_FILE, SLICE("/x"), dup(fd));

    for (int i = 0; i < 100; i++) {
        char text[32];

        snprintf(text, sizeof(text), "line %d\n", i);
        log_file_put(file, block_of(text));
    }
    log_writer_stop(writer);
    ck_assert_int_eq(strncmp(read_all(fd), "line 0\nline 1\n", 14), 0);
    ck_assert_ptr_nonnull(strstr(content, "line 98\nline 99\n"));
    close(fd);
}
END_TEST

static off_t size_of(int fd)
{
    struct stat found;

    ck_assert_int_eq(fstat(fd, &found), 0);
    return found.st_size;
}

START_TEST(a_line_that_was_torn_by_a_full_disk_is_not_continued)
{
    struct log_writer *writer = log_writer_start();
    int fd = memfd_create("log", 0);
    struct log_file *file = log_writer_add(writer, LOG_TO_FILE, SLICE("/x"), dup(fd));
    struct rlimit limit;

    /* What a full disk does, a limit does too: the first write is short, the next one fails. */
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 10;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_file_put(file, block_of("first\nsecond\n"));
    while (size_of(fd) < 10)
        sched_yield();
    log_file_put(file, block_of("lost\n"));
    while (log_file_lost(file) < 2) /* not before the writer has met the limit */
        sched_yield();
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_file_put(file, block_of("third\n"));
    log_writer_stop(writer);

    ck_assert_int_eq(strncmp(read_all(fd), "first\nseco\nthird\n", 17), 0);
    ck_assert_ptr_nonnull(strstr(content, "2 log blocks were lost"));
    close(fd);
}
END_TEST

START_TEST(files_are_found_by_kind_and_path)
{
    struct log_writer *writer = log_writer_start();
    struct log_file *a = log_writer_add(writer, LOG_TO_FILE, SLICE("/a"), dup(1));
    struct log_file *out = log_writer_add(writer, LOG_TO_STDOUT, SLICE(""), 1);
    const struct conf_log wants_a = { .kind = LOG_TO_FILE, .path = SLICE_INIT("/a") };
    const struct conf_log wants_b = { .kind = LOG_TO_FILE, .path = SLICE_INIT("/b") };
    const struct conf_log wants_out = { .kind = LOG_TO_STDOUT };
    const struct conf_log nowhere = { .kind = LOG_TO_NOWHERE };

    ck_assert_ptr_eq(log_writer_find(writer, &wants_a), a);
    ck_assert_ptr_null(log_writer_find(writer, &wants_b));
    ck_assert_ptr_eq(log_writer_find(writer, &wants_out), out);
    ck_assert_ptr_null(log_writer_find(writer, &nowhere));
    log_writer_stop(writer);
}
END_TEST

START_TEST(an_error_line_names_its_level)
{
    struct log_writer *writer = log_writer_start();
    int fd = memfd_create("log", 0);
    struct log_file *file = log_writer_add(writer, LOG_TO_FILE, SLICE("/x"), dup(fd));

    log_error(&file->log, "backend %s refused", "a\nb");
    log_debug(&file->log, "not written");
    log_writer_stop(writer);
    ck_assert_ptr_nonnull(strstr(read_all(fd), " error: backend a"));
    ck_assert_ptr_null(strstr(content, "a\nb"));
    ck_assert_ptr_null(strstr(content, "not written"));
    close(fd);
}
END_TEST

START_TEST(after_a_reopen_lines_go_to_the_new_file)
{
    struct log_writer *writer = log_writer_start();
    int before = memfd_create("before", 0);
    int after = memfd_create("after", 0);
    struct log_file *file = log_writer_add(writer, LOG_TO_FILE, SLICE("/x"), dup(before));

    log_file_reopen(file, dup(after));
    log_file_put(file, block_of("new\n"));
    log_writer_stop(writer);
    ck_assert_str_eq(read_all(after), "new\n");
    ck_assert_str_eq(read_all(before), "");
    close(before);
    close(after);
}
END_TEST

START_TEST(a_full_disk_is_survived)
{
    struct log_writer *writer = log_writer_start();
    struct log_file *file =
        log_writer_add(writer, LOG_TO_FILE, SLICE("/x"), open("/dev/full", O_WRONLY));

    ck_assert_int_ge(file->fd, 0);
    for (int i = 0; i < 10; i++)
        log_file_put(file, block_of("lost\n"));
    log_writer_stop(writer); /* returns: nothing waits for the disk */
}
END_TEST

/* ---- the system's log ---- */

static int listen_as_syslogd(char *folder, struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ck_assert_ptr_nonnull(mkdtemp(folder));
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(address->sun_path, sizeof(address->sun_path), "%s/log", folder);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
    return fd;
}

/* Priority, and what stands behind the name and number of the process. */
static const char *received(int fd)
{
    static char out[256];
    char bytes[256];
    ssize_t n = recv(fd, bytes, sizeof(bytes) - 1, 0);

    if (n < 0)
        return "nothing";
    bytes[n] = '\0';
    const char *text = strstr(bytes, "]: ");
    ck_assert_ptr_nonnull(text);
    snprintf(out, sizeof(out), "%.4s%s", bytes, text + 3);
    return out;
}

START_TEST(lines_of_chosen_logs_go_to_the_system_log_too)
{
    char folder[] = "/tmp/longhouse-syslogd-XXXXXX";
    struct sockaddr_un address;
    int log = listen_as_syslogd(folder, &address);
    struct log_writer *writer = log_writer_start();
    struct server_conf conf = {
        .system_log = { .kind = LOG_TO_FILE, .path = SLICE_INIT("/system") },
        .syslog = { .kinds = SYSLOG_SYSTEM | SYSLOG_ACCESS | SYSLOG_EXPLOIT,
                    .socket = slice_cstr(address.sun_path) },
    };
    struct log_file *system =
        log_writer_add(writer, LOG_TO_FILE, SLICE("/system"), memfd_create("s", 0));
    struct log_file *error =
        log_writer_add(writer, LOG_TO_FILE, SLICE("/error"), memfd_create("e", 0));
    struct log_file *access =
        log_writer_add(writer, LOG_TO_FILE, SLICE("/access"), memfd_create("a", 0));
    struct log_block *block = block_of("one\ntwo\n");

    log_writer_tell_syslog(writer, &conf);
    log_warning(&system->log, "it is late");
    log_error(&error->log, "not for the system's log");
    block->source = LOG_OF_REQUESTS;
    log_file_put(access, block);
    block = block_of("an attack\n");
    block->source = LOG_OF_EXPLOITS;
    log_file_put(error, block);
    block = block_of("noise\n");
    block->source = LOG_OF_GARBAGE;
    log_file_put(error, block);
    log_writer_stop(writer);
    unsigned seen = 0;
    for (unsigned i = 0; i < 4; i++) { /* in the order of the files, which is the writer's affair */
        const char *line = received(log);

        seen += strcmp(line, "<28>system|it is late") == 0 ? 1 : 0;
        seen += strcmp(line, "<30>access|one") == 0 ? 10 : 0;
        seen += strcmp(line, "<30>access|two") == 0 ? 100 : 0;
        seen += strcmp(line, "<28>exploit|an attack") == 0 ? 1000 : 0;
    }
    ck_assert_uint_eq(seen, 1111);
    ck_assert_str_eq(received(log), "nothing");
    close(log);
    unlink(address.sun_path);
    rmdir(folder);
}
END_TEST

SUITE("log_writer", TEST(lines_of_chosen_logs_go_to_the_system_log_too),
      TEST(what_was_put_is_written_in_order_when_it_stops), TEST(files_are_found_by_kind_and_path),
      TEST(an_error_line_names_its_level), TEST(after_a_reopen_lines_go_to_the_new_file),
      TEST(a_full_disk_is_survived), TEST(a_line_that_was_torn_by_a_full_disk_is_not_continued))
