/* crc.c: CRC-32 (ISO 3309, as in gzip, zip and PNG) and CRC-32C (Castagnoli; RFC 3720, appendix B.4), eight bytes at a
 * time ("slicing by 8": Kounavis and Berry, 2005).
 *
 * The tables are made when a sum is started, which costs as much as 4 KB of bytes: nothing is global. Who makes many
 * sums starts once and goes on with nnrt_crc_again. */
#include "host.h"

void nnrt_crc_again(nnrt_crc *crc) { crc->sum = 0xFFFFFFFFu; }

static void crc_tables(nnrt_crc *crc, uint32_t polynomial) { /* its lowest bit is the highest power */
  nnrt_crc_again(crc);
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ polynomial : c >> 1;
    crc->table[0][i] = c;
  }
  for (int k = 1; k < 8; k++)
    for (int i = 0; i < 256; i++) {
      uint32_t c = crc->table[k - 1][i];
      crc->table[k][i] = c >> 8 ^ crc->table[0][c & 255];
    }
}

void nnrt_crc_start(nnrt_crc *crc) { crc_tables(crc, 0xEDB88320u); }
void nnrt_crc_start_c(nnrt_crc *crc) { crc_tables(crc, 0x82F63B78u); }

void nnrt_crc_add(nnrt_crc *crc, const void *bytes, int64_t n) {
  const unsigned char *at = bytes;
  uint32_t c = crc->sum;
  for (; n >= 8; n -= 8, at += 8) {
    uint32_t x = c ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
    c = crc->table[7][x & 255] ^ crc->table[6][x >> 8 & 255] ^ crc->table[5][x >> 16 & 255] ^ crc->table[4][x >> 24];
    for (int k = 4; k < 8; k++) c ^= crc->table[7 - k][at[k]];
  }
  for (; n > 0; n--) c = c >> 8 ^ crc->table[0][(c ^ *at++) & 255];
  crc->sum = c;
}

uint32_t nnrt_crc_sum(const nnrt_crc *crc) { return ~crc->sum; }
