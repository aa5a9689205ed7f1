// The command: finds the subcommand, reads its options, and hands over.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tools.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *name;
    int (*run)(const dm_options *options);
} commands[] = {
    {"train", train_command},         {"translate", lines_command}, {"generate", lines_command},
    {"rescore", rescore_command},     {"score", score_command},     {"average", average_command},
    {"report", report_command},       {"serve", serve_command},     {"info", info_command},
    {"docs", docs_command},           {"bench", bench_command},     {"quantize", quantize_command},
    {"shortlist", shortlist_command}, {"align", align_command},     {"prepare", prepare_command},
};

#ifdef __clang__
static const char compiler[] = __VERSION__;  // names itself
#else
static const char compiler[] = "GCC " __VERSION__;
#endif
#ifdef __OPTIMIZE__
static const char build[] = "";
#else
static const char build[] = ", not optimized";
#endif

static int print_version(void)
{
    printf("dragoman %s\nbuilt with %s%s\n", dm_version(), compiler, build);
    return close_output(stdout);
}

static int print_help(const char *command)
{
    if (!dm_options_help(command, stdout)) return complain(DM_FAILURE, &(dm_error){"out of memory"});
    return close_output(stdout);
}

static int no_such_command(const char *name)
{
    dm_error error = {.message = ""};
    return complain(dm_command_check(name, &error), &error);
}

// Where standard input, output or error is closed, the next file to be opened would take its place, and what is meant
// for the terminal would go into it. A placeholder makes reading or writing there an error instead.
static void hold_standard_streams(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) == -1 && open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) == -1) return;
}

static int run(size_t command, int argc, char **argv)
{
    dm_options *options = new_options(commands[command].name);
    dm_error error;
    int result;
    dm_status status = dm_options_parse(options, argc, argv, &error);
    dm_error remark;
    // train says so itself, when it knows what its run has recorded.
    if (!status && commands[command].run != train_command && dm_options_remark(options, &remark))
        fprintf(stderr, "dragoman: note: %s\n", remark.message);
    if (status)
        result = complain(status, &error);
    else if (dm_options_flag(options, "help"))
        result = print_help(commands[command].name);
    else
        result = commands[command].run(options);
    dm_options_free(options);
    return result;
}

int main(int argc, char **argv)
{
    hold_pipes();
    hold_standard_streams();
    hold_signal_stack();
    if (argc < 2) {
        dm_options_help(NULL, stderr);
        return 2;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0) return print_version();
    bool help = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0;
    if (help && argc < 3) return print_help(NULL);
    if (help) name = argv[2];
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(name, commands[i].name) == 0) return help ? print_help(name) : run(i, argc - 2, argv + 2);
    return no_such_command(name);
}
