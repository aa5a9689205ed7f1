// What a program needs that only wants translations: the installed library, and three calls. Translates the lines of
// standard input with the model folder that it is given.
#define _POSIX_C_SOURCE 200809L  // getline
#include <dragoman/dragoman.h>
#include <stdlib.h>
#include <string.h>

static int die(const dm_error *error)
{
    fprintf(stderr, "%s\n", error->message);
    return 1;
}

int main(int argc, char **argv)
{
    dm_error error;
    dm_model *model;
    char *line = NULL;
    size_t room = 0;
    if (dm_model_open(&model, argc > 1 ? argv[1] : ".", NULL, &error)) return die(&error);
    while (getline(&line, &room, stdin) > 0) {
        dm_translation translations[1];
        line[strcspn(line, "\n")] = '\0';
        const char *lines[1] = {line};
        if (dm_translate(model, lines, 1, NULL, translations, &error)) return die(&error);
        puts(translations[0].hypotheses[0].text);
        dm_translations_free(translations, 1);
    }
    free(line);
    dm_model_close(model);
    return 0;
}
