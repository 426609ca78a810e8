# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: compare with the driver of each device that is there, by the interfaces named; then what a device without any
# driver is good for. drivers.sh "BACKEND..." [LOOPS [OF-EDU]]
. "$(dirname "$0")/lib.sh"
read -ra backends <<<"$1"
loops=${2:-} edu_loops=${3:-3}

# ids | driver (empty: by the ids) | loops | what else: as large and as deep as the device can
table='
1b36:0010 | nvme,scratch=1024+65536 | 300 | --size 8K..64K
1b36:0010 | nvme,scratch=1024+65536 | 60 | --size 512K --graveyard 4
1b36:0010 | nvme,scratch=1024+65536,max-transfer=4K,depth=32 | 60 | --size 128K --graveyard 4
1b36:0010 | nvme,scratch=1024+65536 | 100 | --iova adversarial
1b36:0010 | nvme | 300 | --size 4K..64K
8086:10d3 | | 300 | --size 64..64K
8086:10d3 | | 100 | --iova adversarial
8086:10c9 | | 300 | --size 64..64K
8086:10c9 | | 100 | --iova adversarial
1000:0012 | | 300 | --size 64..64K
1b36:0005 | | 300 | --size 4K..64K
1b36:0005 | | 100 | --iova adversarial
1234:11e8 | | edu | --size 4K
'
taken=
while IFS='|' read -r id driver n options; do
	id=${id// /} driver=${driver// /} n=${n// /}
	[ -n "$id" ] || continue
	device=$(pci "$id")
	if [ -z "$device" ]; then
		fail "$id is there"
		continue
	fi
	case " $taken " in *" $device "*) ;; *) take "$device" && taken="$taken $device" ;; esac
	case $n in edu) n=$edu_loops ;; *) n=${loops:-$n} ;; esac
	for backend in "${backends[@]}"; do
		# shellcheck disable=SC2086 # options are words
		compare_passes "${driver:-$id}, $backend, ${options# }" "$n" --backend "$backend" --device "$device" ${driver:+--driver "$driver"} \
			--canary require $options
		is "$(json .canary)" passed "its canary passed"
	done
	left_nothing "$device" "nothing is left behind"
done <<<"$table"

# A device without a driver: everything but DMA.
none=$(pci 1b36:000d)
take "$none"
for backend in "${backends[@]}"; do
	on=(--backend "$backend" --device "$none")
	run "${on[@]}" map --size 64K --iova 0x10000000 --hold 0s
	status_is 0 "no driver, $backend: map"
	run --json "${on[@]}" bench map --loops 50
	is "$status $(json '[.results[].value | . > 0] | all')" "0 true" "no driver, $backend: bench map"
	run "${on[@]}" compare --loops 1
	refused 2 "no driver for $none \(1b36:000d\)" "no driver, $backend: compare says that there is none"
	like "$stderr" '^hint: map, dirty, caps and bench map need none; .*recipe:FILE' "and what is left"
	printf '%s\n' 'map b --size 16K' 'dma copy b b+8K --size 64' >"$tmp/script"
	run "${on[@]}" run "$tmp/script"
	refused 2 "script:2: no driver for $none" "no driver, $backend: dma says so by its line"
	case $backend in vfio)
		script_passes "no driver, $backend: dirty" "${on[@]}" <<-END
			map b --size 16K
			dirty start
			dirty read-clear b
			dirty stop
		END
		is "$(dirty_read_bits)" "4/4!" "whose pages all count, and that is said"
		;;
	esac
	left_nothing "$none" "no driver, $backend: nothing is left behind"
done
run --json caps "$none"
is "$status $(json '.devices | length')" "0 1" "no driver: caps"
done_testing
