// What the two parts of the floor share: ./floor.c has the works, ./floor-tree.c walks directories.

/** Ends the program with the system's error message. */
void die(const char *what);

/** The same if `result` is an error; otherwise returns it. */
int did(int result, const char *what);

/** A thousand files in fifty directories, each laid by `lay`. */
void plant(const char *tree, void (*lay)(const char *path));
void copy_dir(int from, const char *source, int to, const char *target);
void remove_dir(int parent, const char *name);
