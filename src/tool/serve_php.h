#ifndef TOOL_SERVE_PHP_H
#define TOOL_SERVE_PHP_H

/*
 * A php-fpm of our own for `longhouse serve --php`: found, configured, started and stopped.
 */
#include <stdbool.h>
#include <sys/types.h>

struct serve_php {
    pid_t pid; /* 0: not started */
    char program[256];
    char socket[512];
};

/* Starts it with its files in `folder`; false when there is none or it does not come up. */
bool serve_php_start(struct serve_php *php, const char *folder);
void serve_php_stop(struct serve_php *php);

#endif
