# SPDX-License-Identifier: GPL-2.0-or-later
# The body process on every backend that needs no device.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/tests/body/lib.sh"
on_backends host process
done_testing
