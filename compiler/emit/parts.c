/* parts.c: what a program links besides libnnrt.a: parts of the runtime that are libraries of their own, since they
 * call a library that others do without: OpenBLAS for products, libpng and libjpeg for folders of images, libsndfile
 * for sound. A program has a part when something in it asks for it: a call, or a source of its kind. Where they are was
 * found when nnc was built (emit.cmake); one that was not is named with its packages. */
#include "print.h"

#ifndef NNC_RUNTIME_BLAS
#define NNC_RUNTIME_BLAS NULL
#define NNC_OPENBLAS NULL
#endif
#ifndef NNC_RUNTIME_IMAGES
#define NNC_RUNTIME_IMAGES NULL
#define NNC_PNG NULL
#define NNC_JPEG NULL
#endif
#ifndef NNC_RUNTIME_SOUND
#define NNC_RUNTIME_SOUND NULL
#define NNC_SNDFILE NULL
#endif

const Part emit_part[EMIT_PARTS] = {
    [PART_blas] = {.link = "-lnnrt_blas -lopenblas ",
                   .name = "libnnrt_blas.a",
                   .library = NNC_RUNTIME_BLAS,
                   .foreign = {NNC_OPENBLAS},
                   .package = "OpenBLAS (Debian: libopenblas-pthread-dev)"},
    [PART_images] = {.link = "-lnnrt_images -lpng -ljpeg ",
                     .name = "libnnrt_images.a",
                     .library = NNC_RUNTIME_IMAGES,
                     .foreign = {NNC_PNG, NNC_JPEG},
                     .package = "libpng and libjpeg (Debian: libpng-dev, libjpeg-dev), for nn.data.images",
                     .kind = "images",
                     .reader = "nnrt_format_images"},
    [PART_sound] = {.link = "-lnnrt_sound -lsndfile ",
                    .name = "libnnrt_sound.a",
                    .library = NNC_RUNTIME_SOUND,
                    .foreign = {NNC_SNDFILE},
                    .package = "libsndfile (Debian: libsndfile1-dev), for nn.data.wav",
                    .kind = "wav",
                    .reader = "nnrt_format_wav"},
};

/* Or EMIT_PARTS; a library reads no files, so the sources of one have none. */
static int part_of(const Source *source) {
  int i = source->files.n ? 0 : EMIT_PARTS;
  while (i < EMIT_PARTS && !(emit_part[i].kind && !strcmp(emit_part[i].kind, source->kind))) ++i;
  return i;
}

const char *part_reader(const Source *source) {
  int i = part_of(source);
  return i < EMIT_PARTS ? emit_part[i].reader : NULL;
}

void parts_refuse(const Program *p) {
  for (int i = 0; i < p->module->sources.n; ++i) {
    const Source *s = p->module->sources.at[i];
    if (part_of(s) < EMIT_PARTS) user_error(s->loc, MSG_standalone_source, s->name, emit_part[part_of(s)].package);
  }
}

unsigned emit_parts(const Program *p) {
  unsigned set = p->machine->blas && program_calls_blas(p) ? 1u << PART_blas : 0;
  for (int i = 0; i < p->module->sources.n; ++i) set |= 1u << part_of(p->module->sources.at[i]);
  return set & ((1u << EMIT_PARTS) - 1);
}

const char *link_text(const Program *p) {
  Text text;
  text_init(&text, p->arena);
  for (int i = 0; i < EMIT_PARTS; ++i)
    if (emit_parts(p) >> i & 1) text_puts(&text, emit_part[i].link);
  text_puts(&text, "-lnnrt -lz -lm -pthread");
  return text_str(&text);
}
