# SPDX-License-Identifier: GPL-2.0-or-later
# list, caps, audit and capture behind VT-d, with one set of options after the other.
. "$(dirname "$0")/lib.sh"
. "$vm/audit.sh"
audit_guests stock 'intel.*'
done_testing
