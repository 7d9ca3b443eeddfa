/* machine.c: the machines that schedules know, as rows of data (MIDDLE.md 0), and the one that nnc runs on.
 *
 * A machine decides speed only, never bits: lowering does not see it. Lanes are elements of the vectors that printers
 * spell: at most 16, which is what nnrt_simd.h has, so bytes and halves go in vectors as long as those of f32.
 * "native" is the best row that this host can run, with the cache sizes that the kernel reports. It reads
 * /proc/cpuinfo and /sys (C has no other way without extensions); where they are absent the answer is the row's data.
 */
#include "../kernel.h"

#include <stdlib.h>

#define LANES(four, eight)                                                                                             \
  {                                                                                                                    \
    [DT_f32] = four, [DT_f64] = eight, [DT_f16] = four, [DT_bf16] = four, [DT_i32] = four, [DT_i64] = eight,           \
    [DT_u32] = four, [DT_u8] = four, [DT_bool] = four                                                                  \
  }

static const Machine rows[] = {
    {.name = "x86-64-v4",
     .lanes = LANES(16, 8),
     .vregs = 32,
     .hard_fma = true,
     .masks = true,
     .fma_per_cycle = 2,
     .fma_latency = 4,
     .l1 = 32 << 10,
     .l2 = 1 << 20,
     .l3 = 32 << 20,
     .gcc_target = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt",
     .llvm_cpu = "x86-64-v4",
     .llvm_features = "",
     .triple = "x86_64-pc-linux-gnu",
     .simd_macro = "NNRT_V4"},
    {.name = "x86-64-v3",
     .lanes = LANES(8, 4),
     .vregs = 16,
     .hard_fma = true,
     .masks = true,
     .fma_per_cycle = 2,
     .fma_latency = 4,
     .l1 = 32 << 10,
     .l2 = 512 << 10,
     .l3 = 16 << 20,
     .gcc_target = "avx2,fma,f16c,bmi,bmi2,lzcnt,popcnt",
     .llvm_cpu = "x86-64-v3",
     .llvm_features = "",
     .triple = "x86_64-pc-linux-gnu",
     .simd_macro = "NNRT_V3"},
    {.name = "neon",
     .lanes = LANES(4, 2),
     .vregs = 32,
     .hard_fma = true,
     .masks = false,
     .fma_per_cycle = 2,
     .fma_latency = 4,
     .l1 = 32 << 10,
     .l2 = 512 << 10,
     .l3 = 4 << 20,
     .llvm_cpu = "generic",
     .llvm_features = "+neon,+fp-armv8",
     .triple = "aarch64-unknown-linux-gnu",
     .simd_macro = "NNRT_NEON"},
    {.name = "scalar",
     .lanes = LANES(1, 1),
     .vregs = 16,
     .hard_fma = false,
     .masks = false,
     .fma_per_cycle = 1,
     .fma_latency = 4,
     .l1 = 32 << 10,
     .l2 = 256 << 10,
     .l3 = 4 << 20,
     .simd_macro = "NNRT_GENERIC"},
    {.name = "rvv128",
     .lanes = LANES(4, 2),
     .vregs = 32,
     .hard_fma = true,
     .masks = true,
     .fma_per_cycle = 1,
     .fma_latency = 4,
     .l1 = 32 << 10,
     .l2 = 512 << 10,
     .l3 = 4 << 20,
     .llvm_cpu = "generic-rv64",
     .llvm_features = "+m,+a,+f,+d,+c,+v,+zvl128b",
     .triple = "riscv64-unknown-linux-gnu",
     .simd_macro = "NNRT_GENERIC"},
    {.name = "cortex-m4",
     .lanes = LANES(1, 1),
     .vregs = 16,
     .hard_fma = true,
     .masks = false,
     .fma_per_cycle = 1,
     .fma_latency = 3,
     .l1 = 16 << 10,
     .l2 = 128 << 10,
     .l3 = 128 << 10,
     .llvm_cpu = "cortex-m4",
     .llvm_features = "+vfp4d16sp,+thumb2",
     .triple = "thumbv7em-none-eabihf",
     .simd_macro = "NNRT_GENERIC"},
    {.name = "cortex-m3",
     .lanes = LANES(1, 1),
     .vregs = 16,
     .hard_fma = false,
     .masks = false,
     .fma_per_cycle = 1,
     .fma_latency = 30,
     .l1 = 16 << 10,
     .l2 = 64 << 10,
     .l3 = 64 << 10,
     .llvm_cpu = "cortex-m3",
     .llvm_features = "+soft-float,+thumb2",
     .triple = "thumbv7m-none-eabi",
     .simd_macro = "NNRT_GENERIC"},
};
enum { ROWS = sizeof rows / sizeof *rows };

const Machine *machine_at(int i) { return i >= 0 && i < ROWS ? &rows[i] : NULL; }

static const Machine *row_find(const char *name) {
  for (int i = 0; i < ROWS; ++i)
    if (!strcmp(rows[i].name, name)) return &rows[i];
  return NULL;
}

/* ---- the host ---- */

/* Does the line of /proc/cpuinfo that starts with key hold every one of the words? */
static bool cpuinfo_has(const char *key, const char *const *words, int n) {
  FILE *f = fopen("/proc/cpuinfo", "r");
  char line[8192];
  bool all = false;
  while (f && !all && fgets(line, sizeof line, f)) {
    if (strncmp(line, key, strlen(key))) continue;
    line[strcspn(line, "\n")] = ' '; /* so that each word stands between blanks */
    int found = 0;
    for (int i = 0; i < n; ++i) {
      char word[64];
      snprintf(word, sizeof word, " %s ", words[i]);
      found += strstr(line, word) != NULL;
    }
    all = found == n;
  }
  if (f) fclose(f);
  return all;
}

static const Machine *host_row(void) {
#if defined(__x86_64__)
  static const char *const v3[] = {"avx2", "fma", "f16c", "bmi1", "bmi2", "abm", "popcnt"};
  static const char *const v4[] = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"};
  if (!cpuinfo_has("flags", v3, sizeof v3 / sizeof *v3)) return row_find("scalar");
  return row_find(cpuinfo_has("flags", v4, sizeof v4 / sizeof *v4) ? "x86-64-v4" : "x86-64-v3");
#elif defined(__aarch64__)
  return row_find("neon");
#else
  return row_find("scalar");
#endif
}

/* Bytes of the data cache of a level, or `otherwise`. */
static int64_t cache_bytes(int level, int64_t otherwise) {
  for (int i = 0; i < 8; ++i) {
    char path[96], type[32] = "";
    long long kilobytes = 0;
    int its_level = 0, got = 0;
    static const char *const field[] = {"level", "type", "size"};
    for (int k = 0; k < 3; ++k) {
      snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", i, field[k]);
      FILE *f = fopen(path, "r");
      if (!f) return otherwise;
      got += k == 0 ? fscanf(f, "%d", &its_level) : k == 1 ? fscanf(f, "%31s", type) : fscanf(f, "%lldK", &kilobytes);
      fclose(f);
    }
    if (got == 3 && its_level == level && strcmp(type, "Instruction") && kilobytes > 0) return kilobytes << 10;
  }
  return otherwise;
}

const Machine *machine_find(const char *name) {
  static Machine native; /* filled once, the same each time */
  if (strcmp(name, "native")) return row_find(name);
  if (!native.name) {
    native = *host_row();
    native.l1 = cache_bytes(1, native.l1);
    native.l2 = cache_bytes(2, native.l2);
    native.l3 = cache_bytes(3, native.l3);
  }
  return &native;
}
