# SPDX-License-Identifier: GPL-2.0-or-later
# An IOMMU that claims to track dirty pages and does not: a firmware table says that QEMU's amd-iommu has dirty bits, which Linux believes,
# and QEMU never sets one. The kernel is real, the DMA is real, and `dirty verify` has to find that no write is reported. It takes a
# QEMU that minds what Linux then sets in the device table entries (10.2 and later), and that translates (dma-remap=on).
. "$(dirname "$0")/lib.sh"
. "$vm/ivrs.sh"
qemu=$(fetched qemu trixie-backports) || skip_all "a newer QEMU cannot be fetched: $(tail -n 1 "$tap_tmp/get.err")"
machine=(--qemu "$qemu" --kernel "$(built_kernel)" --iommu amd --iommu-options dma-remap=on,intremap=on --memory 2G --device lsi)

# the firmware's own table, from a first boot
cat >"$tap_tmp/table" <<'E2'
cp /sys/firmware/acpi/tables/IVRS /out/IVRS
cat /sys/class/iommu/ivhd0/amd-iommu/features
E2
efr=$("$vm/run" --binary "$IOMMUCTL" "${machine[@]}" --out "$tap_tmp/out" --script "$tap_tmp/table" 2>"$tap_tmp/err")
is "$?" 0 "a guest with the firmware's own table" || diag "$(tail -n 20 "$tap_tmp/err")"
efr=$((16#${efr%%:*}))
is $((efr >> 52 & 1)) 0 "whose IOMMU has no dirty bits"
table=$(ivrs_claims_dirty "$tap_tmp/out/IVRS" $efr)
guest plain "${machine[@]}" -- dirty-amd.sh without
guest claim "${machine[@]}" --acpi "$table" -- dirty-amd.sh with
done_testing
