# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: every arc of mtty's migration, by group and by its own node; what that driver does against the header (it has no ENOMSG, and
# goes on with a stream that its write() has refused); and a device that has no migration.
. "$(dirname "$0")/lib.sh"
uuid=0123abcd-4567-89ab-cdef-0123456789ab
mdev=/sys/bus/mdev/devices/$uuid
lsi=$(pci_lsi)

failed() { json '[.checks[] | select(.result == "fail").name] | join(" ")'; }
# holders: processes that have the device open, or a stream of its state
holders() { ls -l /proc/[0-9]*/fd 2>/dev/null | grep -cE "/dev/vfio/($group|devices/$cdev)$|mtty_mig"; }

# What a run found, a line for each thing: one jq for all, because the guest is slow.
summary='
	def all: join(" ") | if . == "" then "-" else . end;
	def pairs: map("\(.from):\(.to)") | all;
	"result \(.result), \(.flags | join(" "))",
	"lead on \([.arcs[] | select(.expected == "ok")] | length)",
	"do not \([.arcs[] | select(.expected == "ok" and (.result != "pass" or .got != "ok" or .state != .to))] | pairs)",
	"others \([.arcs[] | select(.expected == "EINVAL" and .from != "ERROR") | "\(.result) \(.got) \(.state == .from)"] | unique | join(","))",
	"from ERROR \([.arcs[] | select(.from == "ERROR") | "\(.result) \(.got)"] | unique | join(","))",
	"size \(.stated_bytes) \(.stream_bytes)",
	"STOP_COPY gives \([.arcs[] | select(.expected == "ok" and .to == "STOP_COPY" and .from != "STOP_COPY") | .bytes] | unique)",
	"slow \([.arcs[] | select(.ms > 1000)] | pairs)",
	"states \([.states[] | select(.reached) | "\(.config) \(.set_irqs) \(.irq) \(.reset) \(.after_reset)"] | unique | join(","))",
	"failed \([.checks[] | select(.result == "fail").name] | all)",
	"skipped \([.checks[] | select(.result == "skip").name] | join(" "))",
	"told only \([.checks[] | select(.against_advice) | "\(.name) \(.result)"] | join(" "))",
	"dirty \(.checks[] | select(.name == "dirty") | "\(.result) \(.why[:20])")"'

for type in 1 2; do
	echo $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-$type/create
	group=$(basename "$(readlink $mdev/iommu_group)") cdev=$(basename $mdev/vfio-dev/*)
	size=$((24 + 36 * type)) # a head and 36 bytes for each port: struct mtty_data
	for backend in vfio iommufd; do
		run --json --backend $backend --device $uuid migration --rounds 3
		# pre-copy ends with 0 where ENOMSG is due: a driver that keeps to the header tells nothing here
		is "$(json "$summary")" "result pass, STOP_COPY P2P PRE_COPY
lead on 47
do not -
others pass EINVAL true
from ERROR skip null
size $size $size
STOP_COPY gives [$size]
slow -
states ok ok msi ok RUNNING
failed -
skipped states-optional error-left error-reset state-kept load-garbage mmio-stopped irqs-resuming dma-running dma-stopped dma-peer dirty
told only precopy-end pass
dirty skip the device has a log" "mtty-$type, $backend: all 47 pairs that lead on do, all others are refused, and what goes with them" || diag "$stderr"
		is "$status $(holders)" "0 0" "mtty-$type, $backend: and nothing is left open"
	done
	echo 1 >$mdev/remove
done

echo $uuid >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1/create
for backend in vfio iommufd; do
	on=(--backend $backend --device $uuid)
	run --json "${on[@]}" migration --strict --allow-crash
	is "$status $(failed)" "1 load-garbage precopy-end" "$backend: what it does against the header is found"
	like "$(json '.checks[] | select(.name == "load-garbage").why')" 'write\(\) refused it \(Bad address\), and all the same the device went to STOP' \
		"$backend: a damaged stream that write() refused is loaded"
	run --json "${on[@]}" migration --arc RESUMING:STOP_COPY --arc STOP_COPY:PRE_COPY
	is "$status $(json '[.arcs[] | "\(.got) \(.state)"] | join(",")')" "0 ok STOP_COPY,EINVAL STOP_COPY" "$backend: two arcs alone"
	printf '%s\n' 'map a --size 64K' 'migration' 'device reset' 'migration --arc RUNNING:RESUMING' >"$tmp/script"
	run --json "${on[@]}" run "$tmp/script"
	is "$(json '[.results[].result] | join(" ")')" "pass pass skip pass" "$backend: in a script: its reset is reached by migration alone" ||
		diag "$stdout"
done
echo 1 >$mdev/remove

run bind "$lsi"
for backend in vfio iommufd; do
	run --backend $backend --device "$lsi" migration
	refused 4 "$lsi cannot be migrated: its driver has no VFIO_DEVICE_FEATURE_MIGRATION" "$backend: vfio-pci has none"
done
left_nothing "$lsi" "nothing is left behind"
done_testing
