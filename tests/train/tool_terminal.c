/* tool_terminal.c: a program in a terminal of its own, and what a person would see there, for tests/train/show.sh.
 *
 *   tool_terminal SECONDS WIDTH[,WIDTH...] PROGRAM ARGS...
 *
 * Standard output and error are a pseudo-terminal of the first width; every SECONDS (or later: when a program that
 * redraws a line has done so three times) it becomes the next one, as when a window is dragged; after the last SIGINT
 * is sent. Of what a terminal does this knows the line that the cursor is in: carriage return, line feed, "erase to the
 * end of the line", characters in UTF-8, and that a line that is too long wraps. It prints a line for each state:
 * "WIDTH ~ text" of one that was overwritten, "WIDTH = text" of one that stays, "WIDTH ! text" of one that wrapped; at
 * the end "exit CODE". */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CELLS = 1024, PATIENCE = 20 };

static struct Screen {
  int columns, at, used, escape; /* escape: bytes of one that were seen */
  int fresh;                     /* the width has changed: what comes next may be of the old one */
  int redrawn, ever;             /* how often since then; at any width */
  char cell[CELLS][5];
} screen;

static void line_show(char kind) {
  if (!screen.used) return;
  printf("%d %c ", screen.columns, kind);
  for (int i = 0; i < screen.used; i++) fputs(*screen.cell[i] ? screen.cell[i] : " ", stdout);
  printf("\n");
}

static void line_clear(int from) {
  for (int i = from; i < CELLS; i++) memset(screen.cell[i], 0, sizeof screen.cell[i]);
  if (screen.used > from) screen.used = from;
}

static void character_put(unsigned char c) {
  if ((c & 0xC0) == 0x80 && screen.at) { /* goes on with the one before */
    char *cell = screen.cell[screen.at - 1];
    size_t n = strlen(cell);
    if (n < sizeof screen.cell[0] - 1) cell[n] = (char)c;
    return;
  }
  if (screen.at == screen.columns) {
    if (!screen.fresh) line_show('!');
    line_clear(0);
    screen.at = 0;
  }
  memset(screen.cell[screen.at], 0, sizeof screen.cell[0]);
  screen.cell[screen.at++][0] = (char)c;
  if (screen.used < screen.at) screen.used = screen.at;
}

static void byte_take(unsigned char c) {
  if (screen.escape || c == 27) {
    screen.escape++;
    if (screen.escape < 3) return;
    if (c == 'K') line_clear(screen.at);
    screen.escape = 0;
  } else if (c == '\r') {
    screen.at = 0;
  } else if (c == '\n') {
    line_show('=');
    line_clear(0);
  } else
    character_put(c);
}

/* One write of the program: a line that it redraws begins with a carriage return. */
static void bytes_take(const unsigned char *at, ssize_t n) {
  if (n > 1 && at[0] == '\r' && at[1] != '\n') {
    if (!screen.fresh) line_show('~');
    screen.fresh = 0;
    screen.redrawn++;
    screen.ever = 1;
  }
  for (ssize_t i = 0; i < n; i++) byte_take(at[i]);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void resize(int terminal, int columns) {
  const struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
  screen.columns = columns;
  screen.fresh = 1;
  screen.redrawn = 0;
  if (screen.at > columns) screen.at = columns;
  line_clear(columns);
  ioctl(terminal, TIOCSWINSZ, &size);
}

static pid_t start(int terminal, char **argv) {
  pid_t child = fork();
  if (child) return child;
  setsid();
  int end = open(ptsname(terminal), O_RDWR), nothing = open("/dev/null", O_RDONLY);
  ioctl(end, TIOCSCTTY, 0);
  if (dup2(nothing, 0) < 0 || dup2(end, 1) < 0 || dup2(end, 2) < 0) _exit(127);
  setenv("TERM", "xterm", 1);
  execv(argv[0], argv);
  _exit(127);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  double wait = atof(argv[1]), next = seconds() + wait;
  unsigned char bytes[1 << 16];
  int terminal = posix_openpt(O_RDWR | O_NOCTTY), status = 0;
  if (terminal < 0 || grantpt(terminal) || unlockpt(terminal)) return perror("pseudo-terminal"), 77;
  char *width = argv[2];
  resize(terminal, atoi(width));
  screen.fresh = 0;
  pid_t child = start(terminal, argv + 3);
  for (;;) {
    struct pollfd ready = {.fd = terminal, .events = POLLIN};
    if (poll(&ready, 1, 10) > 0) {
      ssize_t n = read(terminal, bytes, sizeof bytes);
      if (n <= 0) break;
      bytes_take(bytes, n);
    }
    double now = seconds();
    if (!width || now < next || (screen.ever && screen.redrawn < 3 && now < next + PATIENCE)) continue;
    next = now + wait;
    width = strchr(width, ',');
    if (width)
      resize(terminal, atoi(++width));
    else
      kill(child, SIGINT);
  }
  line_show('=');
  waitpid(child, &status, 0);
  printf("exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
