/* sgemm_onednn.c: an LD_PRELOAD library that gives a PyTorch built on a plain BLAS (Debian's) the matrix products of
 * oneDNN, which reach 93 to 95 % of the peak of one core where OpenBLAS reaches 83 to 89 %: the fastest PyTorch that
 * this machine can have. Part of ./dev bench.
 *
 *   cc -O2 -shared -fPIC sgemm_onednn.c -ldnnl -o sgemm_onednn.so
 *
 * The Fortran entry is column-major; oneDNN's is row-major: C^T = B^T A^T swaps the operands. */
#include <dnnl.h>

void sgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k, const float *alpha,
            const float *a, const int *lda, const float *b, const int *ldb, const float *beta, float *c,
            const int *ldc) {
  dnnl_sgemm(*transb, *transa, *n, *m, *k, *alpha, b, *ldb, a, *lda, *beta, c, *ldc);
}
