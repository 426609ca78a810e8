# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: watch beside the commands that make devices fault: drivers bound, DMA refused, behind a bridge, in a flood of messages; the
# tracepoint's instance comes and goes. watch.sh IOMMU: intel, amd or virtio
. "$(dirname "$0")/lib.sh"
iommu=$1
read -r device bridged <<<"$(pci_edu | xargs)"
case $iommu in intel) source=vt-d ;; amd) source=amd-vi ;; *) source=virtio ;; esac

# A kernel logs some faults, then none for five seconds: before what has to see one, that time goes by.
faults_again() { sleep 5.2; }

# watching ARGS...: in the background, its entries in $tmp/seen.
watching() {
	exec_default "$tmp/seen" "$tmp/seen.err" "$IOMMUCTL" --json watch "$@" &
	watch=$!
	wait_for 20 grep -q '"kind":"start"' "$tmp/seen" || diag "$(cat "$tmp/seen.err")"
}
seen() { jq -en "any(inputs; $1)" "$tmp/seen" >/dev/null 2>&1; }
# saw FILTER NAME: an entry comes that matches.
saw() { ok "$2" wait_for 10 seen "$1" || diag "$(tail -n 5 "$tmp/seen")"; }
unwatch() {
	kill -INT "$watch"
	wait "$watch" 2>/dev/null
	is "$(jq -rc 'select(.command) | .result' "$tmp/seen")" interrupted "a signal ends it, with a result"
}

# refused DEVICE: writes where nothing is mapped, on purpose
write_nowhere() {
	cat >"$tmp/script" <<-END
		map b --size 16K --iova 0x1000000
		dma write 0x2000000 --size 64 --may-fault
	END
	run --json --device "$1" --canary require run "$tmp/script"
	status_is 0 "$1: a write that may fault is no failure"
}

# told NAME DEVICE REQUESTER: by the command that caused it, and by watch.
told() {
	local want=".source == \"$source\""
	case $iommu in
	# QEMU's logs address 0 and no bus
	amd)
		is "$(json "any(.faults[]; $want and .expected and .attribution == \"time\" and (has(\"iova\") | not))")" true "$1: the command tells its fault"
		saw "$want and .kind == \"fault\" and .access == \"write\" and .attribution == \"time\" and (has(\"group\") | not)" "$1: watch, too"
		;;
	*)
		want="$want and .device == \"$3\" and .iova == \"0x2000000\" and .group == $(group_of "$2") and (.reason | length > 3)"
		is "$(json "any(.faults[]; $want and .expected and .attribution == \"address\" and .line == 2)")" true "$1: the command tells its fault" ||
			diag "$stdout"
		[ "$iommu" != intel ] || want="$want and .access == \"write\""
		saw "$want and .kind == \"fault\" and .attribution == \"device\" and .expected == false" "$1: watch, too"
		;;
	esac
}

watching
saw '.kind == "start" and (.sources | map(select(.watched)) | map(.source) | index("kmsg") != null and index("uevent") != null)' \
	"the log and uevents are watched"
if [ "$iommu" = amd ]; then
	saw '.kind == "start" and any(.sources[]; .source == "trace" and .watched)' "and AMD's tracepoint"
else
	saw '.kind == "start" and any(.sources[]; .source == "trace" and (.watched | not))' "and not AMD's tracepoint"
fi
take "$device"
saw ".kind == \"uevent\" and .action == \"bind\" and .driver == \"vfio-pci\" and .device == \"$device\" and .group == $(group_of "$device")" \
	"a driver that is bound"
write_nowhere "$device"
told "on the root bus" "$device" "$device"
if [ -n "$bridged" ]; then
	take "$bridged"
	faults_again
	write_nowhere "$bridged"
	told "behind a bridge" "$bridged" "${bridged%:*}:00.0"
	[ "$bridged" = "${bridged%:*}:00.0" ] || saw ".alias_of == \"$bridged\"" "behind a bridge: whose id it is"
fi
unwatch

flood() { while :; do echo "a line of the flood that goes on and on"; done >/dev/kmsg; }

# one device alone, while somebody floods the log
in_flood() {
	local flood before
	echo on >/proc/sys/kernel/printk_devkmsg
	echo 1 >/proc/sys/kernel/printk
	faults_again
	watching "$device" --source kmsg
	flood &
	flood=$!
	before=$SECONDS
	write_nowhere "$device"
	ok "in a flood: the command ends in time" test $((SECONDS - before)) -lt 300
	kill $flood
	wait $flood 2>/dev/null
	saw ".kind == \"lost\" or .source == \"$source\"" "in a flood: the fault is shown, or messages were lost"
	unwatch
}

# The tracepoint: an instance of its own, gone at the end, also when an earlier one had no end.
instances() { find /sys/kernel/tracing/instances -mindepth 1 -maxdepth 1 -name 'iommuctl-*' | wc -l; }
by_tracepoint() {
	run watch --source trace --time 100ms
	if [ "$status" -ne 0 ]; then
		like "$stderr" 'built without libtracefs' "trace: only without the library it cannot be watched" || diag "$stderr"
		return
	fi
	is "$(instances)" 0 "trace: no instance is left"
	watching --source trace
	is "$(instances) $(cat /sys/kernel/tracing/instances/iommuctl-*/events/iommu/io_page_fault/enable)" "1 1" "trace: an instance with the one event"
	is "$(cat /sys/kernel/tracing/events/iommu/io_page_fault/enable)" 0 "trace: not in everybody's"
	kill -9 "$watch"
	wait "$watch" 2>/dev/null
	is "$(instances)" 1 "trace: killed it leaves its instance"
	run watch --source trace --time 100ms
	is "$(instances)" 0 "trace: which the next one removes"
}

# Page requests of the mock device: a queue's are shown, told with the run's faults, and still there to be read.
page_requests() {
	cat >"$tmp/script" <<-END
		faultq new q
		hwpt new p --parent main --fault-queue q
		attach p
		faultq trigger --addr 0x123000 --perm w --group 7
		watch --source faultq --count 1 --time 10s
		faultq read q --wait 10s
		faultq answer q
		faultq trigger --addr 0x124000 --perm r --group 8
	END
	run --json --backend mock run "$tmp/script"
	status_is 0 "page requests: a script"
	is "$(json '.results[4].data.events | map(select(.kind == "fault")) | .[] | "\(.source) \(.iova) \(.access) \(.attribution) \(.expected)"')" \
		"iopf 0x123000 write device true" "page requests: watch shows one"
	is "$(json '.results[5].data.page_faults[0].addr')" 0x123000 "page requests: it is still there to be read"
	is "$(json '.faults | map(select(.iova == "0x124000")) | .[] | "\(.source) \(.access) \(.expected)"')" "iopf read true" \
		"page requests: what nobody has read is told at the end"
}

case $iommu in
intel)
	in_flood
	page_requests
	;;
amd) by_tracepoint ;;
esac
done_testing
