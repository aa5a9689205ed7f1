// What the files of the conversation share: what is known while it lasts, the keyboard, the commands, the pictures.
#pragma once
#include "settings.h"

// ---- The screen: everything but translations goes there -------------------------------------------------------------

typedef struct Screen {
    FILE *stream;
    bool styles;  // it knows what dim and colours are
    bool blocks;  // ... and shows characters such as █
} Screen;

extern const char talk_plain[], talk_dim[], talk_bright[];        // styles; for talk_style
const char *talk_style(const Screen *screen, const char *style);  // "" where the screen knows none

// ---- The last sentence (sentence.c) ---------------------------------------------------------------------------------

typedef struct Talk {
    dm_options *options;  // a copy, which commands change
    Settings settings;    // what they come to
    dm_model *model;
    Screen screen;
    FILE *output;      // where translations go
    size_t sentences;  // so far
    bool over;
    bool ended;        // of a text that grows: the next line begins another
    dm_model *spent;   // a model that another has taken the place of, to be closed when nothing is being asked of it
    // The last sentence, with what it was translated by; NULL: there was none yet, or none since the model is another.
    char *line;
    const char *prefix;  // what its translation had to begin with, "" for nothing
    dm_translate_options asked;
    dm_translation translation;
} Talk;

void talk_forget(Talk *talk);  // the last sentence
// How to search for the translation of the last sentence (again), until Ctrl-C.
dm_translate_options talk_search(Talk *talk);
dm_status talk_settings(Settings *settings, const dm_options *options, dm_error *error);  // checked for a terminal
void talk_complain(const Talk *talk, dm_status status, const dm_error *error);

// ---- Options that change (talk_options.c) ---------------------------------------------------------------------------

void talk_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
void talk_show_option(const Talk *talk, const char *name);
void talk_show_options(const Talk *talk);  // all that may change
// Without values a flag is set, and any other option is shown.
void talk_set_option(Talk *talk, const char *name, int count, const char *const *values);
void talk_unset_option(Talk *talk, const char *name);

// ---- Commands -------------------------------------------------------------------------------------------------------

void talk_command(Talk *talk, char *line);  // commands.c: a line that begins with a colon, which it may change

// What the names of commands that begin so go on with, as far as they agree; length 0: nothing.
typedef struct Completion {
    const char *rest;
    int length;
    bool only;  // there is one
} Completion;

typedef Completion Completer(const char *beginning);
Completer talk_complete, talk_complete_text;  // the second: where a text grows

// ---- The keyboard (keyboard.c) --------------------------------------------------------------------------------------

typedef struct Keyboard Keyboard;

// From here on what is typed is kept, unseen, until it is asked for; Ctrl-C only sets a flag. NULL: this terminal
// cannot be used. history: a file, or NULL for none. complete: what Tab asks.
Keyboard *keyboard_open(const Screen *screen, const char *history, Completer *complete);
void keyboard_tabs(Keyboard *keyboard, bool tabs);  // whether a tab is a character to type, or completes commands
// The next line in UTF-8, to be freed; NULL: Ctrl-D. A line that Ctrl-C interrupts is dropped. What is pasted comes
// line by line, without the blank ones, and never as a command.
char *keyboard_ask(Keyboard *keyboard);
void keyboard_close(Keyboard *keyboard);  // NULL: nothing

void keyboard_forget_interrupt(void);
bool keyboard_interrupted(void);  // Ctrl-C since then; from any thread

// ---- History (history.c) --------------------------------------------------------------------------------------------

char *history_path(void);  // its folders are made; NULL: there is no place for it. The caller frees it
// The lines of the file, the oldest first, at most `most`; a file that cannot be read has none. The caller frees them.
int history_read(const char *path, int most, char ***lines);
void history_add(const char *path, const char *line);  // what cannot be written is forgotten when the program ends

// ---- Pictures (pictures.c) ------------------------------------------------------------------------------------------

void draw_alignment(const Screen *screen, const dm_translation *translation, const dm_hypothesis *hypothesis);
void draw_scores(const Screen *screen, const dm_hypothesis *hypothesis);
