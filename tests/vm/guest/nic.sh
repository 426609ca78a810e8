# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: compare on Intel's gigabit controllers, 82574L and 82576. nic.sh brief|full|host|LOOPS BACKEND...: host gives each card
# back to the host's own driver, which has to send; LOOPS is for a long run.
. "$(dirname "$0")/lib.sh"
mode=$1
shift
case $mode in [0-9]*) RUN_TIMEOUT=600 ;; esac

# on BACKEND WHAT LOOPS ARGS...
on() { compare_passes "$1, $driver, $2" "$3" --backend "$1" --device "$card" --canary require "${@:4}"; }

brief() { # BACKEND
	on "$1" "random IOVAs" 60 --size 64..64K --iova random
	on "$1" "512 KiB at one IOVA" 10 --size 512K --iova fixed:0x10000000
	is "$(json '"\(.driver) \(.directions | join(" "))"')" "$driver read write" "it is driven by $driver, both ways"
	left_nothing "$card" "nothing is left behind by it"
}

full() { # BACKEND
	on "$1" "one IOVA" 100 --size 8K..64K --iova fixed:0x10000000
	on "$1" "adversarial" 60 --size 4K..64K --iova adversarial
	on "$1" "page by page" 40 --size 8K..64K --map-granule page --unmap page
	on "$1" "everything unmapped at once" 2 --size 8K --unmap all
	on "$1" "read-only and unmapped accesses" 5 --size 8K --readonly --probe-unmapped
	on "$1" "by the PHY" 5 --size 8K --driver "$driver,loopback=phy"
	case $driver in
	e1000e) on "$1" "by the MAC" 5 --size 8K --driver "$driver,loopback=mac" ;;
	*) # QEMU's igb has no link but by its PHY
		run compare --backend "$1" --device "$card" --loops 5 --driver "$driver,loopback=mac"
		refused 2 "a packet that $driver was to loop back did not come back" "$driver: the test packet tells what cannot work"
		;;
	esac
	left_nothing "$card" "nothing is left behind by all of it"
}

# sends ADDRESS: the card's interface comes up and sends.
sends() {
	local name
	name=$(basename "/sys/bus/pci/devices/$1/net/"*)
	ip link set dev "$name" up && ip addr add 10.9.9.1/24 dev "$name" &&
		wait_for 20 eval '[ "$(cat /sys/class/net/'"$name"'/carrier 2>/dev/null)" = 1 ]' || return 1
	arping -c 1 -w 2 -I "$name" 10.9.9.2 >/dev/null
	wait_for 20 eval '[ "$(cat /sys/class/net/'"$name"'/statistics/tx_packets)" -gt 0 ]'
}

for known in 8086:10d3:e1000e 8086:10c9:igb; do
	card=$(pci "${known%:*}") driver=${known##*:}
	[ -n "$card" ] || continue
	take "$card"
	for backend in "$@"; do
		case $mode in
		[0-9]*)
			on "$backend" "$mode loops" "$mode" --size 64..64K --iova random
			on "$backend" "$mode loops at one IOVA" "$mode" --size 8K --iova fixed:0x10000000
			;;
		*) brief "$backend" ;;
		esac
	done
	[ "$mode" != full ] || full "$backend"
	if [ "$mode" = host ]; then
		run --json unbind "$card"
		is "$status $(driver_of "$card")" "0 $driver" "the host's driver has the card back"
		ok "and sends" sends "$card"
	fi
done
done_testing
