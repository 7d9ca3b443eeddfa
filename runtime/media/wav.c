/* wav.c: folders of WAV files as rows, through libsndfile: x, f32 [length], and y, i32, the class of the file's folder.
 * Samples of 8, 16, 24 and 32 bits lie in [-1, 1) (what is stored, over 128, 2^15, 2^23, 2^31), floats are as they are.
 * Of several channels the mean is taken. A file that is longer is cut behind `length` samples, a shorter one has zeros
 * behind it. Another number of samples a second than the model's is refused: nothing is resampled. */
#include "media.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sndfile.h>

/* Samples of all channels that are read at once; libsndfile knows at most 2^10 channels. */
enum { WAV_BUFFER = 1 << 14 };

typedef struct nnrt_wav {
  nnrt_folder folder;
  float *buffer;
} nnrt_wav;

static int wav_bad(nnrt_error *error, const char *path, const char *why) {
  return nnrt_fail(error, NNRT_FAILED, "%s: is no good WAV file: %s", path, why);
}

/* libsndfile would read other formats too, and takes what is there of a file that was cut; the head says what it is and
 * how long it was. 0 and 2^32 - 1 say nothing. */
static int wav_whole(nnrt_error *error, const nnrt_file *file) {
  unsigned char head[12] = {0};
  int64_t size = lseek(file->descriptor, 0, SEEK_END);
  if (pread(file->descriptor, head, sizeof head, 0) < (ssize_t)sizeof head)
    return nnrt_fail(error, NNRT_FAILED, "%s: truncated: it has %lld bytes", file->path, (long long)size);
  uint32_t said = (uint32_t)nnrt_low(head + 4, 4);
  bool plain = !memcmp(head, "RIFF", 4), wave = !memcmp(head + 8, "WAVE", 4);
  if (!wave || !(plain || !memcmp(head, "RF64", 4)))
    return wav_bad(error, file->path, "it does not begin with RIFF or RF64, a size, and WAVE");
  bool known = plain && said != 0 && said != UINT32_MAX;
  lseek(file->descriptor, 0, SEEK_SET);
  if (!known || size >= (int64_t)said + 8) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED, "%s: truncated: it ends at byte %lld of %lld", file->path, (long long)size,
                   (long long)said + 8);
}

static bool wav_known(int format) {
  static const int kinds[] = {SF_FORMAT_WAV, SF_FORMAT_WAVEX, SF_FORMAT_RF64};
  static const int samples[] = {SF_FORMAT_PCM_U8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_24,
                                SF_FORMAT_PCM_32, SF_FORMAT_FLOAT,  SF_FORMAT_DOUBLE};
  bool kind = false, sample = false;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) kind = kind || (format & SF_FORMAT_TYPEMASK) == kinds[i];
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
    sample = sample || (format & SF_FORMAT_SUBMASK) == samples[i];
  return kind && sample;
}

static int wav_check(nnrt_error *error, const char *path, const SF_INFO *info, int64_t hertz) {
  if (!wav_known(info->format)) return wav_bad(error, path, "its samples are neither whole numbers (PCM) nor floats");
  if (info->samplerate == hertz) return NNRT_GOOD;
  return nnrt_fail(error, NNRT_FAILED,
                   "%s: has %d samples a second; the model has sample_rate = %lld, and nothing is resampled", path,
                   info->samplerate, (long long)hertz);
}

/* ---- samples ---- */
static int wav_mean(nnrt_error *error, const char *path, const float *from, int64_t frames, int channels, float *to) {
  for (int64_t i = 0; i < frames; i++) {
    double sum = 0;
    for (int c = 0; c < channels; c++) sum += (double)from[i * channels + c];
    to[i] = (float)(sum / channels);
    if (!isfinite(to[i])) return wav_bad(error, path, "a sample is no finite number");
  }
  return NNRT_GOOD;
}

static int wav_samples(nnrt_error *error, nnrt_wav *own, const char *path, SNDFILE *sound, const SF_INFO *info,
                       int64_t length, float *to) {
  int64_t frames = info->frames < length ? info->frames : length, at = 0, most = WAV_BUFFER / info->channels;
  while (at < frames) {
    int64_t want = frames - at < most ? frames - at : most, got = sf_readf_float(sound, own->buffer, want);
    if (got < want) {
      const char *why = sf_error(sound) ? sf_strerror(sound) : "it ends within its samples";
      return wav_bad(error, path, why);
    }
    NNRT_TRY(wav_mean(error, path, own->buffer, got, info->channels, to + at));
    at += got;
  }
  memset(to + frames, 0, (size_t)(length - frames) * sizeof *to);
  return NNRT_GOOD;
}

static int wav_open_samples(nnrt_error *error, nnrt_reader *r, const nnrt_file *file, int64_t length, float *to) {
  SF_INFO info = {0};
  NNRT_TRY(wav_whole(error, file));
  SNDFILE *sound = sf_open_fd(file->descriptor, SFM_READ, &info, SF_FALSE);
  if (!sound) return wav_bad(error, file->path, sf_strerror(NULL));
  int status = wav_check(error, file->path, &info, r->source->hertz);
  if (!status) status = wav_samples(error, r->own, file->path, sound, &info, length, to);
  sf_close(sound);
  return status;
}

static int wav_row(nnrt_error *error, nnrt_reader *r, int64_t row, int64_t length, float *to) {
  nnrt_wav *own = r->own;
  nnrt_file file;
  NNRT_TRY(nnrt_file_open(&file, error, nnrt_folder_path(&own->folder, row)));
  int status = wav_open_samples(error, r, &file, length, to);
  nnrt_file_close(&file);
  return status;
}

/* ---- the format ---- */
static int wav_read(nnrt_error *error, nnrt_reader *r, int field, int64_t row, int64_t n, unsigned char *to) {
  const nnrt_wav *own = r->own;
  const nnrt_field *f = &r->source->fields[field];
  if (!f->rank) return memcpy(to, own->folder.labels + row, (size_t)n * sizeof(int32_t)), NNRT_GOOD;
  for (int64_t i = 0; i < n; i++)
    NNRT_TRY(wav_row(error, r, row + i, f->dim[0], (float *)(void *)(to + i * nnrt_field_bytes(f))));
  return NNRT_GOOD;
}

static int wav_open(nnrt_error *error, nnrt_reader *r) {
  static const char *const endings[] = {".wav", NULL};
  nnrt_wav *own;
  for (int k = 0; k < r->source->nfields; k++) { /* the tables are not trusted */
    const nnrt_field *f = &r->source->fields[k];
    if (!(f->rank ? f->rank == 1 && f->dtype == NNRT_f32 : f->dtype == NNRT_i32))
      return nnrt_fail(error, NNRT_FAILED, "the field %s is neither sound, f32 [length], nor a label", f->name);
  }
  NNRT_TRY(nnrt_alloc(error, &own, sizeof *own, r->source->name));
  r->own = own;
  NNRT_TRY(nnrt_alloc(error, &own->buffer, WAV_BUFFER * (int64_t)sizeof *own->buffer, r->source->name));
  NNRT_TRY(nnrt_folder_open(error, &own->folder, r, endings));
  r->rows = own->folder.rows;
  return NNRT_GOOD;
}

static void wav_close(nnrt_reader *r) {
  nnrt_wav *own = r->own;
  if (!own) return;
  nnrt_folder_close(&own->folder);
  free(own->buffer);
  free(own);
}

const nnrt_format nnrt_format_wav = {"wav", NNRT_FILES_TREES, false, wav_open, wav_read, wav_close};
