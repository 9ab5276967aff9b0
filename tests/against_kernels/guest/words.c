/* Lines, words and answers; small files. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ANSWER_BYTES (128UL << 20)

static char *answer;
static size_t answer_length;

void answer_start(void)
{
	if (!answer)
		answer = mmap(NULL, ANSWER_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	answer_length = 0;
}

const char *answer_text(size_t *length)
{
	*length = answer_length;
	return answer;
}

void say(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	answer_length += vsnprintf(answer + answer_length,
				   ANSWER_BYTES - answer_length, format, values);
	va_end(values);
	if (answer_length >= ANSWER_BYTES)
		answer_length = ANSWER_BYTES - 1;
}

void say_errno(const char *what)
{
	say("! %s: %s\n", what, strerror(errno));
}

bool next_line(char **job, struct line *line)
{
	char *text, *word, *place;

	text = strsep(job, "\n");
	if (!text || !*job)
		return false;
	line->count = 0;
	for (word = strtok_r(text, " ", &place); word && line->count < MAX_WORDS;
	     word = strtok_r(NULL, " ", &place))
		line->words[line->count++] = word;
	return true;
}

unsigned long number(const char *word)
{
	char *end;
	unsigned long value = strtoul(word, &end, 0);

	if (end == word || *end)
		say("! %s is no number\n", word);
	return value;
}

const char *option(const struct line *line, int first, const char *key)
{
	size_t length = strlen(key);

	for (int n = first; n < line->count; n++) {
		const char *word = line->words[n];

		if (strncmp(word, key, length))
			continue;
		if (word[length] == '=')
			return word + length + 1;
		if (!word[length])
			return "";
	}
	return NULL;
}

static size_t unpack_piece(const char *piece, unsigned char *bytes, size_t room)
{
	size_t length = 0;
	unsigned byte;

	if (*piece == 'z') {
		length = number(piece + 1);
		length = length < room ? length : room;
		memset(bytes, 0, length);
		return length;
	}
	for (; length < room && sscanf(piece, "%2x", &byte) == 1; piece += 2)
		bytes[length++] = byte;
	return length;
}

size_t unpack(const struct line *line, int first, unsigned char *bytes, size_t room)
{
	size_t length = 0;

	for (int n = first; n < line->count; n++)
		length += unpack_piece(line->words[n], bytes + length, room - length);
	return length;
}

int read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return errno;
	while (length < size - 1 &&
	       (got = read(fd, text + length, size - 1 - length)) > 0)
		length += got;
	text[length] = 0;
	close(fd);
	return 0;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}
