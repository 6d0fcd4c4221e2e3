/* The least that can be done: list, look at the name, stat what has an age limit, unlink.
 *
 *     cc -O2 -o loop loop.c && ./loop ROOT            deletes
 *     cc -O2 -o loop loop.c && ./loop ROOT --rename   renames into ROOT/.loop/company_<id>, and stats again
 *
 * It is the yardstick of a benchmark, not a tool: no guard, no lock, no way back, and it asks nobody.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAY 86400
#define PRE_KEYS 50

static long removed;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* The number of pre-key-<number>.json, 0 for any other name. */
static long pre_key(const char *name)
{
	char *end;
	long number;

	if (strncmp(name, "pre-key-", 8) || name[8] < '1' || name[8] > '9')
		return 0;
	number = strtol(name + 8, &end, 10);
	return strcmp(end, ".json") ? 0 : number;
}

/* Days after which a name goes, 0 for never. */
static int limit(const char *name)
{
	size_t length = strlen(name);

	if (length < 5 || strcmp(name + length - 5, ".json"))
		return 0;
	if (!strncmp(name, "session-", 8))
		return 14;
	return strncmp(name, "sender-key-", 11) ? 0 : 3;
}

static void take(int folder, const char *name, int into)
{
	struct stat status;

	if (into < 0) {
		if (unlinkat(folder, name, 0))
			fail(name);
	} else if (renameat2(folder, name, into, name, RENAME_NOREPLACE) ||
		   fstatat(into, name, &status, AT_SYMLINK_NOFOLLOW)) {
		fail(name);
	}
	removed++;
}

static int ascending(const void *one, const void *other)
{
	long a = *(const long *)one, b = *(const long *)other;

	return (a > b) - (a < b);
}

static void clean(int folder, int into, time_t now)
{
	static long *numbers;
	static size_t room;
	size_t count = 0;
	char name[32];
	struct dirent *entry;
	struct stat status;
	DIR *list = fdopendir(folder);

	if (!list)
		fail("fdopendir");
	while ((entry = readdir(list))) {
		long number = pre_key(entry->d_name);
		int days = number ? 0 : limit(entry->d_name);

		if (entry->d_type != DT_REG)
			continue;
		if (number) {
			if (count == room && !(numbers = realloc(numbers, (room = room * 2 + 64) * sizeof *numbers)))
				fail("realloc");
			numbers[count++] = number;
		} else if (days) {
			if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
				fail(entry->d_name);
			if (now - status.st_mtime >= (time_t)days * DAY)
				take(folder, entry->d_name, into);
		}
	}
	if (count > PRE_KEYS) {
		qsort(numbers, count, sizeof *numbers, ascending);
		for (size_t i = 0; i < count - PRE_KEYS; i++) {
			snprintf(name, sizeof name, "pre-key-%ld.json", numbers[i]);
			take(folder, name, into);
		}
	}
	closedir(list);
}

int main(int argc, char **argv)
{
	time_t now = time(NULL);
	int root = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	int aside = -1;
	struct dirent *entry;
	DIR *list;

	if (root < 0 || !(list = fdopendir(dup(root))))
		fail("usage: loop ROOT [--rename]");
	if (argc > 2) {
		if (mkdirat(root, ".loop", 0700) || (aside = openat(root, ".loop", O_RDONLY | O_DIRECTORY)) < 0)
			fail(".loop");
	}
	while ((entry = readdir(list))) {
		int folder, into = -1;

		if (strncmp(entry->d_name, "company_", 8) || entry->d_type != DT_DIR)
			continue;
		if ((folder = openat(root, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) < 0)
			fail(entry->d_name);
		if (aside >= 0 && (mkdirat(aside, entry->d_name, 0700) ||
				   (into = openat(aside, entry->d_name, O_RDONLY | O_DIRECTORY)) < 0))
			fail(entry->d_name);
		clean(folder, into, now);
		if (into >= 0)
			close(into);
	}
	printf("%ld removed\n", removed);
	return 0;
}
