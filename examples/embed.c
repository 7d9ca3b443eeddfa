/* embed.c: a program of one's own that trains a model which nnc made a library of: the loop, the data and the output
 * are the program's, the step is the library's. It is C and C++. From the top of the tree, on Debian's
 * dataset-fashion-mnist:
 *
 *   nnc models/fashion_mlp.lua --lib -o fashion_mlp.c
 *   cc -O3 -march=native -I. -Iruntime examples/embed.c fashion_mlp.c -Lbuild/runtime -lnnrt -lz -lm -pthread -o embed
 *   ./embed /usr/share/datasets/fashion-mnist 468 weights.safetensors 2
 *
 * (steps, where the weights go, threads; an installed nnc needs neither -Iruntime nor -L.) 468 steps of 128 images in
 * file order are one epoch: 85.1 % on the test images. The weights are those of the program that nnc makes of the same
 * model, to the bit: `train --no-shuffle --seed 7 --steps 468 --save weights.safetensors`. */
#include "fashion_mlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum { ROWS = FASHION_MLP_TRAIN_ROWS, PIXELS = 28 * 28 };

/* The bytes of an IDX file behind its header, packed by gzip; NULL when it cannot be read. */
static uint8_t *idx_read(const char *folder, const char *name, long header, long bytes) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s-ubyte.gz", folder, name);
  gzFile file = gzopen(path, "rb");
  uint8_t *data = (uint8_t *)malloc((size_t)bytes);
  int read = file && data && gzseek(file, header, SEEK_SET) == header ? gzread(file, data, (unsigned)bytes) : 0;
  if (file) gzclose(file);
  if (read == bytes) return data;
  fprintf(stderr, "embed: %s cannot be read\n", path);
  free(data);
  return NULL;
}

static int train(fashion_mlp_context *model, const char *folder, int steps) {
  enum { IMAGES = 60000 };
  uint8_t *x = idx_read(folder, "train-images-idx3", 16, (long)IMAGES * PIXELS);
  uint8_t *y = idx_read(folder, "train-labels-idx1", 8, IMAGES);
  int status = !x || !y;
  for (int step = 0; step < steps && !status; ++step) {
    long row = (long)step % (IMAGES / ROWS) * ROWS; /* a last partial batch is left out */
    fashion_mlp_train_outputs outputs;
    status = fashion_mlp_train(model, ROWS, x + row * PIXELS, y + row, &outputs);
    if (!status && (step + 1) % 50 == 0) printf("step %d: loss %.9g\n", step + 1, (double)outputs.loss);
  }
  free(x);
  free(y);
  return status;
}

static int validate(fashion_mlp_context *model, const char *folder) {
  enum { IMAGES = 10000, BATCH = FASHION_MLP_VALIDATE_ROWS };
  uint8_t *x = idx_read(folder, "t10k-images-idx3", 16, (long)IMAGES * PIXELS);
  uint8_t *y = idx_read(folder, "t10k-labels-idx1", 8, IMAGES);
  fashion_mlp_validate_outputs outputs;
  int status = !x || !y;
  for (long row = 0; row < IMAGES && !status; row += BATCH)
    status = fashion_mlp_validate(model, BATCH, x + row * PIXELS, y + row, row == 0, &outputs);
  if (!status) printf("accuracy %.4f\n", (double)outputs.accuracy);
  free(x);
  free(y);
  return status;
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: embed FOLDER STEPS WEIGHTS THREADS\n"), 2;
  fashion_mlp_context *model = fashion_mlp_create(atoi(argv[4]));
  if (!model) return fprintf(stderr, "embed: %s\n", fashion_mlp_error(NULL)), 1;
  int steps = atoi(argv[2]);
  int status = fashion_mlp_init(model, 7);
  if (!status) status = fashion_mlp_set_total_steps(model, steps);
  if (!status) status = train(model, argv[1], steps);
  if (!status) status = validate(model, argv[1]);
  if (!status) status = fashion_mlp_save(model, argv[3]);
  if (status) fprintf(stderr, "embed: %s\n", fashion_mlp_error(model));
  fashion_mlp_destroy(model);
  return status;
}
