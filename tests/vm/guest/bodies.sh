# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: the bodies on every backend that this kernel has, and the others refused. bodies.sh "WHERE..." NAME...
. "$(dirname "$0")/lib.sh"
. /t/tests/body/lib.sh
device_lsi=$(pci_lsi)
take "$device_lsi"

# What the table has elsewhere cannot be had here: an error with its reason and what to do, and no pass.
for missing in $(backends built); do
	[ ! -e /dev/iommu ] || break
	read -ra backend_args <<<"$(backend_field "$missing" 4) --device $(backend_device "$missing")"
	run "${backend_args[@]}" compare --loops 1 --json
	refused 2 'cannot open /dev/iommu: No such file or directory' "$missing: refused, this kernel has no /dev/iommu"
	like "$stderr" '^hint: .*CONFIG_IOMMUFD' "$missing: and what is lacking is said"
	json_is '[.result, .error.errno] | join(" ")' "error ENOENT" "$missing: as an error"
done

on_backends "$@"
left_nothing "$device_lsi" "nothing is left behind"
done_testing
