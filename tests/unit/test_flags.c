/* test_flags.c: the command line of a built program: every flag's forms, what is refused and with which words (exit
 * code 2, a usage line), and what is printed instead of training. */
#include "runtime_model.h"

static nnrt_error error;
static nnrt_options options;
static int read_args(int argc, const char **argv) {
  error = (nnrt_error){0};
  nnrt_options_free(&options);
  return nnrt_options_read(&error, &options, &model, argc, (char **)argv);
}
#define READ(...)                                                                                                      \
  read_args((int)(sizeof((const char *[]){"tiny", __VA_ARGS__}) / sizeof(char *)),                                     \
            (const char *[]){"tiny", __VA_ARGS__})

static void flags_have_two_forms(void **state) {
  (void)state;
  assert_int_equal(READ("--epochs", "3", "--steps=40", "--seed", "0xffffffffffffffff", "--threads", "5", "--log", "l",
                        "--save=s", "--init", "i", "--quiet", "--no-shuffle", "--tensorboard", "t", "--plot=p.svg"),
                   0);
  assert_int_equal(options.epochs, 3);
  assert_int_equal(options.steps, 40);
  assert_true(options.seed == UINT64_MAX);
  assert_int_equal(options.threads, 5);
  assert_string_equal(options.log, "l");
  assert_string_equal(options.save, "s");
  assert_string_equal(options.init, "i");
  assert_string_equal(options.tensorboard, "t");
  assert_string_equal(options.plot, "p.svg");
  assert_true(options.quiet && options.no_shuffle && !options.help && !options.version && !options.list_parameters);
  assert_int_equal(options.bench, -1);
}

static void without_flags_there_are_defaults(void **state) {
  (void)state;
  const char *name[] = {"tiny"};
  assert_int_equal(read_args(1, name), 0);
  assert_true(options.epochs == -1 && options.steps == -1 && options.seed == 0 && !options.log && !options.quiet);
  int usable = nnrt_usable_cpus();
  assert_int_equal(options.threads, usable < 16 ? usable : 16);
  assert_true(options.hypers[0] == 0.5 && options.hypers[1] == 3);
  for (int i = 0; i < 3; i++) assert_null(options.data[i]);
}

static void values_and_data_go_by_name(void **state) {
  (void)state;
  assert_int_equal(READ("--lr", "2.5e-1", "--depth=8", "--data", "test=a,b", "--data=extra=folder"), 0);
  assert_true(options.hypers[0] == 0.25 && options.hypers[1] == 8);
  assert_string_equal(options.data[1], "a,b");
  assert_string_equal(options.data[2], "folder");
  assert_null(options.data[0]);
}

static void checkpoints_are_due_by_steps_time_or_epochs(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int kind;
    int64_t n;
  } cases[] = {{"500", NNRT_EVERY_STEPS, 500},
               {"30s", NNRT_EVERY_SECONDS, 30},
               {"10m", NNRT_EVERY_SECONDS, 600},
               {"2h", NNRT_EVERY_SECONDS, 7200},
               {"epoch", NNRT_EVERY_EPOCH, 1}};
  for (int i = 0; i < LENGTH(cases); i++) {
    assert_int_equal(READ("--checkpoint-every", cases[i].text), 0);
    assert_int_equal(options.every.kind, cases[i].kind);
    assert_int_equal(options.every.n, cases[i].n);
  }
  assert_int_equal(READ("--checkpoint", "c", "--checkpoint-keep=3", "--resume", "--quiet"), 0);
  assert_string_equal(options.checkpoint, "c");
  assert_true(options.keep == 3 && options.resuming && !options.resume && options.quiet);
  assert_int_equal(READ("--quiet", "--resume"), 0);
  assert_true(options.resuming && !options.resume);
  assert_int_equal(READ("--resume", "c.1", "--quiet"), 0);
  assert_true(options.resuming && options.quiet);
  assert_string_equal(options.resume, "c.1");
  assert_int_equal(READ("--resume=--c"), 0);
  assert_string_equal(options.resume, "--c");
}

