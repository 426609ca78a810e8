# SPDX-License-Identifier: GPL-2.0-or-later
# list, caps, audit and capture behind VT-d, with one set of options after the other. --long: all of them.
. "$(dirname "$0")/lib.sh"
. "$vm/audit.sh"
some=(intel intel-off intel-scalable intel-no-intremap)
[ -z "${IOMMUCTL_LONG:-}" ] || some=()
audit_guests stock 'intel.*' ${some[@]+"${some[@]}"}
done_testing
