/*
 * Which page of a process is where: present, in a slot, or nowhere.
 *
 * Kernel: Documentation/admin-guide/mm/pagemap.rst.
 */
#include "tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char kind_of(uint64_t word, uint64_t *key)
{
	*key = 0;
	if (word >> 62 & 1) {
		*key = word & ((1UL << 55) - 1);
		return 's';
	}
	return word >> 63 ? 'p' : '-';
}

static void say_run(char kind, uint64_t key, unsigned long length)
{
	if (kind == 's')
		say(" %lu:%lu", (unsigned long)key & 31, (unsigned long)key >> 5);
	else
		say(" %c", kind);
	if (length > 1)
		say("*%lu", length);
}

/* TYPE:OFFSET*N for slots that rise, p*N present, -*N nothing; not the last. */
void say_pages(const char *name, pid_t pid, int object, const char *object_name,
	       unsigned long nr)
{
	static uint64_t words[MAX_PAGES];
	char path[32], kind = 0, last = 0;
	uint64_t key, start = 0;
	unsigned long length = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY);
	if (pread(fd, words, nr * 8, START(object) / PAGE * 8) != (ssize_t)nr * 8)
		say_errno(path);
	close(fd);
	say("P %s%s%s", name, object ? "." : "", object_name);
	for (unsigned long n = 0; n < nr; n++, length++) {
		kind = kind_of(words[n], &key);
		if (length && kind == last &&
		    (kind != 's' || key == start + (length << 5)))
			continue;
		if (length)
			say_run(last, start, length);
		last = kind;
		start = key;
		length = 0;
	}
	if (length && last != '-')
		say_run(last, start, length);
	say("\n");
}
