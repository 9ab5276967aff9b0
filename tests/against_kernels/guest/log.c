/* The kernel's log, read record by record. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int log_fd = -1;

void log_open(void)
{
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	log_forget();
}

void log_forget(void)
{
	lseek(log_fd, 0, SEEK_END);
}

/* "priority,number,time,flags;text"; lines behind it are of devices. */
void log_say(void)
{
	char record[8192], *text, *end;
	ssize_t length;

	for (;;) {
		length = read(log_fd, record, sizeof(record) - 1);
		if (length < 0 && errno == EPIPE) {
			say("! the log has overrun\n");
			continue;
		}
		if (length <= 0)
			return;
		record[length] = 0;
		text = strchr(record, ';');
		/* Facility 0 is the kernel's own. */
		if (!text || strtoul(record, NULL, 10) >= 8)
			continue;
		end = strchr(text, '\n');
		if (end)
			*end = 0;
		say("| %s\n", text + 1);
	}
}
