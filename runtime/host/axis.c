/* axis.c: the axes of --plot (plot.c): a range of numbers, where it is marked by round numbers, and where in it a
 * number lies. Marks are 1, 2 or 5 times a power of ten apart; on a logarithmic axis they are powers of ten, and where
 * these are few, their doubles and fivefolds too. */
#include "host.h"

#include <math.h>
#include <stdlib.h>

static double round_up(double x) { /* to 1, 2, 5 or 10 times a power of ten */
  double power = pow(10, floor(log10(x))), times = x / power;
  return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

/* A range of no width gets one. */
static void range_widen(double *low, double *high) {
  double most = fabs(*low) > fabs(*high) ? fabs(*low) : fabs(*high);
  if (*high - *low > 1e-9 * most) return;
  double more = most > 0 ? 0.1 * most : 1;
  *low -= more, *high += more;
}

/* About n marks; whole: the range ends at marks. */
void nnrt_axis_linear(nnrt_axis *a, double low, double high, int n, bool whole) {
  *a = (nnrt_axis){0};
  range_widen(&low, &high);
  double step = round_up((high - low) / n), slack = 1e-6;
  if (whole) low = step * floor(low / step + slack), high = step * ceil(high / step - slack);
  a->low = low, a->high = high;
  a->decimals = step < 1 ? (int)ceil(-log10(step) - slack) : 0;
  for (double k = ceil(low / step - slack); k <= high / step + slack && a->n < NNRT_TICKS_MAX; k++)
    a->ticks[a->n++] = k * step;
}

/* 0 < low <= high */
void nnrt_axis_log(nnrt_axis *a, double low, double high) {
  static const int times[3] = {1, 2, 5};
  *a = (nnrt_axis){.log = true};
  double room = pow(high / low, 0.04);
  a->low = low / room, a->high = high * room;
  double decades = log10(a->high / a->low);
  int fine = decades < 3 ? 3 : 1, skip = (int)ceil(decades / 7);
  for (int power = (int)floor(log10(a->low)); power <= log10(a->high); power++)
    for (int i = 0; i < fine && a->n < NNRT_TICKS_MAX; i++) {
      double at = times[i] * pow(10, power);
      if (power % skip == 0 && at >= a->low && at <= a->high) a->ticks[a->n++] = at;
    }
}

/* 0 at the low end, 1 at the high one. */
double nnrt_axis_place(const nnrt_axis *a, double x) {
  return a->log ? log(x / a->low) / log(a->high / a->low) : (x - a->low) / (a->high - a->low);
}

/* 1,000 0.25 1e-6 */
int nnrt_axis_label(const nnrt_axis *a, int tick, char *to, int size) {
  double x = a->ticks[tick], most = fabs(a->low) > fabs(a->high) ? fabs(a->low) : fabs(a->high);
  char number[32];
  bool plain = a->log ? x >= 1e-4 && x < 1e6 : a->decimals < 6 && most < 1e12;
  if (x == 0) return nnrt_text(to, size, 0, "0");
  if (plain && x == floor(x) && (a->log || !a->decimals))
    return nnrt_text(to, size, 0, "%s", nnrt_grouped(number, (int64_t)x));
  if (plain) return a->log ? nnrt_text(to, size, 0, "%g", x) : nnrt_text(to, size, 0, "%.*f", a->decimals, x);
  int power = (int)floor(log10(fabs(x)) + 1e-9);
  return nnrt_text(to, size, 0, "%.3ge%d", x / pow(10, power), power);
}