static void a_run_does_one_thing(void **state) {
  (void)state;
  assert_int_equal(READ("--predict", "rows.csv", "-o", "out.npy", "--predict-with=f.x", "--init", "w"), 0);
  assert_string_equal(options.predict, "rows.csv");
  assert_string_equal(options.output, "out.npy");
  assert_string_equal(options.predict_with, "f.x");
  assert_int_equal(READ("--eval", "--resume", "--checkpoint", "c", "--log", "l"), 0);
  assert_int_equal(READ("--eval", "--resume", "--init", "w"), NNRT_USAGE);
  assert_non_null(strstr(error.text, "not both"));
  assert_int_equal(READ("--profile", "t.json", "--profile-steps", "3"), NNRT_USAGE); /* not compiled for it */
  assert_non_null(strstr(error.text, "compile tiny.lua with nnc --profile"));
  static const char *const pairs[][5] = {
      {"--eval", "--bench", "2", NULL, NULL},  {"--predict", "f", "--eval", NULL, NULL},
      {"--eval", "--steps", "3", NULL, NULL},  {"--predict", "f", "--checkpoint-keep", "2", NULL},
      {"--predict", "f", "--save", "s", NULL}, {"-o", "f", NULL, NULL, NULL},
      {"--eval", "--output", "f", NULL, NULL}, {"--profile-steps", "3", NULL, NULL, NULL},
      {"--bench", "2", "--save", "s", NULL},   {"--bench", "2", "--resume", NULL, NULL}};
  for (int i = 0; i < LENGTH(pairs); i++) {
    const char *args[6] = {"tiny"};
    int n = 1;
    for (; pairs[i][n - 1]; n++) args[n] = pairs[i][n - 1];
    assert_int_equal(read_args(n, args), NNRT_USAGE);
    assert_non_null(strstr(error.text, "goes with --") ? error.text : strstr(error.text, "does not go with --"));
  }
}

static void a_file_is_written_for_one_thing(void **state) {
  (void)state;
  static const char *const pairs[][2] = {{"save", "checkpoint"}, {"log", "save"}, {"log", "init"}, {"log", "resume"}};
  for (int i = 0; i < LENGTH(pairs); i++) {
    char first[32], second[32], message[64];
    snprintf(first, sizeof first, "--%s=f", pairs[i][0]);
    snprintf(second, sizeof second, "--%s=f", pairs[i][1]);
    snprintf(message, sizeof message, "--%s and --%s both name f", pairs[i][0], pairs[i][1]);
    assert_int_equal(READ(second, first), NNRT_USAGE);
    assert_string_equal(error.text, message);
  }
  assert_int_equal(READ("--save", in_folder("./f"), "--checkpoint", in_folder("f")), NNRT_USAGE); /* not there yet */
  file_put("f", "f", 1);
  assert_int_equal(symlink(in_folder("f"), in_folder("link")), 0);
  assert_int_equal(READ("--log", in_folder("link"), "--init", in_folder("f")), NNRT_USAGE);
  assert_int_equal(READ("--log", in_folder("g"), "--init", in_folder("f"), "--save", in_folder("h")), 0);
  assert_int_equal(READ("--init", "f", "--save", "f"), 0);
  assert_int_equal(READ("--resume", "f", "--checkpoint", "f"), 0);
}

static void a_value_of_the_model_wins_over_a_flag(void **state) {
  (void)state;
  const nnrt_hyper epochs = {"epochs", 10, 1, INFINITY, 1, NULL};
  const nnrt_act train = {.func = F_TRAIN, .times = 1, .every = 1, .when_func = -1, .when_output = -1};
  const nnrt_phase phase = {
      .by_epochs = 1, .count_hyper = 0, .nstep = 1, .step = &train, .stop_func = -1, .stop_output = -1};
  nnrt_model m = model;
  m.nhypers = 1, m.hypers = &epochs, m.nphases = 1, m.phases = &phase;
  assert_int_equal(RUN(&m, "--epochs", "2", "--quiet"), 0);
  assert_int_equal(seen.calls[F_TRAIN], 2 * 960);
}

