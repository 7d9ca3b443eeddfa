# openblas.cmake: NNC_OPENBLAS_INCLUDE and NNC_OPENBLAS_LIBRARY (full paths, or NOTFOUND): OpenBLAS is optional. The header that only
# OpenBLAS has is looked for, since other BLAS libraries bring a cblas.h too. Debian keeps its builds side by side: pthread first, whose
# calls from many threads are safe.
set(flavours openblas-pthread openblas openblas-serial openblas-openmp)
find_path(NNC_OPENBLAS_INCLUDE openblas_config.h PATH_SUFFIXES ${flavours})
find_library(NNC_OPENBLAS_LIBRARY openblas PATH_SUFFIXES ${flavours})
if(NNC_OPENBLAS_INCLUDE AND NNC_OPENBLAS_LIBRARY)
  set(NNC_OPENBLAS_FOUND ON)
else()
  set(NNC_OPENBLAS_FOUND OFF)
endif()
