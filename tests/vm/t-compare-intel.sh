# SPDX-License-Identifier: GPL-2.0-or-later
# compare through VFIO on the stock kernel with --iommu intel.
. "$(dirname "$0")/lib.sh"
${CC:-cc} -O2 -g -std=gnu11 -fPIC -shared -o "$tap_tmp/count-calls.so" "$top_srcdir/tests/vm/count-calls.c"
ok "the library that counts system calls is built" test -s "$tap_tmp/count-calls.so"
guest intel --iommu intel --memory 2G --device lsi --device edu --add "$tap_tmp/count-calls.so:/usr/lib/count-calls.so" -- compare.sh
done_testing