static void bad_flags_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *flag, *value, *message;
  } cases[] = {
      {"--epoch", "3", "unknown flag \"--epoch\"; did you mean --epochs?"},
      {"--thraeds=2", NULL, "unknown flag \"--thraeds=2\"; did you mean --threads?"},
      {"--lrr", "3", "did you mean --lr?"},
      {"--zzzzzzz", NULL, "unknown flag \"--zzzzzzz\""},
      {"-q", NULL, "unknown flag \"-q\""},
      {"--", NULL, "unknown flag \"--\""},
      {"train.lua", NULL, "unknown argument \"train.lua\""},
      {"--epochs", NULL, "--epochs needs a value"},
      {"--epochs", "many", "--epochs: \"many\" is not a whole number of at least 0"},
      {"--epochs", "1.5", "\"1.5\" is not a whole number"},
      {"--epochs", "-1", "\"-1\" is not a whole number of at least 0"},
      {"--epochs", "", "\"\" is not a whole number"},
      {"--epochs", "99999999999999999999", "is not a whole number"},
      {"--seed", "-1", "\"-1\" is not a whole number from 0 to 2^64 - 1"},
      {"--seed", "18446744073709551616", "is not a whole number from 0"},
      {"--threads", "0", "\"0\" is not a whole number of at least 1"},
      {"--threads", "17", "--threads 17: this program was compiled for at most 16"},
      {"--bench", "0", "\"0\" is not a whole number of at least 1"},
      {"--checkpoint-every", "0", "\"0\" is not a number of steps, of seconds (30s)"},
      {"--checkpoint-every", "5d", "\"5d\" is not a number of steps"},
      {"--checkpoint-every", "1.5h", "\"1.5h\" is not a number of steps"},
      {"--checkpoint-keep", "0", "\"0\" is not a whole number of at least 1"},
      {"--resume=", NULL, "--resume: \"\" is not a path"},
      {"--quiet=1", NULL, "--quiet takes no value"},
      {"--log", "", "\"\" is not a path"},
      {"--tensorboard", "", "\"\" is not a path"},
      {"--plot", "curves.png", "--plot: \"curves.png\" is not a path that ends in .svg"},
      {"--plot", ".svg", "\".svg\" is not a path that ends in .svg"},
      {"--lr", "fast", "--lr: \"fast\" is not a number of at least 0 and at most 10"},
      {"--lr", "nan", "\"nan\" is not a number"},
      {"--lr", "-0.1", "\"-0.1\" is not a number of at least 0"},
      {"--lr", "10.5", "and at most 10"},
      {"--depth", "2.5", "--depth: \"2.5\" is not a whole number of at least 1 and at most 8"},
      {"--data", "test", "--data: \"test\" is not of the form NAME=PATH"},
      {"--data", "train,=x", "--data: there is no source \"\"; this"},
      {"--data", "train,valid=x", "--data: there is no source \"valid\"; this program has: train, test, extra"},
  };
  for (int i = 0; i < LENGTH(cases); i++) {
    const char *argv[] = {"tiny", cases[i].flag, cases[i].value};
    assert_int_equal(run_args(&model, cases[i].value ? 3 : 2, argv), 2);
    const char *err = file_get("err");
    if (!strstr(err, cases[i].message)) fail_msg("\"%s\" was expected in: %s", cases[i].message, err);
    assert_int_equal(strncmp(err, "tiny: ", 6), 0);
    assert_int_equal(lines_with(err, "\nusage: tiny [--epochs N]"), 1);
    assert_string_equal(file_get("out"), "");
    assert_int_equal(seen.n, 0);
  }
}

static void help_is_made_from_the_model(void **state) {
  (void)state;
  assert_int_equal(RUN(&model, "--help"), 0);
  const char *out = file_get("out");
  static const char *const parts[] = {"tiny: trains the model of tiny.lua (6 parameters)",
                                      "usage: tiny [FLAG ...]",
                                      "--lr X",
                                      "learning rate (default 0.5, at least 0, at most 10)",
                                      "--depth N",
                                      "(default 3, at least 1, at most 8)",
                                      "batches of 256, shuffled, made up",
                                      "x u8 [1,2,2]  no-images",
                                      "at most 16"};
  for (int i = 0; i < LENGTH(parts); i++)
    if (!strstr(out, parts[i])) fail_msg("\"%s\" was expected in: %s", parts[i], out);
  for (int i = 0; i < nnrt_nflags; i++) {
    char flag[64];
    snprintf(flag, sizeof flag, "  --%s", nnrt_flags[i].name);
    if (!strstr(out, flag)) fail_msg("--help says nothing of %s", flag);
  }
  assert_int_equal(seen.n, 0);
}

static void version_and_parameters_are_told(void **state) {
  (void)state;
  assert_int_equal(RUN(&model, "--version"), 0);
  const char *out = file_get("out");
  assert_non_null(strstr(out, "tiny, compiled from tiny.lua by by hand\nmodel 0000000000001234\n"));
  assert_non_null(strstr(out, "parameters 64, state 128, scratch 256; at most 16 threads"));
  assert_int_equal(RUN(&model, "--list-parameters"), 0);
  out = file_get("out");
  assert_non_null(strstr(out, "0.weight   f32   [2,3]                        6  parameter\n"));
  assert_non_null(strstr(out, "calls      i64   []                           1  buffer\n"));
  assert_non_null(strstr(out, "nnrt.seed  u32   [2]                          2  state\n"));
  assert_non_null(strstr(out, "\n6 parameters\n"));
}

static int end(void **state) {
  nnrt_options_free(&options);
  return folder_remove(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flags_have_two_forms),
      cmocka_unit_test(without_flags_there_are_defaults),
      cmocka_unit_test(values_and_data_go_by_name),
      cmocka_unit_test(checkpoints_are_due_by_steps_time_or_epochs),
      cmocka_unit_test(a_run_does_one_thing),
      cmocka_unit_test(a_file_is_written_for_one_thing),
      cmocka_unit_test(a_value_of_the_model_wins_over_a_flag),
      cmocka_unit_test(bad_flags_are_refused),
      cmocka_unit_test(help_is_made_from_the_model),
      cmocka_unit_test(version_and_parameters_are_told),
  };
  return cmocka_run_group_tests(tests, folder_make, end);
}
