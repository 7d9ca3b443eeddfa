/* weights.h: states in files: out, in, and what a model takes of a file. A part of host.h. */
#ifndef NNRT_WEIGHTS_H
#define NNRT_WEIGHTS_H

#include "data.h"

/* ---- weights.c: states in files, out ---- */
typedef struct nnrt_weights { /* states by their names in a file */
  const nnrt_model *model;
  const nnrt_memory *memory;
  const nnrt_rename *renames; /* of names in the file */
  int nrenames, n;
  nnrt_kept *at;
  bool all;              /* not only what model files hold */
  bool partial, convert; /* in: what fits is enough; floats may have another width */
  bool begins;           /* in: by --init, whose flags messages name */
} nnrt_weights;
enum { NNRT_WEIGHTS_CHUNK = 1 << 16 };
#define NNRT_WEIGHTS_HEAD "{\"__metadata__\":{\"format\":\"pt\""
#define NNRT_WEIGHTS_SUM ",\"nnrt.sum\":\""
enum { /* in the header */
       NNRT_WEIGHTS_DIGITS = 8,
       NNRT_WEIGHTS_SUM_AT = sizeof NNRT_WEIGHTS_HEAD - 1 + sizeof NNRT_WEIGHTS_SUM - 1
};
extern const char *const nnrt_weights_dtypes[];
int64_t nnrt_state_bytes(const nnrt_state *state);
unsigned char *nnrt_state_at(const nnrt_state *state, const nnrt_memory *memory);
const nnrt_state *nnrt_weights_state(const nnrt_weights *w, int i);
int nnrt_weights_list(nnrt_error *error, nnrt_weights *w, const nnrt_act *act, bool aliases);
int nnrt_weights_all(nnrt_error *error, nnrt_weights *w);
int64_t nnrt_weights_chunk(const nnrt_state *state, const nnrt_memory *memory, int64_t at, unsigned char *to);
int64_t nnrt_weights_room(const nnrt_weights *w); /* of a header without notes */
int nnrt_weights_write(int file, const nnrt_weights *w, const char *notes, char *header, int64_t room, nnrt_crc *crc);
int nnrt_weights_possible(nnrt_error *error, const nnrt_model *model, const char *path);
/* The states and names that the act lists, or the whole model when it is NULL or lists none. */
int nnrt_weights_save(nnrt_error *error, const nnrt_model *model, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act);

/* ---- safetensors.c: in ---- */
typedef struct nnrt_extent { /* where the numbers of a tensor lie */
  const nnrt_bytes *bytes;   /* NULL: not in the file */
  int64_t at, size;
  const nnrt_stored_type *type; /* NULL: none that we have */
  bool big;
} nnrt_extent;
typedef struct nnrt_tensor { /* in a file; names and dtypes as in safetensors */
  char name[256], dtype[16];
  int rank;
  int64_t dim[NNRT_NPY_RANK], begin, end, all; /* begin, end: in all the bytes of numbers of the file or member */
  nnrt_extent place;
} nnrt_tensor;
enum { NNRT_NAMES_TOLD = 8 };
typedef struct nnrt_names { /* how many, and the first of them */
  int n, used;
  char text[1200];
} nnrt_names;
typedef struct nnrt_weights_reader {
  nnrt_error *error;
  const char *path, *text, *at, *end; /* text to end: the header */
  int64_t data, bytes;                /* where the data begin; how many there are */
  nnrt_bytes whole;
  bool archive;
  nnrt_bytes *members; /* of an archive */
  int nmembers;
  char *header;
  nnrt_extent *places;                   /* by entry of the states that are wanted */
  nnrt_names absent, foreign, different; /* of a partial match: not in the file, in it only, in it otherwise */
} nnrt_weights_reader;
typedef int nnrt_tensor_visit(void *context, nnrt_tensor *tensor);
int nnrt_weights_open(nnrt_weights_reader *r);
int nnrt_safetensors_each(nnrt_weights_reader *r, void *context, nnrt_tensor_visit *visit);
bool nnrt_weights_checkpoint(const nnrt_weights_reader *r);
int nnrt_weights_verify(nnrt_weights_reader *r); /* of a checkpoint */
bool nnrt_weights_note(const nnrt_weights_reader *r, const char *key, char *to, int size);
void nnrt_weights_close(nnrt_weights_reader *r);

/* ---- archive.c: weights in an archive of NumPy's ---- */
bool nnrt_archive_named(const char *path);
int nnrt_archive_fits(nnrt_error *error, const nnrt_weights *w, const char *path);
int nnrt_archive_save(nnrt_error *error, const nnrt_weights *w, const char *path);
int nnrt_archive_each(nnrt_weights_reader *r, void *context, nnrt_tensor_visit *visit);

/* ---- match.c: what a model takes of a file ---- */
const nnrt_stored_type *nnrt_tensor_type(const nnrt_tensor *t);
int nnrt_weights_match(nnrt_weights_reader *r, const nnrt_weights *w);
int nnrt_weights_take(nnrt_weights_reader *r, const nnrt_weights *w); /* once they match */
int nnrt_weights_load(nnrt_error *error, const nnrt_model *model, const nnrt_memory *memory, const char *path,
                      const nnrt_act *act);
int nnrt_weights_begin(nnrt_run *run); /* --init */
#endif
