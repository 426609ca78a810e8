/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a tar archive (POSIX.1-2017, pax interchange format: ustar headers, and extended ones where a name does not fit).
 * Directories, small files and symbolic links are all that a capture needs. A library for it (libarchive) brings libxml2 and
 * ICU into every start of the program.
 */
#ifndef IC_OUT_TAR_H
#define IC_OUT_TAR_H

#include "base/util.h"

struct tar;

/* Onto @fd, which stays the caller's; every entry gets @mtime (seconds since 1970). NULL: out of memory. */
struct tar *tar_open(int fd, uint64_t mtime);
/*
 * Names are relative, without a slash in front; a directory before what is in it. 0 or -errno, after which the archive is of no
 * use and every further call returns the same.
 */
int tar_dir(struct tar *tar, const char *name);
int tar_file(struct tar *tar, const char *name, const void *data, size_t size);
int tar_link(struct tar *tar, const char *name, const char *target);
/* End of archive, and free; its bytes in *size if not NULL. 0, or the first error there was. NULL is fine. */
int tar_close(struct tar *tar, uint64_t *size);

#endif
