#ifndef INSPECTOR_INSPECTOR_H
#define INSPECTOR_INSPECTOR_H

/*
 * The verbs behind the front door that look into the house itself. Each gets the words behind the
 * verb and returns the exit status: 0 fine, 1 it did not work (said on stderr), 2 used wrongly.
 */
int inspector_explain(int argc, char **argv);
int inspector_doctor(int argc, char **argv);

#endif
