/* A disk that answers slowly: waits a millisecond before each call on a file or folder below an open folder.
 *
 *     cc -O2 -shared -fPIC -o slow.so slow.c -ldl && LD_PRELOAD=./slow.so find ...
 *
 * Calls by an absolute path are left alone: a program's own start is not the disk's work.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

static void answer(int folder, const char *name)
{
	struct timespec millisecond = { 0, 1000000 };

	if (folder != AT_FDCWD && name && name[0] && name[0] != '/')
		nanosleep(&millisecond, NULL);
}

#define NEXT(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

int fstatat(int folder, const char *name, struct stat *status, int flags)
{
	answer(folder, name);
	return NEXT(int, "fstatat", int, const char *, struct stat *, int)(folder, name, status, flags);
}

int fstatat64(int folder, const char *name, struct stat64 *status, int flags)
{
	answer(folder, name);
	return NEXT(int, "fstatat64", int, const char *, struct stat64 *, int)(folder, name, status, flags);
}

int unlinkat(int folder, const char *name, int flags)
{
	answer(folder, name);
	return NEXT(int, "unlinkat", int, const char *, int)(folder, name, flags);
}

int mkdirat(int folder, const char *name, mode_t mode)
{
	answer(folder, name);
	return NEXT(int, "mkdirat", int, const char *, mode_t)(folder, name, mode);
}

int renameat(int from, const char *name, int to, const char *other)
{
	answer(from, name);
	return NEXT(int, "renameat", int, const char *, int, const char *)(from, name, to, other);
}

int renameat2(int from, const char *name, int to, const char *other, unsigned int flags)
{
	answer(from, name);
	return NEXT(int, "renameat2", int, const char *, int, const char *, unsigned int)(from, name, to, other, flags);
}

int openat(int folder, const char *name, int flags, ...)
{
	va_list more;
	mode_t mode;

	va_start(more, flags);
	mode = va_arg(more, mode_t);
	va_end(more);
	answer(folder, name);
	return NEXT(int, "openat", int, const char *, int, ...)(folder, name, flags, mode);
}

int openat64(int folder, const char *name, int flags, ...)
{
	va_list more;
	mode_t mode;

	va_start(more, flags);
	mode = va_arg(more, mode_t);
	va_end(more);
	answer(folder, name);
	return NEXT(int, "openat64", int, const char *, int, ...)(folder, name, flags, mode);
}
