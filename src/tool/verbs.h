#ifndef TOOL_VERBS_H
#define TOOL_VERBS_H

/*
 * The verbs of the front door: one row is dispatch, help, man page and completion at once.
 */
struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage; /* [FLAG VALUE], a|b, FILE and DIR are what completion reads out of it */
    const char *text;
};

/* A row without a name ends them. */
extern const struct verb tool_verbs[];

int tool_version(int argc, char **argv);
int tool_help(int argc, char **argv);

#endif
