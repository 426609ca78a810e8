# SPDX-License-Identifier: GPL-2.0-or-later
# NVMe blocks as scratch on the register model: both ways, in depth, by PRPs and SGLs, on several queues; what the simulated IOMMU
# does wrong is found under it by the names it has with the simulation's own device.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"

scratch=nvme,scratch=256+16128
nvme() { run -q --json --seed 1 --backend "sim,model=nvme$1" --driver "$2" compare --loops "$(scaled "$3")" "${@:4}"; }

for options in "" ,max-transfer=16K ,depth=1,max-transfer=8K ,sgl ,depth=63,max-transfer=512; do
	nvme "" "$scratch$options" 100 --size 4K..512K
	status_is 0 "scratch$options: passes" || diag "$stderr"
	json_is '[.driver, .result, .loops, .directions, .classes]' "[\"nvme\",\"pass\",$(scaled 100),[\"read\",\"write\"],{}]" "scratch$options: both ways"
done
nvme "" "$scratch,queues=4" 300 --size 4K..512K --threads 3
status_is 0 "three threads, each with a queue" || diag "$stderr"
nvme "" "$scratch" 20 --size 4K --unmap all
status_is 0 "stopped and started anew in each loop" || diag "$stderr"
nvme "" "$scratch" 500 --size 8K --readonly --probe-unmapped
json_is '[.result, .loops, .classes]' "[\"pass\",$(scaled 500),{}]" "accesses that must not succeed do not"

is_slow && { done_testing; exit; }

# misbehaviour | options | driver's options | classes it may be told as
while IFS='|' read -r fault options more classes; do
	# shellcheck disable=SC2086
	nvme ",fault=$fault:p=0.01" "$scratch$more" 2000 $options
	status_is 1 "$fault is found"
	isnt "$(json '.classes | keys[]')" "" "$fault: and named"
	for class in $(json '.classes | keys[]'); do
		[ "$fault/$class" != early-unpin/unwritten ] || continue
		like " $classes " " $class " "$fault: $class is a right name for it"
	done
done <<'END'
stale-iotlb|--iova fixed:0x40000000||stale-read stale-write
psi-mask|--iova adversarial||stale-read stale-write
unmap-skip-pte|--probe-unmapped|,sgl|unmapped-access map-refused
early-unpin|--threads 2|,queues=3|stale-write foreign
short-unmap|||short-unmap
ro-writable|--readonly||readonly-write
pin-leak|||pin-leak
overlap-ok|--iova adversarial||overlap-accepted
iova-reserved|--iova adversarial||reserved-accepted
untranslated|||untranslated
END

refused() { # STATUS WHAT OPTIONS
	run -q --backend sim,model=nvme --driver "nvme,$3" compare --loops 1 --size 4K
	is "$status" "$1" "$3: exit status" || diag "$stderr"
	like "$stderr" "$2" "$3: $2"
	is "$(grep -c '^hint: ' "$tmp/stderr")" 1 "$3: with a hint"
}
refused 64 'blocks 0\+16385 are not all in namespace 1' scratch=0+16385
refused 64 'driver nvme has no option "speed"' speed=9
refused 64 'bad value "8" for option scratch' scratch=8
refused 64 'does one thing at a time' scratch=0+8,log=2
refused 64 'max-transfer=1M is not what nvme moves at once' scratch=0+4096,max-transfer=1M
done_testing
