// The command's subcommands, one thin file each. They get their options parsed and return the exit status.
#pragma once
#include <signal.h>

#include "dragoman/dragoman.h"

int train_command(const dm_options *options);
int lines_command(const dm_options *options);  // translate and generate
int rescore_command(const dm_options *options);
int score_command(const dm_options *options);
int average_command(const dm_options *options);
int report_command(const dm_options *options);
int bench_command(const dm_options *options);
int docs_command(const dm_options *options);
int info_command(const dm_options *options);
int serve_command(const dm_options *options);
int quantize_command(const dm_options *options);
int shortlist_command(const dm_options *options);
int align_command(const dm_options *options);
int prepare_command(const dm_options *options);

// ---- What they share (program.c) ------------------------------------------------------------------------------------

// A sentence for people (printf form), and the status that goes with it.
dm_status failure(dm_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
dm_status misuse(dm_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
int complain(dm_status status, const dm_error *error);  // "dragoman: MESSAGE" on stderr; returns the exit status
void say_line(void *context, const char *line);       // on stderr: what an observer does with a line
void hold_pipes(void);  // first of all: what a reader who leaves means to the two below
// Flushes what was written so far; false: not all of it was taken. name: of the file.
bool flush_output(FILE *stream, const char *name, dm_error *error);
// Flushes and closes it (sync: when it is on the disk): what is wrong with this or an earlier write is an error.
dm_status finish_output(FILE *stream, const char *name, bool sync, dm_error *error);
// The same of standard output: a full disk or a closed pipe is noticed here. Returns the exit status.
int close_output(FILE *stream);

// Where there is no memory left these end the program with a message. The caller frees what they make.
void *allocate(size_t count, size_t size);  // zeroed
dm_options *new_options(const char *command);  // of a command that there is
dm_options *copy_options(const dm_options *options);
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
FILE *text_stream(char **text, size_t *size);  // in memory; the caller closes it
// A file of a folder, to read; *file is NULL where there is none. A pipe, which would be waited for, is refused.
dm_status open_folder_file(FILE **file, const char *path, dm_error *error);
char *folder_name(const char *folder);         // the last part of its path; of "." and the like, of where that is

void hold_signal_stack(void);  // before the first handler is set
// Every handler is set by this: it runs on a stack of its own. flags: of sigaction.
void handle_signal(int number, void (*handler)(int), int flags);
extern volatile sig_atomic_t caught_signal;  // the one that asked for the end, or 0
// From now on this signal asks for the end, the second time by ending the program. One that the caller ignores (nohup,
// a background job) stays ignored.
void catch_signal(int number);
