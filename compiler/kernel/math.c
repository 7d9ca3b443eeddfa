/* math.c: instances of the functions of math.ir, for one dtype and number of lanes each.
 *
 * math.ir is embedded as text (math_text). A function's instance is made on first use by parsing its piece of that text
 * with the placeholders f, i, u, m and `lanes` set; a call in it makes the callee's instance first, so p->math always
 * has callees before callers. Names: exp_f32, exp_f32x16, philox_0_u32x16; functions in _one are scalar and exist once.
 */
#include "parse.h"

extern const char math_text[];

typedef struct Instances {
  Program *program;
  Type type;
} Instances;

static const Kernel *instance(Program *p, const char *name, Type type);

static bool ends_with(const char *s, const char *tail) {
  size_t n = strlen(s), m = strlen(tail);
  return n >= m && !strcmp(s + n - m, tail);
}

static const char *instance_name(Arena *arena, const char *name, Type type) {
  if (ends_with(name, "_one")) return name;
  const char *dtype = dtype_info[type.dtype].name;
  const char *full = ends_with(name, dtype) ? name : arena_printf(arena, "%s_%s", name, dtype);
  return type.lanes == 1 ? full : arena_printf(arena, "%sx%d", full, type.lanes);
}

/* The text of one function, from its head to the next one's. */
static const char *function_text(Arena *arena, const char *name) {
  char *head = arena_printf(arena, "\nfunction %s(", name);
  const char *start = strstr(math_text, head);
  if (!start) return NULL;
  const char *end = strstr(start + 1, "\nfunction ");
  return end ? arena_strndup(arena, start + 1, (size_t)(end - start)) : start + 1;
}

static const Kernel *callee(void *context, const char *name) {
  const Instances *instances = context;
  return instance(instances->program, name, instances->type);
}

static const Kernel *instance_make(Program *p, const char *name, Type type) {
  const char *text = function_text(p->arena, name);
  if (!text) return NULL;
  Instances instances = {p, type};
  bool wide = type.dtype == DT_f64;
  ParseTypes types = {type_of(wide ? DT_f64 : DT_f32, type.lanes),
                      type_of(wide ? DT_i64 : DT_i32, type.lanes),
                      type_of(DT_u32, type.lanes),
                      type_of(DT_bool, type.lanes),
                      callee,
                      &instances};
  Kernel *k = kernels_parse_generic(p->arena, "math.ir", text, &types)->at[0];
  k->name = instance_name(p->arena, name, type);
  kernel_finish(p, k);
  vec_push(p->arena, p->math, k);
  return k;
}

static const Kernel *instance(Program *p, const char *name, Type type) {
  if (ends_with(name, "_one")) type.lanes = 1;
  const char *full = instance_name(p->arena, name, type);
  for (int i = 0; i < p->math.n; ++i)
    if (!strcmp(p->math.at[i]->name, full)) return p->math.at[i];
  return instance_make(p, name, type);
}

const Kernel *math_instance(Program *p, Op op, Type type) {
  const char *dtype = dtype_info[type.dtype].name;
  const Kernel *k = instance(p, arena_printf(p->arena, "%s_%s", op_info[op].name, dtype), type);
  if (!k) bug("math.ir has no %s for %s", op_info[op].name, dtype);
  return k;
}

const Kernel *math_named(Program *p, const char *name, Type type) {
  const Kernel *k = instance(p, name, type);
  if (!k) bug("math.ir has no %s", name);
  return k;
}
