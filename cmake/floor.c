/* Every floor library holds this file, so that a floor whose rooms are all headers is a library
 * too. */
typedef int floor_has_no_empty_unit;
