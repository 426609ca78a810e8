# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Body: compare with each of its options passes, where nothing is wrong.
few=$(few)

passes() { # NAME ARGS...
	local name="$backend: $1"
	shift
	ctl "$@" --json
	status_is 0 "$name passes" || return
	found_nothing "$name finds nothing"
}

sizes="64 4K 4K..256K 12K..20K 1M"
for size in $sizes; do passes "--size $size" compare --loops "$few" --size "$size"; done
passes "--size 5M" compare --loops 5 --size 5M
for iova in "fixed:$(at 0)" random sequential adversarial; do
	passes "--iova ${iova%:*}" compare --loops "$few" --iova "$iova" --size 4K..64K
done
if can kernel_iova; then
	passes "--iova kernel" compare --loops "$few" --iova kernel
else
	unsupported "--iova kernel" 'cannot choose an iova' compare --iova kernel
	json_is .loops 0 "$backend: --iova kernel: without a loop"
fi
mems="anon thp memfd"
if can simulated || [ "$(cat /proc/sys/vm/nr_hugepages)" -ge 32 ]; then mems="$mems hugetlb-2M"; fi
for mem in $mems; do passes "--mem $mem" compare --loops 20 --mem "$mem" --graveyard 4; done
for granule in whole page random; do
	passes "--map-granule $granule" compare --loops "$few" --map-granule $granule --size 4K..64K
done
passes "--unmap page" compare --loops "$few" --map-granule page --unmap page --size 4K..64K
passes "--unmap all" compare --loops 20 --unmap all --size 4K..64K
passes "--unmap all by pages" compare --loops 20 --unmap all --map-granule page --size 4K..64K
for n in 0 1 16; do
	passes "--graveyard $n" compare --loops "$few" --graveyard $n
	passes "--graveyard $n --reuse" compare --loops "$few" --graveyard $n --reuse
done
passes "--reuse with other sizes" compare --loops "$few" --reuse --size 4K..64K
passes "--flush cpu" compare --loops "$few" --flush cpu
passes "--keep-going" compare --loops 10 --keep-going
passes "--canary off" --canary off compare --loops 10
json_is .canary "switched off by --canary off" "$backend: no canary is said, and why"
if can bypasses_table; then
	rejects "a required canary" 2 'canary is required' --canary require compare --loops 10
	ctl compare --loops "$few" --probe-unmapped --readonly --json
	status_is 0 "$backend: probes pass"
	json_is '[.classes, .failures]' '[{},[]]' "$backend: probes find nothing"
elif can has_phys; then
	passes "--canary require" --canary require compare --loops 10
	passes "probes" compare --loops "$few" --probe-unmapped --readonly
	passes "probes on adversarial addresses" compare --loops "$few" --probe-unmapped --readonly --iova adversarial
else
	rejects "a required canary" 2 'physical' --canary require compare --loops 10
	unsupported "probes" 'physical' compare --loops 10 --probe-unmapped
fi
ctl compare --loops 20 --size 8K --json
json_is '[.loops, .bytes]' "[20,$((20 * 8192 * 2))]" "$backend: bytes are the payload, once per direction"
