/* gemm.c: libnnrt_blas.a: matrix products of emitted programs through OpenBLAS (nnc --blas=openblas; rows of abi.def).
 *
 * A library of its own, so that libnnrt needs OpenBLAS in no program that does not call it. The threads are ours: each
 * call is one thread's share and OpenBLAS is told, before its first product, to use no others; two pools would fight
 * for the same cores. */
#include "nnrt.h"

#include <cblas.h>
#include <pthread.h>

static pthread_once_t blas_once = PTHREAD_ONCE_INIT;
static void blas_alone(void) { openblas_set_num_threads(1); }

/* A matrix with one stride of 1 as BLAS calls it: row after row, or the transpose of that. */
typedef struct blas_layout {
  CBLAS_TRANSPOSE turned;
  blasint pitch;
} blas_layout;

static blas_layout layout_of(int64_t row, int64_t column) {
  return column == 1 ? (blas_layout){CblasNoTrans, (blasint)row} : (blas_layout){CblasTrans, (blasint)column};
}

void nnrt_sgemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b,
                int64_t b_row, int64_t b_column, float *c, int64_t c_row) {
  blas_layout la = layout_of(a_row, a_column), lb = layout_of(b_row, b_column);
  pthread_once(&blas_once, blas_alone);
  cblas_sgemm(CblasRowMajor, la.turned, lb.turned, (blasint)m, (blasint)n, (blasint)k, 1, a, la.pitch, b, lb.pitch, 0,
              c, (blasint)c_row);
}

void nnrt_dgemm(int64_t m, int64_t n, int64_t k, const double *a, int64_t a_row, int64_t a_column, const double *b,
                int64_t b_row, int64_t b_column, double *c, int64_t c_row) {
  blas_layout la = layout_of(a_row, a_column), lb = layout_of(b_row, b_column);
  pthread_once(&blas_once, blas_alone);
  cblas_dgemm(CblasRowMajor, la.turned, lb.turned, (blasint)m, (blasint)n, (blasint)k, 1, a, la.pitch, b, lb.pitch, 0,
              c, (blasint)c_row);
}
